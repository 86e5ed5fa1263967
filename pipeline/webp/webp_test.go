package webp

import (
	"image"
	"testing"
)

func TestLimitedRangeBecomesFull(t *testing.T) {
	p := image.NewYCbCr(image.Rect(0, 0, 4, 1), image.YCbCrSubsampleRatio444)
	copy(p.Y, []uint8{0, 16, 235, 255})
	copy(p.Cb, []uint8{0, 16, 128, 240})
	copy(p.Cr, []uint8{240, 128, 16, 255})
	stretch(p)
	for name, c := range map[string]struct{ got, want []uint8 }{
		"Y":  {p.Y, []uint8{0, 0, 255, 255}},
		"Cb": {p.Cb, []uint8{0, 1, 128, 255}},
		"Cr": {p.Cr, []uint8{255, 128, 1, 255}},
	} {
		if string(c.got) != string(c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}
