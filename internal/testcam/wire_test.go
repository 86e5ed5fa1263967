package testcam

import (
	"bytes"
	"net"
	"testing"
)

// sink keeps what is written to it.
type sink struct {
	net.Conn
	written bytes.Buffer
}

func (s *sink) Write(b []byte) (int, error) { return s.written.Write(b) }

func TestWireChangesTheSSRCOfPacketsOnly(t *testing.T) {
	rtp := []byte("$\x00\x00\x10" + "\x80\x60\x00\x01TIMESSRCpayl")
	rtcp := []byte("$\x01\x00\x0c" + "\x80\xc8\x00\x02SSRCTIME")
	response := []byte("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
	for _, mask := range []uint32{0, 1} {
		for want, packet := range map[string][]byte{
			"$\x00\x00\x10" + "\x80\x60\x00\x01TIMESSRBpayl": rtp,
			"$\x01\x00\x0c" + "\x80\xc8\x00\x02SSRBTIME":     rtcp,
			string(response): response,
		} {
			to := &sink{}
			w := &wire{Conn: to}
			w.mask.Store(mask)
			before := string(packet)
			if n, err := w.Write(packet); n != len(packet) || err != nil {
				t.Error(n, err)
			}
			if mask == 0 {
				want = before
			}
			if got := to.written.String(); got != want || string(packet) != before {
				t.Errorf("%q became %q, want %q", packet, got, want)
			}
		}
	}
}
