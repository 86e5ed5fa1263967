package rtsp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/framegate/framegate/pipeline/frame"
)

// Limits of what a camera may send. A description of 100 KB has been seen in the field, with the video first.
const (
	maxHead = 64 << 10  // bytes of a message before its body
	maxBody = 256 << 10 // bytes of a body
	maxRead = 64 << 10  // bytes of a body that are read; the others are skipped
)

// message is a response of the camera, or a request that it makes.
type message struct {
	status int    // of a response; 0 for a request
	reason string // of a response: the words after the status
	method string // of a request
	header header
	body   []byte
}

// header has the values of each name, which is in lower case.
type header map[string][]string

// get returns the first value of a name, empty if there is none.
func (h header) get(name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// line reads a line without its end, which may be CR LF or LF.
func line(r *bufio.Reader) ([]byte, error) {
	text, err := r.ReadSlice('\n')
	if err != nil {
		if errors.Is(err, bufio.ErrBufferFull) {
			err = errors.New("sends a line without end")
		}
		return nil, err
	}
	return bytes.TrimRight(text, "\r\n"), nil
}

// readMessage reads a message whose first line begins at the next byte. It accepts what cameras send: a status without a reason,
// names in capitals, lines without a name.
func readMessage(r *bufio.Reader) (*message, error) {
	first, err := line(r)
	if err != nil {
		return nil, err
	}
	m := &message{header: header{}}
	words := strings.SplitN(string(first), " ", 3)
	if version, ok := strings.CutPrefix(words[0], "RTSP/"); ok {
		if len(words) < 2 {
			return nil, fmt.Errorf("sends a response without a status, of version %s", frame.Words(version))
		}
		if m.status, err = strconv.Atoi(words[1]); err != nil || m.status < 100 || m.status > 999 {
			return nil, fmt.Errorf("sends the status %q", frame.Words(words[1]))
		}
		if len(words) > 2 {
			m.reason = frame.Words(words[2])
		}
	} else {
		m.method = words[0]
	}
	for read := len(first); ; {
		text, err := line(r)
		if err != nil {
			return nil, err
		}
		if read += len(text) + 2; read > maxHead {
			return nil, fmt.Errorf("sends a message whose head is larger than %d KB", maxHead>>10)
		}
		if len(text) == 0 {
			break
		}
		if name, value, ok := strings.Cut(string(text), ":"); ok {
			name = strings.ToLower(strings.TrimSpace(name))
			m.header[name] = append(m.header[name], strings.TrimSpace(value))
		}
	}
	length, err := strconv.Atoi(m.header.get("content-length"))
	switch {
	case err != nil || length <= 0:
		return m, nil
	case length > maxBody:
		return nil, fmt.Errorf("sends a body of %d bytes, more than %d KB", length, maxBody>>10)
	}
	m.body = make([]byte, min(length, maxRead))
	if _, err = io.ReadFull(r, m.body); err == nil {
		_, err = r.Discard(length - len(m.body))
	}
	return m, err
}
