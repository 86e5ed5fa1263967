package unit

import (
	"context"
	"slices"
	"sync"
	"time"
)

// BufferLimit is the largest size of a GOP buffer in bytes, of which each unit takes unitOverhead besides its data. 32 MiB are a
// minute of a 4 Mbit/s camera. A longer GOP loses its keyframe, and a new picture waits for the next one. A unit larger than the
// limit must not be pushed: the largest ones known are raw pictures, 16 MiB in 4K.
const BufferLimit = 32 << 20

const (
	// gopLag is how many units a reader may be behind before it has to skip to a newer keyframe. It allows for short delays of
	// a decoder and bounds the latency on a machine that is too slow. Skipping costs nothing in a stream that consists of
	// keyframes: the buffer then keeps gopLagIntra units.
	gopLag, gopLagIntra = 50, 4
)

// GOP buffers the access units of a camera since the last one at which a picture can begin, so that it can do so at once. That is
// a keyframe, or a recovery point that is complete: after it enough units have arrived for the newest picture to be right. It also
// keeps a few earlier ones that a reader may not have taken yet. The zero GOP is empty and ready. Its methods may be called from
// any goroutine.
type GOP struct {
	mu         sync.Mutex // guards what follows
	units      []Unit
	first      uint64        // number of units[0]; units are numbered from 0 in the order of arrival
	start      int           // index of the newest unit in units at which a picture can begin; -1 if there is none
	right      time.Duration // PTS from which pictures are right for who begins there
	recoveries []recovery    // recovery points after it that are not complete, in their order
	bytes      int
	unread     bool          // nobody reads, see SetUnread
	pushed     chan struct{} // closed at the next push; nil while nobody waits
}

// recovery is a recovery point that is not complete.
type recovery struct {
	unit int           // its index in units
	left int           // units that others may refer to and that must still arrive before the one whose picture is right
	last time.Duration // largest PTS of the units since
}

// maxRecoveries is how many incomplete recovery points are counted at a time: a camera may mark every unit as one.
const maxRecoveries = 32

// SetUnread says whether nobody reads. Then hardly anything is kept of what precedes a keyframe, which is up to half of the buffer.
// A Reader that begins meanwhile, or stayed behind, begins with the newest keyframe as usual.
func (g *GOP) SetUnread(unread bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.unread = unread
}

// Push adds the newest unit. It never waits for a reader.
func (g *GOP) Push(u Unit) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.units) == 0 {
		g.start = -1
	}
	if u.Key {
		keep := min(gopLag, max(gopLagIntra, len(g.units)-g.start))
		if g.unread {
			keep = gopLagIntra
		}
		g.keepLast(keep)
		g.start, g.right, g.recoveries = len(g.units), u.PTS, g.recoveries[:0]
	}
	u.Recovered = g.recover(u)
	g.units = append(g.units, u)
	g.bytes += len(u.Data)
	if g.held() > BufferLimit {
		g.keepLast(gopLag)
		for g.held() > BufferLimit && len(g.units) > 1 {
			g.keepLast(len(g.units) - 1)
		}
	}
	if g.pushed != nil {
		close(g.pushed)
		g.pushed = nil
	}
}

// unitOverhead is what a unit takes besides its data, in bytes. A camera may send units of two bytes.
const unitOverhead = 256

// held is what the buffer counts against BufferLimit.
func (g *GOP) held() int { return g.bytes + len(g.units)*unitOverhead }

// recover counts a unit, which is about to be added, for the recovery points before it. It reports whether one is complete. A
// picture that begins there begins with pictures that nobody may see; the newest one is right.
func (g *GOP) recover(u Unit) (complete bool) {
	from := -1
	for i := range g.recoveries {
		r := &g.recoveries[i]
		r.last = max(r.last, u.PTS)
		if r.left <= 0 {
			from = i
		}
		if !u.Droppable {
			r.left--
		}
	}
	if from >= 0 {
		previous := max(g.start, 0) // where readers may have begun that have not caught up yet
		g.start, g.right = g.recoveries[from].unit, g.recoveries[from].last
		g.recoveries = slices.Delete(g.recoveries, 0, from+1)
		g.keepLast(max(gopLag, len(g.units)-previous))
	}
	if u.Recovery > 0 && len(g.recoveries) < maxRecoveries {
		left := u.Recovery
		if !u.Droppable {
			left--
		}
		g.recoveries = append(g.recoveries, recovery{len(g.units), left, u.PTS})
	}
	return from >= 0
}

// Clear drops all units, as when a new connection begins. Readers wait for the next keyframe.
func (g *GOP) Clear() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keepLast(0)
	g.units = nil
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
	g.start = max(g.start-drop, -1)
	for i := range g.recoveries {
		g.recoveries[i].unit -= drop
	}
	g.recoveries = slices.DeleteFunc(g.recoveries, func(r recovery) bool { return r.unit < 0 })
}

// HeldBytes is how much memory the buffer takes, about, in bytes.
func (g *GOP) HeldBytes() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return int64(g.held())
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

// Reader takes the units in order, beginning with one at which a picture can begin. A Reader belongs to one goroutine.
type Reader struct {
	gop     *GOP
	next    uint64        // number of the unit to take next
	began   uint64        // number of the unit it began with
	started bool          // that unit was taken
	right   time.Duration // PTS from which pictures are right
	begins  bool          // the unit that was taken last is the one it began with
	close   bool          // it has been close to the newest unit since
}

// Reader returns a reader that begins with the newest keyframe, or with a newer recovery point that is complete.
func (g *GOP) Reader() *Reader { return &Reader{gop: g} }

// Next waits for the next unit. A reader that is far behind skips to the newest unit at which a picture can begin. If ctx is done
// first, it returns ctx's cause.
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

// Begins reports whether the reader began with the unit that Next returned last, or has skipped to it. If that unit is not a keyframe,
// it needs a new decoder.
func (r *Reader) Begins() bool { return r.begins }

// RightFrom is the PTS from which a decoder gives right pictures if it began where the reader did: that of a keyframe, or one later
// than a recovery point.
func (r *Reader) RightFrom() time.Duration { return r.right }

// A Mark is a position in the sequence of units.
type Mark uint64

// Mark is the position of the unit that Next returns next.
func (r *Reader) Mark() Mark { return Mark(r.next) }

// Rewind makes Next return the unit of a mark, if the buffer still has it.
func (r *Reader) Rewind(to Mark) { r.next = uint64(to) }

// Restart makes the reader begin again, with a newer unit than the one it began with.
func (r *Reader) Restart() { r.started, r.next = false, r.began+1 }

// take returns the next unit, or a channel that is closed when there may be one.
func (r *Reader) take() (Unit, <-chan struct{}) {
	g := r.gop
	g.mu.Lock()
	defer g.mu.Unlock()
	end := g.first + uint64(len(g.units))
	start := g.first + uint64(max(g.start, 0))
	hasStart := len(g.units) > 0 && g.start >= 0

	lost := r.started && r.next < g.first
	// A reader that begins with a recovery point is far behind at first. It catches up faster than it would from the next one.
	far := hasStart && r.next < start && end-r.next > gopLag && (r.close || g.units[g.start].Key)
	if lost || far {
		r.started = false
	}
	r.begins = !r.started
	if !r.started {
		if !hasStart || start < r.next {
			return Unit{}, g.wait()
		}
		r.started, r.next, r.began, r.right, r.close = true, start, start, g.right, false
	}
	r.close = r.close || end-r.next < gopLag/2
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
