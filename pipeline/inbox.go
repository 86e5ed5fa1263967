package pipeline

/*
#include <stdlib.h>
#include "inbox.h"
*/
import "C"

import (
	"errors"
	"os"
	"sync"
	"time"
	"unsafe"

	"framegate/pipeline/unit"

	"github.com/go-gst/go-gst/gst"
)

// inbox takes the samples of one pipeline's appsinks from GStreamer's threads to a goroutine.
//
// No Go runs on a streaming thread: after each call from C the thread keeps one of Go's processors for up to
// 10 ms, which Go's monitor watches by polling. That alone doubled the cost of a camera that nobody watches.
// An eventfd wakes the goroutine through Go's poller instead, and only when somebody waits for the sample.
//
// Its methods may be called from any goroutine.
type inbox struct {
	doorbell *os.File

	mu     sync.Mutex // held while samples are taken
	queue  *C.fg_inbox
	open   *C.fg_sample
	closed bool
}

// sample is what an appsink has given. It is valid only until the function returns that it is handed to.
type sample struct {
	data    []byte // mapped memory of GStreamer
	pts     time.Duration
	key     bool      // decodable by itself
	sink    int       // the number of its appsink
	arrived time.Time // at the appsink
	caps    unsafe.Pointer
}

func newInbox() (*inbox, error) {
	queue := C.fg_inbox_new()
	if queue.doorbell < 0 {
		C.fg_inbox_unref(C.gpointer(queue))
		return nil, errors.New("eventfd: no file descriptor is left")
	}
	return &inbox{
		queue:    queue,
		doorbell: os.NewFile(uintptr(queue.doorbell), "eventfd"),
		open:     (*C.fg_sample)(C.calloc(1, C.sizeof_fg_sample)),
	}, nil
}

// collect makes an appsink leave its samples here. It must be called before the pipeline plays.
func (in *inbox) collect(appsink *gst.Element, number int) {
	C.fg_inbox_collect(in.queue, unsafe.Pointer(appsink.Instance()), C.int(number))
}

// wait blocks until there are samples that have lain long enough. The error says that the inbox is closed.
func (in *inbox) wait() error {
	var count [8]byte
	_, err := in.doorbell.Read(count[:])
	return err
}

// take hands over all samples that are there, the oldest first. From then on wait lets further ones lie for
// as long as next says when it is asked afterwards.
func (in *inbox) take(use func(sample), next func() hold) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return
	}
	for C.fg_inbox_take(in.queue, in.open) != 0 {
		s := sample{
			data:    unsafe.Slice((*byte)(in.open.memory.data), int(in.open.memory.size)),
			pts:     unit.NoPTS,
			key:     in.open.key != 0,
			sink:    int(in.open.sink),
			arrived: time.Now().Add(-time.Duration(in.open.age)),
			caps:    unsafe.Pointer(in.open.caps),
		}
		if in.open.pts != C.GST_CLOCK_TIME_NONE {
			s.pts = time.Duration(in.open.pts)
		}
		use(s)
		C.fg_sample_close(in.open)
	}
	h, urgent := next(), C.gboolean(0)
	if h.butKeys {
		urgent = 1
	}
	C.fg_inbox_hold(in.queue, C.gint64(h.time), urgent)
}

// hold is for how long samples may lie in an inbox.
type hold struct {
	time    time.Duration
	butKeys bool // a keyframe ends the waiting
}

// atOnce lets no sample lie.
var atOnce = hold{}

// noHold is atOnce for take.
func noHold() hold { return atOnce }

// close ends a wait, forgets what lies here and lets streaming threads go; the pipeline may still play. It
// is called once.
func (in *inbox) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	C.fg_inbox_close(in.queue)
	in.doorbell.Close()
	C.free(unsafe.Pointer(in.open))
	C.fg_inbox_unref(C.gpointer(in.queue))
}

// capsString is the sample's caps in GStreamer's notation.
func (s sample) capsString() string {
	text := C.gst_caps_to_string((*C.GstCaps)(s.caps))
	defer C.g_free(C.gpointer(text))
	return C.GoString(text)
}
