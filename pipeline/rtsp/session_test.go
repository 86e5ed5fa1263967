package rtsp

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestStreamIsReceivedAndTheSessionClosed(t *testing.T) {
	c := newCamera(t, nil)
	r := start(t, Config{URL: c.url()})
	r.works(t, c)
	if r.track.Encoding != "H264" || r.track.Payload != 96 || r.track.Clock != 90000 || r.track.Parameters["packetization-mode"] != "1" {
		t.Errorf("the track is %+v", r.track)
	}
	if len(r.odd) > 0 {
		t.Errorf("odd: %v", r.odd)
	}
	for _, method := range []string{"OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"} {
		if n := len(c.requests(method)); n != 1 {
			t.Errorf("%d %s", n, method)
		}
	}
	if got := c.requests("SETUP")[0].url; got != c.url().String()+"/track1" {
		t.Errorf("SETUP %s", got)
	}
}

// TestOddSessionsWork has what cameras do that the standard does not know. The next report is a row.
func TestOddSessionsWork(t *testing.T) {
	for name, change := range map[string]func(*camera){
		"a line of one space in an answer": func(c *camera) {
			c.on["PLAY"] = func(c *client, r request) {
				c.reply(r, "200 OK", "Session: 12345678", " ", "RTP-Info: url=x;seq=1")
				c.play(c)
			}
		},
		"a status without a reason, names in capitals": func(c *camera) {
			c.on["PLAY"] = func(c *client, r request) {
				c.write("RTSP/1.0 200\r\nCSEQ: " + r.header.Get("CSeq") + "\r\nSESSION:12345678\r\n\r\n")
				c.play(c)
			}
		},
		"lines that end with LF": func(c *camera) {
			c.on["OPTIONS"] = func(c *client, r request) { c.write("RTSP/1.0 200 OK\nCSeq: " + r.header.Get("CSeq") + "\n\n") }
		},
		"answers without a number": func(c *camera) {
			c.on["OPTIONS"] = func(c *client, r request) { c.write("RTSP/1.0 200 OK\r\n\r\n") }
		},
		"packets before the answer to PLAY": func(c *camera) {
			c.on["PLAY"] = func(c *client, r request) {
				c.sendPackets(0, 5)
				c.reply(r, "200 OK")
				c.sendPackets(5, 10)
			}
		},
		"OPTIONS is refused": func(c *camera) {
			c.on["OPTIONS"] = func(c *client, r request) { c.reply(r, "501 Not Implemented") }
		},
		"it closes the connection at OPTIONS": func(c *camera) {
			c.on["OPTIONS"] = func(c *client, r request) { c.conn.Close() }
		},
		"every answer has the number 1": func(c *camera) {
			for _, method := range []string{"OPTIONS", "DESCRIBE", "SETUP", "PLAY"} {
				c.on[method] = func(c *client, r request) {
					r.header.Set("CSeq", "1")
					c.answer(r)
				}
			}
		},
		"it resets the connection at OPTIONS": func(c *camera) {
			c.on["OPTIONS"] = func(c *client, r request) {
				c.conn.(*net.TCPConn).SetLinger(0)
				c.conn.Close()
			}
		},
		"the session has another URL than the first one tried": func(c *camera) {
			for _, method := range []string{"PLAY", "TEARDOWN"} {
				c.on[method] = func(c *client, r request) {
					if !strings.HasSuffix(r.url, "/track1") {
						c.reply(r, "404 Not Found")
						c.conn.Close()
						return
					}
					c.answer(r)
				}
			}
			c.on["PLAY"] = func(c *client, r request) {
				if !strings.HasSuffix(r.url, "/track1") {
					c.reply(r, "460 Only Aggregate Operation Allowed")
					return
				}
				c.answer(r)
			}
		},
		"no Transport in the answer": func(c *camera) {
			c.on["SETUP"] = func(c *client, r request) { c.reply(r, "200 OK", "Session: 1") }
		},
		"other channels than asked for": func(c *camera) {
			c.on["SETUP"] = func(c *client, r request) {
				c.reply(r, "200 OK", "Session: 1", "Transport: RTP/AVP/TCP;unicast;interleaved=4-5")
			}
			c.play = func(c *client) {
				for n := range 10 {
					c.write(framed(4, packet(n)))
				}
			}
		},
		"channels in the answer that are not used": func(c *camera) {
			c.on["SETUP"] = func(c *client, r request) {
				c.reply(r, "200 OK", "Session: 1", "Transport: RTP/AVP/TCP;unicast;interleaved=2-3")
			}
		},
		"no Range is known": func(c *camera) {
			c.on["PLAY"] = func(c *client, r request) {
				if r.header.Get("Range") != "" {
					c.reply(r, "457 Invalid Range")
					return
				}
				c.answer(r)
			}
		},
		"a request of the camera": func(c *camera) {
			c.play = func(c *client) {
				c.sendPackets(0, 5)
				c.write("OPTIONS rtsp://client RTSP/1.0\r\nCSeq: 7\r\n\r\n")
				c.sendPackets(5, 10)
			}
		},
		"packets of another type between": func(c *camera) {
			c.play = func(c *client) {
				for n := range 10 {
					other := packet(n - 1)
					other[1] = 50
					c.write(framed(0, other) + framed(0, packet(n)))
				}
			}
		},
		"sender reports on the channel of the packets": func(c *camera) {
			c.play = func(c *client) {
				for n := range 10 {
					c.write(framed(0, append([]byte{0x80, 200, 0, 6}, make([]byte, 24)...)) + framed(0, packet(n)))
				}
			}
		},
		"another SSRC with each packet": func(c *camera) {
			c.play = func(c *client) {
				for n := range 10 {
					p := packet(n)
					p[11] = byte(n)
					c.write(framed(0, p))
				}
			}
		},
		"padding, sources and a header extension": func(c *camera) {
			c.play = func(c *client) {
				for n := range 10 {
					p := packet(n)
					p[0] = 0x80 | 0x20 | 0x10 | 2
					head := string(p[:12]) + "\x00\x00\x00\x01\x00\x00\x00\x02" + "\xAB\xAC\x00\x01abcd"
					c.write(framed(0, []byte(head+"payload\x00\x00\x00\x04")))
				}
			}
		},
		"a long description": func(c *camera) { c.sdp += strings.Repeat("a=x-ignored:1\r\n", 7000) },
		"a redirect": func(c *camera) {
			c.on["DESCRIBE"] = func(c *client, r request) {
				if !strings.HasSuffix(r.url, "/real") {
					c.reply(r, "302 Found", "Location: rtsp://"+c.address+"/real")
					return
				}
				c.describe(r)
			}
		},
		"the session's control is the aggregate URL": func(c *camera) {
			c.sdp = strings.Replace(simpleSDP, "a=control:*", "a=control:rtsp://"+c.address+"/live/all", 1)
			c.on["PLAY"] = func(c *client, r request) {
				if !strings.HasSuffix(r.url, "/live/all") {
					c.reply(r, "404 Not Found")
					return
				}
				c.answer(r)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCamera(t, change)
			start(t, Config{URL: c.url()}).works(t, c)
		})
	}
}

