#!/bin/sh
# Makes files that framegate plays, or names because it does not play them. It needs ffmpeg and python3-pil.
set -eu
cd "$(dirname "$0")"
make() { ffmpeg -v error -y -f lavfi -i testsrc=size=48x32:rate=25:duration=0.12 -an -fflags +bitexact "$@"; }
make -c:v mpeg2video -f mpeg mpeg2.mpg
make -c:v mpeg2video -f mpegts mpeg2.ts
make -c:v ffv1 ffv1.mkv
make -c:v wmv2 wmv.asf
make -c:v libtheora theora.ogv
make -frames:v 1 -c:v mpeg4 upright.mp4
ffmpeg -v error -y -i upright.mp4 -c copy -metadata:s:v rotate=90 -fflags +bitexact rotated.mp4
rm upright.mp4
ffmpeg -v error -y -f lavfi -i sine=d=0.1 -fflags +bitexact sound.wav
python3 - <<'PYTHON'
from PIL import Image
Image.new("RGB", (48, 32), (200, 40, 40)).save("red.webp")
PYTHON
