package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"time"

	"github.com/framegate/framegate/internal/plot"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"

	"golang.org/x/sync/errgroup"
)

const ofACore = "% of a core"

// baselines compares the cost of a watched camera with that of other programs.
func (b *bench) baselines(ctx context.Context) error {
	cameras, stop, err := startCameras(ctx, rig.Camera1080)
	if err != nil {
		return err
	}
	defer stop()
	url := cameras.URL("cam1")
	const us, bare, ff, cv = "framegate", "the bare chain in gst-launch-1.0, without a viewer", "ffmpeg -f mpjpeg", "OpenCV and Django, a typical hand-written server"
	workloads := []workload{gst(bare, url, gstLive), b.framegate(us, url, "")}
	var rates []float64
	if _, err := exec.LookPath("ffmpeg"); err == nil {
		workloads = append(workloads, ffmpeg(ff, url))
	}
	if hasOpenCV() {
		workloads = append(workloads, opencv(cv, url, 1, &rates))
	}
	loads, err := b.compare(ctx, workloads...)
	if err != nil {
		return err
	}
	for _, c := range workloads {
		b.add(table.Row{Name: c.name, Value: 100 * loads.load(c.name), Unit: ofACore})
	}
	for _, name := range []string{ff, cv} {
		if loads[name] == nil {
			b.add(table.Row{Name: name, Missing: "not installed"})
		}
	}
	b.add(table.Row{Name: "framegate against the bare chain", Value: loads.ratio(us, bare), AtMost: 1.05})
	for _, name := range []string{ff, cv} {
		if loads[name] != nil {
			b.add(table.Row{Name: "framegate against " + name, Value: loads.ratio(us, name)})
		}
	}
	return nil
}

// hasOpenCV reports whether the hand-written server can run.
func hasOpenCV() bool {
	return exec.Command("/usr/bin/python3", "-c", "import cv2, django").Run() == nil
}

// sharing compares ten viewers with one.
func (b *bench) sharing(ctx context.Context) error {
	cameras, stop, err := startCameras(ctx, rig.Camera1080)
	if err != nil {
		return err
	}
	defer stop()
	const one, ten, cv, viewers = "framegate with one viewer", "framegate with ten viewers", "OpenCV and Django with ten viewers", 10
	var rates []float64
	workloads := []workload{b.framegate(one, cameras.URL("cam1"), ""), b.framegate(ten, cameras.URL("cam1"), slices.Repeat([]string{""}, viewers)...)}
	if hasOpenCV() {
		workloads = append(workloads, opencv(cv, cameras.URL("cam1"), viewers, &rates))
	}
	loads, err := b.compare(ctx, workloads...)
	if err != nil {
		return err
	}
	for _, c := range workloads {
		b.add(table.Row{Name: c.name, Value: 100 * loads.load(c.name), Unit: ofACore})
	}
	b.add(table.Row{Name: "ten viewers against one", Value: loads.ratio(ten, one), AtMost: 1.15})
	worst, err := b.worstRate(ctx, cameras, viewers)
	if err != nil {
		return err
	}
	b.add(table.Row{Name: "lowest rate of a viewer", Value: worst, Unit: "fps", AtLeast: 24.5})
	if loads[cv] != nil {
		b.add(table.Row{Name: "lowest rate of a viewer of OpenCV and Django", Value: slices.Min(rates), Unit: "fps"})
	}
	return nil
}

// worstRate is the lowest rate that any of some viewers gets.
func (b *bench) worstRate(ctx context.Context, cameras *testcam.Server, viewers int) (float64, error) {
	server, err := b.startServer(ctx, "", cameras.URL("cam1"))
	if err != nil {
		return 0, err
	}
	defer server.Stop()
	rates := make([]float64, viewers)
	var watching errgroup.Group
	for i := range viewers {
		watching.Go(func() (err error) {
			rates[i], err = rig.Rate(ctx, server.URL+"/cameras/cam1/stream", b.Time)
			return err
		})
	}
	err = watching.Wait()
	return slices.Min(rates), err
}

// idle compares a camera that nobody watches with a chain that only receives it, and with the same camera watched.
func (b *bench) idle(ctx context.Context) error {
	cameras, stop, err := startCameras(ctx, rig.Camera1080)
	if err != nil {
		return err
	}
	defer stop()
	const idle, live, bare, bareLive = "framegate, connected", "framegate with a viewer", "rtspsrc ! rtph264depay ! h264parse ! fakesink", "the bare chain that decodes"
	url := cameras.URL("cam1")
	loads, err := b.compare(ctx, gst(bare, url, gstIdle), b.framegate(idle, url), b.framegate(live, url, ""), gst(bareLive, url, gstLive))
	if err != nil {
		return err
	}
	for _, name := range []string{idle, bare} {
		b.add(table.Row{Name: name, Value: 100 * loads.load(name), Unit: ofACore})
	}
	b.add(table.Row{Name: "framegate against the bare chain", Value: loads.ratio(idle, bare), AtMost: 1.3})
	b.add(table.Row{Name: "idle against live", Value: loads.ratio(idle, live), AtMost: 0.08})
	b.add(table.Row{Name: "the same ratio of the bare chains", Value: loads.ratio(bare, bareLive)})
	return nil
}

