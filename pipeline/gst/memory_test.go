package gst

import (
	"bytes"
	"runtime"
	"testing"
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// dirty takes memory, leaves dirt in it and gives it back. It reports whether the memory was blank.
func dirty(size, times int) (blank bool) {
	blank = true
	var all []*gst.Buffer
	for range times {
		buffer := gst.NewBufferWithSize(int64(size))
		runtime.SetFinalizer(buffer, nil) // it is freed below, so that its memory is used again
		pixels := unsafe.Slice((*byte)(buffer.Map(gst.MapRead|gst.MapWrite).Data()), size)
		blank = blank && bytes.Count(pixels, []byte{0}) == size
		for i := range pixels {
			pixels[i] = 0xAA
		}
		all = append(all, buffer)
	}
	for _, buffer := range all {
		buffer.Unmap()
		buffer.Unref()
	}
	return blank
}

func TestMemoryForPicturesIsBlank(t *testing.T) {
	start()
	for _, size := range []int{64 * 48 * 3 / 2, 1920 * 1080 * 3 / 2} {
		for range 2 {
			if !dirty(size, 10) {
				t.Errorf("new memory of %d bytes is not blank", size)
			}
		}
	}
}
