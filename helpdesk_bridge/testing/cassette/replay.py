"""``Replay``: serves a cassette's answers to whoever asks what was asked."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request, Response

from helpdesk_bridge.testing.cassette.cassette import BASE, Content, Exchange, Pairs

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Asked = tuple[str, str, Pairs]


class Replay:
    """A WSGI application; credentials are not checked. Equal requests get their answers in order, then the last again."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._answers: dict[Asked, list[Exchange]] = defaultdict(list)
        for exchange in exchanges:
            self._answers[_asked(exchange.method, exchange.path, exchange.query)].append(exchange)
        self._lock = Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request: 404 with the reason for one that was not recorded."""
        request = Request(environ)
        query = tuple(parse_qsl(request.query_string.decode("latin-1"), keep_blank_values=True))
        with self._lock:
            answers = self._answers.get(_asked(request.method, request.path, query), [])
            exchange = answers.pop(0) if len(answers) > 1 else answers[0] if answers else None
        return _response(exchange, request.host_url.rstrip("/"))(environ, start_response)


def _asked(method: str, path: str, query: Pairs) -> Asked:
    return method, path, tuple(sorted(query))


def _response(exchange: Exchange | None, base: str) -> Response:
    if exchange is None:
        refusal = {"error": "not_recorded", "message": "the cassette holds no answer to this request"}
        return Response(json.dumps(refusal), 404, content_type="application/json")
    headers = [(name, value.replace(BASE, base)) for name, value in exchange.headers]
    return Response(_encoded(exchange.answer, base), exchange.status, headers)


def _encoded(content: Content, base: str) -> bytes:
    if not content.is_json:
        return content.encoded()
    return json.dumps(_placed(content.json, base), ensure_ascii=False).encode()


def _placed(value: Any, base: str) -> Any:
    if isinstance(value, dict):
        return {name: _placed(inner, base) for name, inner in value.items()}
    if isinstance(value, list):
        return [_placed(inner, base) for inner in value]
    return value.replace(BASE, base) if isinstance(value, str) else value
