package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"framegate/internal/testcam"
	"framegate/internal/testcam/camtest"
)

// systemd takes the messages that systemd would get.
type systemd struct {
	mu       sync.Mutex
	messages []string
}

// listenAsSystemd takes the messages of this process, and of those that it starts, until the test ends.
func listenAsSystemd(t *testing.T) *systemd {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // t.TempDir may be too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", path)
	s := &systemd{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for message := make([]byte, 4096); ; {
			n, err := conn.Read(message)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.messages = append(s.messages, string(message[:n]))
			s.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
		os.RemoveAll(dir)
	})
	return s
}

// count is how many messages have come that begin so.
func (s *systemd) count(prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		if strings.HasPrefix(m, prefix) {
			n++
		}
	}
	return n
}

func TestSystemdLearnsThatFramegateServesLivesAndEnds(t *testing.T) {
	systemd := listenAsSystemd(t)
	t.Setenv("WATCHDOG_USEC", "600000")
	cameras := camtest.Start(t, testcam.Camera{Width: 160, Height: 96})
	p := start(t, "--config", config(t, "cameras: [{id: gate, url: '"+cameras.URL("cam1")+"'}]"))
	p.until(t, "gate", "ready")
	camtest.Until(t, "five signs of life", func() bool { return systemd.count("WATCHDOG=1") >= 5 })
	if systemd.count("STOPPING=1") > 0 {
		t.Error("STOPPING=1 while it serves")
	}
	p.endsWell(t, syscall.SIGTERM, cameras, "cam1")
	systemd.mu.Lock()
	defer systemd.mu.Unlock()
	first, last := systemd.messages[0], systemd.messages[len(systemd.messages)-1]
	if first != "READY=1\nSTATUS=serving at "+p.URL+"/" || !strings.HasPrefix(last, "STOPPING=1\n") {
		t.Errorf("%q at first, %q at last", first, last)
	}
}

func TestProcessThatIsNotWellGivesNoSignOfLife(t *testing.T) {
	ok := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }
	hangs := make(chan struct{})
	defer close(hangs)
	for name, fault := range map[string]struct {
		handler   http.HandlerFunc
		readState func()
		log       string
	}{
		"requests hang":                   {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, func() {}, "/healthz: "},
		"requests fail":                   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, func() {}, "/healthz: 500 Internal Server Error"},
		"the cameras' state is locked up": {ok, func() { <-hangs }, "the cameras' state: no answer within"},
	} {
		t.Run(name, func(t *testing.T) {
			systemd := listenAsSystemd(t)
			t.Setenv("WATCHDOG_USEC", "150000")
			server := httptest.NewServer(fault.handler)
			defer server.Close()
			told := &lines{}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				supervise(ctx, server.Listener.Addr(), fault.readState, slog.New(slog.NewTextHandler(told, nil)))
				close(done)
			}()
			camtest.Until(t, "the log tells it five times", func() bool { return told.count(fault.log) >= 5 })
			cancel()
			<-done
			camtest.Until(t, "the end is told", func() bool { return systemd.count("STOPPING=1") == 1 })
			if n := systemd.count("WATCHDOG=1"); n > 0 {
				t.Errorf("%d signs of life", n)
			}
		})
	}
}

// lines is a log that can be read while it is written.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(line))
	return len(line), nil
}

func (l *lines) count(part string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// TestSocketOfSystemdIsServed asks before framegate runs: systemd has the socket, and the answer comes later.
func TestSocketOfSystemdIsServed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		response, err := http.Get("http://" + listener.Addr().String() + "/healthz")
		if err == nil {
			response.Body.Close()
		}
		answered <- err
	}()
	// The address of the configuration is taken: framegate would end if it tried to open it. systemd names the process
	// that a socket is for, whose number is known only in it.
	path := config(t, "{listen: '"+listener.Addr().String()+"', cameras: []}")
	cmd := exec.Command("sh", "-c", `LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@"`, binary, "serve", "--config", path)
	log := &lines{}
	cmd.Stderr, cmd.ExtraFiles = log, []*os.File{socket}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	socket.Close()
	select {
	case err = <-answered:
	case <-time.After(camtest.Patience):
		t.Error("no answer")
	}
	listener.Close()
	cmd.Process.Signal(syscall.SIGTERM)
	if ended := cmd.Wait(); err != nil || ended != nil {
		t.Errorf("the answer: %v; the end: %v; the log: %s", err, ended, log.all)
	}
}

func TestUnitFilesAreWhatSystemdUnderstands(t *testing.T) {
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
		// systemd-analyze looks for the program.
		text = bytes.ReplaceAll(text, []byte("/usr/local/bin/framegate"), []byte(binary))
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(analyze, "verify", filepath.Join(dir, name)).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
