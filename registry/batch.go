package registry

import (
	"context"
	"slices"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// batch is a set of snapshots that are made with one decode. The mutex of snapshots guards the first group of fields.
type batch struct {
	pixels  *pixels        // that counts those of the outputs until the batch has ended
	outputs []frame.Output // unchanged after the batch has started
	askers  []int          // by output: requests that need a frame of it
	counts  []int64        // by output: as how many pixels it counts
	waiting int            // all of them
	started bool           // no further request can join

	needed  context.Context // done when the batch has started and no request needs it any more, or the camera ends
	release context.CancelCauseFunc
	ended   context.Context // its cause is why no more frames come
	end     context.CancelCauseFunc
}

// join adds a request for a picture to the next batch, which starts as soon as no other batch is being made. leave
// must be called when the request is over.
func (s *snapshots) join(spec frame.Rendition) (*batch, *frame.Slot, error) {
	var isDefault bool
	var sends frame.Stream
	var refused error
	s.camera.read(func() {
		isDefault, sends, refused = s.camera.isDefault(spec), s.camera.sends(), s.camera.refuseLarge(spec)
	})
	if refused != nil {
		return nil, nil, refused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = &batch{pixels: s.camera.pixels}
		s.next.needed, s.next.release = context.WithCancelCause(s.camera.ctx)
		s.next.ended, s.next.end = context.WithCancelCause(context.Background())
	}
	b := s.next
	defer s.dropUnneeded()
	i := slices.IndexFunc(b.outputs, func(o frame.Output) bool { return o.Rendition == spec })
	if i < 0 {
		if limit := s.camera.conf.MaxRenditions; len(b.outputs) >= limit && !isDefault {
			return nil, nil, &TooManyError{Limit: limit}
		}
		n, err := b.pixels.take(spec, sends, isDefault)
		if err != nil {
			return nil, nil, err
		}
		i = len(b.outputs)
		b.outputs, b.askers, b.counts = append(b.outputs, frame.Output{Rendition: spec, Slot: &frame.Slot{}}), append(b.askers, 0), append(b.counts, n)
	}
	slot := b.outputs[i].Slot
	b.askers[i]++
	b.waiting++
	s.startNext()
	return b, slot, nil
}

// leave takes back a request. A picture that nobody waits for any more is not made, unless the batch has started.
func (s *snapshots) leave(b *batch, slot *frame.Slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.waiting--
	i := slices.IndexFunc(b.outputs, func(o frame.Output) bool { return o.Slot == slot })
	if b.askers[i]--; b.askers[i] == 0 && !b.started {
		b.pixels.give(b.counts[i])
		b.outputs, b.askers, b.counts = slices.Delete(b.outputs, i, i+1), slices.Delete(b.askers, i, i+1), slices.Delete(b.counts, i, i+1)
	}
	s.dropUnneeded()
	b.releaseUnneeded()
}

// dropUnneeded drops the next batch if nobody waits for it. s.mu is held.
func (s *snapshots) dropUnneeded() {
	if s.next != nil && s.next.waiting == 0 {
		s.next.release(nil)
		s.next = nil
	}
}

// cancel ends all batches, whose askers get why as their error.
func (s *snapshots) cancel(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range []*batch{s.making, s.next} {
		if b != nil {
			b.release(why)
		}
	}
	s.kept = nil
}

// haveLarge reports whether a large picture is being made, or is to be made next.
func (s *snapshots) haveLarge() bool {
	var specs []frame.Rendition
	s.mu.Lock()
	for _, b := range []*batch{s.making, s.next} {
		if b != nil {
			for _, out := range b.outputs {
				specs = append(specs, out.Rendition)
			}
		}
	}
	s.mu.Unlock()
	large := false
	s.camera.read(func() { large = slices.ContainsFunc(specs, s.camera.isLarge) })
	return large
}

// releaseUnneeded ends the batch if it has started and no request needs it. The mutex of snapshots is held.
func (b *batch) releaseUnneeded() {
	if b.started && b.waiting == 0 {
		b.release(nil)
	}
}

// startNext starts the next batch if there is one and no other batch is being made. s.mu is held.
func (s *snapshots) startNext() {
	if s.making != nil || s.next == nil || s.closed {
		return
	}
	b := s.next
	s.next, s.making, b.started = nil, b, true
	b.releaseUnneeded()
	s.running.Go(func() {
		b.end(s.make(b))
		for _, n := range b.counts {
			b.pixels.give(n)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.making = nil
		s.keep(b)
		s.startNext()
	})
}

// make makes the newest pictures of a stream until no request needs any more of them. When the camera is away, it makes
// the last pictures instead, for up to lastTimeout.
func (s *snapshots) make(b *batch) error {
	c := s.camera
	defer b.release(nil)
	from, release := s.connect(b.largest())
	defer func() { time.AfterFunc(c.conf.IdleTimeout, release) }() // as after the last viewer of a rendition
	var failure error
	var sentBefore bool
	err := c.until(b.needed, func() bool {
		failure, sentBefore = from.failure(), from.err != nil && !from.lastFrame.IsZero()
		if c.suspension.why != nil { // its connection may not have ended yet
			failure = c.suspension.why
		}
		return failure != nil || from.up
	})
	if err != nil {
		return err
	}
	if failure != nil && (!sentBefore || frame.ReasonOf(failure) == frame.Memory) {
		return failure
	}
	ctx := b.needed
	if failure != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.lastTimeout, failure)
		defer cancel()
	}
	p := &producer{stream: from, consumer: b, once: true}
	return p.run(ctx)
}

// connect chooses the stream for a rendition and keeps it connected until release is called.
func (s *snapshots) connect(spec frame.Rendition) (from *stream, release func()) {
	c := s.camera
	c.change(func() {
		from = c.choose(spec)
		from.snapshots++
	})
	return from, func() { c.change(func() { from.snapshots-- }) }
}

// largest is the rendition that needs the largest picture of the camera.
func (b *batch) largest() (spec frame.Rendition) {
	most := 0
	for _, out := range b.outputs {
		width, height := out.Rendition.SourceSize()
		if width*height > most {
			spec, most = out.Rendition, width*height
		}
	}
	return spec
}

// wanted describes the batch's picture, which stays the same when the plan or the connection changes.
func (b *batch) wanted(string) *pictureSpec { return &pictureSpec{outputs: b.outputs} }

func (b *batch) outdated(*pictureSpec) bool { return false }

func (b *batch) show(*pictureRun) {}

// keep keeps the pictures of a batch for some time. s.mu is held.
func (s *snapshots) keep(b *batch) {
	s.kept = b
	if s.expiry != nil {
		s.expiry.Stop()
	}
	s.expiry = time.AfterFunc(keptTime, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.kept == b {
			s.kept = nil
		}
	})
}

// close waits for the end of the last batch, after which no other one starts.
func (s *snapshots) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
}
