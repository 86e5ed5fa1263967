#include "rtp.h"

#include "element.h"

// fg_add adds an element to the running pipeline of another element. It returns NULL if the element is not installed.
static GstElement *fg_add(GstElement *beside, const gchar *factory) {
	GstElement *added = gst_element_factory_make(factory, NULL);
	if (added == NULL)
		return NULL;
	GstObject *pipe = gst_object_get_parent(GST_OBJECT(beside));
	gst_bin_add(GST_BIN(pipe), added);
	gst_object_unref(pipe);
	return added;
}

// fg_depay has the depayloaders that give whole access units. In a parsebin those of H.264 and H.265 give single NAL units.
// The parser after them then waits for the next picture before it knows that one is complete. This costs a frame of latency,
// which the marker bit of RTP (RFC 6184, section 5.1) avoids. A JPEG needs no parser: jpegparse would be a fifth of the cost
// of an MJPEG camera, and jpeg.Read examines each JPEG anyway.
static const struct {
	const gchar *encoding, *factory, *caps;
	gboolean parse;
} fg_depay[] = {
	{"H264", "rtph264depay", "video/x-h264, stream-format=avc, alignment=au", TRUE},
	{"H265", "rtph265depay", "video/x-h265, stream-format=hvc1, alignment=au", TRUE},
	{"JPEG", "rtpjpegdepay", "image/jpeg", FALSE},
};

// fg_unit is the access unit that is arriving by RTP. It belongs to the streaming thread.
typedef struct {
	guint32 time; // of RTP
	guint16 sequence; // of its newest packet
	gboolean complete; // its last packet has arrived
	gsize bytes, limit;
	gint64 *received; // of the rtspsrc: when a packet last arrived, in µs of GLib's monotonic clock; atomic
	gboolean gathered; // see fg_gather
	GstClockTime from, to; // PTS of its packets
	GstClockTime incomplete_from, incomplete_to; // PTS of the packets of the previous unit, if it is incomplete
} fg_unit;

// fg_end_unit notes that the current unit has no more packets, and whether its last one is missing.
static void fg_end_unit(fg_unit *u, gboolean incomplete) {
	u->incomplete_from = incomplete ? u->from : GST_CLOCK_TIME_NONE;
	u->incomplete_to = incomplete ? u->to : GST_CLOCK_TIME_NONE;
}

// fg_count_packet counts a packet and reports whether to pass it on. A depayloader keeps a unit until its last packet and
// has no limit of its own. Packets of a unit that is too large are passed on up to the limit: the depayloader drops a slice
// whose rest is missing.
static gboolean fg_count_packet(fg_unit *u, GstBuffer *packet, GstElement *rtspsrc) {
	guint8 head[8];
	if (gst_buffer_extract(packet, 0, head, sizeof head) < sizeof head)
		return TRUE;
	const guint16 sequence = GST_READ_UINT16_BE(head + 2);
	const guint32 time = GST_READ_UINT32_BE(head + 4);
	if (u->complete || time != u->time) { // a unit begins
		// A camera may not mark last packets at all. Then the unit is complete unless packets are missing.
		fg_end_unit(u, !u->complete && sequence != (guint16)(u->sequence + 1));
		u->from = GST_BUFFER_PTS(packet);
		if (u->bytes > u->limit)
			gst_element_post_message(rtspsrc, gst_message_new_element(GST_OBJECT(rtspsrc),
								  gst_structure_new("framegate-too-large", "bytes",
									  G_TYPE_UINT64, (guint64)u->bytes, NULL)));
		u->bytes = 0;
		u->gathered = FALSE;
	}
	u->time = time;
	u->sequence = sequence;
	u->to = GST_BUFFER_PTS(packet);
	u->complete = head[1] >> 7; // the marker bit is that of a unit's last packet
	u->bytes += gst_buffer_get_size(packet);
	return u->bytes <= u->limit;
}

// fg_gather waits once for each unit while its packets arrive, which a camera sends in a burst. Network cards gather packets
// in the same way before they interrupt. Otherwise the thread of the jitterbuffer, which calls this, would sleep and be woken
// for nearly every packet, and contend for a lock with the receiving thread. This delays a unit by up to 1 ms.
static void fg_gather(fg_unit *u) {
	if (u->complete || u->gathered)
		return;
	g_usleep(1000);
	u->gathered = TRUE;
}

static GstPadProbeReturn fg_count_probe(GstPad *pad, GstPadProbeInfo *info, gpointer unit) {
	if (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
		if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS)
			fg_end_unit(unit, !((fg_unit *)unit)->complete);
		return GST_PAD_PROBE_OK;
	}
	__atomic_store_n(((fg_unit *)unit)->received, g_get_monotonic_time(), __ATOMIC_RELAXED);
	GstElement *rtspsrc = gst_pad_get_parent_element(pad);
	gboolean passes = TRUE;
	if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
		GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
		for (guint i = 0; i < gst_buffer_list_length(list); i++)
			passes = fg_count_packet(unit, gst_buffer_list_get(list, i), rtspsrc) && passes;
	} else {
		passes = fg_count_packet(unit, GST_PAD_PROBE_INFO_BUFFER(info), rtspsrc);
	}
	gst_object_unref(rtspsrc);
	fg_gather(unit);
	return passes ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

