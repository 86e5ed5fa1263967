package gst

/*
#include "pipeline.h"
*/
import "C"

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// hungError is the error of a state change that does not end.
type hungError struct {
	element string
	state   string
	limit   time.Duration
}

func (e *hungError) Error() string {
	return fmt.Sprintf("%s hangs: its change of state to %s did not end within %v", e.element, e.state, e.limit)
}

// hanging names the element that keeps a pipeline from reaching a state.
func hanging(pipe *gst.Pipeline, state gst.State) string {
	var text [64]C.gchar
	C.fg_hanging(unsafe.Pointer(pipe.Instance()), C.GstState(state), &text[0], C.gsize(len(text)))
	return C.GoString((*C.char)(&text[0]))
}

// abandoned has the pipelines that have not returned from a state change. It keeps them from Go's finalizers, which would
// touch what hangs.
var abandoned hungPipelines

type hungPipelines struct {
	count     atomic.Int64 // of all pipelines that ever hung
	mu        sync.Mutex   // guards what follows
	pipelines []*gst.Pipeline
}

func (h *hungPipelines) add(p *gst.Pipeline) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pipelines = append(h.pipelines, p)
}

func (h *hungPipelines) remove(p *gst.Pipeline) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pipelines = slices.DeleteFunc(h.pipelines, func(other *gst.Pipeline) bool { return other == p })
}

// Abandoned is the number of pipelines that did not return from a state change in time, since the process began.
func Abandoned() int { return int(abandoned.count.Load()) }

// maxHanging is how many pipelines may hang at a time, since each keeps its memory and threads. A device that hangs may take one of each
// camera with it.
const maxHanging = 128

// Hanging is the number of pipelines that have not returned from a state change yet.
func Hanging() int {
	abandoned.mu.Lock()
	defer abandoned.mu.Unlock()
	return len(abandoned.pipelines)
}
