package gst

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// source is a picture of noise in one layout, in which the value of each sample can be looked up.
type source struct {
	data []byte
	// at returns the sample of a component, 0 to 255.
	at func(component, x, y int) float64
	// sub is by how much the chroma is subsampled in each direction, as a power of 2.
	sub [2]int
}

// level returns a sample of full range, of which the middle of chroma is 128.
func level(component int, sample float64, bits int) float64 {
	most := math.Exp2(float64(bits)) - 1
	if component == 0 {
		return sample * 255 / most
	}
	return (sample-math.Exp2(float64(bits-1)))*255/most + 128
}

// noise returns noise of a size in a layout.
func noise(layout string, width, height int) source {
	random := rand.New(rand.NewPCG(uint64(width), uint64(height)))
	data := make([]byte, (width+16)*(height+16)*8)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	round := func(n int) int { return (n + 3) &^ 3 }
	halfWidth, halfHeight := (width+1)/2, (height+1)/2
	stride := round(width)
	word := func(at int) float64 { return float64(int(data[at]) | int(data[at+1])<<8) }
	switch layout {
	case "I420":
		planes, strides := i420(data, width, height)
		n := len(planes[0]) + len(planes[1]) + len(planes[2])
		return source{data[:n], func(c, x, y int) float64 { return float64(planes[c][y*strides[c]+x]) }, [2]int{1, 1}}
	case "NV12":
		luma := stride * (height + height%2)
		return source{data[:luma*3/2], func(c, x, y int) float64 {
			if c == 0 {
				return float64(data[y*stride+x])
			}
			return float64(data[luma+y*stride+2*x+c-1])
		}, [2]int{1, 1}}
	case "Y444":
		return source{data[:3*stride*height], func(c, x, y int) float64 { return float64(data[(c*height+y)*stride+x]) }, [2]int{}}
	case "YUY2":
		stride = round(2 * width)
		return source{data[:stride*height], func(c, x, y int) float64 {
			if c == 0 {
				return float64(data[y*stride+2*x])
			}
			return float64(data[y*stride+4*x+2*c-1])
		}, [2]int{1, 0}}
	case "I420_10LE":
		strides := [3]int{round(2 * width), round(2 * halfWidth), round(2 * halfWidth)}
		starts := [3]int{0, strides[0] * (height + height%2), strides[0]*(height+height%2) + strides[1]*halfHeight}
		n := starts[2] + strides[2]*halfHeight
		for i := 1; i < n; i += 2 {
			data[i] &= 3
		}
		return source{data[:n], func(c, x, y int) float64 {
			at := starts[c] + y*strides[c] + 2*x
			return level(c, word(at), 10)
		}, [2]int{1, 1}}
	case "P010_10LE": // the ten bits are the upper ones
		stride = round(2 * width)
		luma := stride * (height + height%2)
		for i := 0; i < luma*3/2; i += 2 {
			data[i] &= 0xC0
		}
		return source{data[:luma*3/2], func(c, x, y int) float64 {
			if c == 0 {
				return level(c, word(y*stride+2*x)/64, 10)
			}
			return level(c, word(luma+y*stride+4*x+2*(c-1))/64, 10)
		}, [2]int{1, 1}}
	case "Y444_16LE":
		stride = round(2 * width)
		return source{data[:3*stride*height], func(c, x, y int) float64 { return level(c, word((c*height+y)*stride+2*x), 16) }, [2]int{}}
	}
	panic(layout)
}

