package frame

import (
	"fmt"
	"math"
	"strconv"
)

// Stream is what a camera sends, as far as it is known: all zero before the first connection.
type Stream struct {
	Codec         string  // h264, h265, mpeg4, mjpeg, vp8, vp9, av1 or raw
	Width, Height int     // pixels, as coded and then turned by Orientation; DisplaySize is the size at which they are shown
	FPS           float64 // as announced by the stream, else as measured; 0 while neither is known
	// PixelAspect is the shape of a pixel, its width to its height: pixel-aspect-ratio in GStreamer's caps, the sample aspect
	// ratio of H.264 and H.265 (ITU-T H.264, E.2.1). Pixels are square if it says nothing.
	PixelAspect Ratio
	Orientation Orientation
	HDR         HDR
	Software    bool // only software decodes it, and browsers do not show it
}

// Passes reports whether browsers show the camera's pictures as they are meant.
func (s Stream) Passes() bool {
	return s.Codec == "mjpeg" && !s.Software && s.SquarePixels() && s.Orientation == Orientation{}
}

// Rendition says how images are wanted: their size, rate, quality, rotation and text. Equal renditions of a camera are one encode,
// shared by their viewers.
type Rendition struct {
	Width, Height int     // pixels
	FPS           float64 // 0 is the camera's own rate
	Keyframes     bool    // the camera's keyframes and nothing else; FPS is 0 then
	Quality       int     // 1 to 100; 0 passes on the JPEGs of the camera as they are; of a raw picture always MaxQuality
	Rotate        int     // degrees clockwise: 0, 90, 180 or 270
	Crop          Crop    // the part of the camera's picture that is shown, after it is turned
	Format        Format
	DropSame      bool // leaves out a picture that is equal to the previous one, except for one each second
	Overlay       Overlay
}

// String is for logs and tests and reads like 480x270@5 crop 0.5,0,0.5,0.5 q80. Renditions that differ in another way read the same.
func (r Rendition) String() string {
	s := fmt.Sprintf("%dx%d", r.Width, r.Height)
	if r.Format.Raw() {
		s += " " + string(r.Format)
	}
	switch {
	case r.Keyframes:
		s += "@key"
	case r.FPS > 0:
		s += "@" + strconv.FormatFloat(r.FPS, 'g', 4, 64)
	}
	if !r.Crop.Whole() {
		s += " crop " + r.Crop.String()
	}
	switch {
	case r.Format.Raw():
		return s
	case r.Quality == 0:
		return s + " as sent"
	}
	return s + " q" + strconv.Itoa(r.Quality)
}

// Still returns r without what a single picture ignores.
func (r Rendition) Still() Rendition {
	r.FPS, r.Keyframes, r.DropSame = 0, false, false
	return r
}

// Pixels is how many pixels are made for each picture: none for those that are passed on.
func (r Rendition) Pixels() int {
	if r.Quality == 0 {
		return 0
	}
	return r.Width * r.Height
}

// SourceSize is the smallest size that a camera's picture can have, before it is rotated, to give the rendition without being enlarged.
func (r Rendition) SourceSize() (width, height int) {
	width, height = r.Width, r.Height
	if !r.Crop.Whole() {
		const slack = 1e-6 // of a division that has no rest
		width = int(math.Ceil(float64(width)/r.Crop.Width - slack))
		height = int(math.Ceil(float64(height)/r.Crop.Height - slack))
	}
	return Orientation{Degrees: r.Rotate}.Size(width, height)
}

// Overlay is text that is drawn into a picture. The zero Overlay has none.
type Overlay struct {
	Name   string // of the camera
	Time   bool   // the machine's, to the second
	Text   string
	Corner Corner
	Size   float64 // height of a line as a fraction of the picture's height; 0 means DefaultTextSize
}

// Corner is the corner of an Overlay.
type Corner string

// The corners.
const (
	TopLeft     Corner = "top-left"
	TopRight    Corner = "top-right"
	BottomLeft  Corner = "bottom-left"
	BottomRight Corner = "bottom-right"
)

// DefaultTextSize is the height of an overlay's line as a fraction of the picture's height.
const DefaultTextSize = 0.05

// Empty reports whether there is no text.
func (o Overlay) Empty() bool { return o.Name == "" && !o.Time && o.Text == "" }

