package gst

/*
#include <stdlib.h>
#include "element.h"
*/
import "C"

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// Element is an element of a pipeline. It belongs to the goroutine that builds the pipeline, except for Push, EndStream and
// Queued.
type Element struct {
	factory string
	e       *gst.Element
}

// Spec describes an element.
type Spec struct {
	Factory string
	// Set has properties by name. A string is set as it is and never parsed, so it may come from a user. An Arg is parsed by
	// GStreamer as in a launch line, which also knows enums, numbers and caps.
	Set map[string]any
	// Optional has properties that are set if this version of the element has them.
	Optional map[string]any
}

// Arg is a property's value in GStreamer's own notation. It is for constants, never for a user's value.
type Arg string

// newElement makes an element. It returns a frame.CameraError if the element is not installed.
func newElement(spec Spec) (*Element, error) {
	e, err := gst.NewElement(spec.Factory)
	if err != nil {
		return nil, MissingElement(spec.Factory)
	}
	track(unsafe.Pointer(e.Instance()))
	for name, value := range spec.Set {
		if err := setProperty(e, name, value); err != nil {
			return nil, err
		}
	}
	for name, value := range spec.Optional {
		if _, err := e.GetPropertyType(name); err == nil {
			if err := setProperty(e, name, value); err != nil {
				return nil, err
			}
		}
	}
	return &Element{spec.Factory, e}, nil
}

func setProperty(e *gst.Element, name string, value any) error {
	if parsed, ok := value.(Arg); ok {
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

// Property reads a property.
func (e *Element) Property(name string) (any, error) { return e.e.GetProperty(name) }

// Link links the element to the next one. If the element's output is not known yet, it does so later, as LinkLater does.
func (e *Element) Link(to *Element) error {
	if e.e.GetStaticPad("src") == nil && !requestsPads[e.factory] {
		e.LinkLater(to)
		return nil
	}
	if err := e.e.Link(to.e); err != nil {
		return fmt.Errorf("link %s to %s: %w", e.factory, to.factory, err)
	}
	return nil
}

// requestsPads has the factories whose elements make an output on request.
var requestsPads = map[string]bool{"tee": true}

// LinkLater waits for an output pad of the element that fits, and links it to the sink pad of the next one. C handles the
// signal because it is emitted on a streaming thread and the closures of go-glib use reflection.
func (e *Element) LinkLater(to *Element) { C.fg_link_later(e.pointer(), to.pointer()) }

// LinkVideo is LinkLater for the streams of a source. If none of them fits, the pipeline ends with a BusError that names the video.
func (e *Element) LinkVideo(to *Element) { C.fg_link_video(e.pointer(), to.pointer()) }

// Accepts reports whether the template of the element's sink pad accepts caps.
func (e *Element) Accepts(caps string) bool {
	text := C.CString(caps)
	defer C.free(unsafe.Pointer(text))
	return C.fg_accepts(e.pointer(), text) != 0
}

// Push sends a copy of an access unit to an appsrc and waits while the decoder is behind. It returns false if the pipeline takes
// no more. Any goroutine may call it, one at a time.
func (e *Element) Push(data []byte, pts time.Duration, key bool) bool {
	return C.fg_push(e.pointer(), unsafe.Pointer(&data[0]), C.gsize(len(data)), C.GstClockTime(pts), toC(key)) != 0
}

// EndStream ends the stream of an appsrc. Any goroutine may call it.
func (e *Element) EndStream() { C.gst_app_src_end_of_stream((*C.GstAppSrc)(e.pointer())) }

// Queued is how many bytes wait in an appsrc. Any goroutine may call it.
func (e *Element) Queued() int {
	return int(C.gst_app_src_get_current_level_bytes((*C.GstAppSrc)(e.pointer())))
}

// SystemMemoryOnly keeps a decodebin from using decoders that leave their pictures in a device's memory, which the software
// chain cannot read. force-sw-decoders alone relies on the word Hardware in a decoder's klass, which not every vendor writes.
// Pad templates state the memory reliably. This has not been run with such a decoder.
func (e *Element) SystemMemoryOnly() { C.fg_system_memory_only(e.pointer()) }

func (e *Element) pointer() unsafe.Pointer { return unsafe.Pointer(e.e.Instance()) }

// pad returns a pad that the element always has.
func (e *Element) pad(name string) unsafe.Pointer {
	return unsafe.Pointer(e.e.GetStaticPad(name).Instance())
}

func toC(b bool) C.gboolean {
	if b {
		return 1
	}
	return 0
}
