// The one function that go-gst v1.4.0 calls and GStreamer has not got before 1.22. cgo includes this before every file
// (see cflags.sh), so it includes nothing itself. framegate does not call it.

#ifndef __ASSEMBLER__ // runtime/cgo has assembly

struct _GstDebugMessage;

static inline const char *gst_debug_message_get_id(struct _GstDebugMessage *message) { return ""; }

#endif
