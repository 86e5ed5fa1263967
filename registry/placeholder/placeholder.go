// Package placeholder draws the picture that viewers see while a camera is away: the camera's last picture, dimmed, and
// on it the camera's name and what is wrong.
package placeholder

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"runtime"
	"sync"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/sync/semaphore"
)

// Placeholder describes a picture with lines of text.
type Placeholder struct {
	Width, Height int    // pixels
	Quality       int    // of the JPEG, 1 to 100
	Background    []byte // JPEG, shown dimmed; the background is plain if this is nil, cannot be decoded or has more than largestSize pixels
	Title         string
	Lines         []string
	Font          []byte // TrueType or OpenType; nil for Go's own font
}

// largeSize is how many pixels a placeholder or its background has at least to be large. While it is drawn, a placeholder takes four bytes for
// each of its pixels, besides its background.
const largeSize = 1_000_000

// largestSize is how many pixels a placeholder and its background may each have. A decoder takes up to 15 bytes for each pixel of the background.
const largestSize = 16_000_000

// largePixels is how many pixels of large placeholders and their backgrounds may be drawn at a time: those of one of 4 megapixels for each processor.
// With more, which is what the loss of a camera with many large renditions asks for, the last one would not be there sooner.
var largePixels = int64(max(largestSize, 4_000_000*runtime.NumCPU()))

// large counts these pixels.
var large = semaphore.NewWeighted(largePixels)

// Size is the size of the placeholder of a rendition: its own, or a smaller one of the same shape.
func Size(width, height int) (int, int) {
	if width*height <= largestSize {
		return width, height
	}
	by := math.Sqrt(largestSize / (float64(width) * float64(height)))
	return max(1, int(by*float64(width))), max(1, int(by*float64(height)))
}

// Draw returns the placeholder as a JPEG. Text that does not fit is drawn smaller, and left out if it would be too
// small to read. The error is that of a Font that cannot be used.
func (p Placeholder) Draw() ([]byte, error) {
	typeface, err := parse(p.Font)
	if err != nil {
		return nil, err
	}
	if n := int64(max(p.Width*p.Height, p.background())); n >= largeSize {
		n = min(max(n, largePixels/int64(runtime.NumCPU())), largePixels)
		large.Acquire(context.Background(), n)
		defer large.Release(n)
	}
	picture := image.NewRGBA(image.Rect(0, 0, p.Width, p.Height))
	p.drawBackground(picture)
	if err := p.drawText(picture, typeface); err != nil {
		return nil, err
	}
	var file bytes.Buffer
	err = jpeg.Encode(&file, picture, &jpeg.Options{Quality: p.Quality})
	return file.Bytes(), err
}

var goFont = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(goregular.TTF) })

func parse(typeface []byte) (*opentype.Font, error) {
	if typeface == nil {
		return goFont()
	}
	return opentype.Parse(typeface)
}

// plain is the background without a picture.
var plain = color.RGBA{28, 30, 33, 255}

// dimmed is how much of a picture's brightness is left, of 256.
const dimmed = 80

// background is the size of the background, 0 if there is none that is decoded.
func (p Placeholder) background() (pixels int) {
	size, err := jpeg.DecodeConfig(bytes.NewReader(p.Background))
	if n := size.Width * size.Height; err == nil && n <= largestSize {
		return n
	}
	return 0
}

// decoded is the background, nil if there is none that is decoded.
func (p Placeholder) decoded() image.Image {
	if p.background() == 0 {
		return nil
	}
	last, err := jpeg.Decode(bytes.NewReader(p.Background))
	if err != nil {
		return nil
	}
	return last
}

func (p Placeholder) drawBackground(on *image.RGBA) {
	last := p.decoded()
	if last == nil {
		draw.Draw(on, on.Bounds(), image.NewUniform(plain), image.Point{}, draw.Src)
		return
	}
	draw.ApproxBiLinear.Scale(on, on.Bounds(), last, last.Bounds(), draw.Src, nil)
	for i, level := range on.Pix {
		if i%4 < 3 { // not the opacity
			on.Pix[i] = byte(int(level) * dimmed / 256)
		}
	}
}

const (
	// Sizes of text as parts of the picture's height.
	titleSize, lineSize = 0.10, 0.065
	// spacing is the distance of two lines as a multiple of the text's size.
	spacing = 1.35
	// minSize is the smallest size that can be read and maxSize the largest that is needed, in pixels.
	minSize, maxSize = 7, 64
	// textWidth is the part of the picture's width that a line may take.
	textWidth = 0.92
)

// drawText draws the lines below each other, around the middle of the picture.
func (p Placeholder) drawText(on *image.RGBA, typeface *opentype.Font) error {
	type line struct {
		face   font.Face
		text   string
		height float64
	}
	var lines []line
	total := 0.0
	for i, text := range append([]string{p.Title}, p.Lines...) {
		size := lineSize * float64(p.Height)
		if i == 0 {
			size = titleSize * float64(p.Height)
		}
		face, size, err := fit(typeface, text, min(size, maxSize), textWidth*float64(p.Width))
		if err != nil {
			return err
		}
		if face != nil {
			defer face.Close()
			lines = append(lines, line{face, text, size * spacing})
			total += size * spacing
		}
	}
	y := (float64(p.Height) - total) / 2
	for _, l := range lines {
		y += l.height
		width := font.MeasureString(l.face, l.text).Ceil()
		pen := font.Drawer{Dst: on, Src: image.White, Face: l.face, Dot: fixed.P((p.Width-width)/2, int(y-0.3*l.height))}
		pen.DrawString(l.text)
	}
	return nil
}

// fit returns the largest face up to size in which a text is not wider than width, and its size. The face is nil if that
// would be too small to read.
func fit(typeface *opentype.Font, text string, size, width float64) (font.Face, float64, error) {
	for size >= minSize && text != "" {
		face, err := opentype.NewFace(typeface, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
		if err != nil {
			return nil, 0, err
		}
		needs := float64(font.MeasureString(face, text).Ceil())
		if needs <= width {
			return face, size, nil
		}
		face.Close()
		size = min(size*width/needs, size-0.5)
	}
	return nil, 0, nil
}
