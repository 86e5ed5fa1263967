package jpeg

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// A Reader splits a sequence of JPEGs that have nothing between them, such as a file of raw Motion JPEG.
type Reader struct {
	from  io.Reader
	data  []byte // what has been read, beginning with the picture that Next returned last
	used  int    // bytes of that picture
	ended bool
}

// NewReader returns a reader of the pictures in from.
func NewReader(from io.Reader) *Reader { return &Reader{from: from} }

// minRead is the least number of bytes that are read at a time.
const minRead = 64 << 10

// Next returns the next picture, valid until the next call, or io.EOF at the end. A picture may be broken. One that is
// larger than MaxSize is returned in parts.
func (r *Reader) Next() ([]byte, error) {
	r.data = r.data[:copy(r.data, r.data[r.used:])]
	r.used = 0
	for {
		h, err := readFirst(r.data, false)
		switch {
		// A picture without an end marker may go on in bytes that are not read yet, unless the input or the picture has ended.
		case err == nil && (!h.noEndMarker || r.ended || h.end < len(r.data)):
			r.used = h.end
			return r.data[:r.used], nil
		case !r.ended && len(r.data) <= MaxSize && !errors.Is(err, errBroken):
			if err := r.more(); err != nil {
				return nil, err
			}
		// Fewer than 4 bytes hold no picture, not even a broken one: a start marker and an end marker have 4.
		case len(r.data) < 4 || r.ended && errors.Is(err, ErrFormat):
			return nil, io.EOF
		default:
			r.used = len(r.data)
			if next := bytes.Index(r.data[2:], []byte{0xFF, markSOI, 0xFF}); next >= 0 {
				r.used = next + 2
			}
			return r.data[:r.used], nil
		}
	}
}

// more at least doubles the data, unless the input ends.
func (r *Reader) more() error {
	have := len(r.data)
	r.data = slices.Grow(r.data, max(minRead, have))
	n, err := io.ReadFull(r.from, r.data[have:cap(r.data)])
	r.data = r.data[:have+n]
	if r.ended = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); r.ended {
		return nil
	}
	return err
}
