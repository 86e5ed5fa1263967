package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
)

// maker makes JPEGs of a source, a file or the camera, in a folder.
type maker struct {
	name    string
	missing string // why it cannot run here; empty if it can
	// make makes some JPEGs of a size and quality, the last of which count. camera is the id that framegate has for the source.
	make func(ctx context.Context, camera, source string, width, height, quality, count int, folder string) error
	// ownScale says that its qualities are not those of libjpeg.
	ownScale bool
}

// jpegs makes some JPEGs.
func (m maker) jpegs(ctx context.Context, camera, source string, width, height, quality, count int, folder string) (all [][]byte, err error) {
	into, err := os.MkdirTemp(folder, "jpegs")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(into)
	if err := m.make(ctx, camera, source, width, height, quality, count, into); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(into, "*.jpg"))
	if err != nil || len(files) < count {
		return nil, errors.Join(err, fmt.Errorf("%d JPEGs, want %d", len(files), count))
	}
	for _, file := range files[len(files)-count:] {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	return all, nil
}

// execute runs a program to its end.
func execute(ctx context.Context, name string, args ...string) error {
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(out))
	}
	return nil
}

//go:embed python/picture.py
var openCVPicture string

// makersOf returns framegate and the programs with which it is compared.
func makersOf(server *process.Process) []maker {
	ff := maker{name: "ffmpeg", ownScale: true, make: func(ctx context.Context, _, source string, width, height, _, count int, folder string) error {
		return execute(ctx, "ffmpeg", "-loglevel", "error", "-i", source, "-vf", fmt.Sprintf("scale=%d:%d", width, height),
			"-frames:v", strconv.Itoa(count), "-qmin", "1", "-q:v", "1", "-f", "image2", filepath.Join(folder, "%05d.jpg"))
	}}
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		ff.missing = "not installed"
	}
	cv := maker{name: "OpenCV", make: func(ctx context.Context, _, source string, width, height, quality, count int, folder string) error {
		return execute(ctx, "/usr/bin/python3", "-c", openCVPicture, source, strconv.Itoa(width), strconv.Itoa(height), strconv.Itoa(quality), strconv.Itoa(count), folder)
	}}
	if exec.Command("/usr/bin/python3", "-c", "import cv2").Run() != nil {
		cv.missing = "not installed"
	}
	return []maker{
		{name: "framegate", make: func(ctx context.Context, camera, _ string, width, _, quality, count int, folder string) error {
			for i := range count {
				err := download(ctx, fmt.Sprintf("%s/cameras/%s/snapshot.jpg?width=%d&quality=%d&max_age=0", server.URL, camera, width, quality),
					filepath.Join(folder, fmt.Sprintf("%05d.jpg", i)))
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{name: "the bare chain", make: bareChain},
		ff, cv,
	}
}

// bareChain is the live chain of gst-launch-1.0, which the other tables compare framegate with.
func bareChain(ctx context.Context, _, source string, width, height, quality, count int, folder string) error {
	head := []string{"filesrc", "location=" + source, "!"}
	if strings.HasPrefix(source, "rtsp:") {
		head = []string{"rtspsrc", "location=" + source, "protocols=tcp", "!"}
		count += rig.Camera1080.KeyframeInterval // libav's decoder shows grey before the first keyframe
	}
	chain := fmt.Sprintf("decodebin ! videoscale ! video/x-raw,width=%d,height=%d ! jpegenc quality=%d ! identity eos-after=%d ! multifilesink location=%s",
		width, height, quality, count+1, filepath.Join(folder, "%05d.jpg"))
	return execute(ctx, "gst-launch-1.0", append(append([]string{"-q"}, head...), strings.Fields(chain)...)...)
}

func download(ctx context.Context, url, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return errors.Join(err, os.WriteFile(path, body, 0o600))
}
