package main

import (
	"context"
	"slices"
	"time"
)

const (
	// tickTime is how long the goroutine sleeps that measures how late the machine is.
	tickTime = 10 * time.Millisecond
	// tickSlack is how late a tick may be on an idle machine: the kernel and Go's runtime wait in milliseconds.
	tickSlack = 2 * time.Millisecond
	// heldUpTime is the lateness from which on framegate may take a camera for stalled that works.
	heldUpTime = stallTime / 2
	// lateMemory is how long it is remembered when the machine was late, longer than every limit of time.
	lateMemory = 5 * time.Minute
)

// lateness knows when the machine was late: when a goroutine that sleeps for tickTime again and again had slept long
// enough, and did not run yet. The zero value is of a machine that was never late.
type lateness struct {
	next  time.Time // when the next tick has to come, zero before the first
	spans []span    // in the order of time, apart from each other
	total time.Duration
	most  time.Duration
}

// tick notes that the goroutine ran.
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

// overdue is how late the next tick is at a time when it has not come.
func (l *lateness) overdue(now time.Time) time.Duration {
	if late := now.Sub(l.next); !l.next.IsZero() && late > tickSlack {
		return late
	}
	return 0
}

// due is when a limit of time is over that began at a time, as far as is known now. All the time for which the machine was
// late meanwhile is added, not only the longest piece of it: what takes many steps may be held up at each of them.
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

// since are the times at which the machine was late that end after a time.
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

// keepTime lets the checker know how late the machine is until ctx is done.
func (c *checker) keepTime(ctx context.Context) {
	for ctx.Err() == nil {
		sleep(ctx, tickTime)
		c.ticked(time.Now())
	}
}
