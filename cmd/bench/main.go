// Command bench measures framegate on this machine, with real RTSP and HTTP over loopback, and prints one
// table. It runs the framegate that lies beside it and is its own camera and its own viewers.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"framegate/internal/process"
	"framegate/internal/testcam"

	"github.com/alecthomas/kong"
)

type options struct {
	Framegate string        `type:"path" help:"The framegate to measure; the one beside bench."`
	JSON      bool          `help:"Print JSON instead of Markdown."`
	Tries     int           `default:"50" help:"How often a first picture is asked for."`
	Time      time.Duration `default:"10s" help:"How long each rate, latency and load is measured."`
}

// result is one line of the table.
type result struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Goal  string `json:"goal,omitempty"`
}

func main() {
	var o options
	kong.Parse(&o, kong.Description("Measures framegate on this machine. The camera sends 1920x1080 H.264 at 25 fps and 4 Mbit/s with a keyframe every two seconds; pictures are 480x270."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func (o options) run(ctx context.Context) error {
	if o.Framegate == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		o.Framegate = filepath.Join(filepath.Dir(self), "framegate")
	}
	camera, err := testcam.New(ctx, testcam.Config{Cameras: []testcam.Camera{{Width: 1920, Height: 1080, KeyframeInterval: 50, Loop: 8 * time.Second}}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	sending := make(chan error, 1)
	go func() { sending <- camera.Run(ctx) }()
	defer func() {
		cancel()
		<-sending
	}()

	server, err := startServer(ctx, o.Framegate, camera.URL("cam1"))
	if err != nil {
		return err
	}
	defer server.Stop()
	b := bench{options: o, camera: camera, server: server}
	for _, measure := range []func(context.Context) ([]result, error){b.firstPicture, b.latency, b.viewers, b.load} {
		results, err := measure(ctx)
		if err != nil {
			return errors.Join(err, fmt.Errorf("framegate said: %s", server.Log()))
		}
		b.results = append(b.results, results...)
	}
	return b.print()
}

// bench is what the measurements share.
type bench struct {
	options
	camera  *testcam.Server
	server  *process.Process
	results []result
}

func (b *bench) print() error {
	machine := fmt.Sprintf("%s, %d cores, %s", cpuModel(), runtime.NumCPU(), runtime.GOARCH)
	if b.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"machine": machine, "results": b.results})
	}
	fmt.Printf("Machine: %s\n\n| 1080p25 H.264 to 480x270 | measured | goal |\n| --- | --- | --- |\n", machine)
	for _, r := range b.results {
		fmt.Printf("| %s | %s | %s |\n", r.Name, r.Value, r.Goal)
	}
	return nil
}
