"""``Recorder``: a proxy before a real account that keeps what it answers, without secrets and persons.

It listens on loopback and takes any program's requests that carry its own random key. What it asks the vendor goes by
the desk's connection: with the desk's credentials, over TLS, within the rate limit. It reads only, unless told.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import html
import json
import re
import secrets
import threading
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote

from werkzeug.wrappers import Request as Asked
from werkzeug.wrappers import Response as Said

from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.http.request import WITH_AUTH, WITHOUT_AUTH, Answer, Auth, Effect, Request
from helpdesk_bridge.http.transport import Lost, NotSent
from helpdesk_bridge.testing.cassette.cassette import CassetteWriter, Content, Exchange
from helpdesk_bridge.testing.cassette.redaction import Redaction

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from helpdesk_bridge.http.request import Response
    from helpdesk_bridge.http.stack import Stack

_READS: Final = frozenset({"GET", "HEAD"})
_OWN_HEADERS: Final = frozenset({"host", "authorization", "connection", "content-length", "cookie", "accept-encoding"})
_DROPPED: Final = frozenset(
    {
        "set-cookie",
        "connection",
        "transfer-encoding",
        "content-encoding",
        "content-length",
        "keep-alive",
        "server",
        "via",
    }
)
"""Headers of an answer that say nothing of the vendor's API, or too much of a session."""
_ADDRESSES: Final = frozenset({"link", "location", "content-location"})
_MOST: Final = 32 << 20
_MOST_ADDRESSES: Final = 100_000


class Recorder:
    """A WSGI application: forwards to the vendor and writes a cassette."""

    def __init__(
        self, stack: Stack, cassette: CassetteWriter, *, hidden: Iterable[str] = (), writes: bool = False
    ) -> None:
        self.key = secrets.token_urlsafe(24)
        self._stack = stack
        self._redaction = Redaction(str(stack.origin), [self.key, *hidden])
        self._cassette = cassette
        self._writes = writes
        self._lock = threading.Lock()
        self._handed_out: set[str] = set()
        """Signed addresses of files, which a program opens without credentials."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        return self._answer(Asked(environ))(environ, start_response)

    def _answer(self, asked: Asked) -> Said:
        signed = (
            asked.method in _READS and not asked.headers.get("Authorization") and _target(asked) in self._handed_out
        )
        if not signed and not self._is_ours(asked):
            return _refused(HTTPStatus.UNAUTHORIZED, "send the recorder's own key; it is in the line that it printed")
        if asked.method not in _READS and not self._writes:
            return _refused(
                HTTPStatus.FORBIDDEN, "this recorder only reads; start it with --writes to let writes through"
            )
        body = asked.get_data(cache=False) if (asked.content_length or 0) <= _MOST else None
        if body is None:
            return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is larger than a recorder takes")
        request = _forwarded(asked, body, str(self._stack.origin), WITHOUT_AUTH if signed else WITH_AUTH)
        try:
            response = self._stack.exchange(request)
        except (NotSent, Lost, HelpdeskError) as error:
            return _refused(
                HTTPStatus.BAD_GATEWAY, f"the vendor was not reached, or did not answer: {type(error).__name__}"
            )
        with self._lock:
            self._cassette.add(self._exchange(asked, body, response))
        return self._handed_on(response, asked.host_url.rstrip("/"))

    def _handed_on(self, response: Response, here: str) -> Said:
        """Return an answer in which the vendor's own addresses lead by the recorder, as a program follows them."""
        there = str(self._stack.origin)
        headers = [
            (name, value.replace(there, here))
            for name, value in response.headers.items()
            if name.lower() not in _DROPPED
        ]
        body = response.body
        if "json" in response.headers.get("Content-Type", ""):
            for own, ours in ((there, here), (there.replace("/", "\\/"), here.replace("/", "\\/"))):
                body = body.replace(own.encode(), ours.encode())
            addresses = re.findall(
                re.escape(here) + r"(/[^\s\"'<>\\]*)", body.decode("utf-8", "replace").replace("\\/", "/")
            )
            if len(self._handed_out) < _MOST_ADDRESSES:
                self._handed_out.update(html.unescape(address) for address in addresses)
        return Said(body, response.status, headers)

    def _is_ours(self, asked: Asked) -> bool:
        given = asked.headers.get("Authorization", "")
        scheme, _, rest = given.partition(" ")
        words = [given, rest]
        if scheme.lower() == "basic":
            with suppress(binascii.Error, ValueError):
                words += base64.b64decode(rest, validate=True).decode("utf-8", "replace").split(":")
        return any(hmac.compare_digest(word.encode(), self.key.encode()) for word in words)

    def _exchange(self, asked: Asked, body: bytes, response: Response) -> Exchange:
        redaction = self._redaction
        headers = tuple(
            (name, self._header(name.lower(), value))
            for name, value in response.headers.items()
            if name.lower() not in _DROPPED
        )
        return Exchange(
            asked.method,
            redaction.path(asked.environ["PATH_INFO"]),
            redaction.query(tuple(parse_qsl(asked.query_string.decode("latin-1"), keep_blank_values=True))),
            self._content(asked.content_type, body),
            response.status,
            headers,
            self._content(response.headers.get("Content-Type", ""), response.body),
        )

    def _header(self, name: str, value: str) -> str:
        if name in _ADDRESSES:
            return self._redaction.link(value) if name == "link" else self._redaction.url(value)
        return value if name in {"content-type", "date"} else self._redaction.text(value, "status")

    def _content(self, content_type: str | None, body: bytes) -> Content:
        kind = (content_type or "").partition(";")[0].strip()
        if not body:
            return Content(type="")
        if "json" in kind or kind.startswith("text/"):
            with suppress(ValueError):
                document = self._redaction.document(json.loads(body))
                return Content(type=kind, json=document)
            return Content(type=kind, text=self._redaction.text(body.decode("utf-8", "replace")))
        if kind == "application/x-www-form-urlencoded":
            pairs = tuple(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
            return Content(type=kind, json=[list(pair) for pair in self._redaction.query(pairs)])
        return Content(type=kind, size=len(body))


def _forwarded(asked: Asked, body: bytes, origin: str, auth: Auth) -> Request:
    headers = {name: value for name, value in asked.headers.items() if name.lower() not in _OWN_HEADERS}
    return Request(
        asked.method,
        url=f"{origin}{_target(asked)}",
        auth=auth,
        operation="record",
        effect=Effect.READ if asked.method in _READS else Effect.CREATE,
        raw=body or None,
        headers=headers,
        answer=Answer.ANY,
    )


def _target(asked: Asked) -> str:
    """Return path and query as they came: a percent sign in them may matter."""
    raw = str(asked.environ.get("REQUEST_URI") or asked.environ.get("RAW_URI") or "")
    if raw.startswith("/"):
        return raw
    path = quote(str(asked.environ["PATH_INFO"]).encode("latin-1"), safe="/.-_~@:+,;=!$&'()*")
    return path + (f"?{asked.query_string.decode('latin-1')}" if asked.query_string else "")


def _refused(status: HTTPStatus, message: str) -> Said:
    return Said(json.dumps({"error": "recorder", "message": message}), status, content_type="application/json")
