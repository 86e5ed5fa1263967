package pipeline

/*
#include <gst/gst.h>
#include <string.h>

// FG_BLANK is from how many bytes on memory is blanked: the smallest pictures are of this size. Little else is, and to
// fill what is overwritten costs far less than to decode it.
#define FG_BLANK (16u << 10)

static GstAllocatorClass *fg_system; // GStreamer's own

static GstMemory *fg_alloc_blank(GstAllocator *a, gsize size, GstAllocationParams *params) {
	GstMemory *made = fg_system->alloc(a, size, params);
	GstMapInfo all;
	if (made != NULL && size >= FG_BLANK && gst_memory_map(made, &all, GST_MAP_WRITE)) {
		memset(all.data, 0, all.size);
		gst_memory_unmap(made, &all);
	}
	return made;
}

static void fg_blank_init(gpointer class, gpointer unused) {
	fg_system = g_type_class_peek_parent(class);
	((GstAllocatorClass *)class)->alloc = fg_alloc_blank;
}

static void fg_blank_memory(void) {
	GstAllocator *system = gst_allocator_find(GST_ALLOCATOR_SYSMEM);
	GTypeQuery as;
	g_type_query(G_OBJECT_TYPE(system), &as);
	GType type = g_type_register_static_simple(as.type, "FramegateAllocator", as.class_size, fg_blank_init, as.instance_size, NULL, 0);
	gst_allocator_set_default(gst_object_ref_sink(g_object_new(type, NULL)));
	gst_object_unref(system);
}
*/
import "C"

// blankMemory makes GStreamer hand out system memory that is filled with zeros, as far as it may hold a picture. It is
// called once, before there are any pipelines.
//
// What a decoder cannot read of a broken access unit it leaves as it finds it. Memory as malloc gives it has been found to
// hold pictures of other cameras then. A pool's memory comes from here once and is used for one stream only, so this costs
// nothing for each picture; libav's own memory, which is as clean, has to be copied (direct-rendering=false: a
// twentieth of all that a camera costs), and to take fresh pages from the kernel each time cost a third.
func blankMemory() { C.fg_blank_memory() }
