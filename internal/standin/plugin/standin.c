/* A GStreamer plugin of stand-ins for missing hardware: elements with the factory names, classes, caps and properties of
 * real ones, which work in software and fail on command. They show how framegate chooses, links and falls back. They show
 * nothing of a driver.
 *
 * FRAMEGATE_STANDIN_ONLY lists the platforms to register, by default all, and elements not to register, with a minus before
 * their name. Those of nvidia are not registered if CUDA_VISIBLE_DEVICES is empty, which hides every card.
 * FRAMEGATE_STANDIN is a folder in which a file with a factory's name holds a fault. It is read whenever such an element is
 * opened:
 *
 *   open         it does not open
 *   crash        it aborts the process when it is opened
 *   hang         a change of state to PAUSED does not end while the file exists
 *   hang-stop    a change of state from PLAYING down does not end
 *   fail N       an error after N pictures
 *   silence N    nothing comes out after N pictures
 *   refuse       it accepts no caps
 *   black        its pictures are black
 *   sessions N   no more than N of them are open in a process at a time
 *
 * Decoders of nvidia share a context of type gst.cuda.context as the real ones do: a decoder without one makes it, posts it
 * on its bus, and adds a byte to the file contexts in that folder.
 */

#include "memory.h"

#include <gst/gst.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKAGE "framegate"

/* The stand-ins. */

typedef enum { DECODER, SCALER, DOWNLOAD, ENCODER } Kind;

typedef struct {
	const gchar *platform, *factory;
	Kind         kind;
	const gchar *sink, *src; /* caps */
	const gchar *properties; /* name=default for each that framegate sets */
} Standin;

static const Standin standins[] = {
#include "elements.h"
};

/* Element is a stand-in: a bin around software. */

typedef struct {
	GstBin         parent;
	const Standin *spec;
	GstElement    *entry; /* a capsfilter */
	GstCaps       *takes;
	GstElement    *jpegenc;
	GHashTable    *values; /* of properties, as GValue */
	gchar         *fault;
	gint           limit, pictures;
	gboolean       counted;
} Element;

typedef struct {
	GstBinClass    parent;
	const Standin *spec;
} ElementClass;

static GstBinClass *element_parent;
static gint         sessions[G_N_ELEMENTS(standins)];

static gchar *read_fault(Element *e) {
	const gchar *dir = g_getenv("FRAMEGATE_STANDIN");
	gchar       *path = g_build_filename(dir == NULL ? "." : dir, e->spec->factory, NULL);
	gchar       *text = NULL;
	g_file_get_contents(path, &text, NULL, NULL);
	g_free(path);
	return text == NULL ? NULL : g_strstrip(text);
}

static void set_fault(Element *e) {
	g_free(e->fault);
	e->fault = read_fault(e);
	e->limit = e->pictures = 0;
	if (e->fault != NULL) {
		gchar *number = strchr(e->fault, ' ');
		if (number != NULL) {
			e->limit = atoi(number);
			*number = 0;
		}
	}
}

static gboolean faulty(Element *e, const gchar *fault) { return g_strcmp0(e->fault, fault) == 0; }

static void hang(Element *e, const gchar *fault) {
	for (gchar *now = read_fault(e); g_strcmp0(now, fault) == 0; now = read_fault(e)) {
		g_free(now);
		g_usleep(10000);
	}
}

/* ensure_context makes the context of an element that has none. */
static void ensure_context(Element *e) {
	const gchar *dir = g_getenv("FRAMEGATE_STANDIN");
	GstContext  *context = gst_element_get_context(GST_ELEMENT(e), "gst.cuda.context");
	if (context == NULL && dir != NULL) {
		gchar *path = g_build_filename(dir, "contexts", NULL);
		FILE  *made = fopen(path, "a");
		g_free(path);
		if (made != NULL) {
			fputc('.', made);
			fclose(made);
		}
		context = gst_context_new("gst.cuda.context", TRUE);
		gst_element_set_context(GST_ELEMENT(e), context);
		gst_element_post_message(GST_ELEMENT(e), gst_message_new_have_context(GST_OBJECT(e), gst_context_ref(context)));
	}
	if (context != NULL)
		gst_context_unref(context);
}

