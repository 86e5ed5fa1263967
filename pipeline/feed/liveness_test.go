package feed

import (
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"
)

// TestSilenceIsAllowedByTheUsualPauseOfACamera says when a camera is given up after it has sent units, packets and nothing more.
func TestSilenceIsAllowedByTheUsualPauseOfACamera(t *testing.T) {
	const s = time.Second
	type event struct {
		after time.Duration // the one before
		pts   time.Duration // 0 for a packet, which is no unit
	}
	steady := func(n int, every time.Duration) (all []event) {
		for i := range n {
			all = append(all, event{every, time.Duration(i+1) * every})
		}
		return all
	}
	burst := func(n int, every time.Duration) (all []event) {
		for i := range n {
			all = append(all, event{0, time.Duration(i+1) * every})
		}
		return all
	}
	for name, c := range map[string]struct {
		timeouts timeouts
		events   []event
		limit    time.Duration
		reason   frame.Reason
		key      string // of the configuration, which the error names
	}{
		"it never answers":               {timeouts{10 * s, 5 * s, 0}, nil, 10 * s, frame.TimedOut, "connect_timeout"},
		"it answers":                     {timeouts{10 * s, 5 * s, 0}, []event{{s, 0}}, 60 * s, frame.TimedOut, "connect_timeout"},
		"it answers, and may take long":  {timeouts{90 * s, 5 * s, 0}, []event{{s, 0}}, 90 * s, frame.TimedOut, "connect_timeout"},
		"one picture":                    {timeouts{10 * s, 5 * s, 0}, steady(1, s), 60 * s, frame.Stalled, "connect_timeout"},
		"25 pictures a second":           {timeouts{10 * s, 5 * s, 0}, steady(25, s/25), 5 * s, frame.Stalled, "stall_timeout"},
		"three of them":                  {timeouts{10 * s, 5 * s, 0}, steady(3, s/25), 5 * s, frame.Stalled, "stall_timeout"},
		"a picture every 7 s":            {timeouts{10 * s, 5 * s, 0}, steady(3, 7*s), 21 * s, frame.Stalled, "stall_timeout"},
		"a picture every 15 s":           {timeouts{10 * s, 5 * s, 0}, steady(9, 15*s), 45 * s, frame.Stalled, "stall_timeout"},
		"every 15 s, 50 at once first":   {timeouts{10 * s, 5 * s, 0}, burst(50, 15*s), 45 * s, frame.Stalled, "stall_timeout"},
		"every 15 s, the second one":     {timeouts{10 * s, 5 * s, 0}, append(steady(7500, s/25), event{15 * s, 315 * s}, event{15 * s, 330 * s}), 45 * s, frame.Stalled, "stall_timeout"},
		"one pause of 4 s":               {timeouts{10 * s, 5 * s, 0}, append(steady(25, s/25), event{4 * s, 5 * s}), 5 * s, frame.Stalled, "stall_timeout"},
		"another a minute later":         {timeouts{10 * s, 5 * s, 0}, append(append(steady(25, s/25), event{4 * s, 5 * s}), event{70 * s, 9 * s}), 12 * s, frame.Stalled, "stall_timeout"},
		"it hesitates now and then":      {timeouts{10 * s, 2 * s, 0}, append(steady(2500, s/25), event{1400 * s / 1000, 101400 * s / 1000}, event{1400 * s / 1000, 102800 * s / 1000}, event{1400 * s / 1000, 104200 * s / 1000}), 2 * s, frame.Stalled, "stall_timeout"},
		"a picture a second":             {timeouts{10 * s, 2 * s, 0}, steady(600, s), 3 * s, frame.Stalled, "stall_timeout"},
		"a picture every 2.5 s":          {timeouts{10 * s, 2 * s, 0}, steady(3, 2500*s/1000), 7500 * s / 1000, frame.Stalled, "stall_timeout"},
		"its clock jumps":                {timeouts{10 * s, 5 * s, 0}, append(steady(25, s/25), event{s / 25, time.Hour}), 5 * s, frame.Stalled, "stall_timeout"},
		"it was slow five minutes ago":   {timeouts{10 * s, 5 * s, 0}, append(steady(9, 15*s), steady(7500, s/25)...), 5 * s, frame.Stalled, "stall_timeout"},
		"it is polled every 30 s":        {timeouts{10 * s, 5 * s, 90 * s}, steady(1, s), 90 * s, frame.Stalled, "connect_timeout"},
		"packets that make no unit":      {timeouts{10 * s, 5 * s, 0}, append(steady(25, s/25), event{4 * s, 0}), 5 * s, frame.Stalled, "stall_timeout"},
		"a stall_timeout longer than it": {timeouts{10 * s, 60 * s, 0}, steady(9, 15*s), 60 * s, frame.Stalled, "stall_timeout"},
	} {
		var l liveness
		now := time.Now()
		l.reset(now)
		last := now
		for _, e := range c.events {
			last = last.Add(e.after)
			if e.pts == 0 {
				l.data(last)
			} else {
				l.unit(last, e.pts, true)
			}
		}
		s := l.silence(c.timeouts)
		if !s.since.Equal(last) || s.limit != c.limit || s.reason != c.reason || !strings.Contains(s.text, c.key) {
			t.Errorf("%s: %v after %v, %s: %s; want %v after %v, %s, %s", name, s.limit, s.since.Sub(now), s.reason, s.text, c.limit, last.Sub(now), c.reason, c.key)
		}
	}
}

