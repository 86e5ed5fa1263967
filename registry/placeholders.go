package registry

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry/placeholder"
	"github.com/framegate/framegate/registry/retry"
)

// showPlaceholders shows a placeholder in each rendition that has no pictures, repeatedly, until they come. Without
// placeholders in the configuration, it ends the rendition instead.
func (c *camera) showPlaceholders(ctx context.Context) {
	var due []duePlaceholder
	var pause time.Duration
	check := func() bool {
		due, pause = c.duePlaceholders(time.Now())
		return len(due) > 0
	}
	var drawing sync.WaitGroup
	defer drawing.Wait()
	for ctx.Err() == nil {
		c.until(ctx, func() bool { return check() || pause > 0 })
		if len(due) == 0 { // the placeholders that are shown need no repetition yet
			waiting, cancel := context.WithTimeout(ctx, pause)
			c.until(waiting, check)
			cancel()
		}
		for _, d := range due {
			switch {
			case !c.conf.Placeholder:
				c.change(func() { c.drop(d.rendition, d.failure) })
			case c.isDrawn(d):
				c.publishPlaceholder(d)
			default: // at the same time as others are repeated
				c.mu.Lock()
				d.rendition.drawing = true
				c.mu.Unlock()
				drawing.Go(func() {
					if c.drawPlaceholder(ctx, d) {
						c.publishPlaceholder(d)
					}
					c.change(func() { d.rendition.drawing = false })
				})
			}
		}
		due = nil
	}
}

// placeholderInterval is the time between two placeholders of a rendition. The repetition shows viewers, and proxies on the
// way to them, that the stream does not hang.
const placeholderInterval = time.Second

// duePlaceholder is a rendition without pictures whose placeholder must be shown now.
type duePlaceholder struct {
	*rendition
	spec     frame.Rendition
	failure  error     // nil when the camera is back but its pictures are not yet
	first    bool      // no placeholder is shown yet
	since    time.Time // when the camera last sent something
	received time.Time // for the placeholder's frame
}

// duePlaceholders returns the placeholders that must be shown now. If there are none, pause is the time until the next
// one is due, 0 if that is not known. c.mu is held.
func (c *camera) duePlaceholders(now time.Time) (due []duePlaceholder, pause time.Duration) {
	for _, r := range c.renditions {
		if r.drawing {
			continue
		}
		newest, failure, late := r.slot.Newest(), c.failure(r.spec), false
		first := newest == nil || !newest.Placeholder
		if first && failure == nil && c.conf.Placeholder {
			var left time.Duration
			left, failure = c.choose(r.spec).overdue(newest, now)
			late, pause = failure != nil, sooner(pause, left)
		}
		if first && (failure == nil || !c.conf.Placeholder && newest == nil || c.conf.Placeholder && !c.hasPlaceholder(r)) {
			continue
		}
		if !first {
			if left := r.placeholder.shown.Add(placeholderInterval).Sub(now); left > 0 {
				pause = sooner(pause, left)
				continue
			}
		}
		received := now
		if late || failure == nil { // pictures that were received before now may still be published
			received = newest.Received.Add(time.Microsecond)
		}
		due = append(due, duePlaceholder{r, r.spec, failure, first, c.lastSeen(r), received})
	}
	return due, pause
}

// sooner is the shorter of two pauses, of which 0 means none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// hasPlaceholder reports whether a rendition without pictures is shown as a placeholder. When the camera has never been
// seen, viewers get an error instead. c.mu is held.
func (c *camera) hasPlaceholder(r *rendition) bool {
	return c.conf.Placeholder && (r.slot.Newest() != nil || c.sends().Width > 0 && c.choose(r.spec).err != nil)
}

// lastSeen is when a rendition's camera last sent something. c.mu is held.
func (c *camera) lastSeen(r *rendition) time.Time {
	if last := r.slot.Picture(); last != nil {
		return last.Received
	}
	s := c.choose(r.spec)
	if s.lastFrame.IsZero() {
		return s.since
	}
	return s.lastFrame
}

