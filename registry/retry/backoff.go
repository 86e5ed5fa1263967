// Package retry paces the attempts at what may fail for a long time, and logs the failures without repeating itself.
package retry

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// Backoff makes the pause between attempts grow. The zero Backoff is ready. It belongs to one goroutine.
type Backoff struct{ attempts, refusals int }

const (
	// FirstPause is the pause after the first failure, and after a connection that was good.
	FirstPause = 500 * time.Millisecond
	maxPause   = 30 * time.Second
	// authPause is the first pause after a refused password and maxAuthPause the longest: cameras lock an account after
	// a few attempts.
	authPause    = time.Minute
	maxAuthPause = 15 * time.Minute
	// goodTime is how long an attempt must last for the pauses to start from FirstPause again. Some cameras end every connection
	// after 5 s.
	goodTime = 3 * time.Second
)

// Next returns the pause after an attempt that lasted for the given time and ended for a reason. It has jitter, so that
// 64 cameras behind one switch do not come back at the same time.
func (b *Backoff) Next(reason frame.Reason, lasted time.Duration) time.Duration {
	if lasted >= goodTime {
		b.attempts = 0
	}
	if lasted > 0 {
		b.refusals = 0
	}
	d := min(FirstPause<<min(b.attempts, 16), maxPause)
	b.attempts++
	if reason == frame.Unauthorized {
		d = min(authPause<<min(b.refusals, 16), maxAuthPause)
		b.refusals++
	}
	return Jitter(d)
}

// Jitter lengthens a pause by up to a fifth.
func Jitter(d time.Duration) time.Duration { return d + time.Duration(rand.Int64N(int64(d)/5)) }

// Temporary reports whether a camera that is away for a reason may come back without a change of its configuration.
func Temporary(reason frame.Reason) bool {
	switch reason {
	case frame.Unauthorized, frame.NotFound, frame.NoVideo, frame.Unsupported:
		return false
	default:
		return true
	}
}

// Sleep blocks for d or until ctx is done.
func Sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
