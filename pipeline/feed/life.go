package feed

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"
)

const (
	// firstUnits is how long a camera that has answered may send nothing until its rhythm is known. Cameras are known that send
	// their first packet after 25 s, and a picture every 15 s.
	firstUnits = time.Minute
	// rhythmUnits is how many units show the rhythm of a camera.
	rhythmUnits = 3
	// keyframeGrace is how long a camera may take for its first picture until that is reported. Most send a keyframe every 1 to 4 s.
	keyframeGrace = 5 * time.Second
)

// rhythm records when a camera sends something, whether that can be decoded or not. The zero rhythm must be reset before it is
// used. Its methods may be called from any goroutine.
type rhythm struct {
	mu        sync.Mutex // guards what follows
	began     time.Time  // when the connection began
	heard     time.Time  // when the camera last sent anything; zero if never
	whole     time.Time  // when it last sent a unit that was not broken; at first the same as began
	dry       time.Time  // since when what the camera sends cannot be used; zero if its last unit can be used
	spoilt    bool       // dry began with a broken unit
	reported  bool       // dry has been reported
	units     int
	known     bool          // the pauses are those of an earlier connection, until this one has shown its own rhythm
	pts       time.Duration // of the last unit, by the camera's clock; unit.NoPTS if a broken one has followed it
	pause     time.Duration // the longest since that unit in which nothing was sent
	recent    pauses        // since spanBegan
	earlier   pauses        // of the rhythmSpan before that
	spanBegan time.Time
}

// pauses are the two longest of a span of time, the longer one first. One long pause shows nothing of the rhythm of a camera, since it
// may be a stall that was over in time; the second is as long in every minute of a slow camera.
type pauses [2]time.Duration

func (p pauses) with(pause time.Duration) pauses {
	return pauses{max(p[0], pause), max(min(p[0], pause), p[1])}
}

// The pauses of the last one or two minutes count. So does the camera's clock, up to maxClockPause: it shows the
// rhythm of a camera that first sends many old pictures at once.
const (
	rhythmSpan    = time.Minute
	maxClockPause = 20 * time.Second
)

// reset begins a connection. The rhythm of an earlier connection is kept until this one has shown its own. A connection that ends
// after one or two units discards it, since the camera may have become slower.
func (r *rhythm) reset(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = r.units >= rhythmUnits || r.known && r.units == 0
	if !r.known {
		r.recent, r.earlier, r.spanBegan = pauses{}, pauses{}, now
	}
	r.began, r.heard, r.whole, r.dry, r.spoilt, r.reported, r.units, r.pause = now, time.Time{}, now, time.Time{}, false, false, 0, 0
}

// hear records that the camera has sent something other than a unit.
func (r *rhythm) hear(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noise(at)
	if r.units == 0 && r.dry.IsZero() {
		r.dry = at
	}
}

// spoil records a unit that is broken.
func (r *rhythm) spoil(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noise(at)
	r.pts = unit.NoPTS
	if r.dry.IsZero() || r.units == 0 {
		r.spoilt = true
	}
	if r.dry.IsZero() {
		r.dry = at
	}
}

// skip records that a unit is missing, so that the camera's time between those around it is no pause.
func (r *rhythm) skip() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pts = unit.NoPTS
}

// noise records that something has come. r.mu is held.
func (r *rhythm) noise(at time.Time) {
	if !at.After(r.heard) {
		return
	}
	if !r.heard.IsZero() {
		r.pause = max(r.pause, at.Sub(r.heard))
	}
	r.heard = at
}

// take records a unit, whose time on the camera's clock may be unit.NoPTS. usable says that it can be decoded.
func (r *rhythm) take(at time.Time, pts time.Duration, usable bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noise(at)
	r.whole = at
	if usable {
		r.dry, r.spoilt, r.reported = time.Time{}, false, false
	} else if r.dry.IsZero() || r.spoilt {
		r.dry, r.spoilt = at, false
	}
	if r.units > 0 {
		pause := r.pause
		if r.pts >= 0 && pts > r.pts {
			pause = max(pause, min(pts-r.pts, maxClockPause))
		}
		if at.Sub(r.spanBegan) > rhythmSpan {
			r.recent, r.earlier, r.spanBegan = pauses{}, r.recent, at
		}
		r.recent = r.recent.with(pause)
	}
	r.units++
	r.pts, r.pause = pts, 0
}

// use records that units can be used from now on.
func (r *rhythm) use() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dry, r.spoilt, r.reported = time.Time{}, false, false
}

