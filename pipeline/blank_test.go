package pipeline

import (
	"bytes"
	"runtime"
	"testing"
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// TestMemoryForPicturesIsBlank dirties memory and asks for it again: a decoder that leaves out a part of a picture must
// not show what was there.
func TestMemoryForPicturesIsBlank(t *testing.T) {
	start()
	const size = 128 * 96 * 3 / 2 // of a small picture
	for range 100 {
		buffer := gst.NewBufferWithSize(size)
		runtime.SetFinalizer(buffer, nil) // it is freed below, so that its memory is used again
		pixels := unsafe.Slice((*byte)(buffer.Map(gst.MapRead|gst.MapWrite).Data()), size)
		if dirt := bytes.IndexFunc(pixels, func(r rune) bool { return r != 0 }); dirt >= 0 {
			t.Fatalf("byte %d of new memory is %#x", dirt, pixels[dirt])
		}
		for i := range pixels {
			pixels[i] = 0xAA
		}
		buffer.Unmap()
		buffer.Unref()
	}
}
