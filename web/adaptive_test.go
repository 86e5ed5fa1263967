package web

import (
	"bytes"
	"context"
	"encoding/json"
	"image/jpeg"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/viewer"
	"github.com/framegate/framegate/pipeline/frame"

	"golang.org/x/sys/unix"
)

// slowConn is a connection whose reader takes a few bytes for each tick, as long as it is slow.
type slowConn struct {
	net.Conn
	fast atomic.Bool
	tick <-chan struct{}
}

func (c *slowConn) Read(p []byte) (int, error) {
	if !c.fast.Load() {
		<-c.tick
		p = p[:min(len(p), 6000)]
	}
	return c.Conn.Read(p)
}

// openSlowly opens a stream on a connection whose reader reads as slowly as ticks come, with little room in the kernel.
func openSlowly(t *testing.T, url string, tick <-chan struct{}) (*viewer.Stream, *slowConn) {
	t.Helper()
	slow := &slowConn{tick: tick}
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 8192) })
	}}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, DisableCompression: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			slow.Conn = conn
			return slow, err
		},
	}}
	s, err := viewer.OpenVia(t.Context(), client, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, slow
}

// ticks gives one tick for each picture of a stream.
func ticks(t *testing.T, url string) <-chan struct{} {
	t.Helper()
	s, err := viewer.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	tick := make(chan struct{})
	go func() {
		defer s.Close()
		defer close(tick)
		for {
			if _, err := s.Next(); err != nil {
				return
			}
			select {
			case tick <- struct{}{}:
			case <-t.Context().Done():
				return
			}
		}
	}()
	return tick
}

// fastClock runs ten times as fast as time, so that tests need not wait for what takes seconds.
func fastClock() func() time.Time {
	began := time.Now()
	return func() time.Time { return began.Add(10 * time.Since(began)) }
}

func TestSlowViewerGetsSmallerPicturesUntilItsLineRecovers(t *testing.T) {
	for name, test := range map[string]struct{ keys, query string }{
		"by the request":       {"", "?width=320&quality=auto"},
		"by the configuration": {", quality: auto", ""},
	} {
		t.Run(name, func(t *testing.T) {
			config := mustParse(t, "cameras: [{id: gate, url: 'rtsp://h/calm', max_viewers: 2, idle_timeout: 100ms"+test.keys+"}]")
			server := serveBy(t, config, nil, fastClock())
			url := server + "/cameras/gate/stream"
			s, connection := openSlowly(t, url+test.query, ticks(t, url+"?quality=80"))
			var stamp time.Time
			// until reads pictures until one is so wide. None is older than the one before.
			until := func(width func(int) bool) {
				t.Helper()
				for began := time.Now(); ; {
					p, err := s.Next()
					if err != nil {
						t.Fatal(err)
					}
					picture, err := jpeg.DecodeConfig(bytes.NewReader(p.JPEG))
					if err != nil {
						t.Fatal(err)
					}
					if !p.Received.After(stamp) {
						t.Fatalf("a picture of %v follows one of %v", p.Received, stamp)
					}
					stamp = p.Received
					if width(picture.Width) {
						return
					}
					if time.Since(began) > 2*time.Minute {
						t.Fatalf("still %d pixels wide", picture.Width)
					}
				}
			}
			until(func(width int) bool { return width == 320 })
			until(func(width int) bool { // the viewer may have left the step of the picture that has come
				_, body := get(t, server+"/metrics")
				return width < 200 && strings.Contains(string(body), "framegate_reduced_viewers 1\n")
			})
			connection.fast.Store(true)
			until(func(width int) bool { return width == 320 })
		})
	}
}

func TestLimitHoldsWhateverTheQuality(t *testing.T) {
	url := serve(t) + "/cameras/gate/stream?max_kbps=64"
	for _, query := range []string{"", "&quality=90"} {
		s, err := viewer.Open(t.Context(), url+query)
		if err != nil {
			t.Fatal(err)
		}
		first, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		bytes, last := 0, first
		for bytes < 12_000 { // 4,000 may come at once; the others take a second
			if last, err = s.Next(); err != nil {
				t.Fatal(err)
			}
			bytes += len(last.JPEG)
		}
		if took := last.Read.Sub(first.Read); took < 800*time.Millisecond {
			t.Errorf("%q: %d bytes took %v", query, bytes, took)
		}
		s.Close()
	}
}

