package feed

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"
)

// liveness records when a camera sends something, whether that can be decoded or not, and says from that how long it may be silent. The
// zero liveness must be reset before it is used. Its methods may be called from any goroutine.
type liveness struct {
	mu            sync.Mutex // guards what follows
	connected     time.Time  // when the connection began
	lastData      time.Time  // when the camera last sent anything; zero if it has sent nothing
	lastUnit      time.Time  // when it last sent a unit that was not broken; connected if it has sent none
	unusableSince time.Time  // since when nothing that it sends can be used; zero if its last unit can be used
	broken        bool       // the first unit since then was broken
	reported      bool       // unusableSince has been reported

	units        int           // of this connection that were not broken
	inherited    bool          // the pauses are those of an earlier connection
	lastPTS      time.Duration // of the last unit, by the camera's clock; unit.NoPTS if a broken or lost one has followed it
	pause        time.Duration // the longest time without data since the last unit
	recent       pauses        // since spanBegan
	earlier      pauses        // from earlierBegan to spanBegan
	spanBegan    time.Time
	earlierBegan time.Time
}

// pauses are the longest pauses of a span of time, the longest one first.
type pauses [24]time.Duration

func (p *pauses) add(pause time.Duration) {
	for i := range p {
		if pause > p[i] {
			p[i], pause = pause, p[i]
		}
	}
}

const (
	// firstUnitTimeout is how long a camera that has answered may be silent until its usual pause is known. Cameras are known that
	// send their first packet after 25 s, and a picture every 15 s.
	firstUnitTimeout = time.Minute
	// pauseUnits is how many units show the usual pause of a camera.
	pauseUnits = 3
	// pauseSpan is how long pauses count at least; they are forgotten after at most twice that time.
	pauseSpan = time.Minute
	// maxClockPause is the longest pause by the camera's clock that counts. The clock shows the usual pause of a camera that first
	// sends many old pictures at once.
	maxClockPause = 20 * time.Second
	// keyframeGrace is how long a camera may take for its first picture until that is reported, unless connect_timeout is shorter. Most
	// send a keyframe every 1 to 4 s.
	keyframeGrace = 5 * time.Second
)

// reset begins a connection. It keeps the usual pause of the previous one until this one has shown its own. After a connection that ended
// with one or two units it does not, since the camera may have become slower.
func (l *liveness) reset(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inherited = l.units >= pauseUnits || l.inherited && l.units == 0
	if !l.inherited {
		l.recent, l.earlier, l.spanBegan, l.earlierBegan = pauses{}, pauses{}, now, now
	} else {
		away := now.Sub(later(l.connected, l.lastData)) // a time in which the camera could make no pause
		l.spanBegan, l.earlierBegan = l.spanBegan.Add(away), l.earlierBegan.Add(away)
	}
	l.connected, l.lastData, l.lastUnit = now, time.Time{}, now
	l.setUsable()
	l.units, l.pause = 0, 0
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// data records data that are no unit.
func (l *liveness) data(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.arrived(at)
	if l.units == 0 && l.unusableSince.IsZero() {
		l.unusableSince = at
	}
}

// brokenUnit records a broken unit.
func (l *liveness) brokenUnit(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.arrived(at)
	l.lastPTS = unit.NoPTS
	if l.unusableSince.IsZero() || l.units == 0 {
		l.broken = true
	}
	if l.unusableSince.IsZero() {
		l.unusableSince = at
	}
}

// lostUnit records that a unit is missing, so that the time between those around it is no pause by the camera's clock.
func (l *liveness) lostUnit() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastPTS = unit.NoPTS
}

// unit records a whole unit, whose time on the camera's clock may be unit.NoPTS. usable says that it can be decoded.
func (l *liveness) unit(at time.Time, pts time.Duration, usable bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.arrived(at)
	l.lastUnit = at
	if usable {
		l.setUsable()
	} else if l.unusableSince.IsZero() || l.broken {
		l.unusableSince, l.broken = at, false
	}
	if l.units > 0 {
		pause := l.pause
		if l.lastPTS >= 0 && pts > l.lastPTS {
			pause = max(pause, min(pts-l.lastPTS, maxClockPause))
		}
		if at.Sub(l.spanBegan) > pauseSpan {
			l.recent, l.earlier, l.spanBegan, l.earlierBegan = pauses{}, l.recent, at, l.spanBegan
		}
		l.recent.add(pause)
	}
	l.units++
	l.lastPTS, l.pause = pts, 0
}

