package patches

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/framegate/framegate/pipeline/gst"
)

// ErrMissing says that this machine lacks an element of an encoder.
var ErrMissing = errors.New("an element is missing")

// Encode writes a file that shows a picture for 2 s. The encoder is a part of a pipeline in GStreamer's words, from raw pictures
// to a stream that matroskamux takes, or to the end of mpegtsmux.
func Encode(ctx context.Context, path string, l Layout, samples []byte, width, height int, encoder string) error {
	for element := range strings.SplitSeq(encoder, " ! ") {
		if name, _, _ := strings.Cut(element, " "); len(gst.Missing(name)) > 0 {
			return fmt.Errorf("%s: %w", name, ErrMissing)
		}
	}
	dir, err := os.MkdirTemp("", "patches")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	raw := filepath.Join(dir, "patches.raw")
	if err := os.WriteFile(raw, samples, 0o600); err != nil {
		return err
	}
	p, err := gst.New()
	if err != nil {
		return err
	}
	defer p.Stop()
	muxer := "matroskamux ! "
	if strings.HasSuffix(encoder, "mpegtsmux") {
		muxer = ""
	}
	format := strings.ToLower(strings.ReplaceAll(l.Format, "_", "-"))
	line := fmt.Sprintf("filesrc location=%q blocksize=%d ! rawvideoparse format=%s width=%d height=%d framerate=25/1 colorimetry=%s ! "+
		"imagefreeze num-buffers=50 ! %s ! %sfilesink location=%q", raw, len(samples), format, width, height, l.colorimetry(), encoder, muxer, path)
	if _, err := p.AddLaunchLine(line); err != nil {
		return err
	}
	if err := p.Play(ctx, 10*time.Second); err != nil {
		return err
	}
	select {
	case err = <-p.Ended():
	case <-time.After(2 * time.Minute):
		err = errors.New("the encoder does not end")
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
