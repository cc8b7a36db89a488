"""A request as the vendors' servers read it: query, headers, JSON, forms and files."""

from __future__ import annotations

import base64
import json
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import EnvironHeaders, MultiDict

from helpdesk_bridge.testing.simulator.forms import UploadedFile, bracket_tree, parse_multipart

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from _typeshed.wsgi import WSGIEnvironment

    from helpdesk_bridge.testing.simulator.faults import Fault
    from helpdesk_bridge.testing.simulator.routing import Match, RouteInfo

_READ_SIZE = 1 << 20
_PAGING = frozenset({"page", "limit", "offset", "per_page", "ticket_count"})
"""Fields of a query whose numbers are no record's."""


class BadBody(Exception):
    """The body cannot be read; ``status`` is what most servers answer."""

    status = 400


class BodyTooLarge(BadBody):
    """The body is above what the server takes."""

    status = 413


class UnsupportedMedia(BadBody):
    """The ``Content-Type`` is none that the server reads."""

    status = 415


class Call:
    """A request. Everything costly is parsed when first asked for; ``operation`` may be renamed by its handler."""

    def __init__(self, environ: WSGIEnvironment, matched: Match, *, max_body: int) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path = _utf8(environ.get("PATH_INFO", ""))
        self.query_string = _utf8(environ.get("QUERY_STRING", ""))
        self.headers = EnvironHeaders(environ)
        self.matched: RouteInfo | None = matched.route
        self.path_args = matched.arguments
        self.allowed_methods = matched.allowed_methods
        self.operation = matched.route.operation if matched.route else ""
        self.fault: Fault | None = None
        self.body_error: BadBody | None = None
        self.body = b""
        try:
            self.body = _read_body(environ, max_body)
        except BadBody as error:
            self.body_error = error

    @property
    def remote_addr(self) -> str:
        """The client's address."""
        return str(self.environ.get("REMOTE_ADDR", ""))

    @property
    def scheme(self) -> str:
        """``http`` or ``https``, as the front received it."""
        return str(self.environ.get("wsgi.url_scheme", "http"))

    @cached_property
    def content_type(self) -> str:
        """The media type in lower case and without parameters; empty where there is none."""
        return str(self.environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()

    @cached_property
    def query_pairs(self) -> list[tuple[str, str]]:
        """The query's fields in their order, empty ones included."""
        return parse_qsl(self.query_string, keep_blank_values=True, errors="replace")

    @cached_property
    def query(self) -> MultiDict[str, str]:
        """The query's fields by their raw names."""
        return MultiDict(self.query_pairs)

    @cached_property
    def query_tree(self) -> dict[str, Any]:
        """The query's fields, nested by their brackets."""
        return bracket_tree(self.query_pairs)

    @cached_property
    def json(self) -> Any:
        """The body as JSON, None where there is no body; ``BadBody`` where it is none."""
        if not self.body.strip():
            return None
        try:
            value = json.loads(self.body, parse_constant=_no_constant)
            if b"\\u" in self.body:
                # An escape may name half a character, which no server can store or send back as UTF-8.
                json.dumps(value, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise BadBody("the body is not valid JSON") from None
        return value

    @cached_property
    def form_tree(self) -> dict[str, Any]:
        """The fields of a form body, nested by their brackets; empty for any other kind of body."""
        return bracket_tree(self.form_pairs)

    @property
    def form_pairs(self) -> list[tuple[str, str]]:
        """The fields of a form body in their order."""
        return self._form[0]

    @property
    def files(self) -> list[UploadedFile]:
        """The files of a multipart body in their order."""
        return self._form[1]

    @cached_property
    def body_tree(self) -> dict[str, Any]:
        """The body as an object, from JSON or a form by its ``Content-Type``; empty where there is no body.

        ``UnsupportedMedia`` for any other type, ``BadBody`` for JSON that is no object (PHP's empty ``[]`` is one).
        """
        if not self.body:
            return {}
        if self.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}:
            return self.form_tree
        if self.content_type != "application/json" and not self.content_type.endswith("+json"):
            raise UnsupportedMedia("the Content-Type of the body is not supported")
        value = self.json
        if value is None or value == []:
            return {}
        if not isinstance(value, dict):
            raise BadBody("the JSON body is not an object")
        return value

    @cached_property
    def text(self) -> str:
        """All that the request says, decoded: its path, its query and what its body contains. For finding a record in it."""
        said = [self.path, *(value for name, value in self.query_pairs if name not in _PAGING)]
        try:
            said += [value for _, value in self.form_pairs]
            if not self.form_pairs and self.content_type != "multipart/form-data":
                said += _leaves(self.json)
        except BadBody:
            said.append(self.body.decode("utf-8", "replace"))
        return "\n".join(said)

    def kept(self) -> dict[str, Any]:
        """Return the call for a state file; ``environ_of`` makes it a request again."""
        texts = {
            name: value
            for name, value in self.environ.items()
            if isinstance(value, str) and name not in {"CONTENT_LENGTH", "REMOTE_PORT"}
        }
        return {"environ": texts, "body": base64.b64encode(self.body).decode()}

    @cached_property
    def _form(self) -> tuple[list[tuple[str, str]], list[UploadedFile]]:
        if self.content_type == "application/x-www-form-urlencoded":
            return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True), []
        if self.content_type != "multipart/form-data":
            return [], []
        try:
            return parse_multipart(self.body, str(self.environ.get("CONTENT_TYPE", "")))
        except (ValueError, OSError) as error:
            raise BadBody("the multipart body cannot be read") from error
        except Exception as error:
            if getattr(error, "code", None) == BodyTooLarge.status:
                raise BodyTooLarge("the multipart body has too many parts") from error
            raise


def environ_of(kept: Mapping[str, Any]) -> WSGIEnvironment:
    """Return the request of a call that was kept, with what was noted in it before its handler was called."""
    body = base64.b64decode(kept["body"])
    return {**kept["environ"], "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif value is not None:
        yield str(value)


def _utf8(text: str) -> str:
    return text if text.isascii() else text.encode("latin-1", "replace").decode("utf-8", "replace")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _read_body(environ: WSGIEnvironment, max_body: int) -> bytes:
    stream = environ.get("wsgi.input")
    declared = environ.get("CONTENT_LENGTH") or ""
    if environ.get("wsgi.input_terminated"):
        return _read_to_end(stream, max_body)
    if declared == "" or stream is None:
        return b""
    if not (declared.isascii() and declared.isdigit()):
        raise BadBody("Content-Length is not a number")
    length = int(declared)
    if length > max_body:
        raise BodyTooLarge(f"the body is larger than {max_body} bytes")
    body: bytes = stream.read(length) if length else b""
    if len(body) < length:
        raise BadBody("the body is shorter than its Content-Length")
    return body


def _read_to_end(stream: Any, max_body: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    try:
        while chunk := stream.read(_READ_SIZE):
            size += len(chunk)
            if size > max_body:
                raise BodyTooLarge(f"the body is larger than {max_body} bytes")
            chunks.append(chunk)
    except OSError as error:
        raise BadBody("the chunked body is broken") from error
    return b"".join(chunks)