// shownPlaceholder is the placeholder that a rendition shows. It belongs to the goroutine that draws it, and otherwise to
// showPlaceholders.
type shownPlaceholder struct {
	since      time.Time // when the camera last sent something
	background []byte    // its last picture
	spec       frame.Rendition
	reason     frame.Reason
	texts      *configs.Placeholders
	jpeg       []byte    // nil before it is drawn
	shown      time.Time // the last time
}

// reason is why a rendition has no pictures. The reason of its placeholder still applies while the camera is coming back.
func (due duePlaceholder) reason() frame.Reason {
	if due.failure == nil {
		return due.placeholder.reason
	}
	return frame.ReasonOf(due.failure)
}

// isDrawn reports whether a rendition's placeholder is drawn and still right. One of bare pixels need not be drawn: programs get the
// reason instead, see View.newer.
func (c *camera) isDrawn(due duePlaceholder) bool {
	p := &due.placeholder
	return due.spec.Format.Raw() ||
		!due.first && p.jpeg != nil && p.spec == due.spec && p.reason == due.reason() && p.texts == c.placeholders.Load()
}

// drawPlaceholder draws a rendition's placeholder. It reports whether it could, after some time if not.
func (c *camera) drawPlaceholder(ctx context.Context, due duePlaceholder) bool {
	p, texts, reason := &due.placeholder, c.placeholders.Load(), due.reason()
	if due.first {
		*p = shownPlaceholder{since: due.since, background: c.background(ctx, due)}
	}
	width, height := placeholder.Size(due.spec.Width, due.spec.Height)
	drawn, err := placeholder.Placeholder{
		Width: width, Height: height, Quality: cmp.Or(due.spec.Quality, c.conf.Quality, frame.DefaultQuality),
		Background: p.background, Title: c.conf.Name, Font: texts.Typeface,
		Lines: []string{texts.Texts.Of(string(reason)), texts.Texts.Since + " " + shortTime(p.since, time.Now())},
	}.Draw()
	if err == nil && frame.HoldsBoundary(drawn) {
		err = errors.New("it contains the boundary of streams")
	}
	if err != nil {
		c.log.Error("placeholder cannot be drawn", "error", err)
		retry.Sleep(ctx, placeholderInterval)
		return false
	}
	p.spec, p.reason, p.texts, p.jpeg = due.spec, reason, texts, drawn
	return true
}

// publishPlaceholder shows a placeholder that is drawn, unless pictures have come meanwhile, whose times are later.
func (c *camera) publishPlaceholder(due duePlaceholder) {
	p, newest := &due.placeholder, due.slot.Newest()
	if newest != nil && !newest.Placeholder && (due.failure == nil || newest.Received.After(due.received)) {
		return
	}
	p.shown = time.Now()
	info := frame.Info{Received: due.received, Placeholder: true}
	info.Width, info.Height = placeholder.Size(due.spec.Width, due.spec.Height)
	if due.spec.Format.Raw() {
		info.Format = due.spec.Format
	}
	if newest != nil {
		info.PTS = newest.PTS + 1 // before any picture that the camera sends from now on
	}
	due.slot.Publish(frame.New(p.jpeg, info))
}

// backgroundTimeout is how long it may take to make the last picture of a camera that nobody has watched. Viewers are promised a
// placeholder within two seconds.
const backgroundTimeout = time.Second

// background is the last picture for a placeholder: the rendition's, or one of what the camera sent last, nil if there is
// none.
func (c *camera) background(ctx context.Context, due duePlaceholder) []byte {
	f := due.slot.Picture()
	if f == nil {
		ctx, cancel := context.WithTimeout(ctx, c.backgroundTimeout)
		defer cancel()
		f, _ = c.snapshots.lastPicture(ctx, due.spec.Still(), time.Time{}, due.failure)
	}
	if f == nil {
		return nil
	}
	return f.Picture()
}

// shortTime formats a time without the date when that is today's.
func shortTime(t, now time.Time) string {
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format("2006-01-02 15:04")
}
