package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/web"
)

// configuration reads GET /api/config.
func (s serving) configuration(t *testing.T) (now web.Configuration) {
	t.Helper()
	if err := json.Unmarshal([]byte(s.get(t, "/api/config")), &now); err != nil {
		t.Fatal(err)
	}
	return now
}

// write writes a file in place, as some editors do.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// replace writes a new file and renames it over the old one, as most editors do.
func replace(t *testing.T, path, text string) {
	t.Helper()
	write(t, path+"~", text)
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
}

func TestChangedFileIsServedAndViewersOfOtherCamerasAreNotAffected(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 320, Height: 180, KeyframeInterval: 5})
	one := fmt.Sprintf("{id: a, url: %q}", cameras.URL("cam1"))
	path := config(t, "cameras: ["+one+"]")
	p := start(t, "--config", path)
	p.until(t, "a", "ready")
	v := p.watch(t, "/cameras/a/stream")
	var frames order
	check := func() {
		t.Helper()
		for range 5 {
			picture, err := v.Next()
			if err != nil {
				t.Fatal(err)
			}
			_, frame, _, _ := camtest.Read(t, picture.JPEG)
			frames.see(t, picture, frame)
		}
	}
	ids := func() (all string) {
		for _, id := range []string{"a", "b", "c", "d"} {
			if s, err := p.Camera(id); err == nil && s.State != "" {
				all += id
			}
		}
		return all
	}
	for i, c := range []struct {
		how func(*testing.T, string, string)
		add string
	}{{write, "b"}, {replace, "c"}, {write, "d"}} {
		c.how(t, path, fmt.Sprintf("cameras: [%s, {id: %s, url: %q}]", one, c.add, cameras.URL("cam1")))
		camtest.Until(t, "it is served", func() bool { return ids() == "a"+c.add })
		check()
		if i == 2 {
			break
		}
		// An empty file, half of a file, and one with a fault.
		for _, wrong := range []struct{ text, fault string }{
			{"", "empty"}, {"cameras: [{id: a, u", "flow map"}, {"cameras:\n  - {id: a, url: 'rtsp://h/', colour: red}\n", "colour"},
		} {
			c.how(t, path, wrong.text)
			camtest.Until(t, "it is refused", func() bool {
				now := p.configuration(t)
				return !now.OK() && strings.Contains(now.Faults[0].Message, wrong.fault)
			})
			if got := ids(); got != "a"+c.add {
				t.Errorf("after a wrong file the cameras are %s, want %s", got, "a"+c.add)
			}
			check()
		}
		if fault := p.configuration(t).Faults[0]; fault.Line != 2 || !strings.Contains(fault.Message, "colour") {
			t.Errorf("%+v", fault)
		}
		for place, part := range map[string]string{"/": ":2: cameras[0]: unknown key colour", "/metrics": "framegate_config_ok 0"} {
			if body := p.get(t, place); !strings.Contains(body, part) {
				t.Errorf("%q is not in %s:\n%s", part, place, body)
			}
		}
		if !strings.Contains(p.Log(), ":2:31: cameras[0]: unknown key colour") {
			t.Errorf("the fault is not in the log:\n%s", p.Log())
		}
	}
	if !strings.Contains(p.get(t, "/metrics"), "framegate_config_ok 1") {
		t.Error("framegate_config_ok is not 1 for a file in effect")
	}
}

var reloads = flag.Int("reloads", 200, "how often TestManyReloadsKeepViewersAndLeakNothing changes the file")

