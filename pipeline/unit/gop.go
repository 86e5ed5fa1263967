package unit

import (
	"context"
	"sync"
)

// BufferLimit is the largest size of a GOP buffer in bytes. 32 MiB are a minute of a 4 Mbit/s camera. A longer GOP loses its
// keyframe, and a new picture waits for the next one. A unit larger than the limit must not be pushed: the largest ones known
// are raw pictures, 16 MiB in 4K.
const BufferLimit = 32 << 20

const (
	// gopLag is how many units a reader may be behind before it has to skip to a newer keyframe. It allows for short delays of
	// a decoder and bounds the latency on a machine that is too slow. Skipping costs nothing in a stream that consists of
	// keyframes: the buffer then keeps gopLagIntra units.
	gopLag, gopLagIntra = 50, 4
)

// GOP buffers the access units of a camera since the last keyframe, so that a picture can begin at once. It also keeps a few
// earlier ones that a reader may not have taken yet. The zero GOP is empty and ready. Its methods may be called from any
// goroutine.
type GOP struct {
	mu     sync.Mutex // guards what follows
	units  []Unit
	first  uint64 // number of units[0]; units are numbered from 0 in the order of arrival
	key    int    // index of the newest keyframe in units; -1 if there is none
	bytes  int
	pushed chan struct{} // closed at the next push; nil while nobody waits
}

// Push adds the newest unit. It never waits for a reader.
func (g *GOP) Push(u Unit) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.units) == 0 {
		g.key = -1
	}
	if u.Key {
		g.keepLast(min(gopLag, max(gopLagIntra, len(g.units)-g.key)))
		g.key = len(g.units)
	}
	g.units = append(g.units, u)
	g.bytes += len(u.Data)
	if g.bytes > BufferLimit {
		g.keepLast(gopLag)
		for g.bytes > BufferLimit {
			g.keepLast(len(g.units) - 1)
		}
	}
	if g.pushed != nil {
		close(g.pushed)
		g.pushed = nil
	}
}

// Clear drops all units, as when a new connection begins. Readers wait for the next keyframe.
func (g *GOP) Clear() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keepLast(0)
}

// keepLast drops all units except the newest n.
func (g *GOP) keepLast(n int) {
	drop := len(g.units) - n
	if drop <= 0 {
		return
	}
	for _, u := range g.units[:drop] {
		g.bytes -= len(u.Data)
	}
	kept := copy(g.units, g.units[drop:])
	clear(g.units[kept:])
	g.units = g.units[:kept]
	g.first += uint64(drop)
	g.key = max(g.key-drop, -1)
}

// Size returns the number of units and of bytes in the buffer.
func (g *GOP) Size() (units, bytes int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.units), g.bytes
}

// Total is the number of units that have been pushed so far.
func (g *GOP) Total() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.first + uint64(len(g.units))
}

// Newest returns the newest unit; false if there is none.
func (g *GOP) Newest() (Unit, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.units) == 0 {
		return Unit{}, false
	}
	return g.units[len(g.units)-1], true
}

// Reader takes the units in order, beginning with a keyframe. A Reader belongs to one goroutine.
type Reader struct {
	gop     *GOP
	next    uint64 // number of the unit to take next
	began   uint64 // number of the keyframe it began with
	started bool   // the first keyframe was taken
}

// Reader returns a reader that begins with the newest keyframe.
func (g *GOP) Reader() *Reader { return &Reader{gop: g} }

// Next waits for the next unit. A reader that is far behind skips to the newest keyframe. If ctx is done first, it returns
// ctx's cause.
func (r *Reader) Next(ctx context.Context) (Unit, error) {
	for {
		u, wait := r.take()
		if wait == nil {
			return u, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return Unit{}, context.Cause(ctx)
		}
	}
}

// A Mark is a position in the sequence of units.
type Mark uint64

// Mark is the position of the unit that Next returns next.
func (r *Reader) Mark() Mark { return Mark(r.next) }

// Rewind makes Next return the unit of a mark, if the buffer still has it.
func (r *Reader) Rewind(to Mark) { r.next = uint64(to) }

// Restart makes the reader begin again with a keyframe that is newer than the one it began with.
func (r *Reader) Restart() { r.started, r.next = false, r.began+1 }

// take returns the next unit, or a channel that is closed when there may be one.
func (r *Reader) take() (Unit, <-chan struct{}) {
	g := r.gop
	g.mu.Lock()
	defer g.mu.Unlock()
	end := g.first + uint64(len(g.units))
	key := g.first + uint64(max(g.key, 0))
	hasKey := len(g.units) > 0 && g.key >= 0

	lost := r.started && r.next < g.first
	far := hasKey && r.next < key && end-r.next > gopLag
	if lost || far {
		r.started = false
	}
	if !r.started {
		if !hasKey || key < r.next {
			return Unit{}, g.wait()
		}
		r.started, r.next, r.began = true, key, key
	}
	if r.next == end {
		return Unit{}, g.wait()
	}
	u := g.units[r.next-g.first]
	r.next++
	return u, nil
}

// Awaited reports whether a reader has taken all units and waits for the next one.
func (g *GOP) Awaited() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pushed != nil
}

func (g *GOP) wait() <-chan struct{} {
	if g.pushed == nil {
		g.pushed = make(chan struct{})
	}
	return g.pushed
}
