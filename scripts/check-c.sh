#!/bin/sh
# Compiles every C file of the project with warnings as errors, and checks the format of pipeline's if clang-format 14, that
# of Debian 12, is installed. cgo compiles the C files beside Go too, but shows no warnings. Unused parameters are allowed,
# since GStreamer's callbacks have parameters that not every function needs.
set -eu
cd "$(dirname "$0")/.."
flags=$(pkg-config --cflags gstreamer-app-1.0 gstreamer-video-1.0 gio-2.0)
files=$(find cmd internal pipeline tools -name '*.c')
[ -n "$files" ]
for file in $files; do
	gcc -fsyntax-only -Wall -Wextra -Werror -Wno-unused-parameter $flags "$file"
done
if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then # other versions format in another way
	find pipeline -name '*.[ch]' | xargs clang-format --dry-run --Werror
fi
