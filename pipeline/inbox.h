#ifndef FRAMEGATE_INBOX_H
#define FRAMEGATE_INBOX_H

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

// fg_inbox is a queue between the streaming threads that fill it and the goroutine that empties it.
typedef struct {
	gint refs; // atomic: the goroutine's, and one of each appsink
	GMutex lock; // of all that follows
	GCond taken;
	GQueue letters;
	gsize bytes;
	gint64 hold; // ns for which the oldest letter may lie before anybody is told
	gboolean urgent; // but not when a keyframe has come
	int doorbell; // an eventfd
	gboolean rung; // and not answered yet
	gboolean closed;
} fg_inbox;

fg_inbox *fg_inbox_new(void);

void fg_inbox_unref(gpointer data);

void fg_inbox_collect(fg_inbox *in, void *appsink, int number);

void fg_inbox_hold(fg_inbox *in, gint64 hold, gboolean urgent);

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

void fg_sample_close(fg_sample *s);

// fg_inbox_take opens the oldest sample; FALSE when there is none.
gboolean fg_inbox_take(fg_inbox *in, fg_sample *out);

void fg_inbox_close(fg_inbox *in);

#endif
