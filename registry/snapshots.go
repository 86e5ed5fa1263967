package registry

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// snapshots makes single pictures of a camera, with one decode at a time for everybody who waits for one.
type snapshots struct {
	camera  *camera
	running sync.WaitGroup // batches that are being made

	mu       sync.Mutex      // guards the fields below and the batches; never held together with the camera's
	next     *batch          // to be made after the current one; nil while nobody has requested one
	making   *batch          // the current one; nil for none
	kept     *batch          // the last one; its pictures serve those who accept an old one
	expiry   *time.Timer     // forgets kept
	requests []recentRequest // the latest of each rendition
	closed   bool            // no further batch may start
}

// recentRequest is what a request was for, and when it was made.
type recentRequest struct {
	spec frame.Rendition
	at   time.Time
}

const (
	// snapshotGrace is how long a snapshot waits for a picture that is recent enough when the camera's newest one is
	// not. After that it takes the newest: the camera is slower than the request allows.
	snapshotGrace = 2 * time.Second
	// lastTimeout is how long it may take to make the last picture of a camera that is away.
	lastTimeout = 2 * time.Second
	// polling is the longest time between two requests that makes framegate keep the picture up to date. When requests are
	// further apart, decoding one picture at a time costs less.
	polling = 500 * time.Millisecond
	// keptTime is how long a snapshot is kept for those who accept an old one.
	keptTime = 10 * time.Second
)

// take returns a picture of the camera that is at most maxAge old, unless the camera is slower. stale reports whether the
// camera is away.
func (s *snapshots) take(ctx context.Context, request frame.Request, maxAge time.Duration) (f *frame.Frame, stale bool, err error) {
	c := s.camera
	since := time.Now().Add(-maxAge)
	ctx, cancel, err := c.bind(ctx)
	if err != nil {
		return nil, false, err
	}
	defer cancel(nil)
	defer c.keepConnected()()
	sends, err := c.learn(ctx)
	if err != nil {
		return nil, false, err
	}
	request = request.WithDefaults(c.defaultRequest()).Still()
	spec := request.Resolve(sends)
	polled := s.note(spec)
	f, failure := s.newest(spec, since)
	if f != nil {
		return f, failure != nil, nil
	}
	if failure != nil {
		f, err := s.lastPicture(ctx, spec, since, failure)
		return f, true, err
	}
	if polled && c.conf.IdleTimeout >= polling && spec.Format == frame.JPEG {
		if f, err := s.watch(ctx, request, since); err == nil {
			return f, false, nil
		}
	}
	f, err = s.decode(ctx, spec, since)
	if errors.Is(err, frame.ErrFormatChanged) { // once more, at the size that the camera sends now
		c.read(func() { spec = request.Resolve(c.sends()) })
		f, err = s.decode(ctx, spec, since)
	}
	return f, false, err
}

// note remembers a request and reports whether it repeats a recent one.
func (s *snapshots) note(spec frame.Rendition) (repeated bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.requests = slices.DeleteFunc(s.requests, func(r recentRequest) bool { return now.Sub(r.at) > polling })
	for i := range s.requests {
		if s.requests[i].spec == spec {
			s.requests[i].at = now
			return true
		}
	}
	s.requests = append(s.requests, recentRequest{spec, now})
	return false
}

// newest finds the newest picture that exists already and is not older than since, nil if there is none. failure is why
// the camera makes no further ones.
func (s *snapshots) newest(spec frame.Rendition, since time.Time) (best *frame.Frame, failure error) {
	consider := func(r frame.Rendition, slot *frame.Slot) {
		f := slot.Picture()
		if r.Still() == spec && f != nil && !f.Received.Before(since) && (best == nil || f.Received.After(best.Received)) {
			best = f
		}
	}
	s.camera.read(func() {
		for _, r := range s.camera.renditions {
			consider(r.spec, r.slot)
		}
		failure = s.camera.failure(spec)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept != nil {
		for _, out := range s.kept.outputs {
			consider(out.Rendition, out.Slot)
		}
	}
	return best, failure
}

// lastPicture makes a picture of what the camera sent last, before failure ended its connection. The error is failure if
// that is older than since, or if the camera takes too much memory.
func (s *snapshots) lastPicture(ctx context.Context, spec frame.Rendition, since time.Time, failure error) (*frame.Frame, error) {
	var seen time.Time
	s.camera.read(func() { seen = s.camera.choose(spec).lastFrame })
	if seen.Before(since) || frame.ReasonOf(failure) == frame.Memory {
		return nil, failure
	}
	f, err := s.decode(ctx, spec, since)
	if err != nil || f.Received.Before(since) {
		return nil, failure
	}
	return f, nil
}

// errAway means that a rendition shows a placeholder.
var errAway = errors.New("the camera is away")

// watch takes a picture of the rendition that a complete request resolves to, as a viewer who leaves immediately. The
// rendition is kept up to date for some time, for the next request.
func (s *snapshots) watch(ctx context.Context, request frame.Request, since time.Time) (*frame.Frame, error) {
	view, err := s.camera.watch(ctx, request)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	f, err := recent(view.ctx, view.rendition.slot, since)
	if err == nil && f.Placeholder {
		return nil, errAway
	}
	return f, err
}

// decode makes a picture that was not received before since from what the stream has buffered, together with other
// pictures that are requested at the same time.
func (s *snapshots) decode(ctx context.Context, spec frame.Rendition, since time.Time) (*frame.Frame, error) {
	b, slot, err := s.join(spec)
	if err != nil {
		return nil, err
	}
	defer s.leave(b, slot)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(b.ended, func() { cancel(context.Cause(b.ended)) })()
	if _, err := slot.After(ctx, nil); err != nil {
		return nil, err
	}
	return recent(ctx, slot, since)
}

// recent waits up to snapshotGrace for a frame that was not received before since, and then takes the newest. The error
// is ctx's.
func recent(ctx context.Context, slot *frame.Slot, since time.Time) (*frame.Frame, error) {
	grace, cancel := context.WithTimeout(ctx, snapshotGrace)
	defer cancel()
	f, err := slot.After(ctx, nil)
	for err == nil && f.Received.Before(since) {
		next, waited := slot.After(grace, f)
		if waited != nil {
			break
		}
		f = next
	}
	return f, err
}
