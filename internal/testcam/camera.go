// Package testcam is a test camera that serves real RTSP, for demos, tests and benchmarks. It encodes a loop once at the start and then sends
// it from memory, so that it costs next to nothing while something else is measured. It misbehaves on command.
package testcam

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"time"

	"github.com/framegate/framegate/internal/testcam/loop"
	"github.com/framegate/framegate/internal/testcam/mark"
	"github.com/framegate/framegate/pipeline/frame"
)

// Camera describes one camera. The zero Camera works: H.264, 1280x720 at 25 fps with a keyframe each second. The values of
// fields that are zero are in parentheses.
type Camera struct {
	Name             string        // also the path of its URL: letters, digits, '_' and '-' (cam1, cam2 … by its place in the list)
	Codec            Codec         // (H264)
	Width, Height    int           // pixels: even, 64x64 to 7680x4320; for MJPEG multiples of 8 up to 2040 (1280x720)
	PixelAspect      frame.Ratio   // shape of a pixel (square)
	FPS              int           // pictures per second, 1 to 120 (25)
	KeyframeInterval int           // in frames (one second)
	Bitrate          int           // kbit/s, ignored for MJPEG (4000 for 1080p, by area for other sizes)
	BFrames          int           // between two other frames, H.264 only
	Grain            int           // noise of each pixel, in levels of luma: without it an encoder stays below Bitrate
	Loop             time.Duration // rounded up to whole keyframe intervals (4 s)
	Username         string        // empty admits everybody
	Password         string
	Audio            bool // a G.711 track of silence beside the video
	AudioOnly        bool // that track and no video
	// Number is the number in the mark of each frame (the place in the list, from 1). With Shared it is 0, and cameras that
	// differ only in their names share one encoding.
	Number int
	Shared bool
}

// Codec is a video codec by its short name.
type Codec = loop.Codec

// The codecs that a camera can send.
const (
	H264  = loop.H264
	H265  = loop.H265
	MJPEG = loop.MJPEG
	MPEG4 = loop.MPEG4
	VP8   = loop.VP8
	VP9   = loop.VP9
	AV1   = loop.AV1
)

// withDefaults fills in what is zero for the camera at place i.
func (c Camera) withDefaults(i int) (Camera, error) {
	c.Name = cmp.Or(c.Name, fmt.Sprintf("cam%d", i+1))
	c.Codec = cmp.Or(c.Codec, H264)
	c.Width, c.Height = cmp.Or(c.Width, 1280), cmp.Or(c.Height, 720)
	c.FPS = cmp.Or(c.FPS, 25)
	c.KeyframeInterval = cmp.Or(c.KeyframeInterval, c.FPS)
	c.Bitrate = cmp.Or(c.Bitrate, max(200, 4000*c.Width*c.Height/(1920*1080)))
	c.Loop = cmp.Or(c.Loop, 4*time.Second)
	c.Number = cmp.Or(c.Number, i+1)
	if c.Shared {
		c.Number = 0
	}
	switch {
	case !validName.MatchString(c.Name) || c.Name == allCameras:
		return c, fmt.Errorf("camera name %q: want letters, digits, '_' and '-', and not %q", c.Name, allCameras)
	case !c.Codec.Known():
		return c, fmt.Errorf("%s: no codec %q: want one of %s", c.Name, c.Codec, loop.CodecNames())
	case c.Width < 64 || c.Width > 7680 || c.Height < 64 || c.Height > 4320 || c.Width%2+c.Height%2 > 0:
		return c, fmt.Errorf("%s: %dx%d: want even sides, from 64x64 to 7680x4320", c.Name, c.Width, c.Height)
	case c.Codec == MJPEG && (c.Width > 2040 || c.Height > 2040 || c.Width%8+c.Height%8 > 0):
		// RTP/JPEG has a byte for an eighth of each side (RFC 2435, section 3.1.5).
		return c, fmt.Errorf("%s: %dx%d: want sides that are multiples of 8, up to 2040, for MJPEG", c.Name, c.Width, c.Height)
	case c.FPS < 1 || c.FPS > 120:
		return c, fmt.Errorf("%s: %d fps: want 1 to 120", c.Name, c.FPS)
	case c.KeyframeInterval < 1:
		return c, fmt.Errorf("%s: a keyframe each %d frames: want 1 or more", c.Name, c.KeyframeInterval)
	case c.Bitrate < 1:
		return c, fmt.Errorf("%s: %d kbit/s: want 1 or more", c.Name, c.Bitrate)
	case c.BFrames < 0 || c.BFrames > 16 || c.BFrames > 0 && c.Codec != H264:
		return c, fmt.Errorf("%s: %d B-frames: want 0 to 16, for H.264 only", c.Name, c.BFrames)
	case c.Grain < 0 || c.Grain > loop.MaxGrain:
		return c, fmt.Errorf("%s: a grain of %d: want 0 to %d", c.Name, c.Grain, loop.MaxGrain)
	case c.Loop < 0 || c.Number < 0:
		return c, fmt.Errorf("%s: the loop or the number is negative", c.Name)
	case c.frames() > mark.MaxFrame || c.Number > mark.MaxCamera:
		return c, fmt.Errorf("%s: the loop or the number is too large for the mark", c.Name)
	}
	return c, nil
}

// allCameras stands for every camera when used as a name at the control port.
const allCameras = "all"

var validName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// frames is the length of the loop in frames.
func (c Camera) frames() int {
	n := int(math.Ceil(c.Loop.Seconds() * float64(c.FPS)))
	gops := (n + c.KeyframeInterval - 1) / c.KeyframeInterval
	return max(gops, 1) * c.KeyframeInterval
}

// spec is what the camera's loop is encoded from.
func (c Camera) spec() loop.Spec {
	label := c.Name
	if c.Shared {
		label = "testcam"
	}
	return loop.Spec{
		Codec: c.Codec, Width: c.Width, Height: c.Height, PixelAspect: c.PixelAspect, FPS: c.FPS, Interval: c.KeyframeInterval, Length: c.frames(),
		Bitrate: c.Bitrate, BFrames: c.BFrames, Grain: c.Grain, Number: c.Number, Label: label,
	}
}
