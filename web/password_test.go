package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/edit"
)

// fileWithUsers is a configuration file with the users ann, an admin, and bob. It returns its path too.
func fileWithUsers(t *testing.T, more string) (*configs.Config, *edit.File) {
	t.Helper()
	text := more + "auth:\n  users: # of the house\n"
	for name, password := range map[string]string{"ann": "correct horse", "bob": "battery staple"} {
		user := userOf(t, name, password, "")
		text += fmt.Sprintf("    - name: %s\n      password_hash: %s\n      role: %s\n", name, user.PasswordHash.Reveal(), map[string]string{"ann": "admin", "bob": "viewer"}[name])
	}
	path := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte(text+"cameras: [{id: gate, url: 'rtsp://h/gate'}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := configs.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return config, &edit.File{Path: path}
}

// change sends the form of the account page.
func (v *visit) change(t *testing.T, old, new, again string) (*http.Response, string) {
	t.Helper()
	return v.do(t, "POST", "/account/password", url.Values{"old": {old}, "new": {new}, "again": {again}})
}

func TestUserChangesThePasswordOnTheAccountPage(t *testing.T) {
	config, file := fileWithUsers(t, "")
	handler, stop := newHandler(t, config, file, time.Now)
	root := listenWith(t, handler)
	t.Cleanup(stop)
	log := &logText{}
	handler.server.Log = slog.New(slog.NewTextHandler(log, nil))
	here, elsewhere, bob := newVisit(t, root), newVisit(t, root), newVisit(t, root)
	here.signIn(t, "ann", "correct horse", "")
	elsewhere.signIn(t, "ann", "correct horse", "")
	bob.signIn(t, "bob", "battery staple", "")
	if _, page := here.do(t, "GET", "/account", nil); !strings.Contains(page, `action="./account/password"`) && !strings.Contains(page, `action="account/password"`) {
		t.Error(page)
	}

	for _, wrong := range []struct {
		old, new, again string
		status          int
		says            string
	}{
		{"another horse", "purple staple", "purple staple", 403, "The old password is wrong."},
		{"", "purple staple", "purple staple", 403, "The old password is wrong."},
		{"correct horse", "short", "short", 400, "The new password is shorter than 8 characters."},
		{"correct horse", "purple staple", "purple staples", 400, "The two new passwords differ."},
	} {
		resp, page := here.change(t, wrong.old, wrong.new, wrong.again)
		if resp.StatusCode != wrong.status || !strings.Contains(page, wrong.says) || strings.Contains(page, "horse") || strings.Contains(page, "purple") {
			t.Errorf("%+v: %s %s", wrong, resp.Status, page)
		}
	}
	elsewhere.expect(t, "GET", "/account", 200)

	at, _ := url.Parse(root)
	copied := here.Jar.Cookies(at)
	resp, body := here.change(t, "correct horse", "purple staple", "purple staple")
	if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || !strings.HasSuffix(to, "/account?password-changed") {
		t.Fatalf("%s to %q: %s", resp.Status, to, body)
	}
	if _, page := here.do(t, "GET", "/account?password-changed", nil); !strings.Contains(page, "The password is changed") || strings.Count(page, "/end\"><button aria-label") != 1 {
		t.Error(page)
	}
	elsewhere.expect(t, "GET", "/account", http.StatusSeeOther)
	bob.expect(t, "GET", "/account", 200)
	thief := newVisit(t, root)
	thief.Jar, _ = cookiejar.New(nil)
	thief.Jar.SetCookies(at, copied)
	thief.expect(t, "GET", "/account", http.StatusSeeOther)
	for password, want := range map[string]int{"correct horse": 401, "purple staple": 200} {
		if got := asked(t, root+"/api/cameras", "ann", password); got.StatusCode != want {
			t.Errorf("%s: %s", password, got.Status)
		}
	}
	text, _ := os.ReadFile(file.Path)
	if !strings.Contains(string(text), "users: # of the house") || strings.Contains(string(text), "purple staple") {
		t.Errorf("%s", text)
	}
	if n := strings.Count(log.String(), `msg="password changed" who=ann from=127.0.0.1`); n != 1 || strings.Contains(log.String(), "horse") || strings.Contains(log.String(), "purple") {
		t.Errorf("%d lines in %s", n, log)
	}
}

func TestProgramChangesItsPassword(t *testing.T) {
	config, file := fileWithUsers(t, "")
	root := serveConfig(t, config, file)
	person := newVisit(t, root)
	person.signIn(t, "bob", "battery staple", "")
	for _, step := range []struct {
		body, header string
		status       int
		says         string
	}{
		{`{"old": "battery staple", "new": "another staple"`, "", 400, `{\"old\": \"…\", \"new\"`},
		{`{"old": "battery staple", "new": "another staple", "name": "ann"}`, "", 400, `{\"old\": \"…\", \"new\"`},
		{`{"old": "battery staples", "new": "another staple"}`, "", 403, `"parameter":"old"`},
		{`{"old": "battery staple"}`, "", 400, `"parameter":"new"`},
		{`{"old": "battery staple", "new": "another staple"}`, "Origin: https://evil.example", 403, "pages of another origin"},
		{`{"old": "battery staple", "new": "another staple"}`, "Content-Type: text/plain", 415, "application/json"},
		{`{"old": "battery staple", "new": "another staple"}`, "", 204, ""},
		{`{"old": "battery staple", "new": "another staple"}`, "", 401, "wrong name or password"},
	} {
		header := map[string]string{"Authorization": "Basic Ym9iOmJhdHRlcnkgc3RhcGxl"}
		if name, value, ok := strings.Cut(step.header, ": "); ok {
			header[name] = value
		}
		if resp, body := send(t, "PUT", root+"/api/password", step.body, header); resp.StatusCode != step.status || !strings.Contains(body, step.says) {
			t.Errorf("%+v: %s %s", step, resp.Status, body)
		}
	}
	person.expect(t, "GET", "/account", http.StatusSeeOther)
}

// TestOldPasswordCannotBeGuessed has somebody with a stolen session try passwords.
func TestOldPasswordCannotBeGuessed(t *testing.T) {
	config, file := fileWithUsers(t, "")
	v := newVisit(t, serveConfig(t, config, file))
	v.signIn(t, "bob", "battery staple", "")
	status := map[int]int{}
	for i := range 12 {
		resp, page := v.change(t, fmt.Sprint("guess ", i), "purple staple", "purple staple")
		status[resp.StatusCode]++
		if resp.StatusCode == http.StatusTooManyRequests && (resp.Header.Get("Retry-After") == "" || !strings.Contains(page, "Too many wrong passwords")) {
			t.Errorf("%v %s", resp.Header, page)
		}
	}
	if status[http.StatusForbidden] != 10 || status[http.StatusTooManyRequests] != 2 {
		t.Errorf("%v", status)
	}
	if resp, _ := v.change(t, "battery staple", "purple staple", "purple staple"); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("the right password: %s", resp.Status)
	}
}

