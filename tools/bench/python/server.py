"""A typical hand-written camera server, for comparison: OpenCV reads the camera into a queue of ten decoded
pictures, and Django's view shrinks and encodes them for each viewer.

    python3 server.py RTSP-URL PORT
"""
import os
import queue
import sys
import threading

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"

import cv2
import django
from django.conf import settings
from django.core.servers.basehttp import run
from django.core.wsgi import get_wsgi_application
from django.http import StreamingHttpResponse
from django.urls import path

url, port = sys.argv[1], int(sys.argv[2])
pictures = queue.Queue(maxsize=10)


def read_camera():
    camera = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    while True:
        ok, picture = camera.read()
        if not ok:
            os._exit(1)
        if pictures.full():
            try:
                pictures.get_nowait()
            except queue.Empty:
                pass
        pictures.put(picture)


def parts():
    while True:
        small = cv2.resize(pictures.get(), None, fx=0.25, fy=0.25)
        ok, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
        if ok:
            yield b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg.tobytes() + b"\r\n"


def stream(request):
    return StreamingHttpResponse(parts(), content_type="multipart/x-mixed-replace; boundary=frame")


urlpatterns = [path("stream", stream)]
settings.configure(ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, SECRET_KEY="none", MIDDLEWARE=[])
django.setup()
threading.Thread(target=read_camera, daemon=True).start()
run("127.0.0.1", port, get_wsgi_application(), threading=True)
