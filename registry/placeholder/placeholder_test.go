package placeholder

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// drawn draws a placeholder and decodes the JPEG.
func drawn(t *testing.T, p Placeholder) image.Image {
	t.Helper()
	p.Quality = 80
	file, err := p.Draw()
	if err != nil {
		t.Fatal(err)
	}
	picture, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if got := picture.Bounds().Size(); got != image.Pt(p.Width, p.Height) {
		t.Fatalf("the placeholder is %v, want %dx%d", got, p.Width, p.Height)
	}
	return picture
}

// bright counts the pixels in a part of a picture that are as bright as text and nothing else.
func bright(picture image.Image, in image.Rectangle) (n int) {
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if color.GrayModel.Convert(picture.At(x, y)).(color.Gray).Y > 180 {
				n++
			}
		}
	}
	return n
}

func TestPlaceholderHasTheSizeAndTheText(t *testing.T) {
	for _, size := range []image.Point{{480, 270}, {1920, 1080}, {160, 90}, {90, 160}} {
		picture := drawn(t, Placeholder{Width: size.X, Height: size.Y, Title: "Front gate", Lines: []string{"No connection", "since 14:03:21"}})
		if n := bright(picture, picture.Bounds()); n < 20 {
			t.Errorf("%v: %d bright pixels; there is no text", size, n)
		}
		margin := image.Rect(0, 0, size.X, size.Y/10)
		if n := bright(picture, margin); n > 0 {
			t.Errorf("%v: the text reaches into the margin", size)
		}
	}
}

func TestLargePlaceholdersWaitForProcessorsAndSmallOnesDoNot(t *testing.T) {
	large.Acquire(t.Context(), largePixels)
	done := make(chan struct{})
	go func() {
		defer close(done)
		Placeholder{Width: 1280, Height: 800, Quality: 80}.Draw()
	}()
	drawn(t, Placeholder{Width: 1280, Height: 720})
	select {
	case <-done:
		t.Error("the large one did not wait")
	default:
	}
	large.Release(largePixels)
	<-done
}

func TestPlaceholderOfAHugePictureIsSmaller(t *testing.T) {
	for size, want := range map[image.Point]image.Point{{3840, 2160}: {3840, 2160}, {4000, 4000}: {4000, 4000}, {8192, 4320}: {5508, 2904}, {100, 8_000_000}: {14, 1131370}} {
		if w, h := Size(size.X, size.Y); w != want.X || h != want.Y {
			t.Errorf("of %v: %dx%d", size, w, h)
		}
	}
}

func TestHugeBackgroundIsLeftOut(t *testing.T) {
	head := func(width, height int) []byte {
		var file bytes.Buffer
		if err := jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 16, 16)), nil); err != nil {
			t.Fatal(err)
		}
		picture := file.Bytes()
		at := bytes.Index(picture, []byte{0xFF, 0xC0}) + 5
		binary.BigEndian.PutUint16(picture[at:], uint16(height))
		binary.BigEndian.PutUint16(picture[at+2:], uint16(width))
		return picture
	}
	for _, c := range []struct{ width, height, want int }{{4000, 4000, 16_000_000}, {4001, 4000, 0}, {8192, 8192, 0}} {
		if got := (Placeholder{Background: head(c.width, c.height)}).background(); got != c.want {
			t.Errorf("%dx%d: %d pixels", c.width, c.height, got)
		}
	}
	if (Placeholder{Background: head(8192, 8192)}).decoded() != nil {
		t.Error("it is decoded")
	}
	drawn(t, Placeholder{Width: 320, Height: 180, Background: head(8192, 8192), Title: "gate"})
}

func TestLongTextIsDrawnSmaller(t *testing.T) {
	long := "A camera whose name is much longer than anybody who looks at a picture of it would ever like to read"
	picture := drawn(t, Placeholder{Width: 640, Height: 360, Title: long})
	left, right := image.Rect(0, 0, 12, 360), image.Rect(628, 0, 640, 360)
	if bright(picture, left)+bright(picture, right) > 0 || bright(picture, picture.Bounds()) == 0 {
		t.Error("the text is cut off or missing")
	}
}

func TestPlaceholderTooSmallForTextIsStillAPicture(t *testing.T) {
	drawn(t, Placeholder{Width: 16, Height: 16, Title: "Front gate", Lines: []string{"No connection"}})
}

func TestBackgroundIsDimmed(t *testing.T) {
	last := image.NewGray(image.Rect(0, 0, 64, 36))
	for x := range 32 {
		for y := range 36 {
			last.SetGray(x, y, color.Gray{200})
		}
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, last, nil); err != nil {
		t.Fatal(err)
	}
	picture := drawn(t, Placeholder{Width: 320, Height: 180, Background: file.Bytes()})
	level := func(x, y int) byte { return color.GrayModel.Convert(picture.At(x, y)).(color.Gray).Y }
	if lit := level(40, 20); lit < 45 || lit > 80 {
		t.Errorf("the bright half has the level %d", lit)
	}
	if unlit := level(280, 20); unlit > 16 {
		t.Errorf("the dark half has the level %d", unlit)
	}
}

func TestBackgroundThatCannotBeDecodedIsLeftOut(t *testing.T) {
	drawn(t, Placeholder{Width: 320, Height: 180, Background: []byte("no JPEG"), Title: "gate"})
}

func TestBrokenFontIsAnError(t *testing.T) {
	if _, err := (Placeholder{Width: 32, Height: 32, Quality: 80, Font: []byte("no font")}).Draw(); err == nil {
		t.Error("no error")
	}
}
