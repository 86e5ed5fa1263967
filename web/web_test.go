package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/viewer"
	"github.com/framegate/framegate/pipeline/frame"
)

func TestStreamIsMJPEG(t *testing.T) {
	url := serve(t)
	s, err := viewer.Open(t.Context(), url+"/cameras/gate/stream?width=160")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, want := range map[string]string{
		"Content-Type": "multipart/x-mixed-replace; boundary=frame", "Cache-Control": "no-store",
	} {
		if got := s.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	var stamp time.Time
	for range 20 {
		p, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		picture, err := jpeg.Decode(bytes.NewReader(p.JPEG))
		if err != nil || picture.Bounds().Dx() != 160 || picture.Bounds().Dy() != 90 {
			t.Fatalf("%v %v", picture.Bounds(), err)
		}
		if !p.Received.After(stamp) {
			t.Errorf("X-Timestamp %v after %v", p.Received, stamp)
		}
		stamp = p.Received
	}
}

func TestStreamIsNotChunked(t *testing.T) {
	url := serve(t)
	resp, err := http.Get(url + "/cameras/gate/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if len(resp.TransferEncoding) > 0 || !resp.Close {
		t.Errorf("transfer encoding %v, close %v", resp.TransferEncoding, resp.Close)
	}
}

func TestTooManyRenditionsAreRefusedWith429(t *testing.T) {
	url := serve(t)
	for width := range 8 {
		s, err := viewer.Open(t.Context(), fmt.Sprintf("%s/cameras/gate/stream?width=%d", url, 100+2*width))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
	}
	resp, body := get(t, url+"/cameras/gate/stream?width=200")
	if resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(string(body), "max_renditions") || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%s %v %s", resp.Status, resp.Header, body)
	}
}

func TestPicturesWithTooManyPixelsAreRefusedWith429(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("max_megapixels: 1\ncameras: [{id: gate, url: 'rtsp://h/gate'}]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	url := serveConfig(t, config, nil)
	for _, what := range []string{"stream", "snapshot.png"} {
		resp, body := get(t, url+"/cameras/gate/"+what+"?width=1280&upscale=1")
		if resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(string(body), "max_megapixels") || resp.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %s %v %s", what, resp.Status, resp.Header, body)
		}
	}
}

func TestErrorsAreProblems(t *testing.T) {
	url := serve(t)
	for path, want := range map[string]struct {
		status int
		part   string
	}{
		"/cameras/nope/stream":                      {404, `"detail":"no such camera: nope"`},
		"/cameras/nope/snapshot.jpg":                {404, "no such camera"},
		"/cameras/nope":                             {404, "no such camera"},
		"/api/cameras/nope":                         {404, "no such camera"},
		"/nowhere":                                  {404, "nothing at this path"},
		"/cameras/off/stream":                       {503, "the camera is disabled"},
		"/cameras/away/stream":                      {503, "connection refused"},
		"/cameras/away/snapshot.jpg":                {503, `"reason":"unreachable"`},
		"/cameras/gate/stream?width=0":              {400, `"parameter":"width"`},
		"/cameras/gate/stream?width=-1":             {400, "a whole number from 16 to 8192 (pixels)"},
		"/cameras/gate/stream?width=1e9":            {400, `"parameter":"width"`},
		"/cameras/gate/stream?height=abc":           {400, `"parameter":"height"`},
		"/cameras/gate/stream?scale=NaN":            {400, "a number from 0.01 to 1"},
		"/cameras/gate/stream?fps=1000":             {400, `"parameter":"fps"`},
		"/cameras/gate/stream?quality=0":            {400, "a whole number from 1 to 100"},
		"/cameras/gate/stream?quality=1&quality=2":  {400, "more than once"},
		"/cameras/gate/stream?width=16&height=8192": {400, "8 times the other, and both from 16 to 8192"},
		"/cameras/gate/stream?fps=keys":             {400, "or key for the camera's keyframes only"},
		"/cameras/gate/stream?rotate=45":            {400, "one of 0, 90, 180, 270"},
		"/cameras/gate/stream?rotate=":              {400, `"parameter":"rotate"`},
		"/cameras/gate/stream?crop=0,0,1":           {400, `"parameter":"crop"`},
		"/cameras/gate/stream?crop=0.6,0,0.5,1":     {400, "from 0 to 1 (left edge, top edge, width and height"},
		"/cameras/gate/snapshot.jpg?crop=0,0,0,1":   {400, "w and h are at least 0.001"},
		"/cameras/gate/stream?crop=":                {400, `crop is \"\"; it must be x,y,w,h`},
		"/cameras/gate/stream?upscale=yes":          {400, "0 or 1"},
		"/cameras/gate/stream?overlay=name,logo":    {400, "none, or some of name, time, text"},
		"/cameras/gate/snapshot.gif":                {404, "nothing at this path"},
		"/cameras/gate/snapshot.jpg?max_age=-1":     {400, `"parameter":"max_age"`},
		"/cameras/gate/stream?scale=1&width=100":    {400, "cannot be combined"},
		"/cameras/gate/stream?width=%zz":            {400, `"parameter":"width"`},
	} {
		resp, body := get(t, url+path)
		if resp.StatusCode != want.status || !strings.Contains(string(body), want.part) || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s %s %s", path, resp.Status, resp.Header.Get("Content-Type"), body)
		}
		if resp.StatusCode == 503 && resp.Header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", path)
		}
		var p struct {
			Title, Detail string
			Status        int
		}
		if err := json.Unmarshal(body, &p); err != nil || p.Status != want.status || p.Title == "" || p.Detail == "" {
			t.Errorf("%s: %v %+v", path, err, p)
		}
	}
}

