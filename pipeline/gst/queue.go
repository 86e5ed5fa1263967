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

	"framegate/pipeline/unit"
)

// Queue takes the samples of one pipeline's appsinks from GStreamer's threads to a goroutine.
//
// No Go runs on a streaming thread: after each call from C the thread keeps one of Go's processors for up to
// 10 ms, which Go's monitor watches by polling. That alone doubled the cost of a camera that nobody watches.
// An eventfd wakes the goroutine through Go's poller instead, and only when somebody waits for the sample.
//
// Its methods may be called from any goroutine.
type Queue struct {
	wake *os.File

	mu     sync.Mutex // held while samples are taken
	queue  *C.fg_queue
	open   *C.fg_sample
	closed bool
}

// Sample is what an appsink has given. It is valid only until the function returns that it is handed to.
type Sample struct {
	Data    []byte        // mapped memory of GStreamer
	PTS     time.Duration // unit.NoPTS where the buffer has none
	Key     bool          // decodable by itself
	Sink    int           // the number of its appsink
	Arrived time.Time     // at the appsink
	caps    unsafe.Pointer
}

// NewQueue returns an empty queue. The error says that no file descriptor is left.
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

// Collect makes an appsink leave its samples here. It must be called before the pipeline plays.
func (in *Queue) Collect(appsink *Element, number int) {
	C.fg_queue_collect(in.queue, appsink.pointer(), C.int(number))
}

// Wait blocks until there are samples that have lain long enough. The error says that the queue is closed.
func (in *Queue) Wait() error {
	var count [8]byte
	_, err := in.wake.Read(count[:])
	return err
}

// Take hands over all samples that are there, the oldest first. From then on Wait lets further ones lie for
// as long as next says when it is asked afterwards.
func (in *Queue) Take(use func(Sample), next func() Hold) {
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
	h, urgent := next(), C.gboolean(0)
	if h.ButKeys {
		urgent = 1
	}
	C.fg_queue_hold(in.queue, C.gint64(h.Time), urgent)
}

// Hold is for how long samples may lie in a queue.
type Hold struct {
	Time    time.Duration
	ButKeys bool // a keyframe ends the waiting
}

// AtOnce lets no sample lie.
var AtOnce = Hold{}

// NoHold is AtOnce for Take.
func NoHold() Hold { return AtOnce }

// Close ends a Wait, forgets what lies here and lets streaming threads go; the pipeline may still play. It
// is called once.
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
