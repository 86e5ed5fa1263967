package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/app"
	"github.com/framegate/framegate/internal/health"
)

// healthCommand checks that a framegate on this machine serves. A container's health check runs it.
type healthCommand struct {
	URL string `arg:"" optional:"" help:"URL of framegate, such as http://127.0.0.1:8080. Without it: the address of the configuration."`
}

// healthTime is how long the answer may take.
const healthTime = 4 * time.Second

func (h healthCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	if err := health.Check(ctx, strings.TrimSuffix(h.base(), "/"), nil); err != nil {
		return err
	}
	fmt.Println("ok")
	return nil
}

// base returns the URL of framegate, by the address in its configuration, or by the default one if the configuration is missing
// or faulty. It is wrong if listen was changed since the start.
func (h healthCommand) base() string {
	if h.URL != "" {
		return h.URL
	}
	config := configs.Default()
	if path, err := configs.Find(""); err == nil {
		if found, err := configs.Load(path); err == nil {
			config = found
		}
	}
	return app.URL(config.Listen)
}
