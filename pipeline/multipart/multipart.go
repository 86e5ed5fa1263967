// Package multipart finds the JPEGs in the HTTP bodies of cameras: multipart/x-mixed-replace, and what they send in its place. It
// depends neither on GStreamer nor on cameras.
package multipart

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/framegate/framegate/pipeline/jpeg"
)

// The markers that begin and end a JPEG (ITU-T T.81, annex B).
const (
	markSOI = 0xD8
	markEOI = 0xD9
)

// maxLine is the longest header line of a part in bytes. Longer lines are skipped.
const maxLine = 16 << 10

// maxOther is the largest part of another type, in bytes, that is skipped by its Content-Length.
const maxOther = 16 << 10

// A Reader reads the pictures of a camera's multipart/x-mixed-replace body. It belongs to one goroutine.
//
// The body of a part is a JPEG. Its Content-Length is a hint, which holds if the JPEG ends there or a boundary follows. Otherwise
// the JPEG's own end decides, or the next boundary if the end marker is missing. So a Reader reads what browsers show and
// more: lengths and boundaries that are missing or wrong, JPEGs without a head, and bytes between the parts.
type Reader struct {
	// Odd, if not nil, is called with what is odd about the body: a kind, and a short sentence.
	Odd func(kind, text string)

	buffer   buffer
	boundary boundary
	head     head   // of the next part, as far as it has been read
	opening  []byte // the boundary that opened it
	inBody   bool   // the head has been read

	// What is known about the lengths that the camera states.
	beyond   int  // how many bytes the last part was stated to have after the end of its JPEG
	wrong    bool // one was wrong: a JPEG may end earlier
	right    int  // how many in a row have been right since
	unmarked bool // the last JPEG had no end marker, and a boundary followed its stated length
}

// NewReader returns a reader of a body. boundary separates the parts; it is empty if the camera names none.
func NewReader(body io.Reader, boundary string) *Reader {
	r := &Reader{buffer: buffer{from: body}}
	r.boundary.name = []byte(strings.TrimLeft(boundary, "-"))
	return r
}

// NewPictureReader returns a reader of a body that is one JPEG, or several without anything between them. length is the body's
// Content-Length in bytes, 0 if it is not known.
func NewPictureReader(body io.Reader, length int) *Reader {
	r := NewReader(body, "")
	r.inBody = true
	if length > 0 && length <= jpeg.MaxSize {
		r.head.length = length
	}
	return r
}

// startOfJPEG begins a JPEG: SOI and the first byte of another marker.
var startOfJPEG = []byte{0xFF, markSOI, 0xFF}

// Next returns the next part, valid until the next call, or io.EOF at the end of the stream. It is a JPEG, possibly a broken
// one, or something else that is called a JPEG or has no type. Parts of other types are skipped.
func (r *Reader) Next() ([]byte, error) {
	r.settle()
	for {
		if !r.inBody {
			if err := r.findBody(); err != nil {
				return nil, err
			}
		}
		body, err := r.body()
		r.head, r.opening, r.inBody = head{}, nil, false
		if body != nil || err != nil {
			return body, err
		}
	}
}

func (r *Reader) odd(kind, text string) {
	if r.Odd != nil {
		r.Odd(kind, text)
	}
}

// settle skips the bytes between the end of the last JPEG and the end of its part by Content-Length. They are padding if a boundary
// or the end of the stream follows them. Otherwise the length was too long, and nothing is skipped.
func (r *Reader) settle() {
	beyond := r.beyond
	r.beyond = 0
	for looked := 0; beyond > 0; {
		data := r.buffer.data()
		inside := data[:min(beyond, len(data))]
		if r.boundary.index(inside, looked) >= 0 || bytes.HasPrefix(inside, startOfJPEG[:2]) {
			break
		}
		if len(data) >= beyond {
			yes, more := r.boundary.at(data[beyond:])
			if yes || more && r.buffer.err != nil {
				r.buffer.skip(beyond)
				r.lengthHeld()
				return
			}
			if !more {
				break
			}
		}
		looked = len(inside)
		if r.buffer.fill() != nil && len(r.buffer.data()) < beyond {
			break
		}
	}
	if beyond > 0 {
		r.lengthFailed("long", beyond)
	}
}

// enoughRight is how many lengths in a row must be right before they are relied on again.
const enoughRight = 10

func (r *Reader) lengthHeld() {
	if r.right++; r.right >= enoughRight {
		r.wrong = false
	}
}

func (r *Reader) lengthFailed(what string, bytes int) {
	r.wrong, r.right, r.unmarked = true, 0, false
	r.odd("length too "+what, fmt.Sprintf("parts state a Content-Length %d bytes too %s", bytes, what))
}

// findBody skips to the body of the next part and reads its head.
func (r *Reader) findBody() error {
	for skipped := 0; skipped <= jpeg.MaxSize; {
		line, err := r.line()
		if err != nil {
			return err
		}
		if line == nil {
			return nil // a JPEG begins here
		}
		skipped += len(line)
		r.buffer.skip(len(line))
		line = bytes.TrimRight(line, "\r\n \t\x00")
		seen, rest, opens := r.boundary.cut(line)
		switch {
		case opens:
			r.head, r.opening = head{opened: true}, bytes.Clone(seen)
			r.head.header(rest)
		case len(line) > 0:
			r.head.header(line)
		case strings.HasPrefix(r.head.kind, "multipart/"): // the head of the stream, written once more
			r.head = head{}
		case r.head.begun():
			return nil
		}
	}
	return errors.New("no boundary between pictures")
}

