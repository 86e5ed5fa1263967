#include "living.h"

static gint fg_living; // atomic

static void fg_freed(gpointer unused, GObject *gone) { g_atomic_int_add(&fg_living, -1); }

void fg_count(void *object) {
	g_atomic_int_inc(&fg_living);
	g_object_weak_ref(object, fg_freed, NULL);
}

gint fg_counted(void) { return g_atomic_int_get(&fg_living); }
