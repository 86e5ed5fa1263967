package main

import (
	"context"
	"fmt"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/app"
)

// healthCommand checks that framegate on this machine answers. Health checks of containers run it.
type healthCommand struct {
	URL    string `arg:"" optional:"" help:"URL of framegate, such as http://127.0.0.1:8080, or unix:/path of its socket. Without it: the addresses of the configuration."`
	Config string `placeholder:"FILE" help:"Configuration. Without it: $$FRAMEGATE_CONFIG, ${searched}, or the default address."`
}

// healthTime is how long the answer may take.
const healthTime = 4 * time.Second

func (h healthCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	addresses, secure := h.addresses()
	for _, address := range addresses {
		if err := app.Check(ctx, address, secure); err != nil {
			return err
		}
	}
	fmt.Println("ok")
	return nil
}

// addresses returns where framegate should answer: at the given URL, else at the addresses in its configuration, else, if the
// configuration is missing or faulty, at the default address. secure says whether it serves https there. The result is wrong if listen was changed, or tls was switched on or off, after framegate started.
func (h healthCommand) addresses() (addresses []string, secure bool) {
	if h.URL != "" {
		return []string{h.URL}, false
	}
	config := configs.Default()
	if path, err := configs.Find(h.Config); err == nil {
		if found, err := configs.Load(path); err == nil {
			config = found
		}
	}
	return config.Listen, config.TLS.On()
}
