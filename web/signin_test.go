package web

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
)

// signInServer serves the camera gate with the users ann, an admin, and bob, who may see it.
func signInServer(t testing.TB) string {
	t.Helper()
	return serveConfig(t, configWithUsers(t, ""), nil)
}

func configWithUsers(t testing.TB, more string) *configs.Config {
	t.Helper()
	config, err := configs.Parse("test.yaml", []byte(more+"\ncameras: [{id: gate, url: 'rtsp://h/gate'}]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	config.Auth.Users = []configs.User{
		userOf(t, "ann", "correct horse", configs.AdminRole), userOf(t, "bob", "battery staple", configs.ViewerRole, "gate"),
	}
	return config
}

// visit is a browser that shows no pages: it keeps cookies and follows no redirect.
type visit struct {
	http.Client
	root string
}

func newVisit(t testing.TB, root string) *visit {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visit{root: root, Client: http.Client{
		Jar: jar, Timeout: 15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// do sends a request as a browser does for a page, with headers by turns of name and value.
func (v *visit) do(t testing.TB, method, path string, form url.Values, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, v.root+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", v.root)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := v.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// signIn signs in, and returns where the browser is sent.
func (v *visit) signIn(t testing.TB, name, password, next string) string {
	t.Helper()
	resp, body := v.do(t, "POST", "/sign-in", url.Values{"name": {name}, "password": {password}, "next": {next}})
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s: %s", resp.Status, body)
	}
	return resp.Header.Get("Location")
}

// expect checks the status of a path.
func (v *visit) expect(t testing.TB, method, path string, want int) {
	t.Helper()
	if resp, body := v.do(t, method, path, nil); resp.StatusCode != want {
		t.Errorf("%s %s: %s, want %d: %s", method, path, resp.Status, want, body)
	}
}

func TestPersonIsSentToSignInAndBack(t *testing.T) {
	v := newVisit(t, signInServer(t))
	for path, want := range map[string]string{
		"/":                               "./sign-in",
		"/cameras/gate":                   ".././sign-in?next=%2Fcameras%2Fgate",
		"/cameras/gate/":                  "../.././sign-in?next=%2Fcameras%2Fgate%2F",
		"/cameras/gate/stream?fps=5&_=1":  "../.././sign-in?next=%2Fcameras%2Fgate%2Fstream%3Ffps%3D5%26_%3D1",
		"/metrics":                        "./sign-in?next=%2Fmetrics",
		"/cameras/gate/snapshot.jpg?a=\\": "../.././sign-in",
	} {
		resp, _ := v.do(t, "GET", path, nil)
		if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || got != want {
			t.Errorf("%s: %s to %q, want %q", path, resp.Status, got, want)
		}
		resp, _ = v.do(t, "GET", path, nil, "Accept", "image/avif,image/webp,*/*;q=0.8")
		if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s as a picture: %s", path, resp.Status)
		}
	}
	_, page := v.do(t, "GET", "/sign-in?next=%2Fcameras%2Fgate%3Fa%3Db", nil)
	if !strings.Contains(page, `name="next" value="/cameras/gate?a=b"`) {
		t.Error(page)
	}
	if to := v.signIn(t, "ann", "correct horse", "/cameras/gate?a=b"); to != "./cameras/gate?a=b" {
		t.Errorf("sent to %q", to)
	}
	v.expect(t, "GET", "/cameras/gate", 200)
	v.expect(t, "GET", "/api/hardware", 200)
	if resp, _ := v.do(t, "GET", "/sign-in?next=/account", nil); resp.Header.Get("Location") != "./account" {
		t.Errorf("who is signed in: %s", resp.Status)
	}
}

func TestSignInLeadsToThisServerOnly(t *testing.T) {
	v := newVisit(t, signInServer(t))
	base, _ := url.Parse(v.root + "/sign-in")
	for _, next := range []string{
		"", "/", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, "https://evil.example/", "https:evil.example", "javascript:alert(1)",
		"/\t/evil.example", "\t//evil.example", "/\n/evil.example", " //evil.example", "/%0d%0aSet-Cookie:a=b\r\nX: y", "evil.example", "http:", ":", "%", "/%",
		"/..//evil.example", "/cameras/../../x", "/./x", "/%2e%2e/x", "//", "/a//b", "/sign-in?next=/", "/sign-out", "@evil.example", "/" + strings.Repeat("x", maxReturnPath), "/ü", "/%2Fevil.example", "/%2f", "%2f", "/a/%2f", "/a%2Fb",
	} {
		if to := v.signIn(t, "bob", "battery staple", next); to != "./" {
			t.Errorf("%q leads to %q", next, to)
		}
	}
	for _, next := range []string{"/cameras/gate", "/cameras/gate/", "/cameras/gate?a=//evil.example&b=https://evil.example", "/a:b", "/account#x"} {
		to, err := base.Parse(v.signIn(t, "bob", "battery staple", next))
		if err != nil || to.Host != base.Host || to.RequestURI() != strings.TrimSuffix(next, "#x") {
			t.Errorf("%q leads to %v, %v", next, to, err)
		}
	}
}

func FuzzWayBack(f *testing.F) {
	for _, next := range []string{"/", "//evil", `/\evil`, "/a?b", "https://evil", "/%2f%2fevil", "/%2f", "%2f", "/a:b", "/.//evil", "/\x00", "/;x=/../"} {
		f.Add(next)
	}
	base, _ := url.Parse("https://cams.example/base/sign-in")
	f.Fuzz(func(t *testing.T, next string) {
		back := returnPath(next)
		to, err := base.Parse("./" + strings.TrimPrefix(back, "/"))
		if err != nil || to.Host != base.Host || to.Scheme != "https" || !strings.HasPrefix(to.Path, "/base/") || strings.HasPrefix(to.Path, "/base//") {
			t.Errorf("%q leads to %v, %v", next, to, err)
		}
	})
}

func TestWrongPasswordShowsThePageAgain(t *testing.T) {
	v := newVisit(t, signInServer(t))
	form := url.Values{"name": {`ann"><b>`}, "password": {"Wr0ng-marker"}, "next": {"/account"}}
	resp, page := v.do(t, "POST", "/sign-in", form)
	if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("WWW-Authenticate") != "" || len(resp.Cookies()) > 0 {
		t.Errorf("%s, %v", resp.Status, resp.Header)
	}
	for _, want := range []string{`role="alert">Wrong name or password.<`, `value="ann&#34;&gt;&lt;b&gt;"`, `name="next" value="/account"`} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not in %s", want, page)
		}
	}
	if strings.Contains(page, "Wr0ng-marker") {
		t.Error("the page has the password")
	}
	for range 50 {
		resp, page = v.do(t, "POST", "/sign-in", form)
		if resp.StatusCode == http.StatusTooManyRequests {
			break
		}
	}
	if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") == "" || !strings.Contains(page, `role="alert">Too many`) {
		t.Errorf("after many: %s, %s", resp.Status, page)
	}
}

