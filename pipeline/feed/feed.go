// Package feed reads cameras. A Feed is one connection to a camera: it fills a buffer with the access units since the last
// keyframe and decodes nothing. It does not know who uses the units, only which of them somebody waits for.
package feed

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/challenge"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/unit"
)

// Feed is a connection to a camera. All methods but Run may be called from any goroutine.
type Feed struct {
	source   configs.Source
	kind     kind
	grace    time.Duration // frame.GracePeriod; tests change it
	accounts *challenge.Accounts

	gop      unit.GOP
	timeline unit.Timeline // guarded by the gst.Queue where GStreamer reads, else used by the goroutine that reads only
	rate     unit.Meter
	format   atomic.Pointer[unit.Format]
	decoder  atomic.Int64              // bytes that a decoder takes, by the parameter sets or the headers of JPEGs; 0 if there are none
	broken   atomic.Uint64             // units that were dropped
	newest   atomic.Pointer[time.Time] // when the last unit arrived; nil if none has
	warned   atomic.Int64              // when a unit that is too large was last logged, in Unix seconds
	demand   atomic.Int32              // a unit.Demand
	wanted   chan struct{}             // gets a value when demand grows
	odd      oddities                  // of the present connection
	liveness liveness
	hangs    gst.Hangs
	unusable atomic.Pointer[frame.Stream] // of units that cannot be decoded before a keyframe

	reconnect bool // see rtsp.Config; used by Run only

	onWaiting func(frame.Waiting) // see OnWaiting
	reports   sync.Mutex          // held while onStream and onWaiting are called, so that they are called in the order of events

	mu      sync.Mutex    // guards waiting
	waiting *sampleReader // of the present connection, if GStreamer reads it
}

// reader opens a source and passes its units to in until the connection ends or ctx is done. It returns the reason,
// ctx's cause in the second case. Everything it started has ended when it returns.
type reader func(ctx context.Context, src configs.Source, in *Intake) error

// kind is a kind of source.
type kind struct {
	read  reader
	pause func(configs.Source) time.Duration // how long it may pause between two units; nil if it makes no pauses
}

// kinds are the kinds of source by URL scheme. Package configs says which schemes a configuration may use.
var kinds = map[string]kind{
	"rtsp":  {read: readRTSP},
	"rtsps": {read: readRTSP},
	"http":  {readHTTP, pausePolled},
	"https": {readHTTP, pausePolled},
	"file":  {readFile, pauseFile},
	"v4l2":  {read: readV4L2},
	"csi":   {read: readCSI},
	"test":  {read: readPattern},
}

// New returns the feed of a source. It does not connect.
func New(src configs.Source) (*Feed, error) {
	kind, ok := kinds[src.URL.Scheme]
	if !ok {
		return nil, fmt.Errorf("%s: there is no kind of source called %q", src, src.URL.Scheme)
	}
	f := &Feed{source: src, kind: kind, wanted: make(chan struct{}, 1), grace: frame.GracePeriod, accounts: &challenge.Accounts{}}
	f.gop.SetUnread(true)
	return f, nil
}

// Run connects and reads until the connection ends, ctx is done, or nothing arrives in time, and returns the
// reason: a frame.CameraError if the camera is the cause. It calls onStream with what the camera sends, at the first access
// unit and at every change. onStream must not block: other goroutines wait for the unit meanwhile. Run may be called
// again after it has returned, by one goroutine at a time. What the camera sent last stays in the buffer until it sends
// again.
func (f *Feed) Run(ctx context.Context, onStream func(frame.Stream)) error {
	if err := f.hangs.Wait(time.Now()); err != nil {
		return err
	}
	f.timeline.Reconnect()
	f.rate.Reset()
	f.format.Store(nil)
	f.newest.Store(nil)
	f.odd.reset()
	f.liveness.reset(time.Now())
	f.unusable.Store(nil)

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watch sync.WaitGroup
	watch.Go(func() { f.watch(ctx, cancel) })
	in := f.NewIntake(onStream)
	in.end = cancel
	err := f.readSource(ctx, in)
	in.over.Store(true)
	cancel(nil)
	watch.Wait()
	f.format.Store(nil)
	return err
}

// expectedPause is how long a source may pause between two units, by its kind and the configuration.
func (f *Feed) expectedPause() time.Duration {
	if f.kind.pause == nil {
		return 0
	}
	return f.kind.pause(f.source)
}

// HeldBytes is about how many bytes the feed takes, and how many each decoder of its units.
func (f *Feed) HeldBytes() (own, decoder int64) {
	own = f.gop.HeldBytes()
	f.mu.Lock()
	units := f.waiting
	f.mu.Unlock()
	if units != nil {
		own += units.queue.Bytes()
	}
	if format := f.format.Load(); format != nil {
		decoder = f.Decoder(format)
	}
	return own, decoder
}

// Decoder is about how many bytes a decoder of units of a format takes, by what the camera has said until now.
func (f *Feed) Decoder(of *unit.Format) int64 { return unit.HeldBytes(of.Stream, f.decoder.Load()) }

