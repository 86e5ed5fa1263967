package registry

import (
	"cmp"
	"context"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
	"framegate/registry/card"
)

const (
	// cardInterval is how often a card is shown, so that viewers, and what lies between, can tell it from a stream
	// that hangs.
	cardInterval = time.Second
	// lastPictureTime is how long it may take to make the last picture of a camera that nobody has watched.
	lastPictureTime = 3 * time.Second
)

// cover is the card of a rendition whose pictures have stopped. It belongs to showCards.
type cover struct {
	since  time.Time // when the camera was seen last
	behind []byte    // its last picture
	want   frame.Rendition
	reason frame.Reason
	texts  *configs.Placeholders
	jpeg   []byte    // nil before it is drawn
	shown  time.Time // when it was shown last
}

// away is a rendition whose pictures have stopped.
type away struct {
	*rendition
	want    frame.Rendition
	failure error     // nil where the camera is back and its pictures are not
	begins  bool      // no card is shown yet
	since   time.Time // when the camera was seen last
	at      time.Time // that the card tells as its own
}

// showCards shows a card in place of each rendition that has no pictures, again and again until they come; or ends the
// rendition, where the configuration wants no cards.
func (c *camera) showCards(ctx context.Context) {
	var due []away
	var pause time.Duration
	look := func() bool {
		due, pause = c.due(time.Now())
		return len(due) > 0
	}
	for ctx.Err() == nil {
		c.until(ctx, func() bool { return look() || pause > 0 })
		if len(due) == 0 { // cards are shown already, for another while
			waiting, cancel := context.WithTimeout(ctx, pause)
			c.until(waiting, look)
			cancel()
		}
		for _, a := range due {
			if c.conf.Placeholder {
				c.cover(ctx, a)
			} else {
				c.change(func() { c.drop(a.rendition, a.failure) })
			}
		}
		due = nil
	}
}

// due finds the renditions whose card is to be shown now; and how long that takes for the next one, 0 where there is none.
// c.mu is held.
func (c *camera) due(now time.Time) (all []away, pause time.Duration) {
	for _, r := range c.renditions {
		shown, failure := r.slot.Newest(), c.failure(r.want)
		begins := shown == nil || !shown.Card
		if begins && (failure == nil || !c.conf.Placeholder && shown == nil || c.conf.Placeholder && !c.covers(r)) {
			continue
		}
		at := now
		if !begins {
			if left := r.cover.shown.Add(cardInterval).Sub(now); left > 0 {
				pause = cmp.Or(min(pause, left), left)
				continue
			}
			if failure == nil { // what comes from the camera may have come before now
				at = shown.Received.Add(time.Microsecond)
			}
		}
		all = append(all, away{r, r.want, failure, begins, c.seen(r), at})
	}
	return all, pause
}

// covers reports whether a rendition without pictures is shown as a card: where the camera has been seen. What was
// never there is an error. c.mu is held.
func (c *camera) covers(r *rendition) bool {
	return c.conf.Placeholder && (r.slot.Newest() != nil || c.sends().Width > 0 && c.choose(r.want).err != nil)
}

// seen is when a rendition's camera was seen last. c.mu is held.
func (c *camera) seen(r *rendition) time.Time {
	if last := r.slot.Picture(); last != nil {
		return last.Received
	}
	s := c.choose(r.want)
	if s.lastFrame.IsZero() {
		return s.since
	}
	return s.lastFrame
}

// cover shows a rendition's card.
func (c *camera) cover(ctx context.Context, a away) {
	own := &a.rendition.cover
	texts := c.placeholders.Load()
	if a.begins {
		*own = cover{since: a.since, behind: c.last(ctx, a)}
	}
	reason := own.reason // which is still true while the camera is on its way back
	if a.failure != nil {
		reason = frame.ReasonOf(a.failure)
	}
	if own.jpeg == nil || own.want != a.want || own.reason != reason || own.texts != texts {
		drawn, err := card.Card{
			Width: a.want.Width, Height: a.want.Height, Quality: cmp.Or(a.want.Quality, c.conf.Quality),
			Behind: own.behind, Title: c.conf.Name, Font: texts.Typeface,
			Lines: []string{texts.Texts.Of(string(reason)), texts.Texts.Since + " " + moment(own.since, time.Now())},
		}.Draw()
		if err != nil {
			c.log.Error("a card cannot be drawn", "error", err)
			wait(ctx, cardInterval)
			return
		}
		own.want, own.reason, own.texts, own.jpeg = a.want, reason, texts, drawn
	}
	// A card comes right behind what is shown and before whatever the camera sends next.
	own.shown = time.Now()
	info := frame.Info{Received: a.at, Width: a.want.Width, Height: a.want.Height, Card: true}
	if shown := a.slot.Newest(); shown != nil {
		info.PTS = shown.PTS + 1
	}
	a.slot.Publish(frame.New(own.jpeg, info))
}

// last is the last picture that there is for a card: the rendition's, or one of what the camera has sent last; nil where
// there is none.
func (c *camera) last(ctx context.Context, a away) []byte {
	f := a.slot.Picture()
	if f == nil {
		ctx, cancel := context.WithTimeout(ctx, lastPictureTime)
		defer cancel()
		want := a.want
		want.FPS, want.Keyframes, want.DropSame = 0, false, false
		f, _ = c.snapshots.lastPicture(ctx, want, time.Time{}, a.failure)
	}
	if f == nil {
		return nil
	}
	return f.Picture()
}

// moment writes a time as short as it can be understood.
func moment(t, now time.Time) string {
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format("2006-01-02 15:04")
}
