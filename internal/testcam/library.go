package testcam

import (
	"context"
	"sync"
)

// library keeps every loop that was encoded, so that cameras that agree in their picture share one, and a
// camera that heals has its own back at once. Its methods may be called from any goroutine.
type library struct {
	mu      sync.Mutex
	entries map[picture]*entry
}

// entry is a loop that is being encoded until done is closed.
type entry struct {
	done chan struct{}
	loop *loop
	err  error
}

// encoders bounds how many loops are encoded at a time: an encoder's own threads fill a small machine.
var encoders = make(chan struct{}, 4)

// get returns the loop of a picture. The first who asks encodes it, the others wait for that; a failure is
// not kept.
func (l *library) get(ctx context.Context, p picture) (*loop, error) {
	l.mu.Lock()
	e, known := l.entries[p]
	if !known {
		e = &entry{done: make(chan struct{})}
		if l.entries == nil {
			l.entries = map[picture]*entry{}
		}
		l.entries[p] = e
	}
	l.mu.Unlock()
	if known {
		select {
		case <-e.done:
			return e.loop, e.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	encoders <- struct{}{}
	e.loop, e.err = encode(ctx, p)
	<-encoders
	if e.err != nil {
		l.mu.Lock()
		delete(l.entries, p)
		l.mu.Unlock()
	}
	close(e.done)
	return e.loop, e.err
}
