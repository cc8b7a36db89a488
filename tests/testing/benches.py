"""Desks over their simulators for the tests of faults: one clock for both sides, so that nobody waits for real."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from typing import Any
from unittest import mock

from attrs import field, frozen

from helpdesk_bridge import (
    ContactChange,
    ContactDraft,
    MessageDraft,
    Status,
    TicketChange,
    TicketDraft,
    Upload,
    open_desk,
)
from helpdesk_bridge.http.options import HttpOptions
from helpdesk_bridge.model import Actor, Body, Contact, Message, MessageKind, Ticket, Visibility
from helpdesk_bridge.ratelimit import budget
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.simulator import (
    Dataset,
    SeedFile,
    SeedMessage,
    SeedPerson,
    SeedTicket,
    SimulatorClock,
    SimulatorServer,
    generate,
    mock_simulator,
)

VENDORS = ("deskie", "desk365", "desk360")
IN_PROCESS, SERVER = "in_process", "server"
FRONTS = (IN_PROCESS, SERVER)
NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
SEEDED = datetime(2026, 1, 10, 10, 0, tzinfo=UTC)
CAP = 1 << 20
"""How many bytes of an answer a desk reads here, so that a bomb need not be large."""

ORIGINS = {"deskie": "https://t{}.deskie.io", "desk365": "https://t{}.desk365.io", "desk360": "https://t{}.desk360.com"}
SWITCHES: dict[str, dict[str, Any]] = {
    "deskie": {"rate_limit": 1_000_000},
    "desk365": {"rate_limit": 1_000_000},
    "desk360": {"rate_limit": 1_000_000, "enforce_window": False},
}
_numbers = itertools.count(1)
FILE = SeedFile("report.pdf", "application/pdf", b"%PDF-1.4 " + b"report " * 40)


def small() -> Dataset:
    """Two customers, an agent, three tickets of which the first has a file; nothing is looked up twice for nothing."""

    def person(key: str, role: str = "contact", phone: str | None = None) -> SeedPerson:
        return SeedPerson(key, key.title(), f"{key}@x.example", phone=phone, role=role, created_at=SEEDED)

    def ticket(key: str, requester: str, minute: int) -> SeedTicket:
        at = SEEDED + timedelta(minutes=minute)
        files = (FILE,) if minute == 0 else ()
        messages = (
            SeedMessage(requester, at, html=f"<p>Opening of {key}</p>", files=files),
            SeedMessage("meg", at + timedelta(minutes=1), html="<p>Answer</p>"),
        )
        return SeedTicket(
            key, f"Subject {key}", requester, created_at=at, updated_at=at, messages=messages, assignee="meg",
            group="Support",
        )  # fmt: skip

    return Dataset(
        people=(person("ann"), person("bob"), person("idle"), person("meg", "agent")),
        groups=("Support",),
        companies=("Acme",),
        tags=("vip",),
        tickets=(ticket("one", "ann", 0), ticket("two", "bob", 10), ticket("three", "ann", 20)),
    )


@frozen(eq=False)
class Bench:
    """A desk, its simulator and the clock of both."""

    vendor: str
    desk: Any
    app: Any
    clock: ManualClock
    server: SimulatorServer | None = None
    dataset: Dataset = field(factory=small)

    def start_over(self) -> None:
        """Forget everything but the seed."""
        self.app.reset()
        self.desk.refresh()
        if self.vendor == "desk360":
            self._customer_writes()
        self.app.requests.clear()

    def _customer_writes(self) -> None:
        import base64

        file = {
            "name": FILE.filename,
            "content_type": FILE.content_type,
            "content": base64.b64encode(FILE.content).decode(),
        }
        for kind, more in (("text", {"text": "Where is it?"}), ("document", {"file": file})):
            injected = self.app.inject({"kind": kind, "phone": "+905551112233", **more})
            self.desk.webhooks.parse(_json(injected.payload), {}, "")
            self.desk.webhooks.receive(_json(injected.payload), {}, "")

    def processed(self) -> int:
        """How many records the account holds that a create makes; contacts that come with a ticket count apart."""
        state = self.app.state()
        return sum(int(state.get(name, 0)) for name in ("cases", "tickets", "messages", "outgoing"))

    def people(self) -> int:
        state = self.app.state()
        return int(state.get("users", state.get("contacts", 0)))

    def received(self, operation: str) -> int:
        """How many requests of a port operation reached the simulator."""
        return sum(one.operation in self.app.OPERATIONS[operation] for one in self.app.requests)


def _json(document: Any) -> bytes:
    import json

    return json.dumps(document).encode()


@contextmanager
def opened(
    vendor: str,
    front: str = IN_PROCESS,
    *,
    dataset: Dataset | None = None,
    timeout: float = 10.0,
    switches: dict[str, Any] | None = None,
    **table: Any,
) -> Iterator[Bench]:
    """Open a desk over its simulator; ``switches`` are the simulator's, ``table`` further keys of the desk."""
    create = import_module(f"helpdesk_bridge_{vendor}.simulator").create
    seed = dataset if dataset is not None else small()
    clock = ManualClock(wall=NOW)
    app = create(
        seed,
        clock=SimulatorClock(wall=clock.wall, monotonic=clock.now),
        settings={**SWITCHES[vendor], **(switches or {})},
    )
    own = {"inbox": ":memory:", "check_window": False} if vendor == "desk360" else {}
    settings = {"vendor": vendor, "max_wait": 10, "timeout": timeout, **app.connection, **own, **table}
    with ExitStack() as stack:
        # Budgets are shared by all desks of a process; each bench has its own.
        stack.enter_context(mock.patch.object(budget, "_shared", {}))
        stack.enter_context(mock.patch("helpdesk_bridge.desk.HttpOptions", partial(HttpOptions, max_body=CAP)))
        server = stack.enter_context(SimulatorServer(app)) if front == SERVER else None
        if server is None:
            origin = ORIGINS[vendor].format(next(_numbers))
            stack.enter_context(mock_simulator(app, origin))
        else:
            origin = server.url
        desk = stack.enter_context(open_desk({**settings, "base_url": origin}, clock=clock))
        bench = Bench(vendor, desk, app, clock, server, seed)
        bench.start_over()
        yield bench


