#ifndef FRAMEGATE_TAKES_H
#define FRAMEGATE_TAKES_H

#include <gst/gst.h>

// fg_takes tells whether an element's sink takes caps, by its template.
gboolean fg_takes(void *element, const gchar *text);

#endif
