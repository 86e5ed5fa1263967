#include "memory.h"

// FG_BLANK is the smallest size in bytes of memory that is filled with zeros: a little more than a picture of 64x42.
#define FG_BLANK 4096

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

void fg_blank_memory(void) {
	GstAllocator *system = gst_allocator_find(GST_ALLOCATOR_SYSMEM);
	GTypeQuery as;
	g_type_query(G_OBJECT_TYPE(system), &as);
	const GType type = g_type_register_static_simple(
		as.type, "FramegateAllocator", as.class_size, fg_blank_init, as.instance_size, NULL, 0);
	if (type != 0)
		gst_allocator_set_default(gst_object_ref_sink(g_object_new(type, NULL)));
	gst_object_unref(system);
}

void fg_trim_memory(void) {
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
