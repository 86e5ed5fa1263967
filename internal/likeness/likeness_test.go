package likeness

import (
	"image"
	"image/color"
	"math"
	"testing"
)

func TestEqualPlanesAreAlike(t *testing.T) {
	p := VideoOf(ZonePlate(160, 90), Centred).Y
	if psnr, ssim := PSNR(p, p), SSIM(p, p); psnr != same || math.Abs(ssim-1) > 1e-9 {
		t.Errorf("%v dB, SSIM %v", psnr, ssim)
	}
}

func TestPSNROfAKnownError(t *testing.T) {
	a, b := NewPlane(16, 16), NewPlane(16, 16)
	for i := range b.Pix {
		b.Pix[i] = 5
	}
	if psnr := PSNR(a, b); math.Abs(psnr-10*math.Log10(255*255/25)) > 1e-9 {
		t.Errorf("%v dB", psnr)
	}
}

// SSIM punishes what changes the structure more than what changes the brightness.
func TestSSIMSeesStructure(t *testing.T) {
	p := VideoOf(Text(320, 180), Centred).Y
	brighter, noisy := NewPlane(320, 180), NewPlane(320, 180)
	for i, v := range p.Pix {
		brighter.Pix[i] = v + 8
		noisy.Pix[i] = v + 8*float64(1-2*(i%2))
	}
	if light, noise := SSIM(brighter, p), SSIM(noisy, p); light < 0.95 || noise > light-0.05 {
		t.Errorf("SSIM %v when brighter, %v with noise of the same PSNR", light, noise)
	}
}

func TestAreaIsTheExactAverage(t *testing.T) {
	p := Plane{6, 2, []float64{0, 60, 120, 180, 240, 60, 0, 60, 120, 180, 240, 60}}
	for width, want := range map[int][]float64{
		6: {0, 60, 120, 180, 240, 60}, 3: {30, 150, 150}, 2: {60, 160}, 4: {20, 100, 200, 120}, 1: {110},
	} {
		got := p.Area(width, 1)
		for x, v := range want {
			if math.Abs(got.Pix[x]-v) > 1e-9 {
				t.Errorf("%d pixels of 6: %v, want %v", width, got.Pix, want)
				break
			}
		}
	}
}

func TestColoursOfAPatch(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 32, 16))
	for i := range 32 * 16 {
		img.SetRGBA(i%32, i/32, color.RGBA{32, 192, 32, 255})
	}
	got := VideoOf(img, Centred).Scaled(9, 5)
	y, cb, cr := color.RGBToYCbCr(32, 192, 32)
	for i, c := range []struct {
		plane Plane
		want  byte
		width int
	}{{got.Y, y, 9}, {got.Cb, cb, 5}, {got.Cr, cr, 5}} {
		if c.plane.Width != c.width || math.Abs(c.plane.Pix[0]-float64(c.want)) > 1.5 {
			t.Errorf("plane %d: %v of %d pixels, want %v", i, c.plane.Pix[0], c.plane.Width, c.want)
		}
	}
}

// TestExactPictureIsTheSameWhereverTheCameraHasItsChroma but for what the camera has lost.
func TestExactPictureIsTheSameWhereverTheCameraHasItsChroma(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 64, 16))
	for i := range 64 * 16 {
		img.SetRGBA(i%64, i/64, color.RGBA{byte(4 * (i % 64)), 64, byte(252 - 4*(i%64)), 255}) // a slope, which both sites keep
	}
	left, centred := VideoOf(img, Left), VideoOf(img, Centred)
	if PSNR(left.Cr, centred.Cr) > 50 {
		t.Error("the camera's chroma is the same")
	}
	for _, width := range []int{64, 32, 20, 16} {
		if got := PSNR(left.Scaled(width, 16).Cr, centred.Scaled(width, 16).Cr); got < 50 {
			t.Errorf("%d pixels of 64: %.1f dB", width, got)
		}
	}
}
