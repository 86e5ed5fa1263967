package depay

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
)

// Some cameras state the size of a picture of more than 2040 pixels modulo 2048, and nothing else says how large it is. Such a
// picture has more data than its stated size needs. Its true size is the largest one for which the data suffice.

// roomyBits is how many bits a pixel of a JPEG may take before its size is doubted. At the qualities of cameras it takes 1 to 2, at
// the best ones 4; with a width that is 2048 too small, at least twice as many.
const roomyBits = 2

// doubtful reports whether a JPEG has more data than its size explains. A dark picture may not, even if its size is wrong.
func doubtful(picture []byte, width, height int) bool { return len(picture)*8 > roomyBits*width*height }

// trueSize returns the size of a JPEG whose frame header may state it modulo 2048. frameHeader is the index of that header. trueSize
// is slow: it decodes the picture up to three times.
func trueSize(picture []byte, frameHeader int, width, height int) (trueWidth, trueHeight int) {
	tried := bytes.Clone(picture)
	for _, more := range [][2]int{{2048, 2048}, {2048, 0}, {0, 2048}} {
		w, h := width+more[0], height+more[1]
		binary.BigEndian.PutUint16(tried[frameHeader+1:], uint16(h))
		binary.BigEndian.PutUint16(tried[frameHeader+3:], uint16(w))
		if _, err := jpeg.Decode(bytes.NewReader(tried)); err == nil {
			return w, h
		}
	}
	return width, height
}
