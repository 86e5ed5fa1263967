package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"
)

func TestHeadMakesNothing(t *testing.T) {
	url := serve(t)
	for path, want := range map[string]int{
		"/cameras/gate/stream?fps=1": 200, "/cameras/gate/snapshot.png?width=64": 200, "/cameras/gate/stream?width=0": 400,
		"/cameras/off/stream": 503, "/cameras/off/snapshot.jpg": 503, "/cameras/nope/stream": 404, "/cameras/nope/snapshot.jpg": 404,
	} {
		resp, err := http.Head(url + path)
		if err != nil || resp.StatusCode != want {
			t.Errorf("%s: %v %v", path, resp, err)
		}
	}
	for width := range 20 {
		for _, what := range []string{"stream", "snapshot.jpg"} {
			if resp, err := http.Head(fmt.Sprintf("%s/cameras/gate/%s?width=%d", url, what, 100+2*width)); err != nil || resp.StatusCode != 200 {
				t.Fatal(what, resp, err)
			}
		}
	}
	_, body := get(t, url+"/api/cameras/gate")
	var status struct {
		Renditions []any
		Plan       any
	}
	if err := json.Unmarshal(body, &status); err != nil || len(status.Renditions) != 0 || status.Plan != nil {
		t.Errorf("%v %s", err, body)
	}
}

func TestHeadOfTheNextPictureCountsNoPlaceholder(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("cameras: [{id: lost, url: 'rtsp://h/lost', width: 320}]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Options: Options{Cameras: lostCamera{}}}
	s.config.Store(config)
	w := httptest.NewRecorder()
	if !s.exists(w, httptest.NewRequest("HEAD", "/", nil), "lost") {
		t.Errorf("a placeholder: %d %s", w.Code, w.Body)
	}
	if s.live(w, httptest.NewRequest("HEAD", "/", nil), "lost") || w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// lostCamera is a registry whose camera is away, and framegate has seen it before.
type lostCamera struct{ *registry.Registry }

func (lostCamera) Camera(string) (registry.Status, error) {
	return registry.Status{State: registry.Lost, Error: "the cable is cut", Reason: frame.Unreachable, Width: 640, Height: 360}, nil
}

func TestHeadOfACameraThatIsAwaySaysWhy(t *testing.T) {
	url := serve(t)
	get(t, url+"/cameras/away/stream") // now it has been tried
	for _, what := range []string{"stream", "snapshot.jpg", "next.jpg", "next.raw"} {
		if resp, err := http.Head(url + "/cameras/away/" + what); err != nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %v %v", what, resp, err)
		}
	}
}
