#include <gst/gst.h>

/* make_memory makes an element that changes nothing but the memory features of its caps. What it puts out has those of to,
 * which is NULL for system memory. */
GstElement *make_memory(GstCaps *to);

/* with_features copies caps with other features, which are NULL for system memory. */
GstCaps *with_features(const GstCaps *caps, GstCapsFeatures *features);
