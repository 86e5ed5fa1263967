package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/plot"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"

	"golang.org/x/sync/errgroup"
)

// mostCameras is the largest number of cameras that is measured.
const mostCameras = 64

// startMany serves mostCameras, which share one encoding, until stop is called.
func startMany(ctx context.Context) (urls []string, stop func(), err error) {
	list := make([]testcam.Camera, mostCameras)
	for i := range list {
		list[i] = rig.Camera1080
		list[i].Shared = true
	}
	cameras, stop, err := startCameras(ctx, list...)
	if err != nil {
		return nil, nil, err
	}
	for i := range list {
		urls = append(urls, cameras.URL(rig.CameraID(i)))
	}
	return urls, stop, nil
}

// cameras measures more and more cameras, first without viewers and then with one each.
func (b *bench) cameras(ctx context.Context) error {
	urls, stop, err := startMany(ctx)
	if err != nil {
		return err
	}
	defer stop()
	idle := plot.Line{Name: "connected, nobody watches"}
	for _, n := range []int{1, 4, 16, mostCameras} {
		server, err := b.startServer(ctx, "", urls[:n]...)
		if err != nil {
			return err
		}
		load, err := machine.Load(server.PID(), b.Time)
		used := machine.Memory(server.PID())
		server.Stop()
		if err != nil {
			return err
		}
		goal := 0.0
		if n == mostCameras {
			goal = 100
		}
		b.add(table.Row{Name: counted(n, "camera") + " that nobody watches", Value: 100 * load, Unit: ofACore, AtMost: goal})
		if n == mostCameras {
			b.add(table.Row{Name: counted(n, "camera") + " that nobody watches: memory", Value: used / 1e6, Unit: "MB"})
		}
		idle.Points = append(idle.Points, plot.Point{X: float64(n), Y: 100 * load})
	}
	live, err := b.liveCameras(ctx, urls)
	if err != nil {
		return err
	}
	b.plots = append(b.plots, plot.Plot{Name: "bench-cameras", Title: "Cameras of 1920x1080 at 25 fps", X: "cameras", Y: ofACore, Lines: []plot.Line{idle, live}})
	return nil
}

// liveCameras watches more and more cameras until their pictures come too slowly.
func (b *bench) liveCameras(ctx context.Context, urls []string) (plot.Line, error) {
	live := plot.Line{Name: "one viewer each"}
	for n := 1; n <= len(urls); n *= 2 {
		server, err := b.startServer(ctx, "", urls[:n]...)
		if err != nil {
			return live, err
		}
		rates := make([]float64, n)
		var watching errgroup.Group
		for i := range n {
			watching.Go(func() (err error) {
				rates[i], err = rig.Rate(ctx, server.URL+"/cameras/"+rig.CameraID(i)+"/stream", b.Time)
				return err
			})
		}
		load, err := machine.Load(server.PID(), b.Time)
		watched := watching.Wait()
		server.Stop()
		if err != nil || watched != nil {
			return live, fmt.Errorf("%d cameras: %v %v", n, err, watched)
		}
		if slowest := slices.Min(rates); slowest < 24.5 {
			b.add(table.Row{Name: counted(n, "camera") + ", more than this machine can do: the slowest one's rate", Value: slowest, Unit: "fps"})
			return live, nil
		}
		b.add(table.Row{Name: counted(n, "camera") + " watched simultaneously", Value: 100 * load, Unit: ofACore})
		live.Points = append(live.Points, plot.Point{X: float64(n), Y: 100 * load})
	}
	return live, nil
}
