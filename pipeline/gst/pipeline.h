#ifndef FRAMEGATE_PIPELINE_H
#define FRAMEGATE_PIPELINE_H

#include <gst/gst.h>

// fg_hanging copies the name of the factory of the element that keeps a pipeline from a state: the one that is nearest
// to the sinks of those that have not got there, since changes go from there to the sources. No lock is taken that a
// change of state holds.
void fg_hanging(void *pipe, GstState state, gchar *name, gsize size);

// fg_decoder copies the name of the first video decoder's factory in a bin.
gboolean fg_decoder(void *bin, gchar *name, gsize size);

#endif
