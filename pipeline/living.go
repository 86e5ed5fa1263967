package pipeline

/*
#include <gst/gst.h>

static gint fg_living; // atomic

static void fg_freed(gpointer unused, GObject *gone) { g_atomic_int_add(&fg_living, -1); }

static void fg_count(void *object) {
	g_atomic_int_inc(&fg_living);
	g_object_weak_ref(object, fg_freed, NULL);
}

static gint fg_counted(void) { return g_atomic_int_get(&fg_living); }
*/
import "C"

import "unsafe"

// count counts a pipeline or an element until GStreamer has freed it.
func count(object unsafe.Pointer) { C.fg_count(object) }

// Living is the number of pipelines and elements that framegate has made and that are not freed yet. Those that
// GStreamer makes inside of an element are not counted: they are freed with it.
func Living() int { return int(C.fg_counted()) }
