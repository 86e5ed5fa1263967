// Package gst is framegate's own view of GStreamer: pipelines, elements, queues of samples, and what is done to pictures on
// their way. It is the only package that imports go-gst. A C file has the name of the Go file that uses it.
//
// A pipeline that reads a camera is completed once, when the camera says what it sends, and not edited after that; every other one
// is never edited while it runs.
// GStreamer's threads run no Go, see Queue.
package gst

/*
#cgo pkg-config: gstreamer-1.0 gstreamer-app-1.0 gstreamer-video-1.0 gstreamer-pbutils-1.0 gio-2.0
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include "element.h"
#include "log.h"
#include "pack.h"
#include "scale.h"

// Other C libraries give memory back by themselves.
static void fg_trim(void) {
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
*/
import "C"

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/go-gst/go-glib/glib"
	"github.com/go-gst/go-gst/gst"
)

// start initialises GStreamer, sets up blank memory before any pipeline exists, and starts the one GLib main loop that
// dispatches the bus messages of all pipelines for as long as the process lives. Any goroutine may call it, any number of
// times.
var start = sync.OnceFunc(func() {
	gst.Init(nil)
	C.fg_filter_log()
	C.fg_scale_register()
	C.fg_pack_register()
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

// Deinit frees what GStreamer holds for the process, which cannot use GStreamer afterwards. It is for tests that look for
// leaks.
func Deinit() { gst.Deinit() }

// Trim gives memory back to the system that C has freed: glibc keeps it for the next pipeline.
func Trim() { C.fg_trim() }

// Missing returns those of the given element factories that are not installed.
func Missing(factories ...string) (lacking []string) {
	start()
	for _, name := range factories {
		if gst.Find(name) == nil {
			lacking = append(lacking, name)
		}
	}
	return lacking
}

// Load loads the plugins of element factories, so that the first pipeline need not. It ignores factories that are not
// installed.
func Load(factories ...string) {
	start()
	for _, factory := range factories {
		name := C.CString(factory)
		C.fg_load(name)
		C.free(unsafe.Pointer(name))
	}
}

// SystemMemory reports whether an element of a factory can give raw video in system memory.
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
