package main

import (
	"fmt"
	"image"
	"slices"
	"sync"
	"time"

	"framegate/internal/testcam"
)

// checker holds what viewers see and framegate tells against what the cameras do. It reads no clock: whoever reports
// something says when it was. Its methods may be called from any goroutine.
type checker struct {
	began time.Time
	// sent tells when a camera sent a frame number last before a time.
	sent func(camera string, frame int, limit time.Time) (time.Time, bool)

	mu         sync.Mutex // of what follows, and of all subjects and spectators
	subjects   map[string]*subject
	spectators map[*spectator]struct{}
	evidence   []evidence
	machine    lateness // by which each limit of time is widened
	tally
}

// evidence is a picture that shows a violation.
type evidence struct {
	violation
	picture []byte
}

// maxEvidence is how many pictures are kept.
const maxEvidence = 200

func newChecker(began time.Time, sent func(string, int, time.Time) (time.Time, bool)) *checker {
	c := &checker{began: began, sent: sent, subjects: map[string]*subject{}, spectators: map[*spectator]struct{}{}}
	c.Faults = map[string]*faultFacts{}
	for _, f := range faults {
		c.Faults[string(f.command)] = &faultFacts{}
	}
	return c
}

// add adds a camera, which works from a time on.
func (c *checker) add(camera string, number int, works time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subjects[camera] = &subject{name: camera, number: number, works: works}
}

// report notes a violation of a camera, or of none.
func (c *checker) report(camera string, at time.Time, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(camera, at, format, args...)
}

func (c *checker) note(camera string, at time.Time, format string, args ...any) {
	v := violation{At: at.Sub(c.began), Camera: camera, Text: fmt.Sprintf(format, args...)}
	if s := c.subjects[camera]; s != nil && s.fault != nil {
		v.Fault = string(s.fault.command)
	}
	c.Violations = append(c.Violations, v)
}

// noteSeen notes a violation that a picture shows.
func (c *checker) noteSeen(v *spectator, p seen, format string, args ...any) {
	c.note(v.subject.name, p.read, "%s "+format, append([]any{v.who}, args...)...)
	if len(c.evidence) < maxEvidence {
		c.evidence = append(c.evidence, evidence{c.Violations[len(c.Violations)-1], slices.Clone(p.picture)})
	}
}

// ticked tells that the goroutine has run that measures how late the machine is.
func (c *checker) ticked(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.subjects {
		c.settle(s, at)
	}
	c.machine.tick(at)
}

// over tells whether a limit of time that began at a time is over now.
func (c *checker) over(began time.Time, limit time.Duration, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passed(began, limit, now)
}

func (c *checker) passed(began time.Time, limit time.Duration, now time.Time) bool {
	return now.After(c.machine.due(began, limit, now))
}

// begin tells that a camera is about to fail.
func (c *checker) begin(camera string, f *fault, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subjects[camera]
	c.settle(s, at)
	c.eachOf(s, func(v *spectator) {
		c.judgeWait(v, at)
		v.told = false
	})
	c.Faults[string(f.command)].Times++
	if s.fault != nil && s.fault.blurs { // the machine was so late that the fault before is not settled
		s.blurs[len(s.blurs)-1].to = at
	}
	if f.blurs {
		s.blurs = append(s.blurs, span{from: at})
	}
	s.fault, s.began, s.ended, s.shown, s.misled = f, at, time.Time{}, false, false
}

// end tells that a camera is about to be well again. It may be called again, later: then framegate had a reason not to
// try before.
func (c *checker) end(camera string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subjects[camera]
	if s.ended.IsZero() && s.fault.shows != "" && !s.shown && c.passed(s.began, s.fault.settled+maxWait, at) {
		c.note(camera, at, "it was never told to be %s in %v", s.fault.shows, round(at.Sub(s.began)))
	}
	s.ended = at
}

