package web

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
)

// kindOfRoute says who may ask for a route. It is the test's own list, so that a change of a role is seen.
var kindOfRoute = map[string]string{
	"GET /healthz":  "everybody",
	"GET /readyz":   "everybody",
	"GET /static/*": "everybody",

	"GET /":            "viewers",
	"GET /api/cameras": "viewers",

	"GET /cameras/{id}":               "camera",
	"GET /cameras/{id}/":              "camera",
	"GET /cameras/{id}/stream":        "camera",
	"GET /cameras/{id}/next.jpg":      "camera",
	"GET /cameras/{id}/next.raw":      "camera",
	"GET /cameras/{id}/snapshot.jpg":  "camera",
	"GET /cameras/{id}/snapshot.png":  "camera",
	"GET /cameras/{id}/snapshot.webp": "camera",
	"GET /api/cameras/{id}":           "camera",

	"GET /api/hardware":        "admins",
	"GET /api/config":          "admins",
	"GET /metrics":             "admins",
	"POST /api/cameras":        "changes",
	"PUT /api/cameras/{id}":    "changes",
	"PATCH /api/cameras/{id}":  "changes",
	"DELETE /api/cameras/{id}": "changes",
}

// served stands for every status of an answer that is not refused because of who asks.
const served = 0

// asker is somebody who asks, under a configuration.
type asker struct {
	auth   string // the configuration's
	header map[string]string
	want   map[string]int // by kind of route
}

const elsewhere = "192.0.2.1:4321"

var askers = map[string]asker{
	"nobody from loopback": {"", nil,
		map[string]int{"everybody": served, "viewers": served, "camera": served, "admins": served, "changes": served}},
	"nobody from elsewhere": {"", map[string]string{"Test-From": elsewhere},
		map[string]int{"everybody": served, "viewers": 403, "camera": 403, "admins": 403, "changes": 403}},
	"nobody through a proxy on this machine": {"", map[string]string{"X-Forwarded-For": "192.0.2.1"},
		map[string]int{"everybody": served, "viewers": 403, "camera": 403, "admins": 403, "changes": 403}},
	"nobody from elsewhere, open": {"open: true", map[string]string{"Test-From": elsewhere},
		map[string]int{"everybody": served, "viewers": served, "camera": served, "admins": 403, "changes": 403}},
	"nobody from loopback, open": {"open: true", nil,
		map[string]int{"everybody": served, "viewers": served, "camera": served, "admins": served, "changes": served}},
	"nobody through a proxy on this machine, open": {"open: true", map[string]string{"X-Forwarded-For": "192.0.2.1"},
		map[string]int{"everybody": served, "viewers": served, "camera": served, "admins": 403, "changes": 403}},
}

func TestEveryRouteAnswersThoseWhoMayAsk(t *testing.T) {
	for name, asks := range askers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, err := configs.Parse("test.yaml", []byte("auth: {"+asks.auth+"}\ncameras: [{id: gate, url: 'rtsp://h/gate'}]\n"), nil)
			if err != nil {
				t.Fatal(err)
			}
			url := serveConfig(t, config, nil)
			for _, to := range new(server).routes() {
				kind, listed := kindOfRoute[to.method+" "+to.pattern]
				if !listed {
					t.Fatalf("the test does not know who may ask for %s %s", to.method, to.pattern)
				}
				path := strings.NewReplacer("{id}", "gate", "*", "style.css").Replace(to.pattern)
				got, body := statusOf(t, to.method, url+path, asks.header)
				refused := got == 401 || got == 403 || got == 410
				if kind == "changes" && strings.Contains(body, "there is no configuration file to change") {
					refused = false
				}
				if want := asks.want[kind]; want != served && got != want || want == served && refused {
					t.Errorf("%s %s: %d %.300s", to.method, to.pattern, got, body)
				}
			}
		})
	}
}

// statusOf returns the status of an answer, and its body if it is an error.
func statusOf(t *testing.T, method, url string, header map[string]string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodGet {
		r.Body, r.ContentLength = nil, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 400 {
		return resp.StatusCode, ""
	}
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

func TestViewersLearnNoAddressOfACamera(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("auth: {open: true}\ncameras: [{id: away, url: 'rtsp://h/away'}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	url := serveConfig(t, config, nil)
	const secret = "h:554" // of the error of the camera
	get(t, url+"/cameras/away/stream")
	for _, path := range []string{"/", "/cameras/away/", "/api/cameras", "/api/cameras/away", "/cameras/away/stream", "/cameras/away/snapshot.jpg", "/cameras/away/next.jpg"} {
		_, seen := statusAndBody(t, url+path, nil)
		if !strings.Contains(seen, secret) && !strings.HasSuffix(path, "/") {
			t.Errorf("%s tells an admin nothing: %s", path, seen)
		}
		if _, seen := statusAndBody(t, url+path, map[string]string{"Test-From": elsewhere}); strings.Contains(seen, secret) {
			t.Errorf("%s: %s", path, seen)
		}
	}
}

// statusAndBody returns the answer to a GET request with some headers.
func statusAndBody(t *testing.T, url string, header map[string]string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestWhoMayNotLookIsToldWhatToDo(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("cameras: [{id: gate, url: 'rtsp://h/gate'}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	url := serveConfig(t, config, nil)
	for accept, part := range map[string]string{"text/html,*/*;q=0.8": "<pre>framegate user add ann --admin</pre>", "*/*": `framegate user add NAME --admin`} {
		if got, body := statusAndBody(t, url+"/", map[string]string{"Test-From": elsewhere, "Accept": accept}); got != 403 || !strings.Contains(body, part) {
			t.Errorf("%s: %d %s", accept, got, body)
		}
	}
}

func TestWallShowsTheCamerasThatItsPrincipalSees(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("auth: {open: true}\ncameras: [{id: gate, url: 'rtsp://h/gate'}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	url := serveConfig(t, config, nil)
	for from, metrics := range map[string]bool{"127.0.0.1:1": true, elsewhere: false} {
		_, page := statusAndBody(t, url+"/", map[string]string{"Test-From": from})
		if !strings.Contains(page, `data-camera="gate"`) || strings.Contains(page, ">Metrics<") != metrics {
			t.Errorf("%s: %s", from, page)
		}
	}
}
