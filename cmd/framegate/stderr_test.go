package main

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/systemd/systemdtest"
	"github.com/framegate/framegate/internal/testcam/camtest"
)

// startInto starts framegate with this stderr and returns its URL, which systemd is told, when it serves.
func startInto(t *testing.T, stderr *os.File, args ...string) (*exec.Cmd, string) {
	t.Helper()
	messages := systemdtest.Listen(t)
	cmd := exec.Command(binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	camtest.Until(t, "framegate serves", func() bool { return messages.Count("READY=1") > 0 })
	_, url, _ := strings.Cut(messages.All()[0], "serving at ")
	return cmd, strings.TrimSuffix(url, "/")
}

// servesAndEnds checks that framegate applies a change and answers requests, and ends by SIGTERM.
func servesAndEnds(t *testing.T, cmd *exec.Cmd, url string) {
	t.Helper()
	for range 20 { // each is logged
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, url+"/api/cameras/a", strings.NewReader(`{"name": null, "fps": 5}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatal(resp.Status)
		}
	}
	if body := (serving{&process.Process{URL: url}}).get(t, "/metrics"); !strings.Contains(body, "framegate_log_dropped_lines_total") {
		t.Error("/metrics does not count the lines that were lost")
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if cmd.Wait(); cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("framegate ends with %v", cmd.ProcessState)
	}
}

func TestStderrThatNobodyReadsStopsNothing(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fill(t, w)
	cmd, url := startInto(t, w, "--config", config(t, "cameras:\n  - id: a\n    url: test://ball\n    connect: on_demand\n"))
	w.Close()
	servesAndEnds(t, cmd, url)
}

func TestClosedStderrEndsNothing(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	cmd, url := startInto(t, w, "--config", config(t, "cameras:\n  - id: a\n    url: test://ball\n    connect: on_demand\n"))
	w.Close()
	servesAndEnds(t, cmd, url)
}

// fill writes to a pipe until it is full, and leaves it as it is for a child: blocking.
func fill(t *testing.T, w *os.File) {
	t.Helper()
	fd := int(w.Fd())
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{4096, 1} {
		for {
			if _, err := syscall.Write(fd, make([]byte, size)); err == syscall.EAGAIN {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
}

func TestLastLinesOfTheLogAreWritten(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd, _ := startInto(t, w, "--config", config(t, "cameras: []\n"))
	w.Close()
	cmd.Process.Signal(syscall.SIGTERM)
	var log strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := r.Read(buffer)
		log.Write(buffer[:n])
		if err != nil {
			break
		}
	}
	if !strings.Contains(log.String(), "msg=serving") {
		t.Errorf("the log is %s", log.String())
	}
}

func TestControlCharactersOfACameraStayFromTheTerminal(t *testing.T) {
	path := config(t, "cameras:\n  - id: a\n    url: test://ball\n    \"\\e[31mkey\\u009b\": 1\n")
	for _, args := range [][]string{{"check", path}, {"serve", "--config", path}, {"check", "/no\x1b[2J"}, {"probe", "rtsp://h\x1b/"}} {
		stdout, stderr, status := run(t, args...)
		if status == 0 || strings.ContainsAny(stdout+stderr, "\x1b\x07\u009b") {
			t.Errorf("%q: status %d, %q", args, status, stdout+stderr)
		}
	}
}