// arrived records that data have arrived. l.mu is held.
func (l *liveness) arrived(at time.Time) {
	if !at.After(l.lastData) {
		return
	}
	if !l.lastData.IsZero() {
		l.pause = max(l.pause, at.Sub(l.lastData))
	}
	l.lastData = at
}

// answered reports whether the camera has sent anything.
func (l *liveness) answered() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.lastData.IsZero()
}

// usable records that units can be used from now on.
func (l *liveness) usable() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.setUsable()
}

// setUsable does that. l.mu is held.
func (l *liveness) setUsable() { l.unusableSince, l.broken, l.reported = time.Time{}, false, false }

// usualPause is the longest pause that the camera makes again and again. One of stall or more has been made twice. Shorter ones are
// usual if they take an eighth of the time: a camera that sends 25 pictures a second and hesitates now and then is not slow. l.mu is held.
func (l *liveness) usualPause(stall time.Duration) time.Duration {
	longest := l.recent
	for _, pause := range l.earlier {
		longest.add(pause)
	}
	least := max(l.lastData.Sub(l.earlierBegan), pauseSpan) / 8
	sum := longest[0]
	for _, pause := range longest[1:] {
		sum += pause
		if pause >= stall || sum >= least {
			return pause
		}
	}
	return 0
}

// timeouts are how long a camera may be silent: connect before its first unit, and stall after that. pause is the time that the
// configuration expects between units.
type timeouts struct{ connect, stall, pause time.Duration }

// silence is since when a camera has been silent, how long it may be, and why the connection ends after that.
type silence struct {
	since  time.Time
	limit  time.Duration
	reason frame.Reason
	text   string // follows the name of the camera; has %v for the limit
}

// silence returns the silence that ends first: that of a camera without data, or that of one whose data are no whole units.
func (l *liveness) silence(t timeouts) silence {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.dataSilence(t)
	slow := max(firstUnitTimeout, t.connect, t.stall, t.pause, 3*l.usualPause(t.stall))
	if l.lastData.Sub(l.lastUnit) > slow/2 && l.lastUnit.Add(slow).Before(s.since.Add(s.limit)) {
		return silence{l.lastUnit, slow, frame.NoVideo, "sends data but has sent no picture that could be read for %v" + t.bounds(slow) +
			"; framegate probe says what is odd about its stream"}
	}
	return s
}

// bounds says which key sets the limit of a camera whose data are no whole units.
func (t timeouts) bounds(limit time.Duration) string {
	switch {
	case limit == firstUnitTimeout:
		return ""
	case limit == t.stall:
		return ", the limit set by stall_timeout"
	case limit == t.connect:
		return ", the limit set by connect_timeout"
	case limit == t.pause:
		return ", a limit that follows from poll_interval"
	}
	return ", three times its usual pause"
}

// dataSilence returns the silence of a camera without data. l.mu is held.
func (l *liveness) dataSilence(t timeouts) silence {
	switch {
	case l.lastData.IsZero():
		return silence{l.connected, t.connect, frame.TimedOut, "sent no picture within %v of connecting, the limit set by connect_timeout"}
	case l.units == 0:
		return silence{l.lastData, max(firstUnitTimeout, t.connect), frame.TimedOut, "has answered but has sent nothing for %v; a longer connect_timeout gives it more time"}
	case l.units < pauseUnits && !l.inherited:
		return silence{l.lastData, max(firstUnitTimeout, t.connect, t.pause), frame.Stalled, "is connected but has sent nothing for %v; a longer connect_timeout gives it more time"}
	}
	if slow := max(3*l.usualPause(t.stall), t.pause); slow > t.stall {
		return silence{l.lastData, slow, frame.Stalled, "is connected but has sent nothing for %v, three times its usual pause; a longer stall_timeout gives it more time"}
	}
	return silence{l.lastData, t.stall, frame.Stalled, "is connected but has sent nothing for %v, the limit set by stall_timeout"}
}