// Request is what somebody asks of a camera. A zero field leaves the choice to the camera's configuration.
type Request struct {
	Width, Height  int     // pixels; if only one is given, the other follows from the aspect ratio
	Scale          float64 // of the camera's size or, with a crop, of that of the crop, in both directions
	Upscale        bool    // allows a picture that is larger than that, up to MaxUpscale times
	FPS            float64 // pictures per second at most
	Keyframes      bool    // the camera's keyframes only
	Quality        int     // 1 to 100
	Auto           bool    // Quality, or what the configuration has, is that of the first of Steps
	Step           int     // index of Steps, if Auto is set
	AsSent         bool    // passes on the JPEGs of a camera that sends them, whatever Quality says, if everything else fits
	Rotate         int     // degrees clockwise: 0, 90, 180 or 270; added to that of the configuration
	Crop           Crop    // of the picture as it is shown without it: turned, and cropped to ConfiguredCrop
	ConfiguredCrop Crop    // of the configuration
	Format         Format
	DropSame       bool
	Overlay        Overlay       // of the configuration
	Name           string        // of the camera, also from the configuration
	Show           *OverlayParts // which parts of the overlay are shown; nil leaves it as configured
}

// Still returns a without what a single picture ignores.
func (a Request) Still() Request {
	a.FPS, a.Keyframes, a.DropSame = 0, false, false
	return a
}

// OverlayParts selects the parts of an overlay that are shown.
type OverlayParts struct{ Name, Time, Text bool }

// The ranges of a Request, and so of the query parameters and the configuration.
const (
	MinSide, MaxSide       = 16, 8192 // pixels
	MinScale, MaxScale     = 0.01, 1.0
	MinFPS, MaxFPS         = 0.1, 240.0
	MinQuality, MaxQuality = 1, 100
	DefaultQuality         = 80
	MaxUpscale             = 4
	// MaxAspect is the largest ratio of the two sides if both are requested.
	MaxAspect = 8
)

// If nothing says how large a picture should be, a camera of LargeWidth pixels or more is shown at LargeScale of its size and a
// smaller one at its own size. For a crop its own size counts.
const (
	LargeWidth = 1280
	LargeScale = 0.25
)

// WithDefaults returns a with its unset fields taken from b, a camera's configuration. If a has a width, a height or a scale, none of
// them is taken from b.
func (a Request) WithDefaults(b Request) Request {
	if a.Width == 0 && a.Height == 0 && a.Scale == 0 {
		a.Width, a.Height, a.Scale = b.Width, b.Height, b.Scale
	}
	if a.FPS == 0 && !a.Keyframes {
		a.FPS, a.Keyframes = b.FPS, b.Keyframes
	}
	if a.Quality == 0 {
		a.Quality, a.AsSent, a.Auto = b.Quality, b.AsSent, a.Auto || b.Auto
	}
	a.Overlay, a.Name = b.Overlay, b.Name
	if a.Show != nil {
		a.Overlay.Name, a.Overlay.Time = "", a.Show.Time
		if a.Show.Name {
			a.Overlay.Name = b.Name
		}
		if !a.Show.Text {
			a.Overlay.Text = ""
		}
	}
	a.ConfiguredCrop = Orientation{Degrees: (360 - a.Rotate) % 360}.CropBefore(b.ConfiguredCrop) // it stays where it is in the scene
	a.Rotate = (a.Rotate + b.Rotate) % 360
	a.DropSame = a.DropSame || b.DropSame
	return a
}

