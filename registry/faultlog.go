package registry

import (
	"context"
	"log/slog"
	"maps"
	"time"
)

// faultLog logs what went wrong at each attempt. The same fault is a warning only once in warningInterval, since a camera
// that is watched is tried every second for as long as it is away. A faultLog belongs to one goroutine.
type faultLog struct {
	log     *slog.Logger
	message string
	warned  map[string]time.Time // when, by the text of the fault
}

const warningInterval = 10 * time.Minute

// add logs a fault and when the next attempt is made.
func (l *faultLog) add(ctx context.Context, fault error, retryIn time.Duration) {
	level := slog.LevelDebug
	if l.warns(fault, time.Now()) {
		level = slog.LevelWarn
	}
	l.log.Log(ctx, level, l.message, "error", fault, "retry_in", retryIn.Round(time.Millisecond))
}

// warns reports whether a fault is worth a warning, and remembers it if so.
func (l *faultLog) warns(fault error, now time.Time) bool {
	maps.DeleteFunc(l.warned, func(_ string, at time.Time) bool { return now.Sub(at) >= warningInterval })
	text := fault.Error()
	if _, ok := l.warned[text]; ok {
		return false
	}
	if l.warned == nil {
		l.warned = map[string]time.Time{}
	}
	l.warned[text] = now
	return true
}

// reset makes the next fault a warning in any case.
func (l *faultLog) reset() { clear(l.warned) }
