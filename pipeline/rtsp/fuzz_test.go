package rtsp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/framegate/framegate/pipeline/depay"
	"github.com/framegate/framegate/pipeline/redirect"
	"github.com/framegate/framegate/pipeline/unit"

	"github.com/pion/rtp"
)

// scriptedCamera is a connection to a camera whose answers are made of bytes. It belongs to the goroutine that reads, but for Write.
type scriptedCamera struct {
	net.Conn
	answers []byte // one for each request: how it is answered
	sdp     []byte
	media   []byte // what follows PLAY
	number  int    // of the packets
	out     bytes.Buffer
	limited bool // reading has a deadline, which passes when there is nothing to read
}

func (c *scriptedCamera) SetDeadline(time.Time) error      { return nil }
func (c *scriptedCamera) SetWriteDeadline(time.Time) error { return nil }
func (c *scriptedCamera) Close() error                     { return nil }

func (c *scriptedCamera) SetReadDeadline(at time.Time) error {
	c.limited = !at.IsZero()
	return nil
}

func (c *scriptedCamera) Read(p []byte) (int, error) {
	if c.limited && c.out.Len() == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	return c.out.Read(p)
}

// Ways to answer that differ from the standard, beside a head of the script's own bytes.
var oddAnswers = []string{
	"RTSP/1.0 401 Unauthorized\r\nCSeq: %d\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n\r\n",
	"RTSP/1.0 401 Unauthorized\r\nCSeq: %d\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n",
	"RTSP/1.0 302 Moved\r\nCSeq: %d\r\nLocation: rtsp://127.0.0.1/other\r\n\r\n",
	"RTSP/1.0 404 Not Found\r\nCSeq: %d\r\n\r\n", "RTSP/1.0 461 Unsupported\r\nCSeq: %d\r\n\r\n", "RTSP/1.0 200 OK\r\nCSeq: 999%d\r\n\r\n",
	"GET_PARAMETER * RTSP/1.0\r\nCSeq: %d\r\n\r\n", "RTSP/1.0 100 Trying\r\nCSeq: %d\r\n\r\n", "HTTP/1.1 200 OK\r\nX: %d\r\n\r\n", "junk%d",
}

// Write takes a request, and answers it.
func (c *scriptedCamera) Write(request []byte) (int, error) {
	method, _, _ := strings.Cut(string(request), " ")
	_, after, _ := strings.Cut(string(request), "CSeq: ")
	number := 0
	fmt.Sscanf(after, "%d", &number)
	how := byte(255)
	if len(c.answers) > 0 {
		how, c.answers = c.answers[0], c.answers[1:]
	}
	if len(request) == 0 || request[0] == '$' {
		return len(request), nil
	}
	switch {
	case how < byte(len(oddAnswers)):
		fmt.Fprintf(&c.out, oddAnswers[how], number)
	case how < 32: // a head and a body of its own
		n := min(len(c.sdp), int(how))
		fmt.Fprintf(&c.out, "RTSP/1.0 200 OK\r\nCSeq: %d\r\n%s\r\nContent-Length: %d\r\n\r\n%s", number, c.sdp[:n], int(how), c.sdp)
	default:
		c.answer(method, number)
	}
	return len(request), nil
}

// answer answers as the standard has it.
func (c *scriptedCamera) answer(method string, number int) {
	head := fmt.Sprintf("RTSP/1.0 200 OK\r\nCSeq: %d\r\n", number)
	switch method {
	case "DESCRIBE":
		fmt.Fprintf(&c.out, "%sContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", head, len(c.sdp), c.sdp)
	case "SETUP":
		fmt.Fprintf(&c.out, "%sSession: 1;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n", head)
	case "PLAY":
		fmt.Fprintf(&c.out, "%sSession: 1\r\n\r\n", head)
		c.play()
	default:
		fmt.Fprintf(&c.out, "%s\r\n", head)
	}
}

