package gst

/*
#include <stdlib.h>
#include "context.h"
*/
import "C"

import (
	"sync"
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// Context is what the pipelines of one kind of device share: without it each would open the device for itself, which
// with CUDA takes hundreds of megabytes of the card's memory and a good part of a second. Pipelines that have it keep it
// until they end. One without a Kind does nothing. Its methods may be called from any
// goroutine.
type Context struct {
	Kind string // GStreamer's context type, such as gst.cuda.context

	mu      sync.Mutex    // of what follows
	current *C.GstContext // a reference; nil where there is none
}

// Open makes the context ahead of the first pipeline, by opening an element of the device. It blocks for as long as the
// driver does.
func (d *Context) Open(factory string) {
	if d.Kind == "" {
		return
	}
	name, kind := C.CString(factory), C.CString(d.Kind)
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(kind))
	d.keep(C.fg_make_context(name, kind))
}

// Share hands the context to a pipeline to which no element of the device was added yet, and takes over the one that it
// makes where there is none.
func (d *Context) Share(with *Pipeline) {
	if d.Kind == "" {
		return
	}
	with.context = d
	d.mu.Lock()
	context := d.current
	if context != nil {
		C.gst_context_ref(context)
	}
	d.mu.Unlock()
	if context != nil {
		C.fg_use_context(unsafe.Pointer(with.pipe.Instance()), context)
		C.gst_context_unref(context)
	}
}

// notice takes over the context that a pipeline has made for itself and announces on its bus.
func (d *Context) notice(msg *gst.Message) {
	kind := C.CString(d.Kind)
	defer C.free(unsafe.Pointer(kind))
	d.keep(C.fg_context_of((*C.GstMessage)(unsafe.Pointer(msg.Instance())), kind))
}

// keep takes over a reference to a context, unless there is one already.
func (d *Context) keep(made *C.GstContext) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == nil {
		d.current = made
	} else if made != nil {
		C.gst_context_unref(made)
	}
}

// Forget lets the next pipeline make a context of its own: an error can leave one unusable for good.
func (d *Context) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current != nil {
		C.gst_context_unref(d.current)
		d.current = nil
	}
}
