"""A Desk360 that answers what a test says and keeps what it was sent, without a socket."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import Any

import responses
from attrs import define, field, frozen
from werkzeug.formparser import parse_form_data

from helpdesk_bridge import open_desk
from helpdesk_bridge.testing.clock import ManualClock

HOST = "https://public-api.desk360.com"
KEY = "1|test-key"
TO = "+905551112233"
DIGITS = "905551112233"


@frozen
class Sent:
    """One request as it left."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    url: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> list[tuple[str, Any]]:
        """The parts of a multipart body in order: text as text, files as (name, type, bytes)."""
        environ = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": self.headers["Content-Type"],
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.input": BytesIO(self.body),
        }
        _, form, files = parse_form_data(environ)
        uploads = [(name, (one.filename, one.mimetype, one.stream.read())) for name, one in files.items(multi=True)]
        for stream in [one for _, one in files.items(multi=True)]:
            stream.close()
        return [*form.items(multi=True), *uploads]


@define
class Wiretap:
    """``answer`` sets what the next requests of a path get, the last one stays: a document, a triple or a function."""

    clock: ManualClock = field(factory=ManualClock)
    sent: list[Sent] = field(factory=list)
    desks: list[Any] = field(factory=list)
    _answers: dict[str, list[Any]] = field(factory=dict)

    def answer(self, path: str, *answers: Any) -> None:
        self._answers[path] = [one if isinstance(one, tuple) else (200, {}, one) for one in answers]

    def open(self, **table: Any) -> Any:
        credentials = {} if {"api_key", "email"} & table.keys() else {"api_key": KEY}
        desk = open_desk({"vendor": "desk360", "integration": 11, **credentials, **table}, clock=self.clock)
        self.desks.append(desk)
        return desk

    def paths(self) -> list[str]:
        return [one.path for one in self.sent]

    def respond(self, request: Any) -> tuple[int, dict[str, str], bytes]:
        body = request.body
        data = body.read() if hasattr(body, "read") else body if isinstance(body, bytes) else (body or "").encode()
        path = request.url.partition("?")[0].removeprefix(HOST)
        self.sent.append(Sent(request.method, path, dict(request.params), dict(request.headers), data, request.url))
        answers = self._answers.get(path)
        if not answers:
            raise AssertionError(f"nothing is said about {request.method} {path}")
        status, headers, content = answers[0] if len(answers) == 1 else answers.pop(0)
        if isinstance(content, Exception):
            raise content
        if callable(content):
            status, headers, content = content(request)
        if not isinstance(content, (bytes, str)):
            content = json.dumps(content)
        return (
            status,
            {"Content-Type": "application/json", **headers},
            content.encode() if isinstance(content, str) else content,
        )

    def close(self) -> None:
        for desk in self.desks:
            desk.close()


def tapped(mock: responses.RequestsMock) -> Wiretap:
    """Answer every request of a mock."""
    wiretap = Wiretap()
    for method in (responses.GET, responses.POST):
        mock.add_callback(method, re.compile(".*"), callback=wiretap.respond, content_type=None)
    return wiretap


def said(code: str, message: str = "Something.") -> dict[str, Any]:
    """An error body as documented."""
    return {"error": {"code": code, "message": message, "doc_url": "https://docs.desk360.com/api"}}
