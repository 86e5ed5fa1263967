package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/viewer"
)

// How much memory may grow after the first tenth of the starts. It is noise.
const (
	mostCardGrowth = 16 // MiB
	mostGrowth     = 32 // MB
)

// starts starts and stops a camera's pictures many times, and looks for memory that is not freed.
func (c *check) starts(ctx context.Context) error {
	c.begin("starts", fmt.Sprintf("A camera's pictures started and stopped %d times", c.Starts))
	cameras, stop, err := c.serve(ctx, c.camera(testcam.H264))
	if err != nil {
		return err
	}
	defer stop()
	return c.framegate(ctx, nil, []rig.Camera{
		{ID: "device", URL: cameras.URL("cam1"), Keys: "connect: always, hardware: " + c.Platform},
		{ID: "kept", URL: cameras.URL("cam1"), Keys: "connect: always, hardware: " + c.Platform},
	}, func(p *process.Process) error {
		// Another picture runs all the time and must not suffer. It also keeps the device open.
		leave, err := watch(ctx, p, "kept/stream")
		if err != nil {
			return err
		}
		defer leave()
		var took []float64
		var early card
		var earlyMemory float64
		for i := range c.Starts {
			first, err := open(ctx, p)
			if err != nil {
				return fmt.Errorf("start %d: %w", i+1, err)
			}
			took = append(took, millis(first))
			if n := max(1, c.Starts/4); (i+1)%n == 0 {
				fmt.Fprintf(os.Stderr, "  start %d: %.1f MB resident\n", i+1, machine.Memory(p.PID())/1e6)
			}
			if i == c.Starts/10 {
				early, _ = readCard(ctx)
				earlyMemory = machine.Memory(p.PID())
			}
		}
		c.add(table.Row{Name: "first picture, median", Value: table.Quantile(took, 0.5), Unit: "ms"})
		c.add(table.Row{Name: "first picture, 95th percentile", Value: table.Quantile(took, 0.95), Unit: "ms"})
		c.add(table.Row{
			Name:  fmt.Sprintf("framegate's memory since start %d", c.Starts/10+1),
			Value: (machine.Memory(p.PID()) - earlyMemory) / 1e6, Unit: "MB more", AtMost: mostGrowth,
		})
		if late, _ := readCard(ctx); late.known && early.known {
			c.add(table.Row{Name: "the card's memory", Value: late.memory, Unit: "MiB"})
			c.add(table.Row{Name: fmt.Sprintf("the card's memory since start %d", c.Starts/10+1), Value: late.memory - early.memory, Unit: "MiB more", AtMost: mostCardGrowth})
		}
		return c.onDevice(p, "kept")
	})
}

// open watches a connected camera for one picture, and waits until nothing is decoded. It returns how long the picture took.
func open(ctx context.Context, p *process.Process) (time.Duration, error) {
	began := time.Now()
	s, err := viewer.Open(ctx, stream(p, "device"))
	if err != nil {
		return 0, err
	}
	_, err = s.Next()
	took := time.Since(began)
	s.Close()
	if err != nil {
		return 0, err
	}
	return took, p.Until(ctx, "device", "ready")
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
