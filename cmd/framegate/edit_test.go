package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
)

// change makes a request that changes cameras, and returns the status and the body.
func (s serving) change(method, path, body string) (int, string, error) {
	request, err := http.NewRequest(method, s.URL+"/api/cameras"+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

func TestCamerasFromTheAPIAreServedImmediatelyAndAreInTheFile(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 320, Height: 180, KeyframeInterval: 5}, testcam.Camera{Width: 320, Height: 180, KeyframeInterval: 5})
	text := fmt.Sprintf(`# my site
cameras:
  - id: a                 # at the road
    url: %q
# the end
`, cameras.URL("cam1"))
	path := config(t, text)
	p := start(t, "--config", path)
	p.until(t, "a", "ready")
	other := p.watch(t, "/cameras/a/stream")

	must := func(method, path, body string, want int) {
		t.Helper()
		if status, answer, err := p.change(method, path, body); err != nil || status != want {
			t.Fatalf("%s %s %s: %d %v %s", method, path, body, status, err, answer)
		}
	}
	must("POST", "", fmt.Sprintf(`{"id": "b", "url": %q}`, cameras.URL("cam2")), 201)
	p.until(t, "b", "ready")
	viewer := p.watch(t, "/cameras/b/stream?width=160")
	if _, err := viewer.Next(); err != nil {
		t.Fatal(err)
	}
	p.until(t, "b", "live")
	viewer.Close()

	must("PATCH", "/b", `{"disabled": true, "name": "B"}`, 200)
	if got := p.camera(t, "b").State; got != "disabled" { // already when the answer arrives
		t.Errorf("b is %s", got)
	}
	must("PATCH", "/b", `{"disabled": false}`, 200)
	p.until(t, "b", "ready")
	want := strings.Replace(text, "# the end", fmt.Sprintf("  - id: b\n    url: %s\n    disabled: false\n    name: B\n# the end", cameras.URL("cam2")), 1)
	if content, _ := os.ReadFile(path); string(content) != want {
		t.Errorf("the file is\n%s\nwant\n%s", content, want)
	}
	must("DELETE", "/b", "", 204)
	if status, _, err := p.change("DELETE", "/b", ""); err != nil || status != 404 {
		t.Errorf("gone: %d %v", status, err)
	}
	if content, _ := os.ReadFile(path); string(content) != text {
		t.Errorf("the file is\n%s", content)
	}
	for range 10 {
		if _, err := other.Next(); err != nil {
			t.Fatal("the change affected a viewer of the other camera: ", err)
		}
	}
}

func TestOthersOnTheNetworkChangeNothing(t *testing.T) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for i < len(addresses) && addresses[i].(*net.IPNet).IP.IsLoopback() {
		i++
	}
	if i == len(addresses) {
		t.Skip("SKIPPED: this machine has no address other than loopback")
	}
	host := addresses[i].(*net.IPNet).IP.String()
	p := start(t, "--config", config(t, "cameras: [{id: a, url: 'test://ball', connect: on_demand}]"), "--listen", net.JoinHostPort(host, "0"))
	status, body, err := p.change("DELETE", "/a", "")
	if err != nil || status != 403 || !strings.Contains(body, "this machine only") {
		t.Errorf("%d %v %s", status, err, body)
	}
}

// TestFileIsWholeWhenKilledDuringChanges kills framegate repeatedly while it changes its file. The file is whole and has every change
// that was confirmed, and the next framegate serves it.
func TestFileIsWholeWhenKilledDuringChanges(t *testing.T) {
	path := config(t, "# mine\ncameras:\n  - {id: keep, url: 'test://ball', connect: on_demand}\n  - id: a # changed\n    url: test://ball\n    connect: on_demand\n    name: \"0\"\n")
	confirmed := 0
	for round := range 8 {
		p := start(t, "--config", path)
		enough := make(chan struct{})
		go func() {
			<-enough
			syscall.Kill(p.PID(), syscall.SIGKILL) // during the next change, or near it
		}()
		for i := 0; ; i++ {
			status, body, err := p.change("PATCH", "/a", fmt.Sprintf(`{"name": "%d"}`, confirmed+1))
			if err != nil {
				break
			}
			if status != 200 {
				t.Fatalf("%d %s", status, body)
			}
			confirmed++
			if i == 3*round {
				close(enough)
			}
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		now, err := configs.Load(path)
		if err != nil || len(now.Cameras) != 2 || !strings.HasPrefix(string(content), "# mine\n") || !strings.Contains(string(content), "a # changed") {
			t.Fatalf("%v\n%s", err, content)
		}
		name, err := strconv.Atoi(now.Cameras[1].Name)
		if err != nil || name != confirmed && name != confirmed+1 {
			t.Errorf("%d changes were confirmed, the file has %s", confirmed, now.Cameras[1].Name)
		}
		confirmed = name
	}
	start(t, "--config", path)
}
