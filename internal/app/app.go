// Package app wires the rooms together: it serves a configuration and what its file becomes, reloads it, changes it, and shuts
// down.
package app

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
	"sync"
	"syscall"
	"time"

	"framegate/configs"
	"framegate/internal/systemd"
	"framegate/pipeline"
	"framegate/pipeline/plan"
	"framegate/registry"
	"framegate/web"

	"golang.org/x/sync/errgroup"
)

// Options are what an App serves.
type Options struct {
	Config  *configs.Config
	File    string      // that Config was read from, and that is followed; empty for a configuration without one
	Listen  string      // address to serve on instead of the configuration's
	Version string      // as it is shown
	Prover  plan.Prover // runs the proofs of plans
}

// App is a running framegate.
type App struct {
	file     string
	address  string
	version  string
	prover   plan.Prover
	log      *slog.Logger
	level    *slog.LevelVar
	first    *configs.Config // the one that was there at the start
	machine  *machine
	cameras  *registry.Registry
	handler  *web.Handler
	applying sync.Mutex // held from reading or changing the file until it is applied, so that nothing older is applied after it

	mu     sync.Mutex // of what follows
	config *configs.Config
	state  web.Configuration
}

// New returns an App, which listens nowhere and connects to nothing before Run. It sets the default log.
func New(o Options) (*App, error) {
	level := new(slog.LevelVar)
	log := newLog(o.Config, level)
	slog.SetDefault(log)
	machine := newMachine()
	cameras, err := registry.New(&configs.Config{}, engine{&machine.Machine}, log)
	if err != nil {
		return nil, err
	}
	a := &App{
		file: o.File, address: cmp.Or(o.Listen, o.Config.Listen), version: o.Version, prover: o.Prover,
		log: log, level: level, first: o.Config, config: o.Config, machine: machine, cameras: cameras,
	}
	a.handler = web.New(web.Options{
		Cameras: cameras, Hardware: machine.hardware, Abandoned: pipeline.Abandoned, Living: pipeline.Living,
		Configuration: a.configuration, Editor: a.editor(), Version: o.Version, Log: log,
	})
	return a, nil
}

// shutdownTime is how long viewers get to end cleanly.
const shutdownTime = 3 * time.Second

// Run serves until ctx is done, and has ended everything that it started when it returns. The error is one of the start: an
// address that cannot be listened on, or a camera that cannot be made.
func (a *App) Run(ctx context.Context) error {
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP)
	defer signal.Stop(hangUp)
	fewProcessors()
	held := make([]byte, ballast)
	defer runtime.KeepAlive(held)
	listener, err := systemd.Listen(a.address)
	if err != nil {
		return err
	}
	if err := a.apply(a.first); err != nil {
		listener.Close()
		return err
	}
	at := URL(listener.Addr().String())
	a.log.Info("serving", "url", at, "cameras", len(a.first.Cameras), "version", a.version, "gstreamer", pipeline.Version())

	all, ctx := errgroup.WithContext(ctx)
	go a.machine.prove(ctx, a.prover) // not waited for at the end: a driver may hold the process that tries it
	all.Go(func() error {
		a.cameras.Run(ctx)
		return nil
	})
	all.Go(func() error {
		a.follow(ctx, hangUp)
		return nil
	})
	server := a.server()
	all.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	all.Go(func() error {
		<-ctx.Done()
		shutDown(server)
		return nil
	})
	all.Go(func() error {
		systemd.Supervise(ctx, listener.Addr(), at, func() { a.cameras.Cameras() }, a.log)
		return nil
	})
	err = all.Wait()
	a.handler.Wait()
	return err
}

// server answers requests.
func (a *App) server() *http.Server {
	return &http.Server{
		Handler:           a.handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}

// shutDown ends a server's answers within shutdownTime.
func shutDown(server *http.Server) {
	grace, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if server.Shutdown(grace) != nil {
		server.Close() // a viewer that does not read
	}
}

// settings are the part of a configuration that web wants.
func settings(config *configs.Config) web.Settings {
	return web.Settings{
		Origins: config.CORSOrigins, MaxViewers: config.MaxViewers, PerAddress: config.PerAddress, Editable: config.Editable,
	}
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

// URL is a URL under which an address to listen on can be reached from this machine.
func URL(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}
