package pipeline

/*
#include <stdlib.h>
#include "autoplug.h"
*/
import "C"

import (
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// systemMemoryOnly keeps decodebin from decoders that leave their pictures in a device's memory, where the
// software chain cannot take them. force-sw-decoders alone goes by the word Hardware in a decoder's klass,
// which is the vendor's to write; pad templates do not lie about memory. Not run with such a decoder.
func systemMemoryOnly(decodebin *gst.Element) {
	C.fg_system_memory_only(unsafe.Pointer(decodebin.Instance()))
}

// systemMemory reports whether an element of a factory can put out raw video in system memory.
func systemMemory(factory string) bool {
	start()
	name := C.CString(factory)
	defer C.g_free(C.gpointer(name))
	return C.fg_system_memory_by_name(name) != 0
}
