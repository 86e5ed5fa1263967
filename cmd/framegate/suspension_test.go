package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/testcam/hostile"
)

// TestCameraThatFillsMemoryIsSuspended with two cameras that send as many units of two bytes as they can, on a process that may take
// little more than it does without them.
func TestCameraThatFillsMemoryIsSuspended(t *testing.T) {
	camera, err := hostile.New(t.Context(), "127.0.0.1", "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer camera.Close()
	cameras := camtest.Start(t, testcam.Camera{Width: 320, Height: 180, KeyframeInterval: 5})
	honest := fmt.Sprintf("{id: honest, url: %q}", cameras.URL("cam1"))
	path := config(t, "cameras: ["+honest+"]")
	p := start(t, "--config", path)
	p.until(t, "honest", "ready")
	v := p.watch(t, "/cameras/honest/stream")
	if _, err := v.Next(); err != nil {
		t.Fatal(err)
	}
	limit := p.metric(t, "process_resident_memory_bytes") + 40<<20
	replace(t, path, fmt.Sprintf("max_memory: %dMiB\ncameras: [%s, {id: h1, url: %[3]q}, {id: h2, url: %[3]q}]", int(limit)>>20, honest, camera.URL("rtsp")))
	suspended := func() (id string) {
		for _, name := range []string{"h1", "h2"} {
			if p.camera(t, name).State == "suspended" {
				id = name
			}
		}
		return id
	}
	camtest.Until(t, "a hostile camera is suspended", func() bool { return suspended() != "" })
	if state := p.camera(t, suspended()); !strings.Contains(state.Error, "max_memory") {
		t.Errorf("%+v", state)
	}
	for range 10 {
		if _, err := v.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if state := p.camera(t, "honest"); state.State != "live" {
		t.Errorf("%+v", state)
	}
}
