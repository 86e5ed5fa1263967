#!/bin/sh
# Compiles every C file of the project with warnings as errors, and checks its format where clang-format is installed. The C
# beside Go is compiled by cgo too, but there a warning is not shown. GStreamer's callbacks have parameters that not every
# function needs.
set -eu
cd "$(dirname "$0")/.."
flags=$(pkg-config --cflags gstreamer-app-1.0 gstreamer-video-1.0 gio-2.0)
git ls-files '*.c' | while read -r file; do
	gcc -fsyntax-only -Wall -Wextra -Werror -Wno-unused-parameter $flags "$file"
done
if command -v clang-format >/dev/null; then
	git ls-files 'pipeline/*.[ch]' | xargs clang-format --dry-run --Werror
fi
