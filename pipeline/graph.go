package pipeline

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"framegate/pipeline/frame"

	"github.com/go-gst/go-gst/gst"
)

// How long a state change may take on the way up and on the way down. Drivers are known that never come back from one.
const (
	stateTimeout = 5 * time.Second
	stopTimeout  = 3 * time.Second // all of framegate is to end within 5 s
)

// graph is one GStreamer pipeline: built once, played, stopped, never edited in between. It belongs to one
// goroutine.
//
// A callback that GStreamer keeps must not capture the graph, which holds its pipeline: neither would ever
// be freed. It captures the ending.
type graph struct {
	*ending
	pipe *gst.Pipeline
	hung bool // a state change did not come back; owned by the goroutine that plays and stops
}

// element describes one element of a chain.
type element struct {
	factory string
	// set holds properties by name. A string is set as it is and never parsed, so it may come from a user;
	// an arg is parsed by GStreamer as in a launch line, which also knows enums, numbers and caps.
	set map[string]any
	// may holds properties that are set where this version of the element has them.
	may map[string]any
}

// arg is a property's value in GStreamer's own notation. It is for constants, never for a user's value.
type arg string

func newGraph() (*graph, error) {
	start()
	pipe, err := gst.NewPipeline("")
	if err != nil {
		return nil, err
	}
	count(unsafe.Pointer(pipe.Instance()))
	g := &graph{pipe: pipe, ending: &ending{ended: make(chan error, 1)}}
	pipe.GetPipelineBus().AddWatch(g.ending.watch)
	return g, nil
}

// ending is how a pipeline ends: by the first error, or by the end of its stream.
type ending struct {
	ended   chan error // takes one value; io.EOF stands for the end of the stream
	once    sync.Once
	lacking string          // what GStreamer said it has no plugin for; owned by the bus loop
	dropped func(bytes int) // is called for each access unit that was too large; set before the pipeline plays
	context *deviceContext  // what the pipeline shares with others; set before it plays, nil for nothing
}

// watch is the bus loop's callback for a pipeline.
func (e *ending) watch(msg *gst.Message) bool {
	switch msg.Type() {
	case gst.MessageElement:
		if name := missingPlugin(msg); name != "" {
			e.lacking = name
		}
		if bytes := tooLarge(msg); bytes > 0 && e.dropped != nil {
			e.dropped(bytes)
		}
	case gst.MessageError:
		if e.lacking != "" { // the error itself is only its consequence
			e.end(&frame.CameraError{Reason: frame.Unsupported, Text: "GStreamer has no plugin here for: " + e.lacking})
			return true
		}
		if err := parseBusError(msg); !err.announces() {
			e.end(err)
		}
	case gst.MessageHaveContext:
		if e.context != nil {
			e.context.notice(msg)
		}
	case gst.MessageEOS:
		e.end(io.EOF)
	}
	return true
}

// end records why the pipeline is over; only the first reason counts. Any goroutine and any GStreamer
// thread may call it.
func (e *ending) end(err error) {
	e.once.Do(func() { e.ended <- err })
}

// add makes elements, sets their properties and links them in a row.
func (g *graph) add(chain ...element) ([]*gst.Element, error) {
	made := make([]*gst.Element, len(chain))
	for i, spec := range chain {
		e, err := gst.NewElement(spec.factory)
		if err != nil {
			return nil, missingElement(spec.factory)
		}
		count(unsafe.Pointer(e.Instance()))
		for name, value := range spec.set {
			if err := setProperty(e, name, value); err != nil {
				return nil, err
			}
		}
		for name, value := range spec.may {
			if _, err := e.GetPropertyType(name); err == nil {
				if err := setProperty(e, name, value); err != nil {
					return nil, err
				}
			}
		}
		if err := g.pipe.Add(e); err != nil {
			return nil, err
		}
		made[i] = e
	}
	for i := 1; i < len(made); i++ {
		if err := made[i-1].Link(made[i]); err != nil {
			return nil, fmt.Errorf("link %s to %s: %w", chain[i-1].factory, chain[i].factory, err)
		}
	}
	return made, nil
}

