// Package likeness measures how close a scaled picture is to the exact one, and draws pictures that are hard to scale.
package likeness

import (
	"math"
)

// Plane is one component of a picture, without gaps between its rows.
type Plane struct {
	Width, Height int
	Pix           []float64 // 0 to 255
}

// NewPlane returns a plane of zeros.
func NewPlane(width, height int) Plane { return Plane{width, height, make([]float64, width*height)} }

// PlaneOf returns a plane of bytes, whose rows are stride bytes apart.
func PlaneOf(pix []byte, stride, width, height int) Plane {
	p := NewPlane(width, height)
	for y := range height {
		for x := range width {
			p.Pix[y*width+x] = float64(pix[y*stride+x])
		}
	}
	return p
}

// same stands for the PSNR of equal planes, which is infinite.
const same = 100

// PSNR is the peak signal-to-noise ratio of two planes of the same size in dB, at most 100.
func PSNR(a, b Plane) float64 {
	var sum float64
	for i, v := range a.Pix {
		sum += (v - b.Pix[i]) * (v - b.Pix[i])
	}
	return min(same, 10*math.Log10(255*255*float64(len(a.Pix))/sum))
}

// SSIM is the mean structural similarity of two planes of the same size, from windows of 8x8 pixels that are four apart: Wang and
// others, 2004. Equal planes have 1. It is NaN for planes without such a window.
func SSIM(a, b Plane) float64 {
	const side, step, n = 8, 4, 8 * 8
	const c1, c2 = (0.01 * 255) * (0.01 * 255), (0.03 * 255) * (0.03 * 255)
	var sum float64
	windows := 0
	for top := 0; top+side <= a.Height; top += step {
		for left := 0; left+side <= a.Width; left += step {
			var sa, sb, saa, sbb, sab float64
			for y := top; y < top+side; y++ {
				for x := left; x < left+side; x++ {
					va, vb := a.Pix[y*a.Width+x], b.Pix[y*a.Width+x]
					sa, sb, saa, sbb, sab = sa+va, sb+vb, saa+va*va, sbb+vb*vb, sab+va*vb
				}
			}
			ma, mb := sa/n, sb/n
			va, vb, cov := saa/n-ma*ma, sbb/n-mb*mb, sab/n-ma*mb
			sum += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			windows++
		}
	}
	return sum / float64(windows)
}

// Area scales a plane by the exact average of the area that each pixel covers.
func (p Plane) Area(width, height int) Plane { return p.area(width, height, 0) }

// area is Area of a plane that is read shift pixels further to the right. Beyond its edges their pixels are repeated.
func (p Plane) area(width, height int, shift float64) Plane {
	across := NewPlane(width, p.Height)
	for x := range width {
		each(p.Width, width, x, shift, func(from int, weight float64) {
			for y := range p.Height {
				across.Pix[y*width+x] += weight * p.Pix[y*p.Width+from]
			}
		})
	}
	out := NewPlane(width, height)
	for y := range height {
		each(p.Height, height, y, 0, func(from int, weight float64) {
			for x := range width {
				out.Pix[y*width+x] += weight * across.Pix[from*width+x]
			}
		})
	}
	return out
}

// each calls f for each of n pixels that pixel i of out covers, with the part that it has of it.
func each(n, out, i int, shift float64, f func(from int, weight float64)) {
	scale := float64(n) / float64(out)
	low, high := float64(i)*scale+shift, float64(i+1)*scale+shift
	for from := math.Floor(low); from < high-1e-9; from++ {
		if weight := (min(high, from+1) - max(low, from)) / scale; weight > 1e-12 {
			f(min(max(int(from), 0), n-1), weight)
		}
	}
}
