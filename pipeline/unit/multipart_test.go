package unit

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

// readParts reads all parts.
func readParts(body io.Reader, boundary string) (parts []string, err error) {
	p := NewPartReader(body, boundary)
	for {
		part, err := p.Next()
		if err != nil {
			return parts, err
		}
		parts = append(parts, string(part))
	}
}

func TestMultipartVariantsOfCamerasAreRead(t *testing.T) {
	const picture = "\xFF\xD8one\r\n--two\nthree\xFF\xD9"
	for name, c := range map[string]struct{ boundary, body string }{
		"as RFC 2046 wants":        {"b", "--b\r\nContent-Type: image/jpeg\r\nContent-Length: LEN\r\n\r\nPIC\r\n--b\r\ncontent-length:LEN\r\n\r\nPIC\r\n--b--\r\n"},
		"boundary with its dashes": {"--b", "--b\r\nContent-Length: LEN\r\n\r\nPIC\r\n--b\r\nContent-Length: LEN\r\n\r\nPIC\r\n"},
		"dashes left out":          {"--b", "b\r\nContent-Length: LEN\r\n\r\nPIC\r\nb\r\nContent-Length: LEN\r\n\r\nPIC\r\n"},
		"no lengths":               {"b", "--b\r\nContent-Type: image/jpeg\r\n\r\nPIC\r\n--b\r\n\r\nPIC\r\n--b--\r\n"},
		"no lengths, line feeds":   {"b", "--b\nA: b\n\nPIC\n--b\n\nPIC\n--b--\n"},
		"no boundary named":        {"", "\r\n--x\r\nContent-Length: LEN\r\n\r\nPIC\r\n--x\r\nContent-Length: LEN\r\n\r\nPIC\r\n--x--\r\n"},
		"words before the first":   {"b", "hello\r\n\r\n--b\r\nContent-Length: LEN\r\n\r\nPIC\r\n\r\n--b\r\nContent-Length: LEN\r\n\r\nPIC"},
	} {
		body := strings.NewReplacer("LEN", strconv.Itoa(len(picture)), "PIC", picture).Replace(c.body)
		for _, reader := range []io.Reader{strings.NewReader(body), iotest.OneByteReader(strings.NewReader(body))} {
			parts, err := readParts(reader, c.boundary)
			if len(parts) < 2 || parts[0] != picture || parts[1] != picture || !errors.Is(err, io.EOF) {
				t.Errorf("%s: %q, %v", name, parts, err)
			}
		}
	}
}

func TestBadMultipartIsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"a length of letters":      "--b\r\nContent-Length: x\r\n\r\n",
		"a negative length":        "--b\r\nContent-Length: -1\r\n\r\n",
		"a length beyond measure":  "--b\r\nContent-Length: 99999999999\r\n\r\n",
		"a stream that breaks off": "--b\r\nContent-Length: 10\r\n\r\nabc",
		"headers without end":      "--b\r\n" + strings.Repeat("A: b\r\n", maxHeaders+1),
	} {
		if parts, err := readParts(strings.NewReader(body), "b"); err == nil || err == io.EOF || len(parts) > 0 {
			t.Errorf("%s: %q, %v", name, parts, err)
		}
	}
}

// FuzzParts: whatever a camera sends, there are parts or an error, within bounds of memory.
func FuzzParts(f *testing.F) {
	f.Add("b", []byte("--b\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\nabc\r\n--b\r\n\r\nxyz\r\n--b--\r\n"))
	f.Add("--b", []byte("--b\nContent-Length: 0\n\n\n--b\n\n"))
	f.Add("", []byte("--x\r\n\r\n\r\n--x--"))
	f.Add("b", []byte("--b\r\nContent-Length: 9999999999999999999\r\n\r\n"))
	f.Fuzz(func(t *testing.T, boundary string, body []byte) {
		p := NewPartReader(bytes.NewReader(body), boundary)
		total := 0
		for range len(body) + 2 {
			part, err := p.Next()
			if err != nil {
				return
			}
			if total += len(part); total > len(body) {
				t.Fatalf("%d bytes of parts in a body of %d", total, len(body))
			}
		}
		t.Fatal("a body of", len(body), "bytes has no end")
	})
}
