package app

import (
	"context"
	"log/slog"
	"math"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/registry"
)

const mega = 1 << 20

// cameraList are cameras by their size, and the process that has them.
type cameraList struct {
	own       int64 // what the process takes besides
	sizes     []int64
	suspended []int
	cache     int64 // which is given back
	unused    int64 // which becomes cache when it is freed
	gaveBack  int   // times
	short     bool  // of the last call of Resume
	extended  bool  // a suspension whose time is over is extended while memory is short
}

func (l *cameraList) HeldBytes() (sum int64) {
	for i, size := range l.sizes {
		if !slices.Contains(l.suspended, i) {
			sum += size
		}
	}
	return sum
}

func (l *cameraList) resident() int64 { return l.own + l.HeldBytes() + l.cache + l.unused }

func (l *cameraList) FreeUnused() { l.cache, l.unused = l.cache+l.unused, 0 }

func (l *cameraList) Resume(_ time.Time, short bool) bool {
	l.short = short
	return l.extended && short
}

func (l *cameraList) Relieve(_ time.Time, least int64) (done registry.Relief, ok bool) {
	for i, size := range l.sizes {
		if size < least {
			return registry.Relief{Spared: true}, false
		}
		if !slices.Contains(l.suspended, i) && len(l.suspended) < len(l.sizes)-1 {
			l.suspended = append(l.suspended, i)
			return registry.Relief{Camera: "cam", HeldBytes: size, Suspended: true}, true
		}
	}
	return registry.Relief{}, false
}

func newTestCeiling(l *cameraList, limit int64) *ceiling {
	c := newCeiling(l, slog.New(slog.DiscardHandler))
	c.resident, c.giveBack = l.resident, func() { l.cache, l.gaveBack = 0, l.gaveBack+1 }
	c.limit.Store(limit)
	return c
}

func TestMemoryThatCanBeGivenBackSuspendsNoCamera(t *testing.T) {
	l := &cameraList{sizes: []int64{30, 30}, cache: 50, unused: 50}
	newTestCeiling(l, 100).check(time.Now())
	if l.cache != 0 || l.unused != 0 || len(l.suspended) != 0 {
		t.Errorf("%+v", l)
	}
}

func TestCamerasAreSuspendedOneAfterAnother(t *testing.T) {
	l := &cameraList{sizes: []int64{60, 50, 40}}
	c := newTestCeiling(l, 50)
	now := time.Now()
	for _, step := range []struct {
		after     time.Duration
		suspended int
	}{{0, 1}, {time.Second, 1}, {relievePause, 2}, {time.Hour, 2}} {
		c.check(now.Add(step.after))
		if len(l.suspended) != step.suspended {
			t.Fatalf("after %v %v are suspended, want %d", step.after, l.suspended, step.suspended)
		}
	}
}

func TestSmallCameraIsSuspendedOnlyIfTheShortageLastsOrGrows(t *testing.T) {
	begin := time.Now()
	after := func(d time.Duration) time.Time { return begin.Add(d) }
	for name, c := range map[string]struct {
		happens   func(*cameraList, *ceiling)
		at        time.Duration
		suspended int
	}{
		"the memory comes back late": {func(l *cameraList, c *ceiling) { l.own -= 60 * mega }, patience, 0},
		"too little comes back":      {func(l *cameraList, c *ceiling) { l.own -= 20 * mega }, patience, 1},
		"nothing comes back":         {func(*cameraList, *ceiling) {}, patience, 1},
		"more and more is taken":     {func(l *cameraList, c *ceiling) { l.own += 10 * mega }, 2 * time.Second, 1},
		"a little more is taken":     {func(l *cameraList, c *ceiling) { l.own += 3 * mega }, 2 * time.Second, 0},
		"one shortage after another": {func(l *cameraList, c *ceiling) {
			l.own -= 60 * mega
			c.check(after(patience - 2*time.Second))
			l.own += 60 * mega
			c.check(after(patience - time.Second))
		}, patience, 0},
	} {
		l := &cameraList{own: 140 * mega, sizes: []int64{9 * mega, 9 * mega, 9 * mega, 9 * mega}}
		ceil := newTestCeiling(l, 100*mega+22*mega)
		ceil.check(begin)
		for d := time.Second; d < c.at-2*time.Second; d += time.Second {
			ceil.check(after(d))
		}
		if len(l.suspended) > 0 {
			t.Errorf("%s: suspended at once", name)
		}
		c.happens(l, ceil)
		if ceil.check(after(c.at)); len(l.suspended) != c.suspended {
			t.Errorf("%s: %d suspended, want %d", name, len(l.suspended), c.suspended)
		}
	}
}

func TestMemoryThatIsTakenAfterSomeWasGivenBackSuspendsACamera(t *testing.T) {
	l := &cameraList{sizes: []int64{30 * mega, 30 * mega}, cache: 100 * mega}
	c := newTestCeiling(l, 100*mega)
	now := time.Now()
	c.check(now)
	l.sizes[0] = 200 * mega
	if c.check(now.Add(time.Second)); len(l.suspended) != 1 {
		t.Errorf("%+v", l)
	}
}

