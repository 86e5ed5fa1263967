#include "inbox.h"

typedef struct {
	GstSample *sample;
	gsize bytes;
	gint64 arrived; // ns of CLOCK_MONOTONIC
	int sink;
} fg_letter;

// FG_FULL is how many bytes make a streaming thread wait until some are taken: far more than ever lie here
// unless the whole machine stands still.
#define FG_FULL (64u << 20)

static gint64 fg_now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * G_GINT64_CONSTANT(1000000000) + t.tv_nsec;
}

fg_inbox *fg_inbox_new(void) {
	fg_inbox *in = g_new0(fg_inbox, 1);
	in->refs = 1;
	g_mutex_init(&in->lock);
	g_cond_init(&in->taken);
	g_queue_init(&in->letters);
	in->doorbell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return in;
}

void fg_inbox_unref(gpointer data) {
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
	int sink;
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

void fg_inbox_collect(fg_inbox *in, void *appsink, int number) {
	fg_slot *slot = g_new(fg_slot, 1);
	*slot = (fg_slot){in, number};
	g_atomic_int_inc(&in->refs);
	GstAppSinkCallbacks callbacks = {.new_sample = fg_new_sample};
	gst_app_sink_set_callbacks(appsink, &callbacks, slot, fg_slot_free);
}

void fg_inbox_hold(fg_inbox *in, gint64 hold, gboolean urgent) {
	g_mutex_lock(&in->lock);
	in->hold = hold;
	in->urgent = urgent;
	if (hold == 0)
		fg_ring(in);
	g_mutex_unlock(&in->lock);
}

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

void fg_sample_close(fg_sample *s) {
	gst_buffer_unmap(s->buffer, &s->memory);
	gst_sample_unref(s->sample);
}

gboolean fg_inbox_take(fg_inbox *in, fg_sample *out) {
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

void fg_inbox_close(fg_inbox *in) {
	g_mutex_lock(&in->lock);
	in->closed = TRUE;
	for (fg_letter *letter; (letter = g_queue_pop_head(&in->letters)) != NULL; g_free(letter))
		gst_sample_unref(letter->sample);
	g_cond_broadcast(&in->taken);
	g_mutex_unlock(&in->lock);
}
