package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/web/auth"
)

// errRightEnded ends the streams of principals who may no longer watch them. An error that wraps it also wraps the *auth.Error that says why, if there is one.
var errRightEnded = errors.New("the right to watch has ended")

// rights ends streams, and requests that wait for the next picture, when the right to them ends. Any goroutine may call its methods.
type rights struct {
	mu   sync.Mutex // guards held
	held map[*heldRight]struct{}
}

// checkRight returns when a right ends by itself, zero for never. The error is errRightEnded if it has ended, and any other one if this
// is unknown at the moment.
type checkRight func() (until time.Time, err error)

// heldRight is a right that is being used. The mutex of rights guards the second group of fields.
type heldRight struct {
	check checkRight
	end   context.CancelCauseFunc

	until   time.Time   // when it ends by itself; zero for never
	unknown time.Time   // since when it is unknown whether it has ended; zero if it is known
	timer   *time.Timer // for the next check; nil if none is needed
}

// If it is unknown whether a right has ended, it is checked again after unknownPause, and ends after unknownTime.
const (
	unknownPause = 500 * time.Millisecond
	unknownTime  = 1500 * time.Millisecond
)

// hold ends something with the error of check, or errRightEnded, when the right to it ends, unless release is called before.
func (h *rights) hold(check checkRight, end context.CancelCauseFunc) (release func()) {
	held := &heldRight{check: check, end: end}
	defer h.recheck(held) // after it is held, so that no change is missed
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

// recheckAt sets when a right is checked again, zero for never. h.mu is held.
func (h *rights) recheckAt(held *heldRight, at time.Time) {
	if held.timer != nil {
		held.timer.Stop()
		held.timer = nil
	}
	if !at.IsZero() {
		held.timer = time.AfterFunc(time.Until(at), func() { h.recheck(held) })
	}
}

// drop forgets a right. h.mu is held.
func (h *rights) drop(held *heldRight) {
	delete(h.held, held)
	h.recheckAt(held, time.Time{})
}

// changed checks all rights again.
func (h *rights) changed() {
	h.mu.Lock()
	all := make([]*heldRight, 0, len(h.held))
	for held := range h.held {
		all = append(all, held)
	}
	h.mu.Unlock()
	for _, held := range all {
		h.recheck(held)
	}
}

// recheck checks a right again, and ends what is held if it has ended.
func (h *rights) recheck(held *heldRight) {
	until, err := held.check()
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, still := h.held[held]; !still {
		return
	}
	now := time.Now()
	if err == nil {
		held.until, held.unknown = until, time.Time{}
	} else if held.unknown.IsZero() {
		held.unknown = now
	}
	switch {
	case errors.Is(err, errRightEnded):
		held.end(err)
	case !held.until.IsZero() && !held.until.After(now),
		err != nil && now.Sub(held.unknown) >= unknownTime:
		held.end(errRightEnded)
	case err != nil:
		h.recheckAt(held, now.Add(unknownPause))
	default:
		h.recheckAt(held, held.until)
	}
}

// rightTo returns the check of a request's right to watch a camera.
func (s *server) rightTo(camera string, r *http.Request) checkRight {
	renewed := s.renewed(r)
	return func() (time.Time, error) {
		p, err := renewed()
		if err == nil && !p.Sees(camera) {
			err = errRightEnded
		}
		return p.Until, err
	}
}

// renewed returns a function that finds the principal of a request again. Its error is errRightEnded if there is none any more, and any
// other one if that cannot be found out now.
func (s *server) renewed(r *http.Request) func() (auth.Principal, error) {
	original, ok := r.Context().Value(originalKey{}).(*http.Request)
	if !ok {
		original = r
	}
	original = original.WithContext(context.WithoutCancel(original.Context())) // a stream over HTTP/1.1 outlives the request's context
	renew := auth.Of(r.Context()).Renew
	return func() (auth.Principal, error) {
		if renew != nil {
			now, still := renew()
			if !still {
				return auth.Principal{}, errRightEnded
			}
			return now, nil
		}
		p, err := s.principal(original)
		if err != nil && !isUnknown(err) {
			err = fmt.Errorf("%w: %w", errRightEnded, err)
		}
		return p, err
	}
}

// isUnknown reports whether an error does not mean that credentials are wrong.
func isUnknown(err error) bool {
	var refused *auth.Error
	return errors.As(err, &refused) && (refused.Status == http.StatusTooManyRequests || refused.Status == http.StatusServiceUnavailable)
}

// lastPicture returns a picture that says why the right to watch a camera has ended, in the size of the frame that was shown. It is nil if
// the picture cannot be drawn.
func (s *server) lastPicture(id string, shown *frame.Frame, why error) *frame.Frame {
	config, name := s.config.Load(), id
	for _, camera := range config.Cameras {
		if camera.ID == id {
			name = camera.Name
		}
	}
	drawn, err := drawMessage(&config.Placeholders, shown.Width, shown.Height, name, lastLines(&config.Placeholders.Texts, why)...)
	if err != nil {
		s.Log.Error("last picture cannot be drawn", "error", err)
		return nil
	}
	return frame.New(drawn, frame.Info{Received: time.Now(), PTS: shown.PTS + 1, Width: shown.Width, Height: shown.Height, Placeholder: true})
}

// lastLines returns what the last picture says below the name of the camera.
func lastLines(texts *configs.Texts, why error) []string {
	lines := []string{"You may not watch this camera any longer"}
	var refused *auth.Error
	switch {
	case !errors.As(why, &refused): // a user was removed, or may not see the camera any more
		return lines
	case refused.Kind == auth.Link:
		return append(lines, textOfLink(texts, refused))
	}
	return append(lines, strings.TrimSuffix(sentence(refused.Detail), "."))
}
