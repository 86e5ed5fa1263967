package web

import (
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/edit"
)

const site = "cors_origins: [https://wall.example]\ncameras: # of the site\n  - id: gate # at the road\n    url: rtsp://h/gate\n  - {id: yard, url: 'rtsp://h/yard'}\n"

// serveFile serves a file with two cameras.
func serveFile(t *testing.T) (url, path string) {
	t.Helper()
	return serveText(t, site)
}

// serveText serves a file with this content.
func serveText(t *testing.T, text string) (url, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := configs.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return serveConfig(t, config, &edit.File{Path: path, Start: config}), path
}

// send makes a request with a JSON body and further headers.
func send(t *testing.T, method, url, body string, header map[string]string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		request.Header.Set(name, value)
	}
	request.Host = request.Header.Get("Host")
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func TestCamerasAreAddedChangedAndRemoved(t *testing.T) {
	url, path := serveFile(t)
	url += "/api/cameras"
	for _, step := range []struct {
		method, path, body string
		status             int
		part, location     string
	}{
		{"POST", "", `{"id": "shed", "url": "rtsp://h/shed", "name": "The shed"}`, 201, `"name": "The shed"`, "/api/cameras/shed"},
		{"PUT", "/dock", `{"url": "rtsp://h/dock", "disabled": true}`, 201, `"state": "disabled"`, "/api/cameras/dock"},
		{"PUT", "/shed", `{"url": "rtsp://h/shed"}`, 200, `"name": "shed"`, ""},
		{"PATCH", "/gate", `{"disabled": true}`, 200, `"state": "disabled"`, ""},
		{"PATCH", "/gate", `{"disabled": null, "name": "Gate"}`, 200, `"name": "Gate"`, ""},
		{"DELETE", "/shed", "", 204, "", ""},
		{"DELETE", "/shed", "", 404, "no such camera: shed", ""},
		{"DELETE", "/dock", "", 204, "", ""},
	} {
		resp, body := send(t, step.method, url+step.path, step.body, nil)
		location := resp.Header.Get("Location")
		if resp.StatusCode != step.status || !strings.Contains(body, step.part) || location != step.location {
			t.Errorf("%s %s %s: %s %v %s", step.method, step.path, step.body, resp.Status, resp.Header, body)
		}
	}
	_, body := get(t, url)
	var cameras []struct{ ID, Name, State string }
	if err := json.Unmarshal(body, &cameras); err != nil || len(cameras) != 2 || cameras[0].Name != "Gate" || cameras[0].State == "disabled" {
		t.Errorf("%v %s", err, body)
	}
	content, _ := os.ReadFile(path)
	if want := strings.Replace(site, "rtsp://h/gate\n", "rtsp://h/gate\n    name: Gate\n", 1); string(content) != want {
		t.Errorf("the file is\n%s", content)
	}
}

func TestLogSaysWhoChangedCamerasAndFromWhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte("auth: {jwt: {secret: "+jwtSecret+"}}\n"+site), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := configs.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	handler, stop := newHandler(t, config, &edit.File{Path: path}, time.Now)
	t.Cleanup(stop)
	log := &logText{}
	handler.server.Log = slog.New(slog.NewTextHandler(log, nil))
	for _, c := range []struct{ method, path, body, line string }{
		{"POST", "", `{"id": "shed", "url": "rtsp://h/shed"}`, `msg="camera added" who=ann from=192.0.2.1 camera=shed`},
		{"PUT", "/dock", `{"url": "rtsp://h/dock"}`, `msg="camera added" who=ann from=192.0.2.1 camera=dock`},
		{"PUT", "/shed", `{"url": "rtsp://u:hunter2@h/shed"}`, `msg="camera replaced" who=ann from=192.0.2.1 camera=shed`},
		{"PATCH", "/gate", `{"disabled": true}`, `msg="camera changed" who=ann from=192.0.2.1 camera=gate`},
		{"DELETE", "/shed", "", `msg="camera removed" who=ann from=192.0.2.1 camera=shed`},
		{"PATCH", "/none", `{"disabled": true}`, ""},
		{"DELETE", "/none", "", ""},
	} {
		before := len(log.String())
		r := httptest.NewRequestWithContext(t.Context(), c.method, "http://cams/api/cameras"+c.path, strings.NewReader(c.body))
		r.RemoteAddr = "192.0.2.1:1"
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token(t, "admin", "*"))
		handler.ServeHTTP(httptest.NewRecorder(), r)
		if said := log.String()[before:]; !strings.Contains(said, c.line) || strings.Contains(said, "hunter2") || (c.line == "") == strings.Contains(said, "who=") {
			t.Errorf("%s %s: %s", c.method, c.path, said)
		}
	}
}

