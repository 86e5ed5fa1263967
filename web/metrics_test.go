package web

import (
	"regexp"
	"strconv"
	"testing"
)

// sample is a line of /metrics: a name with labels, and a value.
var sample = regexp.MustCompile(`(?m)^(framegate_\w+_total(?:\{[^}]*\})?) (\S+)$`)

// counters returns the counters of framegate on /metrics.
func counters(t *testing.T, url string) map[string]float64 {
	t.Helper()
	_, body := get(t, url+"/metrics")
	all := map[string]float64{}
	for _, line := range sample.FindAllStringSubmatch(string(body), -1) {
		value, err := strconv.ParseFloat(line[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		all[line[1]] = value
	}
	return all
}

func TestCountersDoNotFallWhenACameraChanges(t *testing.T) {
	url, _ := serveText(t, "cameras: [{id: gate, url: 'rtsp://h/gate?total=7'}]\n")
	before := counters(t, url)
	for _, name := range []string{
		`framegate_camera_reconnects_total{camera="gate"}`, `framegate_camera_broken_units_total{camera="gate"}`,
		`framegate_camera_plan_failures_total{camera="gate",codec="h264",plan="nvidia"}`,
	} {
		if _, ok := before[name]; !ok {
			t.Errorf("there is no %s in %v", name, before)
		}
	}
	for _, change := range []string{`{"url": "rtsp://h/gate?total=3"}`, `{"disabled": true}`, `{"disabled": null, "url": "rtsp://h/gate"}`} {
		if resp, text := send(t, "PATCH", url+"/api/cameras/gate", change, nil); resp.StatusCode != 200 {
			t.Fatalf("%s %s", resp.Status, text)
		}
		after := counters(t, url)
		for name := range before {
			if value, ok := after[name]; !ok || value < before[name] {
				t.Errorf("after %s: %s was %v and is %v", change, name, before[name], value)
			}
		}
		before = after
	}
	if got := before[`framegate_camera_broken_units_total{camera="gate"}`]; got < 10 {
		t.Errorf("%v broken units, want those of all cameras, at least 10", got)
	}
}