// metric reads a metric without labels.
func (s serving) metric(t *testing.T, name string) int {
	t.Helper()
	for line := range strings.Lines(s.get(t, "/metrics")) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return int(number)
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

func TestManyReloadsKeepViewersAndLeakNothing(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 320, Height: 180, KeyframeInterval: 5}, testcam.Camera{Width: 320, Height: 180, KeyframeInterval: 5})
	text := func(n int) string {
		return fmt.Sprintf("cameras: [{id: a, url: %q}, {id: b, name: B%d, url: %q}]", cameras.URL("cam1"), n, cameras.URL("cam2"))
	}
	path := config(t, text(0))
	p := start(t, "--config", path)
	p.until(t, "a", "ready")
	p.until(t, "b", "ready")
	stream := p.watch(t, "/cameras/a/stream")
	viewer := &reader{}
	var reading sync.WaitGroup
	t.Cleanup(reading.Wait)
	reading.Go(func() { viewer.read(t, stream) })
	camtest.Until(t, "pictures", func() bool { return viewer.seen(t, &viewer.pictures) > 0 })
	goroutines, descriptors := p.metric(t, "go_goroutines"), p.metric(t, "process_open_fds")

	began := time.Now()
	for n := 1; n <= *reloads; n++ {
		loads := p.configuration(t).Loads
		replace(t, path, text(n))
		if err := syscall.Kill(p.PID(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		camtest.Until(t, "it is read", func() bool { return p.configuration(t).Loads > loads })
	}
	t.Logf("%d reloads in %v", *reloads, time.Since(began))

	p.until(t, "b", "ready")
	if name := p.get(t, "/api/cameras/b"); !strings.Contains(name, fmt.Sprintf(`"name": "B%d"`, *reloads)) {
		t.Errorf("the name of the last file, B%d, is not in effect: %s", *reloads, name)
	}
	if placeholders := viewer.seen(t, &viewer.placeholders); placeholders > 0 {
		t.Errorf("the viewer of the camera that has not changed saw %d placeholders", placeholders)
	}
	camtest.Until(t, "goroutines and descriptors are as before", func() bool {
		return p.metric(t, "go_goroutines") <= goroutines+5 && p.metric(t, "process_open_fds") <= descriptors+5
	})
}

func TestSymlinkedFileIsWatched(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 320, Height: 180, KeyframeInterval: 5})
	dir := t.TempDir()
	version := func(n int, id string) string { // as Kubernetes mounts a ConfigMap
		name := fmt.Sprintf("..%d", n)
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name, "framegate.yaml"), fmt.Sprintf("cameras: [{id: %s, url: %q}]", id, cameras.URL("cam1")))
		return name
	}
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link(version(1, "a"), "..data")
	link("..data/framegate.yaml", "framegate.yaml")
	p := start(t, "--config", filepath.Join(dir, "framegate.yaml"))
	p.until(t, "a", "ready")
	link(version(2, "b"), "..next")
	if err := os.Rename(filepath.Join(dir, "..next"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	camtest.Until(t, "b is served", func() bool { s, err := p.Camera("b"); return err == nil && s.State == "ready" })
}

func TestViewerStaysWhenTheCameraIsReconfigured(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360, KeyframeInterval: 5})
	path := config(t, fmt.Sprintf("cameras: [{id: a, url: %q, width: 320}]", cameras.URL("cam1")))
	p := start(t, "--config", path)
	p.until(t, "a", "ready")
	v := p.watch(t, "/cameras/a/stream")
	replace(t, path, fmt.Sprintf("cameras: [{id: a, url: %q, width: 480}]", cameras.URL("cam1")))
	began := time.Now()
	for width := 0; width != 480; {
		picture, err := v.Next()
		if err != nil {
			t.Fatal(err)
		}
		width, _, _ = look(t, picture.JPEG)
		if time.Since(began) > camtest.Patience {
			t.Fatalf("the pictures are still %d wide", width)
		}
	}
}

func TestSIGHUPReloadsTheFile(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 320, Height: 180})
	path := config(t, fmt.Sprintf("listen: ':8080'\ncameras: [{id: a, url: %q}]", cameras.URL("cam1")))
	p := start(t, "--config", path)
	before := p.configuration(t).Loads
	if err := syscall.Kill(p.PID(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	camtest.Until(t, "it was read again", func() bool { return p.configuration(t).Loads > before })
	write(t, path, fmt.Sprintf("listen: ':8081'\ncameras: [{id: a, url: %q}]", cameras.URL("cam1")))
	camtest.Until(t, "the new address is reported to need a restart", func() bool { now := p.configuration(t).Restart; return len(now) == 1 && now[0] == "listen" })
}
