"""Tests of framegate.py with a real framegate, whose path is in the variable FRAMEGATE:

    FRAMEGATE=../../bin/framegate python3 -m unittest
"""

import http.client
import http.server
import itertools
import logging
import os
import shutil
import signal
import ssl
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

    def __init__(self, folder, config=CONFIG):
        self.socket = os.path.join(folder, "framegate.sock")
        self.config = os.path.join(folder, "framegate.yaml")
        self.process = None
        with open(self.config, "w") as file:
            file.write(config)

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


# The headers of a frame of 2x2 pixels in gray.
FRAME = {
    "X-Timestamp": "1700000000.000001",
    "X-Sequence": 7,
    "X-Width": 2,
    "X-Height": 2,
    "X-Format": "gray",
}

SILENCE = -1  # the status of an answer that does not come until the test ends


class Answers(http.server.BaseHTTPRequestHandler):
    """A server that answers with a list of statuses, one after the other, and then with frames.

    A dictionary in the list has other headers for a frame, or None to leave one out.
    """

    protocol_version = "HTTP/1.1"
    statuses = []
    asked = []
    credentials = []
    connections = []
    ended = threading.Event()

    def setup(self):
        super().setup()
        self.connections.append(self.client_address)

    def do_GET(self):  # noqa: N802
        self.asked.append(self.path)
        self.credentials.append(self.headers["Authorization"])
        status = self.statuses.pop(0) if self.statuses else 200
        headers = {}
        if isinstance(status, dict):
            status, headers = 200, status
        body = b"abcd"
        if status == 400:
            body = b'{"parameter": "after", "detail": "after is in the future"}'
        if status == 0:  # it closes the connection
            self.close_connection = True
            return
        if status == SILENCE:
            self.ended.wait(PATIENCE)
            self.close_connection = True
            return
        if status == 204:
            body = b""
        else:
            headers = {"Content-Length": len(body), **headers}
        if status == 200:
            headers = {**FRAME, **headers}
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class WithOtherAnswers(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients that end a connection are no failures
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        Answers.asked.clear()
        Answers.credentials.clear()
        Answers.connections.clear()
        Answers.ended.clear()
        self.addCleanup(Answers.ended.set)

    def camera(self, *statuses, **options):
        Answers.statuses[:] = statuses
        url = "http://127.0.0.1:%d/cams/cameras/gate/" % self.server.server_address[1]
        camera = framegate.Camera(url, "gray", **options)
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

    def in_time(self, function):
        """Calls a function in a thread, which must end, and returns what it returns."""
        results = []
        thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
        thread.start()
        thread.join(PATIENCE)
        self.assertFalse(thread.is_alive())
        return results[0]

    def test_wait_for_a_frame_is_short_though_framegate_is_silent(self):
        for reconnect in (True, False):
            camera = self.camera(SILENCE, patience=10 * PATIENCE, reconnect=reconnect)
            self.assertIsNone(self.in_time(lambda camera=camera: camera.next_frame(0.2)))
        camera = self.camera({"Content-Length": 6, "X-Width": 3}, patience=10 * PATIENCE)
        self.assertIsNone(self.in_time(lambda: camera.next_frame(0.2)))

    def test_close_asks_for_nothing_more(self):
        for statuses in ([SILENCE], [200, SILENCE]):
            camera = self.camera(*statuses, patience=10 * PATIENCE, wait=60)
            before = len(Answers.asked)

            def close(camera=camera, asked=before + len(statuses)):
                while len(Answers.asked) < asked:
                    framegate.time.sleep(0.001)
                camera.close()

            closing = threading.Thread(target=close)
            closing.start()
            frames = self.in_time(lambda camera=camera: list(camera))
            closing.join(PATIENCE)
            self.assertEqual(len(frames), len(statuses) - 1)
            self.assertEqual(len(Answers.asked), before + len(statuses))
            self.assertIsNone(camera._connection)

    def test_close_while_a_connection_is_made_sends_no_request(self):
        camera = self.camera()
        connect = http.client.HTTPConnection.connect

        def connect_and_close(connection):
            connect(connection)
            camera.close()

        http.client.HTTPConnection.connect = connect_and_close
        try:
            self.assertIsNone(camera.next_frame(PATIENCE))
        finally:
            http.client.HTTPConnection.connect = connect
        self.assertEqual(Answers.asked, [])
        self.assertIsNone(camera._connection)

    def test_close_in_the_middle_of_a_frame_ends_the_wait(self):
        camera = self.camera({"Content-Length": 6, "X-Width": 3}, patience=10 * PATIENCE)
        closing = threading.Event()
        size = camera._size

        def size_and_close(response):
            threading.Thread(target=lambda: (closing.wait(PATIENCE), camera.close())).start()
            closing.set()
            return size(response)

        camera._size = size_and_close
        self.assertIsNone(self.in_time(camera.next_frame))
        self.assertIsNone(camera._connection)

    def test_name_and_password_of_the_url_are_sent(self):
        port = self.server.server_address[1]
        for user, want in ("", None), ("ann:a%40b@", "Basic YW5uOmFAYg=="), ("ann@", "Basic YW5uOg=="):
            with framegate.Camera("http://%s127.0.0.1:%d/cameras/a" % (user, port), "gray") as camera:
                self.in_time(camera.next_frame)
            self.assertEqual(Answers.credentials.pop(), want)

    def test_token_is_sent_in_a_header(self):
        with self.camera(token="eyJ.x-y_z.A") as camera:
            self.in_time(camera.next_frame)
        self.assertEqual(Answers.credentials, ["Bearer eyJ.x-y_z.A"])
        self.assertNotIn("eyJ", Answers.asked[0])
        for url, token in (
            ("http://ann:secret@127.0.0.1/cameras/gate", "eyJ"),
            ("http://127.0.0.1/cameras/gate", "se cret"),
            ("http://127.0.0.1/cameras/gate", "secret\r\nHost: x"),
            ("http://127.0.0.1/cameras/gate", ""),
            ("rtsp://ann:secret@127.0.0.1/cameras/gate", None),
            ("http://ann:secret@127.0.0.1:0/cameras/gate", None),
        ):
            with self.assertRaises(ValueError) as caught:
                framegate.Camera(url, token=token)
            self.assertNotIn("secret", str(caught.exception))

    def test_log_has_no_secrets(self):
        logging.disable(logging.NOTSET)
        self.addCleanup(logging.disable)
        Answers.statuses[:] = [503, 200]
        port = self.server.server_address[1]
        url = "http://ann:secret1@127.0.0.1:%d/cameras/gate?sig=secret2&token=secret3" % port
        with self.assertLogs("framegate", logging.INFO) as logs:
            with framegate.Camera(url, "gray", nonce="secret4") as camera:
                self.in_time(camera.next_frame)
        self.assertEqual(len(logs.output), 2)
        for line in logs.output:
            self.assertIn("/cameras/gate: ", line)
            self.assertNotIn("secret", line)
        with self.assertRaises(http.client.InvalidURL) as caught:
            framegate.Camera("http://127.0.0.1/cameras/the gate?token=secret").next_frame()
        self.assertNotIn("secret", str(caught.exception))

    def test_answers_that_are_not_framegates_are_failures(self):
        wrong = [{name: None} for name in list(FRAME) + ["Content-Length"]]
        wrong += [
            {"X-Sequence": "one"},
            {"X-Width": 0},
            {"X-Width": 3},
            {"X-Format": "bgr"},
            {"X-Width": 1 << 40, "Content-Length": 2 << 40},
            {"Content-Length": 1 << 40},
        ]
        for headers in wrong:
            camera = self.camera(headers, reconnect=False)
            with self.assertRaises(http.client.HTTPException, msg=headers):
                camera.next_frame(PATIENCE)
            self.assertIsNone(camera._connection)
        self.assertIsNotNone(self.camera(*wrong[:2]).next_frame(PATIENCE))

    def test_what_cannot_succeed_is_raised(self):
        with self.assertRaises(ValueError):
            framegate.Camera("http://127.0.0.1:80a/cameras/gate")
        address = "http://127.0.0.1:%d" % self.server.server_address[1]
        with self.assertRaises(http.client.InvalidURL):
            framegate.Camera(address + "/cameras/the gate").next_frame(PATIENCE)

        def connect(connection):
            raise ssl.SSLCertVerificationError("self-signed certificate")

        old, http.client.HTTPSConnection.connect = http.client.HTTPSConnection.connect, connect
        try:
            with self.assertRaises(ssl.SSLCertVerificationError):
                framegate.Camera("https://127.0.0.1/cameras/gate").next_frame(PATIENCE)
        finally:
            http.client.HTTPSConnection.connect = old

    def test_missed_is_the_difference_while_framegate_counts(self):
        numbers = [{"X-Sequence": number} for number in (5, 9, 60, 80)]
        camera = self.camera(*numbers[:2], 0, *numbers[2:])
        framegate.COUNTED, counted = PATIENCE, framegate.COUNTED
        try:
            missed = [camera.next_frame(PATIENCE).missed for _ in range(3)]
            framegate.COUNTED = 0
            missed.append(camera.next_frame(PATIENCE).missed)
        finally:
            framegate.COUNTED = counted
        self.assertEqual(missed, [0, 3, 0, 0])

    def test_yes_and_no_are_sent_as_framegate_has_them(self):
        camera = self.camera(upscale=True, scale=0.5, fps=5)
        camera.next_frame(PATIENCE)
        self.assertIn("?upscale=1&scale=0.5&fps=5&format=gray&", Answers.asked[0])

    def test_timestamp_is_sent_as_it_came_and_left_out_after_the_clock_was_set_back(self):
        camera = self.camera(200, 400, 200)
        camera.next_frame(PATIENCE)
        camera.next_frame(PATIENCE)
        after = [path.partition("&after=")[2] for path in Answers.asked]
        self.assertEqual(after, ["", "1700000000.000001", ""])


class Types(unittest.TestCase):
    @unittest.skipIf(shutil.which("mypy") is None, "SKIPPED: mypy is not installed")
    def test_mypy_finds_nothing(self):
        checked = subprocess.run(
            ["mypy", "--strict", "--cache-dir=" + os.devnull, framegate.__file__],
            env={name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.assertEqual(checked.returncode, 0, checked.stdout.decode())


if __name__ == "__main__":
    unittest.main()
