package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/systemd/systemdtest"
	"github.com/framegate/framegate/internal/testcam/camtest"

	"golang.org/x/sys/unix"
)

// opened returns a function that waits until somebody opens a file.
func opened(t *testing.T, path string) (wait func()) {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	events := os.NewFile(uintptr(fd), "inotify")
	t.Cleanup(func() { events.Close() })
	if _, err := unix.InotifyAddWatch(fd, path, unix.IN_OPEN); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		events.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := events.Read(make([]byte, 4096)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSignalsAreHandledBeforeFramegateServes sends them when the configuration is read.
func TestSignalsAreHandledBeforeFramegateServes(t *testing.T) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP) // a child would ignore it where this process does, as after nohup
	defer signal.Stop(caught)
	messages := systemdtest.Listen(t)
	path := config(t, "cameras: []")
	wait := opened(t, path)
	cmd := exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--config", path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	wait()
	cmd.Process.Signal(syscall.SIGHUP)
	camtest.Until(t, "framegate serves", func() bool { return messages.Count("READY=1") > 0 })
	cmd.Process.Signal(syscall.SIGTERM)
	if cmd.Wait(); cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("framegate ends with %v", cmd.ProcessState)
	}
	cmd = exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--config", path)
	wait = opened(t, path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait()
	cmd.Process.Signal(syscall.SIGTERM)
	if cmd.Wait(); cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("framegate ends with %v", cmd.ProcessState)
	}
}