// TestCameraThatSendsNothingUsableIsReportedAndGivenUp whether it has sent pictures before or not.
func TestCameraThatSendsNothingUsableIsReportedAndGivenUp(t *testing.T) {
	broken := &unit.Format{Caps: "video/x-h264", Stream: frame.Stream{Codec: "h264", Width: 60000, Height: 60000}}
	for _, good := range []int{0, 50} {
		f, in, reports := waiting(t)
		now := time.Now()
		f.liveness.reset(now)
		for range good {
			now = now.Add(40 * time.Millisecond)
			in.Unit(idrUnit, unit.NoPTS, true, now, h264)
		}
		last := now
		for range 25 * 90 {
			now = now.Add(40 * time.Millisecond)
			in.Unit(idrUnit, unit.NoPTS, true, now, broken)
		}
		s := f.liveness.silence(timeouts{10 * time.Second, 5 * time.Second, 0})
		if s.since.Sub(last) > time.Second || s.limit != time.Minute || s.reason != frame.NoVideo || !strings.Contains(s.text, "no picture that could be read") {
			t.Errorf("after %d pictures: given up %v after %v: %s, %s", good, s.limit, s.since.Sub(last), s.reason, s.text)
		}
		f.reportWaiting()
		if len(*reports) != 1 || (*reports)[0].Err.Reason != frame.NoVideo {
			t.Errorf("after %d pictures: %+v", good, *reports)
		}
	}
}

// TestLimitOfUnreadableDataNamesItsKey if one sets it, and where to look in any case.
func TestLimitOfUnreadableDataNamesItsKey(t *testing.T) {
	const s = time.Second
	for name, c := range map[string]struct {
		timeouts timeouts
		pause    time.Duration // between its units
		limit    time.Duration
		part     string
	}{
		"no key":          {timeouts{10 * s, 5 * s, 0}, s / 25, time.Minute, "read for %v; framegate probe says"},
		"stall_timeout":   {timeouts{10 * s, 90 * s, 0}, s / 25, 90 * s, "the limit set by stall_timeout; framegate probe says"},
		"connect_timeout": {timeouts{80 * s, 5 * s, 0}, s / 25, 80 * s, "the limit set by connect_timeout; framegate probe says"},
		"poll_interval":   {timeouts{10 * s, 5 * s, 300 * s}, s / 25, 300 * s, "follows from poll_interval; framegate probe says"},
		"its own pauses":  {timeouts{10 * s, 5 * s, 0}, 25 * s, 75 * s, "three times its usual pause; framegate probe says"},
	} {
		var l liveness
		now := time.Now()
		l.reset(now)
		for n := range 4 {
			now = now.Add(c.pause)
			l.unit(now, time.Duration(n)*s/25, true)
		}
		unit := now
		for now.Sub(unit) < c.limit {
			now = now.Add(s)
			l.data(now)
		}
		if got := l.silence(c.timeouts); !got.since.Equal(unit) || got.limit != c.limit || got.reason != frame.NoVideo || !strings.Contains(got.text, c.part) {
			t.Errorf("%s: %v after %v, %s, %q", name, got.limit, got.since.Sub(unit), got.reason, got.text)
		}
	}
}

// TestPicturesAfterAnotherFormatAreReported since it may have been said that the camera waits.
func TestPicturesAfterAnotherFormatAreReported(t *testing.T) {
	f, err := New(camtest.Source(t, "test://ball"))
	if err != nil {
		t.Fatal(err)
	}
	f.liveness.reset(time.Now())
	streams := 0
	in := f.NewIntake(func(frame.Stream) { streams++ })
	another := *h264
	another.Caps += ", width=(int)32"
	in.Unit(idrUnit, 0, true, time.Now(), h264)
	in.Unit(pUnit, 40*time.Millisecond, false, time.Now(), &another)
	in.Unit(idrUnit, 80*time.Millisecond, true, time.Now(), h264)
	if streams != 2 {
		t.Errorf("%d reports of a stream, want 2", streams)
	}
}

