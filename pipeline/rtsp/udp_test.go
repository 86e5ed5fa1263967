package rtsp

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// sendUDP sends packets to a client from a port of an address.
func (c *client) sendUDP(from string, numbers ...int) {
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(from)})
	if err != nil {
		c.t.Error(err)
		return
	}
	defer socket.Close()
	for _, n := range numbers {
		socket.WriteToUDP(packet(n), &net.UDPAddr{IP: c.conn.RemoteAddr().(*net.TCPAddr).IP, Port: c.udp[0]})
	}
}

var ten = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}

// TestOddUDPWorks whatever the camera says of its ports, and wherever its packets come from, as long as that is the camera.
func TestOddUDPWorks(t *testing.T) {
	for name, c := range map[string]struct{ named, from string }{
		"by the standard":          {";server_port=6970-6971", "127.0.0.1"},
		"no port":                  {"", "127.0.0.1"},
		"port 0":                   {";server_port=0-0", "127.0.0.1"},
		"one port":                 {";server_port=5000", "127.0.0.1"},
		"a source that is not one": {";source=127.0.0.9", "127.0.0.1"},
		"no source":                {";source=0.0.0.0", "127.0.0.1"},
		"a name as the source":     {";source=camera", "127.0.0.1"},
		"a destination":            {";destination=10.0.0.9", "127.0.0.1"},
		"nonsense":                 {";server_port=x-y;;=;ttl", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			camera := newCamera(t, func(cam *camera) {
				cam.play = func(cl *client) { cl.sendUDP(c.from, ten...) }
				cam.on["SETUP"] = setupUDP(c.named)
			})
			start(t, Config{URL: camera.url(), Transport: UDP}).works(t, camera)
		})
	}
}

// TestNewSSRCOverUDPLosesNothing although the numbers begin anew with it, as with some cameras at each keyframe.
func TestNewSSRCOverUDPLosesNothing(t *testing.T) {
	camera := newCamera(t, func(c *camera) {
		c.play = func(c *client) {
			socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP("127.0.0.1")})
			if err != nil {
				c.t.Error(err)
				return
			}
			defer socket.Close()
			for n := range 10 {
				p := packet(n%2 + 30000*(n/2))
				p[11] = byte(n / 2)
				socket.WriteToUDP(p, &net.UDPAddr{IP: net.ParseIP("127.0.0.1"), Port: c.udp[0]})
			}
		}
	})
	want := []int{0, 1, 30000, 30001, 60000, 60001, 90000 & 0xFFFF, 90001 & 0xFFFF, 120000 & 0xFFFF, 120001 & 0xFFFF}
	if got := start(t, Config{URL: camera.url(), Transport: UDP}).take(t, 10); !slices.Equal(got, want) {
		t.Errorf("packets %v, want %v", got, want)
	}
}

func TestCameraIsReadOverIPv6(t *testing.T) {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("SKIPPED: this machine has no IPv6: %v", err)
	}
	listener.Close()
	for name, transport := range map[string]Transport{"TCP": TCP, "UDP": UDP} {
		t.Run(name, func(t *testing.T) {
			camera := newCameraOn(t, "[::1]:0", func(cam *camera) {
				if transport == UDP {
					cam.play = func(cl *client) { cl.sendUDP("::1", ten...) }
					cam.on["SETUP"] = setupUDP("")
				}
			})
			start(t, Config{URL: camera.url(), Transport: transport}).works(t, camera)
		})
	}
}

// setupUDP answers SETUP with something behind the client's ports.
func setupUDP(named string) func(*client, request) {
	return func(c *client, r request) {
		c.udp = clientPorts(r)
		c.reply(r, "200 OK", "Session: 1", "Transport: "+r.header.Get("Transport")+named)
	}
}

// TestPacketsOfOthersAreIgnored over UDP, where anybody can send, even if the camera names their sender as the source.
func TestPacketsOfOthersAreIgnored(t *testing.T) {
	camera := newCamera(t, func(c *camera) {
		c.on["SETUP"] = setupUDP(";source=127.0.0.8")
		c.play = func(c *client) {
			c.sendUDP("127.0.0.8", 100, 101, 102)
			c.sendUDP("127.0.0.1", ten...)
		}
	})
	start(t, Config{URL: camera.url(), Transport: UDP}).works(t, camera)
}

