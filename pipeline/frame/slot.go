package frame

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Slot has the newest frame of one rendition. One picture pipeline writes, any number of viewers read. A slow viewer finds the
// newest frame when it is ready; nothing queues, and no viewer can slow down the writer or another viewer.
//
// Waiting allocates nothing: a publication closes one channel for all who wait, and makes one for the next wait. The zero Slot
// is empty and ready.
type Slot struct {
	current atomic.Pointer[publication]
	write   sync.Mutex // serialises Publish; readers never take it

	frames, bytes atomic.Uint64
	rate          rate
}

// publication is a frame and the channel that is closed when a newer one replaces it.
type publication struct {
	frame    *Frame    // nil if nothing was published yet
	picture  *Frame    // the newest that is not a placeholder; nil if there is none
	floor    time.Time // when the newest placeholder was made, or the later time that a picture after it was given
	replaced chan struct{}
}

// Publish makes f the newest frame and wakes everybody who waits. It returns false and changes nothing if f is not newer than
// the current frame by PTS: so while two picture pipelines overlap, viewers see every picture once and never go back in time.
// A placeholder is shown like a picture, but not counted as one. When it was made, units may already have arrived that nobody
// had taken yet: their pictures get a time of arrival right after the placeholder's. Any goroutine may call Publish.
func (s *Slot) Publish(f *Frame) bool {
	s.write.Lock()
	defer s.write.Unlock()
	old := s.load()
	if old.frame != nil && f.PTS <= old.frame.PTS {
		return false
	}
	picture, floor := old.picture, old.floor
	if !f.Received.After(floor) {
		behind := f.Info
		behind.Received = floor.Add(time.Microsecond)
		f, floor = New(f.Picture(), behind), behind.Received
	}
	if f.Placeholder {
		floor = f.Received
	} else {
		picture = f
		s.frames.Add(1)
		s.bytes.Add(uint64(len(f.Picture())))
		s.rate.tick(time.Now())
	}
	s.current.Store(&publication{frame: f, picture: picture, floor: floor, replaced: make(chan struct{})})
	close(old.replaced)
	return true
}

// Newest returns the newest frame, which may be a placeholder, or nil while there is none.
func (s *Slot) Newest() *Frame { return s.load().frame }

// Picture returns the newest frame that is not a placeholder, or nil if there is none.
func (s *Slot) Picture() *Frame { return s.load().picture }

// After waits for a frame that is newer than seen and returns the newest one. seen is nil for a viewer that has seen none. The
// error is ctx's.
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

// Frames is the number of frames published so far, and Bytes the size of their pictures together.
func (s *Slot) Frames() uint64 { return s.frames.Load() }

// Bytes is the size of all pictures published so far.
func (s *Slot) Bytes() uint64 { return s.bytes.Load() }

// FPS is the rate of publication over the last seconds, 0 if nothing is published any more.
func (s *Slot) FPS() float64 { return s.rate.perSecond(time.Now()) }

func (s *Slot) load() *publication {
	if p := s.current.Load(); p != nil {
		return p
	}
	s.current.CompareAndSwap(nil, &publication{replaced: make(chan struct{})})
	return s.current.Load()
}
