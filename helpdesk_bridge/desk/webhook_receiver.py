"""``WebhookReceiver``: a WSGI application that passes a vendor's posts to ``desk.webhooks.receive``.

Vendors may sign nothing, so the address is the key: a secret in its path, compared in constant time. What was answered
with 200 is stored; everything else stored nothing, and whoever does not know the secret learns not even that there is
one. No body, path or header is ever logged.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qs

from attrs import define, frozen

from helpdesk_bridge.adapter.facets import StoringWebhooks, Webhooks
from helpdesk_bridge.errors import AuthenticationFailed, ConfigError, HelpdeskError, Invalid
from helpdesk_bridge.forks import new_lock

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from helpdesk_bridge.ports import Helpdesk

BODY_LIMIT: Final = 1024 * 1024
"""How many bytes a webhook may have; those that vendors show have some hundred."""

SHORTEST_SECRET: Final = 16
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_MOST_PARAMETERS: Final = 16
_CHUNK: Final = 64 * 1024
_READING: Final = ("GET", "HEAD")

logger = logging.getLogger("helpdesk_bridge.webhooks")


@define
class Tally:
    """What a receiver has seen: requests by the status of their answers, and events that were new."""

    answers: dict[int, int]
    events: int = 0


@frozen
class _Answer:
    status: HTTPStatus
    headers: tuple[tuple[str, str], ...] = ()
    events: tuple[Any, ...] = ()


class _Refused(Exception):
    """Ends a request with a status."""

    def __init__(self, status: HTTPStatus, *headers: tuple[str, str]) -> None:
        super().__init__(status.phrase)
        self.answer = _Answer(status, headers)


class WebhookReceiver:
    """A WSGI application for one desk: mount it anywhere, or let ``helpdesk-bridge serve`` run it.

    ``secrets`` are accepted as the whole rest of the path, several at once for the time in which one replaces the
    other; without any, the desk's own token must be there (in the path, the query ``token``, or a header). ``on_events``
    gets what was new after it was stored: the vendor waits meanwhile, so hand it on quickly. Where the desk has no inbox
    to store events in, it gets all of them, and one that fails is answered with 503.

    Answers 200 for what is stored, and for a GET that knows the secret; 404 for a wrong, short or missing secret or
    token, whichever; 405, 413 and 415 for another method, more than ``body_limit`` bytes, and a compressed body; 400 for
    a body that is cut short or no JSON; 503 if it could not be stored, so that a vendor that repeats does.
    Raises ``Unsupported`` for a desk without webhooks, ``ConfigError`` if anyone could post to it.
    """

    def __init__(
        self,
        desk: Helpdesk,
        secrets: Iterable[str] = (),
        *,
        body_limit: int = BODY_LIMIT,
        on_events: Callable[[tuple[Any, ...]], object] | None = None,
    ) -> None:
        webhooks = cast(
            "Webhooks", desk.webhooks
        )  # a ``Missing`` raises ``Unsupported`` by its first use, in the next line
        self._parse = webhooks.parse
        self._stores = isinstance(webhooks, StoringWebhooks)
        self._receive = webhooks.receive if isinstance(webhooks, StoringWebhooks) else webhooks.parse
        given = tuple(secrets)
        for secret in given:
            check_secret(secret)
        if not given and not webhooks.guarded:
            raise ConfigError(
                "webhooks: anyone could post events here; set webhook_token for this desk, or put a secret into the path"
            )
        if not self._stores and on_events is None:
            raise ConfigError("webhooks: this desk has no inbox to store events in; pass a function as on_events")
        self._digests = tuple(_digest(secret) for secret in given)
        self._limit = body_limit
        self._on_events = on_events
        self._lock = new_lock()
        self._tally = Tally({})

    @property
    def tally(self) -> Tally:
        """A copy of what it has seen so far."""
        with self._lock:
            return Tally(dict(self._tally.answers), self._tally.events)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            answer = self._answer(environ)
        except _Refused as refused:
            answer = refused.answer
        except Exception as error:  # noqa: BLE001 - the last line of defence: the vendor gets a status, the log a kind
            # No traceback: its frames hold what a customer wrote.
            logger.error(  # noqa: TRY400 - see above
                "a webhook could not be taken: unexpected %s",
                type(error).__name__,
                extra={"event": "webhooks.failed", "error": type(error).__name__},
            )
            answer = _Answer(HTTPStatus.INTERNAL_SERVER_ERROR)
        self._count(answer)
        status = answer.status
        body = b"" if environ.get("REQUEST_METHOD") == "HEAD" else f"{status.phrase}\n".encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            *answer.headers,
        ]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def _count(self, answer: _Answer) -> None:
        with self._lock:
            answers = self._tally.answers
            answers[answer.status.value] = answers.get(answer.status.value, 0) + 1
            self._tally.events += len(answer.events)
        logger.debug(
            "a webhook was answered with %d: %d new events",
            answer.status.value,
            len(answer.events),
            extra={"event": "webhooks.answered", "status": answer.status.value, "new": len(answer.events)},
        )

    def _answer(self, environ: WSGIEnvironment) -> _Answer:
        method, word = environ["REQUEST_METHOD"], _path_word(environ)
        if self._digests and not _is_one(word, self._digests):
            raise _Refused(HTTPStatus.NOT_FOUND)
        headers, token = _headers(environ), _query_token(environ) or word
        if method in _READING:
            # A vendor's panel may look whether somebody is there (observed); a stranger is told nothing.
            self._events(self._parse, b"[]", headers, token)
            return _Answer(HTTPStatus.OK)
        if method != "POST":
            self._events(self._parse, b"[]", headers, token)
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "GET, HEAD, POST"))
        body = _body(environ, self._limit)
        events = self._events(self._receive, body, headers, token)
        self._hand_on(events)
        return _Answer(HTTPStatus.OK, events=events)

    @staticmethod
    def _events(
        call: Callable[[bytes, Mapping[str, str], str | None], Sequence[Any]],
        body: bytes,
        headers: Mapping[str, str],
        token: str | None,
    ) -> tuple[Any, ...]:
        try:
            return tuple(call(body, headers, token))
        except AuthenticationFailed:
            problem = _Refused(HTTPStatus.NOT_FOUND)
        except Invalid as error:
            too_large = error.field == "body" and error.limit is not None
            problem = _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else HTTPStatus.BAD_REQUEST)
        except (HelpdeskError, ConfigError) as error:
            logger.error(  # noqa: TRY400 - its frames hold it
                "a webhook could not be stored: %s",
                type(error).__name__,
                extra={"event": "webhooks.not_stored", "error": type(error).__name__},
            )
            problem = _Refused(HTTPStatus.SERVICE_UNAVAILABLE, ("Retry-After", "60"))
        raise problem

    def _hand_on(self, events: tuple[Any, ...]) -> None:
        if self._on_events is None or not events:
            return
        try:
            self._on_events(events)
        except Exception as error:  # noqa: BLE001 - whatever the application's own code raises
            logger.error(  # noqa: TRY400 - its frames hold what was said
                "on_events failed with %s",
                type(error).__name__,
                extra={"event": "webhooks.on_events_failed", "error": type(error).__name__},
            )
            failed = True
        else:
            failed = False
        if failed and not self._stores:
            # What is stored needs no second delivery; what is not stored does.
            raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, ("Retry-After", "60"))


def check_secret(secret: str) -> None:
    """Raise ``ConfigError`` for a secret that is short, or that a path would have to spell otherwise."""
    if len(secret) < SHORTEST_SECRET or not _UNRESERVED.issuperset(secret):
        raise ConfigError(
            f"webhooks: a secret in a path has at least {SHORTEST_SECRET} letters, digits or -._~, such as "
            'python -c "import secrets; print(secrets.token_urlsafe(32))" prints'
        )


def _path_word(environ: WSGIEnvironment) -> str:
    # PEP 3333: the path's bytes come as latin-1.
    path = str(environ.get("PATH_INFO", "")).encode("latin-1", "replace").decode("utf-8", "replace")
    return path.removeprefix("/").removesuffix("/")


def _query_token(environ: WSGIEnvironment) -> str | None:
    try:
        query = parse_qs(str(environ.get("QUERY_STRING", "")), max_num_fields=_MOST_PARAMETERS, errors="replace")
    except ValueError:
        return None
    return query.get("token", [None])[0]


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    found = {
        name.removeprefix("HTTP_").replace("_", "-"): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return {**found, "CONTENT-TYPE": str(environ.get("CONTENT_TYPE", ""))}


def _is_one(word: str, digests: Iterable[bytes]) -> bool:
    # Every pair is compared, by digests of one length: the time tells neither which nor how much of it was right.
    given = _digest(word)
    same = [hmac.compare_digest(given, one) for one in digests]
    return any(same)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _body(environ: WSGIEnvironment, limit: int) -> bytes:
    if str(environ.get("HTTP_CONTENT_ENCODING", "identity")).strip().lower() not in ("", "identity"):
        raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    told = str(environ.get("CONTENT_LENGTH") or "").strip()
    if told and not (told.isascii() and told.isdigit()):
        raise _Refused(HTTPStatus.BAD_REQUEST)
    if not told and not environ.get("wsgi.input_terminated"):
        return b""
    length = int(told[:20]) if told else limit + 1
    if told and length > limit:
        raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = _read(environ, length)
    if len(body) > limit:
        raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if told and len(body) < length:
        raise _Refused(HTTPStatus.BAD_REQUEST)
    return body


def _read(environ: WSGIEnvironment, length: int) -> bytes:
    read = bytearray()
    try:
        while len(read) < length and (piece := environ["wsgi.input"].read(min(_CHUNK, length - len(read)))):
            read += piece
    except TimeoutError:
        problem = _Refused(HTTPStatus.REQUEST_TIMEOUT)
    except OSError:
        problem = _Refused(HTTPStatus.BAD_REQUEST)
    else:
        return bytes(read)
    raise problem