// TestTimeInWhichACameraSendsOnlyBrokenUnitsIsNoPause, nor is one that ended minutes and many connections ago.
func TestTimeInWhichACameraSendsOnlyBrokenUnitsIsNoPause(t *testing.T) {
	var l liveness
	limits := timeouts{10 * time.Second, 5 * time.Second, 0}
	now, pts := time.Now(), time.Duration(0)
	next := func(step time.Duration) { now, pts = now.Add(step), pts+step }
	good := func(n int) {
		for range n {
			next(40 * time.Millisecond)
			l.unit(now, pts, true)
		}
	}
	check := func(what string, want time.Duration) {
		t.Helper()
		if limit := l.silence(limits).limit; limit != want {
			t.Errorf("%s: a limit of %v, want %v", what, limit, want)
		}
	}
	l.reset(now)
	good(25)
	for range 2 {
		for range 100 {
			next(40 * time.Millisecond)
			l.brokenUnit(now)
		}
		good(25)
	}
	check("broken units for 4 s, twice", 5*time.Second)
	for range 2 {
		for range 100 {
			next(40 * time.Millisecond)
			l.data(now)
		}
		l.lostUnit()
		good(25)
	}
	check("packets of lost units for 4 s, twice", 5*time.Second)
	for range 2 {
		next(3960 * time.Millisecond)
		l.data(now)
		good(25)
	}
	check("pauses of 4 s, twice", 12*time.Second)
	for range 20 { // connections of 10 s each
		l.reset(now)
		good(250)
	}
	check("200 s later", 5*time.Second)
}

// TestUsualPauseOfTheLastConnectionIsKeptOnce has a camera that sends one unit and stalls after each reconnect.
func TestUsualPauseOfTheLastConnectionIsKeptOnce(t *testing.T) {
	var l liveness
	limits := timeouts{10 * time.Second, 5 * time.Second, 0}
	now := time.Now()
	l.reset(now)
	for n := range 25 {
		l.unit(now, time.Duration(n)*40*time.Millisecond, true)
		now = now.Add(40 * time.Millisecond)
	}
	for _, want := range []time.Duration{5 * time.Second, time.Minute} {
		l.reset(now) // an attempt that is refused
		l.reset(now)
		l.unit(now, 0, true)
		if limit := l.silence(limits).limit; limit != want {
			t.Errorf("a limit of %v, want %v", limit, want)
		}
	}
}

// TestUsualPauseOfTheLastConnectionOutlastsAnOutage of a camera that sends a picture every 4 s.
func TestUsualPauseOfTheLastConnectionOutlastsAnOutage(t *testing.T) {
	var l liveness
	now := time.Now()
	l.reset(now)
	for n := range 30 {
		now = now.Add(4 * time.Second)
		l.unit(now, time.Duration(n)*4*time.Second, true)
	}
	for range 3 { // attempts that are refused
		now = now.Add(5 * time.Minute)
		l.reset(now)
	}
	l.unit(now, 0, true)
	if limit := l.silence(timeouts{10 * time.Second, 5 * time.Second, 0}).limit; limit != 12*time.Second {
		t.Errorf("a limit of %v", limit)
	}
}

// h264 is a unit of one slice: an IDR or a P slice, after its length.
var (
	idrUnit = []byte{0, 0, 0, 3, 0x65, 0x88, 0x84}
	pUnit   = []byte{0, 0, 0, 3, 0x61, 0x98, 0x84}
)

var h264 = &unit.Format{Caps: "video/x-h264, stream-format=(string)avc", Stream: frame.Stream{Codec: "h264", Width: 64, Height: 48}}

// waiting is a feed whose camera is not connected, and what it reports.
func waiting(t *testing.T) (f *Feed, in *Intake, reports *[]frame.Waiting) {
	t.Helper()
	f, err := New(camtest.Source(t, "test://ball"))
	if err != nil {
		t.Fatal(err)
	}
	reports = new([]frame.Waiting)
	f.OnWaiting(func(w frame.Waiting) { *reports = append(*reports, w) })
	f.liveness.reset(time.Now())
	return f, f.NewIntake(func(frame.Stream) {}), reports
}

