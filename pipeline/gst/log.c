#include "log.h"
#include <poll.h>
#include <unistd.h>

// fg_ignored has messages of GStreamer that have no consequence and that an operator can do nothing about.
static const gchar *fg_ignored[] = {
	"gst_event_set_seqnum: assertion 'seqnum != GST_SEQNUM_INVALID' failed", // from rtspsrc of 1.22 when it stops
};

// fg_log drops a message that would make a streaming thread wait for a stderr that nobody reads.
static void fg_log(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
	for (gsize i = 0; i < G_N_ELEMENTS(fg_ignored); i++)
		if (strcmp(message, fg_ignored[i]) == 0)
			return;
	struct pollfd err = {.fd = STDERR_FILENO, .events = POLLOUT};
	if (!(level & G_LOG_FLAG_FATAL) && poll(&err, 1, 0) == 0)
		return;
	g_log_default_handler(domain, level, message, data);
}

void fg_filter_log(void) { g_log_set_default_handler(fg_log, NULL); }
