package jpeg

import (
	"bytes"
	"os"
	"testing"
)

// withScans repeats the last scan of a picture until it has n, and states a size.
func withScans(t *testing.T, data []byte, n, width, height int) []byte {
	t.Helper()
	last, end := bytes.LastIndex(data, []byte{0xFF, markSOS}), bytes.LastIndex(data, []byte{0xFF, markEOI})
	made := bytes.Clone(data[:end])
	for range n - bytes.Count(data, []byte{0xFF, markSOS}) {
		made = append(made, data[last:end]...)
	}
	frame := bytes.Index(made, []byte{0xFF, 0xC2})
	made[frame+5], made[frame+6], made[frame+7], made[frame+8] = byte(height>>8), byte(height), byte(width>>8), byte(width)
	return append(made, 0xFF, markEOI)
}

// TestPictureWithMoreScansThanItsSizeAllowsIsNamed, whether or not it has an end marker.
func TestPictureWithMoreScansThanItsSizeAllowsIsNamed(t *testing.T) {
	data, err := os.ReadFile("testdata/progressive.jpg")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		scans, width, height int
		want                 bool
	}{{10, 64, 48, false}, {10, 5760, 3840, false}, {100, 1600, 1200, false}, {101, 64, 48, true}, {60_000, 64, 48, true}, {10, 8176, 8176, true}} {
		h, err := Read(withScans(t, data, c.scans, c.width, c.height))
		if err != nil {
			t.Fatal(err)
		}
		if h.TooManyScans() != c.want || h.Scans() != c.scans {
			t.Errorf("%d scans of %dx%d: counted %d, too many %v", c.scans, c.width, c.height, h.Scans(), h.TooManyScans())
		}
	}
	many := withScans(t, data, 200, 64, 48)
	if _, err := Read(many[:len(many)-2]); err == nil {
		t.Error("200 scans without an end marker were decoded to see whether they are complete")
	}
	if h, err := Read(encodeJPEG(t, 64, 48)); err != nil || h.Scans() != 1 || h.TooManyScans() {
		t.Errorf("a baseline picture has %d scans, %v", h.Scans(), err)
	}
}

func TestDecoderOfAPictureHoldsItsCoefficientsIfItHasSeveralScans(t *testing.T) {
	data, err := os.ReadFile("testdata/progressive.jpg")
	if err != nil {
		t.Fatal(err)
	}
	several, err := Read(withScans(t, data, 10, 640, 480))
	if err != nil {
		t.Fatal(err)
	}
	one, err := Read(encodeJPEG(t, 640, 480)) // in 4:2:0
	if err != nil {
		t.Fatal(err)
	}
	samples := 0
	if f, err := several.components(); err == nil {
		for _, c := range f.components {
			samples += 640 * 480 * c.across * c.down / (f.across * f.down)
		}
	}
	if several.HeldBytes() != int64(5*samples) || one.HeldBytes() != 640*480*3/2*3 {
		t.Errorf("%d and %d bytes", several.HeldBytes(), one.HeldBytes())
	}
}