static GstStateChangeReturn element_change_state(GstElement *element, GstStateChange change) {
	Element *e = (Element *)element;
	gint    *open = &sessions[e->spec - standins];
	switch (change) {
	case GST_STATE_CHANGE_NULL_TO_READY:
		set_fault(e);
		if (faulty(e, "crash"))
			abort();
		if (faulty(e, "open")) {
			GST_ELEMENT_ERROR(e, RESOURCE, OPEN_READ_WRITE, ("Could not open the device."), ("on command"));
			return GST_STATE_CHANGE_FAILURE;
		}
		if (faulty(e, "sessions") && g_atomic_int_get(open) >= e->limit) {
			GST_ELEMENT_ERROR(e, RESOURCE, BUSY, ("All sessions of the device are in use."), ("on command"));
			return GST_STATE_CHANGE_FAILURE;
		}
		if (e->spec->kind == DECODER && strcmp(e->spec->platform, "nvidia") == 0)
			ensure_context(e);
		g_atomic_int_inc(open);
		e->counted = TRUE;
		GstCaps *takes = faulty(e, "refuse") ? gst_caps_from_string("video/x-nothing") : gst_caps_ref(e->takes);
		g_object_set(e->entry, "caps", takes, NULL);
		gst_caps_unref(takes);
		break;
	case GST_STATE_CHANGE_READY_TO_PAUSED:
		if (faulty(e, "hang"))
			hang(e, "hang");
		break;
	case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
	case GST_STATE_CHANGE_PAUSED_TO_READY:
		if (faulty(e, "hang-stop"))
			hang(e, "hang-stop");
		break;
	default:
		break;
	}
	GstStateChangeReturn result = GST_ELEMENT_CLASS(element_parent)->change_state(element, change);
	if (change == GST_STATE_CHANGE_READY_TO_NULL && e->counted) {
		g_atomic_int_add(open, -1);
		e->counted = FALSE;
	}
	return result;
}

static GstPadProbeReturn element_out(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
	Element      *e = data;
	gint          n = g_atomic_int_add(&e->pictures, 1);
	const GValue *interval = g_hash_table_lookup(e->values, "drop-frame-interval");
	if (interval != NULL && g_value_get_int(interval) > 0 && n % g_value_get_int(interval) != 0)
		return GST_PAD_PROBE_DROP;
	if (faulty(e, "black")) {
		GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
		GST_PAD_PROBE_INFO_DATA(info) = buffer;
		gst_buffer_memset(buffer, 0, 16, -1);
	}
	if (n < e->limit || e->limit == 0 || faulty(e, "sessions"))
		return GST_PAD_PROBE_OK;
	if (n == e->limit && faulty(e, "fail"))
		GST_ELEMENT_ERROR(e, STREAM, DECODE, ("The device has failed."), ("on command, after %d pictures", n));
	return GST_PAD_PROBE_DROP;
}

static void free_value(gpointer value) {
	g_value_unset(value);
	g_free(value);
}

static void element_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
	Element *e = (Element *)object;
	GValue  *copy = g_new0(GValue, 1);
	g_value_init(copy, G_VALUE_TYPE(value));
	g_value_copy(value, copy);
	g_hash_table_insert(e->values, g_strdup(spec->name), copy);
	if (e->jpegenc != NULL && strcmp(spec->name, "quality") == 0)
		g_object_set_property(G_OBJECT(e->jpegenc), "quality", value);
}

static void element_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
	const GValue *set = g_hash_table_lookup(((Element *)object)->values, spec->name);
	if (set != NULL)
		g_value_copy(set, value);
	else
		g_param_value_set_default(spec, value);
}

static void element_finalize(GObject *object) {
	Element *e = (Element *)object;
	g_hash_table_unref(e->values);
	g_free(e->fault);
	gst_caps_unref(e->takes);
	G_OBJECT_CLASS(element_parent)->finalize(object);
}

/* make_enum registers the type of a property whose values are separated by |. It is registered once, for good. */
static GType make_enum(const gchar *factory, const gchar *property, const gchar *values) {
	gchar **nicks = g_strsplit(values, "|", 0);
	GEnumValue *all = g_new0(GEnumValue, g_strv_length(nicks) + 1);
	for (gint i = 0; nicks[i] != NULL; i++)
		all[i] = (GEnumValue){i, nicks[i], nicks[i]};
	gchar *name = g_strdup_printf("FgStandin-%s-%s", factory, property);
	GType type = g_enum_register_static(name, all);
	g_free(name);
	return type;
}

