#ifndef FRAMEGATE_RTP_H
#define FRAMEGATE_RTP_H

#include <gio/gio.h>
#include <gst/gst.h>

// fg_link_rtp links the stream of an rtspsrc, once it appears, to a sink of whole access units of limit bytes at most.
void fg_link_rtp(void *rtspsrc, void *sink, gsize limit);

// fg_silence is how many µs ago an rtspsrc received a packet, -1 if it has received none.
gint64 fg_silence(void *rtspsrc);

// fg_plays reports whether a progress message says that a camera has accepted PLAY.
gboolean fg_plays(void *message);

// fg_too_large is the size of the unit that an element's message reports as dropped, 0 for other messages.
guint64 fg_too_large(void *message);

// fg_select_video makes an rtspsrc set up its first video stream only.
void fg_select_video(void *src);

// fg_offer counts the streams of an RTSP camera by the media of its SDP.
typedef struct {
	gint video, audio, other;
} fg_offer;

// fg_offered returns what the camera of an rtspsrc has offered so far.
fg_offer fg_offered(void *src);

// fg_set_tls_ca makes an rtspsrc trust the certificates of a file. It returns NULL, or what is wrong with the file, which the
// caller frees.
gchar *fg_set_tls_ca(void *element, const char *path);

#endif