// settle lets a camera work again when backTime is over, which its viewers must have noticed by then. Where the machine
// stood still, framegate may take a camera that works for stalled: then it has backTime too.
func (c *checker) settle(s *subject, now time.Time) {
	if s.fault == nil {
		if c.machine.overdue(now) >= heldUpTime {
			s.works = latest(s.works, now.Add(backTime))
		}
		return
	}
	if s.ended.IsZero() {
		return
	}
	works := c.machine.due(s.ended, backTime, now)
	if now.Before(works) {
		return
	}
	c.eachOf(s, func(v *spectator) {
		c.judgeWait(v, works)
		v.told = false
		if v.opened.Before(s.ended) && !v.sent.After(s.ended) {
			c.note(s.name, works, "%s has no picture %v after the end of %s", v.who, backTime, s.fault.command)
			v.told = true
		}
	})
	if s.fault.blurs {
		s.blurs[len(s.blurs)-1].to = works
	}
	s.fault, s.works, s.misled = nil, works, false
}

// eachOf visits the eager spectators of a camera.
func (c *checker) eachOf(s *subject, visit func(*spectator)) {
	for v := range c.spectators {
		if v.subject == s && v.eager {
			visit(v)
		}
	}
}

// enter tells that a viewer asks for a stream.
func (c *checker) enter(camera, who string, size image.Point, eager bool, at time.Time) *spectator {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := &spectator{subject: c.subjects[camera], who: who, size: size, eager: eager, opened: at}
	c.spectators[v] = struct{}{}
	return v
}

// leave tells that a viewer has gone by itself.
func (c *checker) leave(v *spectator, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.depart(v, at)
}

// refuse tells that a viewer was answered with an error instead of a stream. unavailable is that of a camera without a
// picture.
func (c *checker) refuse(v *spectator, unavailable bool, err error, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.depart(v, at)
	c.Refused++
	if !unavailable || v.subject.fault == nil && v.opened.After(v.subject.works) {
		c.note(v.subject.name, at, "%s is refused: %v", v.who, err)
	}
}

// cut tells that a viewer's stream has ended, which it should not.
func (c *checker) cut(v *spectator, err error, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.depart(v, at)
	c.note(v.subject.name, at, "%s is cut off after %v: %v", v.who, round(at.Sub(v.opened)), err)
}

func (c *checker) depart(v *spectator, at time.Time) {
	c.settle(v.subject, at)
	if v.eager {
		c.judgeWait(v, at)
	}
	delete(c.spectators, v)
}

// see tells what a viewer has read.
func (c *checker) see(v *spectator, p seen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := v.subject
	c.settle(s, p.read)
	if v.eager {
		c.judgeWait(v, p.read)
		v.told = false
	}
	v.some = p.read
	c.Frames++
	if p.broken != nil {
		c.noteSeen(v, p, "reads what is no picture: %v", p.broken)
		return
	}
	if !p.received.After(v.received) {
		c.noteSeen(v, p, "goes back in time: X-Timestamp %v before that of the last part", v.received.Sub(p.received))
		return
	}
	v.received = p.received
	if p.marked {
		c.seePicture(v, p)
	} else {
		c.seeUnmarked(v, p)
	}
}

// seePicture judges a picture that shows its camera and its number.
func (c *checker) seePicture(v *spectator, p seen) {
	s := v.subject
	if p.camera != s.number {
		c.noteSeen(v, p, "sees a picture of camera number %d", p.camera)
		return
	}
	v.picture = p.read
	works := s.fault == nil && p.received.After(s.works)
	if works && p.size != v.size {
		c.noteSeen(v, p, "sees a picture of %v instead of %v", p.size, v.size)
	}
	// What a decoder makes of broken data may show the mark of the frame before.
	blurred := s.blurred(p.received)
	sent, ok := c.sent(s.name, p.frame, p.received.Add(clockError))
	if !ok {
		if works {
			c.noteSeen(v, p, "sees frame %d, which the camera had not sent when it is said to have come in", p.frame)
		}
		return
	}
	if !blurred {
		c.Compared++
		late := works && v.eager && c.passed(sent, maxWait, p.read)
		switch {
		case !sent.After(v.sent):
			c.noteSeen(v, p, "goes back in time: frame %d, sent %v before frame %d", p.frame, round(v.sent.Sub(sent)), v.frame)
		case c.passed(sent, maxWait, p.received):
			c.noteSeen(v, p, "sees frame %d with an X-Timestamp of %v after it was sent", p.frame, round(p.received.Sub(sent)))
		case late && !v.late:
			c.noteSeen(v, p, "reads frame %d %v after it was sent", p.frame, round(p.read.Sub(sent)))
		}
		v.late = late
	}
	if s.fault != nil && !s.ended.IsZero() && v.eager && v.opened.Before(s.ended) && !v.sent.After(s.ended) && sent.After(s.ended) {
		facts := c.Faults[string(s.fault.command)]
		facts.Back = max(facts.Back, p.read.Sub(s.ended))
	}
	if sent.After(v.sent) {
		v.sent, v.frame = sent, p.frame
	}
}

