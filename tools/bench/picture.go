package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/framegate/framegate/internal/likeness"
	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/loop"
	"github.com/framegate/framegate/pipeline/frame"
)

// drawing is a picture of 1920x1080 that the programs scale.
type drawing struct {
	name string
	draw func() (likeness.Video, error)
}

var drawings = []drawing{
	{"zone plate", drawn(likeness.ZonePlate)}, {"chart", drawn(likeness.Chart)}, {"text", drawn(likeness.Text)}, {"a frame of the moving scene", frameOfScene},
}

// drawn encodes what a function draws.
func drawn(draw func(width, height int) image.Image) func() (likeness.Video, error) {
	return func() (likeness.Video, error) { return likeness.VideoOf(draw(1920, 1080), likeness.Left), nil }
}

// frameOfScene is what the camera encodes.
func frameOfScene() (likeness.Video, error) {
	c := rig.Camera1080
	still, err := loop.Still(loop.Spec{Width: c.Width, Height: c.Height, FPS: 25, Length: 200, Grain: c.Grain, Label: "cam1"}, 50)
	if err != nil {
		return likeness.Video{}, err
	}
	video := likeness.JPEG(still) // the planes as they are
	video.Site = likeness.Left
	return video, nil
}

// sizes are those of scaled pictures, by the part of 1920x1080 that they are.
var sizes = []struct {
	name          string
	width, height int
}{{"0.25", 480, 270}, {"0.5", 960, 540}, {"1/3", 640, 360}, {"0.3", 576, 324}}

// The qualities of the JPEGs: the best, so that only faults of scaling and of colours remain, and the usual one.
const fine, usual = 100, 80

// picture compares the pictures themselves: how close they are to the exact ones, and how large.
func (b *bench) picture(ctx context.Context) error {
	const need = "gst-launch-1.0, which encodes the pictures, is not installed"
	if _, err := exec.LookPath("gst-launch-1.0"); err != nil {
		b.add(table.Row{Name: "all", Missing: need})
		return nil
	}
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	cameras, stop, err := startCameras(ctx, rig.Camera1080)
	if err != nil {
		return err
	}
	defer stop()
	var urls []string
	var videos []likeness.Video
	for _, d := range drawings {
		video, err := d.draw()
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		path := filepath.Join(folder, strings.ReplaceAll(d.name, " ", "-")+".mkv")
		if err := encode(ctx, video, path); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		urls, videos = append(urls, "file://"+path), append(videos, video)
	}
	server, err := b.startServer(ctx, "", append(urls, cameras.URL("cam1"))...)
	if err != nil {
		return err
	}
	defer server.Stop()
	makers := makersOf(server)
	worst := likeness.Likeness{Luma: math.Inf(1), Colour: math.Inf(1), LumaSSIM: 1, ColourSSIM: 1} // of framegate
	b.table.Columns("luma", "SSIM of luma", "colour", "SSIM of colour", "JPEG of quality 80")
	for i, d := range drawings {
		for _, s := range sizes {
			exact := videos[i].Scaled(s.width, s.height)
			for j, m := range makers {
				name := fmt.Sprintf("%s at %s: %s", d.name, s.name, m.name)
				like, cells, err := m.compare(ctx, rig.CameraID(i), strings.TrimPrefix(urls[i], "file://"), exact, folder)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				if j == 0 {
					worst = worst.Worse(like)
				}
				b.addLine(name, cells...)
			}
		}
	}
	b.add(table.Row{Name: "framegate, the worst of these: luma", Value: worst.Luma, Unit: "dB", AtLeast: 40})
	b.add(table.Row{Name: "framegate, the worst of these: SSIM of luma", Value: worst.LumaSSIM, AtLeast: 0.995})
	b.add(table.Row{Name: "framegate, the worst of these: colour", Value: worst.Colour, Unit: "dB", AtLeast: 40})
	b.add(table.Row{Name: "framegate, the worst of these: SSIM of colour", Value: worst.ColourSSIM, AtLeast: 0.995})
	return b.scene(ctx, server, cameras, makers, folder)
}

