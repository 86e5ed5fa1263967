package registry

import (
	"context"
	"math/rand/v2"
	"time"

	"framegate/pipeline/frame"
)

// pause is the growing time between attempts. It belongs to one goroutine.
type pause struct{ attempts int }

const (
	firstPause = 500 * time.Millisecond
	maxPause   = 30 * time.Second
	// authPause is the least pause after a refused password: cameras lock an account after a few.
	authPause = time.Minute
	// goodTime is how long a connection must have lasted for the pauses to begin anew.
	goodTime = 10 * time.Second
)

// next is the pause after an attempt that lasted for lived and ended for reason. It carries jitter of up to
// a fifth, so that 64 cameras behind one switch do not come back in step.
func (p *pause) next(reason frame.Reason, lived time.Duration) time.Duration {
	if lived >= goodTime {
		p.attempts = 0
	}
	d := min(firstPause<<min(p.attempts, 16), maxPause)
	p.attempts++
	if reason == frame.Unauthorized {
		d = max(d, authPause)
	}
	return d + time.Duration(rand.Int64N(int64(d)/5))
}

// wait blocks for d or until ctx is done.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
