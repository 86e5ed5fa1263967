package registry

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"framegate/pipeline/frame"
)

const (
	// snapshotGrace is how long a snapshot waits for a picture that is young enough when the camera's newest
	// one is not: a camera that is slower than that is shown as it is.
	snapshotGrace = 2 * time.Second
	// polling is how soon after a snapshot another one makes its picture be kept up to date: beyond, decoding
	// one at a time costs less.
	polling = 500 * time.Millisecond
	// keptTime is how long a snapshot is kept for those who take an old one.
	keptTime = 10 * time.Second
)

// darkroom makes a camera's snapshots, one decode at a time for all who wait. It is guarded by the camera's
// mutex.
type darkroom struct {
	waiting *batch      // to be made when the present one is done
	busy    bool        // one is being made
	kept    []*exposure // the snapshots of the last batch
	expiry  *time.Timer // forgets them
	polled  []poll      // who asked last for what
	running sync.WaitGroup
}

// batch is a number of snapshots that are made by one decode.
type batch struct{ exposures []*exposure }

// exposure is one snapshot that is being made.
type exposure struct {
	want    frame.Rendition
	slot    frame.Slot
	ended   context.Context // its cause says why no more frames come
	end     context.CancelCauseFunc
	waiting int // those who want a frame of it
}

// poll is when a snapshot was asked for last.
type poll struct {
	want frame.Rendition
	at   time.Time
}

// snapshot returns a picture of the camera that is at most maxAge old, where the camera is not slower. stale tells
// that the camera is away.
func (c *camera) snapshot(ctx context.Context, ask frame.Ask, maxAge time.Duration) (f *frame.Frame, stale bool, err error) {
	since := time.Now().Add(-maxAge)
	ctx, cancel, err := c.enter(ctx)
	if err != nil {
		return nil, false, err
	}
	defer cancel(nil)
	c.change(func() { c.opening++ })
	defer c.change(func() { c.opening-- })
	ask = ask.Or(c.ask())
	ask.FPS, ask.Keyframes, ask.DropSame = 0, false, false
	var want frame.Rendition
	var polled bool
	var failure error
	if err := c.learn(ctx, func(sends frame.Stream) {
		want = ask.Resolve(sends)
		f, failure = c.newest(want, since), c.failure(want)
		polled = c.darkroom.polls(want) && c.conf.IdleTimeout >= polling && want.Format == frame.JPEG
	}); err != nil || f != nil {
		return f, failure != nil, err
	}
	if failure != nil {
		f, err := c.lastPicture(ctx, want, since, failure)
		return f, true, err
	}
	if polled {
		if f, err := c.glance(ctx, ask, since); err == nil {
			return f, false, nil
		}
	}
	f, err = c.expose(ctx, want, since)
	return f, false, err
}

// lastPicture makes a picture of what a camera sent last that is away because of failure. The error is that where it would be
// older than since.
func (c *camera) lastPicture(ctx context.Context, want frame.Rendition, since time.Time, failure error) (*frame.Frame, error) {
	var seen time.Time
	c.change(func() { seen = c.choose(want).lastFrame })
	if seen.Before(since) {
		return nil, failure
	}
	f, err := c.expose(ctx, want, since)
	if err != nil || f.Received.Before(since) {
		return nil, failure
	}
	return f, nil
}

// newest finds a picture that there is already and that is not older than since; nil where there is none.
// c.mu is held.
func (c *camera) newest(want frame.Rendition, since time.Time) (best *frame.Frame) {
	consider := func(r frame.Rendition, f *frame.Frame) {
		r.FPS, r.Keyframes, r.DropSame = 0, false, false
		if r == want && f != nil && !f.Received.Before(since) && (best == nil || f.Received.After(best.Received)) {
			best = f
		}
	}
	for _, r := range c.renditions {
		consider(r.want, r.slot.Picture())
	}
	for _, e := range c.darkroom.kept {
		consider(e.want, e.slot.Picture())
	}
	return best
}

// polls notes that a snapshot is asked for, and reports whether it was not long ago too.
func (d *darkroom) polls(want frame.Rendition) bool {
	now := time.Now()
	d.polled = slices.DeleteFunc(d.polled, func(p poll) bool { return now.Sub(p.at) > polling })
	for i := range d.polled {
		if d.polled[i].want == want {
			d.polled[i].at = now
			return true
		}
	}
	d.polled = append(d.polled, poll{want, now})
	return false
}

// glance takes a picture of the rendition that a complete ask means, as a viewer who leaves at once: it is kept up to date
// for some time.
func (c *camera) glance(ctx context.Context, ask frame.Ask, since time.Time) (*frame.Frame, error) {
	view, err := c.watch(ctx, ask)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	grace, cancel := context.WithTimeout(view.ctx, snapshotGrace)
	defer cancel()
	f, err := youngEnough(ctx, grace, view.rendition.slot, since)
	if err == nil && f.Card {
		return nil, errAway
	}
	return f, err
}

// errAway says that there was a card in place of a picture.
var errAway = errors.New("the camera is away")

