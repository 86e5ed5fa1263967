package feed

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
)

// What a compressed answer may become. JPEGs cannot be compressed; what becomes much larger is made to take time and memory.
const (
	inflationFree = 1 << 20 // bytes
	inflationMost = 20      // times beyond these
)

var errInflation = errors.New("its answer is compressed more than a JPEG can be")

// inflate makes the body of an answer readable that a camera compresses without being asked.
func inflate(resp *http.Response) {
	switch strings.ToLower(resp.Header.Get("Content-Encoding")) {
	case "gzip", "x-gzip":
		resp.Body = &inflatedBody{sent: countedReader{ReadCloser: resp.Body}}
		resp.ContentLength = -1
	}
}

// inflatedBody is the content of a body by gzip. It belongs to the goroutine that reads.
type inflatedBody struct {
	sent countedReader
	made int64
	gzip *gzip.Reader // nil before the first Read
}

func (b *inflatedBody) Read(to []byte) (n int, err error) {
	if b.gzip == nil {
		if b.gzip, err = gzip.NewReader(&b.sent); err != nil {
			b.gzip = nil
			return 0, err
		}
	}
	n, err = b.gzip.Read(to)
	if b.made += int64(n); b.made > inflationFree+inflationMost*b.sent.count {
		return 0, errInflation
	}
	return n, err
}

func (b *inflatedBody) Close() error { return b.sent.Close() }

// countedReader counts the bytes that are read.
type countedReader struct {
	io.ReadCloser
	count int64
}

func (c *countedReader) Read(to []byte) (int, error) {
	n, err := c.ReadCloser.Read(to)
	c.count += int64(n)
	return n, err
}
