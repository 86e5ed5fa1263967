#!/bin/sh
# Compiles every C file of the project with warnings as errors, and checks its format where clang-format 14, of Debian 12, is
# installed. cgo compiles the C beside Go too, but shows no warnings. GStreamer's callbacks have parameters that not every
# function needs.
set -eu
cd "$(dirname "$0")/.."
flags=$(pkg-config --cflags gstreamer-app-1.0 gstreamer-video-1.0 gio-2.0)
files=$(find cmd internal pipeline tools -name '*.c')
[ -n "$files" ]
for file in $files; do
	gcc -fsyntax-only -Wall -Wextra -Werror -Wno-unused-parameter $flags "$file"
done
if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then # other versions format otherwise
	find pipeline -name '*.[ch]' | xargs clang-format --dry-run --Werror
fi
