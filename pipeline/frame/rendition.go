package frame

import (
	"fmt"
	"math"
	"strconv"
)

// Rendition says how images are requested: their size, rate, quality, rotation, part and text. Equal renditions of a camera are one encode,
// shared by their viewers.
type Rendition struct {
	Width, Height int     // pixels
	FPS           float64 // 0 is the camera's own rate
	Keyframes     bool    // the camera's keyframes and nothing else; FPS is 0 then
	Quality       int     // 1 to 100; 0 passes on the JPEGs of the camera as they are; of a raw picture always MaxQuality
	Rotate        int     // degrees clockwise: 0, 90, 180 or 270
	Crop          Crop    // the part of the camera's picture that is shown, after it is rotated
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

// Output is where the frames of one rendition go.
type Output struct {
	Rendition Rendition
	Slot      *Slot
}
