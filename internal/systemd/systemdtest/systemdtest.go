// Package systemdtest stands in for systemd in tests.
package systemdtest

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Messages holds what systemd would get. Its methods may be called from any goroutine.
type Messages struct {
	mu  sync.Mutex // guards all
	all []string
}

// Listen collects the messages of this process and of those that it starts, until the test ends.
func Listen(t testing.TB) *Messages {
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
	s := &Messages{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for message := make([]byte, 4096); ; {
			n, err := conn.Read(message)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.all = append(s.all, string(message[:n]))
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

// Count is the number of messages so far that begin with prefix.
func (s *Messages) Count(prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.all {
		if strings.HasPrefix(m, prefix) {
			n++
		}
	}
	return n
}

// All returns the messages so far, the oldest first.
func (s *Messages) All() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}
