package frame

import (
	"math"
	"testing"
)

func TestCropIsAPartOfThePictureThatIsShownWithoutIt(t *testing.T) {
	uhd := Stream{Width: 3840, Height: 2160}
	quarter := Crop{0.5, 0.25, 0.25, 0.25}
	for name, c := range map[string]struct {
		request, camera Request
		stream          Stream
		shown           region // of the turned picture
		width, height   int    // of the rendition
	}{
		"a quarter, at its own size":        {Request{Crop: quarter}, Request{}, uhd, region{1920, 540, 960, 540}, 960, 540},
		"a half, which is large":            {Request{Crop: Crop{0, 0, 0.5, 0.5}}, Request{}, uhd, region{0, 0, 1920, 1080}, 480, 270},
		"a width":                           {Request{Crop: quarter, Width: 480}, Request{}, uhd, region{1920, 540, 960, 540}, 480, 270},
		"a width that is too large":         {Request{Crop: quarter, Width: 1280}, Request{}, uhd, region{1920, 540, 960, 540}, 960, 540},
		"enlarged":                          {Request{Crop: quarter, Width: 1280, Upscale: true}, Request{}, uhd, region{1920, 540, 960, 540}, 1280, 720},
		"a scale of the crop":               {Request{Crop: quarter, Scale: 0.5}, Request{}, uhd, region{1920, 540, 960, 540}, 480, 270},
		"another aspect":                    {Request{Crop: Crop{0, 0, 0.25, 1}, Scale: 1}, Request{}, uhd, region{0, 0, 960, 2160}, 960, 2160},
		"all of it":                         {Request{Crop: Crop{0, 0, 1, 1}}, Request{}, uhd, region{0, 0, 3840, 2160}, 960, 540},
		"less than 16 pixels":               {Request{Crop: Crop{0.999, 0.999, 0.001, 0.001}}, Request{}, uhd, region{3824, 2144, 16, 16}, 16, 16},
		"rounded":                           {Request{Crop: Crop{0.5004, 0.2495, 0.2502, 0.2495}}, Request{}, uhd, region{1920, 540, 960, 540}, 960, 540},
		"to the edge of an odd side":        {Request{Crop: Crop{0.5, 0, 0.5, 1}}, Request{}, Stream{Width: 641, Height: 361}, region{321, 0, 320, 361}, 320, 361},
		"rotated":                           {Request{Crop: quarter, Rotate: 90}, Request{}, uhd, region{1080, 960, 540, 960}, 540, 960},
		"as configured":                     {Request{}, Request{ConfiguredCrop: quarter}, uhd, region{1920, 540, 960, 540}, 960, 540},
		"a part of what is configured":      {Request{Crop: Crop{0.5, 0.5, 0.5, 0.5}}, Request{ConfiguredCrop: quarter}, uhd, region{2400, 810, 480, 270}, 480, 270},
		"no more than what is configured":   {Request{Crop: Crop{0.999, 0, 0.001, 0.001}}, Request{ConfiguredCrop: Crop{0, 0, 0.005, 0.005}}, uhd, region{2, 0, 16, 16}, 16, 16},
		"the same scene, rotated":           {Request{Rotate: 90}, Request{ConfiguredCrop: quarter}, uhd, region{1080, 1920, 540, 960}, 540, 960},
		"the same scene, rotated further":   {Request{Rotate: 180}, Request{ConfiguredCrop: quarter, Rotate: 90}, uhd, region{540, 1920, 540, 960}, 540, 960},
		"a part of it, rotated":             {Request{Rotate: 180, Crop: Crop{0, 0, 0.5, 0.5}}, Request{ConfiguredCrop: quarter}, uhd, region{960, 1080, 480, 270}, 480, 270},
		"pixels that are not square":        {Request{Crop: Crop{0.5, 0.5, 0.5, 0.5}}, Request{}, Stream{Width: 704, Height: 576, PixelAspect: Ratio{16, 11}}, region{512, 288, 512, 288}, 512, 288},
		"the default of a large camera":     {Request{Crop: Crop{0, 0, 0.5, 0.5}}, Request{}, Stream{Width: 1920, Height: 1080}, region{0, 0, 960, 540}, 960, 540},
		"the configuration's width stays":   {Request{Crop: quarter}, Request{Width: 640}, uhd, region{1920, 540, 960, 540}, 640, 360},
		"the default of one that is turned": {Request{Crop: Crop{0, 0, 0.5, 0.5}, Rotate: 90}, Request{}, uhd, region{0, 0, 1080, 1920}, 270, 480},
	} {
		r := c.request.WithDefaults(c.camera).Resolve(c.stream)
		width, height := Orientation{Degrees: r.Rotate}.Size(c.stream.DisplaySize())
		if got := r.Crop.region(width, height); got != c.shown || r.Width != c.width || r.Height != c.height {
			t.Errorf("%s: %v as %dx%d, want %v as %dx%d", name, got, r.Width, r.Height, c.shown, c.width, c.height)
		}
	}
}

