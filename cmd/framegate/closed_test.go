package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/testcam/camtest"
)

// TestOthersThanThisMachineAreToldWhatToDo asks from another address of this machine, which framegate takes for somebody elsewhere.
func TestOthersThanThisMachineAreToldWhatToDo(t *testing.T) {
	address := ownAddress(t)
	path := config(t, "cameras: [{id: a, url: 'test://smpte'}]")
	p := start(t, "--config", path, "--listen", net.JoinHostPort(address, "0"))
	for _, line := range []string{"only this machine is served", "framegate user add NAME --admin", `lets_in="this machine"`} {
		camtest.Until(t, "the log says "+line, func() bool { return strings.Contains(p.Log(), line) })
	}
	if status, body := ask(t, p.URL+"/cameras/a/snapshot.jpg"); status != 403 || !strings.Contains(body, "framegate user add NAME --admin") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := ask(t, p.URL+"/healthz"); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	replace(t, path, "auth: {open: true}\ncameras: [{id: a, url: 'test://smpte'}]")
	for status := 0; status != 200; { // until the file is read
		status, _ = ask(t, p.URL+"/cameras/a/snapshot.jpg")
	}
	if status, body := ask(t, p.URL+"/metrics"); status != 403 || !strings.Contains(body, "only an admin") {
		t.Errorf("%d %s", status, body)
	}
}

func ask(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(content)
}
