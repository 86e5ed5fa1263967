package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/certificate/certificatetest"
	"github.com/framegate/framegate/internal/process"

	"github.com/alexedwards/argon2id"
	"github.com/golang-jwt/jwt/v5"
)

// TestSecretsAppearNowhere plants a text in every secret, uses each of them rightly and wrongly, and looks for the texts in all that
// framegate says: its log at the lowest level, its answers on every route, its command line, and what it prints when it crashes.
func TestSecretsAppearNowhere(t *testing.T) {
	const (
		inURL, inVariable, password = "planted-in-a-url", "planted-in-a-variable", "planted-password"
		wrongPassword, wrongName    = "planted-wrong-password", "planted-wrong-name"
		jwtSecret, linkSecret       = "planted-jwt-secret-0123456789abcdef", "planted-link-secret-0123456789abcdef"
		proxySecret                 = "planted-proxy-secret"
		newPassword, inRequest      = "planted-new-password", "planted-in-a-request"
	)
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 8, KeyLength: 16})
	if err != nil {
		t.Fatal(err)
	}
	path := config(t, fmt.Sprintf(`
log_level: debug
tls: {cert: cert.pem, key: key.pem}
trusted_proxies: [127.0.0.9]
auth:
  proxy: {user_header: Remote-User, secret: %s}
  users: [{name: ann, password_hash: '%s', role: admin}]
  jwt: {secret: %s}
  link_keys: [{id: wall, secret: %s}]
cameras:
  - {id: a, url: 'rtsp://user:%s@127.0.0.1:1/stream?password=%[5]s'}
  - {id: b, url: 'http://127.0.0.1:1/', username: user, password: '${PLANTED}'}
  - {id: c, url: 'test://smpte'}
`, proxySecret, hash, jwtSecret, linkSecret, inURL))
	certificatetest.Write(t, filepath.Dir(path))
	key := strings.Split(read(t, filepath.Join(filepath.Dir(path), "key.pem")), "\n")[1]
	p, err := process.StartIn([]string{"PLANTED=" + inVariable}, binary, "--config", path)
	s := untilEnd(t, p, err)

	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "carl", "role": "admin", "exp": time.Now().Add(time.Hour).Unix()}).SignedString([]byte(jwtSecret))
	if err != nil {
		t.Fatal(err)
	}
	link, said, status := run(t, "sign", s.URL+"/cameras/c/snapshot.jpg", "--config", path)
	if status != 0 {
		t.Fatal(said)
	}
	signed, err := url.Parse(strings.TrimSpace(link))
	if err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	person := &http.Client{Jar: jar, Transport: transport}
	if resp, err := person.PostForm(s.URL+"/sign-in", url.Values{"name": {"ann"}, "password": {password}}); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v %v", resp, err)
	}
	here, _ := url.Parse(s.URL)
	cookies := jar.Cookies(here)
	if len(cookies) == 0 {
		t.Fatal("no session")
	}
	person.PostForm(s.URL+"/sign-in", url.Values{"name": {wrongName}, "password": {wrongPassword}})

	secrets := map[string]string{
		"a password in a URL": inURL, "a password of the environment": inVariable, "a user's password": password, "its hash": hash,
		"a new password": newPassword, "a password of a camera in a request": inRequest,
		"a wrong password": wrongPassword, "a wrong name, which may be a password": wrongName,
		"the key of the certificate": key, "the secret of a proxy": proxySecret, "the secret of tokens": jwtSecret, "the secret of links": linkSecret, "a token": strings.Split(token, ".")[2],
		"the signature of a link": signed.Query().Get("signature"), "a session": cookies[0].Value,
	}
	for what, secret := range secrets {
		if secret == "" {
			t.Fatalf("%s is not planted", what)
		}
	}
	seen := map[string]string{}
	credentials := map[string]func(*http.Request){
		"a password":       func(r *http.Request) { r.SetBasicAuth("ann", password) },
		"a wrong password": func(r *http.Request) { r.SetBasicAuth("ann", wrongPassword) },
		"a wrong name":     func(r *http.Request) { r.SetBasicAuth(wrongName, password) },
		"a token":          func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) },
		"a token in a URL": func(r *http.Request) { r.URL.RawQuery = "token=" + token },
		"a wrong token":    func(r *http.Request) { r.URL.RawQuery = "token=" + token + "x" },
		"a link":           func(r *http.Request) { r.URL.RawQuery = signed.RawQuery },
		"a proxy's header": func(r *http.Request) {
			r.Header.Set("Remote-User", "dora")
			r.Header.Set("X-Framegate-Secret", proxySecret)
		},
		"a session": func(r *http.Request) { r.AddCookie(cookies[0]) },
	}
	for name, use := range credentials {
		for _, route := range []string{
			"/", "/cameras/a/", "/cameras/c/", "/api/cameras", "/api/cameras/a", "/api/cameras/b", "/api/config", "/api/hardware", "/api/links/keys",
			"/metrics", "/healthz", "/readyz", "/account", "/sign-in", "/none", "/setup", "/setup/add", "/setup/cameras/a", "/setup/cameras/b", "/debug/pprof/", "/openapi.json", "/cameras/a/snapshot.jpg", "/cameras/b/next.jpg", "/cameras/c/snapshot.jpg",
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			r, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+route, nil)
			use(r)
			client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			seen[route+" with "+name] = fmt.Sprint(resp.Header) + readAll(t, resp.Body)
			cancel()
		}
	}
	for _, change := range [][3]string{
		{"PUT", "/api/users/eve", `{"password": "` + newPassword + `"}`},
		{"PUT", "/api/users/eve", `{"password": "` + newPassword + `", "role": "king"}`},
		{"PUT", "/api/password", `{"old": "` + wrongPassword + `", "new": "` + newPassword + `"}`},
		{"POST", "/api/cameras", `{"id": "d", "url": "rtsp://user:` + inRequest + `@127.0.0.1:1/x"}`},
		{"POST", "/api/cameras", `{"id": "e", "url": "rtsp://127.0.0.1:1/x", "username": "user", "password": "` + inRequest + `", "unknown": 1}`},
		{"PATCH", "/api/cameras/d", `{"url": "nowhere://user:` + inRequest + `@127.0.0.1:1/x"}`},
		{"POST", "/api/probe", `{"url": "rtsp://user:` + inRequest + `@127.0.0.1:1/x"}`},
		{"POST", "/api/links", `{"path": "/cameras/c/stream?token=` + token + `"}`},
		{"POST", "/api/links/revoke", `{"url": "` + strings.TrimSpace(link) + `"}`},
	} {
		r, _ := http.NewRequestWithContext(t.Context(), change[0], s.URL+change[1], strings.NewReader(change[2]))
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth("ann", password)
		resp, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		seen[strings.Join(change[:2], " ")+" "+resp.Status] += fmt.Sprint(resp.Header) + readAll(t, resp.Body)
	}
	seen["the command line"] = read(t, fmt.Sprintf("/proc/%d/cmdline", s.PID()))
	s.Signal(syscall.SIGQUIT) // which prints every goroutine, as a crash does
	s.Wait()
	seen["the log"] = s.Log()
	if !strings.Contains(s.Log(), "goroutine ") || !strings.Contains(s.Log(), "msg=request") {
		t.Error("there is no crash, or no access log")
	}
	for where, text := range seen {
		for what, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s has %s", where, what)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestChildGetsNoVariableOfTheConfiguration(t *testing.T) {
	t.Setenv("PLANTED", "secret")
	t.Setenv("PLANTED_TOO", "stays")
	cmd := proveWithout([]string{"PLANTED"})(t.Context(), "software", 0)
	env := strings.Join(cmd.Env, "\n")
	if strings.Contains(env, "PLANTED=") || !strings.Contains(env, "PLANTED_TOO=stays") || !strings.Contains(env, "PATH=") {
		t.Errorf("%s", env)
	}
}

func readAll(t *testing.T, body io.ReadCloser) string {
	t.Helper()
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
