package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"

	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/viewer"
	"github.com/framegate/framegate/pipeline/plan"

	"golang.org/x/sync/errgroup"
)

// inSoftware is the id of the camera whose pictures are made in software.
const inSoftware = "in-software"

// codecs compares the device with software for a camera of each codec.
func (c *check) codecs(ctx context.Context) error {
	for _, codec := range codecs {
		if len(c.Codecs) > 0 && !slices.Contains(c.Codecs, string(codec)) {
			continue
		}
		c.begin(string(codec), fmt.Sprintf("A camera of %s, %dx%d at 25 fps", strings.ToUpper(string(codec)), c.Width, c.Height))
		devices := c.devices(codec)
		if len(devices) == 0 {
			c.add(table.Row{Name: "on " + c.Platform, Missing: "no plan works"})
			continue
		}
		if err := c.codec(ctx, codec, devices); err != nil {
			c.fail(fmt.Errorf("%s: %w", codec, err))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// devices returns a camera for each of the platform's plans that work for a codec.
func (c *check) devices(codec testcam.Codec) (cameras []rig.Camera) {
	for _, p := range c.found.Plans {
		if p.Platform != c.Platform || p.Codec != string(codec) || p.Status != plan.Works {
			continue
		}
		camera := rig.Camera{ID: strings.ReplaceAll(p.Plan, "+", "-"), Keys: "hardware: " + c.Platform}
		if len(cameras) > 0 { // the others encode in system memory
			camera.Keys += ", encoder: " + p.Encoder
		}
		cameras = append(cameras, camera)
	}
	return cameras
}

func (c *check) codec(ctx context.Context, codec testcam.Codec, devices []rig.Camera) error {
	cameras, stop, err := c.serve(ctx, c.camera(codec))
	if err != nil {
		return err
	}
	defer stop()
	all := append(slices.Clone(devices), rig.Camera{ID: inSoftware, Keys: "hardware: off"})
	for i := range all {
		// Those that nobody watches stay connected, as they do by default: the delay of some decoders depends on the units that came
		// before the first viewer. Each of them adds some 0.1 % of a core to the figures.
		all[i].URL, all[i].Keys = cameras.URL("cam1"), all[i].Keys+", connect: always"
	}
	return c.framegate(ctx, nil, all, func(p *process.Process) error {
		err := c.pictures(ctx, p, codec, all)
		if refused := (*viewer.Refused)(nil); errors.As(err, &refused) && strings.Contains(refused.Text, `"reason":"unsupported"`) {
			c.add(table.Row{Name: "over RTSP", Missing: refused.Text})
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.costs(ctx, p, all, ""); err != nil || codec != testcam.H264 {
			return err
		}
		return c.costs(ctx, p, all, "?scale=1")
	})
}

// pictures compares the device's pictures with those of software, the last camera of all, frame by frame.
func (c *check) pictures(ctx context.Context, p *process.Process, codec testcam.Codec, all []rig.Camera) error {
	collected := make([]pictures, len(all))
	errs := make([]error, len(all))
	var watching errgroup.Group
	for i, camera := range all {
		watching.Go(func() error {
			collected[i], errs[i] = collect(ctx, stream(p, camera.ID), c.Time)
			return nil
		})
	}
	watching.Wait()
	last := len(all) - 1
	if errs[last] != nil {
		c.add(table.Row{Name: "pictures in software", Missing: errs[last].Error()})
		errs[last] = nil
	}
	for i, device := range all[:last] {
		if errs[i] != nil {
			continue
		}
		worst, err := c.compare(device.ID, collected[i], collected[last])
		if err == nil && worst != nil {
			err = c.save(fmt.Sprintf("%s-%s.jpg", codec, device.ID), worst)
		}
		if err != nil {
			errs[i] = err
		}
	}
	return errors.Join(errs...)
}

// compare adds how close a device's pictures are to those of software. It returns a JPEG of the worst one beside that of
// software.
func (c *check) compare(name string, device, software pictures) (worst []byte, err error) {
	var all []float64
	var pair [2]image.Image
	limited := device.limitedRange(software)
	for frame, picture := range device.byFrame {
		reference, ok := software.byFrame[frame]
		if !ok {
			continue
		}
		if picture.Bounds() != reference.Bounds() {
			return nil, fmt.Errorf("a picture by %s is %v instead of %v", name, picture.Bounds().Size(), reference.Bounds().Size())
		}
		found := psnr(picture, reference, limited)
		if len(all) == 0 || found < slices.Min(all) {
			pair = [2]image.Image{picture, reference}
		}
		all = append(all, found)
	}
	c.add(table.Row{Name: "pictures by " + name + ": frames that were compared with software's", Value: float64(len(all)), AtLeast: 1})
	if len(all) == 0 {
		return nil, nil
	}
	note := ""
	if limited {
		note = ", with the same range of brightness"
	}
	c.add(table.Row{Name: "pictures by " + name + ": PSNR against software's" + note + ", median", Value: table.Quantile(all, 0.5), Unit: "dB"})
	c.add(table.Row{Name: "pictures by " + name + ": PSNR against software's" + note + ", the worst", Value: table.Quantile(all, 0), Unit: "dB", AtLeast: atLeastPSNR})
	return sideBySide(pair[0], pair[1])
}

// costs measures the cost of one camera with each plan, one after another. query may ask for another picture than that of a
// quarter of the size.
func (c *check) costs(ctx context.Context, p *process.Process, all []rig.Camera, query string) error {
	loads := make([]float64, len(all))
	var failed error
	for i, camera := range all {
		leave, err := watch(ctx, p, camera.ID+"/stream"+query)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		var found flow
		var watching errgroup.Group
		watching.Go(func() (err error) {
			found, err = follow(ctx, stream(p, camera.ID)+query, c.Time)
			return err
		})
		loads[i], err = machine.Load(p.PID(), c.Time)
		err = errors.Join(err, watching.Wait())
		if err == nil && i < len(all)-1 {
			err = c.onDevice(p, camera.ID)
		}
		state, stateErr := p.Camera(camera.ID)
		leave()
		if err := errors.Join(err, stateErr); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		name := fmt.Sprintf("%s%s (%s, %s, %s)", state.Plan.Name, query, state.Plan.Decoder, state.Plan.Scaler, state.Plan.Encoder)
		c.add(table.Row{Name: name + ": framegate", Value: 100 * loads[i], Unit: ofACore})
		c.add(table.Row{Name: name + ": rate", Value: found.rate, Unit: "fps", AtLeast: atLeastRate})
		c.add(table.Row{Name: name + ": access unit to JPEG read, median", Value: table.Quantile(found.latency, 0.5), Unit: "ms"})
		c.add(table.Row{Name: name + ": access unit to JPEG read, 95th percentile", Value: table.Quantile(found.latency, 0.95), Unit: "ms"})
		if err := p.Until(ctx, camera.ID, "ready"); err != nil {
			return err
		}
	}
	for i, camera := range all[:len(all)-1] {
		if loads[i] > 0 && loads[len(all)-1] > 0 {
			c.add(table.Row{Name: camera.ID + query + " against software", Value: loads[i] / loads[len(all)-1]})
		}
	}
	return failed
}