func TestWrongChangesAreRefusedWithTheReason(t *testing.T) {
	url, path := serveFile(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		parts              []string
	}{
		{"POST", "", `{"id": "gate", "url": "rtsp://h/"}`, 409, []string{"a camera with this id already exists: gate", `"camera":"gate"`}},
		{"POST", "", `{"id": "shed", "url": "rtsp://h/", "quality": 200}`, 400, []string{`"parameter":"quality"`, "from 1 to 100"}},
		{"POST", "", `{"id": "shed", "url": "rtsp://h/", "qualty": 20}`, 400, []string{`"parameter":"qualty"`, "did you mean quality?"}},
		{"POST", "", `{"id": "a b", "url": "rtsp://h/"}`, 400, []string{`"parameter":"id"`}},
		{"POST", "", `{"id": "shed", "url": "rtsp://h/", "name": "${HOME}"}`, 403, []string{`"parameter":"name"`, "environment variable", "$${"}},
		{"PUT", "/gate", `{"url": "file:///etc/passwd"}`, 403, []string{`"parameter":"url"`, `"camera":"gate"`, "configuration file itself"}},
		{"POST", "", `{"id": "shed"}`, 400, []string{"neither url nor vendor"}},
		{"POST", "", `{"id": `, 400, []string{"not one JSON object"}},
		{"POST", "", ``, 400, []string{"not one JSON object"}},
		{"POST", "", `{"id": "shed", "name": "` + strings.Repeat("x", maxBody) + `"}`, 413, []string{"larger than 64 KiB"}},
		{"PATCH", "/gate", `{"id": "shed"}`, 400, []string{`"parameter":"id"`, "cannot be changed"}},
		{"PATCH", "/gate", `{"url": "rtsp://u:hunter2@h:99999/"}`, 400, []string{`"parameter":"url"`, "it must be from 1 to 65535"}},
		{"PATCH", "/shed", `{"fps": 1}`, 404, []string{"no such camera: shed", `"camera":"shed"`}},
		{"PUT", "/a%20b", `{"url": "rtsp://h/"}`, 400, []string{`"parameter":"id"`}},
		{"PUT", "/gate", `{}`, 400, []string{"neither url nor vendor"}},
		{"PUT", "/gate", `[]`, 400, []string{"not a JSON object"}},
	} {
		resp, body := send(t, c.method, url+"/api/cameras"+c.path, c.body, nil)
		for _, part := range c.parts {
			if !strings.Contains(body, part) {
				t.Errorf("%s %s %.80s: no %s in %s", c.method, c.path, c.body, part, body)
			}
		}
		if resp.StatusCode != c.status || resp.Header.Get("Content-Type") != "application/problem+json" || strings.Contains(body, "hunter2") {
			t.Errorf("%s %s %.80s: %s %s", c.method, c.path, c.body, resp.Status, body)
		}
	}
	if content, _ := os.ReadFile(path); string(content) != site {
		t.Errorf("the file is\n%s", content)
	}

	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if resp, body := send(t, "PATCH", url+"/api/cameras/gate", `{"fps": 1}`, nil); resp.StatusCode != 403 || !strings.Contains(body, "read-only") {
		t.Errorf("read-only: %s %s", resp.Status, body)
	}
	if err := os.WriteFile(path+"~", []byte("cameras: [{id: gate}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
	for method, path := range map[string]string{"PATCH": "/api/cameras/gate", "POST": "/api/cameras"} {
		resp, body := send(t, method, url+path, `{"id": "gate"}`, nil)
		if resp.StatusCode != 409 || !strings.Contains(body, "by hand") || !strings.Contains(body, `"camera":"gate"`) {
			t.Errorf("%s of a file with faults: %s %s", method, resp.Status, body)
		}
	}
}

// TestChangeOfAFileThatIsNotInEffectIsRefused has files as they are while another program writes them.
func TestChangeOfAFileThatIsNotInEffectIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, part string }{
		"empty":         {"", "empty or has only comments"},
		"a line end":    {"\n", "empty or has only comments"},
		"comments only": {"# of the site\n# all gone\n", "empty or has only comments"},
		"half":          {site[:strings.Index(site, "    url:")], "neither url nor vendor"},
		"half a line":   {site[:len(site)-5], "by hand"},
		"a web page":    {"<html><body>502 Bad Gateway</body></html>\n", "expected keys and values"},
		"no YAML":       {"\x00\x01{", "by hand"},
		"no UTF-8":      {"cameras: # \xFF\n", "not UTF-8"},
		"missing":       {"", "no such file"},
	} {
		url, path := serveFile(t)
		err := os.WriteFile(path, []byte(c.text), 0o600)
		if name == "missing" {
			err = os.Remove(path)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, request := range []struct{ method, path, body string }{
			{"POST", "", `{"id": "shed", "url": "rtsp://h/shed"}`},
			{"PUT", "/shed", `{"url": "rtsp://h/shed"}`},
			{"PATCH", "/gate", `{"fps": 1}`},
			{"DELETE", "/gate", ""},
		} {
			resp, body := send(t, request.method, url+"/api/cameras"+request.path, request.body, nil)
			if resp.StatusCode != 409 || !strings.Contains(body, c.part) {
				t.Errorf("%s: %s: %s %s", name, request.method, resp.Status, body)
			}
		}
		if content, _ := os.ReadFile(path); string(content) != c.text {
			t.Errorf("%s: the file is\n%s", name, content)
		}
		if _, body := get(t, url+"/api/cameras"); !strings.Contains(string(body), `"gate"`) || !strings.Contains(string(body), `"yard"`) {
			t.Errorf("%s: the cameras are %s", name, body)
		}
	}
}

func TestOnlyThisMachineChangesCameras(t *testing.T) {
	url, path := serveFile(t)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	for _, c := range []struct {
		header map[string]string
		status int
		part   string
	}{
		{map[string]string{"Test-From": "192.0.2.1:4321"}, 403, "this machine only"},
		{map[string]string{"Test-From": "[2001:db8::1]:4321"}, 403, "this machine only"},
		{map[string]string{"Test-From": "[::ffff:192.0.2.1]:4321"}, 403, "this machine only"},
		{map[string]string{"X-Forwarded-For": "192.0.2.1"}, 403, "through a proxy"},
		{map[string]string{"Forwarded": "for=192.0.2.1"}, 403, "through a proxy"},
		{map[string]string{"X-Forwarded-Prefix": "/cams"}, 403, "through a proxy"},
		{map[string]string{"X-Real-IP": "127.0.0.1"}, 403, "through a proxy"},
		{map[string]string{"Via": "1.1 proxy"}, 403, "through a proxy"},
		{map[string]string{"Host": "evil.example:" + port}, 403, "not served under the name"},
		{map[string]string{"Host": "localhost.evil.example"}, 403, "not served under the name"},
		{map[string]string{"Host": "mybox:" + port}, 403, "under the name"},
		{map[string]string{"Host": "192.0.2.1:" + port}, 403, "under the name"},
		{map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, "another origin"},
		{map[string]string{"Sec-Fetch-Site": "same-site"}, 403, "another origin"},
		{map[string]string{"Origin": "https://evil.example"}, 403, "another origin"},
		{map[string]string{"Origin": "https://wall.example"}, 403, "another origin"}, // it may read, but not change
		{map[string]string{"Origin": "null"}, 403, "another origin"},
		{map[string]string{"Content-Type": ""}, 415, "application/json"},
		{map[string]string{"Content-Type": "text/plain"}, 415, "application/json"},
		{map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 415, "application/json"},
		{map[string]string{"Content-Type": "application/merge-patch+json"}, 415, "application/json"},
		// These are allowed.
		{map[string]string{"Test-From": "127.8.9.10:4321"}, 0, ""},
		{map[string]string{"Test-From": "[::1]:4321", "Host": "[::1]:" + port}, 0, ""},
		{map[string]string{"Host": "LOCALHOST"}, 0, ""},
		{map[string]string{"Host": "127.0.0.5:80"}, 0, ""},
		{map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": url}, 0, ""},
		{map[string]string{"Content-Type": "application/json; charset=utf-8"}, 0, ""},
	} {
		for _, do := range []struct {
			method, path, body string
			status             int
		}{
			{"POST", "", `{"id": "shed", "url": "rtsp://h/"}`, 201}, {"PATCH", "/shed", `{"fps": 5}`, 200},
			{"PUT", "/shed", `{"url": "rtsp://h/2"}`, 200}, {"DELETE", "/shed", "", 204},
		} {
			resp, body := send(t, do.method, url+"/api/cameras"+do.path, do.body, c.header)
			want := do.status
			if c.status != 0 {
				want = c.status
			}
			if resp.StatusCode != want || !strings.Contains(body, c.part) || resp.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s with %v: %s %v %s", do.method, c.header, resp.Status, resp.Header, body)
			}
		}
	}
	if content, _ := os.ReadFile(path); string(content) != site {
		t.Errorf("the file is\n%s", content)
	}
}

// TestProxyWithHTTP10ChangesNothing makes a request like nginx, which uses HTTP/1.0 and adds no header by default.
func TestProxyWithHTTP10ChangesNothing(t *testing.T) {
	url, _ := serveFile(t)
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "DELETE /api/cameras/gate HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\r\n")
	answer, err := io.ReadAll(c)
	if err != nil || !strings.Contains(string(answer), "403 Forbidden") || !strings.Contains(string(answer), "through a proxy") {
		t.Errorf("%v %s", err, answer)
	}
}

func TestPagesOfOtherOriginsMayNotSendChanges(t *testing.T) {
	url, _ := serveFile(t)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodOptions, url+"/api/cameras/gate", nil)
		request.Header.Set("Origin", "https://wall.example")
		request.Header.Set("Access-Control-Request-Method", method)
		resp, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.Header.Get("Access-Control-Allow-Origin") != "" || resp.Header.Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("%s: %v", method, resp.Header)
		}
	}
}

func TestFileThatIsNotEditableDoesNotChange(t *testing.T) {
	url, path := serveText(t, "editable: false\n"+site)
	resp, body := send(t, "DELETE", url+"/api/cameras/gate", "", nil)
	if resp.StatusCode != http.StatusForbidden || !strings.Contains(body, "editable: false") {
		t.Error(resp.Status, body)
	}
	if left, err := os.ReadFile(path); err != nil || string(left) != "editable: false\n"+site {
		t.Errorf("%s %v", left, err)
	}
}

func TestDemoCannotBeChanged(t *testing.T) {
	resp, body := send(t, "DELETE", serve(t)+"/api/cameras/gate", "", nil)
	if resp.StatusCode != 403 || !strings.Contains(body, "no configuration file") {
		t.Errorf("%s %s", resp.Status, body)
	}
}
