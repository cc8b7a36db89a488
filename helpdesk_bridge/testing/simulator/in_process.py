"""The in-process front: `requests` to a simulator's origin are answered without a socket, under `responses`."""

from __future__ import annotations

import errno
import re
import threading
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
import responses
from urllib3 import HTTPConnectionPool, HTTPHeaderDict, HTTPResponse
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, ProtocolError, ReadTimeoutError

from helpdesk_bridge.testing.simulator.breakage import ConnectionBroken, NoAnswer, NotConnected
from helpdesk_bridge.testing.simulator.switches import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _typeshed.wsgi import WSGIEnvironment

    from helpdesk_bridge.testing.simulator.app import SimulatorApp

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")


@contextmanager
def mock_simulator(app: SimulatorApp, base_url: str = "https://robotsrule.deskie.io") -> Iterator[SimulatorApp]:
    """Answer every request to the origin of ``base_url`` from ``app`` while the block runs.

    Blocks nest, each for its own origin. Requests to any other origin are refused with a ``ConnectionError``.
    Streams are buffered and nothing can time out for real; such tests need ``SimulatorServer``.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise SettingError("base_url must be scheme and host, such as https://robotsrule.deskie.io")
    app.base_url = f"{parts.scheme}://{parts.netloc}"
    answers = [_Answer(method, app, parts.scheme, parts.netloc) for method in _METHODS]
    _mock.enter(answers)
    try:
        yield app
    finally:
        _mock.leave(answers)


class _SharedMock:
    """One `responses` mock for all blocks that are open: two of them would hide each other's origins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mock: responses.RequestsMock | None = None
        self._open = 0

    def enter(self, answers: list[_Answer]) -> None:
        with self._lock:
            if self._mock is None:
                self._mock = responses.RequestsMock(assert_all_requests_are_fired=False)
                self._mock.start()
            self._open += 1
            for answer in answers:
                answer.mock = self._mock
                self._mock.add(answer)

    def leave(self, answers: list[_Answer]) -> None:
        with self._lock:
            if self._mock is None:
                return
            for answer in answers:
                self._mock.remove(answer)
            self._open -= 1
            if self._open == 0:
                self._mock.stop(allow_assert=False)
                self._mock.reset()
                self._mock = None


_mock = _SharedMock()


class _Answer(responses.BaseResponse):
    """Answers one method of one origin."""

    mock: responses.RequestsMock

    def __init__(self, method: str, app: SimulatorApp, scheme: str, netloc: str) -> None:
        origin = re.compile(rf"\A{scheme}://{re.escape(netloc)}(?:[/?#]|\Z)", re.IGNORECASE)
        super().__init__(method, origin)
        self._app = app

    def get_response(self, request: requests.PreparedRequest) -> HTTPResponse:
        """Run the request through the application and build what urllib3 would have read from the wire."""
        # The mock would keep every request it ever saw; the simulator's own log is bounded.
        self.mock.calls.reset()
        self.calls.reset()
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ARG001
            started[:] = [status, headers]

        try:
            body = b"".join(self._app(_environ(request), start_response))
        except (NoAnswer, NotConnected, ConnectionBroken) as error:
            raise _as_requests_raises(error, request) from error
        status, headers = started
        code, _, phrase = status.partition(" ")
        return HTTPResponse(
            body=BytesIO(body),
            headers=HTTPHeaderDict(headers),
            status=int(code),
            reason=phrase,
            version=11,
            preload_content=False,
            request_method=request.method,
        )


def _as_requests_raises(error: OSError, request: requests.PreparedRequest) -> requests.RequestException:
    """Return what `requests` raises for a failure of the wire, with the causes that urllib3 gives it."""
    host = urlsplit(request.url or "").hostname or ""
    pool = HTTPConnectionPool(host)
    if isinstance(error, NoAnswer):
        return requests.exceptions.ReadTimeout(ReadTimeoutError(pool, request.url or "", str(error)), request=request)
    if isinstance(error, NotConnected):
        cause = ConnectTimeoutError(f"{host}: {error}")
        return requests.exceptions.ConnectTimeout(MaxRetryError(pool, request.url or "", cause), request=request)
    lost = ProtocolError("Connection aborted.", ConnectionResetError(errno.ECONNRESET, str(error)))
    return requests.exceptions.ConnectionError(lost, request=request)


def _environ(request: requests.PreparedRequest) -> WSGIEnvironment:
    parts = urlsplit(request.url or "")
    body = _body(request.body)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method or "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path or "/").decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or _DEFAULT_PORTS[parts.scheme]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc.rpartition("@")[2],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.errors": None,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = _text(name).upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = _text(value)
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        environ["wsgi.input_terminated"] = True
    elif body and "CONTENT_LENGTH" not in environ:
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _body(body: Any) -> bytes:
    """Read a body of any kind that `requests` sends: bytes, text, a file, or an iterable of chunks."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    if hasattr(body, "read"):
        return _body(body.read())
    chunks: Iterable[bytes | str] = body
    return b"".join(chunk.encode() if isinstance(chunk, str) else chunk for chunk in chunks)
