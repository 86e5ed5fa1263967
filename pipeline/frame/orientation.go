package frame

import "math"

// Orientation is how a camera's pictures are to be turned to be upright: first mirrored, left for right, then rotated. The zero
// Orientation leaves them as they are.
type Orientation struct {
	Mirrored bool
	Degrees  int // clockwise: 0, 90, 180 or 270
}

// Rotated returns the orientation of pictures that are rotated further, by a multiple of 90 degrees clockwise.
func (o Orientation) Rotated(degrees int) Orientation {
	o.Degrees = (o.Degrees + degrees) % 360
	return o
}

// SwapsSides reports whether the width of a picture becomes its height.
func (o Orientation) SwapsSides() bool { return o.Degrees%180 != 0 }

// Size returns the size of a turned picture, given its size before it was turned, or the reverse.
func (o Orientation) Size(width, height int) (int, int) {
	if o.SwapsSides() {
		return height, width
	}
	return width, height
}

// Before returns where a point of the turned picture was before. Coordinates are fractions of the width and height, from the top
// left.
func (o Orientation) Before(x, y float64) (float64, float64) {
	switch o.Degrees {
	case 90:
		x, y = y, 1-x
	case 180:
		x, y = 1-x, 1-y
	case 270:
		x, y = 1-y, x
	}
	if o.Mirrored {
		x = 1 - x
	}
	return x, y
}

// CropBefore returns where a part of the turned picture was before.
func (o Orientation) CropBefore(c Crop) Crop {
	if c.Whole() {
		return c
	}
	x1, y1 := o.Before(c.X, c.Y)
	x2, y2 := o.Before(c.X+c.Width, c.Y+c.Height)
	x, y := max(0, min(x1, x2)), max(0, min(y1, y2)) // sums of fractions may be a little less than 0
	return Crop{x, y, min(math.Abs(x1-x2), 1-x), min(math.Abs(y1-y2), 1-y)}
}