// fg_drop_incomplete drops a unit whose last packet is missing. Depayloaders pass it on, and a decoder would fill the rest
// of the picture from an earlier one.
static GstPadProbeReturn fg_drop_incomplete(GstPad *pad, GstPadProbeInfo *info, gpointer unit) {
	const fg_unit *u = unit;
	const GstClockTime pts = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
	const gboolean incomplete = GST_CLOCK_TIME_IS_VALID(pts) && u->incomplete_from <= pts && pts <= u->incomplete_to;
	return incomplete ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

guint64 fg_too_large(void *message) {
	guint64 bytes = 0;
	if (gst_message_has_name(message, "framegate-too-large"))
		gst_structure_get_uint64(gst_message_get_structure(message), "bytes", &bytes);
	return bytes;
}

// fg_rtp_added links the pad of an rtspsrc to the sink of its access units: through a depayloader of the table if there is
// one, and through parsebin if that is needed.
static void fg_rtp_added(GstElement *rtspsrc, GstPad *pad, gpointer sink) {
	GstCaps *caps = gst_pad_get_current_caps(pad);
	const gchar *encoding =
		caps == NULL ? NULL : gst_structure_get_string(gst_caps_get_structure(caps, 0), "encoding-name");
	GstElement *depay = NULL, *to = sink;
	guint row = 0;
	fg_unit *unit = g_rc_box_new0(fg_unit);
	unit->complete = TRUE; // there is no unit yet
	fg_end_unit(unit, FALSE);
	unit->received = g_object_get_data(G_OBJECT(rtspsrc), "framegate-received");
	unit->limit = GPOINTER_TO_SIZE(g_object_get_data(G_OBJECT(rtspsrc), "framegate-limit"));
	gst_pad_add_probe(pad,
		GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
		fg_count_probe, unit, g_rc_box_release);
	while (row < G_N_ELEMENTS(fg_depay) && g_strcmp0(encoding, fg_depay[row].encoding) != 0)
		row++;
	if (row < G_N_ELEMENTS(fg_depay))
		depay = fg_add(rtspsrc, fg_depay[row].factory); // if it is missing, parsebin reports that
	if (depay == NULL || fg_depay[row].parse) {
		to = fg_add(rtspsrc, "parsebin");
		fg_link_later(to, sink);
		gst_element_sync_state_with_parent(to);
	}
	if (depay != NULL) {
		GstCaps *units = gst_caps_from_string(fg_depay[row].caps);
		GstPad *src = gst_element_get_static_pad(depay, "src");
		gst_pad_add_probe(
			src, GST_PAD_PROBE_TYPE_BUFFER, fg_drop_incomplete, g_rc_box_acquire(unit), g_rc_box_release);
		gst_object_unref(src);
		gst_element_link_filtered(depay, to, units);
		gst_caps_unref(units);
		gst_element_sync_state_with_parent(depay);
	}
	fg_pad_added(rtspsrc, pad, depay != NULL ? depay : to);
	if (caps != NULL)
		gst_caps_unref(caps);
}

gint64 fg_silence(void *rtspsrc) {
	gint64 *received = g_object_get_data(G_OBJECT(rtspsrc), "framegate-received");
	const gint64 at = received == NULL ? 0 : __atomic_load_n(received, __ATOMIC_RELAXED);
	return at == 0 ? -1 : g_get_monotonic_time() - at;
}

gboolean fg_plays(void *message) {
	GstProgressType type;
	gchar *code = NULL;
	gst_message_parse_progress(message, &type, &code, NULL);
	const gboolean plays = type == GST_PROGRESS_TYPE_COMPLETE && g_strcmp0(code, "request") == 0;
	g_free(code);
	return plays;
}

void fg_link_rtp(void *rtspsrc, void *sink, gsize limit) {
	g_object_set_data_full(rtspsrc, "framegate-received", g_new0(gint64, 1), g_free);
	g_object_set_data(rtspsrc, "framegate-limit", GSIZE_TO_POINTER(limit));
	g_signal_connect_data(rtspsrc, "pad-added", G_CALLBACK(fg_rtp_added), gst_object_ref(sink), fg_unref, 0);
}

static gboolean fg_select_stream(GstElement *src, guint number, GstCaps *caps, fg_offer *offer) {
	const gchar *media = gst_structure_get_string(gst_caps_get_structure(caps, 0), "media");
	if (g_strcmp0(media, "video") == 0)
		return g_atomic_int_add(&offer->video, 1) == 0;
	g_atomic_int_inc(g_strcmp0(media, "audio") == 0 ? &offer->audio : &offer->other);
	return FALSE;
}

// fg_on_sdp begins to count again: rtspsrc reads the camera's description again when it changes from UDP to TCP.
static void fg_on_sdp(GstElement *src, gpointer sdp, fg_offer *offer) {
	g_atomic_int_set(&offer->video, 0);
	g_atomic_int_set(&offer->audio, 0);
	g_atomic_int_set(&offer->other, 0);
}

void fg_select_video(void *src) {
	fg_offer *offer = g_new0(fg_offer, 1);
	g_object_set_data_full(src, "framegate-offer", offer, g_free);
	g_signal_connect(src, "on-sdp", G_CALLBACK(fg_on_sdp), offer);
	g_signal_connect(src, "select-stream", G_CALLBACK(fg_select_stream), offer);
}

fg_offer fg_offered(void *src) {
	fg_offer *offer = g_object_get_data(src, "framegate-offer");
	return (fg_offer){
		g_atomic_int_get(&offer->video), g_atomic_int_get(&offer->audio), g_atomic_int_get(&offer->other)};
}

gchar *fg_set_tls_ca(void *element, const char *path) {
	GError *err = NULL;
	GTlsDatabase *db = g_tls_file_database_new(path, &err);
	if (db == NULL) {
		gchar *text = g_strdup(err->message);
		g_error_free(err);
		return text;
	}
	g_object_set(element, "tls-database", db, NULL);
	g_object_unref(db);
	return NULL;
}
