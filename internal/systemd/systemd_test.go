package systemd

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/health"
	"github.com/framegate/framegate/internal/systemd/systemdtest"
)

// until waits for a condition.
func until(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("timed out: " + what)
		}
	}
}

func TestUnhealthyProcessDoesNotNotifyTheWatchdog(t *testing.T) {
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
			messages := systemdtest.Listen(t)
			t.Setenv("WATCHDOG_USEC", "150000")
			server := httptest.NewServer(fault.handler)
			defer server.Close()
			log := &lines{}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				Supervise(ctx, []health.Target{{Base: server.URL}}, server.URL, fault.readState, slog.New(slog.NewTextHandler(log, nil)))
				close(done)
			}()
			until(t, "it is logged five times", func() bool { return log.count(fault.log) >= 5 })
			cancel()
			<-done
			until(t, "the end is reported", func() bool { return messages.Count("STOPPING=1") == 1 })
			if n := messages.Count("WATCHDOG=1"); n > 0 {
				t.Errorf("%d notifications of the watchdog", n)
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
