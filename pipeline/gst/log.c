#include "log.h"

// fg_noise has complaints of GStreamer that have no consequence and that an operator can do nothing about.
static const gchar *fg_noise[] = {
	"gst_event_set_seqnum: assertion 'seqnum != GST_SEQNUM_INVALID' failed", // rtspsrc of 1.22, when it is stopped
};

static void fg_log(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
	for (gsize i = 0; i < G_N_ELEMENTS(fg_noise); i++)
		if (strcmp(message, fg_noise[i]) == 0)
			return;
	g_log_default_handler(domain, level, message, data);
}

void fg_drop_noise(void) { g_log_set_default_handler(fg_log, NULL); }
