package retry

import (
	"context"
	"log/slog"
	"maps"
	"time"
)

// Log logs why each attempt failed. The same failure is a warning only once in warningInterval, since a camera that is
// watched is tried every second while it is away. A Log belongs to one goroutine.
type Log struct {
	Logger  *slog.Logger
	Message string
	warned  map[string]time.Time // when, by the text of the failure
}

const warningInterval = 10 * time.Minute

// maxWarnings is how many different failures are warnings within warningInterval: a camera may refuse with other words each time.
const maxWarnings = 20

// Add logs a failure and when the next attempt is made.
func (l *Log) Add(ctx context.Context, failure error, retryIn time.Duration) {
	level := slog.LevelDebug
	if l.warns(failure, time.Now()) {
		level = slog.LevelWarn
	}
	l.Logger.Log(ctx, level, l.Message, "error", failure, "retry_in", retryIn.Round(time.Millisecond))
}

// warns reports whether a failure is worth a warning, and remembers it if so.
func (l *Log) warns(failure error, now time.Time) bool {
	maps.DeleteFunc(l.warned, func(_ string, at time.Time) bool { return now.Sub(at) >= warningInterval })
	text := failure.Error()
	if _, ok := l.warned[text]; ok || len(l.warned) >= maxWarnings {
		return false
	}
	if l.warned == nil {
		l.warned = map[string]time.Time{}
	}
	l.warned[text] = now
	return true
}

// Reset makes the next failure a warning in any case.
func (l *Log) Reset() { clear(l.warned) }
