package gst

/*
#include "pipeline.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/framegate/framegate/pipeline/frame"

	"github.com/go-gst/go-gst/gst"
	"golang.org/x/sys/unix"
)

// How long a state change may take when a pipeline begins and when it ends. Some drivers never return from one.
const (
	StateTimeout = 5 * time.Second
	stopTimeout  = 3 * time.Second // framegate ends within 5 s
)

// Pipeline is one GStreamer pipeline: it is built, played and stopped, and not edited in between, except by LinkRTP. It belongs
// to one goroutine, except for End.
//
// A callback that GStreamer keeps must capture the ending, not the Pipeline: that refers to GStreamer's pipeline, and neither
// would ever be freed.
type Pipeline struct {
	*ending
	pipe     *gst.Pipeline
	made     []*Element
	hung     bool          // a state change did not return in time; owned by the goroutine that plays and stops
	timedOut bool          // it had all its time, and was not just interrupted
	returned chan struct{} // closed when it returns after all, and the pipeline is down
}

// New returns an empty pipeline. Stop or Close must be called.
func New() (*Pipeline, error) {
	start()
	if n := Hanging(); n >= maxHanging {
		return nil, &frame.CameraError{Reason: frame.Failed, Text: fmt.Sprintf("%d pipelines do not end: restart framegate", n)}
	}
	if err := spareDescriptors(); err != nil {
		return nil, err
	}
	pipe, err := gst.NewPipeline("")
	if err != nil {
		return nil, err
	}
	track(unsafe.Pointer(pipe.Instance()))
	p := &Pipeline{pipe: pipe, ending: &ending{ended: make(chan error, 1)}, returned: make(chan struct{})}
	pipe.GetPipelineBus().AddWatch(p.ending.watch)
	return p, nil
}

// neededDescriptors is how many file descriptors must be left for a pipeline: it takes about 4, and loads plugins from their files.
const neededDescriptors = 16

// spareDescriptors returns an error if there are too few file descriptors for a pipeline: GLib and GStreamer abort the process where they
// get none.
func spareDescriptors() error {
	for range neededDescriptors {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
		if err != nil {
			return errors.New("too few file descriptors are left: raise the limit on open files")
		}
		defer unix.Close(fd)
	}
	return nil
}

// ending is how a pipeline ends: by the first error, or by the end of its stream.
type ending struct {
	ended   chan error // takes one value; io.EOF stands for the end of the stream
	once    sync.Once
	lacking atomic.Pointer[string]    // what GStreamer has no plugin for; nil if it has all
	dropped func(bytes int)           // see OnTooLarge
	streams streams                   // of a source, see LinkVideo
	context *Context                  // what the pipeline shares with others, or nil; set before it plays
	plays   atomic.Pointer[time.Time] // when an RTSP camera accepted PLAY; nil before that
	uses    atomic.Uintptr            // the address of the context that it was given or has made
}

// watch is the callback of the bus loop.
func (e *ending) watch(msg *gst.Message) bool {
	switch msg.Type() {
	case gst.MessageElement:
		if name := missingPlugin(msg); name != "" {
			e.lacking.Store(&name)
		}
		e.streams.notice(msg, e.explain)
		if bytes := tooLarge(msg); bytes > 0 && e.dropped != nil {
			e.dropped(bytes)
		}
	case gst.MessageError:
		e.explain(e.streams.missing()) // of which the error is a consequence
		if err := parseBusError(msg); !err.announces() {
			e.End(err)
		}
	case gst.MessageProgress:
		if plays(msg) {
			now := time.Now()
			e.plays.Store(&now)
		}
	case gst.MessageHaveContext:
		if e.context != nil {
			e.context.notice(msg, &e.uses)
		}
	case gst.MessageEOS:
		if err := e.streams.missing(); err != nil {
			e.explain(err)
		}
		e.End(io.EOF)
	}
	return true
}

// explain ends the pipeline if GStreamer has no plugin for it, or else if missing says why no stream was accepted.
func (e *ending) explain(missing error) {
	if name := e.lacking.Load(); name != nil {
		e.End(&frame.CameraError{Reason: frame.Unsupported, Text: "GStreamer has no plugin here for: " + *name})
	} else if missing != nil {
		e.End(missing)
	}
}

// End ends the pipeline for a reason; only the first reason counts. Any goroutine and any GStreamer thread may call it.
func (e *ending) End(err error) {
	e.once.Do(func() { e.ended <- err })
}

// Add makes elements, sets their properties and links them in a row.
func (p *Pipeline) Add(chain ...Spec) ([]*Element, error) {
	made := make([]*Element, len(chain))
	for i, spec := range chain {
		e, err := newElement(spec)
		if err != nil {
			return nil, err
		}
		p.made = append(p.made, e)
		if err := p.pipe.Add(e.e); err != nil {
			return nil, err
		}
		made[i] = e
	}
	for i := 1; i < len(made); i++ {
		if err := made[i-1].e.Link(made[i].e); err != nil {
			return nil, fmt.Errorf("link %s to %s: %w", chain[i-1].Factory, chain[i].Factory, err)
		}
	}
	return made, nil
}

// AddLaunchLine makes the elements of a line in the notation of gst-launch-1.0 and returns them as one. It is for constants, never
// for a user's value.
func (p *Pipeline) AddLaunchLine(line string) (*Element, error) {
	bin, err := gst.NewBinFromString(line, true)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", line, err)
	}
	track(unsafe.Pointer(bin.Instance()))
	if err := p.pipe.Add(bin.Element); err != nil {
		return nil, err
	}
	e := &Element{line, bin.Element}
	p.made = append(p.made, e)
	return e, nil
}

// Play brings the pipeline to PLAYING, or begins to do so if that is asynchronous, as with RTSP. The error names the element
// that did not return within the timeout, or is ctx's.
func (p *Pipeline) Play(ctx context.Context, timeout time.Duration) error {
	return p.change(ctx, gst.StatePlaying, timeout)
}

// Stop takes the pipeline down. A pipeline that does not return from that is abandoned: its threads and memory stay until
// it does, and the camera continues without it.
func (p *Pipeline) Stop() {
	if !p.hung {
		if err := p.change(context.Background(), gst.StateNull, stopTimeout); p.hung {
			slog.Warn("a pipeline is abandoned", "error", err)
		}
	}
	p.pipe.GetPipelineBus().RemoveWatch()
	p.End(context.Canceled)
	// go-gst's methods do not keep their receiver alive: without this the finalizer of the Go object may drop the last
	// reference while the C call is still at work (v1.4.0).
	runtime.KeepAlive(p.pipe)
}

// Free frees the pipeline after Stop. Neither it nor its elements may be used afterwards. Without Free, that is left to the
// finalizers of go-gst's small objects, and Go's garbage collector does not know how much memory they keep. A pipeline that
// hangs is freed when its state change returns. One that uses a device is freed in the background: the last one of a device
// closes it, and a driver may block then.
func (p *Pipeline) Free() {
	switch {
	case p.hung:
		go func() {
			<-p.returned
			p.free()
		}()
	case p.context != nil:
		go p.free()
	default:
		p.free()
	}
}

func (p *Pipeline) free() {
	for _, e := range p.made {
		drop(e.e.Object)
	}
	drop(p.pipe.GetPipelineBus().Object) // it has file descriptors
	drop(p.pipe.Object)
	if freed.Add(1)%trimEvery == 0 {
		trimMemory()
	}
}

// Close stops and frees the pipeline.
func (p *Pipeline) Close() {
	p.Stop()
	p.Free()
}

// drop drops the reference that a Go object holds, instead of its finalizer.
func drop(o *gst.Object) {
	object := o.InitiallyUnowned.Object
	runtime.SetFinalizer(object, nil)
	object.Unref()
}

// trimEvery is after how many pipelines memory is given back to the kernel.
const trimEvery = 8

var freed atomic.Int64

// Ended gives the reason for the pipeline's end, once: a BusError, io.EOF at the end of its stream, or what End was given.
func (p *Pipeline) Ended() <-chan error { return p.ended }

// Hung reports whether a state change did not return in time.
func (p *Pipeline) Hung() bool { return p.hung }

// Abandoned reports whether a state change did not return within all its time, and returns what is closed if it does later.
func (p *Pipeline) Abandoned() (returned <-chan struct{}, ok bool) { return p.returned, p.timedOut }

// OnTooLarge sets a function that is called, on the bus's goroutine, for each access unit that LinkRTP drops because of its
// size. It must be called before the pipeline plays.
func (p *Pipeline) OnTooLarge(f func(bytes int)) { p.dropped = f }

// Decoder names the video decoder that the pipeline uses, empty while there is none. It is written in C because go-gst's
// ElementFactory.GetMetadata frees a string that is not its own (v1.4.0).
func (p *Pipeline) Decoder() string {
	var text [64]C.gchar
	C.fg_decoder(unsafe.Pointer(p.pipe.Instance()), &text[0], C.gsize(len(text)))
	return C.GoString((*C.char)(&text[0]))
}

// change changes the state in a separate goroutine, because a bad driver can block forever. A pipeline that is only slow is
// taken down when it returns, so that it does not keep a device from others.
func (p *Pipeline) change(ctx context.Context, state gst.State, limit time.Duration) error {
	done, givenUp := make(chan error), make(chan struct{})
	pipe := p.pipe
	go func() {
		err := pipe.SetState(state)
		select {
		case done <- err:
		case <-givenUp:
			pipe.SetState(gst.StateNull)
			abandoned.remove(pipe)
			close(p.returned)
		}
	}()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case err := <-done:
		if err == nil {
			return nil
		}
		select { // the bus has a better reason than the state change
		case reason := <-p.ended:
			return reason
		case <-time.After(200 * time.Millisecond):
		}
		return err
	case <-ctx.Done():
		p.hung = true
		abandoned.add(pipe)
		close(givenUp)
		return context.Cause(ctx)
	case <-timeout.C:
		p.hung, p.timedOut = true, true
		abandoned.add(pipe)
		abandoned.count.Add(1)
		close(givenUp)
		return &hungError{element: hanging(p.pipe, state), state: state.String(), limit: limit}
	}
}
