#ifndef FRAMEGATE_LINK_H
#define FRAMEGATE_LINK_H

#include <gst/gst.h>

void fg_link_later(void *from, void *to);

// fg_too_large is the size in a message of fg_count_packet, 0 for other messages.
guint64 fg_too_large(void *message);

void fg_link_rtp(void *rtspsrc, void *sink, gsize limit);

void fg_select_video(void *src);

// fg_offer counts what an RTSP camera offers, by the media of its SDP.
typedef struct {
	gint video, audio, other;
} fg_offer;

fg_offer fg_offered(void *src);

// fg_hanging copies the name of the factory of the element that keeps a pipeline from a state: the one that is nearest
// to the sinks of those that have not got there, since changes go from there to the sources. No lock is taken that a
// change of state holds.
void fg_hanging(void *pipe, GstState state, gchar *name, gsize size);

// fg_decoder copies the name of the first video decoder's factory in a bin.
gboolean fg_decoder(void *bin, gchar *name, gsize size);

#endif
