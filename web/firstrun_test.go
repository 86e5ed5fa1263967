package web

import (
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
	"github.com/framegate/framegate/web/auth/firstrun"
)

// serveFirstRun serves a framegate without a configuration. It returns the path of the one that will be made.
func serveFirstRun(t *testing.T) (url, path string, first *firstrun.Setup) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "framegate.yaml")
	first, err := firstrun.New(path)
	if err != nil {
		t.Fatal(err)
	}
	handler, stop := newHandlerOf(t, configs.Default(), &edit.File{Path: path}, time.Now, first)
	url = listenWith(t, handler)
	t.Cleanup(stop)
	return url, path, first
}

// sendForm sends the form of the first run as a browser would, with further headers.
func sendForm(t *testing.T, client *http.Client, at, code, name, password string, header map[string]string) (*http.Response, string) {
	t.Helper()
	form := url.Values{"code": {code}, "name": {name}, "password": {password}, "again": {password}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at+"/setup/first", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body := make([]byte, 1<<16)
	n, _ := resp.Body.Read(body)
	return resp, string(body[:n])
}

func TestNothingWorksBeforeTheFirstRunButItsForm(t *testing.T) {
	at, path, first := serveFirstRun(t)
	for _, to := range new(server).routes() {
		place := strings.NewReplacer("{id}", "gate", "*", "style.css").Replace(to.pattern)
		for _, from := range []string{loopback, elsewhere} {
			status, body := statusOf(t, to.method, at+place, map[string]string{"Test-From": from})
			if healthPaths[place] || strings.HasPrefix(place, "/static/") {
				if status != http.StatusOK {
					t.Errorf("%s %s: %d", to.method, place, status)
				}
				continue
			}
			if status != http.StatusServiceUnavailable || !strings.Contains(body, "not set up yet") || strings.Contains(body, first.Code()) {
				t.Errorf("%s %s from %s: %d %s", to.method, place, from, status, body)
			}
		}
	}
	for place, want := range map[string]int{"/": 200, "/cameras/gate": 503, "/setup": 503} {
		status, body := statusAndBody(t, at+place, map[string]string{"Accept": "text/html", "Test-From": elsewhere})
		if status != want || !strings.Contains(body, `name="code"`) || strings.Contains(body, first.Code()) {
			t.Errorf("%s: %d %s", place, status, body)
		}
	}
	for why, header := range map[string]map[string]string{
		"a page of another origin": {"Origin": "https://evil.example"},
		"another site":             {"Sec-Fetch-Site": "cross-site"},
		"a foreign name":           {"Host": "evil.example", "Origin": "http://evil.example"},
		"a script":                 {"Content-Type": "application/json"},
	} {
		if resp, body := sendForm(t, http.DefaultClient, at, first.Code(), "ann", "ann's password", header); resp.StatusCode < 400 {
			t.Errorf("%s makes the admin: %d %s", why, resp.StatusCode, body)
		}
	}
	for _, with := range [][3]string{{"AAAA-AAAA-AAAA-AAAA", "ann", "ann's password"}, {first.Code(), "<ann>", "ann's password"}, {first.Code(), "ann", "short"}} {
		resp, body := sendForm(t, http.DefaultClient, at, with[0], with[1], with[2], map[string]string{"Test-From": elsewhere})
		if resp.StatusCode != http.StatusForbidden || !strings.Contains(body, `aria-describedby="refusal"`) || strings.Contains(body, "<ann>") {
			t.Errorf("%v: %d %s", with, resp.StatusCode, body)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the configuration was made")
	}
}

func TestFirstAdminIsSignedInAndNobodyElseIsMade(t *testing.T) {
	at, path, first := serveFirstRun(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: time.Minute}
	resp, body := sendForm(t, client, at, first.Code(), "ann", "ann's password", nil)
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path != "/setup/add" || !strings.Contains(body, "Add a camera") {
		t.Fatalf("%s: %d %s", resp.Request.URL, resp.StatusCode, body)
	}
	if config, err := configs.Load(path); err != nil || len(config.Auth.Users) != 1 || config.Auth.Users[0].Name != "ann" {
		t.Errorf("%v %+v", err, config)
	}
	resp, body = sendForm(t, http.DefaultClient, at, first.Code(), "eve", "eve's password", nil)
	if resp.StatusCode < 400 {
		t.Errorf("a second admin: %d %s", resp.StatusCode, body)
	}
	if status, _ := statusOf(t, http.MethodGet, at+"/api/cameras", nil); status != http.StatusUnauthorized {
		t.Errorf("nobody is answered %d", status)
	}
	if config, err := configs.Load(path); err != nil || len(config.Auth.Users) != 1 {
		t.Errorf("%v %+v", err, config)
	}
}

// TestWrongCodesOfTheFirstRunAreLoggedRarely because anybody may send them, as often as they like.
func TestWrongCodesOfTheFirstRunAreLoggedRarely(t *testing.T) {
	first, err := firstrun.New(filepath.Join(t.TempDir(), "framegate.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	handler, stop := newHandlerOf(t, configs.Default(), &edit.File{Path: "framegate.yaml"}, time.Now, first)
	all, few := &logText{}, &logText{}
	handler.server.Log = slog.New(slog.NewTextHandler(all, nil))
	handler.server.visitLog = slog.New(slog.NewTextHandler(few, nil)) // limited in use
	at := listenWith(t, handler)
	t.Cleanup(stop)
	if resp, body := sendForm(t, http.DefaultClient, at, "AAAA-AAAA-AAAA-AAAA", "ann", "correct horse", nil); resp.StatusCode != http.StatusForbidden {
		t.Errorf("%s %s", resp.Status, body)
	}
	if all.String() != "" || !strings.Contains(few.String(), `msg="the first admin was not made" from=127.0.0.1`) {
		t.Errorf("%s\n%s", all, few)
	}
}
