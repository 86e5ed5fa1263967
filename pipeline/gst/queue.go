package gst

/*
#include <stdlib.h>
#include "queue.h"
*/
import "C"

import (
	"errors"
	"os"
	"sync"
	"time"
	"unsafe"

	"github.com/framegate/framegate/pipeline/unit"
)

// Queue passes samples from the appsinks of one pipeline, which run on GStreamer's threads, to a goroutine. Its methods may be
// called from any goroutine.
//
// No Go runs on a streaming thread. After a call from C the thread would keep one of Go's processors for up to 10 ms, and Go's
// monitor would poll it. That alone doubled the cost of a camera that nobody watches. Instead an eventfd wakes the goroutine
// through Go's poller, and only when somebody waits for the sample.
type Queue struct {
	wake *os.File

	mu     sync.Mutex // guards what follows; held while samples are taken
	queue  *C.fg_queue
	open   *C.fg_sample
	closed bool
}

// Sample is one sample of an appsink. It is valid until the function that is called with it returns.
type Sample struct {
	Data    []byte        // mapped memory of GStreamer
	PTS     time.Duration // unit.NoPTS if the buffer has none
	Key     bool          // decodable by itself
	Sink    int           // the number of its appsink
	Arrived time.Time     // at the appsink
	caps    unsafe.Pointer
}

// NewQueue returns an empty queue. It fails if no file descriptor is left.
func NewQueue() (*Queue, error) {
	queue := C.fg_queue_new()
	if queue.wake < 0 {
		C.fg_queue_unref(C.gpointer(queue))
		return nil, errors.New("eventfd: no file descriptor is left")
	}
	return &Queue{
		queue: queue,
		wake:  os.NewFile(uintptr(queue.wake), "eventfd"),
		open:  (*C.fg_sample)(C.calloc(1, C.sizeof_fg_sample)),
	}, nil
}

// Collect makes an appsink put its samples into the queue, under a number. It must be called before the pipeline plays.
func (in *Queue) Collect(appsink *Element, number int) {
	C.fg_queue_collect(in.queue, appsink.pointer(), C.int(number))
}

// Wait blocks until there are samples whose Delay is over. It fails if the queue is closed.
func (in *Queue) Wait() error {
	var count [8]byte
	_, err := in.wake.Read(count[:])
	return err
}

// Take calls use with all samples of the queue, the oldest first, and then next, which returns the delay of further samples.
func (in *Queue) Take(use func(Sample), next func() Delay) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return
	}
	for C.fg_queue_take(in.queue, in.open) != 0 {
		s := Sample{
			Data:    unsafe.Slice((*byte)(in.open.memory.data), int(in.open.memory.size)),
			PTS:     unit.NoPTS,
			Key:     in.open.key != 0,
			Sink:    int(in.open.sink),
			Arrived: time.Now().Add(-time.Duration(in.open.age)),
			caps:    unsafe.Pointer(in.open.caps),
		}
		if in.open.pts != C.GST_CLOCK_TIME_NONE {
			s.PTS = time.Duration(in.open.pts)
		}
		use(s)
		C.fg_sample_close(in.open)
	}
	delay, untilKey := next(), C.gboolean(0)
	if delay.UntilKey {
		untilKey = 1
	}
	C.fg_queue_delay(in.queue, C.gint64(delay.Max), untilKey)
}

// Delay is how long samples may wait in a queue, so that several are taken at a time.
type Delay struct {
	Max      time.Duration
	UntilKey bool // a keyframe ends the wait
}

// NoDelay lets no sample wait. It is for Take.
func NoDelay() Delay { return Delay{} }

// Bytes is the size of the samples that wait.
func (in *Queue) Bytes() int64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return 0
	}
	return int64(C.fg_queue_bytes(in.queue))
}

// Close ends Wait, drops all samples and lets streaming threads continue; the pipeline may still play. It is called once.
func (in *Queue) Close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	C.fg_queue_close(in.queue)
	in.wake.Close()
	C.free(unsafe.Pointer(in.open))
	C.fg_queue_unref(C.gpointer(in.queue))
}

// capsString is the sample's caps in GStreamer's notation.
func (s Sample) capsString() string {
	text := C.gst_caps_to_string((*C.GstCaps)(s.caps))
	defer C.g_free(C.gpointer(text))
	return C.GoString(text)
}
