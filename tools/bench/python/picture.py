"""What the hand-written server makes of a picture: OpenCV decodes, shrinks and encodes.

    python3 picture.py SOURCE WIDTH HEIGHT QUALITY COUNT FOLDER
"""
import os
import sys

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"

import cv2

source, width, height, quality, count, folder = sys.argv[1], *map(int, sys.argv[2:6]), sys.argv[6]
camera = cv2.VideoCapture(source, cv2.CAP_FFMPEG)
for i in range(count):
    ok, picture = camera.read()
    if not ok:
        sys.exit(f"{source}: no picture")
    small = cv2.resize(picture, (width, height))
    cv2.imwrite(os.path.join(folder, f"{i:05}.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, quality])
