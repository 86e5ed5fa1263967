package main

import (
	"context"
	"fmt"
	"time"

	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"
)

// readerNames are the values of the key reader.
var readerNames = []string{"builtin", "rtspsrc"}

// readers compares framegate's own reader of RTSP with GStreamer's: one camera, many cameras, and a bad network.
func (b *bench) readers(ctx context.Context) error {
	if err := b.readersOfOne(ctx); err != nil {
		return err
	}
	if err := b.readersOfMany(ctx); err != nil {
		return err
	}
	return b.readersOverUDP(ctx)
}

// readersOfOne compares the load of one camera, and the time from the camera to the viewer.
func (b *bench) readersOfOne(ctx context.Context) error {
	cameras, stop, err := startCameras(ctx, rig.Camera1080)
	if err != nil {
		return err
	}
	defer stop()
	var workloads []workload
	for _, name := range readerNames {
		keys := "reader: " + name
		workloads = append(workloads,
			b.framegateWith(name+", nobody watches", keys, cameras.URL("cam1")),
			b.framegateWith(name+", one viewer", keys, cameras.URL("cam1"), ""))
	}
	loads, err := b.compare(ctx, workloads...)
	if err != nil {
		return err
	}
	for _, c := range workloads {
		b.add(table.Row{Name: c.name, Value: 100 * loads.load(c.name), Unit: ofACore})
	}
	for _, what := range []string{", nobody watches", ", one viewer"} {
		b.add(table.Row{Name: "builtin to rtspsrc" + what, Value: loads.ratio("builtin"+what, "rtspsrc"+what), Unit: "times"})
	}
	for _, name := range readerNames {
		server, err := b.startServer(ctx, "reader: "+name, cameras.URL("cam1"))
		if err != nil {
			return err
		}
		whole, _, err := b.delays(ctx, cameras, server)
		server.Stop()
		if err != nil {
			return err
		}
		b.add(table.Row{Name: name + ", from sending a frame to reading its JPEG, median", Value: table.Quantile(whole, 0.5), Unit: "ms"})
	}
	return nil
}

// readersOfMany measures what 64 cameras that nobody watches take.
func (b *bench) readersOfMany(ctx context.Context) error {
	urls, stop, err := startMany(ctx)
	if err != nil {
		return err
	}
	defer stop()
	for _, name := range readerNames {
		server, err := b.startServer(ctx, "reader: "+name, urls...)
		if err != nil {
			return err
		}
		load, err := machine.Load(server.PID(), b.Time)
		memory, threads := machine.Memory(server.PID()), machine.Threads(server.PID())
		server.Stop()
		if err != nil {
			return err
		}
		many := fmt.Sprintf("%s, %s that nobody watches", name, counted(mostCameras, "camera"))
		goals := [3]float64{}
		if name == "builtin" {
			goals = [3]float64{35, 200, 100}
		}
		b.add(table.Row{Name: many, Value: 100 * load, Unit: ofACore, AtMost: goals[0]})
		b.add(table.Row{Name: many + ": memory", Value: memory / 1e6, Unit: "MB", AtMost: goals[1]})
		b.add(table.Row{Name: many + ": threads", Value: float64(threads), Unit: "", AtMost: goals[2]})
	}
	return nil
}

// readersOverUDP counts the units that are dropped because packets come late, in another order, or not at all.
func (b *bench) readersOverUDP(ctx context.Context) error {
	for _, c := range []struct {
		name    string
		network testcam.Network
	}{
		{"packets up to 20 ms late", testcam.Network{Jitter: 20 * time.Millisecond}},
		{"packets up to 20 ms late, 0.1 % lost", testcam.Network{Jitter: 20 * time.Millisecond, Loss: 0.001}},
	} {
		cameras, stop, err := rig.StartCameras(ctx, testcam.Config{Cameras: []testcam.Camera{rig.Camera1080}, Network: c.network})
		if err != nil {
			return err
		}
		for _, name := range readerNames {
			share, err := b.broken(ctx, "transport: udp, reader: "+name, cameras.URL("cam1"))
			if err != nil {
				stop()
				return err
			}
			b.add(table.Row{Name: fmt.Sprintf("%s over UDP, %s: units dropped", name, c.name), Value: 100 * share, Unit: "%"})
		}
		stop()
	}
	return nil
}

// broken returns which part of a camera's units are dropped while it is watched.
func (b *bench) broken(ctx context.Context, keys, url string) (float64, error) {
	server, err := b.startServer(ctx, keys, url)
	if err != nil {
		return 0, err
	}
	defer server.Stop()
	leave, err := watchAll(ctx, server.URL+"/cameras/cam1/stream")
	if err != nil {
		return 0, err
	}
	defer leave()
	before, err := server.Camera("cam1")
	if err != nil {
		return 0, err
	}
	length := 2 * b.Time
	time.Sleep(length)
	after, err := server.Camera("cam1")
	if err != nil {
		return 0, err
	}
	return float64(after.Broken-before.Broken) / (25 * length.Seconds()), nil
}
