package web

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"framegate/configs"
)

func TestNoStreamBeginsWhileTheLastOnesEnd(t *testing.T) {
	var c crowd
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	last, _ := c.enter(r, &configs.Config{})
	closed := make(chan struct{})
	go func() {
		c.close()
		close(closed)
	}()
	for { // until it has begun to close
		leave, full := c.enter(r, &configs.Config{})
		if full != nil {
			if full.Status != http.StatusServiceUnavailable {
				t.Errorf("%+v", full)
			}
			break
		}
		leave()
		runtime.Gosched()
	}
	select {
	case <-closed:
		t.Error("it is closed, and a stream is being sent")
	default:
	}
	last()
	<-closed
}
