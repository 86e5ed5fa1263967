package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// overRTSP are the ways to be hostile over RTSP.
var overRTSP = []*Kind{
	{"tiny units", func(c *client) { c.session(c.description(), (*client).tinyUnits) }},
	{"decoder bomb", func(c *client) { c.session(c.description(), (*client).decoderBomb) }},
	{"largest video", func(c *client) { c.session(c.description(), (*client).largestVideo) }},
	{"huge unit", func(c *client) { c.session(c.description(), (*client).hugeUnit) }},
	{"stray bytes", func(c *client) { c.session(c.description(), (*client).strayBytes) }},
	{"broken packets", func(c *client) { c.session(c.description(), (*client).brokenPackets) }},
	{"huge SDP", func(c *client) {
		c.answerTo("DESCRIBE", func(r request) {
			c.send("RTSP/1.0 200 OK\r\nCSeq: %s\r\nContent-Type: application/sdp\r\nContent-Length: 2000000000\r\n\r\nv=0\r\n", r.number)
			c.repeat(bytes.Repeat([]byte("a=x:"+strings.Repeat("y", 100)+"\r\n"), 1000))
		})
	}},
	{"many tracks", func(c *client) {
		c.session(c.description()+strings.Repeat("m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track\r\n", 500), (*client).strayBytes)
	}},
	{"head without end", func(c *client) {
		c.answerTo("OPTIONS", func(request) {
			c.send("RTSP/1.0 200 OK\r\n")
			c.repeat(bytes.Repeat([]byte("X-Header: a\r\n"), 1000))
		})
	}},
	{"status line without end", func(c *client) {
		c.answerTo("OPTIONS", func(request) { c.repeat(bytes.Repeat([]byte("RTSP/1.0 500 "), 1000)) })
	}},
	{"drip", func(c *client) { c.answerTo("OPTIONS", func(request) { c.drip("RTSP/1.0 200 OK\r\nX: y") }) }},
	{"redirect elsewhere", func(c *client) {
		c.answerTo("DESCRIBE", func(r request) {
			c.send("RTSP/1.0 302 Moved\r\nCSeq: %s\r\nLocation: rtsp://%s/%d\r\n\r\n", r.number, c.elsewhere, rand.IntN(1000))
		})
	}},
	{"redirect to itself", func(c *client) {
		c.answerTo("DESCRIBE", func(r request) {
			c.send("RTSP/1.0 302 Moved\r\nCSeq: %s\r\nLocation: %s/%d\r\n\r\n", r.number, c.URL("rtsp"), rand.IntN(1000))
		})
	}},
	{"noise", func(c *client) {
		noise := make([]byte, 1<<16)
		for i := range noise {
			noise[i] = byte(rand.Uint32())
		}
		c.repeat(noise)
	}},
}

// answerTo answers requests until one of a method, and calls answer with that.
func (c *client) answerTo(method string, answer func(request)) {
	for {
		r, err := c.read()
		if err != nil {
			return
		}
		if r.method == method {
			answer(r)
			return
		}
		if !c.answer(r, "") {
			return
		}
	}
}

// answer answers a request as the standard has it.
func (c *client) answer(r request, sdp string) bool {
	head := fmt.Sprintf("RTSP/1.0 200 OK\r\nCSeq: %s\r\n", r.number)
	switch r.method {
	case "OPTIONS":
		head += "Public: DESCRIBE, SETUP, PLAY\r\n"
	case "DESCRIBE":
		head += fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n", len(sdp))
		return c.send("%s\r\n%s", head, sdp)
	case "SETUP":
		head += "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
	default:
		head += "Session: 1\r\n"
	}
	return c.send("%s\r\n", head)
}

// session answers requests until PLAY, and then plays.
func (c *client) session(sdp string, play func(*client)) {
	for {
		r, err := c.read()
		if err != nil || !c.answer(r, sdp) {
			return
		}
		if r.method == "PLAY" {
			play(c)
			return
		}
	}
}

func (c *client) description() string {
	return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n" +
		"m=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track1\r\n"
}

// stream makes the packets of a stream, as they stand on the connection.
type stream struct{ number, time int }

