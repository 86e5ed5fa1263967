// Package app wires the packages of framegate together: it serves a configuration, reloads it when its file changes, and shuts
// down.
package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/edit"
	"github.com/framegate/framegate/internal/certificate"
	"github.com/framegate/framegate/internal/logging"
	"github.com/framegate/framegate/internal/onvif"
	"github.com/framegate/framegate/internal/systemd"
	"github.com/framegate/framegate/pipeline"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/web"
	"github.com/framegate/framegate/web/auth/firstrun"

	"golang.org/x/sync/errgroup"
)

// Options say what an App serves.
type Options struct {
	Config  *configs.Config  // at the start
	File    string           // that Config was read from and that is watched; empty where there is none
	Listen  []string         // addresses to serve on; empty for the configuration's
	Version string           // to show
	Prover  plan.Prover      // runs the proofs of plans
	HangUp  <-chan os.Signal // values make the App load the file; nil for none
	// FirstRun makes the file, which is not there yet; nil if it is.
	FirstRun *firstrun.Setup
}

// App is a running framegate.
type App struct {
	Options
	file    *edit.File // nil where there is none
	log     *logging.Log
	level   *slog.LevelVar
	machine *machine
	cameras *registry.Registry
	handler *web.Handler
	pair    certificate.Current
	clients *connections
	ceiling *ceiling

	mu      sync.Mutex      // guards what follows
	applied *configs.Config // the configuration in effect
	state   web.Configuration
}

// New returns an App and makes its log the default one. The App does not listen or connect to cameras before Run.
func New(o Options) (*App, error) {
	a := &App{Options: o, level: new(slog.LevelVar), applied: o.Config, machine: newMachine()}
	if o.File != "" {
		a.file = &edit.File{Path: o.File, Start: o.Config, Apply: a.apply, Refuse: a.refuse}
	}
	setLevel(a.level, o.Config)
	a.log = logging.Stderr(o.Config.LogFormat, a.level)
	slog.SetDefault(a.log.Logger)
	var err error
	if a.cameras, err = registry.New(&configs.Config{}, engine{&a.machine.Machine}, a.log.Logger); err != nil {
		return nil, err
	}
	a.pair.Log = a.log.Logger
	a.clients = newConnections(a.log.Logger)
	a.ceiling = newCeiling(a.cameras, a.log.Logger)
	a.machine.Memory = a.ceiling.budget
	a.handler = web.New(web.Options{
		Cameras: a.cameras, Hardware: a.machine.hardware, Probe: a.machine.probe, Discover: onvif.Discover, Streams: streamsOf,
		Abandoned: pipeline.Abandoned, Living: pipeline.Living,
		Configuration: a.configuration, FirstRun: o.FirstRun, File: a.file, Listen: o.Listen, Version: o.Version, Log: a.log.Logger,
		DroppedLines: a.log.Dropped, MaxMemory: a.ceiling.limit.Load, Refused: a.clients.refusals,
	})
	return a, nil
}

// streamsOf asks a camera for its streams.
func streamsOf(ctx context.Context, camera onvif.Client) ([]onvif.Stream, error) {
	return camera.Streams(ctx)
}

// shutdownTime is how long a response may take to end.
const shutdownTime = 3 * time.Second

// flushTime is how long the last lines of the log may take to be written.
const flushTime = time.Second

// Run serves until ctx is done. Everything that it started, except for proofs of plans, has ended when it returns. The error says
// why it could not start, such as an address in use or a camera that cannot be made, or why a listener failed later.
func (a *App) Run(ctx context.Context) error {
	defer a.log.Flush(flushTime)
	limitProcessors()
	collectSooner()
	addresses := a.Listen
	if len(addresses) == 0 {
		addresses = a.Config.Listen
	}
	listeners, err := listen(addresses)
	if err != nil {
		return err
	}
	redirect, err := a.redirect()
	if err != nil {
		closeAll(listeners)
		return err
	}
	if err := a.apply(a.Config); err != nil {
		closeAll(append(listeners, redirect...))
		return err
	}
	served, urls := addressesOf(listeners, a.Config.TLS.On())
	a.announce(served, urls)

	all, ctx := errgroup.WithContext(ctx)
	go a.machine.prove(ctx, a.Prover) // Run does not wait for it: a driver may hang in it
	all.Go(func() error {
		a.cameras.Run(ctx)
		return nil
	})
	all.Go(func() error {
		a.reload(ctx, a.HangUp)
		return nil
	})
	all.Go(func() error {
		a.handler.Run(ctx)
		return nil
	})
	all.Go(func() error {
		a.ceiling.keep(ctx)
		return nil
	})
	all.Go(func() error {
		a.renewCertificate(ctx)
		return nil
	})
	server := a.server(a.handler)
	for _, l := range listeners {
		all.Go(func() error { return a.serve(server, l, a.Config.TLS.On() && !isUnix(l)) })
	}
	servers := []*http.Server{server}
	for _, l := range redirect {
		redirector := a.server(web.Redirect(portOf(listeners)))
		servers = append(servers, redirector)
		all.Go(func() error { return a.serve(redirector, l, false) })
	}
	for _, server := range servers {
		all.Go(func() error {
			<-ctx.Done()
			shutDown(server)
			return nil
		})
	}
	all.Go(func() error {
		systemd.Supervise(ctx, served, strings.Join(urls, " "), func() { a.cameras.Cameras() }, a.log.Logger)
		return nil
	})
	err = all.Wait()
	a.handler.Wait()
	return err
}

// serve serves on a listener until the server is shut down.
func (a *App) serve(server *http.Server, l net.Listener, secure bool) error {
	serve := server.Serve
	if secure {
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	if err := serve(a.clients.limit(l)); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// shutDown ends all responses of a server within shutdownTime.
func shutDown(server *http.Server) {
	grace, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if server.Shutdown(grace) != nil {
		server.Close() // a client does not read
	}
}

// setLevel sets a log's level to that of a configuration, which has been checked.
func setLevel(level *slog.LevelVar, config *configs.Config) {
	level.UnmarshalText([]byte(config.LogLevel))
}
