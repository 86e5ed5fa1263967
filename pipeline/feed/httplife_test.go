package feed

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"
)

// serveSteps serves a camera that answers a request with the texts that send gets, each at once.
func serveSteps(t *testing.T) (url string, send func(string)) {
	t.Helper()
	steps := make(chan string)
	url = serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		for text := range steps {
			if _, err := conn.Write([]byte(text)); err != nil {
				return
			}
		}
	})
	t.Cleanup(func() { close(steps) }) // before the server's, which waits for its connections
	return url + "/x", func(text string) {
		t.Helper()
		select {
		case steps <- text:
		case <-time.After(camtest.Patience):
			t.Fatal("the camera is not asked")
		}
	}
}

// heard is when a camera last sent anything.
func (f *Feed) heard() time.Time {
	f.liveness.mu.Lock()
	defer f.liveness.mu.Unlock()
	return f.liveness.lastData
}

// TestWhateverAStreamOverHTTPSendsIsASignOfLife has cameras whose first picture comes in parts, and looks after each of them how long
// the camera may be silent.
func TestWhateverAStreamOverHTTPSendsIsASignOfLife(t *testing.T) {
	half := len(still) / 2
	for name, steps := range map[string][]string{
		"a stream":                 {multipartAnswer(0), "--b\r\nContent-Type: image/jpeg\r\n", "\r\n" + string(still[:half]), string(still[half:]) + "\r\n--b\r\n"},
		"blank lines":              {multipartAnswer(0), "\r\n", "\r\n", multipartBody(1) + "--b\r\n"},
		"text first":               {multipartAnswer(0), "--b\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nab\r\n", multipartBody(1) + "--b\r\n"},
		"a stream of another type": {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n--b\r\nContent-Type: image/jpeg\r\n", "\r\n" + string(still[:half]), string(still[half:]) + "\r\n--b\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, send := serveSteps(t)
			src := camtest.Source(t, url)
			feed := runFeed(t, src)
			limits := timeouts{src.ConnectTimeout, src.StallTimeout, 0}
			units := feed.Feed.Units().Reader()
			for _, step := range steps {
				before := feed.Feed.heard()
				send(step)
				camtest.Until(t, "it counts", func() bool { return feed.Feed.heard().After(before) })
				if s := feed.Feed.liveness.silence(limits); s.limit != firstUnitTimeout || !s.since.After(before) {
					t.Errorf("after %.20q: %v after %v: %s", step, s.limit, s.since, s.text)
				}
			}
			next(t, units)
		})
	}
}

// TestSingleJPEGIsToComeWithinConnectTimeout though the camera sends a part of it.
func TestSingleJPEGIsToComeWithinConnectTimeout(t *testing.T) {
	src := camtest.Source(t, serveRaw(t, func(int) (string, bool) { return jpegAnswer()[:len(jpegAnswer())-9], false })+"/x")
	src.ConnectTimeout = time.Second
	runFeed(t, src).Fails(t, frame.TimedOut, "connect_timeout")
}

// TestStreamWithAPictureEvery15SecondsNeedsNoSetting plays the times of a camera whose first picture comes after 25 s.
func TestStreamWithAPictureEvery15SecondsNeedsNoSetting(t *testing.T) {
	f, in, reports := waiting(t)
	limits := timeouts{10 * time.Second, 5 * time.Second, 3 * time.Second} // the defaults
	format := &unit.Format{Caps: "image/jpeg, width=(int)64, height=(int)48", Stream: frame.Stream{Codec: "mjpeg", Width: 64, Height: 48}}
	began := time.Now()
	f.liveness.reset(began)
	in.Alive(began.Add(time.Second)) // the head
	f.reportWaiting()
	if len(*reports) != 1 || !strings.Contains((*reports)[0].Err.Text, "waiting for its first picture since") {
		t.Errorf("before the first picture: %+v", *reports)
	}
	for n := range 20 {
		at := began.Add(25*time.Second + time.Duration(n)*15*time.Second)
		if s := f.liveness.silence(limits); s.since.Add(s.limit).Before(at) {
			t.Fatalf("the connection ends %v before picture %d: %s", at.Sub(s.since.Add(s.limit)), n, s.text)
		}
		in.Alive(at) // the head of the part
		if !in.Unit(still, unit.NoPTS, true, at.Add(time.Millisecond), format) {
			t.Fatalf("picture %d is dropped", n)
		}
	}
}
