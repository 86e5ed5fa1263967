package feed

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/unit"
)

// minLoop is the shortest time between two starts of a file, so that a file of one picture does not keep the machine
// busy.
const minLoop = time.Second

// filePause is how long a file may show a picture before that counts as a stall.
const filePause = time.Minute

// readFile plays a file at its own pace, over and over. A file that is replaced is read anew at its next start.
func readFile(ctx context.Context, src configs.Source, in *Intake) error {
	f := &fileReader{path: src.URL.Path, in: in}
	for {
		began := time.Now()
		if err := f.play(ctx); !ended(err) {
			return explainFile(f.path, err)
		}
		if !in.begun {
			return &frame.CameraError{Reason: frame.NoVideo, Text: f.path + " contains no video"}
		}
		select {
		case <-time.After(time.Until(began.Add(minLoop))):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		in.feed.line.Reconnect()
	}
}

// fileReader reads one file.
type fileReader struct {
	path      string
	in        *Intake
	converted *convertedImage // nil unless the file has been a picture of another kind than JPEG
}

// play plays the file once, by what it contains. It returns io.EOF at the end of the file.
func (f *fileReader) play(ctx context.Context) error {
	info, err := os.Stat(f.path)
	if err != nil {
		return &frame.CameraError{Reason: frame.NotFound, Text: err.Error()}
	}
	if !info.Mode().IsRegular() {
		return f.playVideo(ctx)
	}
	file, err := os.Open(f.path)
	if err != nil {
		return &frame.CameraError{Reason: frame.Unreachable, Text: err.Error()}
	}
	defer file.Close()
	head := make([]byte, 512)
	n, _ := file.ReadAt(head, 0)
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xD8, 0xFF}) && isStill(f.path):
		return f.playJPEGs(ctx, unit.NewJPEGReader(file), 1)
	case bytes.HasPrefix(head, []byte{0xFF, 0xD8, 0xFF}):
		return f.playJPEGs(ctx, unit.NewJPEGReader(file), math.MaxInt)
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("--")) && bytes.Contains(bytes.ToLower(head), []byte("image/jpeg")):
		return f.playJPEGs(ctx, unit.NewPartReader(file, ""), math.MaxInt)
	case isImage(head):
		return f.showImage(file, info)
	}
	f.in.orient(unit.MP4Orientation(file, info.Size()))
	return f.playVideo(ctx)
}

// isStill reports whether a file of JPEGs is named like a single picture. Those of phones have further ones behind it, such as a
// preview.
func isStill(path string) bool {
	return slices.Contains([]string{".jpg", ".jpeg", ".jpe", ".jfif"}, strings.ToLower(filepath.Ext(path)))
}

// rawRate is how many pictures a second of a file of JPEGs are shown, which does not state it. It is the default of ffmpeg too.
const rawRate = 25

// playJPEGs passes on the pictures of the file, at most a number of them. It returns io.EOF at the end.
func (f *fileReader) playJPEGs(ctx context.Context, from interface{ Next() ([]byte, error) }, most int) error {
	began := time.Now()
	for n := range most {
		select {
		case <-time.After(time.Until(began.Add(time.Duration(n) * time.Second / rawRate))):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		jpeg, err := from.Next()
		switch {
		case errors.Is(err, unit.ErrPartCut): // the writer was interrupted, or has not finished
			f.in.feed.broken.Add(1)
			return io.EOF
		case err != nil:
			return err
		}
		f.in.Unit(jpeg, unit.NoPTS, true, time.Now(), &jpegFile)
	}
	return io.EOF
}

// jpegFile is the format of JPEGs that nothing but their own headers describes.
var jpegFile = unit.Format{Caps: "image/jpeg", Stream: frame.Stream{Codec: "mjpeg"}}

// playVideo plays the video once: filesrc ! parsebin ! appsink. It returns io.EOF at its end.
func (f *fileReader) playVideo(ctx context.Context) error {
	g, err := gst.New()
	if err != nil {
		return err
	}
	defer g.Close()
	made, err := g.Add(gst.Spec{Factory: "filesrc", Set: map[string]any{"location": f.path}}, gst.Spec{Factory: "parsebin"})
	if err != nil {
		return err
	}
	end, err := g.Add(unitSink(true))
	if err != nil {
		return err
	}
	made[1].LinkVideo(end[0])
	return play(ctx, g, end[0], f.in)
}

func explainFile(path string, err error) error {
	var bus *gst.BusError
	if !errors.As(err, &bus) {
		return err
	}
	text := path + ": " + bus.Text
	if bus.Reason == frame.NoVideo || bus.Reason == frame.Failed {
		text = path + " is not a video that GStreamer can read: " + bus.Text
	}
	return &frame.CameraError{Reason: bus.Reason, Text: text}
}