func setProperty(e *gst.Element, name string, value any) error {
	if parsed, ok := value.(arg); ok {
		if _, err := e.GetPropertyType(name); err != nil {
			return err
		}
		e.SetArg(name, string(parsed))
		return nil
	}
	if err := e.SetProperty(name, value); err != nil {
		return fmt.Errorf("%s: property %s: %w", e.GetName(), name, err)
	}
	return nil
}

// play brings the pipeline to PLAYING, or begins to where that is asynchronous, as it is with RTSP.
// The error names the element that has not come back within the timeout, or is ctx's.
func (g *graph) play(ctx context.Context, timeout time.Duration) error {
	return g.change(ctx, gst.StatePlaying, timeout)
}

// stop takes the pipeline down and frees what it held. A pipeline that does not come back is abandoned: its
// threads and memory stay until it does, the camera goes on.
func (g *graph) stop() {
	if !g.hung {
		if err := g.change(context.Background(), gst.StateNull, stopTimeout); g.hung {
			slog.Warn("a pipeline is abandoned", "error", err)
		}
	}
	g.pipe.GetPipelineBus().RemoveWatch()
	g.end(context.Canceled)
	// go-gst's methods do not keep their receiver: without this the last reference may be dropped, by the
	// finalizer of the Go object, while the C call is still at work (v1.4.0).
	runtime.KeepAlive(g.pipe)
	if stopped.Add(1)%collectEvery == 0 {
		runtime.GC()
		trimMemory()
	}
}

// collectEvery is after how many pipelines Go's garbage is collected in any case, and memory given back to the kernel.
// GStreamer's elements are freed by the finalizers of small Go objects, of which the collector does not see how much
// memory hangs on them.
const collectEvery = 8

var stopped atomic.Int64

// change asks for a state in a goroutine of its own, because a bad driver can block for ever. One that is only slow is
// taken down when it comes back, so that it keeps no device from others.
func (g *graph) change(ctx context.Context, state gst.State, limit time.Duration) error {
	done, givenUp := make(chan error), make(chan struct{})
	pipe := g.pipe
	go func() {
		err := pipe.SetState(state)
		select {
		case done <- err:
		case <-givenUp:
			pipe.SetState(gst.StateNull)
			abandoned.remove(pipe)
		}
	}()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case err := <-done:
		if err == nil {
			return nil
		}
		select { // the bus says more than the state change does
		case told := <-g.ended:
			return told
		case <-time.After(200 * time.Millisecond):
		}
		return err
	case <-ctx.Done():
		g.hung = true
		abandoned.add(pipe)
		close(givenUp)
		return context.Cause(ctx)
	case <-timeout.C:
		g.hung = true
		abandoned.add(pipe)
		abandoned.count.Add(1)
		close(givenUp)
		return &hungError{element: hanging(g.pipe, state), state: state.String(), limit: limit}
	}
}

// hungError says that a change of state does not end.
type hungError struct {
	element string
	state   string
	limit   time.Duration
}

func (e *hungError) Error() string {
	return fmt.Sprintf("%s hangs: its change of state to %s did not end within %v", e.element, e.state, e.limit)
}

// abandoned are the pipelines that have not come back from a change of state. They are kept from Go's finalizers, which
// would touch what hangs.
var abandoned hanged

type hanged struct {
	count     atomic.Int64 // of those that ever hung
	mu        sync.Mutex   // of what follows
	pipelines []*gst.Pipeline
}

func (h *hanged) add(p *gst.Pipeline) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pipelines = append(h.pipelines, p)
}

func (h *hanged) remove(p *gst.Pipeline) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pipelines = slices.DeleteFunc(h.pipelines, func(other *gst.Pipeline) bool { return other == p })
}

// Abandoned is the number of pipelines that did not come back from a state change in time, since the process began.
func Abandoned() int { return int(abandoned.count.Load()) }
