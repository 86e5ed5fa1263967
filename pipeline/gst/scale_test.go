package gst

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// scaled sends a picture with these caps through the scaler and returns it as I420 of another size.
func scaled(t *testing.T, caps string, data []byte, width, height int, jpeg bool) []byte {
	t.Helper()
	source := Spec{Factory: "appsrc", Set: map[string]any{"caps": Arg("video/x-raw, framerate=25/1, " + caps), "format": Arg("time")}}
	return scaledFrom(t, caps, func(head *Element) {
		if !head.Push(data, 0, true) {
			t.Fatalf("%s: the scaler takes no picture", caps)
		}
	}, Spec{Factory: Scaler, Set: map[string]any{"jpeg-colours": jpeg}}, width, height, source)
}

// scaledFrom is scaled for the first picture of a chain of elements. begin is called when it plays.
func scaledFrom(t *testing.T, name string, begin func(head *Element), scaler Spec, width, height int, chain ...Spec) []byte {
	t.Helper()
	return firstOf(t, name, begin, append(chain, scaler,
		Spec{Factory: "capsfilter", Set: map[string]any{"caps": Arg(fmt.Sprintf("video/x-raw, format=I420, width=%d, height=%d", width, height))}})...)
}

// firstOf returns the first buffer that leaves a chain of elements. begin is called when it plays.
func firstOf(t *testing.T, name string, begin func(head *Element), chain ...Spec) []byte {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	elements, err := p.Add(append(chain, Spec{Factory: "appsink", Set: map[string]any{"sync": false, "async": false}})...)
	if err != nil {
		t.Fatal(err)
	}
	queue, err := NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	defer queue.Close()
	defer p.Stop()
	queue.Collect(elements[len(elements)-1], 0)
	if err := p.Play(t.Context(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	begin(elements[0])
	ready := make(chan error, 1)
	go func() { ready <- queue.Wait() }()
	select {
	case err = <-ready:
	case err = <-p.Ended():
	}
	if err != nil && err != io.EOF {
		t.Fatalf("%s: %v", name, err)
	}
	var out []byte
	queue.Take(func(s Sample) {
		if out == nil {
			out = bytes.Clone(s.Data)
		}
	}, NoDelay)
	if out == nil {
		t.Fatalf("%s: no picture", name)
	}
	return out
}

// i420 returns the planes of a picture in GStreamer's usual layout, whose rows begin at multiples of 4 bytes.
func i420(data []byte, width, height int) (planes [3][]byte, strides [3]int) {
	half := func(n int) int { return (n + 1) / 2 }
	round := func(n int) int { return (n + 3) &^ 3 }
	strides = [3]int{round(width), round(half(width)), round(half(width))}
	sizes := [3]int{strides[0] * (height + height%2), strides[1] * half(height), strides[2] * half(height)}
	for i := range planes {
		planes[i], data = data[:sizes[i]], data[sizes[i]:]
	}
	return planes, strides
}

func round(v float64) int { return int(math.Round(v)) }

// layouts pack a patch of 64x48 pixels of one colour.
var layouts = map[string]struct {
	depth int
	pack  func(y, u, v int) []byte
}{
	"I420":      {8, func(y, u, v int) []byte { return slices.Concat(fill(patch, y), fill(patch/4, u), fill(patch/4, v)) }},
	"YV12":      {8, func(y, u, v int) []byte { return slices.Concat(fill(patch, y), fill(patch/4, v), fill(patch/4, u)) }},
	"NV12":      {8, func(y, u, v int) []byte { return slices.Concat(fill(patch, y), fill(patch/4, u, v)) }},
	"NV21":      {8, func(y, u, v int) []byte { return slices.Concat(fill(patch, y), fill(patch/4, v, u)) }},
	"Y42B":      {8, func(y, u, v int) []byte { return slices.Concat(fill(patch, y), fill(patch/2, u), fill(patch/2, v)) }},
	"Y41B":      {8, func(y, u, v int) []byte { return slices.Concat(fill(patch, y), fill(patch/4, u), fill(patch/4, v)) }},
	"Y444":      {8, func(y, u, v int) []byte { return slices.Concat(fill(patch, y), fill(patch, u), fill(patch, v)) }},
	"YUY2":      {8, func(y, u, v int) []byte { return fill(patch/2, y, u, y, v) }},
	"UYVY":      {8, func(y, u, v int) []byte { return fill(patch/2, u, y, v, y) }},
	"AYUV":      {8, func(y, u, v int) []byte { return fill(patch, 255, y, u, v) }},
	"I420_10LE": {10, func(y, u, v int) []byte { return slices.Concat(deep(patch, y), deep(patch/4, u), deep(patch/4, v)) }},
	"I422_10LE": {10, func(y, u, v int) []byte { return slices.Concat(deep(patch, y), deep(patch/2, u), deep(patch/2, v)) }},
	"I420_10BE": {10, func(y, u, v int) []byte {
		return slices.Concat(fill(patch, y>>8, y), fill(patch/4, u>>8, u), fill(patch/4, v>>8, v))
	}},
	"Y444_12LE": {12, func(y, u, v int) []byte { return slices.Concat(deep(patch, y), deep(patch, u), deep(patch, v)) }},
	"P010_10LE": {10, func(y, u, v int) []byte { return slices.Concat(deep(patch, y<<6), deep(patch/4, u<<6, v<<6)) }},
}

const patch = 64 * 48

// fill repeats bytes n times.
func fill(n int, values ...int) (out []byte) {
	var one []byte
	for _, v := range values {
		one = append(one, byte(v))
	}
	return bytes.Repeat(one, n)
}

// deep repeats words in little-endian order n times.
func deep(n int, values ...int) []byte {
	var one []int
	for _, v := range values {
		one = append(one, v, v>>8)
	}
	return fill(n, one...)
}

func TestScalerKeepsTheGreyOfAJPEG(t *testing.T) {
	for _, value := range []int{0, 7, 128, 255} {
		planes, _ := i420(scaled(t, "format=GRAY8, width=64, height=48", fill(patch, value), 32, 24, true), 32, 24)
		if planes[0][0] != byte(value) || planes[1][0] != 128 || planes[2][0] != 128 {
			t.Errorf("%d became %d %d %d", value, planes[0][0], planes[1][0], planes[2][0])
		}
	}
	for value, want := range map[int]byte{0: 0, 0x0101: 1, 0x8000: 128, 0xFFFF: 255} {
		planes, _ := i420(scaled(t, "format=GRAY16_LE, width=64, height=48", deep(patch, value), 32, 24, true), 32, 24)
		if planes[0][0] != want || planes[1][0] != 128 || planes[2][0] != 128 {
			t.Errorf("%#x of 16 bits became %d %d %d, want %d", value, planes[0][0], planes[1][0], planes[2][0], want)
		}
	}
}

func TestScalerConvertsRGB(t *testing.T) {
	planes, _ := i420(scaled(t, "format=RGB, width=64, height=48", fill(patch, 200, 30, 40), 32, 24, false), 32, 24)
	if got := decoded(planes[0][0], planes[1][0], planes[2][0]); math.Abs(got.r-200) > 2.5 || math.Abs(got.g-30) > 2.5 || math.Abs(got.b-40) > 2.5 {
		t.Errorf("got %.1f", got)
	}
}

// TestScalerKnowsEveryFormat of GStreamer, by colour bars that GStreamer itself has drawn in it.
func TestScalerKnowsEveryFormat(t *testing.T) {
	bars := func(format string) (planes [3][]byte, strides [3]int) {
		source := Spec{Factory: "videotestsrc", Set: map[string]any{"num-buffers": 1, "pattern": Arg("smpte100")}}
		caps := Spec{Factory: "capsfilter", Set: map[string]any{"caps": Arg("video/x-raw, width=224, height=96, colorimetry=bt601, format=" + format)}}
		return i420(scaledFrom(t, format, func(*Element) {}, Spec{Factory: Scaler}, 112, 48, source, caps), 112, 48)
	}
	want, strides := bars("I420")
	for _, format := range []string{
		"YV12", "YUY2", "UYVY", "VYUY", "YVYU", "AYUV", "VUYA", "Y41B", "Y42B", "Y444", "NV12", "NV21", "NV16", "NV61", "NV24", "v308", "IYU1", "IYU2",
		"YUV9", "YVU9", "v210", "v216", "UYVP", "A420", "AYUV64", "I420_10LE", "I420_10BE", "I422_10LE", "Y444_10LE", "I420_12LE", "Y444_16LE",
		"P010_10LE", "P012_LE", "P016_LE", "NV12_10LE32", "Y210", "Y410", "Y212_LE", "Y412_LE",
	} {
		got, _ := bars(format)
		for plane := range got {
			shift := min(plane, 1)
			for _, y := range []int{4, 20, 40} {
				for bar := range 7 { // in the middle of each, where no format mixes it with its neighbours
					at := (y>>shift)*strides[plane] + (bar*16+8)>>shift
					if off := int(got[plane][at]) - int(want[plane][at]); off < -3 || off > 3 {
						t.Errorf("%s: plane %d of bar %d is %d, want %d", format, plane, bar, got[plane][at], want[plane][at])
					}
				}
			}
		}
	}
}

// TestScalerDoesNotRelabelWhatAConverterGives has an element before it that could be asked for the colours of a JPEG.
func TestScalerDoesNotRelabelWhatAConverterGives(t *testing.T) {
	if len(Missing("videoconvertscale")) > 0 {
		t.Skip("SKIPPED: videoconvertscale came with GStreamer 1.22")
	}
	for _, colours := range []string{"bt601", "bt709"} {
		source := Spec{Factory: "videotestsrc", Set: map[string]any{"num-buffers": 1, "pattern": Arg("black")}}
		caps := Spec{Factory: "capsfilter", Set: map[string]any{"caps": Arg("video/x-raw, format=NV12, width=640, height=480, colorimetry=" + colours)}}
		middle := Spec{Factory: "capsfilter", Set: map[string]any{"caps": Arg("video/x-raw, width=320, height=180")}}
		planes, _ := i420(scaledFrom(t, colours, func(*Element) {}, Spec{Factory: Scaler}, 320, 180, source, caps, Spec{Factory: "videoconvertscale"}, middle), 320, 180)
		if planes[0][0] != 0 {
			t.Errorf("%s: black became %d", colours, planes[0][0])
		}
	}
}

// TestScalerAveragesAreas compares each plane of noise with its exact average, or the linear interpolation where it grows.
func TestScalerAveragesAreas(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range [][4]int{
		{192, 108, 48, 27}, {192, 108, 96, 54}, {192, 108, 64, 36}, {192, 108, 57, 32}, {192, 108, 128, 72}, {192, 108, 150, 101},
		{192, 108, 20, 11}, {192, 108, 1, 1}, {191, 107, 50, 31}, {191, 107, 191, 53}, {192, 108, 192, 108}, {640, 480, 7, 300},
		{64, 36, 192, 108}, {63, 35, 100, 35}, {2, 2, 33, 17}, {1, 1, 16, 16}, {48, 48, 48, 3},
		{16, 2000, 16, 5}, {16, 5000, 2, 2}, {3000, 3000, 5, 16},
	} {
		width, height, toWidth, toHeight := c[0], c[1], c[2], c[3]
		data := make([]byte, (width+4)*(height+4)*2)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		from, fromStrides := i420(data, width, height)
		size := len(from[0]) + len(from[1]) + len(from[2])
		caps := fmt.Sprintf("format=I420, width=%d, height=%d, colorimetry=1:4:0:0", width, height)
		to, toStrides := i420(scaled(t, caps, data[:size], toWidth, toHeight, false), toWidth, toHeight)
		for plane := range from {
			shift := min(plane, 1)
			w, h, ow, oh := (width+shift)>>shift, (height+shift)>>shift, (toWidth+shift)>>shift, (toHeight+shift)>>shift
			worst := 0.0
			for y := range oh {
				for x := range ow {
					want := 0.0
					for py, wy := range shares(h, oh, y) {
						for px, wx := range shares(w, ow, x) {
							want += wy * wx * float64(from[plane][py*fromStrides[plane]+px])
						}
					}
					worst = max(worst, math.Abs(want-float64(to[plane][y*toStrides[plane]+x])))
				}
			}
			if worst > 2 {
				t.Errorf("%dx%d to %dx%d: plane %d is off by %.1f", width, height, toWidth, toHeight, plane, worst)
			}
		}
	}
}

// shares are those of the pixels of a side of n in pixel i of a side of out.
func shares(n, out, i int) map[int]float64 { return sharesOf(0, float64(n), n, out, i) }

// sharesOf is shares for a part of a side of n.
func sharesOf(from, length float64, n, out, i int) map[int]float64 {
	all, scale := map[int]float64{}, length/float64(out)
	if scale < 1 {
		first, last := math.Floor(from+1e-9), math.Min(math.Ceil(from+length-1e-9), float64(n))-1
		at := min(max(from+(float64(i)+0.5)*scale-0.5, first), last)
		low := int(at)
		all[low] = 1 - (at - float64(low))
		if float64(low) < last {
			all[low+1] = at - float64(low)
		}
		return all
	}
	low, high := from+float64(i)*scale, from+float64(i+1)*scale
	for p := int(low + 1e-9); float64(p) < high-1e-9; p++ {
		all[min(p, n-1)] += (min(high, float64(p+1)) - max(low, float64(p))) / scale // beyond the side its last pixel counts
	}
	return all
}

// BenchmarkScaler compares the scaler with videoscale, which gives no JPEG's colours. A picture is of 1920x1080.
func BenchmarkScaler(b *testing.B) {
	for _, c := range []struct {
		format        string
		width, height int
	}{{"I420", 480, 270}, {"I420", 576, 324}, {"I420", 640, 360}, {"I420", 960, 540}, {"I420", 1280, 720}, {"I420_10LE", 480, 270}, {"I420_10LE", 576, 324}} {
		for _, element := range []string{Scaler, "videoscale ! videoconvert"} {
			name, _, _ := strings.Cut(element, " ")
			b.Run(fmt.Sprintf("%s/%dx%d/%s", c.format, c.width, c.height, name), func(b *testing.B) {
				p, err := New()
				if err != nil {
					b.Fatal(err)
				}
				defer p.Stop()
				if _, err := p.AddLaunchLine(fmt.Sprintf("videotestsrc num-buffers=1 ! video/x-raw, format=%s, width=1920, height=1080, colorimetry=bt709, chroma-site=mpeg2 ! "+
					"imagefreeze num-buffers=%d ! %s ! video/x-raw, format=I420, width=%d, height=%d ! fakesink sync=false", c.format, b.N+1, element, c.width, c.height)); err != nil {
					b.Fatal(err)
				}
				if err := p.Play(b.Context(), 10*time.Second); err != nil {
					b.Fatal(err)
				}
				<-p.Ended()
			})
		}
	}
}
