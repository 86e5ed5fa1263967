#!/bin/sh
# Prints what CGO_CFLAGS has to be: what it is, and below GStreamer 1.22 older-gstreamer.h besides. make asks it; who
# builds without make writes CGO_CFLAGS="$(scripts/cflags.sh)" go build ./cmd/...
set -eu
gstreamer() { "${PKG_CONFIG:-pkg-config}" "$1" gstreamer-1.0; }
if gstreamer --exists && ! gstreamer --atleast-version=1.22; then
	echo "$(go env CGO_CFLAGS) -include '$(cd "$(dirname "$0")" && pwd)/older-gstreamer.h'"
else
	echo "${CGO_CFLAGS-}"
fi
