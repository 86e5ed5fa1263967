#ifndef FRAMEGATE_RTSP_H
#define FRAMEGATE_RTSP_H

#include <gio/gio.h>

// fg_set_tls_ca makes an element trust the certificates of a PEM file only.
gchar *fg_set_tls_ca(void *element, const char *path);

#endif