// Free drops all units that are buffered. Pictures wait for the next keyframe.
func (f *Feed) Free() { f.gop.Clear() }

// SetDemand says which units somebody waits for. Units that nobody waits for arrive in batches. Collect takes those that
// are already waiting.
func (f *Feed) SetDemand(d unit.Demand) {
	f.gop.SetUnread(d == unit.Nothing)
	if before := f.demand.Swap(int32(d)); before < int32(d) {
		select {
		case f.wanted <- struct{}{}:
		default: // there is one already
		}
	}
}

// release closes the pipeline of a connection.
func (f *Feed) release(g *gst.Pipeline) {
	g.Close()
	if returned, ok := g.Abandoned(); ok {
		f.hangs.Add(returned, nil)
	}
}

// Collect takes the units that wait in GStreamer's queue.
func (f *Feed) Collect() {
	f.mu.Lock()
	units := f.waiting
	f.mu.Unlock()
	if units != nil {
		units.take()
	}
}

// serve makes units available to Collect until done is called.
func (f *Feed) serve(units *sampleReader) (done func()) {
	f.mu.Lock()
	f.waiting = units
	f.mu.Unlock()
	return func() {
		f.mu.Lock()
		f.waiting = nil
		f.mu.Unlock()
	}
}

// idleDelay is how long units may wait while nobody watches: waking Go for each of them would cost as much as
// receiving them.
const idleDelay = 500 * time.Millisecond

// delay is how long units may wait now, and whether keyframes may.
func (f *Feed) delay(in *Intake) gst.Delay {
	demand := unit.Demand(f.demand.Load())
	if demand == unit.Everything || !in.begun {
		return gst.NoDelay()
	}
	return gst.Delay{Max: idleDelay, UntilKey: demand == unit.Keyframes}
}

// tooLarge counts a unit that was dropped because it is larger than the whole buffer, and logs at most one a minute. Any
// goroutine may call it.
func (f *Feed) tooLarge(bytes int) {
	f.broken.Add(1)
	f.odd.add("too large", fmt.Sprintf("access units of more than %d MiB are dropped", unit.BufferLimit>>20))
	now := time.Now().Unix()
	if last := f.warned.Load(); now-last >= 60 && f.warned.CompareAndSwap(last, now) {
		slog.Warn("access unit dropped: too large", "source", place(f.source.URL), "bytes", bytes, "limit", unit.BufferLimit)
	}
}

// brokenJPEG counts a JPEG that was dropped. Any goroutine may call it.
func (f *Feed) brokenJPEG() {
	f.broken.Add(1)
	f.odd.add("broken JPEG", "JPEGs are cut off, damaged or too large, and are dropped")
}

// Source is what the feed reads.
func (f *Feed) Source() configs.Source { return f.source }

// Units is the buffer of the access units since the last keyframe.
func (f *Feed) Units() *unit.GOP { return &f.gop }

// Rate measures the units of the present connection.
func (f *Feed) Rate() *unit.Meter { return &f.rate }

// Broken is the number of units that were dropped because nothing can be decoded from them.
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

// LastUnit is when the last access unit arrived since Run was last called; zero if none has.
func (f *Feed) LastUnit() time.Time {
	if at := f.newest.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// KeyframeInterval is the time between the last two keyframes; 0 until two have arrived.
func (f *Feed) KeyframeInterval() time.Duration { return f.rate.KeyInterval() }

// Oddities lists, in short sentences, what is odd about what the camera has sent since Run was last called. A sentence is listed
// once, with the number of times if that is more than one.
func (f *Feed) Oddities() []string { return f.odd.list() }

// maxOddities bounds the list: a camera may be odd in many ways.
const maxOddities = 20

// oddities are unusual things about what a camera sends, which may explain what its viewers see. The zero value is empty. Any
// goroutine may call its methods.
type oddities struct {
	mu    sync.Mutex // guards noted
	noted []oddity   // in the order in which they were first noted
}

type oddity struct {
	kind, text string
	times      int
}

// add records an oddity. text is a short sentence without a full stop, such as "parts state a Content-Length 7 bytes too long".
// Only the first text of a kind is kept, and further ones are counted. So a text that differs from picture to picture needs a
// kind that does not.
func (o *oddities) add(kind, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.noted {
		if o.noted[i].kind == kind {
			o.noted[i].times++
			return
		}
	}
	if len(o.noted) < maxOddities {
		o.noted = append(o.noted, oddity{kind, frame.Words(text), 1})
	}
}

func (o *oddities) reset() {
	o.mu.Lock()
	o.noted = nil
	o.mu.Unlock()
}

func (o *oddities) list() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	texts := make([]string, 0, len(o.noted))
	for _, odd := range o.noted {
		text := odd.text
		if odd.times > 1 {
			text += fmt.Sprintf(" (%d times)", odd.times)
		}
		texts = append(texts, text)
	}
	return texts
}
