package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/process"
)

// usage is what framegate uses of the machine at a moment.
type usage struct {
	At          time.Duration `json:"at"`      // since the beginning
	Memory      float64       `json:"memory"`  // resident, bytes
	Heap        float64       `json:"go_heap"` // in use, bytes
	Goroutines  float64       `json:"goroutines"`
	Threads     float64       `json:"threads"`
	Descriptors float64       `json:"descriptors"`
	GStreamer   float64       `json:"gstreamer_objects"` // pipelines and elements that have not been freed
}

// figure is one of the figures of a usage.
type figure struct {
	name, unit string
	scale      float64 // of the unit
	of         func(usage) float64
	// slack is added to the bounds of the figure: twice its first value at any time, and one and a half times that at the
	// end.
	slack float64
	// hostileSlack takes its place where there are hostile clients, whose connections take something.
	hostileSlack float64
}

const residentMemory = "resident memory"

var figures = []figure{
	{residentMemory, "MB", 1e6, func(u usage) float64 { return u.Memory }, 100e6, 0},
	{"Go heap", "MB", 1e6, func(u usage) float64 { return u.Heap }, 50e6, 0},
	{"goroutines", "", 1, func(u usage) float64 { return u.Goroutines }, 50, 2000},
	{"threads", "", 1, func(u usage) float64 { return u.Threads }, 50, 0},
	{"descriptors", "", 1, func(u usage) float64 { return u.Descriptors }, 50, 2000},
	{"GStreamer objects", "", 1, func(u usage) float64 { return u.GStreamer }, 200, 0},
}

// answerTime is how long framegate may take to answer.
const answerTime = 5 * time.Second

// patientClient waits for much longer than answerTime, since the machine may be late too.
var patientClient = &http.Client{Timeout: time.Minute}

// measure reads /metrics and /proc.
func measure(ctx context.Context, p *process.Process, began time.Time) (usage, error) {
	u := usage{At: time.Since(began), Threads: float64(machine.Threads(p.PID()))}
	body, err := get(ctx, p.URL+"/metrics")
	if err != nil {
		return u, err
	}
	defer body.Close()
	into := map[string]*float64{
		"process_resident_memory_bytes": &u.Memory, "go_memstats_heap_inuse_bytes": &u.Heap, "go_goroutines": &u.Goroutines,
		"process_open_fds": &u.Descriptors, "framegate_gstreamer_objects": &u.GStreamer,
	}
	for lines := bufio.NewScanner(body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if to := into[name]; to != nil {
			if *to, err = strconv.ParseFloat(value, 64); err != nil {
				return u, err
			}
			delete(into, name)
		}
	}
	for name := range into {
		return u, fmt.Errorf("/metrics has no %s", name)
	}
	return u, nil
}

// cameraState is what the API reports of a camera.
type cameraState struct {
	ID      string
	State   string
	Viewers int
}

// cameraStates reads the state of all cameras.
func cameraStates(ctx context.Context, p *process.Process) (all []cameraState, err error) {
	body, err := get(ctx, p.URL+"/api/cameras")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return all, json.NewDecoder(body).Decode(&all)
}

func get(ctx context.Context, url string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := patientClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return resp.Body, nil
}
