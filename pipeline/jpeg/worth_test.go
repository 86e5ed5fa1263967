package jpeg

import "testing"

// TestSmallPictureOfALargeSizeIsNotDecoded since a decoder takes memory for what a header states.
func TestSmallPictureOfALargeSizeIsNotDecoded(t *testing.T) {
	for _, c := range []struct {
		width, height, bytes int
		want                 bool
	}{
		{640, 480, 400, true}, {640, 480, 200, false}, {4096, 4096, 20_000, true}, {4096, 4096, 459, false},
		{8192, 8192, 32 << 20, false}, {65535, 65535, 32 << 20, false},
	} {
		if got := worthDecoding(c.width, c.height, c.bytes); got != c.want {
			t.Errorf("%dx%d of %d bytes: %v", c.width, c.height, c.bytes, got)
		}
	}
	if _, err := Usual([]byte{0xFF, 0xD8, 0xFF, 0xC0, 0, 20, 8, 0x20, 0, 0x20, 0, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0}); err == nil {
		t.Error("a picture of 24 bytes and 8192x8192 was converted")
	}
}