// TestScalerScalesAPartOfAPicture compares each plane of a crop of noise with the exact average of the areas in it, or the linear
// interpolation where it grows. A crop is given in pixels, which need not be whole.
func TestScalerScalesAPartOfAPicture(t *testing.T) {
	for _, layout := range []string{"I420", "NV12", "Y444", "YUY2", "I420_10LE", "P010_10LE", "Y444_16LE"} {
		for _, c := range []struct {
			width, height      int
			x, y, cropW, cropH float64
			toWidth, toHeight  int
		}{
			{192, 108, 96, 54, 96, 54, 96, 54},  // its own pixels
			{192, 108, 48, 28, 64, 36, 32, 18},  // halves
			{192, 108, 48, 28, 64, 36, 24, 14},  // no whole number
			{192, 108, 64, 0, 128, 108, 32, 27}, // a whole side
			{192, 108, 10, 6, 16, 16, 64, 64},   // grows
			{192, 108, 10, 6, 16, 60, 40, 20},   // grows in one direction
			{192, 108, 33, 7, 50, 40, 25, 20},   // begins with an odd pixel
			{192, 108, 33.3, 7.7, 51.5, 41.2, 24, 18},
			{192, 108, 33.3, 7.7, 1.5, 0.8, 16, 16}, // less than a pixel
			{191, 107, 95, 53, 96, 54, 48, 26},      // the end of odd sides
			{191, 107, 0, 0, 100, 107, 51, 107},     // an odd picture
			{192, 108, 176, 92, 16, 16, 15, 3},
		} {
			from := noise(layout, c.width, c.height)
			caps := fmt.Sprintf("format=%s, width=%d, height=%d, colorimetry=1:4:0:0", layout, c.width, c.height)
			crop := map[string]any{
				"crop-x": c.x / float64(c.width), "crop-y": c.y / float64(c.height),
				"crop-width": c.cropW / float64(c.width), "crop-height": c.cropH / float64(c.height),
			}
			head := Spec{Factory: "appsrc", Set: map[string]any{"caps": Arg("video/x-raw, framerate=25/1, " + caps), "format": Arg("time")}}
			push := func(head *Element) { head.Push(from.data, 0, true) }
			to, strides := i420(scaledFrom(t, caps, push, Spec{Factory: Scaler, Set: crop}, c.toWidth, c.toHeight, head), c.toWidth, c.toHeight)
			for plane := range to {
				x := partOf(c.x, c.cropW, c.width, c.toWidth, plane > 0, from.sub[0])
				y := partOf(c.y, c.cropH, c.height, c.toHeight, plane > 0, from.sub[1])
				worst := 0.0
				for j := range y.out {
					for i := range x.out {
						want := 0.0
						for py, wy := range y.shares(j) {
							for px, wx := range x.shares(i) {
								want += wy * wx * from.at(plane, px, py)
							}
						}
						worst = max(worst, math.Abs(want-float64(to[plane][j*strides[plane]+i])))
					}
				}
				limit := 2.0
				if c.cropW == float64(c.toWidth) {
					limit = 1
				}
				if strings.HasSuffix(layout, "LE") {
					limit = 0.52 // rounded once
				}
				if worst > limit {
					t.Errorf("%s: %+v: plane %d is off by %.1f", layout, c, plane, worst)
				}
			}
		}
	}
}

// part is what is scaled of a side of a plane: from and length are in samples of the n that the side has, and out are made.
type part struct {
	from, length float64
	n, out       int
}

func (p part) shares(i int) map[int]float64 { return sharesOf(p.from, p.length, p.n, p.out, i) }

// partOf returns what is scaled for a crop that is given in pixels. A side of chroma has a sample for each 1 << sub pixels, and one more if
// that leaves a rest; that of a JPEG has one for each two (ITU-T T.81, A.1.1). So the last sample of an odd side covers a pixel that the
// picture does not have, and shows what the camera has beside the crop, if there is anything.
func partOf(from, length float64, pixels, out int, chroma bool, sub int) part {
	if !chroma {
		return part{from, length, pixels, out}
	}
	each := float64(int(1) << sub)
	p := part{from: from / each, n: int(math.Ceil(float64(pixels) / each)), out: (out + 1) / 2}
	if length == float64(pixels) { // all of the samples, whatever they cover
		p.length = float64(p.n)
		return p
	}
	made := length / float64(out) // pixels of the camera for each that is made
	p.length = min(2*made*float64(p.out)/each, float64(p.n)-p.from)
	return p
}

// TestScalerCropsAPictureThatItNeedNotScale has the same size, format and colours on both sides.
func TestScalerCropsAPictureThatItNeedNotScale(t *testing.T) {
	from := noise("I420", 64, 48)
	const caps = "format=I420, width=64, height=48, colorimetry=1:4:0:0"
	head := Spec{Factory: "appsrc", Set: map[string]any{"caps": Arg("video/x-raw, framerate=25/1, " + caps), "format": Arg("time")}}
	push := func(head *Element) { head.Push(from.data, 0, true) }
	crop := map[string]any{"crop-x": 0.5, "crop-y": 0.5, "crop-width": 0.5, "crop-height": 0.5}
	to, _ := i420(scaledFrom(t, caps, push, Spec{Factory: Scaler, Set: crop}, 64, 48, head), 64, 48)
	if got, want := float64(to[0][0]), from.at(0, 32, 24); got != want {
		t.Errorf("the first pixel is %v, want %v", got, want)
	}
}
