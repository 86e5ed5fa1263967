#include "rtsp.h"

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
