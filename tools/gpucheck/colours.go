package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/patches"
	"github.com/framegate/framegate/internal/viewer"
	"github.com/framegate/framegate/pipeline/frame"

	_ "golang.org/x/image/webp"
)

// mostOff is how far red, green or blue of a patch may be from the camera's, in levels of 0 to 255. With a wrong matrix or a wrong
// range, patches are off by 9 and more.
const mostOff = 8

// patchStream is a stream of patches with known colours.
type patchStream struct {
	file          string
	title         string
	codec         testcam.Codec
	width, height int
	layout        patches.Layout
	encoder       string
}

// patchStreams have the matrices and ranges that cameras send. Those in MPEG-TS state no matrix, once patches.Untag has removed that of x264enc.
var patchStreams = []patchStream{
	{"h264-709.mkv", "H.264, BT.709", testcam.H264, 1280, 720, patches.Layout{Format: "I420", Matrix: patches.BT709}, x264},
	{"h264-601.mkv", "H.264, BT.601", testcam.H264, 1280, 720, patches.Layout{Format: "I420", Matrix: patches.BT601}, x264},
	{"h264-full.mkv", "H.264, BT.709, full range", testcam.H264, 1280, 720, patches.Layout{Format: "I420", Matrix: patches.BT709, Full: true}, x264},
	{"h264-none.ts", "H.264 that states nothing, 720 lines", testcam.H264, 1280, 720, patches.Layout{Format: "I420", Matrix: patches.BT709}, untagged},
	{"h264-544.ts", "H.264 that states nothing, 1280x544", testcam.H264, 1280, 544, patches.Layout{Format: "I420", Matrix: patches.BT709}, untagged},
	{"h264-648.ts", "H.264 that states nothing, 648 lines", testcam.H264, 1152, 648, patches.Layout{Format: "I420", Matrix: patches.BT601}, untagged},
	{"h264-small.ts", "H.264 that states nothing, 360 lines", testcam.H264, 640, 360, patches.Layout{Format: "I420", Matrix: patches.BT601}, untagged},
	{"h265-709.mkv", "H.265, BT.709", testcam.H265, 1280, 720, patches.Layout{Format: "I420", Matrix: patches.BT709}, x265},
	{"h265-deep.mkv", "H.265, BT.709, 10 bit", testcam.H265, 1280, 720, patches.Layout{Format: "I420_10LE", Matrix: patches.BT709}, x265},
	{"vp9-601.mkv", "VP9, BT.601", testcam.VP9, 1280, 720, patches.Layout{Format: "I420", Matrix: patches.BT601}, "vp9enc deadline=1 cpu-used=8 max-quantizer=2"},
}

const (
	x264     = "x264enc speed-preset=ultrafast pass=quant quantizer=1"
	x265     = "x265enc speed-preset=ultrafast qp=1 log-level=none ! h265parse"
	untagged = x264 + " ! h264parse ! mpegtsmux"
)

// encode writes the stream to a file in a folder, unless it is there, and returns the file and the colours.
func (s patchStream) encode(ctx context.Context, dir string) (path string, colours patches.Colours, err error) {
	samples, colours := s.layout.Picture(s.width, s.height)
	path = filepath.Join(dir, "colours-"+s.file)
	if exists(path) {
		return path, colours, nil
	}
	partial := path + ".partial"
	defer os.Remove(partial)
	err = patches.Encode(ctx, partial, s.layout, samples, s.width, s.height, s.encoder)
	if err == nil && s.encoder == untagged {
		err = patches.Untag(partial)
	}
	if err != nil {
		return "", colours, err
	}
	return path, colours, os.Rename(partial, path)
}

// renditions of the patches, with which a program or a browser sees them. The crop keeps the middle of each patch in its eighth.
var renditions = []struct{ title, path string }{
	{"JPEG", "snapshot.jpg?quality=90"},
	{"JPEG of the camera's size", "snapshot.jpg?quality=90&scale=1"},
	{"JPEG of a crop", "snapshot.jpg?quality=90&crop=0.05,0.1,0.9,0.8"},
	{"WebP", "snapshot.webp?quality=100"},
	{"rgb", "next.raw?format=rgb"},
	{"i420", "next.raw?format=i420"},
}

// colours compares the colours of pictures with those that a camera encoded, with each plan and in software.
func (c *check) colours(ctx context.Context) error {
	dir := c.Loops
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "gpucheck"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	c.begin("colours", "How far red, green or blue of a patch of known colour are off, of 255, at a quarter of the size unless a row says otherwise")
	var all []rig.Camera
	var seen []patchCamera
	for _, s := range patchStreams {
		if len(c.Codecs) > 0 && !slices.Contains(c.Codecs, string(s.codec)) {
			continue
		}
		path, want, err := s.encode(ctx, dir)
		if errors.Is(err, patches.ErrMissing) {
			c.add(table.Row{Name: s.title, Missing: err.Error()})
			continue
		}
		if err != nil {
			return err
		}
		for _, camera := range append(c.devices(s.codec), rig.Camera{ID: inSoftware, Keys: "hardware: off"}) {
			name, _, _ := strings.Cut(s.file, ".")
			seen = append(seen, patchCamera{name + "-" + camera.ID, s.title + ", " + camera.ID, want, camera.ID != inSoftware})
			all = append(all, rig.Camera{ID: name + "-" + camera.ID, URL: (&url.URL{Scheme: "file", Path: path}).String(), Keys: camera.Keys})
		}
	}
	if len(all) == 0 {
		return nil
	}
	return c.framegate(ctx, nil, all, func(p *process.Process) error {
		for _, camera := range seen {
			if err := c.coloursOf(ctx, p, camera); err != nil {
				c.fail(fmt.Errorf("%s: %w", camera.title, err))
			}
		}
		return ctx.Err()
	})
}

// patchCamera is a camera of a stream of patches.
type patchCamera struct {
	id, title string
	want      patches.Colours
	device    bool // makes its pictures, else software
}

// coloursOf adds how far the colours of a camera's pictures are off.
func (c *check) coloursOf(ctx context.Context, p *process.Process, camera patchCamera) error {
	leave, err := watch(ctx, p, camera.id+"/stream")
	if err != nil {
		return err
	}
	defer leave()
	var failed error
	for _, r := range renditions {
		picture, err := get(ctx, p.URL+"/cameras/"+camera.id+"/"+r.path)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", r.title, err))
			continue
		}
		off := patches.Read(picture).Off(camera.want)
		c.add(table.Row{Name: camera.title + ": " + r.title, Value: slices.Max(off[:]), AtMost: mostOff})
	}
	if camera.device {
		failed = errors.Join(failed, c.onDevice(p, camera.id))
	}
	return failed
}

// get gets a picture.
func get(ctx context.Context, url string) (image.Image, error) {
	head, data, err := viewer.Get(ctx, url)
	if err != nil {
		return nil, err
	}
	if format := head.Get("X-Format"); format != "" {
		width, widthErr := strconv.Atoi(head.Get("X-Width"))
		height, heightErr := strconv.Atoi(head.Get("X-Height"))
		return patches.Pixels{Format: frame.Format(format), Width: width, Height: height, Data: data}, errors.Join(widthErr, heightErr)
	}
	decoded, format, err := image.Decode(bytes.NewReader(data))
	if yuv, ok := decoded.(*image.YCbCr); ok && format == "webp" {
		return patches.LimitedRange(yuv), nil
	}
	return decoded, err
}