// TestAutoFallsBackToTCP if the camera has no UDP, or nothing arrives.
func TestAutoFallsBackToTCP(t *testing.T) {
	for name, answer := range map[string]func(c *client, r request){
		"461": status("461 Unsupported Transport"),
		"it answers with TCP": func(c *client, r request) {
			c.reply(r, "200 OK", "Session: 1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
		},
		"nothing arrives": func(c *client, r request) { c.answer(r) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			camera := newCamera(t, func(cam *camera) {
				cam.on["SETUP"] = func(c *client, r request) {
					if strings.Contains(r.header.Get("Transport"), "TCP") {
						c.reply(r, "200 OK", "Session: 1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
						return
					}
					answer(c, r)
				}
				cam.play = func(c *client) {
					if c.udp[0] == 0 {
						c.sendPackets(0, 10)
					}
				}
			})
			start(t, Config{URL: camera.url(), Transport: Auto}).works(t, camera)
		})
	}
}

// TestReceiverReportsSayWhatIsMissing by the arithmetic of RFC 3550, appendix A.3.
func TestReceiverReportsSayWhatIsMissing(t *testing.T) {
	f := &flow{receiver: newCollector(), payload: 96, clock: 90000}
	now := time.Now()
	if f.report(now) != nil {
		t.Error("a report before the first packet")
	}
	for n := 65530; n < 65550; n++ {
		if n%5 != 0 {
			f.take(packet(n), now)
		}
	}
	sender, err := rtcp.Marshal([]rtcp.Packet{&rtcp.SenderReport{SSRC: 1, NTPTime: 0x1122334455667788}})
	if err != nil {
		t.Fatal(err)
	}
	f.take(sender, now)
	packets, err := rtcp.Unmarshal(f.report(now.Add(2 * time.Second)))
	if err != nil {
		t.Fatal(err)
	}
	r := packets[0].(*rtcp.ReceiverReport).Reports[0]
	// 65531 to 65549 are expected; 65535, 65540 and 65545 are missing.
	if r.LastSequenceNumber != 65549 || r.TotalLost != 3 || r.FractionLost != 256*3/19 || r.SSRC != 1 {
		t.Errorf("%+v", r)
	}
	if r.LastSenderReport != 0x33445566 || r.Delay != 2*65536 {
		t.Errorf("the sender report: %x, %d", r.LastSenderReport, r.Delay)
	}
	packets, _ = rtcp.Unmarshal(f.report(now))
	if r := packets[0].(*rtcp.ReceiverReport).Reports[0]; r.FractionLost != 0 || r.TotalLost != 3 {
		t.Errorf("the next report: %+v", r)
	}
}

// TestReordering gives packets in any order, and wants them in that of their numbers. What is above 16 bits is their SSRC.
func TestReordering(t *testing.T) {
	const a, b = 1 << 16, 2 << 16
	received := func(got *[]int) reorder {
		return reorder{deliver: func(p *rtp.Packet, _ time.Time) { *got = append(*got, int(p.SSRC)<<16|int(p.SequenceNumber)) }}
	}
	numbered := func(n int) *rtp.Packet {
		return &rtp.Packet{Header: rtp.Header{SSRC: uint32(n >> 16), SequenceNumber: uint16(n)}}
	}
	for name, c := range map[string]struct{ arrive, want []int }{
		"in order":                 {[]int{7, 8, 9}, []int{7, 8, 9}},
		"two exchanged":            {[]int{1, 3, 2, 4}, []int{1, 2, 3, 4}},
		"a duplicate":              {[]int{1, 2, 2, 1, 3}, []int{1, 2, 3}},
		"across the overflow":      {[]int{65534, 0, 65535, 1}, []int{65534, 65535, 0, 1}},
		"a strange number between": {[]int{1, 20000, 2, 3}, []int{1, 2, 3}},
		"it begins to count anew":  {[]int{20000, 1, 2, 3}, []int{20000, 1, 2, 3}},
		"anew, and some wait":      {[]int{20000, 20002, 1, 2}, []int{20000, 20002, 1, 2}},
		"one late, one missing":    {[]int{1, 4, 3, 5}, []int{1}},

		"another SSRC":                      {[]int{a + 7, a + 8, b + 50000, b + 50001}, []int{a + 7, a + 8, b + 50000, b + 50001}},
		"another SSRC, near numbers":        {[]int{a + 7, a + 8, b + 3, b + 4}, []int{a + 7, a + 8, b + 3, b + 4}},
		"another SSRC, the numbers go on":   {[]int{a + 7, a + 8, b + 9, b + 10}, []int{a + 7, a + 8, b + 9, b + 10}},
		"another SSRC with each packet":     {[]int{a + 7, b + 8, a + 9, b + 10}, []int{a + 7, b + 8, a + 9, b + 10}},
		"another SSRC while some wait":      {[]int{a + 7, a + 9, b + 3, b + 4}, []int{a + 7, a + 9, b + 3, b + 4}},
		"another SSRC, a late one before":   {[]int{a + 7, b + 300, a + 8, b + 301}, []int{a + 7, b + 300, b + 301}},
		"another SSRC, two exchanged after": {[]int{a + 7, b + 300, b + 302, b + 301}, []int{a + 7, b + 300, b + 301, b + 302}},
	} {
		got := []int{}
		o := received(&got)
		now := time.Now()
		for _, n := range c.arrive {
			o.take(numbered(n), now)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		o.expire(now.Add(reorderTime)) // what is missing is given up
		if len(o.waiting) > 0 {
			t.Errorf("%s: %d packets wait", name, len(o.waiting))
		}
	}
	got := []int{}
	o := received(&got)
	take := func(n int, at time.Time) { o.take(numbered(n), at) }
	now := time.Now()
	take(1, now)
	take(3, now)
	take(4, now.Add(reorderTime))
	if want := []int{1, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("after the time of a missing packet: %v, want %v", got, want)
	}
	got = nil
	for n := range reorderLimit + 2 {
		take(1000+n, now.Add(reorderTime))
	}
	if len(got) < reorderLimit {
		t.Errorf("%d packets passed after a jump", len(got))
	}
	got = nil
	for n := range 60 { // the camera begins to count anew
		take(n, now.Add(2*reorderTime))
	}
	if len(got) != 60 || got[0] != 0 {
		t.Errorf("after a new beginning: %v", got)
	}
	got = nil
	take(b+100, now)
	take(100, now.Add(reorderTime)) // and back again
	if want := []int{b + 100, 100}; !slices.Equal(got, want) {
		t.Errorf("of two SSRCs in turn: %v, want %v", got, want)
	}
}