// packet is one packet with a payload.
func (s *stream) packet(payload []byte, last bool) []byte {
	p := make([]byte, 16, 16+len(payload))
	p[0] = '$'
	binary.BigEndian.PutUint16(p[2:], uint16(12+len(payload)))
	p[4], p[5] = 0x80, 96
	if last {
		p[5] |= 0x80
	}
	binary.BigEndian.PutUint16(p[6:], uint16(s.number))
	binary.BigEndian.PutUint32(p[8:], uint32(s.time))
	p[15] = 1
	s.number++
	return append(p, payload...)
}

// unit is the packets of an access unit (RFC 6184).
func (s *stream) unit(nals [][]byte) (all []byte) {
	for i, nal := range nals {
		all = append(all, s.fragments(nal, i == len(nals)-1)...)
	}
	s.time += 9000
	return all
}

// fragments is the packets of a NAL unit.
func (s *stream) fragments(nal []byte, last bool) (all []byte) {
	const size = 1400
	if len(nal) <= size {
		return s.packet(nal, last)
	}
	const first, final = 0x80, 0x40
	mark := byte(first)
	for body := nal[1:]; len(body) > 0; mark = 0 {
		n := min(size, len(body))
		if n == len(body) {
			mark |= final
		}
		all = append(all, s.packet(append([]byte{nal[0]&0xE0 | 28, mark | nal[0]&0x1F}, body[:n]...), last && n == len(body))...)
		body = body[n:]
	}
	return all
}

// nals splits a unit that has start codes.
func nals(unit []byte) (all [][]byte) {
	for nal := range bytes.SplitSeq(unit, []byte{0, 0, 1}) {
		if nal = bytes.TrimRight(nal, "\x00"); len(nal) > 0 {
			all = append(all, nal)
		}
	}
	return all
}

// tinyUnits sends a few pictures, and then units of two bytes.
func (c *client) tinyUnits() {
	var s stream
	c.pictures(&s, 10, nil)
	for {
		var many []byte
		for range 5000 {
			many = append(many, s.packet([]byte{0x41, 0x80}, false)...)
			s.time += 9
		}
		if _, err := c.conn.Write(many); err != nil {
			return
		}
	}
}

// pictures sends n pictures, ten a second. change may replace each NAL unit.
func (c *client) pictures(s *stream, n int, change func([]byte) []byte) bool {
	for i := range n {
		list := nals(c.units[i%len(c.units)])
		for i := range list {
			if change != nil {
				list[i] = change(list[i])
			}
		}
		if _, err := c.conn.Write(s.unit(list)); err != nil {
			return false
		}
		time.Sleep(100 * time.Millisecond)
	}
	return true
}

// claiming replaces sequence parameter sets by one that claims a size and a number of references.
func claiming(width, height, references int) func([]byte) []byte {
	return func(nal []byte) []byte {
		if nal[0]&0x1F == 7 {
			return SequenceSet(width, height, references)
		}
		return nal
	}
}

// decoderBomb claims 64 megapixels.
func (c *client) decoderBomb() {
	for s := new(stream); c.pictures(s, 100, claiming(8176, 8176, 4)); {
	}
}

// largestVideo claims as much as framegate allows.
func (c *client) largestVideo() {
	for s := new(stream); c.pictures(s, 100, claiming(8192, 4320, 8)); {
	}
}

// hugeUnit sends a picture that does not end.
func (c *client) hugeUnit() {
	var s stream
	c.pictures(&s, 10, nil)
	fragment := append([]byte{0x60 | 28, 0x80 | 5}, bytes.Repeat([]byte{0x55}, 1398)...)
	for {
		if _, err := c.conn.Write(s.packet(fragment, false)); err != nil {
			return
		}
		fragment[1] = 5
	}
}

// strayBytes sends bytes between the packets that belong to nothing.
func (c *client) strayBytes() {
	for s := new(stream); c.pictures(s, 1, nil); {
		if !c.send("\x00\r\n$$%sRTSP/1.0 200 OK\r\n", strings.Repeat("x", rand.IntN(300))) {
			return
		}
	}
}

// brokenPackets sends pictures whose bytes are damaged, heads of packets included.
func (c *client) brokenPackets() {
	var s stream
	for i := 0; ; i++ {
		data := s.unit(nals(c.units[i%len(c.units)]))
		for range 3 {
			data[rand.IntN(len(data))] = byte(rand.Uint32())
		}
		if _, err := c.conn.Write(data); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
