#ifndef FRAMEGATE_QUEUE_H
#define FRAMEGATE_QUEUE_H

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

// fg_queue is a queue between the streaming threads that fill it and the goroutine that empties it.
typedef struct {
	gint refs; // atomic: the goroutine's, and one of each appsink
	GMutex lock; // of all that follows
	GCond taken;
	GQueue items;
	gsize bytes;
	gint64 hold; // ns for which the oldest item may lie before the goroutine is woken
	gboolean urgent; // but not when a keyframe has come
	int wake; // an eventfd
	gboolean woken; // and has not taken all yet
	gboolean closed;
} fg_queue;

// fg_queue_new returns a queue of which the caller holds a reference. Its wake is -1 where no descriptor was left.
fg_queue *fg_queue_new(void);

// fg_queue_unref gives a reference up.
void fg_queue_unref(gpointer data);

// fg_queue_collect makes an appsink leave its samples in the queue, under a number.
void fg_queue_collect(fg_queue *in, void *appsink, int number);

// fg_queue_hold says how long samples may lie from now on before the goroutine is woken, in ns, and whether keyframes may.
void fg_queue_hold(fg_queue *in, gint64 hold, gboolean urgent);

// fg_sample is a sample opened for reading.
typedef struct {
	GstMapInfo memory;
	GstSample *sample;
	GstBuffer *buffer;
	GstCaps *caps;
	GstClockTime pts;
	gint64 age; // ns since it came in
	gboolean key;
	int sink;
} fg_sample;

// fg_sample_close gives back what fg_queue_take has opened.
void fg_sample_close(fg_sample *s);

// fg_queue_take opens the oldest sample; FALSE when there is none.
gboolean fg_queue_take(fg_queue *in, fg_sample *out);

// fg_queue_close forgets all samples and lets the streaming threads go.
void fg_queue_close(fg_queue *in);

#endif
