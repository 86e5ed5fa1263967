package unit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// MaxJPEG is the largest size of a camera's JPEG in bytes: 8192x8192 at the best quality is smaller.
const MaxJPEG = 32 << 20

const (
	maxLine    = 4 << 10 // bytes of one header line
	maxHeaders = 64      // header lines of one part
)

// A PartReader reads the parts of a camera's multipart/x-mixed-replace body. Cameras differ: boundaries have the two dashes of
// RFC 2046 or not, lengths are missing, parts begin with an empty line. A PartReader accepts what browsers show, even if
// mime/multipart refuses it.
type PartReader struct {
	r        *bufio.Reader
	boundary []byte // with its dashes; empty if the camera names none
	part     bytes.Buffer
}

// NewPartReader returns a reader of a body. boundary separates the parts; it is empty if the camera names none.
func NewPartReader(body io.Reader, boundary string) *PartReader {
	p := &PartReader{r: bufio.NewReaderSize(body, 64<<10)}
	if boundary = strings.TrimLeft(boundary, "-"); boundary != "" {
		p.boundary = []byte("--" + boundary)
	}
	return p
}

// Next returns the body of the next part, valid until the next call, or io.EOF at the end of the stream.
func (p *PartReader) Next() ([]byte, error) {
	if err := p.skipToBoundary(); err != nil {
		return nil, err
	}
	length, err := p.headers()
	if err != nil {
		return nil, err
	}
	p.part.Reset()
	if length < 0 {
		return p.untilBoundary()
	}
	if length > MaxJPEG {
		return nil, fmt.Errorf("a part of %d bytes, more than the %d of a picture", length, MaxJPEG)
	}
	if _, err := io.CopyN(&p.part, p.r, int64(length)); err != nil {
		return nil, fmt.Errorf("the stream ended inside a picture: %v", err) // not io.EOF, which means an orderly end
	}
	return p.part.Bytes(), nil
}

// skipToBoundary reads up to and including the line that opens a part.
func (p *PartReader) skipToBoundary() error {
	for skipped := 0; skipped <= MaxJPEG; {
		line, err := p.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if p.isBoundary(line) {
			return nil
		}
		skipped += len(line)
	}
	return errors.New("no boundary between pictures")
}

// isBoundary reports whether a line opens a part. So does a closing boundary, which ends in two dashes: some cameras write it
// between parts, and the last one is followed by the end of the stream anyway.
func (p *PartReader) isBoundary(line []byte) bool {
	line = bytes.TrimRight(line, "\r\n \t")
	if len(p.boundary) == 0 {
		return len(line) > 2 && bytes.HasPrefix(line, []byte("--"))
	}
	name := p.boundary[2:]
	return bytes.Equal(bytes.Trim(line, "-"), bytes.Trim(name, "-"))
}

// headers reads the headers of a part and returns its length, -1 if the camera does not state it.
func (p *PartReader) headers() (length int, err error) {
	length = -1
	for range maxHeaders {
		line, err := p.r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) > maxLine {
			return 0, errors.New("a header line without end")
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return length, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if !strings.EqualFold(string(bytes.TrimSpace(name)), "content-length") {
			continue
		}
		n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		if err != nil || n < 0 {
			return 0, fmt.Errorf("content length %q", value)
		}
		length = n
	}
	return 0, errors.New("too many header lines")
}

// untilBoundary reads a part without a length, up to the line before the next boundary. It leaves the boundary unread.
func (p *PartReader) untilBoundary() ([]byte, error) {
	for p.part.Len() <= MaxJPEG {
		if p.atBoundary() {
			return bytes.TrimSuffix(bytes.TrimSuffix(p.part.Bytes(), []byte("\n")), []byte("\r")), nil
		}
		line, err := p.r.ReadSlice('\n')
		p.part.Write(line)
		if errors.Is(err, io.EOF) && p.part.Len() > 0 {
			return p.part.Bytes(), nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("a part of more than %d bytes", MaxJPEG)
}

// atBoundary reports whether the next line is a boundary, without reading it.
func (p *PartReader) atBoundary() bool {
	want := len(p.boundary)
	if want == 0 {
		want = len("--")
	}
	ahead, _ := p.r.Peek(want + len("--\r\n"))
	if i := bytes.IndexByte(ahead, '\n'); i >= 0 {
		return p.isBoundary(ahead[:i])
	}
	return len(p.boundary) == 0 && bytes.HasPrefix(ahead, []byte("--")) || len(p.boundary) > 0 && bytes.HasPrefix(ahead, p.boundary)
}
