// Package patches makes pictures of patches with known colours, stored the way cameras store them, and reads the colours of the
// patches from pictures that were made from those.
package patches

import (
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"strings"
)

// Layout is how a camera stores colours.
type Layout struct {
	Format string // I420, I420_10LE, Y42B or Y444, in GStreamer's words
	Matrix Matrix
	Full   bool // range, else limited
}

// Matrix has the weights of red and blue in luma, and its colorimetry in GStreamer's words for limited and for full range.
type Matrix struct {
	Red, Blue     float64
	Limited, Full string
}

// The matrices of Recommendations ITU-R BT.601, BT.709 and BT.2020.
var (
	BT601  = Matrix{0.299, 0.114, "bt601", "1:4:16:4"}
	BT709  = Matrix{0.2126, 0.0722, "bt709", "1:3:5:1"}
	BT2020 = Matrix{0.2627, 0.0593, "bt2020-10", "1:6:13:7"}
)

// colorimetry of the layout in GStreamer's words.
func (l Layout) colorimetry() string {
	if l.Full {
		return l.Matrix.Full
	}
	return l.Matrix.Limited
}

// Count is the number of patches, which are in two rows.
const Count = 8

// Colours has the red, green and blue of each patch, 0 to 255.
type Colours [Count][3]float64

// wanted are the colours before a camera rounds them.
var wanted = Colours{{32, 192, 32}, {192, 32, 32}, {32, 32, 192}, {192, 192, 32}, {32, 192, 192}, {224, 160, 128}, {0, 0, 0}, {255, 255, 255}}

// Picture returns the samples of a picture of the patches, and the colours that its samples mean, after they were rounded.
func (l Layout) Picture(width, height int) (samples []byte, colours Colours) {
	var yuv [Count][3]uint16
	for i, c := range wanted {
		yuv[i], colours[i] = l.round(c)
	}
	for plane := range 3 {
		columns, rows := width, height
		if plane > 0 && l.Format != "Y444" {
			columns /= 2
			if l.Format != "Y42B" {
				rows /= 2
			}
		}
		for y := range rows {
			for x := range columns {
				sample := yuv[4*(2*y/rows)+4*x/columns][plane]
				if l.Deep() {
					samples = binary.LittleEndian.AppendUint16(samples, sample)
				} else {
					samples = append(samples, byte(sample))
				}
			}
		}
	}
	return samples, colours
}

// Deep reports whether the samples have 10 bits.
func (l Layout) Deep() bool { return strings.HasSuffix(l.Format, "_10LE") }

// round returns the samples that are nearest to a colour, and the colour that they mean.
func (l Layout) round(rgb [3]float64) (samples [3]uint16, meant [3]float64) {
	one := 1.0 // that of 8 bits
	if l.Deep() {
		one = 4
	}
	black, luma, chroma, most := 16*one, 219*one, 224*one, 256*one-1
	if l.Full {
		black, luma, chroma = 0, most, most
	}
	kr, kb := l.Matrix.Red, l.Matrix.Blue
	kg := 1 - kr - kb
	y := (kr*rgb[0] + kg*rgb[1] + kb*rgb[2]) / 255
	rounded := func(v float64) float64 { return math.Round(min(max(v, 0), most)) }
	sy := rounded(black + luma*y)
	sb := rounded(128*one + chroma*(rgb[2]/255-y)/(2-2*kb))
	sr := rounded(128*one + chroma*(rgb[0]/255-y)/(2-2*kr))
	y = (sy - black) / luma
	b, r := y+(2-2*kb)*(sb-128*one)/chroma, y+(2-2*kr)*(sr-128*one)/chroma
	for i, v := range [3]float64{r, (y - kr*r - kb*b) / kg, b} {
		meant[i] = 255 * min(max(v, 0), 1)
	}
	return [3]uint16{uint16(sy), uint16(sb), uint16(sr)}, meant
}

// Read returns the mean colour in the middle of each patch.
func Read(picture image.Image) (c Colours) {
	for i := range c {
		c[i] = middle(picture, i)
	}
	return c
}

// middle is the mean colour in the middle of one of the patches.
func middle(picture image.Image, i int) (rgb [3]float64) {
	const side = 4
	size := picture.Bounds()
	left, top := size.Min.X+(2*(i%4)+1)*size.Dx()/8-side/2, size.Min.Y+(2*(i/4)+1)*size.Dy()/4-side/2
	for y := top; y < top+side; y++ {
		for x := left; x < left+side; x++ {
			c := color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)
			for j, v := range [3]uint8{c.R, c.G, c.B} {
				rgb[j] += float64(v) / (side * side)
			}
		}
	}
	return rgb
}

// Off is the largest difference of red, green or blue in each patch, in levels of 0 to 255.
func (c Colours) Off(other Colours) (off [Count]float64) {
	for i := range c {
		for channel := range c[i] {
			off[i] = max(off[i], math.Abs(c[i][channel]-other[i][channel]))
		}
	}
	return off
}
