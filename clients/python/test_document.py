"""Tests of the code in docs/from-opencv-django.md."""

import os
import re
import tempfile
import threading
import time
import unittest
import warnings

try:
    import cv2
    import django.conf
except ImportError:
    cv2 = None

from test_framegate import PATIENCE, Server

DOCUMENT = os.path.join(os.path.dirname(__file__), "../../docs/from-opencv-django.md")


def blocks():
    with open(DOCUMENT, encoding="utf-8") as file:
        return re.findall(r"```python\n(.*?)```", file.read(), re.DOTALL)


class Document(unittest.TestCase):
    def test_every_block_is_python(self):
        self.assertGreater(len(blocks()), 4)
        for block in blocks():
            compile(block, DOCUMENT, "exec")

    @unittest.skipIf(cv2 is None, "SKIPPED: OpenCV or Django is not installed")
    @unittest.skipUnless("FRAMEGATE" in os.environ, "SKIPPED: FRAMEGATE names no framegate")
    def test_drawing_is_streamed_and_ends_when_nobody_watches(self):
        if not django.conf.settings.configured:
            django.conf.settings.configure()
        names = {}
        (block,) = (b for b in blocks() if "class Drawing" in b)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of Django itself
            exec(block, names)
        with tempfile.TemporaryDirectory() as folder:
            server = Server(folder)
            server.start()
            self.addCleanup(server.stop)
            url = "http+unix://%s/cameras/" % server.socket.replace("/", "%2F")
            names["gate"].url = url + "ball"
            response = names["stream"](None)
            parts = iter(response.streaming_content)
            self.assertEqual(next(parts), names["HEAD"])
            for _ in range(3):
                jpeg, end = next(parts).split(b"\r\n--frame\r\n")
                self.assertEqual((jpeg[:2], jpeg[-2:]), (b"\xff\xd8", b"\xff\xd9"))
                self.assertEqual(end, b"Content-Type: image/jpeg\r\n\r\n")
            response.close()
            self.ends(names["gate"])

            away = names["Drawing"](url + "gone")
            parts = away.parts()
            next(parts)
            parts.close()
            self.ends(away)

    def ends(self, drawing):
        deadline = time.monotonic() + PATIENCE
        while drawing.running or any(t.name.endswith("(run)") for t in threading.enumerate()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.001)


if __name__ == "__main__":
    unittest.main()