// TestStrayBytesAreSkipped has what some cameras send between packets.
func TestStrayBytesAreSkipped(t *testing.T) {
	for name, junk := range map[string]string{
		"text":                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnop",
		"zeros":                      string(make([]byte, 64)),
		"a line end":                 "\r\n",
		"a dollar sign":              "abc$\x07\x00\x05hello-and-more",
		"the beginning of an answer": "RTSX/1.0",
		"of a request":               "OPTIONAL ",
		"an empty packet":            "$\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCamera(t, func(c *camera) {
				c.play = func(c *client) {
					for n := range 10 {
						c.write(junk + framed(0, packet(n)))
					}
				}
			})
			r := start(t, Config{URL: c.url()})
			r.works(t, c)
			if len(r.odd) != 1 || !strings.Contains(r.odd[0], "belong to nothing") {
				t.Errorf("odd: %v", r.odd)
			}
		})
	}
}

// TestControlURLsOfEveryForm has a camera that knows one URL of its stream only.
func TestControlURLsOfEveryForm(t *testing.T) {
	for name, c := range map[string]struct {
		path, control, base string // of the URL, of a=control, of Content-Base or another header
		right               string
	}{
		"relative, a base with a slash":  {"/live", "track1", "rtsp://HOST/live/", "/live/track1"},
		"relative, a base without":       {"/live", "track1", "rtsp://HOST/live", "/live/track1"},
		"relative, by the standard":      {"/live", "track1", "", "/track1"},
		"relative, no base":              {"/live", "track1", "", "/live/track1"},
		"relative, a query":              {"/live?channel=1", "trackID=1", "", "/live?channel=1/trackID=1"},
		"relative, before a query":       {"/live?channel=1", "trackID=1", "", "/live/trackID=1?channel=1"},
		"a path":                         {"/live", "/live/track1", "", "/live/track1"},
		"a path that is not of the host": {"/live", "/track1", "", "/live/track1"},
		"a query":                        {"/live", "?stream=video", "", "/live?stream=video"},
		"absolute":                       {"/live", "rtsp://HOST/else/track1", "", "/else/track1"},
		"absolute, another host":         {"/live", "rtsp://0.0.0.0/live/track1", "", "/live/track1"},
		"a star":                         {"/live", "*", "", "/live"},
		"none":                           {"/live", "", "", "/live"},
		"a base of another host":         {"/live", "track1", "rtsp://10.1.1.1/other/", "/other/track1"},
		"a base that is a path":          {"/live", "track1", "/other/", "/other/track1"},
		"another header has the base":    {"/live", "track1", "Content-Location: rtsp://HOST/other/", "/other/track1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			camera := newCamera(t, func(cam *camera) {
				in := func(text string) string { return strings.ReplaceAll(text, "HOST", cam.address) }
				cam.sdp = strings.Replace(simpleSDP, "a=control:track1", "a=control:"+in(c.control), 1)
				if c.control == "" {
					cam.sdp = strings.Replace(simpleSDP, "a=control:track1\r\n", "", 1)
				}
				cam.on["DESCRIBE"] = func(client *client, r request) {
					switch {
					case c.base == "":
						client.describe(r)
					case strings.Contains(c.base, ": "):
						client.describe(r, in(c.base))
					default:
						client.describe(r, "Content-Base: "+in(c.base))
					}
				}
				cam.on["SETUP"] = func(client *client, r request) {
					if u := strings.SplitN(r.url, "/", 4); "/"+u[3] != c.right {
						client.reply(r, "404 Not Found")
						return
					}
					client.answer(r)
				}
			})
			u := camera.url()
			u.Path, u.RawQuery, _ = strings.Cut(c.path, "?")
			start(t, Config{URL: u}).works(t, camera)
		})
	}
}

