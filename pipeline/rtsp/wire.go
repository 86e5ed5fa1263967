package rtsp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// bufferSize is the size of the receive buffer of a connection in bytes. The buffer holds the largest packet between messages, of
// 64 KB, so that packets are passed on without a copy.
const bufferSize = 128 << 10

// errHTTP says that a web server answers.
var errHTTP = errors.New("answers with HTTP, not RTSP: is it the port of the camera's web page?")

// wire reads messages and packets from a connection. It belongs to one goroutine.
type wire struct {
	*bufio.Reader
	stray int // bytes that were neither
}

func newWire(conn io.Reader) *wire { return &wire{Reader: bufio.NewReaderSize(conn, bufferSize)} }

// next returns the next message, or the next packet, which is valid until the next call. Bytes between them that are neither
// are skipped and counted: some cameras send them.
func (w *wire) next() (*message, []byte, error) {
	for {
		ahead, err := w.Peek(1)
		if err != nil {
			return nil, nil, err
		}
		switch c := ahead[0]; {
		case c == '$':
			packet, err := w.packet()
			if packet != nil || err != nil {
				return nil, packet, err
			}
		case c >= 'A' && c <= 'Z':
			is, err := w.atMessage()
			if err != nil {
				return nil, nil, err
			}
			if is {
				m, err := readMessage(w.Reader)
				return m, nil, err
			}
		}
		w.stray++
		w.Discard(1)
	}
}

// interleavedHead is the length of what precedes a packet: a dollar sign, the channel, and the length in two bytes (RFC 2326,
// section 10.12).
const interleavedHead = 4

// packet returns the packet that begins at the next byte, or nil if none does. RTP and RTCP both begin with their version,
// 2, in two bits (RFC 3550, section 5.1). The channel is ignored, because some cameras use others than they announce.
func (w *wire) packet() ([]byte, error) {
	head, err := w.Peek(interleavedHead)
	if err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint16(head[2:]))
	if length == 0 {
		return nil, nil
	}
	if head, err = w.Peek(interleavedHead + 1); err != nil || head[interleavedHead]>>6 != 2 {
		return nil, err
	}
	whole, err := w.Peek(interleavedHead + length)
	if err != nil {
		return nil, err
	}
	w.Discard(len(whole))
	return whole[interleavedHead:], nil
}

// requests are the methods that a camera may send (RFC 2326, section 10), each with the space after it.
var requests = [][]byte{
	[]byte("OPTIONS "), []byte("ANNOUNCE "), []byte("SET_PARAMETER "), []byte("GET_PARAMETER "), []byte("REDIRECT "), []byte("TEARDOWN "),
}

// atMessage reports whether a message begins at the next byte.
func (w *wire) atMessage() (bool, error) {
	longest := len("SET_PARAMETER ")
	for n := 2; n <= longest; n++ {
		ahead, err := w.Peek(n)
		if err != nil {
			return false, err
		}
		if bytes.Equal(ahead, []byte("HTTP/")) {
			return false, errHTTP
		}
		if bytes.Equal(ahead, []byte("RTSP/")) {
			return true, nil
		}
		possible := bytes.HasPrefix([]byte("HTTP/"), ahead) || bytes.HasPrefix([]byte("RTSP/"), ahead)
		for _, method := range requests {
			if bytes.Equal(ahead, method) {
				return true, nil
			}
			possible = possible || bytes.HasPrefix(method, ahead)
		}
		if !possible {
			break
		}
	}
	return false, nil
}
