package main

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"math/rand/v2"
	"time"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/mark"
	"github.com/framegate/framegate/internal/viewer"
)

// first measures how long a stream takes to its first picture: of a camera that is connected but not watched, at any point of
// its GOP, and of one that is not connected.
func (b *bench) first(ctx context.Context) error {
	cameras, stop, err := startCameras(ctx, rig.Camera1080)
	if err != nil {
		return err
	}
	defer stop()
	for _, c := range []struct {
		name, keys, state string
		goal              float64
	}{
		{"connected", "", "ready", 100},
		{"not connected", "connect: on_demand", "idle", 0},
	} {
		server, err := b.startServer(ctx, c.keys, cameras.URL("cam1"))
		if err != nil {
			return err
		}
		took, err := b.openings(ctx, server, c.state)
		server.Stop()
		if err != nil {
			return err
		}
		b.add(table.Row{Name: fmt.Sprintf("%s, %d tries, median", c.name, b.Tries), Value: table.Quantile(took, 0.5), Unit: "ms"})
		b.add(table.Row{Name: c.name + ", 95th percentile", Value: table.Quantile(took, 0.95), Unit: "ms", AtMost: c.goal})
	}
	return nil
}

// openings returns the times to first pictures, in ms. Each is requested when the camera is in the given state.
func (b *bench) openings(ctx context.Context, server *process.Process, state string) (took []float64, err error) {
	for range b.Tries {
		if err := server.Until(ctx, "cam1", state); err != nil {
			return nil, err
		}
		time.Sleep(time.Duration(rand.IntN(500)) * time.Millisecond)
		began := time.Now()
		s, err := viewer.Open(ctx, server.URL+"/cameras/cam1/stream")
		if err != nil {
			return nil, err
		}
		picture, err := s.Next()
		s.Close()
		if err != nil {
			return nil, err
		}
		took = append(took, millis(picture.Read.Sub(began)))
	}
	return took, nil
}

// latency watches one stream and compares when each frame was read with when the camera sent it.
func (b *bench) latency(ctx context.Context) error {
	cameras, server, stop, err := b.serveOne(ctx)
	if err != nil {
		return err
	}
	defer stop()
	whole, inside, err := b.delays(ctx, cameras, server)
	if err != nil {
		return err
	}
	b.add(table.Row{Name: "from sending a frame to reading its JPEG, median", Value: table.Quantile(whole, 0.5), Unit: "ms", AtMost: 40})
	b.add(table.Row{Name: "the same, 95th percentile", Value: table.Quantile(whole, 0.95), Unit: "ms", AtMost: 80})
	b.add(table.Row{Name: "of that, after framegate has the access unit, median", Value: table.Quantile(inside, 0.5), Unit: "ms"})
	return nil
}

// delays watches cam1 and returns for each frame, in ms, the time since the camera sent it, and that since framegate had its
// access unit.
func (b *bench) delays(ctx context.Context, cameras *testcam.Server, server *process.Process) (whole, inside []float64, err error) {
	s, err := viewer.Open(ctx, server.URL+"/cameras/cam1/stream")
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	begin := time.Now().Add(time.Second) // by then the pictures from the GOP buffer are over
	for time.Since(begin) < b.Time {
		picture, err := s.Next()
		if err != nil {
			return nil, nil, err
		}
		if picture.Read.Before(begin) {
			continue
		}
		img, err := jpeg.Decode(bytes.NewReader(picture.JPEG))
		if err != nil {
			return nil, nil, err
		}
		_, frame, err := mark.Read(img)
		if err != nil {
			return nil, nil, err
		}
		if sent, ok := cameras.Sent("cam1", frame); ok {
			whole = append(whole, millis(picture.Read.Sub(sent)))
			inside = append(inside, millis(picture.Read.Sub(picture.Received)))
		}
	}
	return whole, inside, nil
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
