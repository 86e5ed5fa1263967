package main

import (
	"context"
	_ "embed"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/framegate/framegate/internal/rig"

	"golang.org/x/sync/errgroup"
)

// program runs a program that reads the camera by itself.
func program(name string, args ...string) workload {
	return workload{name, func(ctx context.Context) (*running, error) {
		cmd, err := begin(args...)
		if err != nil {
			return nil, err
		}
		time.Sleep(rig.Settle)
		return &running{cmd.Process.Pid, func() { end(cmd) }}, nil
	}}
}

// begin starts a program and discards its output.
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

// gst runs gst-launch-1.0 with an rtspsrc and a chain after it.
func gst(name, url, chain string) workload {
	return program(name, append([]string{"gst-launch-1.0", "-q", "rtspsrc", "location=" + url, "protocols=tcp"}, strings.Fields(chain)...)...)
}

// The same work as chains of gst-launch-1.0.
const (
	gstLive = "! decodebin ! videoscale ! video/x-raw,width=480,height=270 ! jpegenc quality=80 ! fakesink"
	gstIdle = "! rtph264depay ! h264parse ! fakesink"
	gstJPEG = "! rtpjpegdepay ! fakesink"
)

func ffmpeg(name, url string) workload {
	return program(name, "ffmpeg", "-loglevel", "error", "-rtsp_transport", "tcp", "-i", url, "-vf", "scale=480:270", "-q:v", "5", "-f", "mpjpeg", "-")
}

//go:embed python/server.py
var opencvServer []byte

// opencv runs a typical hand-written server with a number of viewers. rates is set to the rate of each.
func opencv(name, url string, viewers int, rates *[]float64) workload {
	return workload{name, func(ctx context.Context) (*running, error) {
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
		resp, err := get(ctx, url)
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

// freePort finds a port that is not in use.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
