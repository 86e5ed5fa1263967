package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam/camtest"
)

// firefox is a headless Firefox, driven over its Marionette protocol: each message is its length, a colon and JSON.
type firefox struct {
	conn net.Conn
	r    *bufio.Reader
	sent int // commands
}

// openFirefox starts a Firefox. It skips the test without one, and with -short.
func openFirefox(t *testing.T) *firefox {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED with -short: it needs a browser")
	}
	path, err := exec.LookPath("firefox-esr")
	if err != nil {
		t.Skip("SKIPPED: the test needs firefox-esr")
	}
	home := t.TempDir()
	settings := `user_pref("marionette.port", 0);` + "\n" // which writes the port to a file
	if err := os.WriteFile(filepath.Join(home, "user.js"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless", "--marionette", "--no-remote", "--profile", home)
	cmd.Env = append(os.Environ(), "HOME="+home)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	f := &firefox{}
	camtest.Within(t, time.Minute, "Firefox listens", func() bool {
		port, err := os.ReadFile(filepath.Join(home, "MarionetteActivePort"))
		if err != nil {
			return false
		}
		f.conn, err = net.Dial("tcp", "127.0.0.1:"+strings.TrimSpace(string(port)))
		return err == nil
	})
	t.Cleanup(func() { f.conn.Close() })
	f.conn.SetDeadline(time.Now().Add(time.Minute))
	f.r = bufio.NewReader(f.conn)
	if _, err := f.read(); err != nil { // its greeting
		t.Fatal(err)
	}
	// A page with a stream never ends loading.
	f.do(t, "WebDriver:NewSession", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{"pageLoadStrategy": "none"}}}, nil)
	return f
}

// do gives a command, and decodes the answer into result unless that is nil.
func (f *firefox) do(t *testing.T, command string, parameters map[string]any, result any) {
	t.Helper()
	f.sent++
	message, err := json.Marshal([]any{0, f.sent, command, parameters})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(f.conn, "%d:%s", len(message), message); err != nil {
		t.Fatal(err)
	}
	text, err := f.read()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	answer := [4]json.RawMessage{} // 1, the command's number, an error, the result
	if err := json.Unmarshal(text, &answer); err != nil || string(answer[2]) != "null" {
		t.Fatalf("%s: %v %s", command, err, text)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(answer[3], result); err != nil {
		t.Fatal(err)
	}
}

func (f *firefox) read() ([]byte, error) {
	length, err := f.r.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
	if err != nil {
		return nil, err
	}
	message := make([]byte, n)
	_, err = io.ReadFull(f.r, message)
	return message, err
}

// open shows a page.
func (f *firefox) open(t *testing.T, url string) {
	t.Helper()
	f.do(t, "WebDriver:Navigate", map[string]any{"url": url}, nil)
}

// screenshot returns a PNG of the page.
func (f *firefox) screenshot(t *testing.T) []byte {
	t.Helper()
	var shot struct {
		Value []byte `json:"value"`
	}
	f.do(t, "WebDriver:TakeScreenshot", map[string]any{"full": false}, &shot)
	return shot.Value
}
