package frame

import "math"

// Resolve turns a complete Request into the rendition of a camera that sends s, whose size must be known.
//
// All sizes are those at which pictures are shown, see Stream.DisplaySize: a rendition's pixels are square. The picture keeps the
// aspect ratio of the camera's, or of the crop, if only one side or a scale is given, and is never larger than that unless Upscale
// allows it.
//
// Renditions that look the same become equal, so that they share one encode: a requested side is rounded to about a hundredth (see
// grid), the other side to an even number, the quality to a multiple of 5, and the rate to halves from 2 a second on and to tenths
// below. The edges of a crop are rounded to about a hundredth of its own sides, and to even pixels; those of a configured one are rounded
// inwards, to even pixels.
func (a Request) Resolve(s Stream) Rendition {
	a, scale := a.onStep()
	rotation := Orientation{Degrees: a.Rotate}
	shown := a.region(s, rotation)
	crop := shown.in(rotation.Size(s.DisplaySize()))
	s.Width, s.Height = shown.width, shown.height
	if a.Scale == 0 {
		a.Scale = 1
		if width, _ := rotation.Size(s.Width, s.Height); width >= LargeWidth {
			a.Scale = LargeScale
		}
	}
	want := a.limitedSize(size{float64(s.Width), float64(s.Height)})
	scale = max(scale, min(1, MinSide/min(want.w, want.h)))
	want = size{want.w * scale, want.h * scale}
	r := Rendition{
		Width: even(want.w, s.Width), Height: even(want.h, s.Height),
		FPS: roundRate(a.FPS), Keyframes: a.Keyframes, Quality: roundQuality(a.Quality),
		Rotate: a.Rotate, Crop: crop, Format: a.Format, DropSame: a.DropSame,
	}
	if !a.Overlay.Empty() {
		r.Overlay = a.Overlay
	}
	if r.Format.Raw() {
		r.Quality = MaxQuality
	}
	if r.Format == I420 {
		r.Width, r.Height = max(2, r.Width&^1), max(2, r.Height&^1)
	}
	if a.Keyframes || s.FPS > 0 && r.FPS > s.FPS*0.98 { // 25 a second is the full rate of a camera of 25.02
		r.FPS = 0
	}
	if a.AsSent && s.Passes() && r.Width == s.Width && r.Height == s.Height &&
		r.Rotate == 0 && r.Crop.Whole() && r.Format == JPEG && r.Overlay.Empty() {
		r.Quality = 0
	}
	return r
}

// region is the part of the rotated picture that is shown. The edges of the configured crop are rounded before the picture is rotated, so
// that it covers the same scene at every rotation.
func (a Request) region(s Stream, rotation Orientation) region {
	configured := rotation.CropBefore(a.ConfiguredCrop).inside(s.DisplaySize())
	configured = Orientation{Degrees: (360 - a.Rotate) % 360}.CropBefore(configured)
	return a.Crop.of(configured.region(rotation.Size(s.DisplaySize())))
}

// size is a width and a height in pixels.
type size struct{ w, h float64 }

// limitedSize is the requested size, made smaller where it exceeds a limit.
func (a Request) limitedSize(own size) size {
	want := a.size(own)
	limit := 1.0
	if a.Upscale {
		limit = MaxUpscale
	}
	if shrink := max(want.w/own.w, want.h/own.h) / limit; shrink > 1 {
		want = size{want.w / shrink, want.h / shrink}
	}
	if shrink := max(want.w/max(MaxSide, own.w), want.h/max(MaxSide, own.h)); shrink > 1 {
		want = size{want.w / shrink, want.h / shrink}
	}
	return want
}

// size is the requested size for a camera, or a part of its picture, whose own size is given, before any limit.
func (a Request) size(own size) size {
	switch {
	case a.Width > 0 && a.Height > 0:
		return size{grid(float64(a.Width)), grid(float64(a.Height))}
	case a.Height > 0:
		h := grid(float64(a.Height))
		return size{own.w * h / own.h, h}
	case a.Width > 0:
		w := grid(float64(a.Width))
		return size{w, own.h * w / own.w}
	case a.Scale == 1:
		return own
	default:
		w := grid(own.w * a.Scale)
		return size{w, own.h * w / own.w}
	}
}

// grid rounds a side in pixels: to even numbers below 512, to multiples of 4 below 1024, of 8 below 2048 and
// so on.
func grid(side float64) float64 {
	step := gridStep(side)
	return step * math.Round(side/step)
}

// gridStep is the step to which grid rounds a side.
func gridStep(side float64) float64 {
	step := 2.0
	for side >= 256*step {
		step *= 2
	}
	return step
}

// even rounds a side to an even number of pixels, but keeps the camera's own side.
func even(side float64, own int) int {
	if int(math.Round(side)) == own {
		return own
	}
	return max(2, 2*int(math.Round(side/2)))
}

// roundRate rounds pictures per second. Only 0, the camera's own rate, becomes 0.
func roundRate(fps float64) float64 {
	switch {
	case fps == 0:
		return 0
	case fps < 2:
		return max(1, math.Round(fps*10)) / 10
	}
	return math.Round(fps*2) / 2
}

// roundQuality rounds a JPEG quality.
func roundQuality(quality int) int {
	return max(MinQuality, (quality+2)/5*5)
}
