package rtsp

import (
	"slices"
	"strings"
	"testing"
)

// TestOddSessionsSayWhatIsOdd where that explains to a person what the camera does. The next report is a row.
func TestOddSessionsSayWhatIsOdd(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(*camera)
		transport Transport
		want      []string // part of each sentence
	}{
		"nothing odd":      {nil, TCP, nil},
		"nothing over UDP": {nil, Auto, []string{"nothing arrives over UDP"}},
		"TCP only":         {func(c *camera) { c.on["SETUP"] = tcpOnly }, Auto, []string{"it refuses UDP"}},
		"other channels": {func(c *camera) {
			c.on["SETUP"] = func(c *client, r request) {
				c.reply(r, "200 OK", "Session: 1", "Transport: RTP/AVP/TCP;unicast;interleaved=2-3")
			}
		}, TCP, []string{"the channels 2-3 instead of 0-1"}},
		"no channels": {func(c *camera) { c.on["SETUP"] = func(c *client, r request) { c.reply(r, "200 OK", "Session: 1") } }, TCP, nil},
		"another URL of SETUP": {func(c *camera) {
			c.on["SETUP"] = func(c *client, r request) {
				if strings.HasSuffix(r.url, "/live/track1") {
					c.reply(r, "404 Not Found")
					return
				}
				c.answer(r)
			}
		}, TCP, []string{"it answers SETUP at another URL"}},
		"another type than it describes": {func(c *camera) {
			c.play = func(c *client) {
				for n := range 120 {
					other := packet(n)
					other[1] = 98
					c.write(framed(0, other))
				}
				c.sendPackets(0, 10)
			}
		}, TCP, []string{"it sends packets of type 98, but describes type 96"}},
		"stray bytes": {func(c *camera) {
			c.play = func(c *client) {
				c.write("\r\n")
				c.sendPackets(0, 10)
			}
		}, TCP, []string{"belong to nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			camera := newCamera(t, c.change)
			r := start(t, Config{URL: camera.url(), Transport: c.transport})
			r.works(t, camera)
			if !slices.EqualFunc(r.odd, c.want, strings.Contains) {
				t.Errorf("odd: %q, want %q", r.odd, c.want)
			}
		})
	}
}

// tcpOnly refuses a SETUP over UDP.
func tcpOnly(c *client, r request) {
	if !strings.Contains(r.header.Get("Transport"), "TCP") {
		c.reply(r, "461 Unsupported Transport")
		return
	}
	c.answer(r)
}
