package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"framegate/configs"
	"framegate/pipeline"
	"framegate/pipeline/frame"
	"framegate/registry"
	"framegate/web"

	"golang.org/x/sync/errgroup"
)

type serve struct {
	Config string `placeholder:"FILE" help:"Configuration; else $$FRAMEGATE_CONFIG, ./framegate.yaml, /etc/framegate/framegate.yaml."`
	Listen string `placeholder:"HOST:PORT" help:"Address to serve on, instead of the configuration's."`
}

// errNoConfig names every place in which configs.Find looks.
var errNoConfig = errors.New("no configuration: $FRAMEGATE_CONFIG is not set, and neither ./framegate.yaml nor /etc/framegate/framegate.yaml exists; " +
	"name one with --config FILE, or run 'framegate demo' to see four test cameras")

// shutdownTime is how long viewers get to end cleanly.
const shutdownTime = 3 * time.Second

func (s serve) Run(ctx context.Context) error {
	path, err := configs.Find(s.Config)
	if err != nil {
		return err
	}
	if path == "" {
		return errNoConfig
	}
	config, err := configs.Load(path)
	if err != nil {
		return err
	}
	return serveConfig(ctx, config, path, s.Listen)
}

// ballast is counted as a part of the heap and never touched, so it takes no memory. Go collects garbage when the heap has
// grown by as much as it holds: without ballast that is a few megabytes, and a single camera that sends JPEGs makes them
// twice a second. Then collecting was a tenth of all that framegate did.
const ballast = 32 << 20

// fewProcessors lets Go run on half of the cores, unless the environment's GOMAXPROCS says otherwise. Decoding, scaling and
// encoding are done by threads of GStreamer, which this does not bound; what Go does for a thousand viewers takes a third of
// a core. With all cores each access unit and each picture also woke a thread that looked for more to do and found
// nothing: a thirtieth of what a live camera costs on two cores.
func fewProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/2))
	}
}

// serveConfig serves a configuration, and what its file becomes, until ctx is done: at an address that stands for the
// configuration's, where there is one. The file is empty for the demo.
func serveConfig(ctx context.Context, config *configs.Config, file, address string) error {
	now := &present{file: file, began: config, config: config, level: new(slog.LevelVar), hangUp: make(chan os.Signal, 1)}
	signal.Notify(now.hangUp, syscall.SIGHUP)
	defer signal.Stop(now.hangUp)
	now.log = newLog(config, now.level)
	log := now.log
	slog.SetDefault(log)
	fewProcessors()
	held := make([]byte, ballast)
	defer runtime.KeepAlive(held)
	machine := newMachine()
	var err error
	if now.cameras, err = registry.New(&configs.Config{}, engine{&machine.Machine}, log); err != nil {
		return err
	}
	listener, err := listen(cmp.Or(address, config.Listen))
	if err != nil {
		return err
	}
	handler := web.New(web.Options{
		Cameras: now.cameras, Hardware: machine.hardware, Abandoned: pipeline.Abandoned, Living: pipeline.Living,
		Configuration: now.tell, Editor: now.editor(), Version: version, Log: log,
	})
	now.handler = handler
	if err := now.apply(config); err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	log.Info("serving", "url", reachable(listener.Addr().String()), "cameras", len(config.Cameras), "version", version, "gstreamer", pipeline.Version())

	all, ctx := errgroup.WithContext(ctx)
	go machine.prove(ctx) // not waited for at the end: a driver may hold the process that tries it
	all.Go(func() error {
		now.cameras.Run(ctx)
		return nil
	})
	all.Go(func() error {
		now.follow(ctx)
		return nil
	})
	all.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	all.Go(func() error {
		supervise(ctx, listener.Addr(), func() { now.cameras.Cameras() }, log)
		return nil
	})
	all.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), shutdownTime)
		defer cancel()
		if server.Shutdown(grace) != nil {
			server.Close() // a viewer that does not read
		}
		return nil
	})
	err = all.Wait()
	handler.Wait()
	return err
}

// settings are the part of a configuration that web wants.
func settings(config *configs.Config) web.Settings {
	return web.Settings{
		Origins: config.CORSOrigins, MaxViewers: config.MaxViewers, PerAddress: config.PerAddress, Editable: config.Editable,
	}
}

// engine makes the registry's feeds with GStreamer.
type engine struct{ machine *pipeline.Machine }

func (e engine) NewFeed(src configs.Source) (registry.Feed, error) {
	made, err := e.machine.NewFeed(src)
	if err != nil {
		return nil, err
	}
	return feed{made}, nil
}

// feed is a feed of GStreamer as the registry knows it.
type feed struct{ *pipeline.Feed }

func (f feed) NewPicture(outputs []frame.Output) registry.Picture {
	return pipeline.NewPicture(f.Feed, outputs)
}

// newLog makes the log in the form that the configuration wants. What is logged follows level.
func newLog(config *configs.Config, level *slog.LevelVar) *slog.Logger {
	level.UnmarshalText([]byte(config.LogLevel)) // checked with the configuration
	options := &slog.HandlerOptions{Level: level}
	if config.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// reachable is a URL under which an address to listen on can be reached from this machine.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}
