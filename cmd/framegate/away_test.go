package main

import (
	"bytes"
	"flag"
	"fmt"
	"image/jpeg"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/testcam/mark"
	"github.com/framegate/framegate/internal/viewer"
)

var losses = flag.Int("losses", 4, "how often TestViewersStayThroughEveryLoss loses the camera")

// look returns the size of a picture, and whether it has a test camera's mark, which a placeholder does not have.
func look(t testing.TB, picture []byte) (width, height int, marked bool) {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatalf("a picture that is no JPEG: %v", err)
	}
	_, _, err = mark.Read(img)
	return img.Bounds().Dx(), img.Bounds().Dy(), err == nil
}

// next reads pictures until one has a mark, or has none if marked is false, and returns how long that took.
func next(t testing.TB, s *viewer.Stream, marked bool) time.Duration {
	t.Helper()
	began := time.Now()
	for time.Since(began) < camtest.Patience {
		picture, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if _, _, now := look(t, picture.JPEG); now == marked {
			return time.Since(began)
		}
	}
	t.Fatalf("no such picture (marked %v) within %v", marked, camtest.Patience)
	return 0
}

// watch opens a stream, which the end of the test closes.
func (s serving) watch(t testing.TB, path string) *viewer.Stream {
	t.Helper()
	v, err := viewer.Open(t.Context(), s.URL+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// reader reads a stream continuously and counts the pictures.
type reader struct {
	mu                     sync.Mutex // guards the fields below
	placeholders, pictures int
	err                    error
}

func (r *reader) read(t *testing.T, s *viewer.Stream) {
	for {
		picture, err := s.Next()
		if err != nil {
			r.mu.Lock()
			r.err = err
			r.mu.Unlock()
			return
		}
		_, _, marked := look(t, picture.JPEG)
		r.mu.Lock()
		if marked {
			r.pictures++
		} else {
			r.placeholders++
		}
		r.mu.Unlock()
	}
}

// seen returns one of the counts, and fails the test if the stream has ended.
func (r *reader) seen(t *testing.T, what *int) int {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		t.Fatalf("the stream of a viewer ended: %v", r.err)
	}
	return *what
}

func TestViewersStayThroughEveryLoss(t *testing.T) {
	camtest.Long(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360, KeyframeInterval: 5})
	p := start(t, "--config", config(t, "cameras: [{id: gate, url: '"+cameras.URL("cam1")+"'}]"))
	p.until(t, "gate", "ready")
	var readers []*reader
	var reading sync.WaitGroup
	t.Cleanup(reading.Wait)
	for _, query := range []string{"", "", "?width=320", "?fps=5"} {
		r, stream := &reader{}, p.watch(t, "/cameras/gate/stream"+query)
		readers = append(readers, r)
		reading.Go(func() { r.read(t, stream) })
	}
	var placeholder, back time.Duration // the longest
	for range *losses {
		placeholders := make([]int, len(readers))
		for i, r := range readers {
			placeholders[i] = r.seen(t, &r.placeholders)
			pictures := r.seen(t, &r.pictures)
			camtest.Until(t, "a picture", func() bool { return r.seen(t, &r.pictures) > pictures })
		}
		lost := time.Now()
		camtest.Do(t, cameras, "cam1", testcam.Refuse, testcam.Options{})
		for i, r := range readers {
			camtest.Until(t, "a placeholder", func() bool { return r.seen(t, &r.placeholders) > placeholders[i] })
		}
		placeholder = max(placeholder, time.Since(lost))
		healed := time.Now()
		camtest.Do(t, cameras, "cam1", testcam.Heal, testcam.Options{})
		for _, r := range readers {
			pictures := r.seen(t, &r.pictures)
			camtest.Until(t, "pictures again", func() bool { return r.seen(t, &r.pictures) > pictures })
		}
		back = max(back, time.Since(healed))
	}
	t.Logf("%d losses: a placeholder at most %v after the loss, pictures again at most %v after the camera's return", *losses, placeholder, back)
}

