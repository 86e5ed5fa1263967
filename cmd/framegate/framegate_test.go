package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/viewer"
)

// binary is the framegate that the tests run. It is built with buildFlags.
var (
	binary     string
	buildFlags []string
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "framegate")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "framegate")
	args := append([]string{"build", "-o", binary}, buildFlags...)
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s\n", out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// run runs framegate until it exits.
func run(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	cmd.Run()
	return out.String(), errors.String(), cmd.ProcessState.ExitCode()
}

// serving is a framegate that serves until the test ends.
type serving struct{ *process.Process }

// start starts framegate in an empty folder.
func start(t *testing.T, args ...string) serving {
	t.Helper()
	p, err := process.Start(binary, args...)
	return untilEnd(t, p, err)
}

// untilEnd stops a framegate when the test ends.
func untilEnd(t *testing.T, p *process.Process, err error) serving {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stop()
		if strings.Contains(p.Log(), "DATA RACE") {
			t.Error("framegate has a data race")
		}
		if t.Failed() {
			t.Logf("framegate said:\n%s", p.Log())
		}
	})
	return serving{p}
}

// config writes a configuration and returns its path.
func config(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "framegate.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// camera reads a camera's state.
func (s serving) camera(t *testing.T, id string) process.Camera {
	t.Helper()
	camera, err := s.Camera(id)
	if err != nil {
		t.Fatal(err)
	}
	return camera
}

// get returns the body of the answer to a GET request.
func (s serving) get(t *testing.T, path string) string {
	t.Helper()
	resp, err := http.Get(s.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func (s serving) until(t *testing.T, id, state string) {
	t.Helper()
	if err := s.Until(t.Context(), id, state); err != nil {
		t.Fatal(err)
	}
}

// order checks the order of the pictures of a test camera, whose loop has 100 frames. A viewer that is delayed skips some, on a busy
// machine many. Where two pictures are less than a second apart in the camera's time, a step of more than half of the loop is a step
// back.
type order struct {
	frame    int
	received time.Time
}

func (o *order) see(t testing.TB, picture viewer.Picture, frame int) {
	t.Helper()
	gap := picture.Received.Sub(o.received)
	steps := (frame - o.frame + 100) % 100
	if !o.received.IsZero() && (gap <= 0 || gap < time.Second && (steps < 1 || steps > 50)) {
		t.Errorf("frame %d after %d, %v later", frame, o.frame, gap)
	}
	o.frame, o.received = frame, picture.Received
}

func TestTenViewersEachGetEveryPictureInOrder(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 1920, Height: 1080})
	p := start(t, "--config", config(t, "cameras: [{id: gate, scale: 0.25, url: '"+cameras.URL("cam1")+"'}]"))
	p.until(t, "gate", "ready")
	var viewers sync.WaitGroup
	for range 10 {
		viewers.Go(func() {
			s, err := viewer.Open(t.Context(), p.URL+"/cameras/gate/stream")
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			var frames order
			for range 75 {
				picture, err := s.Next()
				if err != nil {
					t.Error(err)
					return
				}
				number, frame, width, height := camtest.Read(t, picture.JPEG)
				if number != 1 || width != 480 || height != 270 {
					t.Errorf("a picture of camera %d, %dx%d", number, width, height)
				}
				frames.see(t, picture, frame)
			}
		})
	}
	viewers.Wait()
}

func TestViewerStaysWhileTheCameraIsLostAndComesBack(t *testing.T) {
	camtest.Long(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360, KeyframeInterval: 5}, testcam.Camera{Width: 640, Height: 360, KeyframeInterval: 5})
	p := start(t, "--config", config(t, fmt.Sprintf("cameras: [{id: a, url: %q, stall_timeout: 1s}, {id: b, url: %q}]", cameras.URL("cam1"), cameras.URL("cam2"))))
	p.until(t, "a", "ready")
	s, err := viewer.Open(t.Context(), p.URL+"/cameras/a/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		fault testcam.Command
		state string
	}{{testcam.Refuse, "lost"}, {testcam.Stall, "stalled"}} {
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
		camtest.Do(t, cameras, "cam1", c.fault, testcam.Options{})
		p.until(t, "a", c.state)
		if state := p.camera(t, "a"); state.Error == "" {
			t.Error("the API does not say why")
		}
		if state := p.camera(t, "b"); state.State != "ready" {
			t.Errorf("the other camera is %+v", state)
		}
		camtest.Do(t, cameras, "cam1", testcam.Heal, testcam.Options{})
		p.until(t, "a", "live")
	}
	for _, c := range []struct {
		command testcam.Command
		options testcam.Options
	}{{testcam.Resize, testcam.Options{Width: 320, Height: 240}}, {testcam.Recodec, testcam.Options{Codec: testcam.MJPEG}}, {testcam.Heal, testcam.Options{}}} {
		camtest.Do(t, cameras, "cam1", c.command, c.options)
		began := time.Now()
		for { // the size of the pictures shows when the camera's next loop has begun
			picture, err := s.Next()
			if err != nil {
				t.Fatal(err)
			}
			width, _, marked := look(t, picture.JPEG)
			if !marked {
				continue // a placeholder, while the camera connects again
			}
			if want := map[testcam.Command]int{testcam.Resize: 320, testcam.Recodec: 640, testcam.Heal: 640}[c.command]; width == want {
				break
			}
			if time.Since(began) > camtest.Patience {
				t.Fatalf("after %s the pictures are %d wide", c.command, width)
			}
		}
	}
}

