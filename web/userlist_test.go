package web

import (
	"encoding/base64"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/framegate/framegate/configs"
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
	basic := func(name string) map[string]string {
		return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":a good password"))}
	}
	const admin, viewer = `{"role": "admin", "password": "a good password"}`, `{"role": "viewer"}`
	send(t, "PUT", url+"/api/users/ann", admin, nil)
	for round := range 10 {
		send(t, "PUT", url+"/api/users/bob", admin, basic("ann"))
		send(t, "PUT", url+"/api/users/ann", admin, basic("bob"))
		send(t, "GET", url+"/api/users", "", basic("ann")) // so that neither password is hashed below
		send(t, "GET", url+"/api/users", "", basic("bob"))
		var both sync.WaitGroup
		for _, names := range [][2]string{{"ann", "bob"}, {"bob", "ann"}} {
			both.Go(func() { send(t, "PUT", url+"/api/users/"+names[0], viewer, basic(names[1])) })
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
		send(t, "PUT", url+"/api/users/"+other, admin, basic(config.Auth.Users[left].Name))
	}
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
