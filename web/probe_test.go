package web

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs/edit"
	"github.com/framegate/framegate/pipeline/frame"
)

const withPassword = "cameras:\n  - id: gate\n    url: rtsp://h/gate\n    username: ann\n    password: hunter2\n"

func TestProbeSaysWhatACameraSendsAndChangesNothing(t *testing.T) {
	url, path := serveText(t, withPassword)
	for _, step := range []struct {
		path, body string
		status     int
		parts      []string
	}{
		{"/api/probe", `{"id": "shed", "url": "rtsp://h/shed", "username": "bob", "password": "pw"}`, 200, []string{`"codec": "h264"`, `rtsp://h/shed`, `"picture": "SlBFRw=="`}},
		{"/api/probe", `{"id": "shed", "url": "rtsp://h/away"}`, 200, []string{`"error": "401 from h:554"`, `"reason": "unauthorized"`, "Check the user and the password"}},
		{"/api/probe", `{"id": "shed", "vendor": "axis"}`, 400, []string{"vendor needs a host"}},
		{"/api/probe", `{"id": "shed", "url": "rtsp:/h"}`, 400, []string{`"parameter":"url"`}},
		{"/api/probe", `{"id": "shed", "url": "file:///etc/passwd"}`, 403, []string{`"parameter":"url"`}},
		{"/api/probe", `{"id": "gate", "url": "rtsp://h/gate"}`, 409, []string{"already exists"}},
		{"/api/cameras/gate/probe", `{"url": "rtsp://h/new"}`, 200, []string{"rtsp://h/new", "hunter2"}},
		{"/api/cameras/none/probe", `{}`, 404, []string{"no such camera"}},
		{"/api/discover", ``, 200, []string{`"host": "192.0.2.9"`, `"vendor": "axis"`}},
		{"/api/discover/streams", `{"service": "http://192.0.2.9/", "username": "ann", "password": "right"}`, 200, []string{`"url": "rtsp://192.0.2.9/1"`}},
		{"/api/discover/streams", `{"service": "http://192.0.2.9/", "username": "ann", "password": "wrong"}`, 502, []string{"refuses the user or the password"}},
		{"/api/discover/streams", `{"host": "192.0.2.9"}`, 400, []string{"service"}},
	} {
		resp, body := send(t, "POST", url+step.path, step.body, nil)
		for _, part := range append(step.parts, "") {
			if resp.StatusCode != step.status || !strings.Contains(body, part) {
				t.Errorf("%s %s: %d %s lacks %s", step.path, step.body, resp.StatusCode, body, part)
			}
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != withPassword {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestFurtherProbesAreRefusedWhileTwoRun(t *testing.T) {
	url, _ := serveFile(t)
	const slow = `{"id": "shed", "url": "rtsp://h/slow"}`
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	for range maxProbes {
		go func() {
			defer func() { ended <- struct{}{} }()
			for ctx.Err() == nil { // a quick probe below may be in its way
				r, err := http.NewRequestWithContext(ctx, "POST", url+"/api/probe", strings.NewReader(slow))
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("Content-Type", "application/json")
				if resp, err := http.DefaultClient.Do(r); err == nil {
					resp.Body.Close()
				}
			}
		}()
	}
	probe := func() int {
		resp, _ := send(t, "POST", url+"/api/probe", `{"id": "shed", "url": "rtsp://h/shed"}`, nil)
		return resp.StatusCode
	}
	for probe() != http.StatusTooManyRequests {
	}
	cancel()
	for range maxProbes {
		<-ended
	}
	for probe() != http.StatusOK {
	}
}

func TestEveryReasonHasARemedy(t *testing.T) {
	for _, reason := range []frame.Reason{
		frame.Unauthorized, frame.NotFound, frame.Unreachable, frame.TimedOut, frame.NoKeyframe, frame.Stalled, frame.NoVideo, frame.Unsupported,
		frame.Ended, frame.Refused, frame.Memory, frame.Failed,
	} {
		if remedies[reason] == "" {
			t.Errorf("%s has no remedy", reason)
		}
	}
}

func TestSetupPagesHaveNoPassword(t *testing.T) {
	url, _ := serveText(t, withPassword+"  - {id: yard, url: 'rtsp://bob:s3cret@h/x', substream: 'rtsp://eve:l0w@h/y'}\n  - {id: dock, url: 'http://h/cgi?user=a&pwd=v3ry'}\n")
	for _, path := range []string{"/setup", "/setup/add", "/setup/cameras/gate", "/setup/cameras/yard", "/setup/cameras/dock"} {
		resp, body := get(t, url+path)
		if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "framegate") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
		for _, secret := range []string{"hunter2", "s3cret", "l0w", "v3ry"} {
			if strings.Contains(string(body), secret) {
				t.Errorf("%s has the password %s", path, secret)
			}
		}
	}
	resp, _ := get(t, url+"/setup/cameras/none")
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("a camera that is not there: %d", resp.StatusCode)
	}
}

func TestTriesFollowTheFile(t *testing.T) {
	_, path := serveFile(t)
	file := &edit.File{Path: path}
	camera, err := file.TryChange("gate", edit.Keys{{Name: "name", Value: "Gate"}})
	if err != nil || camera.Name != "Gate" || camera.URL != "rtsp://h/gate" {
		t.Errorf("%v %+v", err, camera)
	}
}
