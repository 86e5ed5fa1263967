package web

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry/placeholder"
	"github.com/framegate/framegate/web/auth"
)

// errRightEnded is why a stream ends whose principal may not watch it any longer.
var errRightEnded = errors.New("the right to watch has ended")

// rights ends what outlasts the right to it: streams, and requests that wait for the next picture. Any goroutine may call its methods.
type rights struct {
	mu   sync.Mutex
	held map[*heldRight]struct{}
}

// checkRight returns when a right ends by itself, zero for never. The error is errRightEnded if it has ended, and any other one if that
// cannot be found out now.
type checkRight func() (until time.Time, err error)

// heldRight is a right that is being used.
type heldRight struct {
	check checkRight
	end   context.CancelCauseFunc
	timer *time.Timer // at the end of the principal's right; nil if it has none. The mutex of rights guards it.
}

// hold ends something with errRightEnded when the right to it ends, unless release is called before.
func (h *rights) hold(check checkRight, end context.CancelCauseFunc) (release func()) {
	held := &heldRight{check: check, end: end}
	defer h.look(held) // after it is held, so that no change is missed
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held == nil {
		h.held = map[*heldRight]struct{}{}
	}
	h.held[held] = struct{}{}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.drop(held)
	}
}

// endAt sets when a right ends by itself. h.mu is held.
func (h *rights) endAt(held *heldRight, until time.Time) {
	if held.timer != nil {
		held.timer.Stop()
		held.timer = nil
	}
	if !until.IsZero() {
		held.timer = time.AfterFunc(time.Until(until), func() { h.look(held) })
	}
}

// drop forgets a right. h.mu is held.
func (h *rights) drop(held *heldRight) {
	delete(h.held, held)
	h.endAt(held, time.Time{})
}

// changed looks at all rights again.
func (h *rights) changed() {
	h.mu.Lock()
	all := make([]*heldRight, 0, len(h.held))
	for held := range h.held {
		all = append(all, held)
	}
	h.mu.Unlock()
	for _, held := range all {
		h.look(held)
	}
}

// look looks at a right again.
func (h *rights) look(held *heldRight) {
	until, err := held.check()
	if errors.Is(err, errRightEnded) || err == nil && !until.IsZero() && !until.After(time.Now()) {
		held.end(errRightEnded)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, still := h.held[held]; still && err == nil {
		h.endAt(held, until)
	}
}

// rightTo returns the check of a request's right to watch a camera.
func (s *server) rightTo(camera string, r *http.Request) checkRight {
	asked, ok := r.Context().Value(askedKey{}).(*http.Request)
	if !ok {
		asked = r
	}
	return func() (time.Time, error) {
		p, err := s.principal(asked)
		var refused *auth.Error
		if errors.As(err, &refused) && (refused.Status == http.StatusTooManyRequests || refused.Status == http.StatusServiceUnavailable) {
			return time.Time{}, err
		}
		if err != nil || !p.Sees(camera) {
			return time.Time{}, errRightEnded
		}
		return p.Until, nil
	}
}

// lastPicture says that the right to watch a camera has ended, in the size of the picture that was shown. It is nil if it cannot be
// drawn.
func (s *server) lastPicture(id string, shown *frame.Frame) *frame.Frame {
	config, name := s.config.Load(), id
	for _, camera := range config.Cameras {
		if camera.ID == id {
			name = camera.Name
		}
	}
	drawn, err := placeholder.Placeholder{
		Width: shown.Width, Height: shown.Height, Quality: frame.DefaultQuality, Title: name, Font: config.Placeholders.Typeface,
		Lines: []string{"You may not watch this camera any longer"},
	}.Draw()
	if err != nil {
		s.Log.Error("last picture cannot be drawn", "error", err)
		return nil
	}
	return frame.New(drawn, frame.Info{Received: time.Now(), PTS: shown.PTS + 1, Width: shown.Width, Height: shown.Height, Placeholder: true})
}