class Recorder(ThreadingHTTPServer):
    """Another host: keeps all bytes of every request that comes."""

    daemon_threads = True

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                recorder.heard.append(f"{self.requestline}\n{self.headers}".encode() + body)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(b"{}")

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, *args: Any) -> None:
                return

        super().__init__(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


def operations(bench: Bench) -> dict[str, Callable[[], Any]]:
    """One call of every port operation that reaches the simulator, on records that are looked up now."""
    desk = bench.desk
    calls = (_conversation_calls if bench.vendor == "desk360" else _ticket_calls)(bench)
    calls["check"] = desk.check
    return {name: call for name, call in calls.items() if name in bench.app.OPERATIONS}


def _conversation_calls(bench: Bench) -> dict[str, Callable[[], Any]]:
    desk = bench.desk
    ticket = next(iter(desk.tickets.list()))
    # The newest: a simulator that started over knows the older ones no more, the inbox does.
    attachment = [file for one in desk.messages.list(ticket.id) for file in one.attachments][-1]
    template = next(one for one in desk.templates.list() if one.sendable)
    language = next(one for one in template.translations if one.active)
    values = dict.fromkeys(language.variables, "x")
    return {
        "tickets.create": lambda: desk.tickets.create(
            TicketDraft(subject="New", description="Hello", requester="+905551112244")
        ),
        "messages.reply": lambda: desk.messages.reply(ticket.id, MessageDraft(body="Answer")),
        "templates.list": lambda: desk.templates.list(),
        "templates.send": lambda: desk.templates.send(
            template, "+905551112233", language=language.language_id, parameters=values
        ),
        "attachments.open": lambda: _read(desk, attachment),
    }


def _ticket_calls(bench: Bench) -> dict[str, Callable[[], Any]]:
    desk = bench.desk
    tickets = list(desk.tickets.list())
    ticket = next(one for one in tickets if one.subject == "Subject one")
    contact = desk.contacts.find(email="idle@x.example")
    attachment = next(file for one in desk.messages.list(ticket.id) for file in one.attachments)
    new = {"name": "New", "emails": ("new@x.example",)}
    calls: dict[str, Callable[[], Any]] = {
        "tickets.list": lambda: list(desk.tickets.list()),
        "tickets.get": lambda: desk.tickets.get(ticket.id),
        "tickets.create": lambda: desk.tickets.create(
            TicketDraft(subject="New", description="Hello", requester="ann@x.example")
        ),
        "tickets.update": lambda: desk.tickets.update(ticket.id, TicketChange(subject="Changed")),
        "contacts.list": lambda: list(desk.contacts.list()),
        "contacts.get": lambda: desk.contacts.get(contact.id),
        "contacts.find": lambda: desk.contacts.find(email="bob@x.example"),
        "contacts.create": lambda: desk.contacts.create(ContactDraft(**new)),
        "contacts.update": lambda: desk.contacts.update(contact.id, ContactChange(name="Changed")),
        "messages.list": lambda: list(desk.messages.list(ticket.id)),
        "messages.reply": lambda: desk.messages.reply(ticket.id, MessageDraft(body="Answer")),
        "messages.note": lambda: desk.messages.note(ticket.id, MessageDraft(body="Note")),
        "agents.list": lambda: desk.agents.list(),
        "groups.list": lambda: desk.groups.list(),
        "companies.list": lambda: desk.companies.list(),
        "custom_fields.list": lambda: desk.custom_fields.list(),
        "attachments.open": lambda: _read(desk, attachment),
        **_importer_calls(bench, ticket),
    }
    if desk.tags:
        calls["tags.list"] = lambda: desk.tags.list()
    if desk.capabilities.supports("messages.add_from_contact"):
        calls["messages.add_from_contact"] = lambda: desk.messages.add_from_contact(
            ticket.id, MessageDraft(body="From the portal"), "ann@x.example"
        )
    if desk.removal:
        calls["removal.ticket"] = lambda: desk.removal.ticket(ticket.id)
        calls["removal.contact"] = lambda: desk.removal.contact(contact.id)
    return calls


def _importer_calls(bench: Bench, ticket: Ticket) -> dict[str, Callable[[], Any]]:
    importer = bench.desk.importer
    marker = "0123456789abcdef"
    person = Contact(id="9", ref="old:x/contact/9", name="Old", emails=("old@x.example",), created_at=SEEDED)
    requester = Actor.contact(email="ann@x.example", name="Ann")
    old = Ticket(
        id="9", ref="old:x/ticket/9", subject="Old", status=Status.OPEN, status_label=_open_label(bench),
        requester=requester, created_at=SEEDED, updated_at=SEEDED,
    )  # fmt: skip
    opening = _old_message("8", requester, opening=True)
    later = _old_message("7", requester)
    file = Upload.from_bytes("a.txt", b"text", "text/plain")
    return {
        "importer.contact": lambda: importer.contact(person, marker),
        "importer.ticket": lambda: importer.ticket(old, opening, (), marker),
        "importer.message": lambda: importer.message(ticket.id, later, (file,)),
        "importer.finish": lambda: importer.finish(ticket.id, old),
        "importer.find": lambda: importer.find("ticket", marker, NOW - timedelta(minutes=5), old),
        "importer.tail": lambda: importer.tail(ticket.id, 3),
    }


def _open_label(bench: Bench) -> str | None:
    return bench.desk.capabilities.statuses.get(Status.OPEN)


def _old_message(message_id: str, author: Actor, *, opening: bool = False) -> Message:
    return Message(
        id=message_id, ticket_id="9", author=author, visibility=Visibility.PUBLIC, kind=MessageKind.REPLY,
        body=Body(text="old words"), opening=opening, created_at=SEEDED,
    )  # fmt: skip


def _read(desk: Any, attachment: Any) -> bytes:
    with desk.attachments.open(attachment) as stream:
        content: bytes = stream.read()
    return content


__all__ = [
    "CAP", "FRONTS", "IN_PROCESS", "NOW", "SERVER", "VENDORS", "Bench", "Recorder", "generate", "opened", "operations",
    "small",
]  # fmt: skip