static void element_class_init(gpointer class, gpointer data) {
	static const gchar *klass[] = {
		[DECODER] = "Codec/Decoder/Video/Hardware", [SCALER] = "Filter/Converter/Video/Scaler/Hardware",
		[DOWNLOAD] = "Filter/Video/Hardware", [ENCODER] = "Codec/Encoder/Image/Hardware",
	};
	const Standin *spec = data;
	((ElementClass *)class)->spec = spec;
	element_parent = g_type_class_peek(GST_TYPE_BIN);
	GObjectClass *object = G_OBJECT_CLASS(class);
	object->set_property = element_set_property;
	object->get_property = element_get_property;
	object->finalize = element_finalize;
	GST_ELEMENT_CLASS(class)->change_state = element_change_state;
	gst_element_class_set_metadata(class, "Stand-in", klass[spec->kind], "Stands in for hardware in tests", "framegate");
	GstCaps *in = gst_caps_from_string(spec->sink), *out = gst_caps_from_string(spec->src);
	gst_element_class_add_pad_template(class, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, in));
	gst_element_class_add_pad_template(class, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, out));
	gst_caps_unref(in);
	gst_caps_unref(out);
	gchar **all = g_strsplit(spec->properties == NULL ? "" : spec->properties, " ", 0);
	for (guint i = 0; all[i] != NULL && *all[i] != 0; i++) {
		gchar **part = g_strsplit(all[i], "=", 2);
		const gchar *value = part[1];
		const GParamFlags flags = G_PARAM_READWRITE;
		if (strcmp(value, "false") == 0 || strcmp(value, "true") == 0)
			g_object_class_install_property(object, i + 1, g_param_spec_boolean(part[0], part[0], "", value[0] == 't', flags));
		else if (g_ascii_isdigit(value[0]) || value[0] == '-')
			g_object_class_install_property(object, i + 1, g_param_spec_int(part[0], part[0], "", -1, G_MAXINT, atoi(value), flags));
		else if (strchr(value, '|') != NULL)
			g_object_class_install_property(object, i + 1, g_param_spec_enum(part[0], part[0], "", make_enum(spec->factory, part[0], value), 0, flags));
		else if (strcmp(value, "structure") == 0)
			g_object_class_install_property(object, i + 1, g_param_spec_boxed(part[0], part[0], "", GST_TYPE_STRUCTURE, flags));
		g_strfreev(part);
	}
	g_strfreev(all);
}

/* add adds an element to a bin and links it after last. */
static GstElement *add(Element *e, GstElement *last, GstElement *made) {
	gst_bin_add(GST_BIN(e), made);
	if (last != NULL && !gst_element_link(last, made))
		g_error("%s: no link", e->spec->factory);
	return made;
}

static GstElement *make(const gchar *factory) { return gst_element_factory_make(factory, NULL); }

static GstElement *make_filter(GstCaps *caps) {
	GstElement *filter = make("capsfilter");
	g_object_set(filter, "caps", caps, NULL);
	return filter;
}

/* state_colours lets a decoder state a matrix for every stream, as those of devices do: where the stream states none, the one that
 * GStreamer takes for its size. */
static GstPadProbeReturn state_colours(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
	GstEvent            *event = GST_PAD_PROBE_INFO_EVENT(info);
	GstVideoColorimetry  stated = {0};
	GstCaps             *caps;
	GstVideoInfo         video;
	if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS)
		return GST_PAD_PROBE_OK;
	gst_event_parse_caps(event, &caps);
	const gchar *text = gst_structure_get_string(gst_caps_get_structure(caps, 0), "colorimetry");
	if (text != NULL)
		gst_video_colorimetry_from_string(&stated, text);
	if (stated.matrix == GST_VIDEO_COLOR_MATRIX_UNKNOWN && gst_video_info_from_caps(&video, caps)) {
		if (stated.range != GST_VIDEO_COLOR_RANGE_UNKNOWN)
			video.colorimetry.range = stated.range;
		gchar *colours = gst_video_colorimetry_to_string(&video.colorimetry);
		caps = gst_caps_copy(caps);
		gst_caps_set_simple(caps, "colorimetry", G_TYPE_STRING, colours, NULL);
		GST_PAD_PROBE_INFO_DATA(info) = gst_event_new_caps(caps);
		gst_caps_unref(caps);
		gst_event_unref(event);
		g_free(colours);
	}
	return GST_PAD_PROBE_OK;
}

