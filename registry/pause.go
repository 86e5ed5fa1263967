package registry

import (
	"context"
	"math/rand/v2"
	"time"

	"framegate/pipeline/frame"
)

// pause is the growing time between attempts. It belongs to one goroutine.
type pause struct{ attempts, refusals int }

const (
	firstPause = 500 * time.Millisecond
	maxPause   = 30 * time.Second
	// watchedPause is the longest while somebody watches a camera that may come back by itself.
	watchedPause = time.Second
	// authPause is the first pause after a refused password, maxAuthPause the longest: cameras lock an account after a few.
	authPause    = time.Minute
	maxAuthPause = 15 * time.Minute
	// goodTime is how long a connection must have lasted for the pauses to begin anew.
	goodTime = time.Minute
)

// next is the pause after an attempt that lasted for lived and ended for reason. It carries jitter of up to
// a fifth, so that 64 cameras behind one switch do not come back in step.
func (p *pause) next(reason frame.Reason, lived time.Duration) time.Duration {
	if lived >= goodTime {
		p.attempts = 0
	}
	if lived > 0 {
		p.refusals = 0
	}
	d := min(firstPause<<min(p.attempts, 16), maxPause)
	p.attempts++
	if reason == frame.Unauthorized {
		d = min(authPause<<min(p.refusals, 16), maxAuthPause)
		p.refusals++
	}
	return jitter(d)
}

// jitter lengthens a pause by up to a fifth.
func jitter(d time.Duration) time.Duration { return d + time.Duration(rand.Int64N(int64(d)/5)) }

// passes reports whether a camera that is away for a reason may come back without anybody changing a configuration.
func passes(reason frame.Reason) bool {
	switch reason {
	case frame.Unauthorized, frame.NotFound, frame.NoVideo, frame.Unsupported:
		return false
	default:
		return true
	}
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