func TestFormsOfOtherOriginsAreRefused(t *testing.T) {
	url := signInServer(t)
	v := newVisit(t, url)
	v.signIn(t, "ann", "correct horse", "")
	for _, path := range []string{"/sign-in", "/sign-out", "/account/sessions/others/end"} {
		for _, headers := range [][]string{{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
			if resp, _ := v.do(t, "POST", path, nil, headers...); resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %v: %s", path, headers, resp.Status)
			}
		}
		if resp, _ := v.do(t, "POST", path, nil, "Content-Type", "text/plain"); resp.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	if resp, _ := v.do(t, "DELETE", "/api/sessions/others", nil, "Origin", "https://evil.example"); resp.StatusCode != http.StatusForbidden {
		t.Error(resp.Status)
	}
	v.expect(t, "GET", "/account", 200)
	long := map[string][]string{"name": {strings.Repeat("x", maxForm)}}
	if resp, _ := v.do(t, "POST", "/sign-in", long); resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Error(resp.Status)
	}
}

func TestAuditLogSaysWhoSignedOutButNoSecret(t *testing.T) {
	var log lockedBuffer
	handler, stop := newHandler(t, configWithUsers(t, ""), nil, time.Now)
	defer stop()
	handler.server.Log = slog.New(slog.NewTextHandler(&log, nil))
	v := newVisit(t, listenWith(t, handler))
	v.signIn(t, "ann", "correct horse", "")
	root, _ := url.Parse(v.root)
	token := v.Jar.Cookies(root)[0].Value
	v.do(t, "POST", "/account/sessions/others/end", nil)
	v.do(t, "POST", "/sign-out", nil)
	text := log.String()
	if !strings.Contains(text, `msg="signed out" who=ann from=127.0.0.1`) || !strings.Contains(text, `msg="sessions ended" who=ann from=127.0.0.1`) {
		t.Error(text)
	}
	if strings.Contains(text, token) || strings.Contains(text, "horse") {
		t.Errorf("a secret is in %s", text)
	}
}

