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

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/pipeline/plan"

	"golang.org/x/sync/errgroup"
)

// The goals of a device. It scales differently from software, so its pictures are not equal to software's. With these cameras, a
// picture that is one frame late would have 15 to 21 dB, and one with swapped colours 18 dB.
const (
	atLeastPSNR = 30   // dB, of the worst picture against software's
	atLeastRate = 24.5 // fps, of cameras of 25
)

const ofACore = "% of a core"

// check is the state that the measurements share.
type check struct {
	options
	found  plan.Hardware
	table  table.Table
	failed []string // errors of measurements; the table has the figures that miss their goals
}

// newCheck asks framegate for the hardware of this machine.
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

// platform is what framegate reports about the platform to check, nil if it does not know that platform.
func (c *check) platform() *plan.Platform {
	i := slices.IndexFunc(c.found.Platforms, func(p plan.Platform) bool { return p.Name == c.Platform })
	if i < 0 {
		return nil
	}
	return &c.found.Platforms[i]
}

// noDevice returns why there is nothing to check. It is empty if there is a device.
func (c *check) noDevice() string {
	if p := c.platform(); p.Status == plan.Missing && p.Device == "" {
		return p.Reason + "; " + p.Advice
	}
	return ""
}

// run makes all measurements, even if one of them fails.
func (c *check) run(ctx context.Context, out io.Writer) error {
	if p := c.platform(); p.Status != plan.Works {
		return fmt.Errorf("%s (%s) has the status %q: %s; %s", p.Title, p.Device, p.Status, p.Reason, p.Advice)
	}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"plans", c.proofs}, {"codecs", c.codecs}, {"colours", c.colours}, {"many", c.many}, {"starts", c.starts}, {"lost", c.lost}, {"without", c.without}} {
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
		return errors.New("failed: " + strings.Join(missed, "; "))
	}
	return nil
}

// fail records a failure.
func (c *check) fail(err error) {
	c.failed = append(c.failed, err.Error())
	fmt.Fprintln(os.Stderr, "gpucheck:", err)
	if len(c.table.Sections) > 0 {
		first, _, _ := strings.Cut(err.Error(), "\n")
		c.add(table.Row{Name: "failed", Missing: first})
	}
}

// begin starts a section of the table.
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

// save writes a file into the folder for output, if there is one.
func (c *check) save(name string, content []byte) error {
	if c.Out == "" {
		return nil
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.Out, name), content, 0o644)
}

// proofs adds the results of the proofs that framegate made of its plans.
func (c *check) proofs(context.Context) error {
	c.begin("plans", "framegate's own proof of each plan, with pictures of 320x180")
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
		c.add(table.Row{Name: "elements missing from GStreamer " + c.found.GStreamer, Missing: strings.Join(lacks, ", ")})
	}
	return nil
}

// framegate runs framegate with these cameras, and calls use when all plans are proved. The cameras are connected on demand unless
// their keys say otherwise.
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
	resp, err := http.Get(p.URL + "/api/hardware") // the answer comes when all plans are proved
	if err != nil {
		return err
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if err := use(p); err != nil {
		return fmt.Errorf("%w; framegate's log:\n%s", err, p.Log())
	}
	return nil
}

// watch watches streams until leave is called, and discards their pictures. paths are relative to /cameras/. It returns when
// each stream has shown a picture.
func watch(ctx context.Context, p *process.Process, paths ...string) (leave func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var watching, beginning errgroup.Group
	leave = func() {
		cancel()
		watching.Wait()
	}
	for _, path := range paths {
		begun := make(chan error, 1)
		watching.Go(func() error { return watchStream(ctx, p.URL+"/cameras/"+path, begun, nil) })
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

// onDevice returns an error, with the reason, unless the device makes a camera's pictures.
func (c *check) onDevice(p *process.Process, id string) error {
	camera, err := p.Camera(id)
	if err != nil || camera.Plan.Hardware || c.Platform == "software" {
		return err
	}
	return fmt.Errorf("camera %s uses %s: %s (%s)", id, camera.Plan.Name, camera.Plan.Reason, camera.Plan.Chosen)
}
