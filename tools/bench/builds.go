package main

import (
	"context"
	"slices"
	"time"

	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"
)

// fanOutViewers is how many viewers two builds are compared with. It is less than any build's limit of one address.
const fanOutViewers = 200

// builds compares framegate with another build of it, such as one of an earlier commit. Each pair takes turns.
func (b *bench) builds(ctx context.Context) error {
	if b.Against == "" {
		b.add(table.Row{Name: "another build", Missing: "none is given with --against"})
		return nil
	}
	jpegs := testcam.Camera{Codec: testcam.MJPEG, Width: 1920, Height: 1080, Grain: 2, Loop: 2 * time.Second}
	for _, c := range []struct {
		name    string
		camera  testcam.Camera
		queries []string
	}{
		{"one viewer", rig.Camera1080, []string{""}},
		{"no viewer", rig.Camera1080, nil},
		{"renditions of four sizes", rig.Camera1080, []string{"width=480", "width=320", "width=240", "width=400"}},
		{"200 viewers of one rendition", rig.Camera1080, slices.Repeat([]string{fanOutQuery}, fanOutViewers)},
		{"one picture a second, from keyframes", rig.Camera1080, []string{"fps=1"}},
		{"JPEG over RTSP passed through", jpegs, []string{"scale=1"}},
	} {
		if err := b.compareBuilds(ctx, c.name, c.camera, c.queries); err != nil {
			return err
		}
	}
	return nil
}

// compareBuilds adds the rows of one load of both builds.
func (b *bench) compareBuilds(ctx context.Context, name string, camera testcam.Camera, queries []string) error {
	cameras, stop, err := startCameras(ctx, camera)
	if err != nil {
		return err
	}
	defer stop()
	other := *b
	other.Framegate = b.Against
	const these, those = "this build", "the other build"
	loads, err := b.compare(ctx, b.framegate(these, cameras.URL("cam1"), queries...), other.framegate(those, cameras.URL("cam1"), queries...))
	if err != nil {
		return err
	}
	for _, build := range []string{these, those} {
		b.add(table.Row{Name: name + ": " + build, Value: 100 * loads.load(build), Unit: ofACore})
	}
	b.add(table.Row{Name: name + ", this build against the other", Value: loads.ratio(these, those), AtMost: 1.03})
	return nil
}
