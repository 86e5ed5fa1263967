package frame

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Slot has the newest frame of one rendition. Pictures and placeholders are written to it, and any number of viewers read. A slow viewer finds the
// newest frame when it is ready; nothing queues, and no viewer can slow down the writer or another viewer.
//
// Waiting allocates nothing: publishing closes one channel for all waiting viewers and makes one for the next wait. The zero
// Slot is empty and ready.
type Slot struct {
	current atomic.Pointer[publication]
	write   sync.Mutex // serialises Publish; readers never take it

	frames, bytes atomic.Uint64
	delay         atomic.Int64 // as a time.Duration
	rate          rate
}

// publication is a frame and the channel that is closed when a newer one replaces it.
type publication struct {
	frame    *Frame    // nil if nothing was published yet
	picture  *Frame    // the newest that is not a placeholder; nil if there is none
	floor    time.Time // no later picture may have an earlier Received
	number   uint64    // how many pictures were published up to this one
	replaced chan struct{}
}

// Publish makes f the newest frame and wakes all waiting viewers. It returns false and changes nothing if f is not newer than
// the current frame by PTS. So viewers see every picture once and never go back in time while two picture pipelines overlap. A
// placeholder is shown like a picture, but not counted as one. A picture whose unit arrived before the placeholder was made
// may be published after it: its time of arrival is then moved past that of the placeholder. Any goroutine may call
// Publish.
func (s *Slot) Publish(f *Frame) bool {
	s.write.Lock()
	defer s.write.Unlock()
	old := s.load()
	if old.frame != nil && f.PTS <= old.frame.PTS {
		return false
	}
	picture, floor, number, received := old.picture, old.floor, old.number, f.Received
	if !f.Received.After(floor) {
		f = f.moved(floor.Add(time.Microsecond))
		floor = f.Received
	}
	if f.Placeholder {
		floor = f.Received
	} else {
		picture = f
		number++
		s.frames.Add(1)
		s.bytes.Add(uint64(len(f.Picture())))
		now := time.Now()
		s.delay.Add(int64(now.Sub(received)))
		s.rate.tick(now)
	}
	s.current.Store(&publication{frame: f, picture: picture, floor: floor, number: number, replaced: make(chan struct{})})
	close(old.replaced)
	return true
}

// Newest returns the newest frame, which may be a placeholder, or nil if there is none.
func (s *Slot) Newest() *Frame { return s.load().frame }

// Picture returns the newest frame that is not a placeholder, or nil if there is none.
func (s *Slot) Picture() *Frame { return s.load().picture }

// Latest returns the newest frame, which may be a placeholder or nil, how many pictures were published up to it, and a channel that is
// closed when a newer one replaces it.
func (s *Slot) Latest() (f *Frame, number uint64, replaced <-chan struct{}) {
	p := s.load()
	return p.frame, p.number, p.replaced
}

// After waits for a frame that is newer than seen and returns the newest one. seen is nil for a viewer that has seen none. If
// ctx is done first, it returns ctx's cause.
func (s *Slot) After(ctx context.Context, seen *Frame) (*Frame, error) {
	for {
		p := s.load()
		if p.frame != nil && p.frame != seen {
			return p.frame, nil
		}
		select {
		case <-p.replaced:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Replaced returns a channel that is closed as soon as there is a newer frame than seen.
func (s *Slot) Replaced(seen *Frame) <-chan struct{} {
	p := s.load()
	if p.frame != nil && p.frame != seen {
		return closed
	}
	return p.replaced
}

var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Frames is the number of pictures published so far.
func (s *Slot) Frames() uint64 { return s.frames.Load() }

// Bytes is the size of all pictures published so far.
func (s *Slot) Bytes() uint64 { return s.bytes.Load() }

// Delay is how long after their arrival from the camera the pictures were published, all together.
func (s *Slot) Delay() time.Duration { return time.Duration(s.delay.Load()) }

// FPS is how many pictures a second were published over the last 2 s. It is 0 for the first 0.4 s and after 2 s without any.
func (s *Slot) FPS() float64 { return s.rate.perSecond(time.Now()) }

func (s *Slot) load() *publication {
	if p := s.current.Load(); p != nil {
		return p
	}
	s.current.CompareAndSwap(nil, &publication{replaced: make(chan struct{})})
	return s.current.Load()
}
