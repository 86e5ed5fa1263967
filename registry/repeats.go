package registry

import (
	"context"
	"log/slog"
	"maps"
	"time"
)

// repeatInterval is how often the same fault is told as a warning. A camera that is watched is tried each second, for as
// long as it is away.
const repeatInterval = 10 * time.Minute

// repeats remembers when each fault was told. It belongs to one goroutine.
type repeats map[string]time.Time

// level is how loud a fault is to be told now: repeated soon, it is of interest only to those who look for it.
func (r repeats) level(fault error, now time.Time) slog.Level {
	text := fault.Error()
	maps.DeleteFunc(r, func(_ string, told time.Time) bool { return now.Sub(told) >= repeatInterval })
	if _, told := r[text]; told {
		return slog.LevelDebug
	}
	r[text] = now
	return slog.LevelWarn
}

// tell logs a fault, and when the next attempt comes.
func (r repeats) tell(ctx context.Context, log *slog.Logger, message string, fault error, pause time.Duration) {
	log.Log(ctx, r.level(fault, time.Now()), message, "error", fault, "retry_in", pause.Round(time.Millisecond))
}