// encode writes a file that shows a picture for a second, nearly without loss.
func encode(ctx context.Context, video likeness.Video, path string) error {
	const frames = 25
	raw := path + ".i420"
	if err := os.WriteFile(raw, bytes.Repeat(video.I420(), frames), 0o600); err != nil {
		return err
	}
	defer os.Remove(raw)
	return execute(ctx, "gst-launch-1.0", "-q", "filesrc", "location="+raw, "!", "rawvideoparse", "width=1920", "height=1080", "format=i420",
		"framerate=25/1", "colorimetry=bt709", "!", "x264enc", "pass=quant", "quantizer=1", "speed-preset=veryfast", "key-int-max=5", "bframes=0", "!",
		"h264parse", "!", "matroskamux", "!", "filesink", "location="+path)
}

// compare makes a picture of a file and compares it with the exact one.
func (m maker) compare(ctx context.Context, camera, source string, exact likeness.Video, folder string) (like likeness.Likeness, cells []table.Row, err error) {
	if m.missing != "" {
		return like, []table.Row{{Missing: m.missing}}, nil
	}
	width, height := exact.Y.Width, exact.Y.Height
	made, err := m.jpegs(ctx, camera, source, width, height, fine, 1, folder)
	if err != nil {
		return like, nil, err
	}
	picture, err := jpeg.Decode(bytes.NewReader(made[0]))
	if err != nil {
		return like, nil, err
	}
	yuv, ok := picture.(*image.YCbCr)
	if !ok || yuv.Bounds().Dx() != width || yuv.Bounds().Dy() != height || yuv.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		return like, nil, fmt.Errorf("not a JPEG in 4:2:0 of %dx%d", width, height)
	}
	like = likeness.Compare(likeness.JPEG(yuv), exact)
	cells = []table.Row{{Value: like.Luma, Unit: "dB"}, {Value: like.LumaSSIM}, {Value: like.Colour, Unit: "dB"}, {Value: like.ColourSSIM}}
	if m.ownScale {
		return like, append(cells, table.Row{Missing: "has another scale"}), nil
	}
	made, err = m.jpegs(ctx, camera, source, width, height, usual, 1, folder)
	if err != nil {
		return like, nil, err
	}
	return like, append(cells, table.Row{Value: float64(len(made[0])) / 1000, Unit: "KB"}), nil
}

// scene compares the sizes of JPEGs of the moving scene.
func (b *bench) scene(ctx context.Context, server *process.Process, cameras *testcam.Server, makers []maker, folder string) error {
	const count = 25
	camera := rig.CameraID(len(drawings))
	mean := func(m maker, width, height, quality int) (float64, error) {
		made, err := m.jpegs(ctx, camera, cameras.URL("cam1"), width, height, quality, count, folder)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", m.name, err)
		}
		return float64(len(bytes.Join(made, nil))) / count / 1000, nil
	}
	for _, s := range sizes {
		for _, m := range makers {
			row := table.Row{Name: fmt.Sprintf("JPEG of the moving scene at %s, quality 80: %s", s.name, m.name), Unit: "KB", Missing: m.missing}
			if m.ownScale {
				continue
			}
			if row.Missing == "" {
				var err error
				if row.Value, err = mean(m, s.width, s.height, usual); err != nil {
					return err
				}
			}
			b.add(row)
		}
	}
	return b.steps(mean, makers[0])
}

// steps adds how large the JPEGs of the steps of quality=auto are, against the first.
func (b *bench) steps(mean func(m maker, width, height, quality int) (float64, error), us maker) error {
	var first float64
	for i, step := range frame.Steps {
		width, height := int(step.Scale*480), int(step.Scale*270)
		size, err := mean(us, width, height, min(usual, step.Quality))
		if err != nil {
			return err
		}
		if i == 0 {
			first = size
			continue
		}
		b.add(table.Row{Name: fmt.Sprintf("step %d of quality=auto, against the first", i+1), Value: size / first})
	}
	return nil
}
