#include "queue.h"

typedef struct {
	GstSample *sample;
	gsize bytes;
	gint64 arrived; // ns of CLOCK_MONOTONIC
	int sink;
} fg_item;

// FG_FULL is how many bytes make a streaming thread wait until some are taken. A queue reaches that only if the whole machine
// is stuck.
#define FG_FULL (64u << 20)

static gint64 fg_now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * G_GINT64_CONSTANT(1000000000) + t.tv_nsec;
}

fg_queue *fg_queue_new(void) {
	fg_queue *in = g_new0(fg_queue, 1);
	in->refs = 1;
	g_mutex_init(&in->lock);
	g_cond_init(&in->taken);
	g_queue_init(&in->items);
	in->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return in;
}

void fg_queue_unref(gpointer data) {
	fg_queue *in = data;
	if (!g_atomic_int_dec_and_test(&in->refs))
		return;
	g_mutex_clear(&in->lock);
	g_cond_clear(&in->taken);
	g_free(in);
}

// fg_wake wakes the goroutine, once. The lock is held.
static void fg_wake(fg_queue *in) {
	const guint64 one = 1;
	if (!in->woken && !in->closed && in->items.length > 0)
		in->woken = write(in->wake, &one, sizeof one) == sizeof one;
}

// fg_sink is the queue of an appsink, and the number of the appsink in it.
typedef struct {
	fg_queue *queue;
	int number;
} fg_sink;

static void fg_sink_free(gpointer data) {
	fg_queue_unref(((fg_sink *)data)->queue);
	g_free(data);
}

static GstFlowReturn fg_new_sample(GstAppSink *appsink, gpointer data) {
	fg_sink *sink = data;
	fg_queue *in = sink->queue;
	GstSample *sample = gst_app_sink_pull_sample(appsink);
	if (sample == NULL)
		return GST_FLOW_EOS;
	GstBuffer *buffer = gst_sample_get_buffer(sample);
	fg_item *item = g_new(fg_item, 1);
	*item = (fg_item){sample, buffer == NULL ? 0 : gst_buffer_get_size(buffer), fg_now(), sink->number};
	g_mutex_lock(&in->lock);
	while (in->bytes > FG_FULL && !in->closed)
		g_cond_wait(&in->taken, &in->lock);
	if (in->closed) {
		g_mutex_unlock(&in->lock);
		gst_sample_unref(sample);
		g_free(item);
		return GST_FLOW_EOS;
	}
	g_queue_push_tail(&in->items, item);
	in->bytes += item->bytes;
	const gboolean key = buffer != NULL && !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
	if ((in->until_key && key) || item->arrived - ((fg_item *)in->items.head->data)->arrived >= in->delay)
		fg_wake(in);
	g_mutex_unlock(&in->lock);
	return GST_FLOW_OK;
}

void fg_queue_collect(fg_queue *in, void *appsink, int number) {
	fg_sink *sink = g_new(fg_sink, 1);
	*sink = (fg_sink){in, number};
	g_atomic_int_inc(&in->refs);
	GstAppSinkCallbacks callbacks = {.new_sample = fg_new_sample};
	gst_app_sink_set_callbacks(appsink, &callbacks, sink, fg_sink_free);
}

void fg_queue_delay(fg_queue *in, gint64 delay, gboolean until_key) {
	g_mutex_lock(&in->lock);
	in->delay = delay;
	in->until_key = until_key;
	if (delay == 0)
		fg_wake(in);
	g_mutex_unlock(&in->lock);
}

static gboolean fg_sample_open(fg_item *item, fg_sample *out) {
	GstSample *sample = item->sample;
	out->sample = sample;
	out->buffer = gst_sample_get_buffer(sample);
	out->caps = gst_sample_get_caps(sample);
	if (out->buffer == NULL || out->caps == NULL || !gst_buffer_map(out->buffer, &out->memory, GST_MAP_READ))
		return FALSE;
	GstSegment *segment = gst_sample_get_segment(sample);
	out->pts = gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(out->buffer));
	if (out->pts == GST_CLOCK_TIME_NONE)
		out->pts = GST_BUFFER_PTS(out->buffer);
	out->age = fg_now() - item->arrived;
	out->key = !GST_BUFFER_FLAG_IS_SET(out->buffer, GST_BUFFER_FLAG_DELTA_UNIT);
	out->sink = item->sink;
	return TRUE;
}

void fg_sample_close(fg_sample *s) {
	gst_buffer_unmap(s->buffer, &s->memory);
	gst_sample_unref(s->sample);
}

gboolean fg_queue_take(fg_queue *in, fg_sample *out) {
	for (;;) {
		g_mutex_lock(&in->lock);
		fg_item *item = g_queue_pop_head(&in->items);
		if (item != NULL) {
			in->bytes -= item->bytes;
			g_cond_broadcast(&in->taken);
		} else {
			in->woken = FALSE;
		}
		g_mutex_unlock(&in->lock);
		if (item == NULL)
			return FALSE;
		gboolean open = fg_sample_open(item, out);
		if (!open)
			gst_sample_unref(item->sample);
		g_free(item);
		if (open)
			return TRUE;
	}
}

gsize fg_queue_bytes(fg_queue *in) {
	g_mutex_lock(&in->lock);
	gsize bytes = in->bytes;
	g_mutex_unlock(&in->lock);
	return bytes;
}

void fg_queue_close(fg_queue *in) {
	g_mutex_lock(&in->lock);
	in->closed = TRUE;
	for (fg_item *item; (item = g_queue_pop_head(&in->items)) != NULL; g_free(item))
		gst_sample_unref(item->sample);
	g_cond_broadcast(&in->taken);
	g_mutex_unlock(&in->lock);
}