// unusable returns since when nothing that the camera sends can be used, how many whole units it has sent, and whether it sends broken
// units. since is zero if the last unit can be used. If report is true, the caller reports it, and since is zero in later calls.
func (l *liveness) unusable(report bool) (since time.Time, units int, broken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unusableSince.IsZero() || l.reported {
		return time.Time{}, l.units, false
	}
	l.reported = report
	return l.unusableSince, l.units, l.broken
}

// Alive records that the camera has sent something other than a unit: an answer, or packets that make no unit yet. Readers call it
// so that the camera does not count as silent. Any goroutine may call it.
func (in *Intake) Alive(at time.Time) {
	if !in.over.Load() {
		in.feed.liveness.data(at)
	}
}

// undescribed records a whole unit whose format is not known yet.
func (in *Intake) undescribed(pts time.Duration, arrived time.Time) {
	if !in.over.Load() {
		in.feed.liveness.unit(arrived, pts, false)
	}
}

// OnWaiting sets a function that is called if a connected camera gives no picture for some seconds, because it sends nothing yet or
// no keyframe. The function must not block. After it, Run either calls onStream or returns. OnWaiting is called before Run.
func (f *Feed) OnWaiting(call func(frame.Waiting)) { f.onWaiting = call }

// watch ends the connection if nothing arrives in time, and reports a camera that is connected and gives no picture.
func (f *Feed) watch(ctx context.Context, end context.CancelCauseFunc) {
	timeouts := timeouts{f.source.ConnectTimeout, f.source.StallTimeout, f.expectedPause()}
	for {
		f.Collect()
		s := f.liveness.silence(timeouts)
		left := time.Until(s.since.Add(s.limit))
		if left <= 0 {
			end(&frame.CameraError{Reason: s.reason, Text: place(f.source.URL) + " " + fmt.Sprintf(s.text, s.limit.Round(time.Millisecond))})
			return
		}
		left = min(left, timeouts.stall, time.Second) // what arrives in between may change the limit
		if since, _, _ := f.liveness.unusable(false); !since.IsZero() {
			if due := time.Until(since.Add(min(keyframeGrace, timeouts.connect))); due > 0 {
				left = min(left, due)
			} else {
				f.reportWaiting()
			}
		}
		select {
		case <-time.After(left):
		case <-ctx.Done():
			return
		}
	}
}

// reportWaiting calls onWaiting, unless a picture has come meanwhile.
func (f *Feed) reportWaiting() {
	f.reports.Lock()
	defer f.reports.Unlock()
	since, units, broken := f.liveness.unusable(true)
	if since.IsZero() || f.onWaiting == nil {
		return
	}
	w := frame.Waiting{Since: since, Err: &frame.CameraError{Reason: frame.TimedOut,
		Text: fmt.Sprintf("%s has answered: waiting for its first picture since %s", place(f.source.URL), since.Format(time.TimeOnly))}}
	if s := f.unusable.Load(); s != nil {
		w.Stream = *s
	}
	switch {
	case broken:
		w.Err = &frame.CameraError{Reason: frame.NoVideo,
			Text: fmt.Sprintf("%s sends only broken pictures since %s", place(f.source.URL), since.Format(time.TimeOnly))}
	case units > 0:
		w.Err = &frame.CameraError{Reason: frame.NoKeyframe,
			Text: fmt.Sprintf("%s is connected and sends video: waiting for a keyframe since %s", place(f.source.URL), since.Format(time.TimeOnly))}
	}
	f.onWaiting(w)
}

// setUnusable records the stream of units that cannot be decoded yet.
func (f *Feed) setUnusable(s frame.Stream) {
	if last := f.unusable.Load(); last == nil || *last != s {
		f.unusable.Store(&s)
	}
}
