package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/framegate/framegate/internal/testcam/camtest"
)

// webKitGTK is WebKitGTK's test browser on a display of its own, driven over WebDriver.
type webKitGTK struct{ session string } // URL of the session

// openWebKit starts WebKitGTK. It skips the test without it, and with -short. The packages are webkit2gtk-driver and xvfb. make test
// does not install them, since they bring half a desktop.
func openWebKit(t *testing.T) *webKitGTK {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED with -short: it needs a browser")
	}
	for _, program := range []string{"WebKitWebDriver", "Xvfb"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIPPED: the test needs %s", program)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	listener.Close() // the driver cannot choose a port itself
	display, number, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer display.Close()
	server := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp")
	server.ExtraFiles = []*os.File{number}
	startGroup(t, server)
	number.Close()
	text := make([]byte, 16)
	n, err := display.Read(text)
	if err != nil {
		t.Fatalf("Xvfb names no display: %v", err)
	}
	driver := exec.Command("WebKitWebDriver", "--port="+port)
	driver.Env = append(os.Environ(), "DISPLAY=:"+strings.TrimSpace(string(text[:n])), "HOME="+t.TempDir())
	startGroup(t, driver)
	w := &webKitGTK{"http://" + address}
	camtest.Until(t, "WebKit's driver listens", func() bool {
		resp, err := http.Get(w.session + "/status")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
	var created struct{ SessionID string }
	w.do(t, http.MethodPost, "/session", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{"pageLoadStrategy": "none"}}}, &created)
	w.session += "/session/" + created.SessionID
	t.Cleanup(func() { w.do(t, http.MethodDelete, "", nil, nil) })
	return w
}

// startGroup starts a program, which is killed with its children when the test ends.
func startGroup(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
	})
}

// do gives a command, and decodes the answer's value into result unless that is nil.
func (w *webKitGTK) do(t *testing.T, method, path string, parameters, result any) {
	t.Helper()
	if err := w.try(method, path, parameters, result); err != nil {
		t.Fatal(err)
	}
}

// try is do for a command that the browser may refuse.
func (w *webKitGTK) try(method, path string, parameters, result any) error {
	var body bytes.Buffer
	if parameters != nil {
		if err := json.NewEncoder(&body).Encode(parameters); err != nil {
			return err
		}
	}
	r, err := http.NewRequest(method, w.session+path, &body)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s %v %s", method, path, resp.Status, err, text)
	}
	answer := struct{ Value any }{result}
	return json.Unmarshal(text, &answer)
}

// open shows a page. It returns when the page has replaced the one before: a screenshot during the change may crash WebKit.
func (w *webKitGTK) open(t *testing.T, url string) {
	t.Helper()
	w.do(t, http.MethodPost, "/url", map[string]any{"url": url}, nil)
	camtest.Until(t, "WebKit shows "+url, func() bool {
		shown, err := w.script("return location.href;")
		return err == nil && strings.TrimSuffix(shown, "/") == strings.TrimSuffix(url, "/")
	})
}

// script runs a script in the page and returns the text that it returns.
func (w *webKitGTK) script(script string) (value string, err error) {
	err = w.try(http.MethodPost, "/execute/sync", map[string]any{"script": script, "args": []any{}}, &value)
	return value, err
}

// screenshot returns a PNG of the page, nil while the browser refuses one, as it does when the page is about to change.
func (w *webKitGTK) screenshot() []byte {
	var shot []byte
	if w.try(http.MethodGet, "/screenshot", nil, &shot) != nil {
		return nil
	}
	return shot
}
