// Package mark writes a camera's and a frame's number into a picture, as black and white blocks, and reads
// them back from a picture of another size, decoded from a JPEG.
package mark

import (
	"errors"
	"image"
	"image/color"
)

// The mark is two rows of cells at the bottom left. All measures are parts of the picture, so that it can
// be read at any scale.
const (
	columns, rows = 24, 2
	cellWidth     = 1.0 / 32 // of the picture's width
	cellHeight    = 1.0 / 18 // of the picture's height
	left, top     = 1.0 / 32, 1 - 3.0/18

	bits = columns * rows // 8 of camera, 24 of frame, 16 of checksum

	black, white = 16, 235 // of limited range luma
)

// MaxFrame and MaxCamera are the largest numbers that fit.
const (
	MaxFrame  = 1<<24 - 1
	MaxCamera = 1<<8 - 1
)

// ErrNone is returned for a picture that carries no readable mark.
var ErrNone = errors.New("no mark in the picture")

// Draw draws the mark on a luma plane. Only the low bits of a number that is too large are drawn.
func Draw(luma []byte, stride, width, height, camera, frame int) {
	word := uint64(camera&MaxCamera)<<24 | uint64(frame&MaxFrame)
	word = word<<16 | uint64(checksum(uint32(word)))
	for i := range bits {
		cell := cellAt(i, width, height)
		level := byte(black)
		if word>>(bits-1-i)&1 == 1 {
			level = white
		}
		for y := cell.Min.Y; y < cell.Max.Y; y++ {
			row := luma[y*stride : y*stride+width]
			for x := cell.Min.X; x < cell.Max.X; x++ {
				row[x] = level
			}
		}
	}
}

// Read returns the numbers in the mark of a picture. The error is ErrNone, if a block is neither black nor white or the
// checksum is wrong.
func Read(img image.Image) (camera, frame int, err error) {
	size := img.Bounds().Size()
	var word uint64
	for i := range bits {
		cell := cellAt(i, size.X, size.Y).Add(img.Bounds().Min)
		level := mean(img, shrink(cell))
		switch {
		case level < 90:
			word <<= 1
		case level > 160:
			word = word<<1 | 1
		default:
			return 0, 0, ErrNone
		}
	}
	if uint16(word) != checksum(uint32(word>>16)) {
		return 0, 0, ErrNone
	}
	return int(word >> 40), int(word >> 16 & MaxFrame), nil
}

// cellAt is the rectangle of a cell in a picture of the given size.
func cellAt(i, width, height int) image.Rectangle {
	column, row := float64(i%columns), float64(i/columns)
	x := func(c float64) int { return int((left + c*cellWidth) * float64(width)) }
	y := func(r float64) int { return int((top + r*cellHeight) * float64(height)) }
	return image.Rect(x(column), y(row), x(column+1), y(row+1))
}

// shrink returns the middle of a cell, which scaling does not mix with its neighbours.
func shrink(r image.Rectangle) image.Rectangle {
	return image.Rect(r.Min.X+r.Dx()/4, r.Min.Y+r.Dy()/4, r.Max.X-r.Dx()/4, r.Max.Y-r.Dy()/4)
}

// mean is the mean luma of a rectangle.
func mean(img image.Image, r image.Rectangle) int {
	sum, n := 0, 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if yuv, ok := img.(*image.YCbCr); ok {
				sum += int(yuv.Y[yuv.YOffset(x, y)])
			} else {
				sum += int(color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y)
			}
			n++
		}
	}
	if n == 0 {
		return 128
	}
	return sum / n
}

// checksum is CRC-16 with the polynomial of ITU-T V.41. It starts with all ones, so that neither all black nor all white is
// a mark.
func checksum(word uint32) uint16 {
	crc := uint16(0xFFFF)
	for bit := 31; bit >= 0; bit-- {
		high := crc>>15 != uint16(word>>bit&1)
		crc <<= 1
		if high {
			crc ^= 0x1021
		}
	}
	return crc
}
