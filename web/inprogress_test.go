package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	healthcheck "github.com/framegate/framegate/internal/health"
)

// hold has n entries of an address until release is called.
func (c *inProgress) hold(address string, n int) (release func()) {
	var leaves []func()
	for range n {
		leave, _ := c.enter(address, 0, 0)
		leaves = append(leaves, leave)
	}
	return func() {
		for _, leave := range leaves {
			leave()
		}
	}
}

func TestRequestsInProgressLeaveRoomForAllStreams(t *testing.T) {
	for limits, want := range map[[2]int][2]int{
		{2000, 500}: {4000, 600}, {2000, 0}: {4000, 0}, {0, 500}: {0, 600}, {0, 0}: {0, 0}, {80, 500}: {2080, 170},
	} {
		if all, one := requestLimits(&configs.Config{MaxViewers: limits[0], MaxViewersPerAddress: limits[1]}); all != want[0] || one != want[1] {
			t.Errorf("%v: %d, %d, want %v", limits, all, one, want)
		}
	}
}

func TestRequestsInProgressAreLimitedInAllAndForEachAddress(t *testing.T) {
	handler, stop := newHandler(t, mustParse(t, "cameras: [{id: gate, url: 'rtsp://h/gate'}]"), nil, time.Now)
	t.Cleanup(stop)
	ask := func(from string, protocol int) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/healthz", nil)
		r.RemoteAddr, r.ProtoMajor = from+":1000", protocol
		handler.ServeHTTP(w, r)
		return w
	}
	refused := func(from string, want int) {
		t.Helper()
		for protocol, body := range map[int]string{1: "too many requests", 2: ""} {
			w := ask(from, protocol)
			h := w.Header()
			if w.Code != want || h.Get("Retry-After") == "" || h.Get(healthcheck.LimitHeader) == "" || h.Get("Content-Security-Policy") == "" {
				t.Errorf("%s, HTTP/%d: %d %v, want %d", from, protocol, w.Code, h, want)
			}
			if got := w.Body.String(); !strings.Contains(got, body) || body == "" && got != "" {
				t.Errorf("%s, HTTP/%d: %q", from, protocol, got)
			}
		}
	}
	requests := &handler.server.requests
	all, one := requestLimits(handler.server.config.Load())
	release := requests.hold("192.0.2.1", one)
	refused("192.0.2.1", http.StatusTooManyRequests)
	if w := ask("192.0.2.2", 1); w.Code != http.StatusOK {
		t.Errorf("another address: %d", w.Code)
	}
	releaseOthers := requests.hold("192.0.2.3", all-one)
	refused("192.0.2.2", http.StatusServiceUnavailable)
	releaseOthers()
	release()
	if w := ask("192.0.2.1", 2); w.Code != http.StatusOK || requests.count != 0 || len(requests.byAddress) != 0 {
		t.Errorf("afterwards: %d, %d requests of %v", w.Code, requests.count, requests.byAddress)
	}
}

// lateForm is the body of a form that does not come.
type lateForm struct {
	t     *testing.T
	w     *deadlineRecorder
	forms *inProgress
}

func (f lateForm) Read([]byte) (int, error) {
	if left := time.Until(f.w.reading); left <= 0 || left > formTimeout || f.forms.count != 1 {
		f.t.Errorf("%v for the body of one of %d forms", left, f.forms.count)
	}
	return 0, os.ErrDeadlineExceeded
}

func TestFormHasLittleTimeAndFewAreReadAtATime(t *testing.T) {
	s := &server{}
	send := func(from string, body func(w *deadlineRecorder) io.Reader) *deadlineRecorder {
		w := &deadlineRecorder{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest(http.MethodPost, "/sign-in", body(w))
		r.RemoteAddr = from + ":1000"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		s.form(func(http.ResponseWriter, *http.Request) {
			if !w.reading.IsZero() {
				t.Error("the limit of the form's time is one of its answer too")
			}
		}).ServeHTTP(w, r)
		return w
	}
	late := func(w *deadlineRecorder) io.Reader { return lateForm{t, w, &s.forms} }
	whole := func(*deadlineRecorder) io.Reader { return strings.NewReader("name=ann") }
	if w := send("192.0.2.1", late); w.Code != http.StatusRequestTimeout || s.forms.count != 0 {
		t.Errorf("%d, %d forms are still read", w.Code, s.forms.count)
	}
	defer s.forms.hold("192.0.2.1", maxFormsOfOne)()
	if w := send("192.0.2.1", whole); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("one more of an address: %d %v", w.Code, w.Header())
	}
	if w := send("192.0.2.2", whole); w.Code != http.StatusOK {
		t.Errorf("of another address: %d", w.Code)
	}
	for i := range maxForms/maxFormsOfOne - 1 {
		defer s.forms.hold(fmt.Sprint("192.0.2.", 10+i), maxFormsOfOne)()
	}
	if w := send("192.0.2.2", whole); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("one more: %d %v", w.Code, w.Header())
	}
}