func TestViewerOfLostCameraSeesPlaceholder(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360, KeyframeInterval: 5})
	p := start(t, "--config", config(t, "cameras: [{id: gate, name: Front gate, url: '"+cameras.URL("cam1")+"'}, {id: shy, url: '"+cameras.URL("cam1")+"', placeholder: false}]"))
	p.until(t, "gate", "ready")
	p.until(t, "shy", "ready")
	v, shy := p.watch(t, "/cameras/gate/stream?width=480"), p.watch(t, "/cameras/shy/stream")
	next(t, v, true)
	camtest.Do(t, cameras, "cam1", testcam.Refuse, testcam.Options{})
	next(t, v, false)
	for range 3 {
		began := time.Now()
		picture, err := v.Next()
		if err != nil {
			t.Fatal(err)
		}
		if width, height, marked := look(t, picture.JPEG); marked || width != 480 || height != 270 || began.Sub(picture.Received) > time.Second {
			t.Errorf("%dx%d, marked %v, of %v", width, height, marked, picture.Received)
		}
	}
	late := p.watch(t, "/cameras/gate/stream?width=320") // comes while the camera is lost
	next(t, late, false)

	var err error
	for err == nil {
		_, err = shy.Next()
	}
	if _, err := viewer.Open(t.Context(), p.URL+"/cameras/shy/stream"); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("a new viewer of the camera without placeholders gets %v", err)
	}

	camtest.Do(t, cameras, "cam1", testcam.Heal, testcam.Options{})
	next(t, v, true)
	next(t, late, true)
}

func TestSnapshotOfLostCameraHasItsAge(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360, KeyframeInterval: 5})
	p := start(t, "--config", config(t, "cameras: [{id: gate, url: '"+cameras.URL("cam1")+"'}]"))
	p.until(t, "gate", "ready")
	camtest.Do(t, cameras, "cam1", testcam.Refuse, testcam.Options{})
	p.until(t, "gate", "lost")
	resp, err := http.Get(p.URL + "/cameras/gate/snapshot.jpg?max_age=600&width=320")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	body.ReadFrom(resp.Body)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", resp.Status, body.String())
	}
	if width, _, marked := look(t, body.Bytes()); width != 320 || !marked {
		t.Errorf("%d wide, marked %v", width, marked)
	}
	if age, err := strconv.Atoi(resp.Header.Get("X-Framegate-Stale")); err != nil || age < 0 || age > 60 {
		t.Errorf("X-Framegate-Stale: %q", resp.Header.Get("X-Framegate-Stale"))
	}
	resp, err = http.Get(p.URL + "/cameras/gate/snapshot.jpg?max_age=0")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("a picture that is too old: %s, %v", resp.Status, resp.Header)
	}
}

func TestStreamsBeyondTheLimitsAreRefused(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 320, Height: 180, KeyframeInterval: 5})
	url := cameras.URL("cam1")
	for _, c := range []struct{ limits, status string }{
		{"max_viewers: 1", "503"}, {"max_viewers_per_address: 1", "429"}, {"defaults: {max_viewers: 1}", "503"},
	} {
		p := start(t, "--config", config(t, fmt.Sprintf("%s\ncameras: [{id: gate, url: %q}]", c.limits, url)))
		p.until(t, "gate", "ready")
		first := p.watch(t, "/cameras/gate/stream")
		if _, err := viewer.Open(t.Context(), p.URL+"/cameras/gate/stream"); err == nil || !strings.Contains(err.Error(), c.status) {
			t.Errorf("%s: the second viewer gets %v", c.limits, err)
		}
		first.Close()
		camtest.Until(t, "the place is free", func() bool {
			v, err := viewer.Open(t.Context(), p.URL+"/cameras/gate/stream")
			if err == nil {
				v.Close()
			}
			return err == nil
		})
	}
}

func TestViewerWhoHardlyReadsIsDisconnectedAndOthersAreNotAffected(t *testing.T) {
	camtest.Long(t)
	t.Parallel() // it waits for the time limit of a write
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360, KeyframeInterval: 5})
	p := start(t, "--config", config(t, "cameras: [{id: gate, url: '"+cameras.URL("cam1")+"'}]"))
	p.until(t, "gate", "ready")
	others := p.watch(t, "/cameras/gate/stream")

	slow, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	slow.(*net.TCPConn).SetReadBuffer(4 << 10)
	fmt.Fprint(slow, "GET /cameras/gate/stream HTTP/1.1\r\nHost: gate\r\n\r\n")
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for one := make([]byte, 1); ; <-tick.C {
			if _, err := slow.Read(one); err != nil {
				return
			}
		}
	}()
	viewers := func() int { return p.camera(t, "gate").Viewers }
	camtest.Until(t, "both watch", func() bool { return viewers() == 2 })
	var frames order
	for began := time.Now(); viewers() == 2; {
		if time.Since(began) > 2*camtest.Patience {
			t.Fatal("the slow viewer is still served")
		}
		picture, err := others.Next()
		if err != nil {
			t.Fatal(err)
		}
		_, frame, _, _ := camtest.Read(t, picture.JPEG)
		frames.see(t, picture, frame)
	}
	slow.Close()
	<-gone
}
