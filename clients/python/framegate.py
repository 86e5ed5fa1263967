"""Pictures of framegate's cameras, for programs: always the newest one.

    from framegate import Camera

    with Camera("http://127.0.0.1:8080/cameras/gate", format="bgr", scale=0.5) as camera:
        for frame in camera:
            print(frame.sequence, frame.timestamp, frame.array.shape)

framegate decodes and scales the camera once for all programs that ask for the same pictures. A
program that is slow misses pictures and never gets an old one. A Camera connects again by itself
when framegate or the camera was away.

Only the standard library is needed, and numpy for Frame.array. Python 3.8 or later.
"""

import http.client
import json
import logging
import math
import re
import socket as sockets
import ssl
import threading
import time
from base64 import b64encode
from typing import Any, Dict, Iterator, Optional, Tuple, Union
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

try:
    import numpy
except ImportError:  # only Frame.array needs it
    numpy = None  # type: ignore[assignment]

__all__ = ["Camera", "Frame", "Refused"]

# The formats, and the bytes of two pixels of each; those of a JPEG vary.
FORMATS = {"bgr": 6, "rgb": 6, "gray": 2, "i420": 3, "jpeg": 0}

MAX_JPEG = 64 << 20  # bytes; framegate has no larger ones
MAX_SIDE = 1 << 16  # pixels
CHUNK = 256 << 10  # bytes that are read at a time

# How much longer than next_frame's timeout a request may take, in seconds: framegate ends the wait
# by itself, and its answer needs some time.
GRACE = 0.5

# How long framegate goes on counting the pictures of a program that does not ask, in seconds.
COUNTED = 5.0

# Failures that asking again cannot mend.
LASTING = (http.client.InvalidURL, ssl.SSLCertVerificationError)

log = logging.getLogger("framegate")


