package registry

import (
	"context"
	"slices"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// pictureRun is one Picture, from its start until it is stopped or fails. A nil pictureRun is no Picture.
type pictureRun struct {
	pictureSpec
	picture  Picture
	began    time.Time
	cancel   context.CancelFunc
	caughtUp <-chan struct{} // closed when the Picture is as new as the camera
	done     chan struct{}   // closed when the Picture has ended
	err      error           // why it ended; valid when done is closed
}

// pictureSpec describes a Picture. It never changes: for other outputs another Picture replaces this one. A nil
// pictureSpec describes no Picture.
type pictureSpec struct {
	outputs    []frame.Output
	connection int    // number of the stream's connection
	plan       string // the best one when the Picture was described
}

// start starts a Picture. Everybody who waits for the camera checks again when it has caught up and when it has ended.
func (s *stream) start(ctx context.Context, spec *pictureSpec) *pictureRun {
	ctx, cancel := context.WithCancel(ctx)
	picture := s.feed.NewPicture(spec.outputs)
	r := &pictureRun{
		pictureSpec: *spec, picture: picture, began: time.Now(), cancel: cancel,
		caughtUp: picture.CaughtUp(), done: make(chan struct{}),
	}
	go func() {
		r.err = picture.Run(ctx)
		close(r.done)
		s.camera.wake()
	}()
	go func() {
		select {
		case <-r.caughtUp:
			s.camera.wake()
		case <-r.done:
		}
	}()
	return r
}

// stop ends the Picture and waits for its end.
func (r *pictureRun) stop() {
	if r != nil {
		r.cancel()
		<-r.done
	}
}

func (r *pictureRun) ended() bool { return r != nil && isClosed(r.done) }

// makes describes the Picture.
func (r *pictureRun) makes() *pictureSpec {
	if r == nil {
		return nil
	}
	return &r.pictureSpec
}

// same reports whether both describe the same Picture.
func (s *pictureSpec) same(other *pictureSpec) bool {
	if s == nil || other == nil {
		return s == other
	}
	return s.connection == other.connection && s.plan == other.plan && slices.Equal(s.outputs, other.outputs)
}

// fills reports whether the Picture fills the slot of a rendition.
func (s *pictureSpec) fills(r *rendition) bool {
	return s != nil && slices.ContainsFunc(s.outputs, func(o frame.Output) bool { return o.Slot == r.slot })
}

// has reports whether the Picture makes a rendition.
func (s *pictureSpec) has(spec frame.Rendition) bool {
	return s != nil && slices.ContainsFunc(s.outputs, func(o frame.Output) bool { return o.Rendition == spec })
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
