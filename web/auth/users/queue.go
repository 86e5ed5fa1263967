package users

import (
	"context"
	"runtime"
	"slices"
	"sync"
)

// maxHashes is how many hashes may be made at a time: the cameras need the other cores.
var maxHashes = max(1, runtime.GOMAXPROCS(0)/4)

// maxWaiting is how many requests may wait in each line of a queue.
const maxWaiting = 64

// line is one of the two lines of a queue.
type line int

const (
	ofStrangers line = iota // attempts from unknown addresses
	ofUsers                 // attempts from addresses where the user has signed in
)

// queue limits the hashes that are made at a time, whatever they are for. Requests wait in two lines, which take turns, so that strangers do
// not keep users out. The zero value is ready to use. Any goroutine may call its methods.
type queue struct {
	mu      sync.Mutex // guards the fields below
	inside  int        // requests that make a hash
	waiting [2][]chan struct{}
	last    line // whose turn it was
}

// enter waits for a place. It returns false if too many wait or ctx is done.
func (q *queue) enter(ctx context.Context, in line) bool {
	q.mu.Lock()
	if q.inside < maxHashes {
		defer q.mu.Unlock()
		if ctx.Err() != nil {
			return false
		}
		q.inside++
		return true
	}
	if len(q.waiting[in]) >= maxWaiting {
		q.mu.Unlock()
		return false
	}
	turn := make(chan struct{})
	q.waiting[in] = append(q.waiting[in], turn)
	q.mu.Unlock()
	select {
	case <-turn:
		return true
	case <-ctx.Done():
	}
	q.mu.Lock()
	i := slices.Index(q.waiting[in], turn)
	if i >= 0 {
		q.waiting[in] = slices.Delete(q.waiting[in], i, i+1)
	}
	q.mu.Unlock()
	if i < 0 { // its turn came at the same time
		q.leave()
	}
	return false
}

// leave gives a place to the next request.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for range q.waiting {
		q.last = 1 - q.last
		if line := q.waiting[q.last]; len(line) > 0 {
			close(line[0])
			q.waiting[q.last] = line[1:]
			return
		}
	}
	q.inside--
}
