package rtsp

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/challenge"
)

// TestPasswordsGoWhereTheyBelong counts what a camera gets of a password.
func TestPasswordsGoWhereTheyBelong(t *testing.T) {
	const digest = `WWW-Authenticate: Digest realm="cam", nonce="n1", qop="auth"`
	locked := func(challenges ...string) func(*camera) {
		return func(c *camera) {
			c.on["DESCRIBE"] = func(c *client, r request) {
				if r.header.Get("Authorization") == "" {
					c.reply(r, "401 Unauthorized", challenges...)
					return
				}
				c.answer(r)
			}
		}
	}
	for name, c := range map[string]struct {
		change func(*camera)
		scheme string // of the answer that is accepted; empty if none is given
		want   string // of the error
	}{
		"digest":           {locked(digest), "Digest ", ""},
		"digest and basic": {locked(`WWW-Authenticate: Basic realm="cam"`, digest), "Digest ", ""},
		"MD5-sess":         {locked(digest + `, algorithm="MD5-sess"`), "Digest ", ""},
		"SHA-256":          {locked(digest + `, algorithm=SHA-256`), "Digest ", ""},
		"basic":            {locked(`WWW-Authenticate: Basic realm="cam"`), "Basic ", ""},
		"unknown":          {locked(`WWW-Authenticate: Digest realm="cam", nonce="n", algorithm="X"`, "WWW-Authenticate: Basic"), "", "Digest with X or Basic"},
		"no challenge":     {locked(), "", "does not say how"},
		"it closes the connection after a challenge": {func(c *camera) {
			c.on["DESCRIBE"] = func(c *client, r request) {
				if r.header.Get("Authorization") == "" {
					c.reply(r, "401 Unauthorized", digest)
					c.conn.Close()
					return
				}
				c.answer(r)
			}
		}, "Digest ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			camera := newCamera(t, c.change)
			r := start(t, Config{URL: camera.url(), Username: "ann", Password: "secret"})
			if c.want != "" {
				var wrong *PasswordError
				if err := r.end(t); !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
			} else {
				r.works(t, camera)
			}
			for _, asked := range camera.requests("DESCRIBE") {
				answer := asked.header.Get("Authorization")
				if answer != "" && (c.scheme == "" || !strings.HasPrefix(answer, c.scheme)) {
					t.Errorf("the camera got %q", answer)
				}
			}
		})
	}
}

// TestWrongPasswordIsSentOnce since cameras lock an account after a few.
func TestWrongPasswordIsSentOnce(t *testing.T) {
	for name, challenge := range map[string]string{
		"digest": `WWW-Authenticate: Digest realm="cam", nonce="n%d"`, "basic": `WWW-Authenticate: Basic realm="cam%d"`,
	} {
		sent := 0
		c := newCamera(t, func(c *camera) { // which does not check OPTIONS
			c.on["DESCRIBE"] = func(c *client, r request) {
				if r.header.Get("Authorization") != "" {
					sent++
				}
				c.reply(r, "401 Unauthorized", fmt.Sprintf(challenge, sent))
			}
		})
		var wrong *PasswordError
		if err := start(t, Config{URL: c.url(), Username: "ann", Password: "wrong"}).end(t); !errors.As(err, &wrong) || sent != 1 {
			t.Errorf("%s: sent %d times, %v", name, sent, err)
		}
	}
}

// TestNonceThatIsTooOldIsReplaced in the middle of a session, also by a camera that does not say so, and before the password was
// accepted.
func TestNonceThatIsTooOldIsReplaced(t *testing.T) {
	check := func(nonce, stale string) func(*client, request) {
		return func(c *client, r request) {
			if !strings.Contains(r.header.Get("Authorization"), nonce) {
				c.reply(r, "401 Unauthorized", `WWW-Authenticate: Digest realm="cam", nonce="`+nonce+`"`+stale)
				return
			}
			c.answer(r)
		}
	}
	for name, change := range map[string]func(*camera){
		"in the middle": func(c *camera) {
			c.on["DESCRIBE"], c.on["SETUP"], c.on["PLAY"] = check("first", ""), check("first", ""), check("second", "")
		},
		"after OPTIONS, which does not check the password": func(c *camera) {
			c.on["OPTIONS"], c.on["DESCRIBE"] = check("first", ""), check("second", ", stale=true")
		},
		"at once": func(c *camera) {
			c.on["DESCRIBE"] = func(c *client, r request) {
				if r.header.Get("Authorization") == "" {
					c.reply(r, "401 Unauthorized", `WWW-Authenticate: Digest realm="cam", nonce="first"`)
					return
				}
				check("second", ", stale=TRUE")(c, r)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCamera(t, change)
			start(t, Config{URL: c.url(), Username: "ann", Password: "secret"}).works(t, c)
		})
	}
}

