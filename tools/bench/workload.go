package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/viewer"

	"golang.org/x/sync/errgroup"
)

// workload is one program that does some work, whose load is measured while it runs.
type workload struct {
	name  string
	start func(context.Context) (*running, error)
}

// running is a workload that has been started.
type running struct {
	pid  int
	stop func()
}

// comparison has the loads of each workload in cores, one for each round.
type comparison map[string][]float64

// compare measures the load of each workload once in every round, so that a slow period of the machine affects all of them.
func (b *bench) compare(ctx context.Context, workloads ...workload) (comparison, error) {
	loads := comparison{}
	for range b.Rounds {
		for _, c := range workloads {
			r, err := c.start(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			load, err := machine.Load(r.pid, b.Time)
			r.stop()
			if err := errors.Join(err, ctx.Err()); err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			loads[c.name] = append(loads[c.name], load)
		}
	}
	return loads, nil
}

// load returns the median load of a workload.
func (c comparison) load(name string) float64 { return median(c[name]) }

// ratio returns the median of a workload's loads, each divided by the load of the other in the same round.
func (c comparison) ratio(name, other string) float64 {
	var ratios []float64
	for i, load := range c[name] {
		ratios = append(ratios, load/c[other][i])
	}
	return median(ratios)
}

func median(values []float64) float64 { return table.Quantile(values, 0.5) }

// framegate returns a workload that serves a camera, with a viewer for each query.
func (b *bench) framegate(name, camera string, queries ...string) workload {
	return b.framegateWith(name, "", camera, queries...)
}

// framegateWith is like framegate, for a camera with further keys.
func (b *bench) framegateWith(name, keys, camera string, queries ...string) workload {
	return workload{name, func(ctx context.Context) (*running, error) {
		server, err := b.startServer(ctx, keys, camera)
		if err != nil {
			return nil, err
		}
		var urls []string
		for _, query := range queries {
			urls = append(urls, server.URL+"/cameras/cam1/stream?"+query)
		}
		leave, err := watchAll(ctx, urls...)
		if err != nil {
			server.Stop()
			return nil, fmt.Errorf("%w; framegate's log: %s", err, server.Log())
		}
		return &running{server.PID(), func() {
			leave()
			server.Stop()
		}}, nil
	}}
}

// watchAll watches streams until leave is called. It returns when each has been open for a second.
func watchAll(ctx context.Context, urls ...string) (leave func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var opening errgroup.Group
	var watching errgroup.Group
	for _, url := range urls {
		opening.Go(func() error {
			s, err := viewer.Open(ctx, url)
			if err != nil {
				return err
			}
			watching.Go(func() error {
				defer s.Close()
				for {
					if _, err := s.Next(); err != nil {
						return err
					}
				}
			})
			return nil
		})
	}
	leave = func() {
		cancel()
		watching.Wait()
	}
	if err := opening.Wait(); err != nil {
		leave()
		return nil, err
	}
	time.Sleep(time.Second)
	return leave, nil
}

// get requests a URL. The caller closes the body.
func get(ctx context.Context, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(req)
}

// startCameras serves cameras over RTSP until stop is called.
func startCameras(ctx context.Context, cameras ...testcam.Camera) (server *testcam.Server, stop func(), err error) {
	return rig.StartCameras(ctx, testcam.Config{Cameras: cameras})
}

// serveOne runs framegate for the camera of most measurements, whose id is cam1.
func (b *bench) serveOne(ctx context.Context) (cameras *testcam.Server, server *process.Process, stop func(), err error) {
	cameras, stopCameras, err := startCameras(ctx, rig.Camera1080)
	if err != nil {
		return nil, nil, nil, err
	}
	server, err = rig.ServeWith(ctx, b.Framegate, anyViewers, nil, rig.Camera{ID: rig.CameraID(0), URL: cameras.URL("cam1")})
	if err != nil {
		stopCameras()
		return nil, nil, nil, err
	}
	time.Sleep(rig.Settle)
	return cameras, server, func() {
		server.Stop()
		stopCameras()
	}, nil
}

// anyViewers lets one address watch any number of streams.
const anyViewers = "max_viewers_per_address: 0"

// startServer runs framegate for cameras with the ids cam1, cam2 …, and waits for a while, until the load is steady. keys are
// further keys of each camera.
func (b *bench) startServer(ctx context.Context, keys string, urls ...string) (*process.Process, error) {
	var cameras []rig.Camera
	for i, url := range urls {
		cameras = append(cameras, rig.Camera{ID: rig.CameraID(i), URL: url, Keys: keys})
	}
	p, err := rig.Serve(ctx, b.Framegate, nil, cameras...)
	if err == nil && !strings.Contains(keys, "on_demand") {
		time.Sleep(rig.Settle)
	}
	return p, err
}
