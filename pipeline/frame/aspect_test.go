package frame

import "testing"

func TestPictureIsShownAtItsAspect(t *testing.T) {
	for _, c := range []struct {
		coded  Stream
		aspect Ratio // of the configuration
		width  int
	}{
		{Stream{Width: 704, Height: 576}, Ratio{}, 704},
		{Stream{Width: 704, Height: 576, PixelAspect: Ratio{16, 11}}, Ratio{}, 1024},
		{Stream{Width: 352, Height: 288, PixelAspect: Ratio{12, 11}}, Ratio{}, 384},
		{Stream{Width: 960, Height: 1080, PixelAspect: Ratio{2, 1}}, Ratio{}, 1920},
		{Stream{Width: 720, Height: 480, PixelAspect: Ratio{32, 27}}, Ratio{}, 854},
		{Stream{Width: 720, Height: 480, PixelAspect: Ratio{8, 9}}, Ratio{}, 640},
		{Stream{Width: 641, Height: 480, PixelAspect: Ratio{1, 1}}, Ratio{}, 641},
		{Stream{Width: 704, Height: 576, PixelAspect: Ratio{0, 1}}, Ratio{}, 704},
		{Stream{Width: 704, Height: 576, PixelAspect: Ratio{1, 0}}, Ratio{}, 704},
		{Stream{Width: 704, Height: 576, PixelAspect: Ratio{-16, 11}}, Ratio{}, 704},
		{Stream{Width: 704, Height: 576, PixelAspect: Ratio{65535, 1}}, Ratio{}, 704}, // damage
		{Stream{Width: 704, Height: 576, PixelAspect: Ratio{1, 65535}}, Ratio{}, 704},
		{Stream{Width: 704, Height: 576}, Ratio{16, 9}, 1024},
		{Stream{Width: 704, Height: 576, PixelAspect: Ratio{16, 11}}, Ratio{4, 3}, 768},
		{Stream{Width: 1920, Height: 1088, PixelAspect: Ratio{16, 11}}, Ratio{16, 9}, 1920}, // the same within a hundredth
		{Stream{}, Ratio{16, 9}, 0},
	} {
		shown := c.coded.WithAspect(c.aspect)
		if width, height := shown.DisplaySize(); width != c.width || height != c.coded.Height {
			t.Errorf("%+v at %v is shown at %dx%d, want a width of %d", c.coded, c.aspect, width, height, c.width)
		}
		if square := c.width == c.coded.Width; shown.SquarePixels() != square {
			t.Errorf("%+v at %v: square pixels are %v", c.coded, c.aspect, !square)
		}
	}
}
