// Package card draws what viewers see while a camera is away: its last picture dimmed, and on it whose picture
// that was and what is wrong.
package card

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"sync"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Card is a picture with lines of text.
type Card struct {
	Width, Height int    // pixels
	Quality       int    // of the JPEG, 1 to 100
	Behind        []byte // a JPEG of any size, shown dimmed; none where it is nil or cannot be read
	Title         string
	Lines         []string
	Font          []byte // TrueType or OpenType; nil is Go's own font
}

// Draw returns the card as a JPEG. Text that does not fit is made smaller, and left out where nobody could read
// it. The error is that of a Font that cannot be used.
func (c Card) Draw() ([]byte, error) {
	typeface, err := parse(c.Font)
	if err != nil {
		return nil, err
	}
	picture := image.NewRGBA(image.Rect(0, 0, c.Width, c.Height))
	c.drawBehind(picture)
	if err := c.write(picture, typeface); err != nil {
		return nil, err
	}
	var file bytes.Buffer
	err = jpeg.Encode(&file, picture, &jpeg.Options{Quality: c.Quality})
	return file.Bytes(), err
}

var own = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(goregular.TTF) })

func parse(typeface []byte) (*opentype.Font, error) {
	if typeface == nil {
		return own()
	}
	return opentype.Parse(typeface)
}

// dark is what a card without a picture shows, and how much of a picture is left: of 256.
var dark = color.RGBA{28, 30, 33, 255}

const dimmed = 80

func (c Card) drawBehind(on *image.RGBA) {
	last, err := jpeg.Decode(bytes.NewReader(c.Behind))
	if err != nil {
		draw.Draw(on, on.Bounds(), image.NewUniform(dark), image.Point{}, draw.Src)
		return
	}
	draw.ApproxBiLinear.Scale(on, on.Bounds(), last, last.Bounds(), draw.Src, nil)
	for i, level := range on.Pix {
		if i%4 < 3 { // not the opacity
			on.Pix[i] = byte(int(level) * dimmed / 256)
		}
	}
}

// Measures of the text, as parts of the picture's height; and sizes in pixels that are the least one that can be
// read, and the largest that is needed.
const (
	titleSize, lineSize = 0.10, 0.065
	spacing             = 1.35 // of the size
	leastSize, mostSize = 7, 64
	textWidth           = 0.92 // of the picture's width at most
)

// write writes the lines one below the other, around the middle.
func (c Card) write(on *image.RGBA, typeface *opentype.Font) error {
	type line struct {
		face   font.Face
		text   string
		height float64
	}
	var lines []line
	total := 0.0
	for i, text := range append([]string{c.Title}, c.Lines...) {
		size := lineSize * float64(c.Height)
		if i == 0 {
			size = titleSize * float64(c.Height)
		}
		face, size, err := fit(typeface, text, min(size, mostSize), textWidth*float64(c.Width))
		if err != nil {
			return err
		}
		if face != nil {
			defer face.Close()
			lines = append(lines, line{face, text, size * spacing})
			total += size * spacing
		}
	}
	y := (float64(c.Height) - total) / 2
	for _, l := range lines {
		y += l.height
		width := font.MeasureString(l.face, l.text).Ceil()
		pen := font.Drawer{Dst: on, Src: image.White, Face: l.face, Dot: fixed.P((c.Width-width)/2, int(y-0.3*l.height))}
		pen.DrawString(l.text)
	}
	return nil
}

// fit makes a face in which a text is no wider than it may be; nil where that could not be read.
func fit(typeface *opentype.Font, text string, size, width float64) (font.Face, float64, error) {
	for size >= leastSize && text != "" {
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
