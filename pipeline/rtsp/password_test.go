package rtsp

import (
	"errors"
	"fmt"
	"net"
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
					c.writeAndClose(c.head(r, "401 Unauthorized", digest))
					return
				}
				c.answer(r)
			}
		}, "Digest ", ""},
		"it says that it closes the connection": {func(c *camera) {
			c.on["DESCRIBE"] = func(c *client, r request) {
				if r.header.Get("Authorization") == "" {
					c.reply(r, "401 Unauthorized", digest, "Connection: keep-alive, Close")
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

// authorized is how many requests of a camera had a password.
func (c *camera) authorized() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.got {
		if r.header.Get("Authorization") != "" {
			n++
		}
	}
	return n
}

// TestPasswordIsSentOnceToACameraThatClosesTheConnection instead of an answer, or after its challenge.
func TestPasswordIsSentOnceToACameraThatClosesTheConnection(t *testing.T) {
	const digest = `WWW-Authenticate: Digest realm="cam", nonce="n"`
	closes := func(c *client, r request) {
		if r.header.Get("Authorization") != "" {
			c.conn.Close()
			return
		}
		c.reply(r, "401 Unauthorized", digest)
	}
	for name, c := range map[string]struct {
		reconnect  bool
		describe   func(*client, request)
		unanswered bool
	}{
		"at the password":                          {false, closes, true},
		"at the password, over another connection": {true, closes, true},
		"at each challenge":                        {false, func(c *client, r request) { c.writeAndClose(c.head(r, "401 Unauthorized", digest)) }, false},
		"by a reset": {false, func(c *client, r request) {
			if r.header.Get("Authorization") != "" {
				c.conn.(*net.TCPConn).SetLinger(0)
			}
			closes(c, r)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			camera := newCamera(t, func(cam *camera) { cam.on["DESCRIBE"] = c.describe })
			err := start(t, Config{URL: camera.url(), Username: "ann", Password: "wrong", Reconnect: c.reconnect}).end(t)
			var wrong *PasswordError
			if !errors.As(err, &wrong) || wrong.Unanswered != c.unanswered {
				t.Errorf("%#v", err)
			}
			if n := camera.authorized(); n != 1 {
				t.Errorf("the camera got %d passwords", n)
			}
		})
	}
}

// TestPasswordGoesOverAnotherConnectionIfNeeded by a camera that does not read on after its challenge.
func TestPasswordGoesOverAnotherConnectionIfNeeded(t *testing.T) {
	camera := newCamera(t, func(c *camera) {
		c.on["DESCRIBE"] = func(c *client, r request) {
			switch {
			case r.header.Get("Authorization") == "":
				c.reply(r, "401 Unauthorized", `WWW-Authenticate: Digest realm="cam", nonce="n"`)
				c.challenged = true
			case c.challenged:
				c.conn.Close()
			default:
				c.answer(r)
			}
		}
	})
	start(t, Config{URL: camera.url(), Username: "ann", Password: "secret", Reconnect: true}).works(t, camera)
}

// TestPasswordIsSentOnlyIfItIsPermitted, which is asked once.
func TestPasswordIsSentOnlyIfItIsPermitted(t *testing.T) {
	camera := newCamera(t, asksForPassword)
	refusal := errors.New("not now")
	asked, accepted := 0, 0
	c := Config{URL: camera.url(), Username: "ann", Password: "secret", Accepted: func() { accepted++ }}
	c.Permit = func() error { asked++; return refusal }
	if err := start(t, c).end(t); !errors.Is(err, refusal) || camera.authorized() > 0 || accepted > 0 {
		t.Errorf("%v; the camera got %d passwords", err, camera.authorized())
	}
	c.Permit = func() error { asked++; return nil }
	start(t, c).works(t, camera)
	if asked != 2 || accepted != 1 {
		t.Errorf("asked %d times, accepted %d times", asked, accepted)
	}
	c.URL, c.Permit = newCamera(t, nil).url(), func() error { t.Error("asked without a challenge"); return nil }
	start(t, c).take(t, 10)
}

// TestNextNonceOfTheCameraIsUsed by the next request.
func TestNextNonceOfTheCameraIsUsed(t *testing.T) {
	camera := newCamera(t, func(c *camera) {
		asksForPassword(c)
		describe := c.on["DESCRIBE"]
		c.on["DESCRIBE"] = func(c *client, r request) {
			if r.header.Get("Authorization") == "" {
				describe(c, r)
				return
			}
			c.describe(r, `Authentication-Info: qop=auth, nextnonce="next"`)
		}
		c.on["SETUP"] = func(c *client, r request) {
			if !strings.Contains(r.header.Get("Authorization"), `nonce="next"`) {
				c.reply(r, "403 Forbidden")
				return
			}
			c.answer(r)
		}
	})
	start(t, Config{URL: camera.url(), Username: "ann", Password: "secret"}).works(t, camera)
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
