package jpeg

import (
	"testing"

	"github.com/framegate/framegate/pipeline/frame"
)

func TestJFIFStatesTheShapeOfPixelsOnlyWithoutAUnit(t *testing.T) {
	const jfif = "\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01\x01"
	for name, c := range map[string]struct {
		data string
		want frame.Ratio
	}{
		"no unit, 16:11":          {jfif + "\x00\x00\x10\x00\x0B\x00\x00", frame.Ratio{Width: 16, Height: 11}},
		"no unit, 1:1":            {jfif + "\x00\x00\x01\x00\x01\x00\x00", frame.Ratio{Width: 1, Height: 1}},
		"dots per inch":           {jfif + "\x01\x00\x60\x00\x48\x00\x00", frame.Ratio{}},
		"cut off":                 {jfif + "\x00\x00\x10\x00", frame.Ratio{}},
		"Exif":                    {"\xFF\xD8\xFF\xE1\x00\x10Exif\x00\x00\x01\x00\x00\x10\x00\x0B\x00\x00", frame.Ratio{}},
		"another APP0":            {"\xFF\xD8\xFF\xE0\x00\x10AVI1\x00\x01\x01\x00\x00\x10\x00\x0B\x00\x00", frame.Ratio{}},
		"no JPEG, and very short": {"\xFF", frame.Ratio{}},
	} {
		if got := PixelAspect([]byte(c.data)); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