// saving is a picture that needs little or no decoding, and one of the same camera that needs all of it.
type saving struct {
	camera          testcam.Camera
	url             func(*testcam.Server) string
	all, allQuery   string // name and query of what is decoded in full
	less, lessQuery string // name and query of what is decoded in part or not at all
	goal            float64
	bare            string // a chain of gst-launch-1.0 that only receives the camera; empty for none
}

// undecoded compares what needs little or no decoding with what needs all of it.
func (b *bench) undecoded(ctx context.Context) error {
	second := rig.Camera1080
	second.KeyframeInterval = 25
	jpegs := testcam.Camera{Codec: testcam.MJPEG, Width: 1920, Height: 1080, Grain: 2, Loop: 2 * time.Second}
	size, err := jpegSize(ctx, jpegs)
	if err != nil {
		return err
	}
	b.add(table.Row{Name: "one JPEG of the MJPEG camera", Value: size / 1000, Unit: "KB"})
	overRTSP := func(s *testcam.Server) string { return s.URL("cam1") }
	overHTTP := func(s *testcam.Server) string { return s.ControlURL() + "/cam1.mjpg" }
	const again = "scale=1&quality=80" // with a quality, a JPEG is encoded again
	for _, c := range []saving{
		{second, overRTSP, "every picture of H.264", "", "one picture a second, from keyframes", "fps=1", 0.2, ""},
		{jpegs, overHTTP, "JPEG over HTTP decoded and encoded again", again, "JPEG over HTTP passed through", "scale=1", 0.15, ""},
		{jpegs, overRTSP, "JPEG over RTSP decoded and encoded again", again, "JPEG over RTSP passed through", "scale=1", 0.15, gstJPEG},
	} {
		if err := b.compareSaving(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// compareSaving adds the rows of one saving.
func (b *bench) compareSaving(ctx context.Context, c saving) error {
	cameras, stop, err := startCameras(ctx, c.camera)
	if err != nil {
		return err
	}
	defer stop()
	url := c.url(cameras)
	workloads := []workload{b.framegate(c.all, url, c.allQuery), b.framegate(c.less, url, c.lessQuery)}
	bare := "rtspsrc " + c.bare
	if c.bare != "" {
		workloads = append(workloads, gst(bare, url, c.bare))
	}
	loads, err := b.compare(ctx, workloads...)
	if err != nil {
		return err
	}
	for _, workload := range workloads {
		b.add(table.Row{Name: workload.name, Value: 100 * loads.load(workload.name), Unit: ofACore})
	}
	b.add(table.Row{Name: c.less + ", against decoding", Value: loads.ratio(c.less, c.all), AtMost: c.goal})
	if c.bare != "" {
		b.add(table.Row{Name: "the bare chain, against decoding", Value: loads.ratio(bare, c.all)})
	}
	return nil
}

// jpegSize is the size of one picture of an MJPEG camera, in bytes.
func jpegSize(ctx context.Context, camera testcam.Camera) (float64, error) {
	cameras, stop, err := startCameras(ctx, camera)
	if err != nil {
		return 0, err
	}
	defer stop()
	resp, err := get(ctx, cameras.ControlURL()+"/cam1.jpg")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	return float64(n), err
}

// renditions compares one rendition with two and four of the same camera.
func (b *bench) renditions(ctx context.Context) error {
	cameras, stop, err := startCameras(ctx, rig.Camera1080)
	if err != nil {
		return err
	}
	defer stop()
	queries := []string{"width=480", "width=320", "width=240", "width=400"}
	name := func(n int) string { return fmt.Sprintf("%d of them", n) }
	loads, err := b.compare(ctx,
		b.framegate(name(1), cameras.URL("cam1"), queries[:1]...),
		b.framegate(name(2), cameras.URL("cam1"), queries[:2]...),
		b.framegate(name(4), cameras.URL("cam1"), queries...))
	if err != nil {
		return err
	}
	costs := plot.Line{Name: "one camera"}
	for _, n := range []int{1, 2, 4} {
		b.add(table.Row{Name: name(n), Value: 100 * loads.load(name(n)), Unit: ofACore})
		costs.Points = append(costs.Points, plot.Point{X: float64(n), Y: 100 * loads.load(name(n))})
	}
	b.add(table.Row{Name: "four against one", Value: loads.ratio(name(4), name(1)), AtMost: 1.8})
	b.plots = append(b.plots, plot.Plot{Name: "bench-renditions", Title: "Renditions of one camera", X: "renditions", Y: ofACore, Lines: []plot.Line{costs}})
	return nil
}
