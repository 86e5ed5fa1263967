// Package pipeline turns a camera into pictures. A Feed is the camera's connection and ends in access
// units, kept in a GOP buffer; a Picture decodes, scales and encodes them into frame.Slots while somebody
// watches. It is the only package that knows GStreamer.
//
// A running GStreamer pipeline is never edited: each change builds a new one from the GOP buffer and swaps.
package pipeline

/*
#cgo pkg-config: gstreamer-1.0 gstreamer-app-1.0 gio-2.0
#include <stdlib.h>
#include "log.h"
*/
import "C"

import (
	"fmt"
	"sync"

	"github.com/go-gst/go-glib/glib"
	"github.com/go-gst/go-gst/gst"
)

// start initialises GStreamer and runs the one GLib main loop on which the bus messages of all pipelines
// are dispatched, for as long as the process lives. Any goroutine may call it, any number of times.
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

// missing returns those of the given element factories that this machine lacks.
func missing(factories ...string) (lacking []string) {
	start()
	for _, name := range factories {
		if gst.Find(name) == nil {
			lacking = append(lacking, name)
		}
	}
	return lacking
}
