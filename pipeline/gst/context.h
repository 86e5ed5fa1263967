#ifndef FRAMEGATE_CONTEXT_H
#define FRAMEGATE_CONTEXT_H

#include <gst/gst.h>

// fg_context_of returns a reference to the context that a have-context message announces, if it is of a type; else NULL.
GstContext *fg_context_of(GstMessage *message, const gchar *type);

// fg_make_context opens an element and returns the context of a type that it announces; NULL if it announces none. The
// element is unused otherwise.
GstContext *fg_make_context(const gchar *factory, const gchar *type);

// fg_use_context gives a context to a pipeline, which passes it to every element that is added later.
void fg_use_context(void *pipeline, GstContext *context);

#endif