// line returns the next line with its end, or nil if a JPEG begins here. If a JPEG begins in the middle of the line, line returns
// the part before it.
func (r *Reader) line() ([]byte, error) {
	for {
		data := r.buffer.data()
		line := data
		end := bytes.IndexByte(data, '\n') + 1
		if end > 0 {
			line = data[:end]
		}
		if bytes.HasPrefix(line, startOfJPEG[:2]) {
			return nil, nil
		}
		switch start := bytes.Index(line, startOfJPEG); {
		case start > 0:
			return line[:start], nil
		case end > 0:
			return line, nil
		case len(line) > maxLine:
			return line[:len(line)-2], nil // the last bytes may belong to a JPEG's start
		}
		if err := r.buffer.fill(); err != nil {
			if len(line) > 0 {
				return line, nil
			}
			return nil, err
		}
	}
}

// body reads the body of a part. It is nil if the part is to be skipped.
func (r *Reader) body() ([]byte, error) {
	stated := r.head.length
	if r.head.stated != "" {
		r.odd("length no number", fmt.Sprintf("parts state the Content-Length %.40q", r.head.stated))
	}
	if err := r.buffer.need(2); err != nil && stated > 0 {
		return nil, r.cutOff(err)
	}
	if !bytes.HasPrefix(r.buffer.data(), startOfJPEG[:2]) {
		before, other, err := r.toPicture(stated)
		if other != nil || err != nil {
			return other, err
		}
		if before < 0 {
			return nil, nil
		}
		r.odd("bytes before", fmt.Sprintf("%d bytes precede the JPEG of a part", before))
		stated = max(0, stated-before)
	}
	empty := 0
	for r.buffer.need(4) == nil && bytes.HasPrefix(r.buffer.data(), []byte{0xFF, markSOI, 0xFF, markEOI}) {
		r.buffer.skip(4)
		empty += 4
		r.odd("empty", "JPEGs of four bytes, without a picture, are sent")
	}
	stated = max(0, stated-empty)
	if empty > 0 && !bytes.HasPrefix(r.buffer.data(), startOfJPEG[:2]) {
		return nil, nil // the camera says by itself that there is no picture
	}
	if len(r.opening) > 0 {
		r.boundary.seen = r.opening
	}
	return r.picture(stated)
}

// ErrCut is in the error of a stream that ends inside a part.
var ErrCut = errors.New("the stream ended inside a picture")

// cutOff is the error of a stream that ends inside a part. It does not wrap io.EOF, which means an orderly end.
func (r *Reader) cutOff(err error) error { return fmt.Errorf("%w: %v", ErrCut, err) }

// toPicture skips to the JPEG of a part that does not begin with one, and returns the number of bytes before it. If there is none,
// the number is -1, and other is the body unless the part is of another type.
func (r *Reader) toPicture(stated int) (before int, other []byte, err error) {
	if !r.head.mayBePicture() {
		r.odd("part of "+r.head.kind, fmt.Sprintf("parts of %.40q are between the pictures", r.head.kind))
		r.skipOther(stated)
		return -1, nil, nil
	}
	for looked := 0; ; {
		data := r.buffer.data()
		limit := len(data)
		from := max(0, looked-2)
		start := bytes.Index(data[from:], startOfJPEG)
		if start >= 0 {
			start += from
			limit = start
		}
		ended := r.boundary.index(data[:limit], looked)
		if ended < 0 && stated > 0 && stated <= limit {
			if yes, _ := r.boundary.at(data[stated:]); yes || r.buffer.err != nil {
				ended = stated
			}
		}
		switch {
		case ended == 0 && r.head == head{opened: true}: // two boundaries with an empty line between them
			return -1, nil, nil
		case ended >= 0 && len(bytes.TrimSpace(data[:ended])) == 0:
			r.odd("empty part", "parts are empty")
			r.buffer.skip(ended)
			return -1, nil, nil
		case ended >= 0:
			r.buffer.skip(ended)
			return -1, data[:ended:ended], nil
		case start >= 0:
			r.buffer.skip(start)
			return start, nil, nil
		case len(data) > jpeg.MaxSize:
			return 0, nil, fmt.Errorf("a part of more than %d bytes without a JPEG", jpeg.MaxSize)
		}
		looked = len(data)
		if err := r.buffer.fill(); err != nil {
			if stated > len(data) {
				return 0, nil, r.cutOff(err)
			}
			if len(data) == 0 {
				return 0, nil, err
			}
			r.buffer.skip(len(data))
			return -1, bytes.TrimRight(data, "\r\n"), nil
		}
	}
}

// skipOther skips a part that is no JPEG by its length, if a boundary follows there. Otherwise its lines are read like those between
// parts.
func (r *Reader) skipOther(stated int) {
	if stated == 0 || stated > maxOther || r.buffer.need(stated) != nil {
		return
	}
	yes, more := r.boundary.at(r.buffer.data()[stated:])
	for more && r.buffer.fill() == nil {
		yes, more = r.boundary.at(r.buffer.data()[stated:])
	}
	if yes {
		r.buffer.skip(stated)
	}
}
