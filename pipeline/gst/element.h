#ifndef FRAMEGATE_ELEMENT_H
#define FRAMEGATE_ELEMENT_H

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

// fg_pad_added links a new pad of an element to the sink pad of another one, unless that is linked already or does not accept
// the pad's stream, such as sound.
void fg_pad_added(GstElement *from, GstPad *pad, gpointer to);

// fg_unref drops the reference that a signal's handler holds.
void fg_unref(gpointer object, GClosure *closure);

// fg_link_later links the first pad of an element that fits, once it appears, to the sink pad of another one.
void fg_link_later(void *from, void *to);

// fg_link_video does so too, and posts a message for each pad, see fg_pad_report.
void fg_link_video(void *from, void *to);

// fg_pad_report reads a message of fg_link_video: whether a pad has been linked by now, and the media type and the name of the new
// pad's stream. It returns FALSE for any other message.
gboolean fg_pad_report(void *message, gboolean *linked, const gchar **media, const gchar **name);

// fg_accepts reports whether the template of an element's sink pad accepts caps.
gboolean fg_accepts(void *element, const gchar *text);

// fg_push sends a copy of an access unit to an appsrc and waits while the decoder is behind.
gboolean fg_push(void *appsrc, const void *data, gsize size, GstClockTime pts, gboolean key);

// fg_load loads the plugin of a factory.
void fg_load(const gchar *factory);

// fg_system_memory_by_name reports whether an element of a factory can give raw video in system memory.
gboolean fg_system_memory_by_name(const gchar *name);

// fg_system_memory_only keeps a decodebin from using decoders whose pictures are in a device's memory.
void fg_system_memory_only(void *decodebin);

#endif
