"""Says when something moves before a camera, with OpenCV.

    python3 motion.py http://127.0.0.1:8080/cameras/gate

framegate decodes and scales, so this program looks at small grey pictures, five a second.
"""

import os
import sys
import time

import cv2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from framegate import Camera  # noqa: E402

THRESHOLD = 25  # how much brighter or darker a pixel must become, of 255
LEAST = 0.005  # which part of the pixels must change


def main() -> None:
    with Camera(sys.argv[1], format="gray", width=320, fps=5) as camera:
        before = None
        for frame in camera:
            picture = cv2.GaussianBlur(frame.array, (5, 5), 0)
            if before is not None and before.shape == picture.shape:
                changed = cv2.absdiff(before, picture) > THRESHOLD
                if changed.mean() > LEAST:
                    at = time.strftime("%H:%M:%S", time.localtime(frame.timestamp))
                    print("%s: %.1f %% of the picture" % (at, 100 * changed.mean()), flush=True)
            before = picture


if __name__ == "__main__":
    main()
