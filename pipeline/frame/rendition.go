package frame

import (
	"fmt"
	"math"
	"strconv"
)

// Stream is what a camera sends, as far as it is known: all zero before the first connection.
type Stream struct {
	Codec         string  // h264, h265, mpeg4, mjpeg, vp8, vp9, av1 or raw
	Width, Height int     // pixels
	FPS           float64 // as announced by the stream, else as measured; 0 while neither is known
}

// Rendition is one wanted picture. Equal renditions of a camera are one encode, shared by their viewers.
type Rendition struct {
	Width, Height int     // pixels
	FPS           float64 // 0 is the camera's own rate
	Quality       int     // JPEG quality, 1 to 100
}

// String reads like 480x270 q80 or 480x270@5 q80.
func (r Rendition) String() string {
	s := fmt.Sprintf("%dx%d", r.Width, r.Height)
	if r.FPS > 0 {
		s += "@" + strconv.FormatFloat(r.FPS, 'g', 4, 64)
	}
	return s + " q" + strconv.Itoa(r.Quality)
}

// Ask is what somebody asks of a camera. A zero field leaves the choice to the camera's configuration.
type Ask struct {
	Width, Height int     // pixels; where one is given the other follows from the aspect
	Scale         float64 // of the camera's size, in both directions
	FPS           float64 // pictures per second at most
	Quality       int
}

// The ranges of an Ask and so of the query parameters and the configuration.
const (
	MinSide, MaxSide       = 16, 8192 // pixels
	MinScale, MaxScale     = 0.01, 1.0
	MinFPS, MaxFPS         = 0.1, 240.0
	MinQuality, MaxQuality = 1, 100
)

// Where nothing says how large a picture should be, a camera of LargeWidth pixels or more is shown at a
// quarter of its size and a smaller one as it is.
const (
	LargeWidth = 1280
	LargeScale = 0.25
)

// Or fills a's unset fields from b, which is a camera's configuration. A size given in one of the ways
// hides the other ways of b.
func (a Ask) Or(b Ask) Ask {
	if a.Width == 0 && a.Height == 0 && a.Scale == 0 {
		a.Width, a.Height, a.Scale = b.Width, b.Height, b.Scale
	}
	if a.FPS == 0 {
		a.FPS = b.FPS
	}
	if a.Quality == 0 {
		a.Quality = b.Quality
	}
	return a
}

// Resolve turns a complete Ask into the rendition of a camera that sends s, whose size must be known. The
// picture is never larger than the camera's own and keeps its aspect where only one side or a scale is
// given; sides are even, as chroma subsampling wants them.
func (a Ask) Resolve(s Stream) Rendition {
	w, h := float64(s.Width), float64(s.Height)
	switch {
	case a.Width > 0 && a.Height > 0:
		w, h = float64(a.Width), float64(a.Height)
	case a.Width > 0:
		w, h = float64(a.Width), h*float64(a.Width)/w
	case a.Height > 0:
		w, h = w*float64(a.Height)/h, float64(a.Height)
	case a.Scale > 0:
		w, h = w*a.Scale, h*a.Scale
	case s.Width >= LargeWidth:
		w, h = w*LargeScale, h*LargeScale
	}
	if shrink := max(w/float64(s.Width), h/float64(s.Height)); shrink > 1 {
		w, h = w/shrink, h/shrink
	}
	fps := a.FPS
	if s.FPS > 0 && fps >= s.FPS {
		fps = 0
	}
	return Rendition{Width: even(w, s.Width), Height: even(h, s.Height), FPS: fps, Quality: a.Quality}
}

// even rounds a side to an even number of pixels, but leaves the camera's own side as it is.
func even(side float64, own int) int {
	if int(math.Round(side)) >= own {
		return own
	}
	return max(2, 2*int(math.Round(side/2)))
}

// Plan tells how pictures are made: by which elements, and why not by better ones.
type Plan struct {
	Name         string `json:"name"`
	Hardware     bool   `json:"hardware"`
	Decoder      string `json:"decoder"`
	Scaler       string `json:"scaler"`
	Encoder      string `json:"encoder"`
	FellBackFrom string `json:"fell_back_from"` // the plan that this one stands in for
	Reason       string `json:"reason"`         // why
}

// Output is where the frames of one rendition go.
type Output struct {
	Rendition Rendition
	Slot      *Slot
}
