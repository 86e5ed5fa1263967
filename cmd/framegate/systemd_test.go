package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/systemd/systemdtest"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
)

func TestSystemdIsNotified(t *testing.T) {
	systemd := systemdtest.Listen(t)
	t.Setenv("WATCHDOG_USEC", "600000")
	cameras := camtest.Start(t, testcam.Camera{Width: 160, Height: 96})
	p := start(t, "--config", config(t, "cameras: [{id: gate, url: '"+cameras.URL("cam1")+"'}]"))
	p.until(t, "gate", "ready")
	camtest.Until(t, "five signs of life", func() bool { return systemd.Count("WATCHDOG=1") >= 5 })
	if systemd.Count("STOPPING=1") > 0 {
		t.Error("STOPPING=1 while it serves")
	}
	p.endsWell(t, syscall.SIGTERM, cameras, "cam1")
	messages := systemd.All()
	first, last := messages[0], messages[len(messages)-1]
	if first != "READY=1\nSTATUS=serving at "+p.URL+"/" || !strings.HasPrefix(last, "STOPPING=1\n") {
		t.Errorf("%q at first, %q at last", first, last)
	}
}

func TestSocketsFromSystemdAreServed(t *testing.T) {
	listener, socket := systemdSocket(t)
	second, secondSocket := systemdSocket(t)
	answered := make(chan error, 1)
	go func() {
		var errs []error
		for _, l := range []net.Listener{listener, second} {
			response, err := http.Get("http://" + l.Addr().String() + "/healthz")
			if err == nil {
				response.Body.Close()
			}
			errs = append(errs, err)
		}
		answered <- errors.Join(errs...)
	}()
	// The address of the configuration is in use, so framegate would fail if it opened it. The variables of systemd name the process
	// that a socket is for, whose id only the process itself knows.
	path := config(t, "{listen: '"+listener.Addr().String()+"', cameras: []}")
	cmd := exec.Command("sh", "-c", `LISTEN_FDS=2 LISTEN_PID=$$ exec "$0" "$@"`, binary, "serve", "--config", path)
	log := &bytes.Buffer{} // read when the process has ended
	cmd.Stderr, cmd.ExtraFiles = log, []*os.File{socket, secondSocket}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	socket.Close()
	secondSocket.Close()
	var err error
	select {
	case err = <-answered:
	case <-time.After(camtest.Patience):
		t.Error("no answer")
	}
	listener.Close()
	second.Close()
	cmd.Process.Signal(syscall.SIGTERM)
	if ended := cmd.Wait(); err != nil || ended != nil {
		t.Errorf("the answer: %v; the end: %v; the log: %s", err, ended, log)
	}
}

// systemdSocket returns a listener, and its socket for another process.
func systemdSocket(t *testing.T) (net.Listener, *os.File) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	return listener, socket
}

func TestOtherSocketsFromSystemdAreRefused(t *testing.T) {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	stream, err := listener.File()
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	datagrams, err := conn.File()
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	path := config(t, "cameras: []")
	for want, sockets := range map[string][]*os.File{
		"does not listen for connections": {stream, datagrams},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), camtest.Patience)
		defer cancel()
		script := fmt.Sprintf(`LISTEN_FDS=%d LISTEN_PID=$$ exec "$0" "$@"`, len(sockets))
		cmd := exec.CommandContext(ctx, "sh", "-c", script, binary, "serve", "--config", path)
		cmd.ExtraFiles = sockets
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v %s, want %q", err, out, want)
		}
	}
}

// TestServiceWritesNothingThatRootReads because systemd, which is root, would pass on what a service that was taken over writes there, or
// what a symbolic link in that place leads to.
func TestServiceWritesNothingThatRootReads(t *testing.T) {
	text, err := os.ReadFile("../../deploy/framegate.service")
	if err != nil {
		t.Fatal(err)
	}
	var read, written []string
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		for _, path := range strings.Fields(value) {
			path = strings.TrimLeft(path, "-+")
			switch key {
			case "EnvironmentFile", "ExecStart":
				read = append(read, path)
			case "ReadWritePaths":
				written = append(written, path)
			case "StateDirectory", "CacheDirectory", "RuntimeDirectory":
				written = append(written, map[string]string{"S": "/var/lib/", "C": "/var/cache/", "R": "/run/"}[key[:1]]+path)
			}
			if key == "ExecStart" {
				break // its arguments are read by the service
			}
		}
	}
	if len(read) != 2 || len(written) != 4 {
		t.Fatalf("read: %q, written: %q", read, written)
	}
	for _, file := range read {
		for _, folder := range written {
			if strings.HasPrefix(file, folder+"/") {
				t.Errorf("root reads %s, and the service may write %s", file, folder)
			}
		}
	}
}

func TestUnitFilesAreValid(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("SKIPPED: the unit files are checked by systemd-analyze, of the package systemd")
	}
	dir := t.TempDir()
	for _, name := range []string{"framegate.service", "framegate.socket"} {
		text, err := os.ReadFile(filepath.Join("../../deploy", name))
		if err != nil {
			t.Fatal(err)
		}
		// systemd-analyze checks that the program exists.
		text = bytes.ReplaceAll(text, []byte("/usr/local/bin/framegate"), []byte(binary))
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		// Other lines are about the machine, such as devices that a chroot lacks.
		if out, err := exec.Command(analyze, "verify", filepath.Join(dir, name)).CombinedOutput(); err != nil || bytes.Contains(out, []byte("framegate")) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
