package frame

import (
	"fmt"
	"math"
)

// Ratio is the ratio of a width to a height, such as 16:9. A Ratio with a side of 0 says nothing.
type Ratio struct{ Width, Height int }

// Known reports whether the ratio says something.
func (r Ratio) Known() bool { return r.Width > 0 && r.Height > 0 }

// Value is the quotient, 1 if the ratio says nothing.
func (r Ratio) Value() float64 {
	if !r.Known() {
		return 1
	}
	return float64(r.Width) / float64(r.Height)
}

// String reads like 16:9. It is empty if the ratio says nothing.
func (r Ratio) String() string {
	if !r.Known() {
		return ""
	}
	return fmt.Sprintf("%d:%d", r.Width, r.Height)
}

// reduced returns the same ratio in the smallest numbers.
func (r Ratio) reduced() Ratio {
	a, b := r.Width, r.Height
	for b != 0 {
		a, b = b, a%b
	}
	if a == 0 {
		return Ratio{}
	}
	return Ratio{r.Width / a, r.Height / a}
}

// maxPixelAspect is the largest ratio of the sides of a pixel that is believed. The largest one in the tables of H.264 and H.265
// is 2 (ITU-T H.264, table E-1).
const maxPixelAspect = 4

// SquarePixels reports whether the pixels are square. It is true if nothing is known about them, and if they are said to be more
// than four times as wide as high, or the reverse, which is damage.
func (s Stream) SquarePixels() bool {
	v := s.PixelAspect.Value()
	return v == 1 || v > maxPixelAspect || v < 1./maxPixelAspect
}

// DisplaySize is the size at which the camera's picture must be shown where pixels are square, as in a browser. The height is
// that of the picture, and the width follows from the pixels' aspect, as in VLC and Chromium. It is even, unless the picture is
// shown as it is.
func (s Stream) DisplaySize() (width, height int) {
	if s.SquarePixels() {
		return s.Width, s.Height
	}
	return max(2, 2*int(math.Round(float64(s.Width)*s.PixelAspect.Value()/2))), s.Height
}

// WithAspect returns the stream with pixels of a shape that gives its picture an aspect, or the stream as it is if the aspect says
// nothing or differs from that of square pixels by less than a hundredth: 1920x1088 is meant to be 16:9.
func (s Stream) WithAspect(picture Ratio) Stream {
	if !picture.Known() || s.Width == 0 || s.Height == 0 {
		return s
	}
	s.PixelAspect = Ratio{picture.Width * s.Height, picture.Height * s.Width}.reduced()
	if math.Abs(s.PixelAspect.Value()-1) < 0.01 {
		s.PixelAspect = Ratio{1, 1}
	}
	return s
}
