package gst

import (
	"fmt"
	"math"
	"testing"
)

// packed sends a picture in full range through the packer.
func packed(t *testing.T, layout string, data []byte, width, height int) []byte {
	t.Helper()
	caps := fmt.Sprintf("video/x-raw, framerate=25/1, format=I420, width=%d, height=%d, colorimetry=(string)1:4:0:0", width, height)
	source := Spec{Factory: "appsrc", Set: map[string]any{"caps": Arg(caps), "format": Arg("time")}}
	return firstOf(t, layout, func(head *Element) {
		if !head.Push(data, 0, true) {
			t.Fatalf("%s: the packer takes no picture", layout)
		}
	}, source, Spec{Factory: Packer, Set: map[string]any{"format": layout}})
}

// TestPackerGivesPixelsWithoutPadding of pictures with even and odd sides, in each layout, with the colours that JFIF defines.
func TestPackerGivesPixelsWithoutPadding(t *testing.T) {
	for _, side := range [][2]int{{64, 48}, {66, 50}, {641, 481}, {2, 2}, {1, 1}} {
		width, height := side[0], side[1]
		planes, strides := i420(make([]byte, 4*(width+8)*(height+8)), width, height)
		for i, plane := range planes {
			for j := range plane {
				plane[j] = byte(j*7 + j/strides[i]*13 + i*50)
			}
		}
		data := append(append(append([]byte{}, planes[0]...), planes[1]...), planes[2]...)
		at := func(plane, x, y int) float64 { return float64(planes[plane][y*strides[plane]+x]) }
		byteOf := func(v float64) int { return int(math.Round(min(255, max(0, v)))) }
		check := func(layout string, i int, got byte, want int) {
			if d := int(got) - want; d < -1 || d > 1 {
				t.Fatalf("%s %dx%d: byte %d is %d, want %d", layout, width, height, i, got, want)
			}
		}
		for _, layout := range []string{"bgr", "rgb", "gray", "i420"} {
			out := packed(t, layout, data, width, height)
			n := map[string]int{"bgr": 3, "rgb": 3, "gray": 1, "i420": 1}[layout] * width * height
			half := [2]int{(width + 1) / 2, (height + 1) / 2}
			if layout == "i420" {
				n += 2 * half[0] * half[1]
			}
			if len(out) != n {
				t.Fatalf("%s %dx%d: %d bytes, want %d", layout, width, height, len(out), n)
			}
			for i := range width * height {
				x, y := i%width, i/width
				luma, u, v := at(0, x, y), at(1, x/2, y/2)-128, at(2, x/2, y/2)-128
				red, green, blue := byteOf(luma+1.402*v), byteOf(luma-0.344136*u-0.714136*v), byteOf(luma+1.772*u)
				switch layout {
				case "rgb":
					check(layout, 3*i, out[3*i], red)
					check(layout, 3*i+1, out[3*i+1], green)
					check(layout, 3*i+2, out[3*i+2], blue)
				case "bgr":
					check(layout, 3*i, out[3*i], blue)
					check(layout, 3*i+1, out[3*i+1], green)
					check(layout, 3*i+2, out[3*i+2], red)
				case "gray":
					check(layout, i, out[i], int(luma))
				case "i420":
					check(layout, i, out[i], int(luma))
				}
			}
			for i := width * height; layout == "i420" && i < len(out); i++ {
				j, plane := i-width*height, 1
				if j >= half[0]*half[1] {
					j, plane = j-half[0]*half[1], 2
				}
				check(layout, i, out[i], int(at(plane, j%half[0], j/half[0])))
			}
		}
	}
}