class Refused(Exception):
    """framegate's answer that there is no picture.

    Attributes:
        status: the status of HTTP, such as 503.
        detail: a sentence that says what is wrong.
        reason: one word for it if the camera is away, such as "unauthorized"; else empty.
        parameter: which parameter is wrong, if one is; else empty.
        retry_after: after how many seconds to ask again, as framegate says; 0 if it says nothing.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        reason: str = "",
        parameter: str = "",
        retry_after: float = 0,
    ) -> None:
        super().__init__("%d: %s" % (status, detail))
        self.status = status
        self.detail = detail
        self.reason = reason
        self.parameter = parameter
        self.retry_after = retry_after

    @property
    def temporary(self) -> bool:
        """Whether the same request may succeed later, as when the camera is back."""
        return self.status in (408, 429) or self.status >= 500


class Frame:
    """One picture.

    Attributes:
        data: the bytes: a JPEG, or pixels without padding.
        format: bgr, rgb, gray, i420 or jpeg.
        width, height: size in pixels.
        timestamp: when the picture arrived from the camera at framegate, in seconds since 1970.
        sequence: framegate's count of these pictures; it starts again when nobody has asked for
            them for a while.
        missed: how many pictures there were since the last frame; 0 if that is not known, as after
            a pause of 5 s or on another connection.
    """

    __slots__ = ("data", "format", "width", "height", "timestamp", "sequence", "missed")

    def __init__(
        self,
        data: memoryview,
        format: str,
        width: int,
        height: int,
        timestamp: float,
        sequence: int,
        missed: int,
    ) -> None:
        self.data = data
        self.format = format
        self.width = width
        self.height = height
        self.timestamp = timestamp
        self.sequence = sequence
        self.missed = missed

    @property
    def array(self) -> Any:
        """The pixels as a numpy array of uint8, which may be written to.

        Its shape is (height, width, 3) for bgr and rgb, (height, width) for gray, as in OpenCV
        (height * 3 // 2, width) for i420, and (bytes,) for jpeg.
        """
        if numpy is None:
            raise ImportError("Frame.array needs numpy")
        flat = numpy.frombuffer(self.data, numpy.uint8)
        if self.format in ("bgr", "rgb"):
            return flat.reshape(self.height, self.width, 3)
        if self.format == "gray":
            return flat.reshape(self.height, self.width)
        if self.format == "i420":
            return flat.reshape(self.height * 3 // 2, self.width)
        return flat

    @property
    def age(self) -> float:
        """How many seconds ago the picture arrived at framegate, by the clock of this machine."""
        return time.time() - self.timestamp

    def __repr__(self) -> str:
        return "<Frame %d %s %dx%d>" % (self.sequence, self.format, self.width, self.height)


class Camera:
    """A camera of a framegate, as an iterator over its newest pictures.

    Args:
        url: of the camera, such as http://127.0.0.1:8080/cameras/gate, or
            http+unix://%2Frun%2Fframegate%2Fframegate.sock/cameras/gate. Its query may have
            parameters too.
        format: bgr, rgb, gray, i420 or jpeg.
        socket: path of framegate's Unix socket; url may then be just /cameras/gate.
        token: of another server, which says what the program may see. It is sent in a header. A
            user's name and password are in url instead: http://ann:secret@camera-box/cameras/gate.
        patience: for how many seconds framegate may be silent, besides wait, before the connection
            is made again.
        wait: how many seconds framegate waits for a newer picture before it says that there is
            none, 0.1 to 60.
        reconnect: False makes the first failure an exception; True asks again after a pause.
        max_pause: up to how many seconds the pause grows, from 0.1.
        parameters: of the pictures, such as width=640, scale=0.5, fps=5, rotate=90 or
            crop="0,0,0.5,0.5"; see framegate's docs/http.md.

    A Camera belongs to one thread. Only close may be called from another one, and ends its wait,
    except while a connection is being made.
    """

    def __init__(
        self,
        url: str,
        format: str = "bgr",
        *,
        socket: Optional[str] = None,
        token: Optional[str] = None,
        patience: float = 10.0,
        wait: float = 10.0,
        reconnect: bool = True,
        max_pause: float = 2.0,
        **parameters: Union[str, int, float],
    ) -> None:
        if format not in FORMATS:
            raise ValueError("format is %r; it must be one of %s" % (format, ", ".join(FORMATS)))
        parts = urlsplit(url)
        if parts.scheme == "http+unix":
            socket = unquote(parts.netloc)
        elif parts.scheme not in ("http", "https") and not (socket and not parts.scheme):
            raise ValueError("url must begin with http://, https:// or http+unix://")
        if not socket and parts.port == 0:  # parts.port raises ValueError for one that is no number
            raise ValueError("the port of url is 0")
        self.format = format
        self.patience = patience
        self.wait = wait
        self.reconnect = reconnect
        self.max_pause = max_pause
        self._socket = socket
        self._secure = parts.scheme == "https"
        self._address = "" if socket else parts.netloc.rpartition("@")[2]
        self._headers: Dict[str, str] = {}
        if not socket and parts.username is not None:
            pair = "%s:%s" % (unquote(parts.username), unquote(parts.password or ""))
            self._headers["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
        if token is not None:
            if self._headers:
                raise ValueError("url has a user, and there is a token; give one of them")
            if not re.fullmatch("[!-~]+", token):  # the message must not have the token
                raise ValueError("token must be of visible characters of ASCII")
            self._headers["Authorization"] = "Bearer " + token
        query: Dict[str, Any] = dict(parse_qsl(parts.query))
        for key, value in parameters.items():
            query[key] = int(value) if isinstance(value, bool) else value
        name = "next.jpg"
        if format != "jpeg":
            name, query["format"] = "next.raw", format
        self._camera = parts.path.rstrip("/")  # in the log: the query may have a secret
        if re.search("[\x00-\x20\x7f]", self._camera):  # else the message would have the query
            raise http.client.InvalidURL("url has a space or a control character in its path")
        self._path = self._camera + "/" + name
        if query:
            self._path += "?" + urlencode(query)
        self._after = ""  # X-Timestamp of the last picture, as framegate wrote it
        self._sequence = 0  # of the last picture; 0 if the next one's tells nothing about it
        self._last = 0.0  # when the last picture came, by time.monotonic
        self._pause = 0.0
        self._failure = ""  # the last one, so that it is logged once
        self._closed = threading.Event()
        self._lock = threading.RLock()  # guards what follows; a signal handler may call close
        self._connection: Optional[http.client.HTTPConnection] = None
        self._sock: Optional[sockets.socket] = None  # of the connection, which may forget it
        self._waiting = False  # the camera's thread is in next_frame, and closes the connection

    def __enter__(self) -> "Camera":
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        while True:
            frame = self.next_frame()
            if frame is None:
                return
            yield frame

    def next_frame(self, timeout: Optional[float] = None) -> Optional[Frame]:
        """Waits for a picture that is newer than the last one, and returns the newest.

        It returns None after close, and if there is none within about timeout seconds. It raises
        Refused if asking again cannot help, as for a camera that does not exist. Without reconnect
        it raises every failure: Refused, OSError or http.client.HTTPException.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            self._waiting = True
        try:
            return self._next_frame(deadline)
        finally:
            with self._lock:
                self._waiting = False
            if self._closed.is_set():
                self._disconnect()

    def _next_frame(self, deadline: Optional[float]) -> Optional[Frame]:
        while not self._closed.is_set() and (deadline is None or time.monotonic() < deadline):
            try:
                frame = self._ask(deadline)
            except _Closed:
                break
            except Refused as failure:
                if failure.parameter == "after" and self._after:  # framegate's clock was set back
                    self._after, self._sequence = "", 0
                    continue
                if not failure.temporary or not self.reconnect:
                    raise
                self._fail(failure, deadline)
            except LASTING:
                self._disconnect()
                raise
            except (OSError, http.client.HTTPException) as failure:
                self._disconnect()
                if self._closed.is_set():
                    break
                if isinstance(failure, sockets.timeout) and _remaining(deadline) <= 0:
                    break
                if not self.reconnect:
                    raise
                self._fail(failure, deadline)
            else:
                if self._failure:
                    log.info("%s: pictures again", self._camera)
                self._pause, self._failure = 0.0, ""
                if frame is not None and not self._closed.is_set():
                    return frame
        return None

    def read(self, timeout: float = 30.0) -> Tuple[bool, Any]:
        """Does what cv2.VideoCapture.read does.

        It returns True and the array of the next picture, or False and None if there is none.
        """
        frame = self.next_frame(timeout)
        return (False, None) if frame is None else (True, frame.array)

    def isOpened(self) -> bool:  # noqa: N802, the name of OpenCV
        """Whether the camera was not closed, as in cv2.VideoCapture."""
        return not self._closed.is_set()

    def release(self) -> None:
        """Closes the camera, as in cv2.VideoCapture."""
        self.close()

    def close(self) -> None:
        """Ends the connection, and the wait for a picture in another thread."""
        self._closed.set()
        with self._lock:
            if self._waiting:
                self._shut_down()
                return
        self._disconnect()

    def _shut_down(self) -> None:
        """Ends what the camera's thread reads; it then closes the connection. The lock is held."""
        if self._sock is not None:
            try:
                # Not SSLSocket.shutdown, which takes TLS away from the other thread.
                sockets.socket.shutdown(self._sock, sockets.SHUT_RDWR)
            except OSError:
                pass  # it has ended already

    def _ask(self, deadline: Optional[float]) -> Optional[Frame]:
        """Asks framegate once. It returns None if no newer picture has come."""
        wait = min(self.wait, max(0.1, _remaining(deadline)))
        path = "%s%swait=%.1f" % (self._path, "&" if "?" in self._path else "?", wait)
        if self._after:
            path += "&after=" + self._after
        end = deadline and deadline + GRACE
        connection = self._connection
        if connection is not None:
            try:
                return self._answer(connection, path, wait, end)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # An idle connection has ended meanwhile, as in a program that pauses for minutes.
                self._disconnect()
        return self._answer(self._connect(wait, end), path, wait, end)

    def _answer(
        self,
        connection: http.client.HTTPConnection,
        path: str,
        wait: float,
        end: Optional[float],
    ) -> Optional[Frame]:
        """Sends one request and reads the answer. end is when it must be there."""
        sock = connection.sock
        if self._closed.is_set():
            raise _Closed
        sock.settimeout(self._silence(wait, end))
        connection.request("GET", path, headers=self._headers)
        response = connection.getresponse()
        if response.status == 204:
            response.read()
            frame = None
        elif response.status != 200:
            raise self._refused(response)
        else:
            frame = self._frame(response, sock, end)
        if connection.sock is None:  # the server ends it after this answer
            self._disconnect()
        return frame

    def _silence(self, wait: float, end: Optional[float]) -> float:
        """For how many seconds framegate may be silent now."""
        return min(wait + self.patience, max(0.001, _remaining(end)))

    def _frame(
        self, response: http.client.HTTPResponse, sock: Any, end: Optional[float]
    ) -> Frame:
        width, height, size = self._size(response)
        headers = response.headers
        try:
            sequence, timestamp = int(headers["X-Sequence"]), float(headers["X-Timestamp"])
        except (TypeError, ValueError):
            raise _foreign("X-Sequence or X-Timestamp") from None
        # numpy's memory is not filled with zeros first.
        data = memoryview(bytearray(size)) if numpy is None else numpy.empty(size, numpy.uint8).data
        read = 0
        while read < size:
            if end is not None:
                sock.settimeout(self._silence(0, end))
            n = response.readinto(data[read : read + CHUNK])
            if not n:
                raise http.client.IncompleteRead(b"", size - read)
            read += n
        response.read()  # nothing; it ends the answer
        now, last = time.monotonic(), self._sequence
        if now - self._last > COUNTED:
            last = 0
        self._after, self._sequence, self._last = headers["X-Timestamp"], sequence, now
        return Frame(
            data,
            self.format,
            width,
            height,
            timestamp,
            sequence,
            max(0, sequence - last - 1) if last else 0,
        )

    def _size(self, response: http.client.HTTPResponse) -> Tuple[int, int, int]:
        """Returns width, height and bytes of a picture, if its headers agree."""
        headers = response.headers
        try:
            width, height = int(headers["X-Width"]), int(headers["X-Height"])
            size = int(headers["Content-Length"])
        except (TypeError, ValueError):
            raise _foreign("X-Width, X-Height or Content-Length") from None
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise _foreign("X-Width or X-Height")
        if self.format == "jpeg":
            if headers["Content-Type"] != "image/jpeg":
                raise _foreign("Content-Type")
            if not 0 < size <= MAX_JPEG:
                raise _foreign("Content-Length")
        elif headers["X-Format"] != self.format:
            raise _foreign("X-Format")
        elif 2 * size != width * height * FORMATS[self.format]:
            raise _foreign("Content-Length")
        return width, height, size

    @staticmethod
    def _refused(response: http.client.HTTPResponse) -> Refused:
        try:
            problem = json.loads(response.read().decode("utf-8", "replace"))
        except ValueError:
            problem = {}
        if not isinstance(problem, dict):
            problem = {}
        after = response.headers.get("Retry-After", "")
        return Refused(
            response.status,
            str(problem.get("detail", response.reason)),
            str(problem.get("reason", "")),
            str(problem.get("parameter", "")),
            float(after) if after.isdigit() else 0,
        )

    def _connect(self, wait: float, end: Optional[float]) -> http.client.HTTPConnection:
        if self._closed.is_set():
            raise _Closed
        timeout = self._silence(wait, end)
        connection: http.client.HTTPConnection
        if self._socket:
            connection = _UnixConnection(self._socket, timeout)
        elif self._secure:
            connection = http.client.HTTPSConnection(self._address, timeout=timeout)
        else:
            connection = http.client.HTTPConnection(self._address, timeout=timeout)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        self._sequence = 0  # another framegate may answer
        with self._lock:
            self._connection, self._sock = connection, connection.sock
        return connection

    def _disconnect(self) -> None:
        with self._lock:
            connection, self._connection, self._sock = self._connection, None, None
        if connection is not None:
            connection.close()

    def _fail(self, failure: Exception, deadline: Optional[float]) -> None:
        """Logs a failure, and pauses."""
        if str(failure) != self._failure:
            self._failure = str(failure)
            log.warning("%s: %s", self._camera, failure)
        self._pause = min(self.max_pause, max(0.1, 2 * self._pause))
        pause = self._pause
        if isinstance(failure, Refused) and failure.status == 429:
            pause = max(pause, failure.retry_after)
        if deadline is not None:
            pause = min(pause, max(0.0, deadline - time.monotonic()))
        self._closed.wait(pause)


class _Closed(Exception):
    """The camera was closed meanwhile."""


def _foreign(header: str) -> http.client.HTTPException:
    """An answer that is not framegate's, because of a header."""
    return http.client.HTTPException("the answer is not a picture of framegate: see its " + header)


def _remaining(deadline: Optional[float]) -> float:
    """How many seconds remain; infinity without a deadline."""
    return math.inf if deadline is None else deadline - time.monotonic()


class _UnixConnection(http.client.HTTPConnection):
    """A connection over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
