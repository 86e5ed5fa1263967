package sessions

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"
)

// standinUsers are users by name, with their passwords.
type standinUsers map[string]string

func (u standinUsers) Principal(name string) (auth.Principal, bool) {
	_, ok := u[name]
	return auth.Principal{Kind: auth.User, Name: name, Role: auth.Viewer}, ok
}

func (u standinUsers) Stamp(name string) string { return "stamp of " + u[name] }

func (u standinUsers) Check(_ context.Context, name, password, _ string) (auth.Principal, error) {
	if right, ok := u[name]; !ok || right != password {
		return auth.Principal{}, &auth.Error{Status: http.StatusUnauthorized, Detail: "wrong"}
	}
	p, _ := u.Principal(name)
	return p, nil
}

// house is a server with sessions, a clock and a log.
type house struct {
	*Sessions
	users   standinUsers
	changes *auth.Changes
	time    time.Time
	log     bytes.Buffer
}

func open(t testing.TB) *house {
	t.Helper()
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	h := &house{users: standinUsers{"ann": "secret", "bob": "hidden"}, time: time.Now()}
	h.restart()
	return h
}

// restart begins anew, with what is in the state directory.
func (h *house) restart() {
	h.changes = new(auth.Changes)
	h.Sessions = New(h.users, h.changes, slog.New(slog.NewTextHandler(&h.log, nil)))
	h.now = func() time.Time { return h.time }
	h.configure()
}

func (h *house) configure() {
	config := configs.Default()
	for name := range h.users {
		config.Auth.Users = append(config.Auth.Users, configs.User{Name: name})
	}
	h.Configure(config)
}

// request is a request with cookies.
func request(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	return r
}

// signIn signs in, from a browser that may have a cookie already.
func (h *house) signIn(t testing.TB, name string, cookies ...*http.Cookie) *http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if err := h.SignIn(w, request(cookies...), name, h.users[name], "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	return w.Result().Cookies()[0]
}

// expect checks whose session the cookie is; empty for nobody's.
func (h *house) expect(t testing.TB, cookie *http.Cookie, name string) {
	t.Helper()
	p, found, err := h.Find(request(cookie))
	address, has := h.Has(request(cookie), name)
	if err != nil || found != (name != "") || p.Name != name || has != found || has != (address == "192.0.2.1") {
		t.Errorf("%+v, %v, %v; want %q", p, found, err, name)
	}
}

func TestSignedInBrowserIsItsUser(t *testing.T) {
	h := open(t)
	cookie := h.signIn(t, "ann")
	h.expect(t, cookie, "ann")
	if cookie.Path != "/" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure || cookie.Name != "framegate_session" {
		t.Errorf("%v", cookie)
	}
	for _, value := range []string{"", "x", strings.Repeat("A", tokenLength), hashOf(cookie.Value), cookie.Value + "A", strings.ToLower(cookie.Value)} {
		h.expect(t, &http.Cookie{Name: cookie.Name, Value: value}, "")
	}
	list := h.List(request(cookie), "ann")
	if len(list) != 1 || list[0].Browser != "Firefox on Linux" || list[0].Address != "192.0.2.1" || !list[0].Current {
		t.Errorf("%+v", list)
	}
}

func TestWrongPasswordBeginsNoSession(t *testing.T) {
	h := open(t)
	w := httptest.NewRecorder()
	err := h.SignIn(w, request(), "ann", "wrong", "192.0.2.1")
	var refused *auth.Error
	if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized || len(w.Result().Cookies()) > 0 {
		t.Errorf("%v, %v", err, w.Result().Cookies())
	}
}

