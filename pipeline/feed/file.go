package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	"github.com/framegate/framegate/pipeline/jpeg"
	"github.com/framegate/framegate/pipeline/multipart"
	"github.com/framegate/framegate/pipeline/unit"
)

// minLoop is the shortest time between two starts of a file, so that a file of one picture does not keep the machine busy.
const minLoop = time.Second

// pauseFile is how long a file may show a picture before that counts as a stall.
func pauseFile(configs.Source) time.Duration { return time.Minute }

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
		in.feed.timeline.Reconnect()
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
		return f.playJPEGs(ctx, jpeg.NewReader(file), 1)
	case bytes.HasPrefix(head, []byte{0xFF, 0xD8, 0xFF}):
		return f.playJPEGs(ctx, jpeg.NewReader(file), math.MaxInt)
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("--")) && bytes.Contains(bytes.ToLower(head), []byte("image/jpeg")):
		return f.playJPEGs(ctx, multipart.NewReader(file, ""), math.MaxInt)
	case unshownImage(head) != "":
		text := fmt.Sprintf("%s: it contains %s picture, which framegate does not decode: save it as JPEG or PNG", f.path, unshownImage(head))
		return &frame.CameraError{Reason: frame.Unsupported, Text: text}
	case isImage(head):
		return f.showImage(file, info)
	}
	f.in.orient(mp4Orientation(file, info.Size()))
	return f.playVideo(ctx)
}

// isStill reports whether a file of JPEGs is named like a single picture. Phones append further JPEGs to such a file, for example a
// preview.
func isStill(path string) bool {
	return slices.Contains([]string{".jpg", ".jpeg", ".jpe", ".jfif"}, strings.ToLower(filepath.Ext(path)))
}

// rawRate is how many pictures of a file of JPEGs are shown in a second, because such a file states no rate. ffmpeg has the same
// default.
const rawRate = 25

// playJPEGs passes on the pictures of the file, but no more than most of them. It returns io.EOF at the end.
func (f *fileReader) playJPEGs(ctx context.Context, from interface{ Next() ([]byte, error) }, most int) error {
	f.in.orient(frame.Orientation{}) // a file that was there before may have been turned
	if most > 1 {
		f.in.feed.odd.add("no rate", fmt.Sprintf("the file states no rate, so %d pictures a second are shown", rawRate))
	}
	began := time.Now()
	for n := range most {
		select {
		case <-time.After(time.Until(began.Add(time.Duration(n) * time.Second / rawRate))):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		picture, err := from.Next()
		switch {
		case errors.Is(err, multipart.ErrCut): // the writer was interrupted, or has not finished
			f.in.feed.brokenJPEG()
			return io.EOF
		case err != nil:
			return err
		}
		f.in.Unit(picture, unit.NoPTS, true, time.Now(), &jpegFile)
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
	defer f.in.feed.release(g)
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
