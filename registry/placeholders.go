package registry

import (
	"cmp"
	"context"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
	"framegate/registry/placeholder"
	"framegate/registry/retry"
)

// showPlaceholders shows a placeholder in each rendition that has no pictures, again and again until they come. Without
// placeholders in the configuration, it ends the rendition instead.
func (c *camera) showPlaceholders(ctx context.Context) {
	var due []outage
	var pause time.Duration
	look := func() bool {
		due, pause = c.dueOutages(time.Now())
		return len(due) > 0
	}
	for ctx.Err() == nil {
		c.until(ctx, func() bool { return look() || pause > 0 })
		if len(due) == 0 { // the placeholders that are shown need no repetition yet
			waiting, cancel := context.WithTimeout(ctx, pause)
			c.until(waiting, look)
			cancel()
		}
		for _, o := range due {
			if c.conf.Placeholder {
				c.showPlaceholder(ctx, o)
			} else {
				c.change(func() { c.drop(o.rendition, o.failure) })
			}
		}
		due = nil
	}
}

// placeholderInterval is the time between two placeholders of a rendition. The repetition shows viewers, and proxies on the
// way to them, that the stream does not hang.
const placeholderInterval = time.Second

// outage is a rendition that has no pictures.
type outage struct {
	*rendition
	want     frame.Rendition
	failure  error     // nil when the camera is back but its pictures are not yet
	first    bool      // no placeholder is shown yet
	since    time.Time // when the camera last sent something
	received time.Time // for the placeholder's frame
}

// dueOutages returns the renditions whose placeholder must be shown now. If there are none, pause is the time until the next
// one is due, 0 if that is not known. c.mu is held.
func (c *camera) dueOutages(now time.Time) (due []outage, pause time.Duration) {
	for _, r := range c.renditions {
		newest, failure := r.slot.Newest(), c.failure(r.want)
		first := newest == nil || !newest.Placeholder
		if first && (failure == nil || !c.conf.Placeholder && newest == nil || c.conf.Placeholder && !c.hasPlaceholder(r)) {
			continue
		}
		received := now
		if !first {
			if left := r.placeholder.shown.Add(placeholderInterval).Sub(now); left > 0 {
				pause = cmp.Or(min(pause, left), left)
				continue
			}
			if failure == nil { // pictures that were received before now may still be published
				received = newest.Received.Add(time.Microsecond)
			}
		}
		due = append(due, outage{r, r.want, failure, first, c.lastSeen(r), received})
	}
	return due, pause
}

// hasPlaceholder reports whether a rendition without pictures is shown as a placeholder. When the camera has never been
// seen, viewers get an error instead. c.mu is held.
func (c *camera) hasPlaceholder(r *rendition) bool {
	return c.conf.Placeholder && (r.slot.Newest() != nil || c.sends().Width > 0 && c.choose(r.want).err != nil)
}

// lastSeen is when a rendition's camera last sent something. c.mu is held.
func (c *camera) lastSeen(r *rendition) time.Time {
	if last := r.slot.Picture(); last != nil {
		return last.Received
	}
	s := c.choose(r.want)
	if s.lastFrame.IsZero() {
		return s.since
	}
	return s.lastFrame
}

// shownPlaceholder is the placeholder that a rendition shows. It belongs to showPlaceholders.
type shownPlaceholder struct {
	since      time.Time // when the camera last sent something
	background []byte    // its last picture
	want       frame.Rendition
	reason     frame.Reason
	texts      *configs.Placeholders
	jpeg       []byte    // nil before it is drawn
	shown      time.Time // the last time
}

// showPlaceholder shows a rendition's placeholder. It draws it first if it differs from the previous one.
func (c *camera) showPlaceholder(ctx context.Context, o outage) {
	p := &o.rendition.placeholder
	texts := c.placeholders.Load()
	if o.first {
		*p = shownPlaceholder{since: o.since, background: c.background(ctx, o)}
	}
	reason := p.reason // it still applies while the camera is coming back
	if o.failure != nil {
		reason = frame.ReasonOf(o.failure)
	}
	if p.jpeg == nil || p.want != o.want || p.reason != reason || p.texts != texts {
		drawn, err := placeholder.Placeholder{
			Width: o.want.Width, Height: o.want.Height, Quality: cmp.Or(o.want.Quality, c.conf.Quality),
			Background: p.background, Title: c.conf.Name, Font: texts.Typeface,
			Lines: []string{texts.Texts.Of(string(reason)), texts.Texts.Since + " " + shortTime(p.since, time.Now())},
		}.Draw()
		if err != nil {
			c.log.Error("placeholder cannot be drawn", "error", err)
			retry.Sleep(ctx, placeholderInterval)
			return
		}
		p.want, p.reason, p.texts, p.jpeg = o.want, reason, texts, drawn
	}
	p.shown = time.Now()
	info := frame.Info{Received: o.received, Width: o.want.Width, Height: o.want.Height, Placeholder: true}
	if newest := o.slot.Newest(); newest != nil {
		info.PTS = newest.PTS + 1 // before any picture that the camera sends from now on
	}
	o.slot.Publish(frame.New(p.jpeg, info))
}

// backgroundTimeout is how long it may take to make the last picture of a camera that nobody has watched.
const backgroundTimeout = 3 * time.Second

// background is the last picture for a placeholder: the rendition's, or one of what the camera sent last, nil if there is
// none.
func (c *camera) background(ctx context.Context, o outage) []byte {
	f := o.slot.Picture()
	if f == nil {
		ctx, cancel := context.WithTimeout(ctx, backgroundTimeout)
		defer cancel()
		want := o.want
		want.FPS, want.Keyframes, want.DropSame = 0, false, false
		f, _ = c.snapshots.lastPicture(ctx, want, time.Time{}, o.failure)
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
