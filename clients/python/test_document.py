"""Tests of the code in docs/from-opencv-django.md."""

import http.client
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import types
import unittest
import warnings
import wsgiref.simple_server

import framegate
from test_framegate import CONFIG, PATIENCE, Server

try:
    import cv2
except ImportError:
    cv2 = None

try:
    import django.conf
except ImportError:
    django = None

DOCUMENT = os.path.join(os.path.dirname(__file__), "../../docs/from-opencv-django.md")
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")


def blocks(language):
    with open(DOCUMENT, encoding="utf-8") as file:
        return re.findall(r"```%s\n(.*?)```" % language, file.read(), re.DOTALL)


class Document(unittest.TestCase):
    def test_every_block_is_python(self):
        self.assertGreater(len(blocks("python")), 4)
        for block in blocks("python"):
            compile(block, DOCUMENT, "exec")


@unittest.skipIf(django is None, "SKIPPED: Django is not installed")
@unittest.skipUnless("FRAMEGATE" in os.environ, "SKIPPED: FRAMEGATE names no framegate")
class Views(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        warned = warnings.catch_warnings()
        warned.__enter__()
        cls.addClassCleanup(warned.__exit__, None, None, None)
        warnings.simplefilter("ignore")  # those of Django itself
        users = tempfile.NamedTemporaryFile(suffix=".db")
        cls.addClassCleanup(users.close)
        django.conf.settings.configure(
            ALLOWED_HOSTS=["*"],
            SECRET_KEY="of the tests",
            ROOT_URLCONF=types.ModuleType("urls"),
            INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
            MIDDLEWARE=[
                "django.contrib.sessions.middleware.SessionMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
            ],
            SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
            DATABASES={
                "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": users.name}
            },
        )
        django.setup()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def serve(self, config=CONFIG):
        server = Server(self.folder, config)
        server.start()
        self.addCleanup(server.stop)
        return server

    @unittest.skipIf(NGINX is None, "SKIPPED: nginx is not installed")
    def test_nginx_passes_the_stream_on_to_whoever_has_signed_in(self):
        import django.contrib.auth.decorators
        import django.contrib.auth.models
        import django.core.management
        import django.core.wsgi
        import django.http
        import django.test
        import django.urls

        there = os.path.join(self.folder, "framegate.sock")
        documented = {
            language: [
                block.replace("/run/framegate/framegate.sock", there)
                for block in blocks(language)
                if word in block
            ][0]
            for language, word in {"yaml": "listen", "python": "X-Accel", "nginx": "internal"}.items()
        }
        server = self.serve(documented["yaml"] + CONFIG)
        self.assertEqual(server.socket, there)

        names = {
            "__name__": "views",
            "HttpResponse": django.http.HttpResponse,
            "login_required": django.contrib.auth.decorators.login_required,
            "path": django.urls.path,
        }
        exec(documented["python"], names)
        django.conf.settings.ROOT_URLCONF.urlpatterns = names["urlpatterns"]
        django.core.management.call_command("migrate", verbosity=0)
        client = django.test.Client()
        client.force_login(django.contrib.auth.models.User.objects.create_user("ann"))
        page = client.get("/cameras/ball/stream?width=64")
        self.assertEqual(page["X-Accel-Redirect"], "/framegate/cameras/ball/stream?width=64")
        cookie = "sessionid=" + client.cookies["sessionid"].value

        site = wsgiref.simple_server.make_server(
            "127.0.0.1", 0, django.core.wsgi.get_wsgi_application(), handler_class=Quiet
        )
        self.addCleanup(site.server_close)
        threading.Thread(target=site.serve_forever, daemon=True).start()
        self.addCleanup(site.shutdown)
        front = self.start_nginx(
            documented["nginx"]
            + "location / { proxy_pass http://127.0.0.1:%d; }" % site.server_port
        )
        with framegate.Camera("/cameras/ball", socket=there) as camera:
            self.assertIsNotNone(camera.next_frame(PATIENCE))  # framegate serves

        path = "/cameras/ball/stream?width=64"
        status, headers, _ = self.ask(front, path, {})
        self.assertEqual((status, headers["Location"].partition("?")[0]), (302, "/accounts/login/"))
        self.assertEqual(self.ask(front, "/framegate" + path, {"Cookie": cookie})[0], 404)
        status, headers, begin = self.ask(front, path, {"Cookie": cookie})
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "multipart/x-mixed-replace; boundary=frame")
        self.assertTrue(begin.startswith(b"--frame\r\nContent-Type: image/jpeg\r\n"), begin)
        self.assertIn(b"\r\n\r\n\xff\xd8", begin)

    def start_nginx(self, locations):
        """Starts an nginx with some locations, and returns its address."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        fd, address = listener.fileno(), "127.0.0.1:%d" % listener.getsockname()[1]
        config = os.path.join(self.folder, "nginx.conf")
        with open(config, "w") as file:
            file.write("daemon off; worker_processes 1; pid %s/pid; events {}\n" % self.folder)
            if os.geteuid() == 0:
                file.write("user root root;\n")  # by default it may not enter the folder
            file.write("http { access_log off;\n")
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
                file.write("%s_temp_path %s;\n" % (kind, os.path.join(self.folder, kind)))
            file.write("server { listen %s;\n%s\n} }\n" % (address, locations))
        nginx = subprocess.Popen(
            [NGINX, "-e", "stderr", "-p", self.folder, "-c", config],
            pass_fds=[fd],
            env={**os.environ, "NGINX": "%d;" % fd},  # it takes over what listens already
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(nginx.wait, PATIENCE)
        self.addCleanup(nginx.terminate)
        return address

    def ask(self, address, path, headers):
        """Returns status, headers and the beginning of the body."""
        connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        self.addCleanup(response.close)
        return response.status, response.headers, response.read(300)

    @unittest.skipIf(cv2 is None, "SKIPPED: OpenCV is not installed")
    def test_drawing_is_streamed_and_ends_when_nobody_watches(self):
        names = {}
        (block,) = (b for b in blocks("python") if "class Drawing" in b)
        exec(block, names)
        url = "http+unix://%s/cameras/" % self.serve().socket.replace("/", "%2F")
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


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *args):
        pass


if __name__ == "__main__":
    unittest.main()
