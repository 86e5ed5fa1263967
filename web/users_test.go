package web

import (
	"net/http"
	"testing"

	"github.com/framegate/framegate/configs"

	"github.com/alexedwards/argon2id"
)

// userOf returns a user whose hash takes next to no time.
func userOf(t testing.TB, name, password, role string, cameras ...string) configs.User {
	t.Helper()
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 8, KeyLength: 16})
	if err != nil {
		t.Fatal(err)
	}
	return configs.User{Name: name, PasswordHash: configs.Secret(hash), Role: role, Cameras: cameras}
}

// asked returns the answer to a request with Basic credentials, if there is a name, and headers by turns of name and value.
func asked(t *testing.T, url, name, password string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if name != "" {
		r.SetBasicAuth(name, password)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

func TestUserSeesByRoleAndCameras(t *testing.T) {
	config := configs.Default()
	config.Auth.Users = []configs.User{
		userOf(t, "ann", "correct horse", configs.AdminRole),
		userOf(t, "bob", "battery staple", configs.ViewerRole, "nothing-*"),
	}
	url := serveConfig(t, config, nil)
	for _, test := range []struct {
		path, name, password string
		want                 int
	}{
		{"/api/cameras", "", "", 401},
		{"/api/cameras", "ann", "wrong", 401},
		{"/api/cameras", "eve", "correct horse", 401},
		{"/api/cameras", "ann", "correct horse", 200},
		{"/api/cameras", "bob", "battery staple", 200},
		{"/api/hardware", "bob", "battery staple", 403},
		{"/api/cameras/gate", "bob", "battery staple", 403},
		{"/healthz", "ann", "wrong", 200},
	} {
		if got := asked(t, url+test.path, test.name, test.password); got.StatusCode != test.want {
			t.Errorf("%s as %s:%s: %d, want %d", test.path, test.name, test.password, got.StatusCode, test.want)
		}
	}
}

func TestImagesAndScriptsOfAPageOpenNoDialogForAPassword(t *testing.T) {
	config := configs.Default()
	config.Auth.Users = []configs.User{userOf(t, "ann", "correct horse", configs.AdminRole)}
	url := serveConfig(t, config, nil)
	for _, name := range []string{"", "ann"} { // without credentials, and with wrong ones
		for part, asks := range map[string]bool{"": true, "document": true, "image": false, "empty": false, "script": false} {
			got := asked(t, url+"/api/cameras", name, "wrong", "Sec-Fetch-Dest", part)
			if challenge := got.Header.Get("WWW-Authenticate"); got.StatusCode != 401 || (challenge != "") != asks {
				t.Errorf("%q for %q: %d, %q", name, part, got.StatusCode, challenge)
			}
		}
	}
}
