package testcam

import (
	"bytes"
	"encoding/binary"
	"net"
	"sync/atomic"
)

// wire is a connection on which SSRCs can be changed: gortsplib sets them itself, and writes each packet with one call.
type wire struct {
	net.Conn
	mask    atomic.Uint32 // XORed with each SSRC
	packets atomic.Int64  // of RTP, written
}

// Write writes a response, or a packet after '$', its channel and its length in 2 bytes (RFC 2326, section 10.12).
func (w *wire) Write(packet []byte) (int, error) {
	if len(packet) > 1 && packet[0] == '$' && packet[1]%2 == 0 {
		defer w.packets.Add(1)
	}
	mask := w.mask.Load()
	if mask == 0 || len(packet) < 16 || packet[0] != '$' {
		return w.Conn.Write(packet)
	}
	ssrc := 4 + 8 // of RTP, on even channels (RFC 3550, section 5.1)
	if packet[1]%2 == 1 {
		ssrc = 4 + 4 // of RTCP, on odd ones (section 6.4.1)
	}
	changed := bytes.Clone(packet)
	binary.BigEndian.PutUint32(changed[ssrc:], binary.BigEndian.Uint32(changed[ssrc:])^mask)
	return w.Conn.Write(changed)
}

// wireListener accepts wires.
type wireListener struct{ net.Listener }

func (l wireListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &wire{Conn: conn}, nil
}
