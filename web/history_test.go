package web

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"
)

// pastOf is a registry whose camera has a history.
type pastOf struct {
	*registry.Registry
	history registry.History
}

func (p pastOf) History(string) (registry.History, error) {
	h := p.history
	h.Samples = slices.Clone(h.Samples)
	return h, nil
}

// withPast serves a camera with a history.
func withPast(t *testing.T) (url string) {
	t.Helper()
	config, err := configs.Parse("test.yaml", []byte("auth: {open: true}\ncameras: [{id: gate, url: 'rtsp://h/gate'}]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	handler, stop := newHandler(t, config, nil, nil)
	latency, processor := 0.02, 1.5
	handler.server.Cameras = pastOf{handler.server.Cameras.(*registry.Registry), registry.History{
		Samples: []registry.Sample{{State: registry.Live, FPS: 25, Latency: &latency, Bytes: 1e6, Processor: &processor}},
		Events: []registry.Event{
			{Kind: registry.StateChanged, State: registry.Lost, Reason: frame.Unreachable, Error: "connect to h:554: connection refused"},
			{Kind: registry.PlanFailed, Plan: "nvidia", Error: "no picture"},
		},
	}}
	url = listenWith(t, handler)
	t.Cleanup(stop)
	return url
}

func TestHistoryHasTheDocumentedKeys(t *testing.T) {
	url := withPast(t)
	_, body := get(t, url+"/api/cameras/gate/history")
	var history map[string]any
	if err := json.Unmarshal(body, &history); err != nil {
		t.Fatalf("%v %s", err, body)
	}
	rows := documented(t, "\n### History\n")
	var names []string
	for _, row := range rows {
		name := quoted(row[0])[0]
		names = append(names, name)
		if list, ok := history[name].([]any); ok {
			keys := map[string]any{}
			for _, element := range list {
				for key := range element.(map[string]any) {
					keys[key] = true
				}
			}
			compareKeys(t, name, keys, nestedKeys(row[1]))
		}
	}
	compareKeys(t, "a history", history, names)
}

func TestViewersLearnWhatHappenedWithoutAddresses(t *testing.T) {
	url := withPast(t)
	for from, isAdmin := range map[string]bool{elsewhere: false, loopback: true} {
		_, body := statusAndBody(t, url+"/api/cameras/gate/history", map[string]string{"Test-From": from})
		for _, text := range []string{"h:554", `"processor": 1.5`} {
			if strings.Contains(body, text) != isAdmin {
				t.Errorf("from %s %q is in the answer: %v", from, text, !isAdmin)
			}
		}
		for _, text := range []string{"The camera cannot be reached.", "nvidia failed: no picture"} {
			if !strings.Contains(body, text) {
				t.Errorf("from %s %q is missing in %s", from, text, body)
			}
		}
	}
}

func TestEveryEventHasASentence(t *testing.T) {
	for _, state := range []registry.State{
		registry.Idle, registry.Ready, registry.Waiting, registry.Stalled, registry.Unauthorized, registry.Suspended, registry.Lost, registry.Disabled,
	} {
		for _, reason := range []frame.Reason{
			"", frame.Unauthorized, frame.NotFound, frame.Unreachable, frame.TimedOut, frame.NoKeyframe, frame.Stalled, frame.NoVideo, frame.Unsupported,
			frame.Ended, frame.Refused, frame.Memory, frame.Failed,
		} {
			if text := textOf(registry.Event{Kind: registry.StateChanged, State: state, Reason: reason}); text == "" {
				t.Errorf("%s, %s: no sentence", state, reason)
			}
		}
	}
}
