#ifndef FRAMEGATE_QUEUE_H
#define FRAMEGATE_QUEUE_H

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

// fg_queue is a queue between the streaming threads that fill it and the goroutine that empties it.
typedef struct {
	gint refs; // atomic: one of the goroutine and one of each appsink
	GMutex lock; // guards what follows
	GCond taken;
	GQueue items;
	gsize bytes;
	gint64 delay; // ns that the oldest item may wait before the goroutine is woken
	gboolean until_key; // a keyframe wakes it at once
	int wake; // an eventfd
	gboolean woken; // the goroutine was woken and has not taken everything yet
	gboolean closed;
} fg_queue;

// fg_queue_new returns a queue to which the caller holds a reference. Its wake is -1 if no file descriptor was left.
fg_queue *fg_queue_new(void);

// fg_queue_unref drops a reference.
void fg_queue_unref(gpointer data);

// fg_queue_collect makes an appsink put its samples into the queue, under a number.
void fg_queue_collect(fg_queue *in, void *appsink, int number);

// fg_queue_delay sets how many ns samples may wait from now on, and whether a keyframe wakes the goroutine at once.
void fg_queue_delay(fg_queue *in, gint64 delay, gboolean until_key);

// fg_sample is a sample opened for reading.
typedef struct {
	GstMapInfo memory;
	GstSample *sample;
	GstBuffer *buffer;
	GstCaps *caps;
	GstClockTime pts;
	gint64 age; // ns since it arrived
	gboolean key;
	int sink;
} fg_sample;

// fg_sample_close closes what fg_queue_take opened.
void fg_sample_close(fg_sample *s);

// fg_queue_take opens the oldest sample. It returns FALSE if there is none.
gboolean fg_queue_take(fg_queue *in, fg_sample *out);

// fg_queue_bytes is the size of the samples that wait.
gsize fg_queue_bytes(fg_queue *in);

// fg_queue_close drops all samples and lets the streaming threads continue.
void fg_queue_close(fg_queue *in);

#endif
