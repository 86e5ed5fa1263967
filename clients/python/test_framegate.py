"""Tests of framegate.py with a real framegate, whose path is in the variable FRAMEGATE:

    FRAMEGATE=../../bin/framegate python3 -m unittest
"""

import http.server
import itertools
import logging
import os
import signal
import subprocess
import tempfile
import threading
import unittest

import framegate

logging.disable()  # failures are a part of the tests

PATIENCE = 60  # seconds for anything that must happen; a busy machine needs some

CONFIG = """
defaults: {idle_timeout: 5s}
cameras:
  - {id: ball, url: "test://ball"}
  - {id: gone, url: "rtsp://127.0.0.1:1/"}
"""


class Server:
    """A running framegate with a socket of its own."""

    def __init__(self, folder):
        self.socket = os.path.join(folder, "framegate.sock")
        self.config = os.path.join(folder, "framegate.yaml")
        self.process = None
        with open(self.config, "w") as file:
            file.write(CONFIG)

    def start(self):
        self.process = subprocess.Popen(
            [os.environ["FRAMEGATE"], "serve", "--config", self.config]
            + ["--listen", "unix:" + self.socket],
            stderr=subprocess.DEVNULL,
        )

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)


@unittest.skipUnless("FRAMEGATE" in os.environ, "SKIPPED: FRAMEGATE names no framegate")
class WithFramegate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(cls.folder.name)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.folder.cleanup()

    def camera(self, id="ball", **options):
        camera = framegate.Camera("/cameras/" + id, socket=self.server.socket, **options)
        self.addCleanup(camera.close)
        return camera

    def test_each_frame_is_newer_than_the_last(self):
        frames = self.camera(scale=0.5)
        last = frames.next_frame(PATIENCE)
        for frame in itertools.islice(frames, 20):
            self.assertGreater(frame.timestamp, last.timestamp)
            self.assertEqual(frame.sequence, last.sequence + 1 + frame.missed)
            last = frame

    def test_socket_may_be_in_the_url(self):
        url = "http+unix://" + self.server.socket.replace("/", "%2F") + "/cameras/ball?width=100"
        with framegate.Camera(url, "jpeg", height=60) as camera:
            frame = camera.next_frame(PATIENCE)
        self.assertEqual(bytes(frame.data[:2]), b"\xff\xd8")
        self.assertEqual((frame.width, frame.height), (100, 60))
        self.assertIsNone(camera.next_frame())

    @unittest.skipIf(framegate.numpy is None, "SKIPPED: numpy is not installed")
    def test_arrays_have_the_shapes_of_opencv(self):
        colours = (60, 102, 3)
        shapes = {"bgr": colours, "rgb": colours, "gray": (60, 102), "i420": (90, 102)}
        for format, shape in shapes.items():
            ok, array = self.camera(format=format, width=102, height=60).read(PATIENCE)
            self.assertTrue(ok, format)
            self.assertEqual((array.shape, str(array.dtype)), (shape, "uint8"))
            array += 1  # it may be written to

    @unittest.skipIf(framegate.numpy is None, "SKIPPED: numpy is not installed")
    def test_formats_show_the_same_picture(self):
        # The camera shows a white ball on black, so the brightest and darkest pixels are known.
        for format in ("bgr", "rgb", "gray"):
            array = self.camera(format=format, width=102, height=60).next_frame(PATIENCE).array
            self.assertGreater(array.max(), 240, format)
            self.assertLess(array.min(), 15, format)
        luma = self.camera(format="i420", width=102, height=60).next_frame(PATIENCE).array[:60]
        self.assertTrue(225 < luma.max() <= 236, luma.max())
        self.assertTrue(15 <= luma.min() < 30, luma.min())

    def test_program_that_pauses_gets_the_newest_frame(self):
        pausing, other = self.camera(scale=0.5), self.camera(scale=0.5)
        first = pausing.next_frame(PATIENCE)
        seen = other.next_frame(PATIENCE)
        while seen.timestamp < first.timestamp + 2:
            seen = other.next_frame(PATIENCE)
        second = pausing.next_frame(PATIENCE)
        self.assertGreaterEqual(second.timestamp, seen.timestamp)
        self.assertGreater(second.missed, 0)

    def test_camera_that_is_away_is_no_frame(self):
        with self.assertRaises(framegate.Refused) as caught:
            self.camera("gone", reconnect=False).next_frame(PATIENCE)
        self.assertEqual((caught.exception.status, caught.exception.reason), (503, "unreachable"))
        self.assertEqual(self.camera("gone").read(timeout=0.5), (False, None))

    def test_what_cannot_succeed_is_an_error(self):
        with self.assertRaises(framegate.Refused) as caught:
            self.camera("nobody").next_frame(PATIENCE)
        self.assertEqual(caught.exception.status, 404)
        with self.assertRaises(framegate.Refused) as caught:
            self.camera(scale=7).next_frame(PATIENCE)
        self.assertEqual((caught.exception.status, caught.exception.parameter), (400, "scale"))
        with self.assertRaises(ValueError):
            self.camera(format="yuv")
        with self.assertRaises(ValueError):
            framegate.Camera("gate")

    def test_frames_go_on_after_a_restart(self):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(folder)
            server.start()
            try:
                camera = framegate.Camera("/cameras/ball", socket=server.socket)
                before = camera.next_frame(PATIENCE)
                server.stop()
                server.start()
                after = camera.next_frame(PATIENCE)
                self.assertGreater(after.timestamp, before.timestamp)
                camera.close()
            finally:
                server.stop()

    def test_close_ends_the_wait_of_another_thread(self):
        camera = self.camera("gone")
        frames = []
        waiting = threading.Thread(target=lambda: frames.extend(camera))
        waiting.start()
        camera.close()
        waiting.join(PATIENCE)
        self.assertFalse(waiting.is_alive() or frames or camera.isOpened())