func TestOpenServerWithUsersOffersToSignIn(t *testing.T) {
	v := newVisit(t, serveConfig(t, configWithUsers(t, "auth: {open: true}"), nil))
	_, page := v.do(t, "GET", "/cameras/gate", nil)
	if !strings.Contains(page, `href="../sign-in?next=%2Fcameras%2Fgate"`) || strings.Contains(page, "sign-out") {
		t.Error(page)
	}
	v.signIn(t, "ann", "correct horse", "")
	if _, page = v.do(t, "GET", "/", nil); !strings.Contains(page, `>ann</a>`) || strings.Contains(page, "Sign in") {
		t.Error(page)
	}
}

func TestServerWithoutUsersHasNoSignIn(t *testing.T) {
	v := newVisit(t, serve(t))
	_, page := v.do(t, "GET", "/", nil)
	if strings.Contains(page, "sign-in") || strings.Contains(page, "sign-out") {
		t.Error(page)
	}
	for _, method := range []string{"GET", "POST"} {
		if resp, _ := v.do(t, method, "/sign-in", nil); resp.Header.Get("Location") != "./" {
			t.Errorf("%s: %s", method, resp.Status)
		}
	}
	v.expect(t, "GET", "/account", 200)
	if _, list := v.do(t, "GET", "/api/sessions", nil); strings.TrimSpace(list) != "[]" {
		t.Error(list)
	}
	v.expect(t, "DELETE", "/api/sessions/others", http.StatusNotFound)
}

func TestFormsAreOnPagesWithThePolicyForThem(t *testing.T) {
	v := newVisit(t, signInServer(t))
	expect := func(path, want string) {
		t.Helper()
		resp, body := v.do(t, "GET", path, nil)
		h := resp.Header
		if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'self'; base-uri 'none'; form-action "+want+";") {
			t.Errorf("%s: %s", path, policy)
		}
		if h.Get("Referrer-Policy") != "same-origin" || h.Get("Cache-Control") != "no-store" || strings.Contains(body, "<form") != (want == "'self'") {
			t.Errorf("%s: %v", path, h)
		}
	}
	expect("/sign-in", "'self'")
	v.signIn(t, "ann", "correct horse", "")
	for _, path := range []string{"/", "/cameras/gate", "/account"} {
		expect(path, "'self'")
	}
	v.root = serve(t)
	expect("/", "'none'")
}

// lockedBuffer is a bytes.Buffer for several goroutines.
type lockedBuffer struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestSignInWorksBelowThePathOfAProxy(t *testing.T) {
	wall := below(t, signInServer(t))
	v := newVisit(t, strings.TrimSuffix(wall, "/"))
	follow := func(path string, resp *http.Response) string {
		t.Helper()
		base, _ := url.Parse(v.root + path)
		to, err := base.Parse(resp.Header.Get("Location"))
		if err != nil || resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to.String(), wall) {
			t.Fatalf("%s: %s to %v, %v", path, resp.Status, to, err)
		}
		return "/" + strings.TrimPrefix(to.String(), wall)
	}
	resp, _ := v.do(t, "GET", "/cameras/gate/", nil)
	signIn := follow("/cameras/gate/", resp)
	if signIn != "/sign-in?next=%2Fcameras%2Fgate%2F" {
		t.Fatal(signIn)
	}
	_, page := v.do(t, "GET", signIn, nil)
	if !strings.Contains(page, `action="sign-in"`) {
		t.Error(page)
	}
	form := url.Values{"name": {"ann"}, "password": {"correct horse"}, "next": {"/cameras/gate/"}}
	// The proxy passes on its own address as Host, so the browser's Origin is another one; over TLS it says that it is the same.
	resp, _ = v.do(t, "POST", "/sign-in", form, "Sec-Fetch-Site", "same-origin")
	if to := follow("/sign-in", resp); to != "/cameras/gate/" {
		t.Error(to)
	}
	v.expect(t, "GET", "/cameras/gate/", 200)
	resp, _ = v.do(t, "POST", "/account/sessions/others/end", nil, "Sec-Fetch-Site", "same-origin")
	if to := follow("/account/sessions/others/end", resp); to != "/account" {
		t.Error(to)
	}
}

func TestBrowserOverHTTPOpensNoDialogForAPassword(t *testing.T) {
	url := signInServer(t)
	for agent, asks := range map[string]bool{"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0": false, "curl/8.0": true, "": true} {
		got := asked(t, url+"/api/cameras", "", "", "User-Agent", agent)
		if challenge := got.Header.Get("WWW-Authenticate"); got.StatusCode != 401 || (challenge != "") != asks {
			t.Errorf("%s: %d, %q", agent, got.StatusCode, challenge)
		}
	}
}
