package web

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// deadlineRecorder records the deadline for reading of a request's connection.
type deadlineRecorder struct {
	*httptest.ResponseRecorder
	reading time.Time
}

func (d *deadlineRecorder) SetReadDeadline(t time.Time) error {
	d.reading = t
	return nil
}

// silent is the body of a client that sends none.
type silent struct {
	t *testing.T
	w *deadlineRecorder
}

func (s silent) Read([]byte) (int, error) {
	if s.w.reading.IsZero() {
		s.t.Error("a body is read without a time limit")
	}
	return 0, os.ErrDeadlineExceeded
}

func TestBodyThatNeverComesEndsTheRequest(t *testing.T) {
	for method, status := range map[string]int{
		http.MethodGet: http.StatusRequestTimeout, http.MethodHead: http.StatusRequestTimeout,
		http.MethodPost: http.StatusOK, http.MethodOptions: http.StatusOK, // of which handlers read the body, or net/http does
	} {
		w := &deadlineRecorder{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest(method, "/", silent{t, w})
		r.ContentLength = 1000
		bodies(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })).ServeHTTP(w, r)
		if w.Code != status || w.reading.IsZero() {
			t.Errorf("%s: %d, deadline %v", method, w.Code, w.reading)
		}
	}
}

// TestLimitOfABodyEndsWithIt so that a request may take longer than its body.
func TestLimitOfABodyEndsWithIt(t *testing.T) {
	w := &deadlineRecorder{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
	bodies(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if w.reading.IsZero() {
			t.Error("there is none")
		}
		io.Copy(io.Discard, r.Body)
	})).ServeHTTP(w, r)
	if !w.reading.IsZero() {
		t.Errorf("the deadline is %v", w.reading)
	}
}

func TestChangeWhoseBodyDoesNotComeIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	s := &server{Options: Options{Log: slog.New(slog.NewTextHandler(&log, nil))}}
	for _, err := range []error{io.ErrUnexpectedEOF, os.ErrDeadlineExceeded} {
		w := httptest.NewRecorder()
		s.addCamera(w, httptest.NewRequest(http.MethodPost, "/api/cameras", iotest.ErrReader(err)))
		if w.Code != http.StatusRequestTimeout || log.Len() > 0 {
			t.Errorf("%v: %d, and the log says %q", err, w.Code, log.String())
		}
	}
}

func TestBodyOfAGETIsReadAndIgnored(t *testing.T) {
	url := serve(t)
	for size, want := range map[int]int{10: 200, maxBody + 1: 413} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/cameras/gate/snapshot.jpg", strings.NewReader(strings.Repeat("x", size)))
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%d bytes: %s", size, resp.Status)
		}
	}
}

func TestManyRangesAreIgnored(t *testing.T) {
	url := serve(t)
	for count, want := range map[int]int{1: http.StatusPartialContent, maxRanges: http.StatusPartialContent, 1000: http.StatusOK} {
		for _, path := range []string{"/static/cameras.js", "/cameras/gate/snapshot.jpg"} {
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
			r.Header.Set("Range", "bytes=0-0"+strings.Repeat(",1-1", count-1))
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s, %d ranges: %s", path, count, resp.Status)
			}
		}
	}
}

func TestErrorsQuoteLittleOfTheRequest(t *testing.T) {
	url := serve(t)
	long := strings.Repeat("x", 100_000)
	for _, path := range []string{"/cameras/gate/stream?width=" + long, "/cameras/" + long + "/stream", "/cameras/gate/stream?width=%zz" + long} {
		resp, body := get(t, url+path)
		if resp.StatusCode < 400 || len(body) > 3*maxText {
			t.Errorf("%.40s: %s, %d bytes", path, resp.Status, len(body))
		}
	}
}
