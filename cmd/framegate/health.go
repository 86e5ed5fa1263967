package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"framegate/configs"
	"framegate/internal/app"
	"framegate/internal/health"
)

// healthCommand asks a framegate of this machine whether it serves. A container's health check runs it.
type healthCommand struct {
	URL string `arg:"" optional:"" help:"Where framegate serves, as http://127.0.0.1:8080; else where its configuration says."`
}

// healthTime is how long an answer may take.
const healthTime = 4 * time.Second

func (h healthCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	if err := health.Ask(ctx, strings.TrimSuffix(h.base(), "/"), nil); err != nil {
		return err
	}
	fmt.Println("ok")
	return nil
}

// base is where framegate serves, by its configuration; port 8080 where that is missing or faulty. A listen: that was changed
// since the start is asked in vain until the next one.
func (h healthCommand) base() string {
	if h.URL != "" {
		return h.URL
	}
	if path, err := configs.Find(""); err == nil {
		if config, err := configs.Load(path); err == nil {
			return app.URL(config.Listen)
		}
	}
	return app.URL(":8080") // the default of listen
}
