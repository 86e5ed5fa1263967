package plan

import (
	"context"
	"slices"
	"sync"
	"time"
)

// startsAtOnce is how many pipelines of a device may begin at a time.
const startsAtOnce = 4

// starts lets the pipelines of a device begin a few at a time. Drivers open decoders one after the other, which took 0.1 s
// each on an H200: of thirty pipelines that began at once the last ones seemed to hang. Its methods may be called from any
// goroutine.
type starts struct {
	mu      sync.Mutex // guards what follows
	begun   int        // pipelines that have begun and not shown a picture yet
	moved   time.Time  // when one of them last showed a picture or gave up
	waiting []chan struct{}
}

// begin waits for its turn, until ctx is done at most, and reports whether it had to wait. If none of those before it has
// called done for the time of patience, it waits no longer: cameras must find out that a device hangs. done, which must be
// called, gives the turn to the next one; further calls do nothing.
func (s *starts) begin(ctx context.Context, patience time.Duration) (done func(), waited bool) {
	s.mu.Lock()
	if s.begun < startsAtOnce {
		s.begun++
		s.mu.Unlock()
		return sync.OnceFunc(s.done), false
	}
	turn, since := make(chan struct{}), time.Now()
	s.waiting = append(s.waiting, turn)
	s.mu.Unlock()
	for {
		left := time.NewTimer(s.left(since, patience))
		select {
		case <-turn:
			left.Stop()
			return sync.OnceFunc(s.done), true
		case <-ctx.Done():
			left.Stop()
			if s.leave(turn, false) {
				return func() {}, true
			}
			return sync.OnceFunc(s.done), true
		case <-left.C:
			if s.left(since, patience) <= 0 {
				s.leave(turn, true)
				return sync.OnceFunc(s.done), true
			}
		}
	}
}

// leave takes one that waits out of the line, to begin all the same or not at all. It reports false if its turn has come.
func (s *starts) leave(turn chan struct{}, begins bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.waiting, turn)
	if i < 0 {
		return false
	}
	s.waiting = slices.Delete(s.waiting, i, i+1)
	if begins {
		s.begun++
	}
	return true
}

// left is how much longer one that has waited since a time has patience.
func (s *starts) left(since time.Time, patience time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moved.After(since) {
		since = s.moved
	}
	return patience - time.Since(since)
}

// done lets the next one begin.
func (s *starts) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved = time.Now()
	if len(s.waiting) > 0 && s.begun <= startsAtOnce {
		close(s.waiting[0]) // which takes the place
		s.waiting = s.waiting[1:]
		return
	}
	s.begun--
}
