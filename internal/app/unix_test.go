package app

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// leftOver leaves a socket at a path at which nobody listens, as after a crash.
func leftOver(t *testing.T, path string) {
	t.Helper()
	crashed, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	crashed.SetUnlinkOnClose(false)
	crashed.Close()
}

func TestOneOfSeveralStartsTakesOverASocketThatIsLeftOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "framegate.sock")
	for range 20 {
		leftOver(t, path)
		var all sync.WaitGroup
		listening := make(chan net.Listener, 8)
		for range cap(listening) {
			all.Go(func() {
				l, err := listenUnix(path)
				if err == nil {
					listening <- l
				} else if !errors.Is(err, syscall.EADDRINUSE) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(listening) != 1 {
			t.Fatalf("%d listen", len(listening))
		}
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		(<-listening).Close()
	}
}

func TestSocketOfAnotherProcessStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "framegate.sock")
	l, err := listenUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := listenUnix(path); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second framegate: %v", err)
	}
	other, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	l.Close()
	l.Close()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("after framegate has ended: %v", err)
	}
	conn.Close()
}
