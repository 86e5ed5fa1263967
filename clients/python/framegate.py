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
import socket as sockets
import threading
import time
from typing import Any, Dict, Iterator, Optional, Tuple, Union
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

try:
    import numpy
except ImportError:  # only Frame.array needs it
    numpy = None  # type: ignore[assignment]

__all__ = ["Camera", "Frame", "Refused"]

FORMATS = ("bgr", "rgb", "gray", "i420", "jpeg")

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
        missed: how many pictures there were since the last frame; 0 if that is not known.
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
        timeout: how many seconds framegate may take to answer, besides wait. A connection that is
            silent for longer is made again.
        wait: how many seconds framegate waits for a newer picture before it says that there is
            none, 0.1 to 60.
        reconnect: False makes the first failure an exception; True asks again after a pause.
        max_pause: up to how many seconds the pause grows, from 0.1.
        parameters: of the pictures, such as width=640, scale=0.5, fps=5, rotate=90 or
            crop="0,0,0.5,0.5"; see framegate's docs/http.md.

    A Camera belongs to one thread. Only close may be called from another one, and ends its wait.
    """

    def __init__(
        self,
        url: str,
        format: str = "bgr",
        *,
        socket: Optional[str] = None,
        timeout: float = 10.0,
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
            raise ValueError("url is %r; it must begin with http:// or http+unix://" % url)
        self.format = format
        self.timeout = timeout
        self.wait = wait
        self.reconnect = reconnect
        self.max_pause = max_pause
        self._socket = socket
        self._secure = parts.scheme == "https"
        self._address = "" if socket else parts.netloc.rpartition("@")[2]
        query: Dict[str, Any] = dict(parse_qsl(parts.query))
        query.update(parameters)
        name = "next.jpg"
        if format != "jpeg":
            name, query["format"] = "next.raw", format
        self._path = parts.path.rstrip("/") + "/" + name
        if query:
            self._path += "?" + urlencode(query)
        self._after = ""  # X-Timestamp of the last picture, as framegate wrote it
        self._sequence = 0
        self._pause = 0.0
        self._failure = ""  # the last one, so that it is logged once
        self._connection: Optional[http.client.HTTPConnection] = None
        self._closed = threading.Event()

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
        while not self._closed.is_set() and (deadline is None or time.monotonic() < deadline):
            try:
                frame = self._ask(deadline)
            except Refused as failure:
                if failure.parameter == "after" and self._after:  # framegate's clock was set back
                    self._after = ""
                    continue
                if not failure.temporary or not self.reconnect:
                    raise
                self._fail(failure, deadline)
            except (OSError, http.client.HTTPException) as failure:
                self._disconnect()
                if self._closed.is_set():
                    break
                if not self.reconnect:
                    raise
                self._fail(failure, deadline)
            else:
                if self._failure:
                    log.info("%s: pictures again", self._path)
                self._pause, self._failure = 0.0, ""
                if frame is not None:
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
        connection = self._connection
        if connection is not None and connection.sock is not None:
            try:
                connection.sock.shutdown(sockets.SHUT_RDWR)
            except OSError:
                pass  # it has ended already
        self._disconnect()

    def _ask(self, deadline: Optional[float]) -> Optional[Frame]:
        """Asks framegate once. It returns None if no newer picture has come."""
        if self._connection is None:
            self._connection = self._connect()
        wait = self.wait
        if deadline is not None:
            wait = min(wait, max(0.1, deadline - time.monotonic()))
        path = "%s%swait=%.1f" % (self._path, "&" if "?" in self._path else "?", wait)
        if self._after:
            path += "&after=" + self._after
        try:
            self._connection.request("GET", path)
            response = self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            if not self._after:
                raise
            # An idle connection has ended meanwhile, as in a program that pauses for minutes.
            self._disconnect()
            self._connection = self._connect()
            self._connection.request("GET", path)
            response = self._connection.getresponse()
        if response.status == 204:
            response.read()
            return None
        if response.status != 200:
            raise self._refused(response)
        return self._frame(response)

    def _frame(self, response: http.client.HTTPResponse) -> Frame:
        size = int(response.headers["Content-Length"])
        # numpy's memory is not filled with zeros first.
        data = memoryview(bytearray(size) if numpy is None else numpy.empty(size, numpy.uint8))
        read = 0
        while read < size:
            n = response.readinto(data[read:])
            if not n:
                raise http.client.IncompleteRead(b"", size - read)
            read += n
        response.read()  # nothing; it ends the answer
        headers = response.headers
        sequence, last = int(headers["X-Sequence"]), self._sequence
        self._after, self._sequence = headers["X-Timestamp"], sequence
        return Frame(
            data,
            self.format,
            int(headers["X-Width"]),
            int(headers["X-Height"]),
            float(headers["X-Timestamp"]),
            sequence,
            max(0, sequence - last - 1) if last else 0,
        )

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

    def _connect(self) -> http.client.HTTPConnection:
        timeout = self.wait + self.timeout
        if self._socket:
            return _UnixConnection(self._socket, timeout)
        if self._secure:
            return http.client.HTTPSConnection(self._address, timeout=timeout)
        return http.client.HTTPConnection(self._address, timeout=timeout)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _fail(self, failure: Exception, deadline: Optional[float]) -> None:
        """Logs a failure, and pauses."""
        if str(failure) != self._failure:
            self._failure = str(failure)
            log.warning("%s: %s", self._path, failure)
        self._pause = min(self.max_pause, max(0.1, 2 * self._pause))
        pause = self._pause
        if isinstance(failure, Refused) and failure.status == 429:
            pause = max(pause, failure.retry_after)
        if deadline is not None:
            pause = min(pause, max(0.0, deadline - time.monotonic()))
        self._closed.wait(pause)


class _UnixConnection(http.client.HTTPConnection):
    """A connection over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
