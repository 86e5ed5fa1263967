package patches

import (
	"image"
	"image/color"
	"math"

	"github.com/framegate/framegate/pipeline/frame"
)

// Pixels is a picture of bare pixels, as programs read them.
type Pixels struct {
	Format        frame.Format // one of the raw ones
	Width, Height int
	Data          []byte // rows without padding
}

// ColorModel is RGBA's.
func (p Pixels) ColorModel() color.Model { return color.RGBAModel }

// Bounds begins at 0, 0.
func (p Pixels) Bounds() image.Rectangle { return image.Rect(0, 0, p.Width, p.Height) }

// At converts I420 as OpenCV's COLOR_YUV2BGR_I420 does: from BT.601 in limited range.
func (p Pixels) At(x, y int) color.Color {
	i := y*p.Width + x
	switch p.Format {
	case frame.Gray:
		return color.Gray{Y: p.Data[i]}
	case frame.I420:
		n := p.Width * p.Height
		chroma := n + y/2*(p.Width/2) + x/2
		l, u, v := 1.164*(float64(p.Data[i])-16), float64(p.Data[chroma])-128, float64(p.Data[chroma+n/4])-128
		return color.RGBA{level(l + 1.596*v), level(l - 0.391*u - 0.813*v), level(l + 2.018*u), 255}
	case frame.BGR:
		return color.RGBA{p.Data[3*i+2], p.Data[3*i+1], p.Data[3*i], 255}
	}
	return color.RGBA{p.Data[3*i], p.Data[3*i+1], p.Data[3*i+2], 255}
}

func level(v float64) byte { return byte(min(255, max(0, v+0.5))) }

// LimitedRange converts a picture of BT.601 in limited range, such as a decoded WebP with losses (RFC 6386, 9.2), without rounding
// as package webp does.
func LimitedRange(from *image.YCbCr) image.Image {
	to := image.NewRGBA64(from.Bounds())
	for i := range to.Bounds().Dy() {
		for j := range to.Bounds().Dx() {
			c := from.YCbCrAt(j, i)
			y, cb, cr := (float64(c.Y)-16)*255/219, (float64(c.Cb)-128)*255/224, (float64(c.Cr)-128)*255/224
			level := func(v float64) uint16 { return uint16(math.Round(257 * min(max(v, 0), 255))) }
			to.SetRGBA64(j, i, color.RGBA64{level(y + 1.402*cr), level(y - 0.344136*cb - 0.714136*cr), level(y + 1.772*cb), math.MaxUint16})
		}
	}
	return to
}
