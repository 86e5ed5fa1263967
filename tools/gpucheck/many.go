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

// thirty is how many cameras are compared with as many in software.
const thirty = 30

// crowd is what a number of cameras came to that were watched at once.
type crowd struct {
	cameras int
	first   time.Duration // until each had shown a picture, from its connection on
	slowest float64       // rate of the slowest camera
	load    float64       // of framegate, in cores
	busy    float64       // of the whole machine, in cores
	memory  float64       // of framegate, resident, in bytes
	card    card
	fell    int   // cameras that came to software
	why     error // of the last of them
}

func (w crowd) carried() bool { return w.slowest >= atLeastRate && w.fell == 0 }

// many watches thirty cameras, on the device and in software; then more and more, twice as many each time, until one gets
// too few pictures or comes to software; and then looks for the largest number between, to an eighth.
func (c *check) many(ctx context.Context) error {
	c.begin("cameras", fmt.Sprintf("How many cameras of H264, %dx%d at 25 fps", c.Width, c.Height))
	cameras, stop, err := c.serve(ctx, slices.Repeat([]testcam.Camera{c.camera(testcam.H264)}, c.Most)...)
	if err != nil {
		return err
	}
	defer stop()
	var list []rig.Camera
	for i := range c.Most {
		list = append(list, rig.Camera{ID: rig.CameraID(i), URL: cameras.URL(rig.CameraID(i)), Keys: "hardware: " + c.Platform})
	}
	first := min(thirty, c.Most)
	for i := range first {
		list = append(list, rig.Camera{ID: softwareID(i), URL: cameras.URL(rig.CameraID(i)), Keys: "hardware: off"})
	}
	return c.framegate(ctx, nil, list, func(p *process.Process) error {
		before, _ := readCard(ctx)
		device, err := c.crowd(ctx, p, first, rig.CameraID)
		if err != nil {
			return err
		}
		c.describe(fmt.Sprintf("%d cameras on the device", first), device, before)
		software, err := c.crowd(ctx, p, first, softwareID)
		if err != nil {
			return err
		}
		c.describe(fmt.Sprintf("%d cameras in software", first), software, before)
		c.add(table.Row{Name: fmt.Sprintf("framegate for %d cameras, on the device against software", first), Value: device.load / software.load})
		return c.search(ctx, p, device, before)
	})
}

func softwareID(i int) string { return "software-" + rig.CameraID(i) }

// search looks for the largest number of cameras that are carried, from what a first number came to on.
func (c *check) search(ctx context.Context, p *process.Process, first crowd, before card) error {
	var good, bad crowd
	for w := first; ; {
		if w.carried() {
			good = w
		} else {
			bad = w
		}
		n := c.next(good, bad)
		if n == 0 {
			break
		}
		var err error
		if w, err = c.crowd(ctx, p, n, rig.CameraID); err != nil {
			return err
		}
		c.describe(fmt.Sprintf("%d cameras", n), w, before)
	}
	name := "cameras watched at once"
	if good.cameras == c.Most {
		name += ", and no more were tried"
	}
	c.add(table.Row{Name: name, Value: float64(good.cameras), AtLeast: 1})
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

// describe adds what a crowd came to. before is what the card carried without it.
func (c *check) describe(name string, w crowd, before card) {
	c.add(table.Row{Name: name + ": all have shown a picture after", Value: w.first.Seconds(), Unit: "s"})
	c.add(table.Row{Name: name + ": the slowest one's rate", Value: w.slowest, Unit: "fps"})
	if w.fell > 0 {
		c.add(table.Row{Name: name + ": came to software", Value: float64(w.fell), Unit: fmt.Sprintf("cameras: %v", w.why)})
	}
	c.add(table.Row{Name: name + ": framegate", Value: 100 * w.load, Unit: ofACore})
	c.add(table.Row{Name: name + ": the whole machine, cameras and viewers included", Value: 100 * w.busy, Unit: ofACore})
	c.add(table.Row{Name: name + ": framegate's memory", Value: w.memory / 1e6, Unit: "MB"})
	if w.card.known && before.known {
		c.add(table.Row{Name: name + ": the card's memory", Value: w.card.memory - before.memory, Unit: "MiB more than before"})
		c.add(table.Row{Name: name + ": the card's decoders", Value: w.card.decoder, Unit: "% busy"})
	}
}

// crowd watches n cameras at once, until all have ended again.
func (c *check) crowd(ctx context.Context, p *process.Process, n int, id func(int) string) (crowd, error) {
	w := crowd{cameras: n}
	ctx, cancel := context.WithTimeout(ctx, c.Time+time.Minute)
	defer cancel()
	var ids []string
	for i := range n {
		ids = append(ids, id(i))
	}
	var streams []string
	for _, id := range ids {
		streams = append(streams, id+"/stream")
	}
	began := time.Now()
	leave, err := watch(ctx, p, streams...)
	if err != nil {
		return w, err
	}
	w.first = time.Since(began)
	flows := make([]flow, n)
	var watching errgroup.Group
	for i, id := range ids {
		watching.Go(func() (err error) {
			flows[i], err = follow(ctx, stream(p, id), c.Time)
			return err
		})
	}
	time.Sleep(time.Second) // what follow does not count either
	before, err := machine.Busy()
	if err != nil {
		return w, err
	}
	began = time.Now()
	w.load, err = machine.Load(p.PID(), c.Time-c.Time/4) // and not what comes after it
	after, _ := machine.Busy()
	w.busy = (after - before).Seconds() / time.Since(began).Seconds()
	w.memory = machine.Memory(p.PID())
	w.card, _ = readCard(ctx)
	for i, id := range ids {
		if id != rig.CameraID(i) {
			continue // it is to be made in software
		}
		if why := c.onDevice(p, id); why != nil {
			w.fell, w.why = w.fell+1, why
		}
	}
	if err := watching.Wait(); err != nil {
		return w, err
	}
	w.slowest = 1e9
	for _, f := range flows {
		w.slowest = min(w.slowest, f.rate)
	}
	leave()
	for _, id := range ids {
		if err := p.Until(ctx, id, "idle"); err != nil {
			return w, err
		}
	}
	return w, err
}