// youngEnough waits for a frame that was not received before since, or until grace is done: then it takes
// what there is. The error is ctx's.
func youngEnough(ctx, grace context.Context, slot *frame.Slot, since time.Time) (*frame.Frame, error) {
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

// expose makes a picture that was not received before since, of what the camera's stream has buffered,
// together with others that are asked for at the same time.
func (c *camera) expose(ctx context.Context, want frame.Rendition, since time.Time) (*frame.Frame, error) {
	var e *exposure
	var refused error
	c.change(func() { e, refused = c.darkroom.enqueue(want, c.conf.MaxRenditions) })
	if refused != nil {
		return nil, refused
	}
	defer c.change(func() { e.waiting-- })
	c.change(c.develop)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(e.ended, func() { cancel(context.Cause(e.ended)) })()
	if _, err := e.slot.After(ctx, nil); err != nil {
		return nil, err
	}
	grace, cancelGrace := context.WithTimeout(ctx, snapshotGrace)
	defer cancelGrace()
	return youngEnough(ctx, grace, &e.slot, since)
}

// enqueue joins the batch that is made next.
func (d *darkroom) enqueue(want frame.Rendition, limit int) (*exposure, error) {
	if d.waiting == nil {
		d.waiting = &batch{}
	}
	i := slices.IndexFunc(d.waiting.exposures, func(e *exposure) bool { return e.want == want })
	if i < 0 {
		if len(d.waiting.exposures) >= limit {
			return nil, &TooManyError{Limit: limit}
		}
		e := &exposure{want: want}
		e.ended, e.end = context.WithCancelCause(context.Background())
		d.waiting.exposures = append(d.waiting.exposures, e)
		i = len(d.waiting.exposures) - 1
	}
	e := d.waiting.exposures[i]
	e.waiting++
	return e, nil
}

// develop begins to make the batch that waits, unless one is being made. c.mu is held.
func (c *camera) develop() {
	d := &c.darkroom
	if d.busy || d.waiting == nil || c.life.Err() != nil {
		return
	}
	b := d.waiting
	d.waiting, d.busy = nil, true
	s := c.choose(largest(b))
	s.held++
	d.running.Go(func() {
		err := c.photograph(s, b)
		for _, e := range b.exposures {
			e.end(err)
		}
		c.change(func() {
			d.busy = false
			d.keep(c, b)
			c.develop()
		})
		// Like a rendition, a snapshot keeps the camera connected for some time.
		time.AfterFunc(c.conf.IdleTimeout, func() { c.change(func() { s.held-- }) })
	})
}

// largest is the rendition of a batch that needs the most pixels.
func largest(b *batch) (want frame.Rendition) {
	for _, e := range b.exposures {
		if e.want.Width*e.want.Height > want.Width*want.Height {
			want = e.want
		}
	}
	return want
}

// photograph waits for the stream and makes its newest pictures until nobody waits for any more of them. Of a camera that
// is away it makes the last ones, for some time.
func (c *camera) photograph(s *stream, b *batch) error {
	var failure error
	var remembers bool
	if err := c.until(c.life, func() bool {
		failure, remembers = s.failure(), s.err != nil && !s.lastFrame.IsZero()
		return failure != nil || s.up || b.nobody()
	}); err != nil || failure != nil && !remembers {
		return cmp.Or(failure, err)
	}
	var late <-chan time.Time
	if failure != nil {
		late = time.After(snapshotGrace)
	}
	ctx, cancel := context.WithCancel(c.life)
	defer cancel()
	done := make(chan error, 1)
	p := &producer{stream: s, consumer: b, once: true}
	go func() { done <- p.run(ctx) }()
	satisfied := make(chan struct{})
	go func() {
		defer close(satisfied)
		c.until(ctx, b.nobody)
	}()
	select {
	case <-satisfied:
		cancel()
		<-done
		return nil
	case <-late:
		cancel()
		<-done
		<-satisfied
		return failure
	case err := <-done:
		cancel()
		<-satisfied
		return err
	}
}

// wanted describes the batch's picture. It is the same for all plans and connections.
func (b *batch) wanted(string) *spec {
	want := &spec{}
	for _, e := range b.exposures {
		want.outputs = append(want.outputs, frame.Output{Rendition: e.want, Slot: &e.slot})
	}
	return want
}

func (b *batch) outdated(*spec) bool { return false }

func (b *batch) show(*pictureRun) {}

// nobody reports whether all who asked have their pictures, or have gone. The camera's mutex is held.
func (b *batch) nobody() bool {
	return !slices.ContainsFunc(b.exposures, func(e *exposure) bool { return e.waiting > 0 })
}

// keep holds on to the pictures of a batch for some time. The camera's mutex is held.
func (d *darkroom) keep(c *camera, b *batch) {
	d.kept = b.exposures
	if d.expiry != nil {
		d.expiry.Stop()
	}
	d.expiry = time.AfterFunc(keptTime, func() {
		c.change(func() {
			if slices.Equal(d.kept, b.exposures) {
				d.kept = nil
			}
		})
	})
}
