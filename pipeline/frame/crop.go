package frame

import (
	"math"
	"strconv"
	"strings"
)

// Crop is a rectangle of a picture, in fractions of its width and height from the top left. The zero Crop is the whole picture.
type Crop struct{ X, Y, Width, Height float64 }

// MinCrop is the smallest width and height of a Crop, as fractions. MinRegion is how many pixels of the camera it has at least in each
// direction: a smaller one is enlarged.
const (
	MinCrop   = 0.001
	MinRegion = 16
)

// CropLimits says what the numbers of a Crop must be, to complete the sentence 'it must be …'.
const CropLimits = "x,y,w,h from 0 to 1 (left edge, top edge, width and height, as fractions of the picture); w and h are at least 0.001, x+w and y+h at most 1"

// NewCrop returns a crop. It reports false unless the numbers are as CropLimits says.
func NewCrop(x, y, width, height float64) (c Crop, ok bool) {
	const slack = 1e-6                                                                                             // a sum such as 0.7 + 0.3 may be more than 1
	if !(x >= 0 && y >= 0 && width >= MinCrop && height >= MinCrop && x+width <= 1+slack && y+height <= 1+slack) { // also for NaN
		return Crop{}, false
	}
	return Crop{x, y, min(width, 1-x), min(height, 1-y)}, true
}

// ParseCrop parses a crop such as 0.25,0.25,0.5,0.5. It reports false unless the text is as CropLimits says.
func ParseCrop(text string) (c Crop, ok bool) {
	var numbers [4]float64
	parts := strings.Split(text, ",")
	if len(parts) != len(numbers) {
		return Crop{}, false
	}
	for i, part := range parts {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return Crop{}, false
		}
		numbers[i] = v
	}
	return NewCrop(numbers[0], numbers[1], numbers[2], numbers[3])
}

// Whole reports whether the crop is the whole picture.
func (c Crop) Whole() bool { return c == Crop{} }

// Numbers returns x, y, width and height, to four decimals; nil for the whole picture.
func (c Crop) Numbers() (all []float64) {
	if c.Whole() {
		return nil
	}
	for _, v := range []float64{c.X, c.Y, c.Width, c.Height} {
		all = append(all, math.Round(v*1e4)/1e4)
	}
	return all
}

// String reads like 0.25,0.25,0.5,0.5. It is empty for the whole picture.
func (c Crop) String() string {
	var parts []string
	for _, v := range c.Numbers() {
		parts = append(parts, strconv.FormatFloat(v, 'f', -1, 64))
	}
	return strings.Join(parts, ",")
}

// region is a rectangle in whole pixels.
type region struct{ x, y, width, height int }

// of returns the part of a region. Its sides are rounded like those that are requested (see grid), and its edges to the same steps.
func (c Crop) of(r region) region {
	if c.Whole() {
		return r
	}
	x, width := along(c.X, c.Width, r.width)
	y, height := along(c.Y, c.Height, r.height)
	return region{r.x + x, r.y + y, width, height}
}

// inside returns the crop with its edges rounded inwards to even pixels of a picture, unless they are edges of the picture. It has at
// least MinRegion pixels in each direction.
func (c Crop) inside(width, height int) Crop {
	if c.Whole() {
		return c
	}
	side := func(from, length float64, side int) (at, n int) {
		const slack = 1e-6
		at = 2 * int(math.Ceil(from*float64(side)/2-slack))
		end := 2 * int(math.Floor((from+length)*float64(side)/2+slack))
		if from+length > 1-slack {
			end = side
		}
		n = max(end-at, min(MinRegion, side))
		return min(at, side-n), n
	}
	x, w := side(c.X, c.Width, width)
	y, h := side(c.Y, c.Height, height)
	return region{x, y, w, h}.in(width, height)
}

// region is the crop of a picture in pixels, between two of which its edges lie.
func (c Crop) region(width, height int) region {
	if c.Whole() {
		return region{0, 0, width, height}
	}
	side := func(fraction float64, n int) int { return int(math.Round(fraction * float64(n))) }
	return region{side(c.X, width), side(c.Y, height), side(c.Width, width), side(c.Height, height)}
}

// along returns where a part of a side begins and how many of its pixels it has. What reaches to the end of the side still does.
func along(from, length float64, side int) (at, n int) {
	const slack = 1e-6
	if length > 1-slack {
		return 0, side
	}
	wanted := length * float64(side)
	n = min(max(int(grid(wanted)), MinRegion), side)
	step := gridStep(wanted)
	at = int(step * math.Round(from*float64(side)/step))
	if from+length > 1-slack {
		at = side
	}
	return min(at, side-n), n
}

// in returns the fractions that a region has of a picture: the zero Crop if it is all of it.
func (r region) in(width, height int) Crop {
	if r == (region{0, 0, width, height}) {
		return Crop{}
	}
	w, h := float64(width), float64(height)
	return Crop{float64(r.x) / w, float64(r.y) / h, float64(r.width) / w, float64(r.height) / h}
}