func TestMemoryIsGivenBackRarelyWhereThatDoesNotHelp(t *testing.T) {
	l := &cameraList{sizes: []int64{200 * mega}} // which cannot be suspended
	c := newTestCeiling(l, 100*mega)
	now := time.Now()
	for i := range 600 {
		c.check(now.Add(time.Duration(i) * time.Second))
	}
	if l.gaveBack != 10 {
		t.Errorf("%d times in ten minutes", l.gaveBack)
	}
	l.sizes[0] += 10 * mega
	if c.check(now.Add(600*time.Second - 1)); l.gaveBack != 11 {
		t.Error("not when more was taken")
	}
}

func TestLimitThatSuspensionsCannotKeepSuspendsNoCamera(t *testing.T) {
	for name, l := range map[string]*cameraList{
		"below the idle process":         {own: 60 * mega, sizes: []int64{200 * mega, 200 * mega}},
		"below what cameras do not hold": {own: 80 * mega, sizes: []int64{4 * mega, 4 * mega, 4 * mega}},
	} {
		var text strings.Builder
		c := newTestCeiling(l, 40*mega)
		c.log = slog.New(slog.NewTextHandler(&text, nil))
		c.idle.Store(60 * mega)
		if l.own > 60*mega {
			c.idle.Store(30 * mega)
		}
		now := time.Now()
		for i := range 600 {
			c.check(now.Add(time.Duration(i) * time.Second))
		}
		if len(l.suspended) > 0 || strings.Count(text.String(), "level=ERROR") != 1 || !strings.Contains(text.String(), "max_memory is") || l.short {
			t.Errorf("%s: %+v, %s", name, l, text.String())
		}
	}
}

func TestCameraThatHoldsMuchIsSuspendedEvenIfMoreIsTakenThanCamerasHold(t *testing.T) {
	l := &cameraList{own: 80 * mega, sizes: []int64{6 * mega, 4 * mega, 4 * mega}}
	c := newTestCeiling(l, 40*mega)
	now := time.Now()
	for i := range 600 {
		c.check(now.Add(time.Duration(i) * time.Second))
	}
	if !slices.Equal(l.suspended, []int{0}) {
		t.Errorf("%v are suspended", l.suspended)
	}
}

func TestCamerasComeBackWhenAnEighthIsFree(t *testing.T) {
	l := &cameraList{sizes: []int64{95}, extended: true}
	c := newTestCeiling(l, 100)
	now := time.Now()
	if c.check(now); !l.short || l.gaveBack != 1 {
		t.Errorf("%+v", l)
	}
	l.sizes[0] = 80
	if c.check(now.Add(time.Second)); l.short {
		t.Error("they stay away")
	}
}

func TestWithoutALimitNoCameraIsSuspended(t *testing.T) {
	l := &cameraList{sizes: []int64{1 << 50}}
	newTestCeiling(l, 0).check(time.Now())
	if len(l.suspended) != 0 || l.short {
		t.Errorf("%+v", l)
	}
}

func TestGoGetsThreeQuartersOfTheLimitAndTheBallast(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	ballast = make([]byte, mega)
	defer func() { ballast = nil }()
	t.Setenv("GOMEMLIMIT", "")
	c := newTestCeiling(&cameraList{}, 0)
	for _, step := range []struct {
		limit configs.Memory
		want  int64
	}{{"4GiB", 3<<30 + mega}, {"8GiB", 6<<30 + mega}, {"0", math.MaxInt64}} {
		if c.set(step.limit); debug.SetMemoryLimit(-1) != step.want {
			t.Errorf("%s: %d, want %d", step.limit, debug.SetMemoryLimit(-1), step.want)
		}
	}
	t.Setenv("GOMEMLIMIT", "1GiB")
	if c.set("4GiB"); debug.SetMemoryLimit(-1) != math.MaxInt64 || c.limit.Load() != 4<<30 {
		t.Errorf("it overrides GOMEMLIMIT: %d, %d", debug.SetMemoryLimit(-1), c.limit.Load())
	}
}

func TestBallastTakesNothingOfGOMEMLIMIT(t *testing.T) {
	before, percent := debug.SetMemoryLimit(1<<30), debug.SetGCPercent(100)
	defer func() {
		debug.SetMemoryLimit(before)
		debug.SetGCPercent(percent)
		ballast = nil
	}()
	t.Setenv("GOGC", "")
	collectSooner()
	if got := debug.SetMemoryLimit(-1); len(ballast) == 0 || got != 1<<30+int64(len(ballast)) {
		t.Errorf("%d bytes with %d of ballast", got, len(ballast))
	}
	debug.SetMemoryLimit(math.MaxInt64)
	if collectSooner(); debug.SetMemoryLimit(-1) != math.MaxInt64 {
		t.Errorf("a limit of %d where there was none", debug.SetMemoryLimit(-1))
	}
}

// watched counts the checks of a ceiling, and whether memory was short.
type watched struct {
	cameraList
	checks chan bool
}

func (w *watched) Resume(_ time.Time, short bool) bool {
	w.checks <- short
	return false
}

func TestMemoryOfTheProcessIsWatchedUntilTheEnd(t *testing.T) {
	w := &watched{checks: make(chan bool)}
	c := newCeiling(w, slog.New(slog.DiscardHandler))
	c.interval, c.giveBack = time.Millisecond, func() {}
	c.limit.Store(1 << 50)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.keep(ctx)
	}()
	for range 3 {
		if <-w.checks {
			t.Error("memory is short")
		}
	}
	cancel()
	for ended := false; !ended; {
		select {
		case <-w.checks:
		case <-done:
			ended = true
		}
	}
	if c.idle.Load() <= 0 {
		t.Errorf("%d bytes without cameras", c.idle.Load())
	}
}
