package web

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth/sessions"
)

func TestAccountListsAndEndsTheSessionsOfItsUserOnly(t *testing.T) {
	root := signInServer(t)
	first, second, bob := newVisit(t, root), newVisit(t, root), newVisit(t, root)
	first.signIn(t, "ann", "correct horse", "")
	second.signIn(t, "ann", "correct horse", "")
	bob.signIn(t, "bob", "battery staple", "")
	_, body := bob.do(t, "GET", "/api/sessions", nil)
	var bobs []sessions.Session
	if err := json.Unmarshal([]byte(body), &bobs); err != nil || len(bobs) != 1 || !bobs[0].Current {
		t.Fatalf("%v, %s", err, body)
	}
	_, page := first.do(t, "GET", "/account", nil)
	if n := strings.Count(page, "/end\"><button aria-label"); n != 2 || strings.Contains(page, bobs[0].ID) {
		t.Errorf("%d sessions in %s", n, page)
	}
	first.expect(t, "POST", "/account/sessions/"+bobs[0].ID+"/end", http.StatusNotFound)
	first.expect(t, "DELETE", "/api/sessions/"+bobs[0].ID, http.StatusNotFound)
	resp, _ := first.do(t, "POST", "/account/sessions/others/end", nil)
	if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || to != "../../.././account" {
		t.Errorf("%s to %q", resp.Status, to)
	}
	first.expect(t, "GET", "/account", 200)
	second.expect(t, "GET", "/account", http.StatusSeeOther)
	bob.expect(t, "DELETE", "/api/sessions/"+bobs[0].ID, http.StatusNoContent)
	bob.expect(t, "GET", "/account", http.StatusSeeOther)
}

func TestRemovedUserAndNewPasswordEndSessionsAtOnce(t *testing.T) {
	config := configWithUsers(t, "")
	handler, stop := newHandler(t, config, nil, time.Now)
	defer stop()
	url := listenWith(t, handler)
	ann, bob := newVisit(t, url), newVisit(t, url)
	ann.signIn(t, "ann", "correct horse", "")
	bob.signIn(t, "bob", "battery staple", "")
	changed := *config
	changed.Auth.Users = []configs.User{userOf(t, "ann", "another horse", configs.AdminRole)}
	handler.Configure(&changed)
	ann.expect(t, "GET", "/account", http.StatusSeeOther)
	bob.expect(t, "GET", "/account", http.StatusSeeOther)
	ann.signIn(t, "ann", "another horse", "")
	changed.Auth.Users[0].Role = configs.ViewerRole
	handler.Configure(&changed)
	ann.expect(t, "GET", "/api/cameras", 200)
	ann.expect(t, "GET", "/api/hardware", http.StatusForbidden)
}

func TestStreamEndsWithItsSession(t *testing.T) {
	root := signInServer(t)
	watcher, other := newVisit(t, root), newVisit(t, root)
	watcher.signIn(t, "bob", "battery staple", "")
	other.signIn(t, "bob", "battery staple", "")
	watcher.Timeout = 0
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, root+"/cameras/gate/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := watcher.Do(r)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v, %v", resp, err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadFull(resp.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	other.do(t, "DELETE", "/api/sessions/others", nil)
	if _, err := io.Copy(io.Discard, resp.Body); err != nil { // which does not return while the stream goes on
		t.Errorf("the stream ends with %v", err)
	}
}

func TestEveryRouteAnswersASessionAsItsUser(t *testing.T) {
	for name, want := range map[string]map[string]int{
		"admin":                    {"viewers": served, "camera": served, "picture": served, "admins": served, "changes": served},
		"viewer":                   {"viewers": served, "camera": served, "picture": served, "admins": 403, "changes": 403},
		"viewer of another camera": {"viewers": served, "camera": 403, "picture": 403, "admins": 403, "changes": 403},
		"removed":                  {"viewers": 401, "camera": 401, "picture": 401, "admins": 401, "changes": 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := configWithUsers(t, "")
			role, cameras := configs.ViewerRole, []string{"ga*"}
			switch name {
			case "admin":
				role, cameras = configs.AdminRole, nil
			case "viewer of another camera":
				cameras = []string{"yard"}
			}
			config.Auth.Users = []configs.User{userOf(t, "eve", "eve's", role, cameras...), userOf(t, "ann", "ann's", configs.AdminRole)}
			handler, stop := newHandler(t, config, nil, time.Now)
			t.Cleanup(stop)
			v := newVisit(t, listenWith(t, handler))
			v.signIn(t, "eve", "eve's", "")
			if name == "removed" {
				changed := *config
				changed.Auth.Users = config.Auth.Users[1:]
				handler.Configure(&changed)
			}
			root, _ := url.Parse(v.root)
			header := map[string]string{"Cookie": v.Jar.Cookies(root)[0].String(), "Test-From": elsewhere}
			for _, to := range new(server).routes() {
				kind := kindOfRoute[to.method+" "+to.pattern]
				path := strings.NewReplacer("{id}", "gate", "{session}", "none", "{key}", "none", "*", "style.css").Replace(to.pattern)
				got, body := statusOf(t, to.method, v.root+path, header)
				if refusalOf(got, body) != want[kind] {
					t.Errorf("%s %s: %d %.300s", to.method, to.pattern, got, body)
				}
			}
		})
	}
}

func TestSignOutEndsTheSession(t *testing.T) {
	v := newVisit(t, signInServer(t))
	v.signIn(t, "ann", "correct horse", "")
	root, _ := url.Parse(v.root)
	kept := v.Jar.Cookies(root)
	_, page := v.do(t, "GET", "/cameras/gate", nil)
	if !strings.Contains(page, `action="../sign-out"`) || !strings.Contains(page, `href="../account"`) {
		t.Error(page)
	}
	if resp, _ := v.do(t, "POST", "/sign-out", nil); resp.Header.Get("Location") != "./sign-in" {
		t.Error(resp.Status)
	}
	if left := v.Jar.Cookies(root); len(left) > 0 {
		t.Errorf("the browser keeps %v", left)
	}
	v.Jar.SetCookies(root, kept) // by who has copied it
	v.expect(t, "GET", "/api/cameras", http.StatusSeeOther)
	v.expect(t, "POST", "/sign-out", http.StatusSeeOther)
}
