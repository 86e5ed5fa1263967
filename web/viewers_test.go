package web

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
)

func TestNoStreamBeginsWhileTheLastOnesEnd(t *testing.T) {
	var v viewerLimits
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	last, _ := v.enter(r, &configs.Config{})
	closed := make(chan struct{})
	go func() {
		v.close()
		close(closed)
	}()
	for { // until close has begun
		leave, refused := v.enter(r, &configs.Config{})
		if refused != nil {
			if refused.Status != http.StatusServiceUnavailable {
				t.Errorf("%+v", refused)
			}
			break
		}
		leave()
		runtime.Gosched()
	}
	select {
	case <-closed:
		t.Error("close returned while a stream was being sent")
	default:
	}
	last()
	<-closed
}

func TestViewersBeyondALimitAreRefused(t *testing.T) {
	for _, c := range []struct {
		config configs.Config
		status int
		part   string
	}{
		{configs.Config{MaxViewers: 1}, 503, "already has 1 viewers, the limit set by max_viewers"},
		{configs.Config{MaxViewersPerAddress: 1}, 429, "already has 1 viewers, the limit set by max_viewers_per_address"},
	} {
		var v viewerLimits
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		leave, _ := v.enter(r, &c.config)
		if _, refused := v.enter(r, &c.config); refused == nil || refused.Status != c.status || !strings.Contains(refused.Detail, c.part) {
			t.Errorf("%+v", refused)
		}
		leave()
		if _, refused := v.enter(r, &c.config); refused != nil {
			t.Errorf("after the first viewer has left: %+v", refused)
		}
	}
}
