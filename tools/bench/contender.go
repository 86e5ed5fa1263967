package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"framegate/internal/machine"
	"framegate/internal/rig"
	"framegate/internal/table"
	"framegate/internal/viewer"

	"golang.org/x/sync/errgroup"
)

// contender is one way to do some work, which is measured while it runs.
type contender struct {
	name  string
	start func(context.Context) (*running, error)
}

// running is a contender at work.
type running struct {
	pid  int
	stop func()
}

// comparison holds the loads of contenders in cores, measured in turn over some rounds.
type comparison map[string][]float64

// compare measures each contender's load in every round, so that what slows the machine for a while slows all.
func (b *bench) compare(ctx context.Context, contenders ...contender) (comparison, error) {
	loads := comparison{}
	for range b.Rounds {
		for _, c := range contenders {
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

// load is the median load of a contender.
func (c comparison) load(name string) float64 { return median(c[name]) }

// ratio is the median of a contender's loads, each divided by the other's of the same round.
func (c comparison) ratio(name, other string) float64 {
	var ratios []float64
	for i, load := range c[name] {
		ratios = append(ratios, load/c[other][i])
	}
	return median(ratios)
}

func median(values []float64) float64 { return table.Quantile(values, 0.5) }

// framegate serves a camera and watches it by all of the queries.
func (b *bench) framegate(name, camera string, queries ...string) contender {
	return contender{name, func(ctx context.Context) (*running, error) {
		server, err := b.startServer(ctx, "", camera)
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
			return nil, fmt.Errorf("%w; framegate said: %s", err, server.Log())
		}
		return &running{server.PID(), func() {
			leave()
			server.Stop()
		}}, nil
	}}
}

// watchAll watches streams strictly until leave is called. It returns when all have had a second of pictures.
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

// program runs a program that reads the camera by itself.
func program(name string, args ...string) contender {
	return contender{name, func(ctx context.Context) (*running, error) {
		cmd, err := begin(args...)
		if err != nil {
			return nil, err
		}
		time.Sleep(rig.Settle)
		return &running{cmd.Process.Pid, func() { end(cmd) }}, nil
	}}
}

// begin starts a program whose output is thrown away.
func begin(args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go io.Copy(io.Discard, out)
	return cmd, nil
}

func end(cmd *exec.Cmd) {
	cmd.Process.Kill()
	cmd.Wait()
}

// gst is a chain behind an rtspsrc in gst-launch-1.0.
func gst(name, url, chain string) contender {
	return program(name, append([]string{"gst-launch-1.0", "-q", "rtspsrc", "location=" + url, "protocols=tcp"}, strings.Fields(chain)...)...)
}

// The same work in gst-launch-1.0's words.
const (
	gstLive = "! decodebin ! videoscale ! video/x-raw,width=480,height=270 ! jpegenc quality=80 ! fakesink"
	gstIdle = "! rtph264depay ! h264parse ! fakesink"
	gstJPEG = "! rtpjpegdepay ! fakesink"
)

func ffmpeg(name, url string) contender {
	return program(name, "ffmpeg", "-loglevel", "error", "-rtsp_transport", "tcp", "-i", url, "-vf", "scale=480:270", "-q:v", "5", "-f", "mpjpeg", "-")
}

//go:embed rival/opencv.py
var opencvServer []byte

// opencv is the usual home-made server with a number of viewers. rates gets the rate of each.
func opencv(name, url string, viewers int, rates *[]float64) contender {
	return contender{name, func(ctx context.Context) (*running, error) {
		script, err := os.CreateTemp("", "opencv*.py")
		if err != nil {
			return nil, err
		}
		_, err = script.Write(opencvServer)
		if err := errors.Join(err, script.Close()); err != nil {
			return nil, err
		}
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		cmd, err := begin("/usr/bin/python3", script.Name(), url, port)
		if err != nil {
			return nil, err
		}
		stop := func() {
			end(cmd)
			os.Remove(script.Name())
		}
		ctx, cancel := context.WithCancel(ctx)
		var watching errgroup.Group
		counts := make([]float64, viewers)
		for i := range viewers {
			body, boundary, err := openMultipart(ctx, "http://127.0.0.1:"+port+"/stream")
			if err != nil {
				cancel()
				stop()
				return nil, err
			}
			watching.Go(func() error {
				defer body.Close()
				parts, began := multipart.NewReader(body, boundary), time.Now()
				for n := 0; ; n++ {
					part, err := parts.NextPart()
					if err != nil {
						return nil
					}
					io.Copy(io.Discard, part)
					counts[i] = float64(n) / time.Since(began).Seconds()
				}
			})
		}
		time.Sleep(rig.Settle)
		return &running{cmd.Process.Pid, func() {
			cancel()
			watching.Wait()
			stop()
			*rates = counts
		}}, nil
	}}
}

// openMultipart opens a stream of a server that has just been started.
func openMultipart(ctx context.Context, url string) (body io.ReadCloser, boundary string, err error) {
	deadline := time.Now().Add(20 * time.Second)
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, "", err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
			return resp.Body, params["boundary"], err
		}
		if time.Now().After(deadline) {
			return nil, "", err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// freePort finds a port that nobody uses.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
