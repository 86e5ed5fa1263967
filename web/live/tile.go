package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"
)

// tile is one place in the client's page. It shows one view after the other. The connection's mutex guards its fields.
type tile struct {
	number  uint32
	begun   int          // how often the tile was opened; it shows what was opened last
	next    *watching    // that was begun last, until it takes over; nil for none
	current *watching    // whose view is shown; nil for none
	frame   *frame.Frame // to be sent; nil if the newest is
	newest  *frame.Frame // nil before the first
	sent    []time.Time  // of the pictures that are under way
	queued  bool         // it is in ready
}

// watching is a goroutine that watches a camera for a tile.
type watching struct {
	end   context.CancelFunc
	ended chan struct{} // closed when it has left the camera
}

// open begins to watch, in a goroutine that gives its place back. c.mu is held.
func (c *connection) open(ctx context.Context, o opening) error {
	t := c.tiles[*o.Tile]
	if t == nil {
		if len(c.tiles) >= maxTiles {
			return fmt.Errorf("a connection has at most %d tiles", maxTiles)
		}
		t = &tile{number: *o.Tile}
		c.tiles[t.number] = t
	}
	if t.next != nil {
		t.next.end()
	}
	t.begun++
	ctx, cancel := context.WithCancel(ctx)
	w := &watching{cancel, make(chan struct{})}
	t.next = w
	begun := t.begun
	c.watching.Go(func() {
		defer func() { <-c.places }()
		defer close(w.ended)
		defer cancel()
		c.watch(ctx, t, begun, o)
	})
	return nil
}

// drop ends a tile. c.mu is held.
func (c *connection) drop(t *tile) {
	delete(c.tiles, t.number)
	t.begun++
	for _, w := range []*watching{t.next, t.current} {
		if w != nil {
			w.end()
		}
	}
	if t.queued {
		c.ready = slices.DeleteFunc(c.ready, func(other *tile) bool { return other == t })
	}
	c.underWay -= len(t.sent)
	t.sent, t.frame = nil, nil
	c.wakeWriter()
}

// shown records that the client has shown the oldest picture of a tile that was under way. c.mu is held.
func (c *connection) shown(t *tile) {
	if len(t.sent) == 0 {
		return
	}
	c.pace.shown(t.sent[0], time.Now(), c.underWay)
	t.sent = slices.Delete(t.sent, 0, 1)
	c.underWay--
	c.queue(t)
	c.wakeWriter() // even if this tile has nothing to send, another may now
}

// queue puts a tile into the queue if it has a picture to send, and may. c.mu is held.
func (c *connection) queue(t *tile) {
	if !t.queued && t.frame != nil && len(t.sent) < maxUnderWay {
		t.queued = true
		c.ready = append(c.ready, t)
		c.wakeWriter()
	}
}

// watch shows a camera in a tile until ctx is done or there is nothing to show any more.
func (c *connection) watch(ctx context.Context, t *tile, begun int, o opening) {
	for {
		err := c.show(ctx, t, begun, o)
		if errors.Is(err, registry.ErrReplaced) {
			continue // the camera's configuration has changed
		}
		if c.endShown(t, begun) {
			continue // it may have been in the way, as where max_viewers is 1
		}
		c.mu.Lock()
		newest := t.newest
		c.mu.Unlock()
		var last *frame.Frame
		if newest != nil {
			last = c.client.Last(o.Camera, newest, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.tiles[t.number] == t && t.begun == begun {
			c.drop(t)
			if last != nil {
				c.queueText(lastPicture{t.number, last})
			}
			c.queueText(endedMessage{ended{t.number, c.client.Problem(o.Camera, err)}})
		}
		return
	}
}

// show shows one view of a camera and returns why it has ended. The view takes over the tile when it has its first picture.
func (c *connection) show(ctx context.Context, t *tile, begun int, o opening) error {
	view, release, err := c.client.Watch(ctx, o.Camera, o.Query)
	if err != nil {
		return err
	}
	defer release()
	defer view.Close()
	if !c.takeOver(t, begun) {
		return context.Canceled
	}
	for f := view.Frame(); ; {
		if !c.publish(t, begun, f) {
			return context.Canceled
		}
		if f, err = view.Next(); err != nil {
			return err
		}
	}
}

// endShown ends the view that a tile still shows, if the one that was to take over is the last that was begun. It reports whether there
// was one, which has left its camera.
func (c *connection) endShown(t *tile, begun int) bool {
	c.mu.Lock()
	if t.begun != begun || t.next == nil || t.current == nil {
		c.mu.Unlock()
		return false
	}
	shown := t.current
	t.current = nil
	c.mu.Unlock()
	shown.end()
	<-shown.ended
	return true
}

// takeOver ends the view that a tile has shown so far, unless another one has been opened since.
func (c *connection) takeOver(t *tile, begun int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.begun != begun {
		return false
	}
	if t.next == nil { // it has taken over already, and watches again
		return true
	}
	if t.current != nil {
		t.current.end()
	}
	t.current, t.next = t.next, nil
	return true
}

// publish makes a frame the next one of a tile, and drops an older one that has not been sent. It reports whether the tile still shows the
// view, which it does until another view has taken over.
func (c *connection) publish(t *tile, begun int, f *frame.Frame) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tiles[t.number] != t || t.begun != begun && t.next == nil {
		return false
	}
	t.frame, t.newest = f, f
	c.queue(t)
	return true
}
