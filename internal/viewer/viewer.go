// Package viewer watches MJPEG streams in tests and benchmarks. It accepts only the exact form in which framegate sends them;
// browsers tolerate much more.
package viewer

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Stream is a stream that is being watched. It belongs to one goroutine.
type Stream struct {
	Header http.Header
	body   io.ReadCloser
	r      *bufio.Reader
	jpeg   []byte
}

// Picture is one part of a stream.
type Picture struct {
	JPEG     []byte    // valid until the next picture
	Received time.Time // X-Timestamp
	Read     time.Time // when its last byte was read here
}

// client has no timeout, since a stream has no end.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}

// Refused is an answer other than 200.
type Refused struct {
	Status int
	Text   string // its body
}

func (e *Refused) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Status, http.StatusText(e.Status), e.Text)
}

// Open opens a stream. The error for an answer other than 200 is a Refused.
func Open(ctx context.Context, url string) (*Stream, error) {
	return OpenVia(ctx, client, url)
}

// OpenVia opens a stream with a client, which must neither request compression nor have a timeout.
func OpenVia(ctx context.Context, client *http.Client, url string) (*Stream, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return nil, &Refused{resp.StatusCode, strings.TrimSpace(string(text))}
	}
	s := &Stream{Header: resp.Header, body: resp.Body, r: bufio.NewReaderSize(resp.Body, 16<<10)}
	if err := s.expect("--frame"); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close closes the stream.
func (s *Stream) Close() { s.body.Close() }

// Next reads the next picture and the boundary after it.
func (s *Stream) Next() (Picture, error) {
	var p Picture
	if err := s.expect("Content-Type: image/jpeg"); err != nil {
		return p, err
	}
	length, err := s.field("Content-Length: ")
	if err != nil {
		return p, err
	}
	size, err := strconv.Atoi(length)
	if err != nil {
		return p, err
	}
	stamp, err := s.field("X-Timestamp: ")
	if err != nil {
		return p, err
	}
	if p.Received, err = parseTimestamp(stamp); err != nil {
		return p, err
	}
	if err := s.expect(""); err != nil {
		return p, err
	}
	if cap(s.jpeg) < size {
		s.jpeg = make([]byte, size*3/2)
	}
	p.JPEG = s.jpeg[:size]
	if _, err := io.ReadFull(s.r, p.JPEG); err != nil {
		return p, err
	}
	p.Read = time.Now()
	if err := s.expect(""); err != nil {
		return p, err
	}
	return p, s.expect("--frame")
}

func (s *Stream) line() (string, error) {
	line, err := s.r.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	text, ok := strings.CutSuffix(string(line), "\r\n")
	if !ok {
		return "", fmt.Errorf("line %q does not end in CR LF", line)
	}
	return text, nil
}

func (s *Stream) expect(want string) error {
	got, err := s.line()
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("got line %q, want %q", got, want)
	}
	return nil
}

func (s *Stream) field(name string) (string, error) {
	line, err := s.line()
	if err != nil {
		return "", err
	}
	value, ok := strings.CutPrefix(line, name)
	if !ok {
		return "", fmt.Errorf("got line %q, want %s", line, name)
	}
	return value, nil
}

// parseTimestamp reads seconds and microseconds since 1970.
func parseTimestamp(text string) (time.Time, error) {
	seconds, micros, ok := strings.Cut(text, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	us, errFraction := strconv.ParseInt(micros, 10, 64)
	if !ok || err != nil || errFraction != nil || len(micros) != 6 {
		return time.Time{}, fmt.Errorf("X-Timestamp %q", text)
	}
	return time.Unix(s, us*1000), nil
}