// clockError is how much later than it came in a frame may seem to have been sent: X-Timestamp is cut to microseconds.
const clockError = time.Millisecond

// seeUnmarked judges a picture whose mark cannot be read.
func (c *checker) seeUnmarked(v *spectator, p seen) {
	s := v.subject
	switch {
	case s.blurred(p.received):
		c.Unreadable++
	case s.fault == nil && p.received.After(s.works):
		c.noteSeen(v, p, "sees a picture without a mark, though the camera works")
	default:
		c.Placeholders++
		if s.fault == nil {
			return // of a fault that was over when a slow viewer read it
		}
		c.Faults[string(s.fault.command)].Placeholders++
		if p.size != v.size && s.fault.command != testcam.Resize {
			c.noteSeen(v, p, "sees a placeholder of %v instead of %v", p.size, v.size)
		}
	}
}

// judgeWait reports an eager viewer that has waited too long at a time.
func (c *checker) judgeWait(v *spectator, now time.Time) {
	s := v.subject
	if s.fault == nil {
		since := latest(v.picture, v.opened, s.works)
		waited := now.Sub(since)
		c.LongestWait = max(c.LongestWait, waited)
		if c.passed(since, maxWait, now) && !v.told {
			v.told = true
			c.note(s.name, now, "%s has waited %v for a picture, though the camera works", v.who, round(waited))
		}
		return
	}
	facts := c.Faults[string(s.fault.command)]
	facts.Silence = max(facts.Silence, now.Sub(latest(v.some, v.opened, s.began)))
	if c.passed(latest(v.some, v.opened), maxWait, now) && c.passed(s.began, s.fault.unseen, now) && !v.told {
		v.told = true
		c.note(s.name, now, "%s has seen neither picture nor placeholder for %v", v.who, round(now.Sub(latest(v.some, v.opened))))
	}
}

// tick looks for viewers that wait for something that does not come.
func (c *checker) tick(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.subjects {
		c.settle(s, now)
		c.eachOf(s, func(v *spectator) { c.judgeWait(v, now) })
	}
}

// state tells what framegate says of a camera when it is asked at a time.
func (c *checker) state(camera, state string, asked time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subjects[camera]
	if s == nil {
		return // a camera that comes and goes
	}
	c.settle(s, asked)
	switch {
	case s.misled:
	case s.fault == nil && asked.After(s.works):
		if state != "live" && state != "ready" {
			s.misled = true
			c.note(camera, asked, "it works and is told to be %s", state)
		}
	case s.fault != nil && asked.After(s.began) && s.ended.IsZero():
		s.shown = s.shown || state == s.fault.shows
		if c.passed(s.began, s.fault.settled, asked) && !slices.Contains(s.fault.states, state) {
			s.misled = true
			c.note(camera, asked, "%v after the beginning of %s it is told to be %s", round(asked.Sub(s.began)), s.fault.command, state)
		}
	}
}

// result is what was counted so far. Nothing more may be told to the checker meanwhile.
func (c *checker) result() tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Late, c.MostLate = c.machine.total, c.machine.most
	return c.tally
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
