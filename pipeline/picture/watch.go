package picture

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/framegate/framegate/pipeline/unit"
)

// limits says how long a plan may take for its first picture and for each further one.
type limits struct{ first, next time.Duration }

// How long hardware may take for a further picture while viewers wait, and how long the last plan may, which has no successor.
const (
	hardwareStall = 500 * time.Millisecond
	softwareStall = 5 * time.Second
)

func (d *decoding) limits() limits {
	if d.candidate.Last() {
		return limits{2 * softwareStall, softwareStall}
	}
	return limits{cmp.Or(d.picture.Source.Plans.Timeout, softwareStall), hardwareStall}
}

// watch waits for the end of the pipeline. It ends the pipeline itself if units go in and no picture comes out.
func (d *decoding) watch(ctx context.Context, began time.Time) error {
	p := d.picture
	limit := d.limits()
	tick := time.NewTicker(min(limit.next/5, 500*time.Millisecond))
	defer tick.Stop()
	var decoder, encoder stall
	caughtUp := p.caughtUp
	for {
		select {
		case err := <-d.pipeline.Ended():
			return &planFailure{err: err}
		case <-ctx.Done():
			d.setPlan(d.pipeline.Decoder())
			return context.Cause(ctx)
		case <-caughtUp:
			d.leave = p.Plans.Enter(d.candidate)
			d.begun()
			d.setPlan(d.pipeline.Decoder())
			caughtUp = nil
		case now := <-tick.C:
			asked, newest := p.sent.count()
			if d.pushing.Load() || newest.IsZero() {
				newest = now
			}
			seen, passed := d.decoded()
			d.claim.Decoded(seen / len(p.decoded))
			shown := int(d.shown.Load())
			stuck := decoder.since(asked, seen, stallUnits, newest)
			unmade := encoder.since(passed, shown, 1, now)
			switch {
			case shown == 0 && now.Sub(began) > limit.first:
				return &planFailure{fmt.Errorf("no picture within %v", limit.first), true}
			case shown > 0 && stuck > limit.next:
				return &planFailure{fmt.Errorf("the decoder has given no picture for %v", limit.next), true}
			case shown > 0 && unmade > limit.next:
				return &planFailure{fmt.Errorf("the encoder has given no JPEG for %v", limit.next), true}
			}
		}
	}
}

// stallUnits is how many units must go in without a picture before that counts as a stall: a decoder may keep back some at the
// end of its input.
const stallUnits = 3

// stall detects that an element takes units or pictures and gives none.
type stall struct {
	in, out int       // the counts when something last came out
	at      time.Time // when that was
}

// since takes the counts of what has gone in and come out by now. It returns for how long nothing has come out, or 0 while
// fewer than n have gone in since.
func (s *stall) since(in, out, n int, now time.Time) time.Duration {
	if s.at.IsZero() || out != s.out || in-s.in < n && in-out < n {
		s.in, s.out, s.at = in, out, now
		return 0
	}
	if in-s.in < n {
		return 0
	}
	return now.Sub(s.at)
}

// decoded counts the pictures that the decoder has given, and how many of them the gates let pass.
func (d *decoding) decoded() (seen, passed int) {
	for _, out := range d.picture.decoded {
		s, p := out.gate.Count()
		seen += s
		passed += p
	}
	return seen, passed
}

// idle counts the units that went into a decoder since its last picture. It belongs to the goroutine that pushes.
type idle struct {
	seen  int // pictures that the decoder had given by then
	units int
	key   bool // a keyframe was among them
}

// idleUnits is how many units, including a keyframe, may go into a software decoder without a picture before a new decoder
// replaces it: broken units can leave a decoder in a state in which it refuses even good ones (avdec_mpeg4 of 1.22).
const idleUnits = 10

// stuck reports, before a unit is pushed, whether a new decoder should begin with that unit.
func (d *decoding) stuck(u unit.Unit) bool {
	if !u.Key {
		d.idle.units++
		return false
	}
	seen, _ := d.decoded()
	stuck := seen == d.idle.seen && d.idle.key && d.idle.units >= idleUnits &&
		d.src.Queued() == 0
	if seen != d.idle.seen {
		d.idle = idle{seen: seen}
	}
	d.idle.units++
	d.idle.key = true
	return stuck && d.candidate.Last()
}
