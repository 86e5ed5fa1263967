package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/standin"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/viewer"
)

// mostGap is the longest time that viewers may be without a picture when a driver fails.
const mostGap = 1000 // ms

// lost makes the driver fail while a camera is watched, and then work again.
func (c *check) lost(ctx context.Context) error {
	if c.Platform != "nvidia" {
		return nil // the other platforms have no such driver
	}
	c.begin("lost", "The driver fails, and then works again")
	real := findCuvid()
	if real == "" {
		c.add(table.Row{Name: "a driver that fails on command", Missing: "there is no libnvcuvid.so.1 for it to call"})
		return nil
	}
	if c.LostDriver == "" {
		dir, err := os.MkdirTemp("", "gpucheck")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		c.LostDriver = dir
		if err := c.compileLostDriver(); err != nil {
			return err
		}
	}
	driver := standin.LostDriverIn(c.LostDriver, real)
	driver.Restore() // an earlier run may have left it failing
	cameras, stop, err := c.serve(ctx, c.camera(testcam.H264))
	if err != nil {
		return err
	}
	defer stop()
	env := driver.Env()
	for _, name := range []string{"LD_LIBRARY_PATH", "GPU_CHECK_LIBRARIES"} { // the second is that of gpu-pack.sh
		env = append(env, name+"="+driver.Dir()+":"+os.Getenv(name))
	}
	camera := rig.Camera{ID: "device", URL: cameras.URL("cam1"), Keys: "plan_retry: 1s, hardware: " + c.Platform}
	return c.framegate(ctx, env, []rig.Camera{camera}, func(p *process.Process) error {
		ctx, cancel := context.WithCancel(ctx)
		g := &gaps{}
		begun, ended := make(chan error, 1), make(chan struct{})
		go func() {
			defer close(ended)
			watchStream(ctx, stream(p, camera.ID), begun, func(picture viewer.Picture) { g.picture(picture.Read) })
		}()
		defer func() {
			cancel()
			<-ended
		}()
		if err := <-begun; err != nil {
			return err
		}
		return c.loseAndReturn(ctx, p, driver, g)
	})
}

func (c *check) loseAndReturn(ctx context.Context, p *process.Process, driver standin.LostDriver, g *gaps) error {
	if _, err := c.untilPlan(ctx, p, true); err != nil {
		return err
	}
	time.Sleep(time.Second)
	if before := g.reset(); before > mostGap*time.Millisecond {
		return fmt.Errorf("the pictures had a gap of %v before the driver failed", before)
	}
	if err := driver.Lose(); err != nil {
		return err
	}
	defer driver.Restore() // after an error
	took, err := c.untilPlan(ctx, p, false)
	if err != nil {
		return err
	}
	select {
	case <-time.After(3 * time.Second): // in which the plan is tried again and fails
	case <-ctx.Done():
		return ctx.Err()
	}
	state, err := p.Camera("device")
	if err != nil {
		return err
	}
	c.add(table.Row{Name: "another plan takes over after", Value: millis(took), Unit: "ms: " + state.Plan.Name + ", " + state.Plan.Reason})
	c.add(table.Row{Name: "the longest time without a picture, with a second try of the plan", Value: millis(g.reset()), Unit: "ms", AtMost: mostGap})
	if err := driver.Restore(); err != nil {
		return err
	}
	if took, err = c.untilPlan(ctx, p, true); err != nil {
		return err
	}
	time.Sleep(time.Second)
	c.add(table.Row{Name: "the plan is back after", Value: took.Seconds(), Unit: "s"})
	c.add(table.Row{Name: "the longest time without a picture meanwhile", Value: millis(g.reset()), Unit: "ms", AtMost: mostGap})
	return nil
}

// untilPlan waits until the camera's pictures are made by hardware, or are not, and returns how long that took.
func (c *check) untilPlan(ctx context.Context, p *process.Process, hardware bool) (time.Duration, error) {
	began := time.Now()
	for {
		state, err := p.Camera("device")
		if err != nil || state.Plan.Hardware == hardware {
			return time.Since(began), err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if time.Since(began) > 30*time.Second {
			return 0, fmt.Errorf("the plan has been %s for %v: %s", state.Plan.Name, time.Since(began), state.Plan.Reason)
		}
	}
}

// gaps measures the longest time of a stream without a picture. Its methods may be called from any goroutine.
type gaps struct {
	mu      sync.Mutex // guards the fields below
	last    time.Time
	longest time.Duration
}

func (g *gaps) picture(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.last.IsZero() {
		g.longest = max(g.longest, now.Sub(g.last))
	}
	g.last = now
}

// reset returns the longest gap since the last reset, including one that has not ended.
func (g *gaps) reset() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	longest := max(g.longest, time.Since(g.last))
	g.longest = 0
	return longest
}

// without hides the device from framegate, as a container without it does, or an update of the driver.
func (c *check) without(ctx context.Context) error {
	if c.Platform != "nvidia" {
		return nil // the other platforms have no such switch
	}
	c.begin("without", "CUDA_VISIBLE_DEVICES= hides the card")
	cameras, stop, err := c.serve(ctx, c.camera(testcam.H264))
	if err != nil {
		return err
	}
	defer stop()
	camera := rig.Camera{ID: "device", URL: cameras.URL("cam1"), Keys: "hardware: " + c.Platform}
	return c.framegate(ctx, []string{"CUDA_VISIBLE_DEVICES="}, []rig.Camera{camera}, func(p *process.Process) error {
		leave, err := watch(ctx, p, camera.ID+"/stream")
		if err != nil {
			return err
		}
		defer leave()
		found, err := follow(ctx, stream(p, camera.ID), c.Time)
		if err != nil {
			return err
		}
		state, err := p.Camera(camera.ID)
		if err != nil {
			return err
		}
		if state.State != "live" || state.Plan.Hardware {
			return fmt.Errorf("the camera is %s, by %s", state.State, state.Plan.Name)
		}
		c.add(table.Row{Name: fmt.Sprintf("the camera is live, by %s: %s", state.Plan.Name, state.Plan.Chosen), Value: found.rate, Unit: "fps", AtLeast: atLeastRate})
		return nil
	})
}

// compileLostDriver compiles the driver that fails on command into its folder.
func (o options) compileLostDriver() error {
	if err := os.MkdirAll(o.LostDriver, 0o755); err != nil {
		return err
	}
	_, err := standin.InstallLostDriver(o.LostDriver, "")
	return err
}

// findCuvid returns the driver's library that GStreamer loads. It is empty if there is none.
func findCuvid() string {
	const name = "libnvcuvid.so.1"
	for _, dir := range filepath.SplitList(os.Getenv("GPU_CHECK_LIBRARIES") + ":" + os.Getenv("LD_LIBRARY_PATH")) {
		if path := filepath.Join(dir, name); dir != "" && exists(path) {
			return path
		}
	}
	ldconfig, err := exec.LookPath("ldconfig")
	if errors.Is(err, exec.ErrNotFound) {
		ldconfig = "/sbin/ldconfig" // not in the path of users
	}
	cache, _ := exec.Command(ldconfig, "-p").Output()
	if found := regexp.MustCompile(regexp.QuoteMeta(name) + ` \(libc6,.*64.*\) => (\S+)`).FindSubmatch(cache); found != nil {
		return strings.TrimSpace(string(found[1]))
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
