// Package retry paces the attempts at what may fail for a long time, and logs the failures without repeating itself.
package retry

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/framegate/framegate/internal/backoff"
	"github.com/framegate/framegate/pipeline/frame"
)

// Backoff makes the pause between attempts to connect grow. The zero Backoff is ready. It belongs to one goroutine.
type Backoff struct{ failures, refusals int } // in a row

// FirstPause is the pause after the first failure.
const FirstPause = 500 * time.Millisecond

var afterFailure = backoff.Policy{First: FirstPause, Longest: 30 * time.Second}

const (
	// goodPause is the pause after a good attempt: the next one is likely to succeed.
	goodPause = 100 * time.Millisecond
	// goodTime is how long an attempt must last to be a good one, after which the pauses begin anew. Some cameras end every
	// connection after 5 s.
	goodTime = 3 * time.Second
)

// Next returns the pause after an attempt that lasted for the given time and ended for a reason. It has jitter, so that
// 64 cameras behind one switch do not come back at the same time.
func (b *Backoff) Next(reason frame.Reason, lasted time.Duration) time.Duration {
	if lasted > 0 {
		b.refusals = 0
	}
	switch {
	case reason == frame.Unauthorized:
		b.refusals++
		return Jitter(backoff.AfterRefusal.Pause(b.refusals))
	case lasted >= goodTime:
		b.failures = 0
		return Jitter(goodPause)
	}
	b.failures++
	return Jitter(afterFailure.Pause(b.failures))
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