// usual is the longest pause that the camera has made twice. r.mu is held.
func (r *rhythm) usual() time.Duration {
	return r.recent.with(r.earlier[0]).with(r.earlier[1])[1]
}

// limits are how long a camera may be silent: connect before its first unit, and stall after that. pause is the time that the
// configuration expects between units.
type limits struct{ connect, stall, pause time.Duration }

// silence returns since when the camera has been silent, how long it may be, and why the connection ends after that.
func (r *rhythm) silence(l limits) (since time.Time, limit time.Duration, why frame.Reason, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	since, limit, why, text = r.quiet(l)
	slow := max(firstUnits, l.connect, l.stall, l.pause, 3*r.usual())
	if r.heard.Sub(r.whole) > slow/2 && r.whole.Add(slow).Before(since.Add(limit)) {
		return r.whole, slow, frame.NoVideo, "sends data but has sent no picture that could be read for %v"
	}
	return since, limit, why, text
}

// quiet does what silence does, but takes data that are no whole unit for a sign of life. r.mu is held.
func (r *rhythm) quiet(l limits) (since time.Time, limit time.Duration, why frame.Reason, text string) {
	switch {
	case r.heard.IsZero():
		return r.began, l.connect, frame.TimedOut, "sent no picture within %v of connecting, the limit set by connect_timeout"
	case r.units == 0:
		return r.heard, max(firstUnits, l.connect), frame.TimedOut, "has answered but has sent nothing for %v; a longer connect_timeout gives it more time"
	case r.units < rhythmUnits && !r.known:
		return r.heard, max(firstUnits, l.connect, l.pause), frame.Stalled, "is connected but has sent nothing for %v; a longer connect_timeout gives it more time"
	}
	if slow := max(3*r.usual(), l.pause); slow > l.stall {
		return r.heard, slow, frame.Stalled, "is connected but has sent nothing for %v, three times its usual pause; a longer stall_timeout gives it more time"
	}
	return r.heard, l.stall, frame.Stalled, "is connected but has sent nothing for %v, the limit set by stall_timeout"
}

// waits returns since when what the camera sends cannot be used. since is zero if it can be, or if that has been reported.
// spoilt says that what it sends is broken. report says that the caller reports it, so that later calls return zero.
func (r *rhythm) waits(report bool) (since time.Time, units int, spoilt bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dry.IsZero() || r.reported {
		return time.Time{}, r.units, false
	}
	r.reported = report
	return r.dry, r.units, r.spoilt
}

// Alive records that the camera has sent something other than a unit: an answer, or packets that make no unit yet. Readers call it
// so that the camera does not count as silent. Any goroutine may call it.
func (in *Intake) Alive(at time.Time) {
	if !in.over.Load() {
		in.feed.rhythm.hear(at)
	}
}

// undescribed records a whole unit whose format is not known yet.
func (in *Intake) undescribed(pts time.Duration, arrived time.Time) {
	if !in.over.Load() {
		in.feed.rhythm.take(arrived, pts, false)
	}
}

// OnWaiting sets a function that is called if a connected camera gives no picture for some seconds, because it sends nothing yet or
// no keyframe. The function must not block. After it, Run either calls onStream or returns. OnWaiting is called before Run.
func (f *Feed) OnWaiting(call func(frame.Waiting)) { f.onWaiting = call }

// watch ends the connection if nothing arrives in time, and reports a camera that is connected and gives no picture.
func (f *Feed) watch(ctx context.Context, end context.CancelCauseFunc) {
	limits := limits{f.source.ConnectTimeout, f.source.StallTimeout, f.expectedPause()}
	for {
		f.Collect()
		since, limit, why, text := f.rhythm.silence(limits)
		left := time.Until(since.Add(limit))
		if left <= 0 {
			end(&frame.CameraError{Reason: why, Text: place(f.source.URL) + " " + fmt.Sprintf(text, limit.Round(time.Millisecond))})
			return
		}
		left = min(left, limits.stall, time.Second) // what arrives in between may change the limit
		if since, _, _ := f.rhythm.waits(false); !since.IsZero() {
			if due := time.Until(since.Add(keyframeGrace)); due > 0 {
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
	since, units, spoilt := f.rhythm.waits(true)
	if since.IsZero() || f.onWaiting == nil {
		return
	}
	w := frame.Waiting{Since: since, Err: &frame.CameraError{Reason: frame.TimedOut,
		Text: fmt.Sprintf("%s has answered: waiting for its first picture since %s", place(f.source.URL), since.Format(time.TimeOnly))}}
	if s := f.unusable.Load(); s != nil {
		w.Stream = *s
	}
	switch {
	case spoilt:
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
