#ifndef FRAMEGATE_PIPELINE_H
#define FRAMEGATE_PIPELINE_H

#include <gst/gst.h>

// fg_hanging copies the name of the factory of the element that keeps a pipeline from reaching a state: of the elements that
// have not reached it, the one nearest to the sinks, since state changes go from the sinks to the sources. It takes no lock
// that a state change holds.
void fg_hanging(void *pipe, GstState state, gchar *name, gsize size);

// fg_decoder copies the name of the factory of the first video decoder in a bin.
gboolean fg_decoder(void *bin, gchar *name, gsize size);

#endif
