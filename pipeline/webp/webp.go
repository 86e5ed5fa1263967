// Package webp decodes WebP with the right range of brightness.
package webp

import (
	"image"
	"io"

	_ "golang.org/x/image/webp"
)

// Decode decodes a picture of any format that the importing package has registered, and WebP, as image.Decode does. A WebP with losses has limited range (RFC 6386,
// 9.2), which golang.org/x/image/webp gives as image.YCbCr although that has full range, so that black is grey: Decode stretches
// it.
func Decode(r io.Reader) (picture image.Image, format string, err error) {
	picture, format, err = image.Decode(r)
	if format != "webp" {
		return picture, format, err
	}
	switch p := picture.(type) {
	case *image.YCbCr:
		stretch(p)
	case *image.NYCbCrA:
		stretch(&p.YCbCr)
	}
	return picture, format, err
}

func stretch(p *image.YCbCr) {
	for i, y := range p.Y {
		p.Y[i] = scaled(int(y)-16, 219, 0)
	}
	for _, plane := range [][]uint8{p.Cb, p.Cr} {
		for i, c := range plane {
			plane[i] = scaled(int(c)-128, 224, 128)
		}
	}
}

// scaled is middle + v * 255/from, rounded, from 0 to 255.
func scaled(v, from, middle int) uint8 {
	v = v*255 + middle*from + from/2
	return uint8(min(max(v, 0)/from, 255))
}