func TestMethodNotAllowedNamesTheAllowedOnes(t *testing.T) {
	url := serve(t)
	for path, want := range map[string]string{
		"/": "GET, HEAD", "/cameras/gate/stream": "GET, HEAD", "/api/hardware": "GET, HEAD", "/healthz": "GET, HEAD",
		"/api/cameras": "GET, HEAD, POST", "/api/cameras/gate": "GET, HEAD, PUT, PATCH, DELETE",
	} {
		request, _ := http.NewRequestWithContext(t.Context(), "TRACE", url+path, nil)
		resp, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Allow"); resp.StatusCode != 405 || got != want || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s, Allow: %s, want %s", path, resp.Status, got, want)
		}
	}
}

func TestHeadHasTheHeadersOfGet(t *testing.T) {
	url := serve(t)
	for path, want := range map[string]string{
		"/cameras/gate/stream": "multipart/x-mixed-replace; boundary=frame", "/cameras/gate/snapshot.jpg": "image/jpeg", "/": "text/html; charset=utf-8",
	} {
		resp, err := http.Head(url + path)
		if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != want {
			t.Errorf("%s: %v %v", path, resp, err)
		}
	}
}

func TestHealthReadinessHardwareAndMetrics(t *testing.T) {
	url := serve(t)
	get(t, url+"/cameras/gate/snapshot.jpg")
	for path, parts := range map[string][]string{
		"/healthz": {`"ok"`}, "/readyz": {`"ready"`}, "/api/hardware": {"1.22.0"},
		"/metrics": {`framegate_camera_state{camera="away",state="lost"} 1`, "framegate_gstreamer_objects 5", "framegate_log_dropped_lines_total 7"},
	} {
		resp, body := get(t, url+path)
		for _, part := range parts {
			if resp.StatusCode != 200 || !strings.Contains(string(body), part) {
				t.Errorf("%s: %s %s", path, resp.Status, body)
			}
		}
	}
}

func TestPagesEscapeNames(t *testing.T) {
	url := serve(t)
	for _, path := range []string{"/", "/cameras/gate"} {
		resp, body := get(t, url+path)
		if resp.StatusCode != 200 || !strings.Contains(string(body), "Front &lt;gate&gt;") || strings.Contains(string(body), "Front <gate>") {
			t.Errorf("%s: %s\n%s", path, resp.Status, body)
		}
	}
	for _, path := range []string{"/static/cameras.js", "/static/style.css"} {
		if resp, _ := get(t, url+path); resp.StatusCode != 200 {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	if resp, body := get(t, url+"/static/"); resp.StatusCode != 404 || bytes.Contains(body, []byte("style.css")) {
		t.Errorf("the folder is listed: %s", resp.Status)
	}
}

func TestAllowedOriginsMayReadTheAPI(t *testing.T) {
	url := serve(t)
	for origin, want := range map[string]string{"https://wall.example": "https://wall.example", "https://evil.example": ""} {
		req, _ := http.NewRequest(http.MethodGet, url+"/api/cameras", nil)
		req.Header.Set("Origin", origin)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: %q, want %q", origin, got, want)
		}
	}
}

// FuzzParameters checks that every query is parsed as values within the limits, or refused with a reason.
func FuzzParameters(f *testing.F) {
	for _, query := range []string{
		"", "width=640", "width=640&height=360&fps=5&quality=80", "scale=0.25&max_age=2", "scale=NaN", "fps=1e999",
		"width=%00", "width=1&width=2", "_=1", "a;b", "quality=+5", "fps=0x1p4", "scale=.5", "scale=-0",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, bad := parse(query, snapshotParameters)
		if bad != nil {
			if bad.Status != 400 || bad.Detail == "" {
				t.Fatalf("%+v", bad)
			}
			return
		}
		in := func(v, low, high float64) bool { return v == 0 || v >= low && v <= high }
		if !in(float64(q.Width), frame.MinSide, frame.MaxSide) || !in(float64(q.Height), frame.MinSide, frame.MaxSide) ||
			!in(q.Scale, frame.MinScale, frame.MaxScale) || !in(q.FPS, frame.MinFPS, frame.MaxFPS) ||
			!in(float64(q.Quality), frame.MinQuality, frame.MaxQuality) || q.maxAge < 0 || q.maxAge > time.Hour {
			t.Fatalf("%q is parsed as %+v", query, q)
		}
	})
}