// TestCameraThatCallsEachNonceTooOldGetsFewPasswords since it may lie.
func TestCameraThatCallsEachNonceTooOldGetsFewPasswords(t *testing.T) {
	c := newCamera(t, func(c *camera) {
		n := 0
		c.on["DESCRIBE"] = func(c *client, r request) {
			n++
			c.reply(r, "401 Unauthorized", fmt.Sprintf(`WWW-Authenticate: Digest realm="cam", nonce="n%d", stale=true`, n))
		}
	})
	var wrong *PasswordError
	err := start(t, Config{URL: c.url(), Username: "ann", Password: "secret"}).end(t)
	if n := len(c.requests("DESCRIBE")); !errors.As(err, &wrong) || n != 3 {
		t.Errorf("%d requests, %v", n, err)
	}
}

// asksForPassword makes a camera refuse a DESCRIBE without a password, and accept any.
func asksForPassword(c *camera) {
	c.on["DESCRIBE"] = func(c *client, r request) {
		if r.header.Get("Authorization") == "" {
			c.reply(r, "401 Unauthorized", `WWW-Authenticate: Digest realm="cam", nonce="n"`)
			return
		}
		c.answer(r)
	}
}

// TestPasswordDoesNotFollowARedirectToAnotherHost, but to another port of the camera.
func TestPasswordDoesNotFollowARedirectToAnotherHost(t *testing.T) {
	other := newCameraOn(t, "127.0.0.2:0", nil)
	same := newCamera(t, asksForPassword)
	away := func(to *camera) *camera {
		return newCamera(t, func(c *camera) {
			c.on["DESCRIBE"] = func(c *client, r request) { c.reply(r, "302 Found", "Location: "+to.url().String()) }
		})
	}
	err := start(t, Config{URL: away(other).url(), Username: "ann", Password: "secret"}).end(t)
	if err == nil || !strings.Contains(err.Error(), "not given the password") || len(other.requests("OPTIONS")) > 0 {
		t.Errorf("%v; the other host got %d requests", err, len(other.requests("OPTIONS")))
	}
	start(t, Config{URL: away(other).url()}).works(t, other)
	start(t, Config{URL: away(same).url(), Username: "ann", Password: "secret"}).works(t, same)
}

// TestSessionIsKeptAlive at half of the time after which the camera ends it, whatever it answers.
func TestSessionIsKeptAlive(t *testing.T) {
	for name, c := range map[string]struct {
		public, method string
		answer         func(*client, request)
	}{
		"GET_PARAMETER": {"OPTIONS, GET_PARAMETER", "GET_PARAMETER", nil},
		"OPTIONS":       {"OPTIONS", "OPTIONS", nil},
		"refused":       {"GET_PARAMETER", "OPTIONS", status("405 Method Not Allowed")},
		"no answer":     {"GET_PARAMETER", "GET_PARAMETER", func(*client, request) {}},
		"an error":      {"GET_PARAMETER", "GET_PARAMETER", status("454 Session Not Found")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			camera := newCamera(t, func(cam *camera) {
				cam.on["OPTIONS"] = func(cl *client, r request) { cl.reply(r, "200 OK", "Public: "+c.public) }
				cam.on["SETUP"] = func(cl *client, r request) {
					cl.reply(r, "200 OK", "Session: 1 ; timeout = 1", "Transport: "+r.header.Get("Transport"))
				}
				if c.answer != nil {
					cam.on["GET_PARAMETER"] = c.answer
				}
			})
			r := start(t, Config{URL: camera.url()})
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

// TestPasswordOfADigestIsNeverSentInClear although the camera asks for Basic later.
func TestPasswordOfADigestIsNeverSentInClear(t *testing.T) {
	c := newCamera(t, func(c *camera) {
		asksForPassword(c)
		c.on["SETUP"] = func(c *client, r request) { c.reply(r, "401 Unauthorized", `WWW-Authenticate: Basic realm="cam"`) }
	})
	var wrong *PasswordError
	if err := start(t, Config{URL: c.url(), Username: "ann", Password: "secret"}).end(t); !errors.As(err, &wrong) {
		t.Error(err)
	}
	for _, r := range c.requests("SETUP") {
		if strings.HasPrefix(r.header.Get("Authorization"), "Basic") {
			t.Error("the camera got the password in clear")
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
		credentials: &challenge.Credentials{Username: "ann", Password: "secret"},
	}
	done := make(chan error, 1)
	go func() {
		done <- s.handle(&message{status: 401, header: header{"www-authenticate": {`Digest realm="cam", nonce="new"`}}}, "rtsp://cam/live")
	}()
	theirs.SetDeadline(time.Now().Add(patience))
	text := make([]byte, 1000)
	n, err := theirs.Read(text)
	if err != nil || !strings.Contains(string(text[:n]), `nonce="new"`) || !strings.HasPrefix(string(text), "OPTIONS rtsp://cam/live ") {
		t.Errorf("%q, %v", text[:n], err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
