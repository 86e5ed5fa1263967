package main

import (
	"context"
	"fmt"
	"os"

	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
)

// secured are the ways in which viewers get their streams.
var secured = []struct {
	name     string
	tls      string // the configuration's
	protocol string // of the viewers, as TLS negotiates it
	ratio    float64
}{
	{"http", "", "", 0},
	{"https with HTTP/1.1", "tls: self_signed", "http/1.1", 2},
	{"https with HTTP/2", "tls: self_signed", "h2", 0},
}

// secureViewers is how many viewers are compared.
const secureViewers = 1000

// tls compares what many viewers cost with TLS and without.
func (b *bench) tls(ctx context.Context) error {
	cameras, stop, err := startCameras(ctx, rig.Camera1080)
	if err != nil {
		return err
	}
	defer stop()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	costs := map[string]float64{}
	for _, way := range secured {
		server, err := rig.ServeWith(ctx, b.Framegate, way.tls, []string{"STATE_DIRECTORY=" + dir}, rig.Camera{ID: rig.CameraID(0), URL: cameras.URL("cam1")})
		if err != nil {
			return err
		}
		one, err := b.serveMany(ctx, server, 1, way.protocol)
		var m many
		if err == nil {
			m, err = b.serveMany(ctx, server, secureViewers, way.protocol)
		}
		server.Stop()
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		costs[way.name] = 1e6 * (m.load - one.load) / (m.delivered - m.slowest)
		who := fmt.Sprintf("%s, %s", way.name, counted(secureViewers, "viewer"))
		b.add(table.Row{Name: who + ": the slowest one's rate", Value: m.slowest, Unit: "fps", AtLeast: 24})
		b.add(table.Row{Name: who + ": processor time per additional frame", Value: costs[way.name], Unit: "µs"})
		b.add(table.Row{Name: who + ": memory per viewer", Value: (m.memory - one.memory) / (secureViewers - 1) / 1000, Unit: "KB"})
		if way.tls != "" {
			b.add(table.Row{Name: way.name + " to http, processor time per frame", Value: costs[way.name] / costs[secured[0].name], Unit: "times", AtMost: way.ratio})
		}
	}
	return nil
}
