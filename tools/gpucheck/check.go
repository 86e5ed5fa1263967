package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"framegate/internal/process"
	"framegate/internal/rig"
	"framegate/internal/table"
	"framegate/pipeline/plan"

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
	found  plan.Hardware
	table  table.Table
	failed []string // what is not as it should be, besides figures that miss their goals
}

// newCheck asks framegate what it finds.
func newCheck(ctx context.Context, o options) (*check, error) {
	cmd := exec.CommandContext(ctx, o.Framegate, "hardware", "--json")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s hardware: %w", o.Framegate, err)
	}
	c := &check{options: o, table: table.New()}
	if err := c.save("hardware.json", text); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &c.found); err != nil {
		return nil, fmt.Errorf("%s hardware: %w", o.Framegate, err)
	}
	if c.platform() == nil {
		return nil, fmt.Errorf("no platform %q", o.Platform)
	}
	return c, nil
}

// platform is what framegate says of the platform that is checked.
func (c *check) platform() *plan.Platform {
	i := slices.IndexFunc(c.found.Platforms, func(p plan.Platform) bool { return p.Name == c.Platform })
	if i < 0 {
		return nil
	}
	return &c.found.Platforms[i]
}

// noDevice says why there is nothing to check; empty where there is.
func (c *check) noDevice() string {
	if p := c.platform(); p.Status == plan.Missing && p.Device == "" {
		return p.Reason + "; " + p.Advice
	}
	return ""
}

// run makes all measurements. One that fails does not keep the others from being made.
func (c *check) run(ctx context.Context, out io.Writer) error {
	if p := c.platform(); p.Status != plan.Works {
		return fmt.Errorf("%s (%s) %s: %s; %s", p.Title, p.Device, p.Status, p.Reason, p.Advice)
	}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"plans", c.proofs}, {"codecs", c.codecs}, {"many", c.many}, {"starts", c.starts}, {"lost", c.lost}, {"without", c.without}} {
		if len(c.Only) > 0 && !slices.Contains(c.Only, part.name) {
			continue
		}
		if err := part.run(ctx); err != nil {
			c.fail(fmt.Errorf("%s: %w", part.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	c.table.Print(out)
	missed := c.failed
	for _, r := range c.table.Missed() {
		missed = append(missed, r.Name+": "+r.Text())
	}
	if len(missed) > 0 {
		return errors.New("not as it should be: " + strings.Join(missed, "; "))
	}
	return nil
}

// fail notes that something is not as it should be.
func (c *check) fail(err error) {
	c.failed = append(c.failed, err.Error())
	fmt.Fprintln(os.Stderr, "gpucheck:", err)
	if len(c.table.Sections) > 0 {
		first, _, _ := strings.Cut(err.Error(), "\n")
		c.add(table.Row{Name: "failed", Missing: first})
	}
}

// begin begins a section of the table.
func (c *check) begin(name, title string) {
	c.table.Begin(name, title)
	fmt.Fprintln(os.Stderr, "gpucheck:", title)
}

// add adds a row to the table, and to its file.
func (c *check) add(r table.Row) {
	c.table.Add(r)
	fmt.Fprintf(os.Stderr, "  %s: %s\n", r.Name, r.Text())
	if c.Out != "" {
		if err := c.table.WriteJSON(filepath.Join(c.Out, "table.json")); err != nil {
			fmt.Fprintln(os.Stderr, "gpucheck:", err)
		}
	}
}

// save writes a file into the folder that the caller named, if any.
func (c *check) save(name string, content []byte) error {
	if c.Out == "" {
		return nil
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.Out, name), content, 0o644)
}

// proofs tells what framegate itself found out at its start.
func (c *check) proofs(context.Context) error {
	c.begin("plans", "framegate's own proof, of pictures of 320x180")
	for _, p := range c.found.Plans {
		if p.Platform != c.Platform {
			continue
		}
		r := table.Row{Name: fmt.Sprintf("%s %s: %s, %s, %s", p.Plan, p.Codec, p.Decoder, p.Scaler, p.Encoder), Value: p.FPS, Unit: "fps"}
		if p.Status != plan.Works {
			r.Missing = fmt.Sprintf("%s: %s", p.Status, p.Reason)
		}
		c.add(r)
	}
	if lacks := c.platform().Lacks; len(lacks) > 0 {
		c.add(table.Row{Name: "elements that GStreamer " + c.found.GStreamer + " lacks here", Missing: strings.Join(lacks, ", ")})
	}
	return nil
}

// framegate runs a framegate for cameras, which are connected while they are watched unless their keys say otherwise, and lets
// use work with it when it knows its hardware.
func (c *check) framegate(ctx context.Context, env []string, cameras []rig.Camera, use func(*process.Process) error) error {
	for i := range cameras {
		if !strings.Contains(cameras[i].Keys, "connect: ") {
			cameras[i].Keys += ", connect: on_demand"
		}
	}
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

// watch watches streams, by their addresses below /cameras/, whose pictures are thrown away, until leave is called. It returns
// when each has shown some.
func watch(ctx context.Context, p *process.Process, streams ...string) (leave func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var watching, beginning errgroup.Group
	leave = func() {
		cancel()
		watching.Wait()
	}
	for _, path := range streams {
		begun := make(chan error, 1)
		watching.Go(func() error { return look(ctx, p.URL+"/cameras/"+path, begun, nil) })
		beginning.Go(func() error {
			if err := <-begun; err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return nil
		})
	}
	if err := beginning.Wait(); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// stream is the address of a camera's stream.
func stream(p *process.Process, id string) string { return p.URL + "/cameras/" + id + "/stream" }

// onDevice says why a camera's pictures are not made by the device; nil where they are.
func (c *check) onDevice(p *process.Process, id string) error {
	camera, err := p.Camera(id)
	if err != nil || camera.Plan.Hardware || c.Platform == "software" {
		return err
	}
	return fmt.Errorf("camera %s came to %s: %s (%s)", id, camera.Plan.Name, camera.Plan.Reason, camera.Plan.Chosen)
}
