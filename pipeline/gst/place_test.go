package gst

import (
	"fmt"
	"math"
	"testing"
)

// TestScalerKeepsEdgesInTheirPlace of luma and of chroma, wherever the samples of the chroma are: a picture shows a sharp edge, and each
// sample has the average of what it covers around its place. A row of the scaled picture then says by its sum where the edge is.
func TestScalerKeepsEdgesInTheirPlace(t *testing.T) {
	const width, height = 192, 128
	const dark, bright = 50.0, 200.0
	for site, before := range map[string][2]float64{ // by how many pixels the samples lie before the middle of two
		"": {}, "jpeg": {}, "mpeg2": {0.5, 0}, "dv": {0.5, 0.5},
	} {
		if site == "dv" {
			site = "cosited"
		}
		caps := fmt.Sprintf("format=I420, width=%d, height=%d, colorimetry=1:4:0:0", width, height)
		if site != "" {
			caps += ", chroma-site=" + site
		}
		for axis, side := range [2]int{width, height} {
			for _, c := range []struct {
				from, length float64 // of the part along the axis, in pixels
				out          int
			}{
				{0, float64(side), side}, {0, float64(side), side / 2}, {0, float64(side), side / 4}, {0, 96, 32}, {0, float64(side), side * 5 / 16},
				{32, 64, 64}, {33, 50, 26}, {40.4, 41.7, 30}, // no larger than the camera's pixels
				{40, 32, 128}, {41, 33, 80}, {40.6, 31.3, 126}, // enlarged
			} {
				for _, edge := range []float64{c.from + 0.4*c.length, math.Round(c.from + c.length/2), math.Round(c.from+c.length/2) + 1} {
					sample := func(center, covers float64) byte {
						share := min(1, max(0, (center+covers/2-edge)/covers)) // of what is bright
						return byte(math.Round(dark + share*(bright-dark)))
					}
					data := make([]byte, width*height*3/2)
					planes, strides := i420(data, width, height)
					for plane := range planes {
						covers, early := 1.0, 0.0
						if plane > 0 {
							covers, early = 2, before[axis]
						}
						for y := range height / int(covers) {
							for x := range width / int(covers) {
								at := float64([2]int{x, y}[axis])
								planes[plane][y*strides[plane]+x] = sample((at+0.5)*covers-early, covers)
							}
						}
					}
					size, crop := [2]int{width, height}, map[string]any{}
					size[axis] = c.out
					crop["crop-"+[2]string{"x", "y"}[axis]] = c.from / float64(side)
					crop["crop-"+[2]string{"width", "height"}[axis]] = c.length / float64(side)
					head := Spec{Factory: "appsrc", Set: map[string]any{"caps": Arg("video/x-raw, framerate=25/1, " + caps), "format": Arg("time")}}
					push := func(head *Element) { head.Push(data, 0, true) }
					made, madeStrides := i420(scaledFrom(t, caps, push, Spec{Factory: Scaler, Set: crop}, size[0], size[1], head), size[0], size[1])
					want := (edge - c.from) * float64(c.out) / c.length
					for plane := range made {
						each := 1
						if plane > 0 {
							each = 2
						}
						n, got := (c.out+each-1)/each, 0.0
						for i := range n {
							at := i
							if axis == 1 {
								at = i * madeStrides[plane]
							}
							got += float64(each) * (bright - float64(made[plane][at])) / (bright - dark)
						}
						if math.Abs(got-want) > 0.1 {
							t.Errorf("chroma-site %q, axis %d, %+v, plane %d: an edge at %.1f is at %.2f, want %.2f", site, axis, c, plane, edge, got, want)
						}
					}
				}
			}
		}
	}
}
