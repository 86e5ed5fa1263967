package frame

import "testing"

func TestRequestIsResolvedAgainstTheCamera(t *testing.T) {
	hd, vga := Stream{Width: 1920, Height: 1080, FPS: 25}, Stream{Width: 640, Height: 480}
	jpegs := Stream{Codec: "mjpeg", Width: 640, Height: 480}
	pal := Stream{Codec: "mjpeg", Width: 704, Height: 576, PixelAspect: Ratio{16, 11}}
	for _, c := range []struct {
		request Request
		stream  Stream
		want    string
	}{
		{Request{Quality: 80}, hd, "480x270 q80"},
		{Request{Quality: 80}, vga, "640x480 q80"},
		{Request{Scale: 0.25, Quality: 80}, vga, "160x120 q80"},
		{Request{Scale: 1, Quality: 80}, hd, "1920x1080 q80"},
		{Request{Width: 640, Quality: 70}, hd, "640x360 q70"},
		{Request{Height: 240, Quality: 70}, vga, "320x240 q70"},
		{Request{Width: 400, Height: 400, Quality: 70}, hd, "400x400 q70"},
		{Request{Width: 8000, Quality: 70}, hd, "1920x1080 q70"},
		{Request{Width: 333, FPS: 5, Quality: 70}, hd, "334x188@5 q70"},
		{Request{Scale: 0.5, FPS: 30, Quality: 70}, hd, "960x540 q70"},
		{Request{Scale: 0.01, Quality: 1}, Stream{Width: 100, Height: 50}, "2x2 q1"},
		{Request{Width: 961, Quality: 79, FPS: 4.9}, hd, "960x540@5 q80"},
		{Request{Scale: 0.251, Quality: 80, FPS: 0.26}, hd, "482x272@0.3 q80"},
		{Request{Width: 1366, Quality: 80, FPS: 24.9}, hd, "1368x770 q80"},
		{Request{Height: 1080, FPS: 25, Quality: 80}, Stream{Width: 1920, Height: 1080, FPS: 25.02}, "1920x1080 q80"},
		{Request{Width: 1280, Upscale: true, Quality: 80}, vga, "1280x960 q80"},
		{Request{Width: 8000, Upscale: true, Quality: 80}, vga, "2560x1920 q80"},
		{Request{Rotate: 90, Quality: 80}, hd, "270x480 q80"},
		{Request{Rotate: 270, Width: 180, Quality: 80}, hd, "180x320 q80"},
		{Request{Keyframes: true, Quality: 80, FPS: 3}, hd, "480x270@key q80"},
		{Request{Scale: 1, Quality: 80, AsSent: true}, jpegs, "640x480 as sent"},
		{Request{Quality: 80, AsSent: true, FPS: 5}, jpegs, "640x480@5 as sent"},
		{Request{Quality: 80}, jpegs, "640x480 q80"},
		{Request{Scale: 0.5, Quality: 80, AsSent: true}, jpegs, "320x240 q80"},
		{Request{Rotate: 180, Quality: 80, AsSent: true}, jpegs, "640x480 q80"},
		{Request{Quality: 80, AsSent: true, Overlay: Overlay{Time: true}}, jpegs, "640x480 q80"},
		{Request{Quality: 80, AsSent: true}, pal, "1024x576 q80"},
		{Request{Quality: 80, AsSent: true, Width: 704, Height: 576}, pal, "704x576 q80"},
		{Request{Quality: 80, Width: 320}, pal, "320x180 q80"},
		{Request{Quality: 80, Scale: 0.5}, pal, "512x288 q80"},
		{Request{Quality: 80, Width: 8000}, pal, "1024x576 q80"},
		{Request{Quality: 80, Rotate: 90, Height: 512}, pal, "288x512 q80"},
	} {
		if got := c.request.Resolve(c.stream).String(); got != c.want {
			t.Errorf("%+v of %+v is %s, want %s", c.request, c.stream, got, c.want)
		}
	}
}

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