func TestUnitsBeforeAKeyframeAreALifeSign(t *testing.T) {
	f, in, reports := waiting(t)
	began := time.Now()
	for n := range 600 { // 60 s at 10 pictures a second
		in.Unit(pUnit, time.Duration(n)*100*time.Millisecond, true, began.Add(time.Duration(n)*100*time.Millisecond), h264)
	}
	if s := f.liveness.silence(timeouts{10 * time.Second, 5 * time.Second, 0}); s.since.Sub(began) < 59*time.Second {
		t.Errorf("it is silent since %v after the first unit", s.since.Sub(began))
	}
	if n, _ := f.gop.Size(); n > 0 || f.Stream() != (frame.Stream{}) {
		t.Errorf("%d units are kept, of %+v", n, f.Stream())
	}
	f.reportWaiting()
	f.reportWaiting()
	if len(*reports) != 1 {
		t.Fatalf("%d reports, want 1", len(*reports))
	}
	w := (*reports)[0]
	if !w.Since.Equal(began) || w.Err.Reason != frame.NoKeyframe || !strings.Contains(w.Err.Text, "waiting for a keyframe since "+began.Format(time.TimeOnly)) || w.Stream.Width != 64 {
		t.Errorf("got %+v, %v", w, w.Err)
	}
	in.Unit(idrUnit, time.Minute, false, began.Add(time.Minute), h264)
	f.reportWaiting()
	if n, _ := f.gop.Size(); n != 1 || len(*reports) != 1 {
		t.Errorf("after the keyframe %d units are kept, and there are %d reports", n, len(*reports))
	}
	in.Alive(began.Add(2 * time.Minute)) // a packet of the next unit
	f.reportWaiting()
	if len(*reports) != 1 {
		t.Error("a camera with pictures waits for the first one")
	}
}

func TestCameraThatAnswersAndSendsNothingIsReported(t *testing.T) {
	f, in, reports := waiting(t)
	f.reportWaiting()
	if len(*reports) != 0 {
		t.Fatal("a camera that has not answered is reported")
	}
	in.Alive(time.Now())
	f.reportWaiting()
	if len(*reports) != 1 || (*reports)[0].Err.Reason != frame.TimedOut || !strings.Contains((*reports)[0].Err.Text, "waiting for its first picture since") {
		t.Errorf("got %+v", *reports)
	}
}

func TestKeyframeOfAnotherFormatIsWaitedFor(t *testing.T) {
	f, in, reports := waiting(t)
	another := *h264
	another.Caps += ", width=(int)32"
	in.Unit(idrUnit, 0, true, time.Now(), h264)
	in.Unit(pUnit, 40*time.Millisecond, false, time.Now(), &another)
	f.reportWaiting()
	if n, _ := f.gop.Size(); n != 1 || len(*reports) != 1 {
		t.Errorf("%d units are kept, %d reports; want 1 of each", n, len(*reports))
	}
}

func TestRecoveryPointIsAssumedOnlyAfterTenSecondsWithoutAnother(t *testing.T) {
	f, in, _ := waiting(t)
	sets := append([]byte{0, 0, 0, 4, 0x67, 0x4D, 0x40, 0x0A, 0, 0, 0, 2, 0x68, 0xCE}, pUnit...)
	began := time.Now()
	for n := range 350 { // at 25 a second
		data, at := pUnit, time.Duration(n)*40*time.Millisecond
		if n%25 == 0 {
			data = sets
		}
		in.Unit(data, at, true, began.Add(at), h264)
		if total := f.gop.Total(); total > 0 != (n >= 250) {
			t.Fatalf("%d units are kept after unit %d", total, n)
		}
	}
	if odd := f.Oddities(); len(odd) != 1 || !strings.Contains(odd[0], "no keyframe for 10s") {
		t.Errorf("odd: %q", odd)
	}
}

func TestIntraPictureWithoutIDRCountsOnlyWhereThereIsNoIDR(t *testing.T) {
	intra := []byte{0, 0, 0, 3, 0x61, 0x88, 0x84}
	for name, c := range map[string]struct {
		idr  int // units from one IDR to the next; 0 for none
		kept int // of 100, at 25 a second with an intra picture every 10
	}{
		"none":             {0, 10},
		"one a second":     {25, 4},
		"at the beginning": {1000, 1},
	} {
		f, in, _ := waiting(t)
		keys, began := 0, time.Now()
		for n := range 100 {
			data, at := pUnit, time.Duration(n)*40*time.Millisecond
			switch {
			case c.idr > 0 && n%c.idr == 0:
				data = idrUnit
			case n%10 == 5:
				data = intra
			}
			in.Unit(data, at, true, began.Add(at), h264)
			if u, ok := f.gop.Newest(); ok && u.Key {
				keys++
			}
		}
		if keys != c.kept {
			t.Errorf("IDR %s: %d keyframes, want %d", name, keys, c.kept)
		}
		if odd := strings.Join(f.Oddities(), "; "); strings.Contains(odd, "no IDR pictures") != (c.idr == 0) {
			t.Errorf("IDR %s: odd: %q", name, odd)
		}
	}
}
