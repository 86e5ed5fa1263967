package plan

import (
	"context"
	"slices"
	"sync"
	"time"
)

// maxStarting is how many pipelines of a device may be starting at a time.
const maxStarting = 4

// starts limits how many pipelines of a device start at a time. Drivers open decoders one after the other, which took 0.1 s
// each on an H200: when thirty pipelines started together, the last ones seemed to hang. The methods may be called from any
// goroutine.
type starts struct {
	mu       sync.Mutex      // guards what follows
	starting int             // pipelines that have a turn: they have started and not shown a picture yet
	freed    time.Time       // when a turn was last given up
	queue    []chan struct{} // one for each pipeline that waits for a turn, in order of arrival; closed when it gets one
}

// begin waits for a turn, at most until ctx is done, and reports whether it had to wait. It starts without a free turn if none
// has been given up within timeout, since a camera must find out that a device hangs. done, which must be called, gives the turn
// to the next pipeline in the queue; further calls do nothing.
func (s *starts) begin(ctx context.Context, timeout time.Duration) (done func(), waited bool) {
	s.mu.Lock()
	if s.starting < maxStarting {
		s.starting++
		s.mu.Unlock()
		return sync.OnceFunc(s.done), false
	}
	turn, since := make(chan struct{}), time.Now()
	s.queue = append(s.queue, turn)
	s.mu.Unlock()
	for {
		timer := time.NewTimer(s.left(since, timeout))
		select {
		case <-turn:
			timer.Stop()
			return sync.OnceFunc(s.done), true
		case <-ctx.Done():
			timer.Stop()
			if s.leave(turn, false) {
				return func() {}, true
			}
			return sync.OnceFunc(s.done), true
		case <-timer.C:
			if s.left(since, timeout) <= 0 {
				s.leave(turn, true)
				return sync.OnceFunc(s.done), true
			}
		}
	}
}

// leave takes a pipeline out of the queue, either to start without a free turn or not at all. It returns false if the pipeline
// has got a turn meanwhile.
func (s *starts) leave(turn chan struct{}, start bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.queue, turn)
	if i < 0 {
		return false
	}
	s.queue = slices.Delete(s.queue, i, i+1)
	if start {
		s.starting++
	}
	return true
}

// left is how much is left of a timeout that began at since and restarts whenever a turn is given up.
func (s *starts) left(since time.Time, timeout time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.freed.After(since) {
		since = s.freed
	}
	return timeout - time.Since(since)
}

// done gives up a turn.
func (s *starts) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.freed = time.Now()
	if len(s.queue) > 0 && s.starting <= maxStarting {
		close(s.queue[0]) // which takes over the turn
		s.queue = s.queue[1:]
		return
	}
	s.starting--
}