static void decoded(GstElement *decodebin, GstPad *pad, gpointer to) {
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, state_colours, NULL, NULL);
	GstPad *sink = gst_element_get_static_pad(to, "sink");
	gst_pad_link(pad, sink);
	gst_object_unref(sink);
}

static void element_init(GTypeInstance *instance, gpointer class) {
	Element *e = (Element *)instance;
	e->spec = ((ElementClass *)class)->spec;
	e->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_value);
	e->takes = gst_caps_from_string(e->spec->sink);
	GstCaps *gives = gst_caps_from_string(e->spec->src), *in_system = with_features(gives, NULL);
	GstElement *last = e->entry = add(e, NULL, make("capsfilter"));
	switch (e->spec->kind) {
	case DECODER: {
		GstElement *decodebin = add(e, last, make("decodebin"));
		g_object_set(decodebin, "force-sw-decoders", TRUE, NULL);
		last = add(e, NULL, make("videoconvert"));
		g_signal_connect_object(decodebin, "pad-added", G_CALLBACK(decoded), last, 0);
		last = add(e, last, make_filter(in_system));
		last = add(e, last, make_memory(gives));
		break;
	}
	case SCALER:
		last = add(e, last, make_memory(NULL));
		last = add(e, last, make("videoscale"));
		g_object_set(last, "add-borders", FALSE, NULL);
		last = add(e, last, make("videoconvert"));
		last = add(e, last, make_filter(in_system));
		last = add(e, last, make_memory(gives));
		break;
	case DOWNLOAD:
		last = add(e, last, make_memory(NULL));
		break;
	case ENCODER:
		last = add(e, last, make_memory(NULL));
		last = add(e, last, make("videoconvert"));
		last = e->jpegenc = add(e, last, make("jpegenc"));
		break;
	}
	gst_caps_unref(gives);
	gst_caps_unref(in_system);
	GstElementClass *element = GST_ELEMENT_CLASS(class);
	GstPad *in = gst_element_get_static_pad(e->entry, "sink"), *out = gst_element_get_static_pad(last, "src");
	gst_element_add_pad(GST_ELEMENT(e), gst_ghost_pad_new_from_template("sink", in, gst_element_class_get_pad_template(element, "sink")));
	GstPad *src = gst_ghost_pad_new_from_template("src", out, gst_element_class_get_pad_template(element, "src"));
	gst_element_add_pad(GST_ELEMENT(e), src);
	gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_BUFFER, element_out, e, NULL);
	gst_object_unref(in);
	gst_object_unref(out);
}

/* wanted reports whether an element is to be registered. only is NULL for all. */
static gboolean wanted(const Standin *s, const gchar *const *only) {
	if (strcmp(s->platform, "nvidia") == 0 && g_strcmp0(g_getenv("CUDA_VISIBLE_DEVICES"), "") == 0)
		return FALSE;
	if (only == NULL)
		return TRUE;
	gchar   *without = g_strconcat("-", s->factory, NULL);
	gboolean is = g_strv_contains(only, s->platform) && !g_strv_contains(only, without);
	g_free(without);
	return is;
}

static gboolean plugin_init(GstPlugin *plugin) {
	const gchar *only = g_getenv("FRAMEGATE_STANDIN_ONLY");
	gchar      **platforms = only == NULL ? NULL : g_strsplit(only, ",", 0);
	for (guint i = 0; i < G_N_ELEMENTS(standins); i++) {
		const Standin *s = &standins[i];
		if (!wanted(s, (const gchar *const *)platforms))
			continue;
		GTypeInfo info = {
			.class_size = sizeof(ElementClass), .class_init = element_class_init, .class_data = s,
			.instance_size = sizeof(Element), .instance_init = element_init,
		};
		gchar *name = g_strdup_printf("FramegateStandin_%s_%s", s->platform, s->factory);
		GType type = g_type_register_static(GST_TYPE_BIN, name, &info, 0);
		g_free(name);
		if (!gst_element_register(plugin, s->factory, GST_RANK_NONE, type))
			return FALSE;
	}
	g_strfreev(platforms);
	return TRUE;
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, framegatestandin, "Stand-ins for hardware", plugin_init, "1", "Proprietary", PACKAGE,
	"https://framegate.invalid/")
