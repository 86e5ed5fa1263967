package check

import (
	"slices"
	"time"
)

// lateness knows when the machine was late: when a goroutine that repeatedly sleeps for tickTime was due and did not
// run yet. The zero lateness is that of a machine that was never late.
type lateness struct {
	next  time.Time // when the next tick is due, zero before the first
	spans []span    // in the order of time, disjoint
	total time.Duration
	most  time.Duration // at a time
}

const (
	// tickTime is how long the goroutine of MeasureLateness sleeps at a time.
	tickTime = 10 * time.Millisecond
	// tickSlack is how late a tick may be on an idle machine: timers of the kernel and of Go's runtime are coarse.
	tickSlack = 2 * time.Millisecond
	// heldUpTime is how late the machine must be for framegate to take a camera that works for stalled.
	heldUpTime = StallTime / 2
	// lateMemory is for how long the checker remembers when the machine was late. It is longer than every time limit.
	lateMemory = 5 * time.Minute
)

// tick records that the goroutine ran.
func (l *lateness) tick(at time.Time) {
	if late := l.overdue(at); late > 0 {
		l.spans = append(l.spans, span{l.next, at})
		l.total += late
		l.most = max(l.most, late)
	}
	l.next = at.Add(tickTime)
	for len(l.spans) > 0 && l.spans[0].to.Before(at.Add(-lateMemory)) {
		l.spans = l.spans[1:]
	}
}

// overdue is how late the next tick is if it has not come yet.
func (l *lateness) overdue(now time.Time) time.Duration {
	if late := now.Sub(l.next); !l.next.IsZero() && late > tickSlack {
		return late
	}
	return 0
}

// due is when a time limit that starts at from is over, as far as is known now. All the time for which the machine was
// late meanwhile is added, not only the longest span of it: what takes many steps may be held up at each of them.
func (l *lateness) due(from time.Time, limit time.Duration, now time.Time) time.Time {
	for _, late := range l.since(from, now) {
		free := max(0, late.from.Sub(from))
		if limit <= free {
			break
		}
		from, limit = late.to, limit-free
	}
	return from.Add(limit)
}

// since returns the spans of lateness that end after t.
func (l *lateness) since(t, now time.Time) []span {
	i, _ := slices.BinarySearchFunc(l.spans, t, func(late span, t time.Time) int {
		if late.to.After(t) {
			return 1
		}
		return -1
	})
	late := l.spans[i:]
	if l.overdue(now) > 0 {
		late = append(slices.Clip(late), span{l.next, now})
	}
	return late
}
