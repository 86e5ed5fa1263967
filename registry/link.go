package registry

import (
	"context"
	"reflect"
	"sync"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
)

// link is a feed with its connection, which outlives a camera: when another configuration changes the camera, but not where its pictures
// come from, the camera that replaces it takes the connection over, and what the feed has buffered.
type link struct {
	Feed
	source configs.Source

	mu         sync.Mutex     // guards the fields below. The mutex of a camera may be locked while it is held, and not the other way round
	owner      *stream        // which is told what the feed says
	connection *connection    // nil if there is none
	format     *frame.Stream  // what the connected camera sends; nil if it does not yet
	waiting    *frame.Waiting // why it is connected and gives no picture; nil if it does or is not connected
}

// connection is one call of a feed's Run.
type connection struct {
	end  context.CancelCauseFunc
	done chan struct{} // closed when Run has returned
	err  error         // what it has returned
}

func newLink(feed Feed, source configs.Source) *link {
	l := &link{Feed: feed, source: source}
	feed.OnWaiting(l.waits)
	return l
}

// serves reports whether the connection of a camera with the configuration old can become that of one with the configuration conf, which
// reads the same source: both are to be connected always.
func (l *link) serves(source configs.Source, old, conf configs.Camera) bool {
	always := func(c configs.Camera) bool { return !c.Disabled && c.Connect != configs.OnDemand }
	return always(old) && always(conf) && reflect.DeepEqual(l.source, source)
}

// hand makes a stream the owner, and tells it what the previous one knew, if there was one. It does not run yet.
func (l *link) hand(to *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := l.owner
	l.owner = to
	if from == nil {
		return
	}
	to.continues(from, l.format != nil && l.waiting == nil)
	switch {
	case l.waiting != nil:
		to.waits(*l.waiting)
	case l.format != nil:
		to.receives(*l.format)
	}
}

// has reports whether a stream is the owner.
func (l *link) has(s *stream) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.owner == s
}

// keep connects unless there is a connection, and returns why it ended. If ctx is done first, it ends the connection, unless it has
// another owner by then. It returns after ctx is done if s is not the owner.
func (l *link) keep(ctx context.Context, s *stream) error {
	if c := l.begin(s); c != nil {
		select {
		case <-c.done:
			if l.forget(s, c) {
				return c.err
			}
		case <-ctx.Done():
			if l.forget(s, c) {
				c.end(context.Cause(ctx))
				<-c.done
				return c.err
			}
		}
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// begin returns the connection, which it makes if there is none. It returns nil if s is not the owner.
func (l *link) begin(s *stream) *connection {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owner != s || l.connection != nil {
		if l.owner != s {
			return nil
		}
		return l.connection
	}
	ctx, end := context.WithCancelCause(context.Background())
	c := &connection{end: end, done: make(chan struct{})}
	l.connection = c
	go func() {
		defer close(c.done)
		defer end(nil)
		c.err = l.Run(ctx, l.connected)
	}()
	return c
}

// forget takes a connection that ends from s, the owner. It returns false if there is another owner, who will see the end.
func (l *link) forget(s *stream, c *connection) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owner != s {
		return false
	}
	l.connection, l.format, l.waiting = nil, nil, nil
	return true
}

// close ends the connection, if there is one and s is the owner.
func (l *link) close(s *stream, why error) {
	l.mu.Lock()
	c := l.connection
	l.mu.Unlock()
	if c != nil && l.forget(s, c) {
		c.end(why)
		<-c.done
	}
}

// connected is called by the feed when the camera begins to send a format.
func (l *link) connected(format frame.Stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.connection == nil { // it ends
		return
	}
	l.format, l.waiting = &format, nil
	l.owner.connected(format)
}

// waits is called by the feed when the camera is connected and has given no picture for some seconds.
func (l *link) waits(w frame.Waiting) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.connection == nil {
		return
	}
	l.waiting = &w
	l.owner.waits(w)
}
