// The one function that go-gst v1.4.0 calls and GStreamer before 1.22 lacks. framegate does not call it. cgo includes this
// file before every other one (see cflags.sh), so it includes nothing itself.

#ifndef __ASSEMBLER__ // runtime/cgo has assembly

struct _GstDebugMessage;

static inline const char *gst_debug_message_get_id(struct _GstDebugMessage *message) { return ""; }

#endif
