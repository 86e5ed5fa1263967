package retry

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// What the log takes about one camera, whatever the camera does.
const (
	linesAtOnce    = 30
	linesPerSecond = 5
)

// Limited returns a handler that logs at most linesAtOnce lines, and linesPerSecond in the long run. The line after those that were
// left out says how many. Handlers made of it share the limit.
func Limited(to slog.Handler) slog.Handler { return limited{to, &budget{lines: linesAtOnce}} }

type limited struct {
	slog.Handler
	budget *budget
}

// Handle implements slog.Handler.
func (l limited) Handle(ctx context.Context, r slog.Record) error {
	ok, leftOut := l.budget.take(r.Time)
	if !ok {
		return nil
	}
	if leftOut > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("lines_left_out", leftOut))
	}
	return l.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (l limited) WithAttrs(attrs []slog.Attr) slog.Handler {
	return limited{l.Handler.WithAttrs(attrs), l.budget}
}

// WithGroup implements slog.Handler.
func (l limited) WithGroup(name string) slog.Handler {
	return limited{l.Handler.WithGroup(name), l.budget}
}

// budget is how many lines may be logged.
type budget struct {
	mu      sync.Mutex // guards what follows
	lines   float64    // that may be logged now
	at      time.Time  // when lines was right
	leftOut int        // since the last line
}

// take takes a line at a time, and returns how many were left out before it.
func (b *budget) take(now time.Time) (ok bool, leftOut int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if passed := now.Sub(b.at); passed > 0 {
		b.lines, b.at = min(linesAtOnce, b.lines+passed.Seconds()*linesPerSecond), now
	}
	if b.lines < 1 {
		b.leftOut++
		return false, 0
	}
	leftOut, b.leftOut = b.leftOut, 0
	b.lines--
	return true, leftOut
}