// TestRefusalsSayWhy has cameras that cannot be read.
func TestRefusalsSayWhy(t *testing.T) {
	audio := "v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:a\r\n"
	for name, c := range map[string]struct {
		change func(*camera)
		want   string
	}{
		"404":               {func(c *camera) { c.on["DESCRIBE"] = status("404 Not Found") }, "404 Not Found"},
		"503":               {func(c *camera) { c.on["DESCRIBE"] = status("503 Service Unavailable") }, "503 Service Unavailable"},
		"no such transport": {func(c *camera) { c.on["SETUP"] = status("461 Unsupported Transport") }, "461 Unsupported Transport to SETUP: set transport: udp"},
		"UDP only": {func(c *camera) {
			c.on["SETUP"] = func(c *client, r request) {
				c.reply(r, "200 OK", "Session: 1", "Transport: RTP/AVP;unicast;client_port=4000-4001")
			}
		}, "set transport: udp"},
		"sound only": {func(c *camera) { c.sdp = audio }, "audio only"},
		"nothing":    {func(c *camera) { c.sdp = "v=0\r\n" }, "no video"},
		"a web server": {func(c *camera) {
			c.on["OPTIONS"] = func(c *client, r request) { c.write("HTTP/1.1 400 Bad Request\r\n\r\n") }
		}, "HTTP, not RTSP"},
		"closes": {func(c *camera) { c.on["DESCRIBE"] = func(c *client, r request) { c.conn.Close() } }, "closed the connection"},
		"a body without end": {func(c *camera) {
			c.on["DESCRIBE"] = func(c *client, r request) { c.reply(r, "200 OK", "Content-Length: 2000000000") }
		}, "a body of 2000000000 bytes"},
		"a head without end": {func(c *camera) {
			c.on["OPTIONS"] = func(c *client, r request) { c.write("RTSP/1.0 200 OK\r\n" + strings.Repeat("x: y\r\n", 20000)) }
		}, "head is larger"},
		"a line without end": {func(c *camera) {
			c.on["OPTIONS"] = func(c *client, r request) { c.write("RTSP/1.0 200 OK\r\n" + strings.Repeat("x", 200000)) }
		}, "a line without end"},
		"long words": {func(c *camera) { c.on["DESCRIBE"] = status("500 " + strings.Repeat("\x1b[1m", 10000)) }, "500 ?[1m?[1m"},
		"redirects for ever": {func(c *camera) {
			c.on["DESCRIBE"] = func(c *client, r request) { c.reply(r, "301 Moved", "Location: "+r.url) }
		}, "more than 5 times"},
		"a redirect to the web": {func(c *camera) {
			c.on["DESCRIBE"] = func(c *client, r request) { c.reply(r, "301 Moved", "Location: http://x/") }
		}, `a URL of scheme "http"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			camera := newCamera(t, c.change)
			err := start(t, Config{URL: camera.url()}).end(t)
			if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 400 {
				t.Errorf("%.500v, want %q", err, c.want)
			}
		})
	}
}

func status(line string) func(*client, request) {
	return func(c *client, r request) { c.reply(r, line) }
}

// TestCameraThatReadsNothingCannotHoldUpTheEnd although it asks and asks.
func TestCameraThatReadsNothingCannotHoldUpTheEnd(t *testing.T) {
	playing := make(chan struct{})
	c := newCamera(t, func(c *camera) {
		c.on["PLAY"] = func(c *client, r request) {
			c.reply(r, "200 OK")
			close(playing)
			for {
				if _, err := io.WriteString(c.conn, strings.Repeat("OPTIONS rtsp://client RTSP/1.0\r\nCSeq: 7\r\n\r\n", 1000)); err != nil {
					return
				}
			}
		}
	})
	r := start(t, Config{URL: c.url(), Timeout: time.Hour})
	<-playing
	r.stop()
	if err := r.end(t); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestSessionThatDoesNotPlayIsTornDown so that the camera has it for the next client.
func TestSessionThatDoesNotPlayIsTornDown(t *testing.T) {
	for _, transport := range []Transport{TCP, UDP} {
		c := newCamera(t, func(c *camera) { c.on["PLAY"] = status("500 Internal Server Error") })
		start(t, Config{URL: c.url(), Transport: transport}).end(t)
		c.until("TEARDOWN", 1)
	}
}

// TestUnitThatMayBeCompleteIsFlushed if nothing follows it.
func TestUnitThatMayBeCompleteIsFlushed(t *testing.T) {
	c := newCamera(t, nil)
	r := &reading{}
	unsure := newCollector()
	unsure.unsure = true
	r = start(t, Config{URL: c.url(), Open: func(Track) (Receiver, error) { return unsure, nil }})
	select {
	case <-unsure.flushed:
	case err := <-r.done:
		t.Fatal(err)
	case <-time.After(patience):
		t.Fatal("the unit was not flushed")
	}
}

// TestWordsOfACameraAddNoHeader to the requests in which they come back: URL and session.
func TestWordsOfACameraAddNoHeader(t *testing.T) {
	s := &session{login: &login{}, id: "1\rX-Evil: 1"}
	text, _, err := s.request("SETUP", "rtsp://192.0.2.1/x\rX-Evil: 1\r", "Transport: RTP/AVP")
	if err != nil || strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\r") {
		t.Errorf("%q, %v", text, err)
	}
}
