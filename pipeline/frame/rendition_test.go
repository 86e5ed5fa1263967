package frame

import "testing"

func TestSidesOfAPictureAreLimited(t *testing.T) {
	for name, c := range map[string]struct {
		request       Request
		stream        Stream
		width, height int
	}{
		"the side that follows from the aspect": {Request{Width: 8192, Upscale: true, Rotate: 90}, Stream{Width: 3840, Height: 2160}, 4608, 8192},
		"both sides":                            {Request{Width: 8192, Height: 4096, Upscale: true}, Stream{Width: 2048, Height: 1024}, 8192, 4096},
		"a camera's own, which is longer":       {Request{Scale: 1}, Stream{Width: 16384, Height: 2048}, 16384, 2048},
		"larger than such a camera's":           {Request{Height: 4096, Upscale: true}, Stream{Width: 16384, Height: 2048}, 16384, 2048},
	} {
		if r := c.request.Resolve(c.stream); r.Width != c.width || r.Height != c.height {
			t.Errorf("%s: %dx%d, want %dx%d", name, r.Width, r.Height, c.width, c.height)
		}
	}
}
