package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"framegate/internal/machine"
	"framegate/internal/process"
	"framegate/internal/rig"
	"framegate/internal/table"
	"framegate/internal/testcam"

	"golang.org/x/sync/errgroup"
)

// crowd is what a number of cameras came to that were watched at once.
type crowd struct {
	cameras int
	slowest float64 // rate of the slowest camera
	load    float64 // of framegate, in cores
	busy    float64 // of the whole machine, in cores
	fell    int     // cameras that came to software
}

func (w crowd) carried() bool { return w.slowest >= atLeastRate && w.fell == 0 }

// many watches more and more cameras, twice as many each time, until one gets too few pictures or comes to software; and
// then looks for the largest number between, to an eighth.
func (c *check) many(ctx context.Context) error {
	c.begin("cameras", fmt.Sprintf("How many cameras of H264, %dx%d at 25 fps", c.Width, c.Height))
	cameras, stop, err := c.serve(ctx, slices.Repeat([]testcam.Camera{c.camera(testcam.H264)}, c.Most)...)
	if err != nil {
		return err
	}
	defer stop()
	var good, bad crowd
	for n := 1; n > 0; n = c.next(good, bad) {
		w, err := c.crowd(ctx, cameras, n)
		if err != nil {
			return err
		}
		if w.carried() {
			good = w
		} else {
			bad = w
		}
	}
	name := "cameras watched at once"
	if good.cameras == c.Most {
		name += ", and no more were tried"
	}
	c.add(table.Row{Name: name, Value: float64(good.cameras), AtLeast: 1})
	c.add(table.Row{Name: "the slowest one's rate", Value: good.slowest, Unit: "fps"})
	c.add(table.Row{Name: "framegate's load", Value: 100 * good.load, Unit: ofACore})
	c.add(table.Row{Name: "the whole machine's load, cameras and viewers included", Value: 100 * good.busy, Unit: ofACore})
	if bad.cameras > 0 {
		c.add(table.Row{Name: fmt.Sprintf("%d cameras are too many: %d came to software, and the slowest one's rate", bad.cameras, bad.fell), Value: bad.slowest, Unit: "fps"})
	}
	return nil
}

// next is the number of cameras to try; 0 for none.
func (c *check) next(good, bad crowd) int {
	switch {
	case bad.cameras == 0 && good.cameras < c.Most:
		return min(2*good.cameras, c.Most)
	case bad.cameras == 0 || bad.cameras-good.cameras <= max(1, good.cameras/8):
		return 0
	default:
		return (good.cameras + bad.cameras) / 2
	}
}

// crowd watches n cameras at once.
func (c *check) crowd(ctx context.Context, cameras *testcam.Server, n int) (crowd, error) {
	w := crowd{cameras: n}
	var list []rig.Camera
	for i := range n {
		list = append(list, rig.Camera{ID: rig.CameraID(i), URL: cameras.URL(rig.CameraID(i)), Keys: "hardware: " + c.Platform})
	}
	err := c.framegate(ctx, nil, list, func(p *process.Process) error {
		rates := make([]float64, n)
		var watching errgroup.Group
		for i, camera := range list {
			watching.Go(func() (err error) {
				rates[i], err = rig.Rate(ctx, p.URL+"/cameras/"+camera.ID+"/stream", c.Time)
				return err
			})
		}
		time.Sleep(time.Second) // what Rate does not count either
		before, err := machine.Busy()
		if err != nil {
			return err
		}
		w.load, err = machine.Load(p.PID(), c.Time-c.Time/4) // and not what comes after it
		after, _ := machine.Busy()
		w.busy = (after - before).Seconds() / (c.Time - c.Time/4).Seconds()
		for _, camera := range list {
			if _, asked, _ := c.plan(p, camera.ID); !asked {
				w.fell++
			}
		}
		if err := watching.Wait(); err != nil {
			return err
		}
		w.slowest = slices.Min(rates)
		return err
	})
	return w, err
}
