package pipeline

/*
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

// fg_inbox is a queue between the streaming threads that fill it and the goroutine that empties it.
typedef struct {
	gint     refs; // atomic: the goroutine's, and one of each appsink
	GMutex   lock; // of all that follows
	GCond    taken;
	GQueue   letters;
	gsize    bytes;
	gint64   hold;     // ns for which the oldest letter may lie before anybody is told
	gboolean urgent;   // but not when a keyframe has come
	int      doorbell; // an eventfd
	gboolean rung;     // and not answered yet
	gboolean closed;
} fg_inbox;

typedef struct {
	GstSample *sample;
	gsize      bytes;
	gint64     arrived; // ns of CLOCK_MONOTONIC
	int        sink;
} fg_letter;

// FG_FULL is how many bytes make a streaming thread wait until some are taken: far more than ever lie here
// unless the whole machine stands still.
#define FG_FULL (64u << 20)

static gint64 fg_now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * G_GINT64_CONSTANT(1000000000) + t.tv_nsec;
}

static fg_inbox *fg_inbox_new(void) {
	fg_inbox *in = g_new0(fg_inbox, 1);
	in->refs = 1;
	g_mutex_init(&in->lock);
	g_cond_init(&in->taken);
	g_queue_init(&in->letters);
	in->doorbell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return in;
}

static void fg_inbox_unref(gpointer data) {
	fg_inbox *in = data;
	if (!g_atomic_int_dec_and_test(&in->refs))
		return;
	g_mutex_clear(&in->lock);
	g_cond_clear(&in->taken);
	g_free(in);
}

// fg_ring tells the goroutine once. The lock is held.
static void fg_ring(fg_inbox *in) {
	const guint64 one = 1;
	if (!in->rung && !in->closed && in->letters.length > 0)
		in->rung = write(in->doorbell, &one, sizeof one) == sizeof one;
}

typedef struct {
	fg_inbox *in;
	int       sink;
} fg_slot;

static void fg_slot_free(gpointer data) {
	fg_inbox_unref(((fg_slot *)data)->in);
	g_free(data);
}

static GstFlowReturn fg_new_sample(GstAppSink *sink, gpointer data) {
	fg_slot *slot = data;
	fg_inbox *in = slot->in;
	GstSample *sample = gst_app_sink_pull_sample(sink);
	if (sample == NULL)
		return GST_FLOW_EOS;
	GstBuffer *buffer = gst_sample_get_buffer(sample);
	fg_letter *letter = g_new(fg_letter, 1);
	*letter = (fg_letter){sample, buffer == NULL ? 0 : gst_buffer_get_size(buffer), fg_now(), slot->sink};
	g_mutex_lock(&in->lock);
	while (in->bytes > FG_FULL && !in->closed)
		g_cond_wait(&in->taken, &in->lock);
	if (in->closed) {
		g_mutex_unlock(&in->lock);
		gst_sample_unref(sample);
		g_free(letter);
		return GST_FLOW_EOS;
	}
	g_queue_push_tail(&in->letters, letter);
	in->bytes += letter->bytes;
	const gboolean key = buffer != NULL && !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
	if ((in->urgent && key) || letter->arrived - ((fg_letter *)in->letters.head->data)->arrived >= in->hold)
		fg_ring(in);
	g_mutex_unlock(&in->lock);
	return GST_FLOW_OK;
}

static void fg_inbox_collect(fg_inbox *in, void *appsink, int number) {
	fg_slot *slot = g_new(fg_slot, 1);
	*slot = (fg_slot){in, number};
	g_atomic_int_inc(&in->refs);
	GstAppSinkCallbacks callbacks = {.new_sample = fg_new_sample};
	gst_app_sink_set_callbacks(appsink, &callbacks, slot, fg_slot_free);
}

static void fg_inbox_hold(fg_inbox *in, gint64 hold, gboolean urgent) {
	g_mutex_lock(&in->lock);
	in->hold = hold;
	in->urgent = urgent;
	if (hold == 0)
		fg_ring(in);
	g_mutex_unlock(&in->lock);
}

// fg_sample is a sample opened for reading.
typedef struct {
	GstMapInfo   memory;
	GstSample   *sample;
	GstBuffer   *buffer;
	GstCaps     *caps;
	GstClockTime pts;
	gint64       age; // ns since it came in
	gboolean     key;
	int          sink;
} fg_sample;

static gboolean fg_sample_open(fg_letter *letter, fg_sample *out) {
	GstSample *sample = letter->sample;
	out->sample = sample;
	out->buffer = gst_sample_get_buffer(sample);
	out->caps = gst_sample_get_caps(sample);
	if (out->buffer == NULL || out->caps == NULL || !gst_buffer_map(out->buffer, &out->memory, GST_MAP_READ))
		return FALSE;
	GstSegment *segment = gst_sample_get_segment(sample);
	out->pts = gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(out->buffer));
	if (out->pts == GST_CLOCK_TIME_NONE)
		out->pts = GST_BUFFER_PTS(out->buffer);
	out->age = fg_now() - letter->arrived;
	out->key = !GST_BUFFER_FLAG_IS_SET(out->buffer, GST_BUFFER_FLAG_DELTA_UNIT);
	out->sink = letter->sink;
	return TRUE;
}

static void fg_sample_close(fg_sample *s) {
	gst_buffer_unmap(s->buffer, &s->memory);
	gst_sample_unref(s->sample);
}

// fg_inbox_take opens the oldest sample; FALSE when there is none.
static gboolean fg_inbox_take(fg_inbox *in, fg_sample *out) {
	for (;;) {
		g_mutex_lock(&in->lock);
		fg_letter *letter = g_queue_pop_head(&in->letters);
		if (letter != NULL) {
			in->bytes -= letter->bytes;
			g_cond_broadcast(&in->taken);
		} else {
			in->rung = FALSE;
		}
		g_mutex_unlock(&in->lock);
		if (letter == NULL)
			return FALSE;
		gboolean open = fg_sample_open(letter, out);
		if (!open)
			gst_sample_unref(letter->sample);
		g_free(letter);
		if (open)
			return TRUE;
	}
}

static void fg_inbox_close(fg_inbox *in) {
	g_mutex_lock(&in->lock);
	in->closed = TRUE;
	for (fg_letter *letter; (letter = g_queue_pop_head(&in->letters)) != NULL; g_free(letter))
		gst_sample_unref(letter->sample);
	g_cond_broadcast(&in->taken);
	g_mutex_unlock(&in->lock);
}
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