func TestOtherRenditionsComeAndGoWithoutInterruptingAViewer(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360}, testcam.Camera{Width: 320, Height: 180, Number: 1})
	p := start(t, "--config", config(t, fmt.Sprintf("cameras: [{id: a, url: %q, substream: %q, idle_timeout: 0s}]", cameras.URL("cam1"), cameras.URL("cam2"))))
	p.until(t, "a", "ready")
	camtest.Until(t, "the main stream is known", func() bool { return strings.Contains(p.get(t, "/api/cameras/a"), `"width": 640`) })
	watched, err := viewer.Open(t.Context(), p.URL+"/cameras/a/stream?width=480")
	if err != nil {
		t.Fatal(err)
	}
	defer watched.Close()
	var others sync.WaitGroup
	defer others.Wait()
	done := make(chan struct{})
	others.Go(func() {
		defer close(done)
		for _, query := range []string{"width=400", "width=160", "width=480&fps=5", "width=480&quality=30", "fps=key", "rotate=90"} {
			other, err := viewer.Open(t.Context(), p.URL+"/cameras/a/stream?"+query)
			if err != nil {
				t.Errorf("%s: %v", query, err)
				return
			}
			for range 3 {
				if _, err := other.Next(); err != nil {
					t.Errorf("%s: %v", query, err)
				}
			}
			other.Close()
		}
	})
	var seen order
	for left := 25; left > 0; { // and for a second after the last one has ended
		picture, err := watched.Next()
		if err != nil {
			t.Fatal(err)
		}
		number, frame, width, _ := camtest.Read(t, picture.JPEG) // which a placeholder has not
		if number != 1 || width != 480 {
			t.Errorf("a picture of camera %d, %d wide", number, width)
		}
		seen.see(t, picture, frame)
		select {
		case <-done:
			left--
		default:
		}
	}
}

func TestSnapshotsAreNewerThanTheRequest(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360, KeyframeInterval: 50})
	p := start(t, "--config", config(t, fmt.Sprintf("cameras: [{id: a, url: %q}, {id: b, url: %q, connect: on_demand}]", cameras.URL("cam1"), cameras.URL("cam1"))))
	p.until(t, "a", "ready")
	for _, path := range []string{"/cameras/a/snapshot.jpg?max_age=0", "/cameras/b/snapshot.jpg?max_age=0&scale=0.5"} {
		asked := time.Now()
		resp, err := http.Get(p.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v", path, resp.Status, err)
		}
		_, frame, _, _ := camtest.Read(t, body)
		if sent, ok := cameras.Sent("cam1", frame); !ok || sent.Before(asked) {
			t.Errorf("%s: frame %d was sent %v before it was asked for", path, frame, asked.Sub(sent))
		}
	}
	if state := p.camera(t, "a").State; state != "ready" {
		t.Errorf("after a snapshot the camera is %s", state)
	}
}

func TestDemoShowsItsOwnCameras(t *testing.T) {
	demo, err := process.StartDemo(binary)
	p := untilEnd(t, demo, err)
	if !strings.Contains(p.Log(), "the demo starts four test cameras") {
		t.Errorf("the log does not announce the demo: %s", p.Log())
	}
	for _, id := range []string{"gate", "yard", "hall", "dock"} {
		p.until(t, id, "ready")
		camtest.Read(t, []byte(p.get(t, "/cameras/"+id+"/snapshot.jpg")))
	}
}
