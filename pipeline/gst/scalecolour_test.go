package gst

import (
	"fmt"
	"math"
	"testing"
)

// colour is that of a patch, 0 to 255.
type colour struct{ r, g, b float64 }

// matrices are the shares of red and blue in the luma, by their number in a colorimetry of GStreamer.
var matrices = map[int][2]float64{3: {0.2126, 0.0722}, 4: {0.299, 0.114}, 6: {0.2627, 0.0593}}

// encoded is a colour in a matrix, range and depth.
func (c colour) encoded(matrix int, full bool, depth int) (y, u, v int) {
	share := matrices[matrix]
	red, blue := share[0], share[1]
	luma := (red*c.r + (1-red-blue)*c.g + blue*c.b) / 255
	cb, cr := (c.b/255-luma)/(2*(1-blue)), (c.r/255-luma)/(2*(1-red))
	if full {
		top := float64(int(1)<<depth - 1)
		middle := float64(int(1) << (depth - 1))
		return round(luma * top), round(cb*top + middle), round(cr*top + middle)
	}
	unit := float64(int(1) << (depth - 8))
	return round((16 + 219*luma) * unit), round((128 + 224*cb) * unit), round((128 + 224*cr) * unit)
}

// TestScalerGivesTheColoursOfAJPEG of every matrix and range, in the layouts that decoders give.
func TestScalerGivesTheColoursOfAJPEG(t *testing.T) {
	colours := []colour{{32, 192, 32}, {0, 0, 0}, {255, 255, 255}, {128, 128, 128}, {200, 30, 40}, {40, 60, 220}, {230, 220, 20}}
	for name, layout := range layouts {
		for matrix := range matrices {
			for _, full := range []bool{false, true} {
				for i, c := range colours {
					if i != (len(name)+matrix)%len(colours) && i > 0 && name != "I420" { // all of them only once
						continue
					}
					y, u, v := c.encoded(matrix, full, layout.depth)
					colorimetry := fmt.Sprintf("%d:%d:0:0", map[bool]int{true: 1, false: 2}[full], matrix)
					caps := fmt.Sprintf("format=%s, width=64, height=48, colorimetry=%s", name, colorimetry)
					planes, strides := i420(scaled(t, caps, layout.pack(y, u, v), 32, 24, false), 32, 24)
					got := decoded(planes[0][12*strides[0]+16], planes[1][6*strides[1]+8], planes[2][6*strides[2]+8])
					if off := max(math.Abs(got.r-c.r), math.Abs(got.g-c.g), math.Abs(got.b-c.b)); off > 3 {
						t.Errorf("%s: %v became %.1f", caps, c, got)
					}
				}
			}
		}
	}
}

// decoded is the colour of a pixel in a JPEG (JFIF 1.02).
func decoded(y, u, v byte) colour {
	luma, cb, cr := float64(y), float64(u)-128, float64(v)-128
	limit := func(v float64) float64 { return min(max(v, 0), 255) }
	return colour{limit(luma + 1.402*cr), limit(luma - 0.344136*cb - 0.714136*cr), limit(luma + 1.772*cb)}
}

func TestScalerKnowsARangeWithoutAMatrix(t *testing.T) {
	c := colour{32, 192, 32}
	for _, full := range []bool{false, true} {
		y, u, v := c.encoded(4, full, 8)
		caps := fmt.Sprintf("format=I420, width=64, height=48, colorimetry=%d:0:0:0", map[bool]int{true: 1, false: 2}[full])
		planes, strides := i420(scaled(t, caps, layouts["I420"].pack(y, u, v), 32, 24, false), 32, 24)
		got := decoded(planes[0][0], planes[1][6*strides[1]], planes[2][6*strides[2]])
		if off := max(math.Abs(got.r-c.r), math.Abs(got.g-c.g), math.Abs(got.b-c.b)); off > 3 {
			t.Errorf("%s: %v became %.1f", caps, c, got)
		}
	}
}

