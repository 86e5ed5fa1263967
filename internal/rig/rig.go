// Package rig combines test cameras, a framegate and viewers, for programs that measure framegate.
package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/viewer"
)

// Camera1080 is the camera of most measurements: H.264 of 1920x1080 at 25 fps with a keyframe every two seconds. Its
// grain makes the encoder use its 4 Mbit/s.
var Camera1080 = testcam.Camera{Width: 1920, Height: 1080, KeyframeInterval: 50, Grain: 4, Loop: 8 * time.Second}

// Settle is how long a measurement waits after the start of a process, until its load is steady.
const Settle = 3 * time.Second

// StartCameras serves cameras over RTSP until stop is called.
func StartCameras(ctx context.Context, config testcam.Config) (server *testcam.Server, stop func(), err error) {
	server, err = testcam.New(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	return server, func() {
		cancel()
		<-done
	}, nil
}

// Camera is a camera in the configuration of a framegate.
type Camera struct {
	ID, URL string
	Keys    string // further keys, in YAML
}

// CameraID is the id of the ith camera of a list: cam1, cam2 …
func CameraID(i int) string { return fmt.Sprintf("cam%d", i+1) }

// Serve runs a framegate for cameras, and waits until all are connected but those that connect on demand. Pictures have a
// quarter of the camera's width and height, and end as soon as nobody watches. env is added to the environment.
func Serve(ctx context.Context, binary string, env []string, cameras ...Camera) (*process.Process, error) {
	return ServeWith(ctx, binary, "", env, cameras...)
}

// ServeWith is Serve with further keys of the configuration, lines of YAML.
func ServeWith(ctx context.Context, binary, keys string, env []string, cameras ...Camera) (*process.Process, error) {
	var config strings.Builder
	config.WriteString(keys + "\ndefaults: {scale: 0.25, idle_timeout: 0s}\ncameras:\n")
	for _, c := range cameras {
		fmt.Fprintf(&config, "  - {id: %s, url: %q, %s}\n", c.ID, c.URL, c.Keys)
	}
	file, err := os.CreateTemp("", "rig*.yaml")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(config.String())
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	p, err := process.StartIn(env, binary, "--config", file.Name())
	if err != nil {
		return nil, err
	}
	for _, c := range cameras {
		if strings.Contains(c.Keys, "on_demand") {
			continue
		}
		if err := p.Until(ctx, c.ID, "ready"); err != nil {
			p.Stop()
			return nil, err
		}
	}
	return p, nil
}

// Rate measures for a time how many pictures a second a stream has, after its first second.
func Rate(ctx context.Context, url string, length time.Duration) (float64, error) {
	s, err := viewer.Open(ctx, url)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	begin := time.Now().Add(time.Second)
	var first, last time.Time
	n := 0
	for time.Since(begin) < length {
		picture, err := s.Next()
		if err != nil {
			return 0, err
		}
		if picture.Read.Before(begin) {
			continue
		}
		if n == 0 {
			first = picture.Read
		}
		last = picture.Read
		n++
	}
	return float64(n-1) / last.Sub(first).Seconds(), nil
}