func TestCookieOfTLSIsSentOverTLSOnly(t *testing.T) {
	h := open(t)
	secure := request()
	secure.TLS = new(tls.ConnectionState)
	w := httptest.NewRecorder()
	if err := h.SignIn(w, secure, "ann", "secret", "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	cookie := w.Result().Cookies()[0]
	if !cookie.Secure || cookie.Name != "__Host-framegate_session" || cookie.Domain != "" || cookie.Path != "/" {
		t.Errorf("%v", cookie)
	}
	h.expect(t, cookie, "") // over HTTP
	secure.AddCookie(cookie)
	if p, _, _ := h.Find(secure); p.Name != "ann" {
		t.Errorf("%+v", p)
	}
}

func TestSignInReplacesTheTokenAndEndsTheSessionOfThatBrowser(t *testing.T) {
	h := open(t)
	first := h.signIn(t, "ann")
	second := h.signIn(t, "bob", first)
	if first.Value == second.Value {
		t.Error("the token is the same")
	}
	h.expect(t, first, "")
	h.expect(t, second, "bob")
	chosen := &http.Cookie{Name: first.Name, Value: strings.Repeat("B", tokenLength)} // by who wants to know the token
	if third := h.signIn(t, "ann", chosen); third.Value == chosen.Value {
		t.Error("the token is that of the request")
	}
	h.expect(t, chosen, "")
}

func TestSessionEndsAfterAWeekWithoutARequestAndAMonthInAll(t *testing.T) {
	h := open(t)
	idle, busy := h.signIn(t, "ann"), h.signIn(t, "ann")
	began := h.time
	for h.time.Before(began.Add(lifetime - 24*time.Hour)) {
		h.time = h.time.Add(24 * time.Hour)
		h.expect(t, busy, "ann")
		if h.time.Equal(began.Add(idleTime)) {
			h.expect(t, idle, "")
		}
	}
	if p, _, _ := h.Find(request(busy)); !p.Until.Equal(began.Add(lifetime)) {
		t.Errorf("its right ends %v after the sign-in", p.Until.Sub(began))
	}
	h.time = began.Add(lifetime)
	h.expect(t, busy, "")
	h.expect(t, h.signIn(t, "ann"), "ann")
	if n := len(h.sessions); n != 1 {
		t.Errorf("%d sessions are kept", n)
	}
}

func TestRemovedUserIsOutAtOnce(t *testing.T) {
	h := open(t)
	cookie := h.signIn(t, "ann")
	delete(h.users, "ann")
	h.expectNone(t, cookie) // before the sessions know
	h.configure()
	h.expect(t, cookie, "")
}

func (h *house) expectNone(t *testing.T, cookie *http.Cookie) {
	t.Helper()
	if p, found, err := h.Find(request(cookie)); found || err != nil {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestNewPasswordEndsTheSessionsOfItsUser(t *testing.T) {
	h := open(t)
	ann, bob := h.signIn(t, "ann"), h.signIn(t, "bob")
	changed := h.changes.Next()
	h.users["ann"] = "new"
	h.configure()
	h.expect(t, ann, "")
	h.expect(t, bob, "bob")
	expectClosed(t, changed)
	h.users["ann"] = "secret"
	h.configure()
	h.expect(t, ann, "")

	h.users["bob"] = "new" // while framegate does not run
	h.restart()
	h.expect(t, bob, "")
}

// TestSignInWithAPasswordThatChangesMeanwhileFails changes it between the check and the session.
func TestSignInWithAPasswordThatChangesMeanwhileFails(t *testing.T) {
	h := open(t)
	h.Sessions.users = changing{h.users, func() {
		h.users["ann"] = "new"
		h.configure()
	}}
	if err := h.SignIn(httptest.NewRecorder(), request(), "ann", "secret", "192.0.2.1"); err == nil || len(h.sessions) > 0 {
		t.Errorf("%v, %d sessions", err, len(h.sessions))
	}
}

type changing struct {
	standinUsers
	change func()
}

func (c changing) Check(ctx context.Context, name, password, address string) (auth.Principal, error) {
	p, err := c.standinUsers.Check(ctx, name, password, address)
	c.change()
	return p, err
}

func expectClosed(t *testing.T, changed <-chan struct{}) {
	t.Helper()
	select {
	case <-changed:
	default:
		t.Error("streams do not learn that the session has ended")
	}
}

func TestEndedSessionsStayEnded(t *testing.T) {
	for name, end := range map[string]func(h *house, ended, other *http.Cookie) bool{
		"signed out": func(h *house, ended, _ *http.Cookie) bool {
			w := httptest.NewRecorder()
			user := h.SignOut(w, request(ended))
			forgotten := w.Result().Cookies()[0]
			return user == "ann" && forgotten.MaxAge < 0 && forgotten.Name == ended.Name && forgotten.Path == ended.Path
		},
		"ended elsewhere": func(h *house, ended, other *http.Cookie) bool {
			id := idOf(hashOf(ended.Value))
			return !h.End("bob", id) && !h.End("ann", "none") && h.End("ann", id)
		},
		"all others": func(h *house, _, other *http.Cookie) bool { return h.EndOthers(request(other), "ann") == 1 },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			ended, other, bob := h.signIn(t, "ann"), h.signIn(t, "ann"), h.signIn(t, "bob")
			changed := h.changes.Next()
			if !end(h, ended, other) {
				t.Error("it did not end")
			}
			expectClosed(t, changed)
			for range 2 {
				h.expect(t, ended, "")
				h.expect(t, other, "ann")
				h.expect(t, bob, "bob")
				h.restart()
			}
		})
	}
}

func TestUserHasAFewSessions(t *testing.T) {
	h := open(t)
	bob := h.signIn(t, "bob")
	var all []*http.Cookie
	for range maxPerUser {
		h.time = h.time.Add(time.Second)
		all = append(all, h.signIn(t, "ann"))
	}
	h.time = h.time.Add(time.Second)
	h.expect(t, all[0], "ann") // and so it is not the one that was used the longest time ago
	h.signIn(t, "ann")
	h.expect(t, all[0], "ann")
	h.expect(t, all[1], "")
	h.expect(t, all[2], "ann")
	h.expect(t, bob, "bob")
}

func TestBrowsersAreNamedInWords(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0":       "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":               "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile Safari/604.1":    "Safari on iOS",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36":                     "Chrome on Android",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36": "Samsung Internet on Android",
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                              "Firefox on Linux",
		"<script>alert(1)</script>": "Another browser",
		"":                          "Another browser",
	} {
		if got := browser(agent); got != want {
			t.Errorf("%s: %s", agent, got)
		}
	}
}

// FuzzCookie finds no session in a header Cookie that has no token, and never panics.
func FuzzCookie(f *testing.F) {
	h := open(f)
	token := h.signIn(f, "ann").Value
	for _, header := range []string{
		"", "framegate_session", "framegate_session=", "framegate_session=x; framegate_session=y", `framegate_session="AAAA"`, "a=b;;; =; framegate_session=\x00",
		"framegate_session=" + strings.Repeat("A", tokenLength), "__Host-framegate_session=" + strings.Repeat("A", tokenLength),
		"framegate_session=" + hashOf(token),
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if strings.Contains(header, token) {
			return
		}
		for _, over := range []*tls.ConnectionState{nil, {}} {
			r := request()
			r.TLS = over
			r.Header["Cookie"] = []string{header}
			if p, found, err := h.Find(r); found || err != nil {
				t.Errorf("%q: %+v, %v", header, p, err)
			}
			h.SignOut(httptest.NewRecorder(), r)
		}
		if len(h.sessions) != 1 {
			t.Errorf("%q ended a session", header)
		}
	})
}
