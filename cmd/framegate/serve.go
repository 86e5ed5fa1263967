package main

import (
	"context"
	"errors"

	"framegate/configs"
	"framegate/internal/app"
)

type serve struct {
	Config string `placeholder:"FILE" help:"Configuration; else $$FRAMEGATE_CONFIG, ./framegate.yaml, /etc/framegate/framegate.yaml."`
	Listen string `placeholder:"HOST:PORT" help:"Address to serve on, instead of the configuration's."`
}

// errNoConfig names every place in which configs.Find looks.
var errNoConfig = errors.New("no configuration: $FRAMEGATE_CONFIG is not set, and neither ./framegate.yaml nor /etc/framegate/framegate.yaml exists; " +
	"name one with --config FILE, or run 'framegate demo' to see four test cameras")

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
	return serveApp(ctx, app.Options{Config: config, File: path, Listen: s.Listen})
}

// serveApp serves until ctx is done.
func serveApp(ctx context.Context, o app.Options) error {
	o.Version, o.Prover = version, proveInChild
	a, err := app.New(o)
	if err != nil {
		return err
	}
	return a.Run(ctx)
}
