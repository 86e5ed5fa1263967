package web

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/edit"
	"github.com/framegate/framegate/web/auth/firstrun"
)

func TestUsersAreAddedChangedAndRemoved(t *testing.T) {
	url, path := serveText(t, "# mine\ncameras: [] # none\n")
	admin := map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("ann:ann's password"))}
	for _, step := range []struct {
		method, path, body string
		as                 map[string]string
		status             int
		part               string
	}{
		{"GET", "", "", nil, 200, "[]"},
		{"PUT", "/ann", `{"role": "viewer", "password": "ann's password"}`, nil, 409, `"parameter":"role"`},
		{"PUT", "/ann", `{"password": "ann's password"}`, nil, 409, "nobody else is an admin"},
		{"PUT", "/ann", `{"role": "admin", "password": "ann's password"}`, nil, 201, `"role": "admin"`},
		{"GET", "", "", nil, 401, "sign in"},
		{"GET", "", "", admin, 200, `"name": "ann"`},
		{"PUT", "/ann", `{"password": "another password"}`, admin, 409, "which needs the old one"},
		{"PUT", "/bob", `{"role": "viewer"}`, admin, 400, `"parameter":"password"`},
		{"PUT", "/bob", `{"role": "viewer", "password": "short"}`, admin, 400, `"parameter":"password"`},
		{"PUT", "/bob", `{"role": "king", "password": "bob's password"}`, admin, 400, `"parameter":"role"`},
		{"PUT", "/bob", `{"cameras": ["${HOME}"], "password": "bob's password"}`, admin, 400, `"parameter":"cameras"`},
		{"PUT", "/b%20b", `{"password": "bob's password"}`, admin, 400, `"parameter":"name"`},
		{"PUT", "/bob", `{"cameras": ["yard-*"], "password": "bob's password"}`, admin, 201, `"yard-*"`},
		{"PUT", "/bob", `{"cameras": []}`, admin, 200, `"cameras": []`},
		{"PUT", "/ann", `{"role": "viewer"}`, admin, 409, "nobody else is an admin"},
		{"DELETE", "/ann", ``, admin, 409, "nobody else is an admin"},
		{"DELETE", "/eve", ``, admin, 404, "no such user"},
		{"DELETE", "/bob", ``, admin, 204, ""},
		{"PUT", "/eve%40home", `{"password": "eve's password"}`, admin, 201, `"name": "eve@home"`},
		{"PUT", "/eve@home", `{"cameras": ["gate"]}`, admin, 200, `"gate"`},
		{"DELETE", "/eve%40home", ``, admin, 204, ""},
	} {
		resp, body := send(t, step.method, url+"/api/users"+step.path, step.body, step.as)
		if resp.StatusCode != step.status || !strings.Contains(body, step.part) || strings.Contains(body, "argon2") {
			t.Errorf("%s %s %s: %d %s", step.method, step.path, step.body, resp.StatusCode, body)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(text), "# mine\ncameras: [] # none\n") {
		t.Errorf("%v\n%s", err, text)
	}
	if config, err := configs.Load(path); err != nil || len(config.Auth.Users) != 1 || config.Auth.Users[0].Name != "ann" {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestTwoAdminsWhoDemoteEachOtherLeaveOne(t *testing.T) {
	url, path := serveText(t, "cameras: []\n")
	const admin, viewer = `{"role": "admin", "password": "a good password"}`, `{"role": "viewer"}`
	send(t, "PUT", url+"/api/users/ann", admin, nil)
	for round := range 10 {
		send(t, "PUT", url+"/api/users/bob", admin, asUser("ann"))
		send(t, "PUT", url+"/api/users/ann", admin, asUser("bob"))
		send(t, "GET", url+"/api/users", "", asUser("ann")) // so that neither password is hashed below
		send(t, "GET", url+"/api/users", "", asUser("bob"))
		var both sync.WaitGroup
		for _, names := range [][2]string{{"ann", "bob"}, {"bob", "ann"}} {
			both.Go(func() { send(t, "PUT", url+"/api/users/"+names[0], viewer, asUser(names[1])) })
		}
		both.Wait()
		config, err := configs.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		left := slices.IndexFunc(config.Auth.Users, func(u configs.User) bool { return u.Role == configs.AdminRole })
		if left < 0 {
			t.Fatalf("round %d: no admin is left: %+v", round, config.Auth.Users)
		}
		other := map[string]string{"ann": "bob", "bob": "ann"}[config.Auth.Users[left].Name]
		send(t, "PUT", url+"/api/users/"+other, admin, asUser(config.Auth.Users[left].Name))
	}
}

// asUser returns the header of a user whose password is a good password.
func asUser(name string) map[string]string {
	return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":a good password"))}
}

