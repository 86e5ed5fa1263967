#!/bin/sh
# Makes JPEGs of unusual kinds. Each shows four quadrants: red, green, blue and light grey. It needs libjpeg-turbo-progs and
# python3-pil.
set -eu
cd "$(dirname "$0")"
ppm=$(mktemp)
trap 'rm -f "$ppm"' EXIT
python3 - "$ppm" <<'PYTHON'
import sys
from PIL import Image
quadrants = Image.new("RGB", (2, 2))
quadrants.putdata([(200, 40, 40), (40, 180, 60), (40, 60, 200), (220, 220, 220)])
picture = quadrants.resize((96, 64), Image.NEAREST)
picture.save(sys.argv[1], "PPM")
picture.convert("CMYK").save("cmyk.jpg", quality=85)
PYTHON
make() { cjpeg -quality 85 "$@" "$ppm"; }
make -sample 1x2 >440.jpg
make -sample 4x1 >411.jpg
make -sample 4x2 >410.jpg
make -sample 2x2,1x2,1x2 >422-of-libavcodec.jpg
make -rgb >rgb.jpg
make -grayscale >grey.jpg
make -progressive >progressive.jpg
make -restart 1B >restart.jpg
make -arithmetic >arithmetic.jpg
