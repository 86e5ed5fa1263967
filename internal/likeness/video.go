package likeness

import (
	"image"
	"math"
)

// Video is a picture in 4:2:0 planes. Those of VideoOf are BT.709, limited range; those of Scaled and JPEG are BT.601, full range.
type Video struct {
	Y, Cb, Cr Plane
	Site      Site
}

// Site says where in a row the samples of chroma are. Its value is used as a number: how many halves of a pixel they lie to the left of
// the middle.
type Site int

// The places of a sample of chroma that belongs to two pixels.
const (
	Centred Site = iota // in the middle between them, as in a JPEG
	Left                // on the first one, as in most video (ITU-T H.264, figure E-1, type 0)
)

// VideoOf encodes a picture with even sides.
func VideoOf(img image.Image, site Site) Video {
	b := img.Bounds()
	width, height := b.Dx(), b.Dy()
	v := Video{NewPlane(width, height), NewPlane(width, height), NewPlane(width, height), site}
	for y := range height {
		for x := range width {
			r16, g16, b16, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
			r, g, b := float64(r16)/65535, float64(g16)/65535, float64(b16)/65535
			luma := 0.2126*r + 0.7152*g + 0.0722*b
			i := y*width + x
			v.Y.Pix[i] = math.Round(16 + 219*luma)
			v.Cb.Pix[i], v.Cr.Pix[i] = 128+224*(b-luma)/1.8556, 128+224*(r-luma)/1.5748
		}
	}
	for _, p := range []*Plane{&v.Cb, &v.Cr} {
		*p = p.area(width/2, height/2, -0.5*float64(site))
		for i := range p.Pix {
			p.Pix[i] = math.Round(p.Pix[i])
		}
	}
	return v
}

// I420 returns the planes as bytes, one after the other.
func (v Video) I420() (all []byte) {
	for _, p := range []Plane{v.Y, v.Cb, v.Cr} {
		for _, value := range p.Pix {
			all = append(all, byte(value))
		}
	}
	return all
}

// Scaled is the exact picture of another size, with the colours of a JPEG: BT.601, full range, 4:2:0, chroma in the middle. For odd sides
// the chroma size is rounded up.
func (v Video) Scaled(width, height int) Video {
	shift := 0.25 * float64(v.Site) // in samples of chroma
	y, cb, cr := v.Y.Area(width, height), v.Cb.area(width, height, shift), v.Cr.area(width, height, shift)
	for i := range y.Pix {
		luma, b, r := (y.Pix[i]-16)/219, 1.8556*(cb.Pix[i]-128)/224, 1.5748*(cr.Pix[i]-128)/224
		blue, red := luma+b, luma+r
		green := (luma - 0.2126*red - 0.0722*blue) / 0.7152
		luma = 0.299*red + 0.587*green + 0.114*blue
		y.Pix[i] = clamp(255 * luma)
		cb.Pix[i], cr.Pix[i] = clamp(128+255*(blue-luma)/1.772), clamp(128+255*(red-luma)/1.402)
	}
	return Video{y, cb.Area((width+1)/2, (height+1)/2), cr.Area((width+1)/2, (height+1)/2), Centred}
}

func clamp(v float64) float64 { return max(0, min(255, v)) }

// JPEG returns the planes of a decoded JPEG in 4:2:0.
func JPEG(img *image.YCbCr) Video {
	b := img.Bounds()
	half := func(n int) int { return (n + 1) / 2 }
	return Video{
		PlaneOf(img.Y, img.YStride, b.Dx(), b.Dy()),
		PlaneOf(img.Cb, img.CStride, half(b.Dx()), half(b.Dy())),
		PlaneOf(img.Cr, img.CStride, half(b.Dx()), half(b.Dy())),
		Centred,
	}
}

// Likeness says how close a picture is to the exact one: the PSNR of its luma and of its chroma, in dB, and the SSIM of both.
type Likeness struct{ Luma, Colour, LumaSSIM, ColourSSIM float64 }

// Worse returns the lower of each figure of l and m.
func (l Likeness) Worse(m Likeness) Likeness {
	return Likeness{min(l.Luma, m.Luma), min(l.Colour, m.Colour), min(l.LumaSSIM, m.LumaSSIM), min(l.ColourSSIM, m.ColourSSIM)}
}

// Compare compares a picture with the exact one. Of the two planes of chroma the worse one counts.
func Compare(picture, exact Video) Likeness {
	return Likeness{
		PSNR(picture.Y, exact.Y), min(PSNR(picture.Cb, exact.Cb), PSNR(picture.Cr, exact.Cr)),
		SSIM(picture.Y, exact.Y), min(SSIM(picture.Cb, exact.Cb), SSIM(picture.Cr, exact.Cr)),
	}
}
