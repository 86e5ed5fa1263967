package gst

/*
#include <stdlib.h>
#include "context.h"
*/
import "C"

import (
	"sync"
	"sync/atomic"
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
		with.uses.Store(address(context))
		C.fg_use_context(unsafe.Pointer(with.pipe.Instance()), context)
		C.gst_context_unref(context)
	}
}

// notice takes over the context that a pipeline has made for itself and announces on its bus.
func (d *Context) notice(msg *gst.Message, uses *atomic.Uintptr) {
	kind := C.CString(d.Kind)
	defer C.free(unsafe.Pointer(kind))
	if made := C.fg_context_of((*C.GstMessage)(unsafe.Pointer(msg.Instance())), kind); made != nil {
		uses.Store(address(made))
		d.keep(made)
	}
}

// keep takes over a reference to a context, unless there is one already.
func (d *Context) keep(made *C.GstContext) {
	d.mu.Lock()
	kept := d.current == nil
	if kept {
		d.current = made
	}
	d.mu.Unlock()
	if !kept {
		release(made)
	}
}

// Forget lets the next pipeline make a context of its own, if the present one is that of a pipeline which has failed: an
// error can leave a context unusable for good.
func (d *Context) Forget(failed *Pipeline) {
	d.mu.Lock()
	context := d.current
	if context == nil || address(context) != failed.uses.Load() {
		d.mu.Unlock()
		return
	}
	d.current = nil
	d.mu.Unlock()
	release(context)
}

// release gives a reference up, if there is one, behind the caller's back: the last one closes the device, and a driver may
// block then.
func release(context *C.GstContext) {
	if context != nil {
		go C.gst_context_unref(context)
	}
}

// address tells contexts apart.
func address(context *C.GstContext) uintptr { return uintptr(unsafe.Pointer(context)) }
