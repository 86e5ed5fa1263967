"""A program that looks at the pictures of a camera at half size, with framegate's client or with OpenCV's own reader.

    python3 client.py framegate URL PAUSE
    python3 client.py opencv URL PAUSE

It prints for each picture when it had it, in seconds since 1970, and the number of the frame, which the test camera writes into it
(internal/testcam/mark). PAUSE is how many seconds it pauses after each picture.
"""
import os
import sys
import time

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"

import cv2
import numpy

COLUMNS, BITS, FRAME_BITS, CHECK_BITS = 24, 48, 24, 16


def from_framegate(url):
    from framegate import Camera

    for frame in Camera(url, format="bgr"):
        yield frame.array


def from_opencv(url):
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    while True:
        ok, picture = capture.read()
        if not ok:
            sys.exit("the camera has ended")
        yield cv2.resize(picture, None, fx=0.5, fy=0.5)


def main():
    kind, url, pause = sys.argv[1], sys.argv[2], float(sys.argv[3])
    rows = columns = None
    weights = 1 << numpy.arange(BITS - 1, -1, -1, dtype=numpy.int64)
    for picture in {"framegate": from_framegate, "opencv": from_opencv}[kind](url):
        at = time.time()
        if rows is None:
            height, width = picture.shape[:2]
            cells = numpy.arange(BITS)
            columns = ((1.5 + cells % COLUMNS) / 32 * width).astype(int)
            rows = ((1 - 3 / 18 + (0.5 + cells // COLUMNS) / 18) * height).astype(int)
        word = int(((picture[rows, columns, 1] > 128) * weights).sum())
        print("%.6f %d" % (at, word >> CHECK_BITS & (1 << FRAME_BITS) - 1), flush=True)
        if pause:
            time.sleep(pause)


main()