func TestPasswordOfAFileThatRequestsMayNotChangeStays(t *testing.T) {
	config, file := fileWithUsers(t, "editable: false\n")
	before, _ := os.ReadFile(file.Path)
	v := newVisit(t, serveConfig(t, config, file))
	v.signIn(t, "bob", "battery staple", "")
	if _, page := v.do(t, "GET", "/account", nil); strings.Contains(page, `name="old"`) || !strings.Contains(page, "framegate user add bob") {
		t.Error(page)
	}
	if resp, page := v.change(t, "battery staple", "purple staple", "purple staple"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("%s %s", resp.Status, page)
	}
	if after, _ := os.ReadFile(file.Path); string(after) != string(before) {
		t.Errorf("%s", after)
	}
	v.expect(t, "GET", "/account", 200)
}

func TestOnlyUsersOfTheConfigurationHaveAPassword(t *testing.T) {
	root, _ := serveText(t, "auth: {jwt: {secret: "+jwtSecret+"}}\n"+site)
	for name, header := range map[string]string{"somebody here": "", "the bearer of a token": "Bearer " + token(t, "admin", "*")} {
		resp, body := send(t, "PUT", root+"/api/password", `{"old": "battery staple", "new": "another staple"}`, map[string]string{"Authorization": header})
		if resp.StatusCode != http.StatusNotFound || !strings.Contains(body, "you have no password here") {
			t.Errorf("%s: %s %s", name, resp.Status, body)
		}
	}
}

func TestViewersLearnNothingOfAFaultyFile(t *testing.T) {
	config, file := fileWithUsers(t, "")
	handler, stop := newHandler(t, config, file, time.Now)
	root := listenWith(t, handler)
	t.Cleanup(stop)
	text, err := os.ReadFile(file.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file.Path, append(text, "name: rtsp://admin:secret@h/gate\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	bob := newVisit(t, root)
	bob.signIn(t, "bob", "battery staple", "")
	resp, page := bob.change(t, "battery staple", "purple staple", "purple staple")
	if resp.StatusCode != http.StatusConflict || strings.Contains(page, "secret") || strings.Contains(page, file.Path) {
		t.Errorf("%s %s", resp.Status, page)
	}
}

func TestChangeByOtherCredentialsKeepsTheSessionOfTheBrowser(t *testing.T) {
	config, file := fileWithUsers(t, "")
	root := serveConfig(t, config, file)
	v := newVisit(t, root)
	v.signIn(t, "ann", "correct horse", "")
	at, _ := url.Parse(root)
	cookie := v.Jar.Cookies(at)[0]
	resp, body := send(t, "PUT", root+"/api/password", `{"old": "battery staple", "new": "another staple"}`,
		map[string]string{"Authorization": "Basic Ym9iOmJhdHRlcnkgc3RhcGxl", "Cookie": cookie.String()})
	if resp.StatusCode != http.StatusNoContent || len(resp.Cookies()) != 0 {
		t.Errorf("%s, cookies %v: %s", resp.Status, resp.Cookies(), body)
	}
	if _, page := v.do(t, "GET", "/account", nil); !strings.Contains(page, ">ann<") && !strings.Contains(page, "ann</") {
		t.Errorf("the session of ann is gone: %s", page)
	}
}

// TestSignedInUserIsNoStrangerAfterARestart has others try passwords for the user from the same address.
func TestSignedInUserIsNoStrangerAfterARestart(t *testing.T) {
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	config, file := fileWithUsers(t, "")
	first, stopFirst := newHandler(t, config, file, time.Now)
	defer stopFirst()
	root := listenWith(t, first)
	v := newVisit(t, root)
	v.signIn(t, "bob", "battery staple", "")
	at, _ := url.Parse(root)
	cookies := v.Jar.Cookies(at)

	v.root = serveConfig(t, config, file)
	at, _ = url.Parse(v.root)
	v.Jar.SetCookies(at, cookies)
	for n := range 12 { // two are beyond the limit of the name
		asked(t, v.root+"/api/cameras", "bob", fmt.Sprint("wrong password ", n))
	}
	if resp, page := v.change(t, "battery staple", "purple staple", "purple staple"); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("%s %s", resp.Status, page)
	}
}