// Resolve turns a complete Request into the rendition of a camera that sends s, whose size must be known.
//
// All sizes are those at which pictures are shown, see Stream.DisplaySize: a rendition's pixels are square. The picture keeps the
// aspect ratio of the camera's, or of the crop, if only one side or a scale is given, and is never larger than that unless Upscale
// allows it.
//
// Renditions that look the same become equal, so that they share one encode: a requested side is rounded to about a hundredth (see
// grid), the other side to an even number, the quality to a multiple of 5, and the rate to halves from 2 a second on and to tenths
// below. The edges of a crop are rounded to about a hundredth of its own sides, and to even pixels; those of a configured one are rounded
// inwards, to even pixels.
func (a Request) Resolve(s Stream) Rendition {
	a, part := a.onStep()
	turn := Orientation{Degrees: a.Rotate}
	configured := turn.CropBefore(a.ConfiguredCrop).inside(s.DisplaySize()) // before it is turned, so that it is the same scene in every turn
	s.Width, s.Height = turn.Size(s.DisplaySize())
	configured = Orientation{Degrees: (360 - a.Rotate) % 360}.CropBefore(configured)
	shown := a.Crop.of(configured.region(s.Width, s.Height))
	crop := shown.in(s.Width, s.Height)
	s.Width, s.Height = shown.width, shown.height
	if a.Scale == 0 {
		a.Scale = 1
		if width, _ := turn.Size(s.Width, s.Height); width >= LargeWidth {
			a.Scale = LargeScale
		}
	}
	own := size{float64(s.Width), float64(s.Height)}
	want := a.size(own)
	limit := 1.0
	if a.Upscale {
		limit = MaxUpscale
	}
	if shrink := max(want.w/own.w, want.h/own.h) / limit; shrink > 1 {
		want = size{want.w / shrink, want.h / shrink}
	}
	if shrink := max(want.w/max(MaxSide, own.w), want.h/max(MaxSide, own.h)); shrink > 1 {
		want = size{want.w / shrink, want.h / shrink}
	}
	part = max(part, min(1, MinSide/min(want.w, want.h)))
	want = size{want.w * part, want.h * part}
	r := Rendition{
		Width: even(want.w, s.Width), Height: even(want.h, s.Height),
		FPS: roundRate(a.FPS), Keyframes: a.Keyframes, Quality: roundQuality(a.Quality),
		Rotate: a.Rotate, Crop: crop, Format: a.Format, DropSame: a.DropSame,
	}
	if !a.Overlay.Empty() {
		r.Overlay = a.Overlay
	}
	if r.Format.Raw() {
		r.Quality = MaxQuality
	}
	if r.Format == I420 {
		r.Width, r.Height = max(2, r.Width&^1), max(2, r.Height&^1)
	}
	if a.Keyframes || s.FPS > 0 && r.FPS > s.FPS*0.98 { // 25 a second is the full rate of a camera of 25.02
		r.FPS = 0
	}
	if a.AsSent && s.Passes() && r.Width == s.Width && r.Height == s.Height &&
		r.Rotate == 0 && r.Crop.Whole() && r.Format == JPEG && r.Overlay.Empty() {
		r.Quality = 0
	}
	return r
}

type size struct{ w, h float64 }

// size is the requested size for a camera, or a part of its picture, whose own size is given, before any limit.
func (a Request) size(own size) size {
	switch {
	case a.Width > 0 && a.Height > 0:
		return size{grid(float64(a.Width)), grid(float64(a.Height))}
	case a.Height > 0:
		h := grid(float64(a.Height))
		return size{own.w * h / own.h, h}
	case a.Width > 0:
		w := grid(float64(a.Width))
		return size{w, own.h * w / own.w}
	case a.Scale == 1:
		return own
	default:
		w := grid(own.w * a.Scale)
		return size{w, own.h * w / own.w}
	}
}

// grid rounds a side in pixels: to even numbers below 512, to multiples of 4 below 1024, of 8 below 2048 and
// so on.
func grid(side float64) float64 {
	step := gridStep(side)
	return step * math.Round(side/step)
}

// gridStep is the step to which grid rounds a side.
func gridStep(side float64) float64 {
	step := 2.0
	for side >= 256*step {
		step *= 2
	}
	return step
}

// even rounds a side to an even number of pixels, but keeps the camera's own side.
func even(side float64, own int) int {
	if int(math.Round(side)) == own {
		return own
	}
	return max(2, 2*int(math.Round(side/2)))
}

// roundRate rounds pictures per second. Only 0, the camera's own rate, becomes 0.
func roundRate(fps float64) float64 {
	switch {
	case fps == 0:
		return 0
	case fps < 2:
		return max(1, math.Round(fps*10)) / 10
	}
	return math.Round(fps*2) / 2
}

// roundQuality rounds a JPEG quality.
func roundQuality(quality int) int {
	return max(MinQuality, (quality+2)/5*5)
}

// Output is where the frames of one rendition go.
type Output struct {
	Rendition Rendition
	Slot      *Slot
}
