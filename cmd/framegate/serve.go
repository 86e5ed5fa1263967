package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"framegate/configs"
	"framegate/pipeline"
	"framegate/pipeline/frame"
	"framegate/registry"
	"framegate/web"

	"golang.org/x/sync/errgroup"
)

type serve struct {
	Config string `placeholder:"FILE" help:"Configuration; else $$FRAMEGATE_CONFIG, ./framegate.yaml, /etc/framegate/framegate.yaml, the demo."`
	Listen string `placeholder:"HOST:PORT" help:"Address to serve on, instead of the configuration's."`
}

// shutdownTime is how long viewers get to end cleanly.
const shutdownTime = 3 * time.Second

func (s serve) Run(ctx context.Context) error {
	path, err := configs.Find(s.Config)
	if err != nil {
		return err
	}
	if path == "" {
		return serveDemo(ctx, s.Listen)
	}
	config, err := configs.Load(path)
	if err != nil {
		return err
	}
	return serveConfig(ctx, config, s.Listen)
}

// serveConfig serves a configuration until ctx is done.
func serveConfig(ctx context.Context, config *configs.Config, listen string) error {
	log := newLog(config)
	slog.SetDefault(log)
	machine := newMachine()
	cameras, err := registry.New(config, engine{&machine.Machine}, log)
	if err != nil {
		return err
	}
	for _, camera := range config.Cameras {
		if !camera.TLSVerify {
			log.Warn("the camera's certificate is not checked: anybody on the way can see its password and pictures", "camera", camera.ID)
		}
	}
	if listen == "" {
		listen = config.Listen
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	handler := web.New(web.Options{
		Cameras: cameras, Hardware: machine.hardware, Abandoned: pipeline.Abandoned, Origins: config.CORSOrigins, Version: version, Log: log,
	})
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	log.Info("serving", "url", reachable(listener.Addr().String()), "cameras", len(config.Cameras), "version", version, "gstreamer", pipeline.Version())

	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error {
		machine.prove(ctx)
		return nil
	})
	all.Go(func() error {
		cameras.Run(ctx)
		return nil
	})
	all.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
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

// engine lets the registry make GStreamer's feeds and pictures.
type engine struct{ machine *pipeline.Machine }

func (e engine) NewFeed(src configs.Source) (registry.Feed, error) {
	return e.machine.NewFeed(src)
}

func (engine) NewPicture(feed registry.Feed, outputs []frame.Output) registry.Picture {
	return pipeline.NewPicture(feed.(*pipeline.Feed), outputs)
}

func newLog(config *configs.Config) *slog.Logger {
	var level slog.Level
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