// TestRequestAndCommandLeaveAnAdmin has two admins: a request makes one a viewer, and a command removes the other. The server has not read what
// the command has written.
func TestRequestAndCommandLeaveAnAdmin(t *testing.T) {
	const admin, viewer = `{"role": "admin", "password": "a good password"}`, `{"role": "viewer"}`
	setUp := func() (url, path string, command *edit.File) {
		url, path = serveText(t, "cameras: []\n")
		send(t, "PUT", url+"/api/users/ann", admin, nil)
		if resp, body := send(t, "PUT", url+"/api/users/bob", admin, asUser("ann")); resp.StatusCode != 201 {
			t.Fatal(body)
		}
		return url, path, &edit.File{Path: path}
	}
	adminOf := func(path string) string {
		config, err := configs.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(config.Auth.Users, func(u configs.User) bool { return u.Role == configs.AdminRole }); i >= 0 {
			return config.Auth.Users[i].Name
		}
		return "nobody"
	}

	for method, body := range map[string]string{"PUT": viewer, "DELETE": ""} {
		url, path, command := setUp()
		if err := command.RemoveUser("bob", edit.KeepAdmin); err != nil {
			t.Fatal(err)
		}
		resp, text := send(t, method, url+"/api/users/ann", body, asUser("ann"))
		if resp.StatusCode != 409 || !strings.Contains(text, "nobody else is an admin") || adminOf(path) != "ann" {
			t.Errorf("%s after the command: %d %s; the admin is %s", method, resp.StatusCode, text, adminOf(path))
		}

		url, path, command = setUp()
		if resp, text := send(t, method, url+"/api/users/ann", body, asUser("bob")); resp.StatusCode >= 300 {
			t.Fatal(text)
		}
		err := command.RemoveUser("bob", edit.KeepAdmin)
		if alone := method == "DELETE"; alone != (err == nil) || !alone && (!errors.Is(err, edit.ErrNoAdmin) || adminOf(path) != "bob") {
			t.Errorf("the command after %s: %v; the admin is %s", method, err, adminOf(path))
		}
	}

	url, path, command := setUp()
	for round := range 10 {
		var both sync.WaitGroup
		both.Go(func() { send(t, "PUT", url+"/api/users/ann", viewer, asUser("ann")) })
		both.Go(func() { command.RemoveUser("bob", edit.KeepAdmin) })
		both.Wait()
		left := adminOf(path)
		if left == "nobody" {
			t.Fatalf("round %d: no admin is left", round)
		}
		other := map[string]string{"ann": "bob", "bob": "ann"}[left]
		send(t, "PUT", url+"/api/users/"+other, admin, asUser(left))
	}
}

// TestPasswordsAreHashedInTheQueueOfAll sends requests that end before it is their turn.
func TestPasswordsAreHashedInTheQueueOfAll(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	refused := func(handler http.Handler, r *http.Request, path string) {
		t.Helper()
		r.RemoteAddr = loopback
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r.WithContext(ended))
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: %d %v %s", r.URL, w.Code, w.Header(), w.Body)
		}
		if config, err := configs.Load(path); err == nil && len(config.Auth.Users) > 0 {
			t.Errorf("%s has added a user", r.URL)
		}
	}
	path := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte("cameras: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	handler, stop := newHandler(t, configs.Default(), &edit.File{Path: path}, time.Now)
	defer stop()
	r := httptest.NewRequest("PUT", "http://127.0.0.1/api/users/ann", strings.NewReader(`{"role": "admin", "password": "a good password"}`))
	r.Header.Set("Content-Type", "application/json")
	refused(handler, r, path)

	path = filepath.Join(t.TempDir(), "framegate.yaml")
	first, err := firstrun.New(path)
	if err != nil {
		t.Fatal(err)
	}
	handler, stop = newHandlerOf(t, configs.Default(), &edit.File{Path: path}, time.Now, first)
	defer stop()
	form := url.Values{"code": {first.Code()}, "name": {"ann"}, "password": {"a good password"}, "again": {"a good password"}}
	r = httptest.NewRequest("POST", "http://127.0.0.1/setup/first", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	refused(handler, r, path)
}

func TestSetupPagesSayWhatTheAPISays(t *testing.T) {
	url, _ := serveText(t, withPassword)
	for path, parts := range map[string][]string{
		"/setup/users":         {"There are no users", `data-send="PUT"`},
		"/setup/links":         {"Make a new key", "/cameras/gate/stream"},
		"/setup/hardware":      {"GStreamer 1.22.0"},
		"/setup/configuration": {"test.yaml", "no faults"},
		"/setup/cameras/gate":  {`data-masks="[]"`, `name="overlay.corner"`},
	} {
		resp, body := get(t, url+path)
		for _, part := range parts {
			if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), part) {
				t.Errorf("%s: %d lacks %q: %s", path, resp.StatusCode, part, body)
			}
		}
	}
}
