package likeness

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// ZonePlate draws rings that get finer towards the edges, to two pixels for each at the left and right one. A scaler that leaves out
// pixels shows further centres of rings.
func ZonePlate(width, height int) image.Image {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			dx, dy := float64(x)-float64(width)/2, float64(y)-float64(height)/2
			img.SetGray(x, y, color.Gray{Y: byte(math.Round(127.5 + 110*math.Cos(math.Pi*(dx*dx+dy*dy)/float64(width))))})
		}
	}
	return img
}

// Chart draws coloured patches, lines of one to eight pixels in both directions, slanted lines, and gradients.
func Chart(width, height int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	patches := []color.RGBA{
		{192, 32, 32, 255}, {32, 192, 32, 255}, {32, 32, 192, 255}, {192, 192, 32, 255},
		{32, 192, 192, 255}, {192, 32, 192, 255}, {235, 235, 235, 255}, {24, 24, 24, 255},
	}
	for y := range height {
		for x := range width {
			column := x * len(patches) / width
			c := patches[column]
			period := 2 * (column + 1)
			switch y * 5 / height {
			case 1: // lines from top to bottom
				c = stripe(x%period < period/2)
			case 2: // lines from left to right
				c = stripe(y%period < period/2)
			case 3: // slanted lines
				c = stripe((x+y/3)%period < period/2)
			case 4:
				level := byte(x * 255 / width)
				c = color.RGBA{level, 255 - level, byte(y * 255 / height), 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func stripe(light bool) color.RGBA {
	if light {
		return color.RGBA{230, 230, 230, 255}
	}
	return color.RGBA{25, 25, 25, 255}
}

// Text draws lines of text, from 12 to 60 pixels high, dark on light and light on blue.
func Text(width, height int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{225, 225, 215, 255}), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(width/2, 0, width, height), image.NewUniform(color.RGBA{20, 40, 110, 255}), image.Point{}, draw.Src)
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic(err) // it is part of the program
	}
	y := 0
	for size := 12; ; size = 12 + (size-8)%52 {
		if y += size * 5 / 4; y > height {
			return img
		}
		face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: float64(size), DPI: 72})
		if err != nil {
			panic(err)
		}
		for i, ink := range []color.RGBA{{30, 30, 30, 255}, {240, 230, 120, 255}} {
			d := font.Drawer{Dst: img, Src: image.NewUniform(ink), Face: face, Dot: fixed.P(i*width/2+10, y)}
			d.DrawString("Gate 7, KA-FG 1234, 12:34:56. Quick brown foxes jump over the lazy dog.")
		}
	}
}
