package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"

	"golang.org/x/sync/errgroup"
)

// compared is how many cameras are compared with the same number in software.
const compared = 30

// load is a measurement of a number of cameras that are watched simultaneously.
type load struct {
	cameras int
	first   time.Duration // from the connection until each has shown a picture
	slowest float64       // rate of the slowest camera
	process float64       // processor time of framegate, in cores
	machine float64       // processor time of the whole machine, in cores
	memory  float64       // of framegate, resident, in bytes
	card    card
	fallen  int   // cameras that fell back to software
	why     error // the last of them did
}

// enough reports whether every camera got its rate on the device.
func (l load) enough() bool { return l.slowest >= atLeastRate && l.fallen == 0 }

// many watches compared cameras, on the device and in software. Then it doubles their number until one of them gets too few
// pictures or falls back to software, and then searches between the last two numbers, to an eighth.
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
	first := min(compared, c.Most)
	for i := range first {
		list = append(list, rig.Camera{ID: softwareID(i), URL: cameras.URL(rig.CameraID(i)), Keys: "hardware: off"})
	}
	return c.framegate(ctx, nil, list, func(p *process.Process) error {
		before, _ := readCard(ctx)
		device, err := c.measure(ctx, p, first, rig.CameraID)
		if err != nil {
			return err
		}
		c.describe(fmt.Sprintf("%d cameras on the device", first), device, before)
		software, err := c.measure(ctx, p, first, softwareID)
		if err != nil {
			return err
		}
		c.describe(fmt.Sprintf("%d cameras in software", first), software, before)
		c.add(table.Row{Name: fmt.Sprintf("framegate for %d cameras, on the device against software", first), Value: device.process / software.process})
		return c.search(ctx, p, device, before)
	})
}

// measure watches n cameras simultaneously, and returns when all of them are idle again.
func (c *check) measure(ctx context.Context, p *process.Process, n int, id func(int) string) (load, error) {
	l := load{cameras: n}
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
		return l, err
	}
	l.first = time.Since(began)
	flows := make([]flow, n)
	var watching errgroup.Group
	for i, id := range ids {
		watching.Go(func() (err error) {
			flows[i], err = follow(ctx, stream(p, id), c.Time)
			return err
		})
	}
	time.Sleep(time.Second) // follow leaves that out too
	before, err := machine.Busy()
	if err != nil {
		return l, err
	}
	began = time.Now()
	l.process, err = machine.Load(p.PID(), c.Time-c.Time/4) // ends before follow does
	after, _ := machine.Busy()
	l.machine = (after - before).Seconds() / time.Since(began).Seconds()
	l.memory = machine.Memory(p.PID())
	l.card, _ = readCard(ctx)
	for i, id := range ids {
		if id != rig.CameraID(i) {
			continue // a camera in software
		}
		if why := c.onDevice(p, id); why != nil {
			l.fallen, l.why = l.fallen+1, why
		}
	}
	if err := watching.Wait(); err != nil {
		return l, err
	}
	l.slowest = 1e9
	for _, f := range flows {
		l.slowest = min(l.slowest, f.rate)
	}
	leave()
	for _, id := range ids {
		if err := p.Until(ctx, id, "idle"); err != nil {
			return l, err
		}
	}
	return l, err
}

// describe adds a measurement to the table. before is the state of the card without those cameras.
func (c *check) describe(name string, l load, before card) {
	c.add(table.Row{Name: name + ": all have shown a picture after", Value: l.first.Seconds(), Unit: "s"})
	c.add(table.Row{Name: name + ": the slowest one's rate", Value: l.slowest, Unit: "fps"})
	if l.fallen > 0 {
		c.add(table.Row{Name: name + ": fell back to software", Value: float64(l.fallen), Unit: fmt.Sprintf("cameras: %v", l.why)})
	}
	c.add(table.Row{Name: name + ": framegate", Value: 100 * l.process, Unit: ofACore})
	c.add(table.Row{Name: name + ": the whole machine, cameras and viewers included", Value: 100 * l.machine, Unit: ofACore})
	c.add(table.Row{Name: name + ": framegate's memory", Value: l.memory / 1e6, Unit: "MB"})
	if l.card.known && before.known {
		c.add(table.Row{Name: name + ": the card's memory", Value: l.card.memory - before.memory, Unit: "MiB more than before"})
		c.add(table.Row{Name: name + ": the card's decoders", Value: l.card.decoder, Unit: "% busy"})
	}
}

func softwareID(i int) string { return "software-" + rig.CameraID(i) }

// search looks for the largest number of cameras that the device can decode. first is the measurement to start from.
func (c *check) search(ctx context.Context, p *process.Process, first load, before card) error {
	var good, bad load
	for l := first; ; {
		if l.enough() {
			good = l
		} else {
			bad = l
		}
		n := c.next(good, bad)
		if n == 0 {
			break
		}
		var err error
		if l, err = c.measure(ctx, p, n, rig.CameraID); err != nil {
			return err
		}
		c.describe(fmt.Sprintf("%d cameras", n), l, before)
	}
	name := "cameras watched simultaneously"
	if good.cameras == c.Most {
		name += ", the most that were tried"
	}
	c.add(table.Row{Name: name, Value: float64(good.cameras), AtLeast: 1})
	return nil
}

// next is the number of cameras to try next, 0 for none.
func (c *check) next(good, bad load) int {
	switch {
	case bad.cameras == 0 && good.cameras < c.Most:
		return min(2*good.cameras, c.Most)
	case bad.cameras == 0 || bad.cameras-good.cameras <= max(1, good.cameras/8):
		return 0
	default:
		return (good.cameras + bad.cameras) / 2
	}
}
