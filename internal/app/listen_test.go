package app

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestAddressIsReachedFromThisMachine(t *testing.T) {
	for address, want := range map[string]string{
		":9000":              "http://127.0.0.1:9000/",
		"0.0.0.0:9000":       "http://127.0.0.1:9000/",
		"[::]:9000":          "http://127.0.0.1:9000/",
		"192.0.2.1:9000":     "http://192.0.2.1:9000/",
		"[2001:db8::1]:9000": "http://[2001:db8::1]:9000/",
		"box:9000":           "http://box:9000/",
	} {
		if got := url(address, "http"); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func TestAddressOfIPv4IsNotReachedByIPv6(t *testing.T) {
	for address, want := range map[string]string{"0.0.0.0:0": "0.0.0.0", "127.0.0.1:0": "127.0.0.1"} {
		listeners, err := listen([]string{address})
		if err != nil {
			t.Fatal(err)
		}
		defer closeAll(listeners)
		if host, _, _ := net.SplitHostPort(listeners[0].Addr().String()); host != want {
			t.Errorf("%s listens on %s", address, host)
		}
	}
}

func TestUnixSocketIsRemovedOnlyIfNobodyAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "framegate.sock")
	crashed, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	crashed.SetUnlinkOnClose(false)
	crashed.Close()

	listeners, err := listen([]string{"127.0.0.1:0", "unix:" + path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := listen([]string{"127.0.0.1:0", "unix:" + path}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second framegate: %v", err)
	}
	_, urls := addressesOf(listeners, false)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Listener = listeners[1]
	server.Start()
	if err := Check(t.Context(), urls[1], false); err != nil || urls[1] != "unix:"+path {
		t.Errorf("%q %v", urls, err)
	}
	server.Close()
	closeAll(listeners)
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the end: %v", err)
	}
	if err := Check(t.Context(), "unix:"+path, false); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("after the end: %v", err)
	}
}

func TestFileInPlaceOfAUnixSocketStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	write(t, path, "dear diary")
	if _, err := listen([]string{"unix:" + path}); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("%v", err)
	}
	if text, err := os.ReadFile(path); string(text) != "dear diary" {
		t.Errorf("%q %v", text, err)
	}
}
