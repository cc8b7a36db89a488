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
from helpdesk_bridge.datasets.dataset import Dataset, SeedFile, SeedMessage, SeedPerson, SeedTicket
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.http.options import HttpOptions
from helpdesk_bridge.http.request import Effect
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, Body, MessageKind, Visibility
from helpdesk_bridge.ratelimit import shared
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.outcomes import EFFECTS
from helpdesk_bridge.testing.simulator import SimulatorClock, SimulatorServer, mock_simulator

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
    "desk360": {"rate_limit": 1_000_000, "enforce_window": False, "chats_enabled": True},
}
OWN: dict[str, dict[str, tuple[Effect, str]]] = {
    "desk360": {
        "templates.send_bulk": (Effect.CREATE, "send_template_in_bulk"),
        "vendor_api.send_text": (Effect.CREATE, "send_text"),
        "vendor_api.send_location": (Effect.CREATE, "send_location"),
        "vendor_api.send_contacts": (Effect.CREATE, "send_contacts"),
        "vendor_api.send_media": (Effect.CREATE, "send_media"),
        "vendor_api.send_interactive": (Effect.CREATE, "send_interactive"),
        "vendor_api.request_location": (Effect.CREATE, "request_location"),
        "vendor_api.mark_read": (Effect.SET, "mark_read"),
        "vendor_api.integrations": (Effect.READ, "list_integrations"),
        "vendor_api.chats": (Effect.READ, "list_chats"),
        "vendor_api.media": (Effect.READ, "get_media"),
    }
}
"""A vendor's own operations, beside the port's: what each does, and the handler of its simulator."""
OF_THE_INBOX = frozenset(
    {"vendor_api.window", "vendor_api.delivery", "vendor_api.unread_webhooks"}
)  # fmt: skip
"""Operations of ``vendor_api`` that send nothing."""
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

    def start_over(self, *, files: bool = True) -> None:
        """Forget everything but the seed; Desk360's ``files`` come with what a customer writes anew."""
        self.app.reset()
        self.desk.refresh()
        if self.vendor == "desk360" and files:
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
            injected = self.app.inject({"kind": kind, "from": "+905551112233", **more})
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
        """How many requests of an operation reached the simulator."""
        return sum(one.operation in self.handlers(operation) for one in self.app.requests)

    def handlers(self, operation: str) -> tuple[str, ...]:
        """Which of the simulator's handlers carry an operation out; events are read from lists of every kind."""
        own = OWN.get(self.vendor, {}).get(operation)
        if own is not None:
            return (own[1],)
        lists = ("tickets.list", "messages.list") if operation == "events" else (operation,)
        return tuple(handler for name in lists for handler in self.app.OPERATIONS[name])

    def on(self, operation: str) -> str | None:
        """What a fault of that operation is injected ``on``."""
        own = OWN.get(self.vendor, {}).get(operation)
        return own[1] if own is not None else None if operation == "events" else operation

    def effect(self, operation: str) -> Effect:
        """What an operation does."""
        own = OWN.get(self.vendor, {}).get(operation)
        return own[0] if own is not None else EFFECTS[operation]


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
        stack.enter_context(mock.patch.object(shared, "_shared", {}))
        stack.enter_context(
            mock.patch("helpdesk_bridge.desk.connection.HttpOptions", partial(HttpOptions, max_body=CAP))
        )
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
    """One call of every operation that reaches the simulator, on records that are looked up now."""
    calls = (_conversation_calls if bench.vendor == "desk360" else _ticket_calls)(bench)
    calls["check"] = bench.desk.check
    if bench.desk.capabilities.supports("events"):
        # Seen before the vendor's records were made: all of them are news.
        calls["events"] = lambda: bench.desk.events(SEEDED - timedelta(days=1)).items
    return calls


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
        **_own_calls(bench, template, language, values),
    }


def _own_calls(bench: Bench, template: Any, language: Any, values: Any) -> dict[str, Callable[[], Any]]:
    """The calls of Desk360 that have no common word."""
    from helpdesk_bridge_desk360.wire.cards import CardName, CardPhone, ContactCard
    from helpdesk_bridge_desk360.wire.interactive import Button

    desk, phone = bench.desk, "+905551112233"
    api, media = desk.vendor_api, list(bench.app.account.media)[-1]
    card = ContactCard(
        name=CardName(formatted_name="Ann", first_name="Ann", last_name="Lee"), phones=(CardPhone(phone=phone),)
    )
    file = Upload.from_bytes("a.txt", b"text", "text/plain")
    return {
        "templates.send_bulk": lambda: desk.templates.send_bulk(
            template, [phone], language=language.language_id, parameters=values
        ),
        "vendor_api.send_text": lambda: api.send_text(phone, "Hello"),
        "vendor_api.send_location": lambda: api.send_location(
            phone, latitude=41.0, longitude=29.0, name="Office", address="Street 1"
        ),
        "vendor_api.send_contacts": lambda: api.send_contacts(phone, [card]),
        "vendor_api.send_media": lambda: api.send_media(phone, [file]),
        "vendor_api.send_interactive": lambda: api.send_interactive(phone, "Well?", [Button("yes", "Yes")]),
        "vendor_api.request_location": lambda: api.request_location(phone, "Where are you?"),
        "vendor_api.mark_read": lambda: api.mark_read(phone, ["wamid.1"]),
        "vendor_api.integrations": api.integrations,
        "vendor_api.chats": api.chats,
        "vendor_api.media": lambda: _drained(api.media(media)),
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
    return _drained(desk.attachments.open(attachment))


def _drained(opened_file: Any) -> bytes:
    with opened_file as stream:
        content: bytes = stream.read()
    return content


__all__ = [
    "CAP", "FRONTS", "IN_PROCESS", "NOW", "OF_THE_INBOX", "OWN", "SERVER", "VENDORS", "Bench", "Recorder", "generate", "opened", "operations",
    "small",
]  # fmt: skip
