package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/app"
	"github.com/framegate/framegate/web/auth/firstrun"
)

type serve struct {
	Config string   `placeholder:"FILE" help:"Configuration. Without it: $$FRAMEGATE_CONFIG, ${searched}."`
	Setup  bool     `help:"If there is no configuration, serve a page that makes one, with the first admin in it, for whoever has the code in the log: at the path of --config or $$FRAMEGATE_CONFIG, else ./framegate.yaml."`
	Listen []string `placeholder:"HOST:PORT" help:"Address to serve on instead of the configuration's, or several, separated by commas; unix:/path is a Unix socket."`
}

func (s serve) Run(ctx context.Context, hangUp <-chan os.Signal) error {
	path, err := configs.Find(s.Config)
	if s.Setup && errors.Is(err, configs.ErrNone) {
		path, err = configs.Searched[0], nil
	}
	if s.Setup && err == nil {
		if _, missing := os.Lstat(path); errors.Is(missing, os.ErrNotExist) {
			return s.firstRun(ctx, path, hangUp)
		}
	}
	if errors.Is(err, configs.ErrNone) {
		return fmt.Errorf("%w; name one with --config FILE, or run 'framegate demo' to see four test cameras, or make one in the browser with --setup", err)
	}
	if err != nil {
		return err
	}
	config, err := configs.Load(path)
	if err != nil {
		return err
	}
	return serveApp(ctx, app.Options{Config: config, File: path, Listen: s.Listen, HangUp: hangUp})
}

// firstRun serves the page that makes the configuration, and then the configuration.
func (s serve) firstRun(ctx context.Context, path string, hangUp <-chan os.Signal) error {
	setup, err := firstrun.New(path)
	if err != nil {
		return err
	}
	return serveApp(ctx, app.Options{Config: configs.Default(), File: path, FirstRun: setup, Listen: s.Listen, HangUp: hangUp})
}

// endTime is how long the end may take. After this the process exits even if something still hangs, such as a network file system.
const endTime = 15 * time.Second

// serveApp serves until ctx is done.
func serveApp(ctx context.Context, o app.Options) error {
	for _, address := range o.Listen {
		if err := configs.CheckAddress(address); err != nil {
			return fmt.Errorf("--listen is %q; %w", address, err)
		}
	}
	o.Version, o.Prover = version, proveWithout(o.Config.Variables)
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(endTime, func() {
			printStderr("framegate: something hangs and does not end; exiting anyway")
			os.Exit(1)
		})
	})
	defer stop()
	a, err := app.New(o)
	if err != nil {
		return err
	}
	return a.Run(ctx)
}
