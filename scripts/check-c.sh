#!/bin/sh
# Checks that every C file of the project compiles without warnings, which cgo does not show. Unused parameters are allowed: the
# signatures of GStreamer's callbacks have more than some functions need. If clang-format 14 is installed, the version of
# Debian 12, it also checks the format of the C files of pipeline.
set -eu
cd "$(dirname "$0")/.."
flags=$(pkg-config --cflags gstreamer-app-1.0 gstreamer-video-1.0 gstreamer-pbutils-1.0 gio-2.0)
files=$(find cmd internal pipeline tools -name '*.c')
[ -n "$files" ]
for file in $files; do
	gcc -fsyntax-only -Wall -Wextra -Werror -Wno-unused-parameter $flags "$file"
done
if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then # other versions format differently
	find pipeline -name '*.[ch]' | xargs clang-format --dry-run --Werror
fi