// patchScaled scales a patch with properties of the scaler.
func patchScaled(t *testing.T, caps string, data []byte, set map[string]any, width, height int) (planes [3][]byte, strides [3]int) {
	t.Helper()
	source := Spec{Factory: "appsrc", Set: map[string]any{"caps": Arg("video/x-raw, framerate=25/1, " + caps), "format": Arg("time")}}
	push := func(head *Element) { head.Push(data, 0, true) }
	return i420(scaledFrom(t, caps, push, Spec{Factory: Scaler, Set: set}, width, height, source), width, height)
}

// TestScalerTakesTheMatrixOfTheCameraWhereNoneIsStated although the size of the picture, or the decoder's caps, have another one.
func TestScalerTakesTheMatrixOfTheCameraWhereNoneIsStated(t *testing.T) {
	c := colour{32, 192, 32}
	for _, test := range []struct {
		colorimetry string
		set         map[string]any
		matrix      int // of the picture
	}{
		{"", map[string]any{}, 4}, // as usual for its size
		{"", map[string]any{"matrix": Arg("bt709")}, 3},
		{", colorimetry=2:0:0:0", map[string]any{"matrix": Arg("bt709")}, 3},
		{", colorimetry=2:4:0:0", map[string]any{"matrix": Arg("bt709"), "untagged": true}, 3},
		{", colorimetry=2:3:0:0", map[string]any{"matrix": Arg("bt601"), "untagged": true}, 4},
		{", colorimetry=2:4:0:0", map[string]any{"matrix": Arg("bt709")}, 4},
	} {
		y, u, v := c.encoded(test.matrix, false, 8)
		caps := "format=I420, width=64, height=48" + test.colorimetry
		planes, strides := patchScaled(t, caps, layouts["I420"].pack(y, u, v), test.set, 32, 24)
		got := decoded(planes[0][0], planes[1][6*strides[1]], planes[2][6*strides[2]])
		if off := max(math.Abs(got.r-c.r), math.Abs(got.g-c.g), math.Abs(got.b-c.b)); off > 3 {
			t.Errorf("%s, %v: %v became %.1f", caps, test.set, c, got)
		}
	}
}

// TestScalerGivesLimitedRange where it is asked for, of pictures in their own size too, which may pass through only if nothing changes.
func TestScalerGivesLimitedRange(t *testing.T) {
	c := colour{32, 192, 32}
	for _, test := range []struct {
		colorimetry string // as the caps have it
		set         map[string]any
		matrix      int // of the picture
		full        bool
	}{
		{"2:4:0:0", map[string]any{}, 4, false},
		{"1:4:0:0", map[string]any{}, 4, true},
		{"2:3:5:1", map[string]any{}, 3, false},
		{"1:3:0:0", map[string]any{}, 3, true},
		{"2:4:0:0", map[string]any{"matrix": Arg("bt709"), "untagged": true}, 3, false},
		{"2:4:0:0", map[string]any{"jpeg-colours": true}, 4, true},
	} {
		y, u, v := c.encoded(test.matrix, test.full, 8)
		wantY, wantU, wantV := c.encoded(4, false, 8)
		test.set["limited"] = true
		caps := "format=I420, width=64, height=48, colorimetry=" + test.colorimetry
		for _, side := range [][2]int{{64, 48}, {32, 24}} {
			planes, strides := patchScaled(t, caps, layouts["I420"].pack(y, u, v), test.set, side[0], side[1])
			got := [3]int{int(planes[0][0]), int(planes[1][6*strides[1]]), int(planes[2][6*strides[2]])}
			if off := max(got[0]-wantY, wantY-got[0], got[1]-wantU, wantU-got[1], got[2]-wantV, wantV-got[2]); off > 1 {
				t.Errorf("%s, %v, %v: %v, want %d %d %d", caps, test.set, side, got, wantY, wantU, wantV)
			}
		}
	}
}
