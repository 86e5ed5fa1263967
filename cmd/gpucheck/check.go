package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"framegate/internal/machine"
	"framegate/internal/process"
	"framegate/internal/rig"
	"framegate/internal/table"
	"framegate/internal/testcam"
	"framegate/pipeline"

	"golang.org/x/sync/errgroup"
)

// What is asked of a device. Software and a device scale differently, which shows at edges and in grain. Of these cameras
// the next frame has 15 to 21 dB, and swapped colours 18.
const (
	atLeastPSNR = 30   // dB, of the worst picture against software's
	atLeastRate = 24.5 // fps, of cameras of 25
)

const ofACore = "% of a core"

// check is what the measurements share.
type check struct {
	options
	plans  []pipeline.Proof
	table  table.Table
	failed []string // what is not as it should be, besides figures that miss their goals
}

// begin begins a section of the table.
func (c *check) begin(name, title string) {
	c.table.Begin(name, title)
	fmt.Fprintln(os.Stderr, "gpucheck:", title)
}

func (c *check) add(r table.Row) {
	c.table.Add(r)
	fmt.Fprintf(os.Stderr, "  %s: %s\n", r.Name, r.Text())
}

// fell adds a failure of a plan to the table.
func (c *check) fell(id string, plan process.Plan) {
	text := fmt.Sprintf("came to %s: %s (%s)", plan.Name, plan.Reason, plan.Chosen)
	c.failed = append(c.failed, "camera "+id+" "+text)
	c.add(table.Row{Name: "the plans of " + c.Platform, Missing: text})
}

// proofs tells what framegate itself found out at its start.
func (c *check) proofs(context.Context) error {
	c.begin("plans", "framegate's own proof, of pictures of 320x180")
	for _, p := range c.plans {
		if p.Platform != c.Platform {
			continue
		}
		r := table.Row{Name: fmt.Sprintf("%s %s: %s, %s, %s", p.Plan, p.Codec, p.Decoder, p.Scaler, p.Encoder), Value: p.FPS, Unit: "fps"}
		if p.Status != pipeline.Works {
			r.Missing = fmt.Sprintf("%s: %s", p.Status, p.Reason)
		}
		c.add(r)
	}
	return nil
}

// codecs compares the device with software for a camera of each codec.
func (c *check) codecs(ctx context.Context) error {
	for _, codec := range codecs {
		c.begin(string(codec), fmt.Sprintf("A camera of %s, %dx%d at 25 fps", strings.ToUpper(string(codec)), c.Width, c.Height))
		if !slices.ContainsFunc(c.plans, func(p pipeline.Proof) bool {
			return p.Platform == c.Platform && p.Codec == string(codec) && p.Status == pipeline.Works
		}) {
			c.add(table.Row{Name: "on " + c.Platform, Missing: "no plan works"})
			continue
		}
		if err := c.codec(ctx, codec); err != nil {
			return fmt.Errorf("%s: %w", codec, err)
		}
	}
	return nil
}

func (c *check) codec(ctx context.Context, codec testcam.Codec) error {
	cameras, stop, err := c.serve(ctx, c.camera(codec))
	if err != nil {
		return err
	}
	defer stop()
	url := cameras.URL("cam1")
	device := rig.Camera{ID: "device", URL: url, Keys: "hardware: " + c.Platform}
	software := rig.Camera{ID: "software", URL: url, Keys: "hardware: off"}
	if err := c.pictures(ctx, device, software); err != nil {
		return err
	}
	var loads [2]float64
	for i, camera := range []rig.Camera{device, software} {
		err := c.framegate(ctx, nil, []rig.Camera{camera}, func(p *process.Process) error {
			leave, err := watch(ctx, p, camera.ID)
			if err != nil {
				return err
			}
			defer leave()
			var rate float64
			var watching errgroup.Group
			watching.Go(func() (err error) {
				rate, err = rig.Rate(ctx, p.URL+"/cameras/"+camera.ID+"/stream", c.Time)
				return err
			})
			loads[i], err = machine.Load(p.PID(), c.Time)
			if err := errors.Join(err, watching.Wait()); err != nil {
				return err
			}
			plan, asked, err := c.plan(p, camera.ID)
			if err != nil {
				return err
			}
			if !asked {
				c.fell(camera.ID, plan)
			}
			c.add(table.Row{Name: fmt.Sprintf("framegate by %s: %s, %s, %s", plan.Name, plan.Decoder, plan.Scaler, plan.Encoder), Value: 100 * loads[i], Unit: ofACore})
			c.add(table.Row{Name: "the rate meanwhile", Value: rate, Unit: "fps", AtLeast: atLeastRate})
			return nil
		})
		if err != nil {
			return err
		}
	}
	c.add(table.Row{Name: "against software", Value: loads[0] / loads[1]})
	return nil
}

