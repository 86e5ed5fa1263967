// Package gst is framegate's own view of GStreamer: pipelines that are built once, elements, queues of samples, and what a
// picture passes on its way. It is the only package that imports go-gst; its C is in files of the same names.
//
// A running pipeline is never edited. GStreamer's threads run no Go: see Queue.
package gst

/*
#cgo pkg-config: gstreamer-1.0 gstreamer-app-1.0 gstreamer-video-1.0 gio-2.0
#include <stdlib.h>
#include "element.h"
#include "log.h"
*/
import "C"

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/go-gst/go-glib/glib"
	"github.com/go-gst/go-gst/gst"
)

// start initialises GStreamer and runs the one GLib main loop on which the bus messages of all pipelines
// are dispatched, for as long as the process lives. Any goroutine may call it, any number of times. Blank memory is set up
// here, before any pipeline exists.
var start = sync.OnceFunc(func() {
	gst.Init(nil)
	C.fg_drop_noise()
	blankMemory()
	loop := glib.NewMainLoop(glib.MainContextDefault(), false)
	go loop.Run()
})

// Version is GStreamer's, such as 1.22.0.
func Version() string {
	start()
	var major, minor, micro, nano C.guint
	C.gst_version(&major, &minor, &micro, &nano)
	return fmt.Sprintf("%d.%d.%d", major, minor, micro)
}

// Deinit frees what GStreamer holds for the process, which cannot use it any more. It is for tests that look for leaks.
func Deinit() { gst.Deinit() }

// Missing returns those of the given element factories that this machine lacks.
func Missing(factories ...string) (lacking []string) {
	start()
	for _, name := range factories {
		if gst.Find(name) == nil {
			lacking = append(lacking, name)
		}
	}
	return lacking
}

// Load loads the plugins of element factories, so that the first pipeline does not wait for that. Factories that are not
// installed are ignored.
func Load(factories ...string) {
	start()
	for _, factory := range factories {
		name := C.CString(factory)
		C.fg_load(name)
		C.free(unsafe.Pointer(name))
	}
}

// SystemMemory reports whether an element of a factory can put out raw video in system memory.
func SystemMemory(factory string) bool {
	start()
	name := C.CString(factory)
	defer C.free(unsafe.Pointer(name))
	return C.fg_system_memory_by_name(name) != 0
}

// HasProperty reports whether an element of a factory has a property in this version of GStreamer.
func HasProperty(factory, property string) bool {
	start()
	e, err := gst.NewElement(factory)
	if err != nil {
		return false
	}
	_, err = e.GetPropertyType(property)
	return err == nil
}