func TestQualityIsANumberOrAuto(t *testing.T) {
	url := serve(t)
	for path, part := range map[string]string{
		"stream?quality=best":                  "a whole number from 1 to 100 (JPEG quality), or auto",
		"stream?quality=":                      `"parameter":"quality"`,
		"stream?max_kbps=31":                   "from 32 to 100000 (kbit a second at most)",
		"stream?max_kbps=100001":               `"parameter":"max_kbps"`,
		"snapshot.jpg?quality=auto&quality=50": "more than once",
	} {
		if resp, body := get(t, url+"/cameras/gate/"+path); resp.StatusCode != 400 || !strings.Contains(string(body), part) {
			t.Errorf("%s: %s %s", path, resp.Status, body)
		}
	}
	for _, query := range []string{"quality=auto", "quality=auto&max_kbps=100"} {
		if resp, body := get(t, url+"/cameras/gate/snapshot.jpg?"+query); resp.StatusCode != 200 {
			t.Errorf("%s: %s %s", query, resp.Status, body)
		}
	}
}

// mustParse returns a configuration.
func mustParse(t *testing.T, text string) *configs.Config {
	t.Helper()
	config, err := configs.Parse("test.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// recordingConn takes everything at once, and records how much time its writes were ever given.
type recordingConn struct {
	net.Conn
	gone chan struct{}

	mu     sync.Mutex // guards what follows
	writes int
	least  time.Duration
}

func (c *recordingConn) Read([]byte) (int, error) {
	<-c.gone
	return 0, io.EOF
}

func (c *recordingConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes++
	return len(p), nil
}

func (c *recordingConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if left := time.Until(t); !t.IsZero() && (c.least == 0 || left < c.least) {
		c.least = left
	}
	return nil
}

func (*recordingConn) SetReadDeadline(time.Time) error { return nil }
func (*recordingConn) Close() error                    { return nil }

// written returns how many writes there were, and the least time that they were given.
func (c *recordingConn) written() (int, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writes, c.least
}

func TestChangeOfTheStepShortensTheTimeOfNoFrame(t *testing.T) {
	handler, stop := newHandler(t, mustParse(t, "cameras: [{id: gate, url: 'rtsp://h/gate'}]"), nil, fastClock())
	defer stop()
	conn := &recordingConn{gone: make(chan struct{})}
	var reduced atomic.Int64
	s := &sender{cameras: handler.server.Cameras, id: "gate", now: handler.server.now, reduced: &reduced,
		request: frame.Request{Width: 320, Auto: true}, adaptive: newAdaptive(100)}
	s.ctx, s.cancel = context.WithCancel(t.Context())
	s.to = hijacked{conn, s.cancel}
	var err error
	if s.view, err = s.cameras.Watch(s.ctx, s.id, s.request); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.send(http.Header{})
	}()
	deadline := time.After(time.Minute)
	for lower := 0; lower < 10; lower++ { // frames of a lower step
		before, _ := conn.written()
		for n := before; n == before; n, _ = conn.written() {
			select {
			case <-deadline:
				t.Fatal("no picture of a lower step came")
			default:
				runtime.Gosched()
			}
		}
		if reduced.Load() == 0 {
			lower = 0
		}
	}
	if _, least := conn.written(); least < writeTimeout/2 {
		t.Errorf("a frame had %v, want %v", least, writeTimeout)
	}
	close(conn.gone)
	<-ended
}

func TestSlowViewersShareTheRenditionOfAStep(t *testing.T) {
	config := mustParse(t, "cameras: [{id: gate, url: 'rtsp://h/calm', idle_timeout: 100ms}]")
	server := serveBy(t, config, nil, fastClock())
	url := server + "/cameras/gate/stream"
	for range 2 {
		s, _ := openSlowly(t, url+"?width=320&quality=auto", ticks(t, url+"?quality=80"))
		go func() {
			for err := error(nil); err == nil; {
				_, err = s.Next()
			}
		}()
	}
	// The connections carry the pictures of the last step at most.
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		_, body := get(t, server+"/api/cameras/gate")
		var state struct {
			Renditions []struct{ Width, Viewers int }
		}
		if err := json.Unmarshal(body, &state); err != nil {
			t.Fatal(err)
		}
		viewers, reduced := 0, 0
		for _, r := range state.Renditions {
			if r.Width < 320 {
				viewers = max(viewers, r.Viewers)
				reduced++
			}
		}
		if viewers == 2 && reduced == 1 {
			return
		}
		if time.Since(began) > 2*time.Minute {
			t.Fatalf("the viewers share no rendition: %+v", state.Renditions)
		}
	}
}