// pictures compares the pictures that the device makes with software's, frame by frame.
func (c *check) pictures(ctx context.Context, device, software rig.Camera) error {
	return c.framegate(ctx, nil, []rig.Camera{device, software}, func(p *process.Process) error {
		leave, err := watch(ctx, p, device.ID, software.ID) // until the plan has been read
		if err != nil {
			return err
		}
		defer leave()
		var shown [2]pictures
		var watching errgroup.Group
		for i, camera := range []rig.Camera{device, software} {
			watching.Go(func() (err error) {
				shown[i], err = collect(ctx, p.URL+"/cameras/"+camera.ID+"/stream", c.Time)
				return err
			})
		}
		if err := watching.Wait(); err != nil {
			return err
		}
		plan, asked, err := c.plan(p, device.ID)
		if err != nil {
			return err
		}
		if !asked {
			c.fell(device.ID, plan)
		}
		name := "pictures by " + plan.Name
		c.add(table.Row{Name: name + ": rate", Value: shown[0].rate, Unit: "fps", AtLeast: atLeastRate})
		equal, err := shown[0].compare(shown[1], plan.Encoder != "jpegenc")
		if err != nil {
			return err
		}
		c.add(table.Row{Name: fmt.Sprintf("%s: frames that were compared with software's", name), Value: float64(len(equal)), AtLeast: 1})
		c.add(table.Row{Name: name + ": PSNR against software's, median", Value: table.Quantile(equal, 0.5), Unit: "dB"})
		c.add(table.Row{Name: name + ": PSNR against software's, the worst", Value: table.Quantile(equal, 0), Unit: "dB", AtLeast: atLeastPSNR})
		return nil
	})
}

// framegate runs a framegate for cameras that knows its hardware, and lets use work with it.
func (c *check) framegate(ctx context.Context, env []string, cameras []rig.Camera, use func(*process.Process) error) error {
	p, err := rig.Serve(ctx, c.Framegate, env, cameras...)
	if err != nil {
		return err
	}
	defer p.Stop()
	resp, err := http.Get(p.URL + "/api/hardware") // answers when all plans are proved
	if err != nil {
		return err
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if err := use(p); err != nil {
		return fmt.Errorf("%w; framegate said:\n%s", err, p.Log())
	}
	return nil
}

// watch watches cameras, whose pictures are thrown away, until leave is called. It returns when each has shown some.
func watch(ctx context.Context, p *process.Process, ids ...string) (leave func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var watching errgroup.Group
	leave = func() {
		cancel()
		watching.Wait()
	}
	for _, id := range ids {
		begun := make(chan error, 1)
		watching.Go(func() error { return look(ctx, p.URL+"/cameras/"+id+"/stream", begun) })
		if err := <-begun; err != nil {
			leave()
			return nil, fmt.Errorf("camera %s: %w", id, err)
		}
	}
	return leave, nil
}

// plan is how a camera's pictures are made now, and whether that is by hardware where it was asked for.
func (c *check) plan(p *process.Process, id string) (plan process.Plan, asked bool, err error) {
	camera, err := p.Camera(id)
	return camera.Plan, id == "software" || c.Platform == "software" || camera.Plan.Hardware, err
}

// withoutDriver hides the device from framegate, as a container without it or a driver that is being updated does.
func (c *check) withoutDriver(ctx context.Context) error {
	if c.Platform != "nvidia" {
		return nil // there is no such switch for others
	}
	c.begin("driver", "CUDA_VISIBLE_DEVICES= takes the card away")
	cameras, stop, err := c.serve(ctx, c.camera(testcam.H264))
	if err != nil {
		return err
	}
	defer stop()
	camera := rig.Camera{ID: "device", URL: cameras.URL("cam1"), Keys: "hardware: " + c.Platform}
	return c.framegate(ctx, []string{"CUDA_VISIBLE_DEVICES="}, []rig.Camera{camera}, func(p *process.Process) error {
		var state process.Camera
		leave, err := watch(ctx, p, camera.ID)
		if err != nil {
			return err
		}
		defer leave()
		rate, err := rig.Rate(ctx, p.URL+"/cameras/device/stream", c.Time)
		if err != nil {
			return err
		}
		if state, err = p.Camera(camera.ID); err != nil {
			return err
		}
		if state.State != "live" || state.Plan.Hardware {
			return fmt.Errorf("the camera is %s, by %s", state.State, state.Plan.Name)
		}
		c.add(table.Row{Name: fmt.Sprintf("the camera is live, by %s: %s", state.Plan.Name, state.Plan.Chosen), Value: rate, Unit: "fps", AtLeast: atLeastRate})
		return nil
	})
}