class Answers(http.server.BaseHTTPRequestHandler):
    """A server that answers with a list of statuses, one after the other, and then with frames."""

    protocol_version = "HTTP/1.1"
    statuses = []
    asked = []

    def do_GET(self):  # noqa: N802
        self.asked.append(self.path)
        status = self.statuses.pop(0) if self.statuses else 200
        body = b"abcd"
        if status == 400:
            body = b'{"parameter": "after", "detail": "after is in the future"}'
        if status == 0:  # it closes the connection
            self.close_connection = True
            return
        self.send_response(status)
        if status == 200:
            self.send_header("X-Timestamp", "1700000000.000001")
            self.send_header("X-Sequence", "7")
            self.send_header("X-Width", "2")
            self.send_header("X-Height", "2")
        if status == 204:
            body = b""
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class WithOtherAnswers(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        Answers.asked.clear()

    def camera(self, *statuses):
        Answers.statuses[:] = statuses
        url = "http://127.0.0.1:%d/cams/cameras/gate/" % self.server.server_address[1]
        camera = framegate.Camera(url, "gray")
        self.addCleanup(camera.close)
        return camera

    def test_failures_are_waited_out(self):
        frame = next(iter(self.camera(503, 204, 0, 502, 204)))
        self.assertEqual(bytes(frame.data), b"abcd")
        self.assertEqual((frame.width, frame.height, frame.sequence), (2, 2, 7))
        self.assertEqual(Answers.asked[0], "/cams/cameras/gate/next.raw?format=gray&wait=10.0")

    def test_wait_for_a_frame_may_be_short(self):
        camera = self.camera(*[204] * 10000)
        self.assertIsNone(camera.next_frame(0.1))
        for path in Answers.asked:
            self.assertTrue(path.endswith("&wait=0.1"), path)

    def test_timestamp_is_sent_as_it_came_and_left_out_after_the_clock_was_set_back(self):
        camera = self.camera(200, 400, 200)
        camera.next_frame(PATIENCE)
        camera.next_frame(PATIENCE)
        after = [path.partition("&after=")[2] for path in Answers.asked]
        self.assertEqual(after, ["", "1700000000.000001", ""])


if __name__ == "__main__":
    unittest.main()
