#!/bin/sh
# Prints the CGO_CFLAGS to build with: its present value, and with GStreamer older than 1.22 also older-gstreamer.h. make
# uses it. To build without make: CGO_CFLAGS="$(scripts/cflags.sh)" go build -o bin/ ./cmd/framegate
set -eu
gstreamer() { "${PKG_CONFIG:-pkg-config}" "$1" gstreamer-1.0; }
if gstreamer --exists && ! gstreamer --atleast-version=1.22; then
	echo "$(go env CGO_CFLAGS) -include '$(cd "$(dirname "$0")" && pwd)/older-gstreamer.h'"
else
	echo "${CGO_CFLAGS-}"
fi
