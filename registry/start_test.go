package registry

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
)

// start runs a registry of one camera 'a' until the test ends.
func start(t *testing.T, keys string) (*Registry, *standin, *standinFeed) {
	t.Helper()
	config := parse(t, "{id: a, url: 'rtsp://h/a', "+defaultIdle(keys)+keys+"}")
	e := &standin{feeds: map[string]*standinFeed{}}
	r, err := New(config, e, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	run(t, r)
	return r, e, e.feeds["/a"]
}

// run runs a registry until the test ends.
func run(t *testing.T, r *Registry) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		r.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(patience):
			t.Error("the registry does not end")
		}
	})
}

// patience is how long a test waits for something that should happen immediately.
const patience = 10 * time.Second

// parse returns a configuration of cameras.
func parse(t *testing.T, cameras string) *configs.Config {
	t.Helper()
	config, err := configs.Parse("test.yaml", []byte("cameras: ["+cameras+"]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// until waits for a condition.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatal("timed out: ", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func state(r *Registry) State {
	s, _ := r.Camera("a")
	return s.State
}

// watch joins a rendition, which must succeed.
func watch(t *testing.T, r *Registry, request frame.Request) *View {
	t.Helper()
	v, err := r.Watch(t.Context(), "a", request)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// defaultIdle makes renditions end soon, unless the keys of a test say otherwise.
func defaultIdle(keys string) string {
	if strings.Contains(keys, "idle_timeout") {
		return ""
	}
	return "idle_timeout: 100ms, "
}
