"""Secrets: not in records, not in logs, and never sent to another host."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import contact_draft, draft, make, text
from helpdesk_bridge.testing.conformance.fixtures import FaultSwitch
from helpdesk_bridge.testing.conformance.selection import each, needs

SECRET_KEY: Final = re.compile(r"passw|secret|api_?key|(^|_)token|credential", re.IGNORECASE)


def _keys(document: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield str(key), value
            yield from _keys(value)
    elif isinstance(document, (list, tuple)):
        for one in document:
            yield from _keys(one)


class _Elsewhere(BaseHTTPRequestHandler):
    """Another host, which records the headers of each request."""

    def do_GET(self) -> None:
        self.server.heard.append({name.lower(): value for name, value in self.headers.items()})  # type: ignore[attr-defined]  # ours
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_PUT = do_GET  # noqa: N815 - the names that the base class looks for

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log."""


@contextmanager
def _another_host() -> Iterator[tuple[str, list[Mapping[str, str]]]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        server.heard = []  # type: ignore[attr-defined]  # ours
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/stolen", server.heard  # type: ignore[attr-defined]  # ours
        finally:
            server.shutdown()
            thread.join()


def _is_reachable(url: str) -> bool:
    """Whether sockets are real here; in process, requests to any other host are refused."""
    session = requests.Session()
    session.trust_env = False
    try:
        with session, session.get(url, timeout=5):
            return True
    except requests.RequestException:
        return False


def _note_what_is_refused(patched: pytest.MonkeyPatch, url: str, heard: list[Mapping[str, str]]) -> None:
    """Record requests to the other host: in process they end before a socket."""
    plain = HTTPAdapter.send

    def send(adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **keys: Any) -> requests.Response:
        if urlsplit(request.url or "").netloc == urlsplit(url).netloc:
            heard.append({name.lower(): str(value) for name, value in request.headers.items()})
        return plain(adapter, request, *args, **keys)

    patched.setattr(HTTPAdapter, "send", send)


@needs("tickets.create", "tickets.get", "tickets.list", "messages.list", "contacts.create", "fixture:reopen")
def test_raw_holds_no_secret(reopen: Callable[..., Helpdesk], secrets: Sequence[str]) -> None:
    """With ``keep_raw`` the vendor's documents are kept without passwords, tokens and keys."""
    desk = reopen(keep_raw=True)
    ticket = make(desk)
    contact = desk.contacts.create(contact_draft(desk, "bob"))
    records: list[Any] = [ticket, desk.tickets.get(ticket.id), *desk.tickets.list(), *desk.messages.list(ticket.id)]
    records += [contact, desk.contacts.get(contact.id), *desk.contacts.list()]
    if agents := desk.agents:
        records += agents.list()
    for record in records:
        raw = getattr(record, "raw", None)
        found = [key for key, value in _keys(raw) if SECRET_KEY.search(key) and value not in (None, "")]
        assert not found, f"raw of a {type(record).__name__} holds {found[0]!r}"
        told = json.dumps(raw, default=str)
        assert not any(secret in told for secret in secrets)


@needs("tickets.create", "tickets.get", "messages.list")
def test_raw_is_kept_only_on_request(helpdesk: Helpdesk) -> None:
    """Without ``keep_raw`` no record has its document."""
    ticket = helpdesk.tickets.get(make(helpdesk).id)
    assert ticket.raw is None
    assert all(message.raw is None for message in helpdesk.messages.list(ticket.id))


@needs("tickets.create", "tickets.get", "messages.note", "messages.list")
def test_nothing_secret_is_logged_or_told(
    helpdesk: Helpdesk, secrets: Sequence[str], caplog: pytest.LogCaptureFixture
) -> None:
    """At level DEBUG, and in every repr, there is neither a credential nor a customer's text."""
    with caplog.at_level(logging.DEBUG, logger="helpdesk_bridge"):
        ticket = make(helpdesk, subject="Confidential-4711", description="Confidential-4711")
        helpdesk.messages.note(ticket.id, text("Confidential-4711"))
        thread = list(helpdesk.messages.list(ticket.id))
        found = helpdesk.tickets.get(ticket.id)
    logged = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("helpdesk_bridge"))
    told = f"{logged} {helpdesk!r} {helpdesk} {found!r} {thread!r} {helpdesk.capabilities!r} {helpdesk.check()!r}"
    assert "Confidential-4711" not in told, "a customer's text is in a log or a repr"
    assert not any(secret in told for secret in secrets), "a credential is in a log or a repr"


@needs("{operation}", "tickets.create", "sends:{operation}", "fixture:faults")
@pytest.mark.parametrize("kind", ["foreign_redirect", "foreign_next_link"])
@each("operation", ["tickets.list", "tickets.create", "messages.list", "messages.reply"])
def test_no_credential_goes_to_another_host(
    helpdesk: Helpdesk,
    faults: FaultSwitch,
    secrets: Sequence[str],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    operation: str,
) -> None:
    """A redirect or a link to another host takes no key and no customer's text there."""
    ticket = make(helpdesk)
    with _another_host() as (url, heard):
        if not _is_reachable(url):
            _note_what_is_refused(monkeypatch, url, heard)
        heard.clear()
        faults.inject(kind, on=operation, times=1, location=url)
        try:
            _call(helpdesk, operation, ticket.id, "cem")
        except HelpdeskError as error:
            assert not any(secret in str(error) for secret in secrets)  # noqa: PT017 - it may also succeed
        for headers in heard:
            told = json.dumps(headers)
            assert "authorization" not in headers, "the credentials went to another host"
            assert not any(secret in told for secret in secrets), "the credentials went to another host"


def _call(desk: Helpdesk, operation: str, ticket_id: str, who: str) -> None:
    if operation == "tickets.list":
        list(desk.tickets.list())
    elif operation == "tickets.create":
        desk.tickets.create(draft(desk, who))
    elif operation == "messages.list":
        list(desk.messages.list(ticket_id))
    else:
        desk.messages.reply(ticket_id, text("Hello"))
