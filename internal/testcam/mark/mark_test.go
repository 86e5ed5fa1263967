package mark

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"testing"
)

// picture is a grey noise picture, marked.
func picture(width, height, camera, frame int) *image.YCbCr {
	img := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = byte(100 + rand.IntN(60))
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 128, 128
	}
	Draw(img.Y, img.YStride, width, height, camera, frame)
	return img
}

func TestMarkSurvivesJPEG(t *testing.T) {
	for _, size := range []image.Point{{160, 90}, {320, 180}, {480, 270}, {640, 360}, {1280, 720}, {352, 288}} {
		for _, number := range []struct{ camera, frame int }{{0, 0}, {1, 1}, {MaxCamera, MaxFrame}, {63, 123456}} {
			var file bytes.Buffer
			jpeg.Encode(&file, picture(size.X, size.Y, number.camera, number.frame), &jpeg.Options{Quality: 60})
			img, err := jpeg.Decode(&file)
			if err != nil {
				t.Fatal(err)
			}
			camera, frame, err := Read(img)
			if err != nil || camera != number.camera || frame != number.frame {
				t.Errorf("%v: read %d %d %v, want %d %d", size, camera, frame, err, number.camera, number.frame)
			}
		}
	}
}

func TestPictureWithoutMarkIsRefused(t *testing.T) {
	img := image.NewYCbCr(image.Rect(0, 0, 480, 270), image.YCbCrSubsampleRatio420)
	for _, level := range []byte{0, 16, 128, 235, 255} {
		for i := range img.Y {
			img.Y[i] = level
		}
		if camera, frame, err := Read(img); err == nil {
			t.Errorf("level %d reads as %d %d", level, camera, frame)
		}
	}
}

func TestDamagedMarkIsRefused(t *testing.T) {
	for bit := range bits {
		img := picture(480, 270, 17, 4711)
		cell := cellAt(bit, 480, 270)
		for y := cell.Min.Y; y < cell.Max.Y; y++ {
			for x := cell.Min.X; x < cell.Max.X; x++ {
				img.Y[y*img.YStride+x] = 255 - img.Y[y*img.YStride+x]
			}
		}
		if _, _, err := Read(img); err == nil {
			t.Errorf("bit %d was inverted, but the mark is accepted", bit)
		}
	}
}

func TestNoiseIsRefused(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	img := image.NewYCbCr(image.Rect(0, 0, 160, 90), image.YCbCrSubsampleRatio420)
	for range 300 {
		for i := range img.Y {
			img.Y[i] = byte(random.Uint32())
		}
		if camera, frame, err := Read(img); err == nil {
			t.Fatalf("noise reads as %d %d", camera, frame)
		}
	}
	// The worst noise is black and white cells: one of 65536 fits its checksum by chance.
	wrong := 0
	const tries = 4000
	for range tries {
		for bit := range bits {
			level := byte(black)
			if random.IntN(2) == 1 {
				level = white
			}
			cell := cellAt(bit, 160, 90)
			for y := cell.Min.Y; y < cell.Max.Y; y++ {
				for x := cell.Min.X; x < cell.Max.X; x++ {
					img.Y[img.YOffset(x, y)] = level
				}
			}
		}
		if _, _, err := Read(img); err == nil {
			wrong++
		}
	}
	if wrong > 1 {
		t.Errorf("%d of %d random marks are read", wrong, tries)
	}
}

func TestAnyKindOfPictureIsRead(t *testing.T) {
	marked := picture(320, 180, 5, 77)
	grey := &image.Gray{Pix: marked.Y, Stride: marked.YStride, Rect: marked.Rect}
	moved := image.NewYCbCr(image.Rect(100, 50, 420, 230), image.YCbCrSubsampleRatio420)
	copy(moved.Y, marked.Y)
	for name, img := range map[string]image.Image{"grey": grey, "moved": moved} {
		if camera, frame, err := Read(img); err != nil || camera != 5 || frame != 77 {
			t.Errorf("%s: %d %d %v", name, camera, frame, err)
		}
	}
	for _, size := range []image.Point{{0, 0}, {1, 1}, {20, 10}} {
		if _, _, err := Read(image.NewGray(image.Rectangle{Max: size})); err == nil {
			t.Errorf("a picture of %v reads", size)
		}
	}
}