func TestNothingOutsideOfTheConfiguredCropShows(t *testing.T) {
	for _, stream := range []Stream{{Width: 3840, Height: 2160}, {Width: 641, Height: 361}, {Width: 704, Height: 576, PixelAspect: Ratio{16, 11}}} {
		for _, c := range []Crop{{0.1234, 0.2345, 0.3456, 0.4567}, {0.3333, 0, 0.6667, 0.3333}, {0.0007, 0.0007, 0.9, 0.9}, {0.5, 0.5, 0.1, 0.1}} {
			first := Request{ConfiguredCrop: c}.Resolve(stream).Crop
			const slack = 1e-9
			if first.X < c.X-slack || first.Y < c.Y-slack || first.X+first.Width > c.X+c.Width+slack || first.Y+first.Height > c.Y+c.Height+slack {
				t.Errorf("%dx%d shows %v of %v", stream.Width, stream.Height, first, c)
			}
			if first.Width < c.Width-4/float64(stream.Width) || first.Height < c.Height-4/float64(stream.Height) {
				t.Errorf("%dx%d shows only %v of %v", stream.Width, stream.Height, first, c)
			}
			for _, rotate := range []int{90, 180, 270} {
				r := Request{Rotate: rotate}.WithDefaults(Request{ConfiguredCrop: c}).Resolve(stream)
				if scene := (Orientation{Degrees: rotate}).CropBefore(r.Crop); scene.String() != first.String() {
					t.Errorf("rotated by %d, %dx%d shows %v, else %v", rotate, stream.Width, stream.Height, scene, first)
				}
			}
		}
	}
}

func TestNearlyEqualCropsAreOneRendition(t *testing.T) {
	stream := Stream{Width: 3840, Height: 2160}
	a := Request{Crop: Crop{0.5, 0.25, 0.25, 0.25}, Width: 480, Quality: 80}.Resolve(stream)
	b := Request{Crop: Crop{0.5005, 0.2494, 0.2504, 0.2503}, Width: 480, Quality: 80}.Resolve(stream)
	if a != b {
		t.Errorf("%v and %v", a, b)
	}
	if text := a.String(); text != "480x270 crop 0.5,0.25,0.25,0.25 q80" {
		t.Errorf("it reads %s", text)
	}
}

func TestCropIsNotPassedThrough(t *testing.T) {
	stream := Stream{Codec: "mjpeg", Width: 640, Height: 360}
	whole := Request{Quality: 80, AsSent: true, Width: 640, Height: 360}
	part := whole
	part.Crop, part.Upscale = Crop{0.5, 0.5, 0.5, 0.5}, true
	if whole.Resolve(stream).Quality != 0 || part.Resolve(stream).Quality != 80 || part.Resolve(stream).Width != 640 {
		t.Errorf("%v and %v", whole.Resolve(stream), part.Resolve(stream))
	}
}

func TestSourceOfACropIsLarger(t *testing.T) {
	stream := Stream{Width: 3840, Height: 2160}
	for name, c := range map[string]struct {
		request       Request
		width, height int
	}{
		"whole":         {Request{Width: 480}, 480, 270},
		"a quarter":     {Request{Width: 480, Crop: Crop{0.3, 0.4, 0.25, 0.25}}, 1920, 1080},
		"a rotated one": {Request{Width: 270, Rotate: 90, Crop: Crop{0.3, 0.4, 0.25, 0.25}}, 1920, 1080},
		"all pixels":    {Request{Scale: 1, Crop: Crop{0.25, 0.1, 0.25, 0.1}}, 3840, 2160},
	} {
		r := c.request.Resolve(stream)
		if width, height := r.SourceSize(); width != c.width || height != c.height {
			t.Errorf("%s: %v needs %dx%d, want %dx%d", name, r, width, height, c.width, c.height)
		}
	}
}

func TestCropOutsideOfItsRangeIsRefused(t *testing.T) {
	for text, want := range map[string]bool{
		"0,0,1,1": true, "0.25,0.25,0.5,0.5": true, "0.7,0,0.3,1": true, "0,0,.001,1e-3": true, "0.6667,0,0.3333,1": true,
		"": false, "0": false, "0,0,1": false, "0,0,1,1,1": false, "0,0,0,1": false, "0,0,1,0.0009": false, "0.6,0,0.5,1": false,
		"0,0.6,1,0.5": false, "-0.1,0,1,1": false, "0,0,1,2": false, "NaN,0,1,1": false, "0,0,NaN,1": false, "0,0,Inf,1": false,
		"0,0,1,1x": false, "0, 0, 1, 1": false, "0,0,-1,1": false, "1,0,0,1": false,
	} {
		c, ok := ParseCrop(text)
		if ok != want {
			t.Errorf("%q is accepted: %v", text, ok)
		}
		if again, _ := ParseCrop(c.String()); ok && again != c {
			t.Errorf("%q is written as %q", text, c.String())
		}
	}
}

func TestCropStaysInPlaceWhenItIsTurned(t *testing.T) {
	c := Crop{0.1, 0.2, 0.3, 0.4}
	for turn, want := range map[Orientation]Crop{
		{}: c, {Degrees: 90}: {0.2, 0.6, 0.4, 0.3}, {Degrees: 180}: {0.6, 0.4, 0.3, 0.4}, {Degrees: 270}: {0.4, 0.1, 0.4, 0.3},
		{Mirrored: true}: {0.6, 0.2, 0.3, 0.4},
	} {
		got := turn.CropBefore(c)
		for i, off := range []float64{got.X - want.X, got.Y - want.Y, got.Width - want.Width, got.Height - want.Height} {
			if math.Abs(off) > 1e-9 {
				t.Errorf("%+v: number %d of %v is off by %g, want %v", turn, i, got, off, want)
			}
		}
	}
}
