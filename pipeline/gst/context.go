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

// Context is what the pipelines of one kind of device share. Without it each of them would open the device, which with CUDA
// takes hundreds of megabytes of the memory of the card and a good part of a second. A pipeline keeps the context that it was
// given until it ends. A Context without a Kind does nothing. Its methods may be called from any goroutine.
type Context struct {
	Kind string // GStreamer's context type, such as gst.cuda.context

	mu      sync.Mutex    // guards current
	current *C.GstContext // a reference; nil if there is none
}

// Open makes the context before the first pipeline does, by opening an element of the device. It blocks for as long as the
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

// Share gives the context to a pipeline before an element of the device is added to it. If there is no context, Share takes
// over the one that the pipeline makes.
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

// notice takes over the context that a pipeline made for itself and announces on its bus.
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

// Forget makes the next pipeline make a new context, if the failed pipeline used the current one: an error can leave a context
// unusable.
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

// release gives up a reference, if there is one, in the background: the last one closes the device, and the driver may block.
func release(context *C.GstContext) {
	if context != nil {
		go C.gst_context_unref(context)
	}
}

// address identifies a context.
func address(context *C.GstContext) uintptr { return uintptr(unsafe.Pointer(context)) }
