package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
	"framegate/pipeline/gst"
	"framegate/pipeline/unit"
)

// Feed is a camera's connection. It reads access units into its GOP buffer and knows nothing of pictures.
type Feed struct {
	source configs.Source
	read   reader

	plans  fallback
	gop    unit.GOP
	line   unit.Timeline // owned by the thread that reads
	rate   unit.Meter
	format atomic.Pointer[unit.Format]
	broken atomic.Uint64             // units that were dropped
	newest atomic.Pointer[time.Time] // when the last unit came in; nil where there was none
	warned atomic.Int64              // when a unit that was too large was last logged, Unix seconds

	mu       sync.Mutex         // of what follows
	attended [everyUnit + 1]int // how many pictures wait for what
	units    *sampleReader      // of the present connection, where a pipeline of GStreamer reads it
}

// idlePatience is for how long units may lie in the queue while nobody watches: waking Go for each of them
// would cost as much as receiving them.
const idlePatience = 500 * time.Millisecond

// reader opens a source and hands its units to in until the connection ends or ctx is done. It returns why,
// ctx's cause where that is the reason, and has ended all that it started.
type reader func(ctx context.Context, src configs.Source, in *intake) error

// readers is the table of source kinds by URL scheme.
var readers = map[string]reader{
	"rtsp": readRTSP, "rtsps": readRTSP,
	"http": readHTTP, "https": readHTTP,
	"file": readFile,
	"v4l2": readV4L2,
	"csi":  readCSI,
	"test": readPattern,
}

// NewFeed returns the feed of a source. It does not connect.
func NewFeed(src configs.Source) (*Feed, error) {
	read, ok := readers[src.URL.Scheme]
	if !ok {
		return nil, fmt.Errorf("%s: no source of the kind %q", src, src.URL.Scheme)
	}
	return &Feed{source: src, read: read}, nil
}

// Run connects and reads until the connection ends, ctx is done, or no access unit comes in time, and says
// why: a frame.CameraError where the camera is the cause. It calls onStream with what the camera sends: at
// the first access unit and at every change, on whichever goroutine reads the unit while others wait for it, so onStream
// must not block. Run may be called again after it has returned, by one goroutine at a time. What the camera sent last
// stays in the GOP buffer until it sends again.
func (f *Feed) Run(ctx context.Context, onStream func(frame.Stream)) error {
	f.line.Reconnect()
	f.rate.Reset()
	f.format.Store(nil)
	f.newest.Store(nil)

	defer f.plans.machine.join(&f.plans)()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watch sync.WaitGroup
	watch.Go(func() { f.watch(ctx, cancel) })
	in := &intake{feed: f, onStream: onStream}
	err := f.read(ctx, f.source, in)
	in.over.Store(true)
	cancel(nil)
	watch.Wait()
	f.format.Store(nil)
	return err
}

// watch ends the connection when no access unit comes in time. For a slow camera the time grows with the
// interval of its units.
func (f *Feed) watch(ctx context.Context, end context.CancelCauseFunc) {
	began := time.Now()
	for {
		f.collect()
		last, limit := began, f.source.ConnectTimeout
		if at := f.newest.Load(); at != nil {
			last, limit = *at, max(f.source.StallTimeout, 3*f.rate.Interval(), f.expected())
		}
		left := time.Until(last.Add(limit))
		if left <= 0 {
			end(f.overdue(limit))
			return
		}
		select {
		case <-time.After(min(left, f.source.StallTimeout)): // the first unit may have come meanwhile
		case <-ctx.Done():
			return
		}
	}
}

// expected is how long a pause between two units of a source is by configuration.
func (f *Feed) expected() time.Duration {
	if scheme := f.source.URL.Scheme; scheme == "http" || scheme == "https" {
		return 3 * f.source.PollInterval
	}
	return 0
}

func (f *Feed) overdue(limit time.Duration) error {
	if f.newest.Load() == nil {
		return &frame.CameraError{Reason: frame.TimedOut,
			Text: fmt.Sprintf("%s sent no picture within %v of connecting", place(f.source.URL), limit)}
	}
	return &frame.CameraError{Reason: frame.Stalled,
		Text: fmt.Sprintf("%s is connected but has sent nothing for %v", place(f.source.URL), limit)}
}

// attendance says what a picture waits for.
type attendance int

const (
	nothing attendance = iota
	keyframes
	everyUnit
)

// attend changes what a picture waits for: units come as they arrive, and all that lie waiting at once.
func (f *Feed) attend(from, to attendance) {
	f.mu.Lock()
	f.attended[from]--
	f.attended[to]++
	f.mu.Unlock()
	if to > from {
		f.collect()
	}
}

// watched reports whether a picture is being made.
func (f *Feed) watched() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.attended[keyframes]+f.attended[everyUnit] > 0
}

// collect takes the units that wait.
func (f *Feed) collect() {
	f.mu.Lock()
	units := f.units
	f.mu.Unlock()
	if units != nil {
		units.take()
	}
}

// serve notes where units wait, until done is called.
func (f *Feed) serve(units *sampleReader) (done func()) {
	f.mu.Lock()
	f.units = units
	f.mu.Unlock()
	return func() {
		f.mu.Lock()
		f.units = nil
		f.mu.Unlock()
	}
}

// patience is for how long units may wait now, and whether keyframes may.
func (f *Feed) patience(in *intake) gst.Hold {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.attended[everyUnit] > 0 || !in.begun {
		return gst.AtOnce
	}
	return gst.Hold{Time: idlePatience, ButKeys: f.attended[keyframes] > 0}
}

// tooLarge counts a unit that was dropped because it is larger than all that is kept of a camera, and logs the first
// of a minute in the log. Any goroutine may call it.
func (f *Feed) tooLarge(bytes int) {
	f.broken.Add(1)
	now := time.Now().Unix()
	if last := f.warned.Load(); now-last >= 60 && f.warned.CompareAndSwap(last, now) {
		slog.Warn("access unit dropped: too large", "source", place(f.source.URL), "bytes", bytes, "limit", unit.BufferLimit)
	}
}

// Broken is the number of units that were dropped because nothing can be made of them.
func (f *Feed) Broken() uint64 { return f.broken.Load() }

// Stream is what the camera sends, zero while it is not connected. Its rate is the measured one as soon as
// there is one.
func (f *Feed) Stream() frame.Stream {
	format := f.format.Load()
	if format == nil {
		return frame.Stream{}
	}
	s := format.Stream
	if measured := f.rate.PerSecond(); measured > 0 {
		s.FPS = measured
	}
	return s
}

// Plan names what pictures of the camera are best made by now, in a way that differs between any two plans. It is empty
// while the camera is not connected.
func (f *Feed) Plan() string {
	format := f.format.Load()
	if format == nil {
		return ""
	}
	return f.plans.best(format.Stream.Codec).key()
}

// PlanChange returns a channel that is closed when Plan may name another one.
func (f *Feed) PlanChange() <-chan struct{} { return f.plans.change() }

// FailedPlans are the plans of the camera that have failed so far.
func (f *Feed) FailedPlans() []frame.FailedPlan { return f.plans.failedPlans() }

// LastUnit is when the last access unit came in, in this connection or the last; zero where there was none.
func (f *Feed) LastUnit() time.Time {
	if at := f.newest.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// KeyframeInterval is the time between the last two keyframes; 0 while there were not two.
func (f *Feed) KeyframeInterval() time.Duration { return f.rate.KeyInterval() }

// GOP is the buffer of the access units since the last keyframe.
func (f *Feed) GOP() *unit.GOP { return &f.gop }
