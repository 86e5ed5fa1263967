package rtsp

import (
	"net"
	"strings"
	"testing"
	"time"
)

// TestSessionIsKeptAlive at half of the time after which the camera ends it, whatever it answers.
func TestSessionIsKeptAlive(t *testing.T) {
	for name, c := range map[string]struct {
		public, method string
		answer         func(*client, request)
		transport      Transport
		late           bool // the timeout is stated with PLAY
	}{
		"GET_PARAMETER":           {"OPTIONS, GET_PARAMETER", "GET_PARAMETER", nil, TCP, false},
		"OPTIONS":                 {"OPTIONS", "OPTIONS", nil, TCP, false},
		"refused":                 {"GET_PARAMETER", "OPTIONS", status("405 Method Not Allowed"), TCP, false},
		"no answer":               {"GET_PARAMETER", "GET_PARAMETER", func(*client, request) {}, TCP, false},
		"an error":                {"GET_PARAMETER", "GET_PARAMETER", status("454 Session Not Found"), TCP, false},
		"over UDP":                {"GET_PARAMETER", "GET_PARAMETER", nil, UDP, false},
		"OPTIONS over UDP":        {"OPTIONS", "OPTIONS", nil, UDP, false},
		"a timeout of PLAY":       {"GET_PARAMETER", "GET_PARAMETER", nil, TCP, true},
		"one of PLAY, and by UDP": {"GET_PARAMETER", "GET_PARAMETER", nil, UDP, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			camera := newCamera(t, func(cam *camera) {
				cam.on["OPTIONS"] = func(cl *client, r request) { cl.reply(r, "200 OK", "Public: "+c.public) }
				timeout := func(with string) string {
					if (with == "PLAY") != c.late {
						return ""
					}
					return " ; timeout = 1"
				}
				cam.on["SETUP"] = func(cl *client, r request) {
					cl.udp = clientPorts(r)
					cl.reply(r, "200 OK", "Session: 1"+timeout("SETUP"), "Transport: "+r.header.Get("Transport"))
				}
				cam.on["PLAY"] = func(cl *client, r request) {
					cl.reply(r, "200 OK", "Session: 1"+timeout("PLAY"))
					cl.play(cl)
				}
				if c.transport == UDP {
					cam.play = func(cl *client) { cl.sendUDP("127.0.0.1", ten...) }
				}
				if c.answer != nil {
					cam.on["GET_PARAMETER"] = c.answer
				}
			})
			r := start(t, Config{URL: camera.url(), Transport: c.transport})
			r.take(t, 10)
			want := 2
			if c.method == "OPTIONS" {
				want++ // the first request
			}
			camera.until(c.method, want)
			select {
			case err := <-r.done:
				t.Error("the session ended: ", err)
			default:
			}
		})
	}
}

func TestSessionIsKeptAliveTwiceInItsTimeout(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{
		0: 30 * time.Second, time.Second: time.Second, 10 * time.Second: 5 * time.Second, 60 * time.Second: 30 * time.Second,
	} {
		if got := aliveEvery(timeout); got != want {
			t.Errorf("every %v for a timeout of %v, want %v", got, timeout, want)
		}
	}
}

// TestKeepaliveTakesTheNewNonce that a camera gives after a while.
func TestKeepaliveTakesTheNewNonce(t *testing.T) {
	c := newCamera(t, func(c *camera) {
		check := func(nonce string) func(*client, request) {
			return func(c *client, r request) {
				if !strings.Contains(r.header.Get("Authorization"), nonce) {
					c.reply(r, "401 Unauthorized", `WWW-Authenticate: Digest realm="cam", nonce="`+nonce+`"`)
					return
				}
				if r.method == "SETUP" {
					c.reply(r, "200 OK", "Session: 1;timeout=1", "Transport: "+r.header.Get("Transport"))
					return
				}
				c.answer(r)
			}
		}
		c.on["DESCRIBE"], c.on["SETUP"], c.on["PLAY"] = check("first"), check("first"), check("first")
		c.on["GET_PARAMETER"] = check("second")
	})
	start(t, Config{URL: c.url(), Username: "ann", Password: "secret"})
	c.until("GET_PARAMETER", 2)
	if again := c.requests("GET_PARAMETER")[1]; !strings.Contains(again.header.Get("Authorization"), "second") {
		t.Errorf("the second request has %v", again.header)
	}
}

// TestRefusedKeepaliveIsRepeatedAtOnce with the camera's new nonce: it may end the session before the next keepalive.
func TestRefusedKeepaliveIsRepeatedAtOnce(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	s := &session{
		config: Config{Username: "ann", Timeout: patience}, conn: ours,
		login: newLogin(Config{Username: "ann", Password: "secret"}),
	}
	s.login.accepted = true
	done := make(chan error, 1)
	refusal := &message{status: 401, header: header{"www-authenticate": {`Digest realm="cam", nonce="new"`}}}
	go func() { done <- s.handle(refusal, "rtsp://cam/live") }()
	theirs.SetDeadline(time.Now().Add(patience))
	text := make([]byte, 1000)
	n, err := theirs.Read(text)
	if err != nil || !strings.Contains(string(text[:n]), `nonce="new"`) || !strings.HasPrefix(string(text), "OPTIONS rtsp://cam/live ") {
		t.Errorf("%q, %v", text[:n], err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	s.renewed = time.Time{}
	if err := s.handle(refusal, "rtsp://cam/live"); err != nil { // a request would wait for theirs
		t.Errorf("refused again: %v", err)
	}
}
