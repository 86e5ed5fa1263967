package rtsp

import (
	"errors"
	"fmt"
	"strings"
	"testing"
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

// TestStaleNonceIsReplaced in the middle of a session.
func TestStaleNonceIsReplaced(t *testing.T) {
	c := newCamera(t, func(c *camera) {
		c.on["OPTIONS"] = func(c *client, r request) { c.reply(r, "200 OK") }
		check := func(nonce string) func(*client, request) {
			return func(c *client, r request) {
				if !strings.Contains(r.header.Get("Authorization"), nonce) {
					c.reply(r, "401 Unauthorized", `WWW-Authenticate: Digest realm="cam", nonce="`+nonce+`"`)
					return
				}
				c.answer(r)
			}
		}
		c.on["DESCRIBE"], c.on["SETUP"], c.on["PLAY"] = check("first"), check("first"), check("second")
	})
	start(t, Config{URL: c.url(), Username: "ann", Password: "secret"}).works(t, c)
}

// TestPasswordDoesNotFollowARedirectToAnotherHost, but to another port of the camera.
func TestPasswordDoesNotFollowARedirectToAnotherHost(t *testing.T) {
	other := newCameraOn(t, "127.0.0.2:0", nil)
	same := newCamera(t, func(c *camera) {
		c.on["DESCRIBE"] = func(c *client, r request) {
			if r.header.Get("Authorization") == "" {
				c.reply(r, "401 Unauthorized", `WWW-Authenticate: Digest realm="cam", nonce="n"`)
				return
			}
			c.answer(r)
		}
	})
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

// TestPasswordOfADigestIsNeverSentInClear although the camera asks for Basic later.
func TestPasswordOfADigestIsNeverSentInClear(t *testing.T) {
	c := newCamera(t, func(c *camera) {
		c.on["DESCRIBE"] = func(c *client, r request) {
			if r.header.Get("Authorization") == "" {
				c.reply(r, "401 Unauthorized", `WWW-Authenticate: Digest realm="cam", nonce="n"`)
				return
			}
			c.answer(r)
		}
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