// play sends the media: a kind and a length, and so many bytes.
func (c *scriptedCamera) play() {
	for len(c.media) >= 2 {
		kind, n := c.media[0], min(int(c.media[1]), len(c.media)-2)
		payload := c.media[2 : 2+n]
		c.media = c.media[2+n:]
		switch {
		case kind < 8: // as it is
			c.out.Write(payload)
		case kind < 16: // packets are missing
			c.number += int(kind)
		case kind < 24: // a report
			c.out.WriteString(framed(1, append([]byte{0x80, 200 + kind%8, 0, byte(n / 4)}, payload...)))
		default:
			p := rtp.Packet{
				Header: rtp.Header{
					Version: 2, PayloadType: 96, SequenceNumber: uint16(c.number), Timestamp: uint32(c.number/2) * 3600, SSRC: 1 + uint32(kind>>7)*uint32(kind&1),
					Marker: kind&2 != 0,
				},
				Payload: payload,
			}
			c.number++
			data, err := p.Marshal()
			if err == nil {
				c.out.WriteString(framed(0, data))
			}
		}
	}
}

// FuzzCamera reads a camera, from its description to the units of its packets.
func FuzzCamera(f *testing.F) {
	media := []byte{24, 4, 0x67, 0x42, 0, 30, 26, 3, 0x65, 0x88, 0x80, 24, 4, 28, 0x85, 1, 2, 24, 4, 28, 5, 1, 2, 26, 4, 28, 0x45, 1, 2, 12, 0, 20, 24}
	for _, encoding := range []string{"H264", "H265", "JPEG", "VP8", "VP9", "AV1", "MP4V-ES"} {
		f.Add([]byte(strings.Replace(simpleSDP, "H264", encoding, 1)), []byte{}, media)
	}
	f.Add([]byte(simpleSDP), []byte{255, 0, 255, 255, 6, 255}, media)
	f.Add([]byte(simpleSDP), []byte{7, 5, 20, 31}, media)
	f.Fuzz(func(t *testing.T, sdp, answers, media []byte) {
		u := &url.URL{Scheme: "rtsp", Host: "127.0.0.1", Path: "/live"}
		c := Config{
			URL: u, Username: "admin", Password: "hunter2", Timeout: time.Minute, Knows: depay.Knows,
			DefaultPort: func(string) string { return "554" },
			Wait:        func(context.Context, bool) {}, Alive: func(time.Time) {},
			Odd: func(text string) { checkWords(t, text) },
		}
		c.Open = func(track Track) (Receiver, error) {
			if !depay.Knows(track.Encoding) {
				return nil, io.EOF
			}
			return depay.New(depay.Media(track), depay.Sink{
				Unit: func(u depay.Unit) {
					if len(u.Data) == 0 || len(u.Data) > unit.BufferLimit || u.Format == nil {
						t.Errorf("a unit of %d bytes, %v", len(u.Data), u.Format)
					}
				},
				Undescribed: func(time.Duration, time.Time) {}, Broken: func() {}, TooLarge: func(int) {}, Sizeless: func() {},
				Odd: func(text string) { checkWords(t, text) },
			}), nil
		}
		conn := &scriptedCamera{answers: answers, sdp: sdp, media: media}
		s := &session{
			config: c, url: u, guard: redirect.New("127.0.0.1:554", "rtsp", "rtsps"), odd: map[string]bool{},
			login: newLogin(c), conn: conn, wire: newWire(conn),
		}
		err := s.stream(t.Context(), TCP)
		if err == nil {
			t.Fatal("it ends without an error")
		}
		if strings.Contains(err.Error(), c.Password) {
			t.Errorf("the error names the password: %v", err)
		}
	})
}

// checkWords checks a sentence that people see.
func checkWords(t *testing.T, text string) {
	if len(text) > 2000 || strings.ContainsFunc(text, unicode.IsControl) {
		t.Errorf("%d bytes: %.100q", len(text), text)
	}
}
