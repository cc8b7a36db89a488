"""A destination in memory whose writes fail on demand, and the data set that the migration tests move."""

from __future__ import annotations

import re
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import define, evolve, field

from helpdesk_bridge.datasets.dataset import Dataset, SeedFile, SeedMessage, SeedPerson, SeedTicket
from helpdesk_bridge.errors import InDoubt
from helpdesk_bridge.model.paging import Page
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.fake import FakeHelpdesk

START = datetime(2025, 3, 1, 9, 0, tzinfo=UTC)
SETTLE = 60.0


class Kill(BaseException):
    """The process died here."""


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def person(key: str, email: str | None, **values: Any) -> SeedPerson:
    return SeedPerson(key, values.pop("name", key.title()), email, created_at=START, **values)


def message(author: str | None, minutes: int, text: str, **values: Any) -> SeedMessage:
    return SeedMessage(author, at(minutes), text=text, **values)


def ticket(key: str, requester: str, *messages: SeedMessage, **values: Any) -> SeedTicket:
    updated = messages[-1].created_at
    return SeedTicket(
        key,
        f"Subject of {key}",
        requester,
        created_at=messages[0].created_at,
        updated_at=updated,
        messages=messages,
        **values,
    )


FILE = SeedFile("report.pdf", "application/pdf", b"%PDF-1.4 report")
IMAGE = SeedFile("shot.png", "image/png", b"\x89PNG shot", inline=True, content_id="shot@1")


def small() -> Dataset:
    """Cem has no e-mail, Dan is deleted; one thread holds exact duplicates, one ticket is spam."""
    people = (
        person("ann", "ann@client.example"),
        person("bob", "bob@client.example", blocked=True),
        person("cem", None, phone="+905551112233"),
        person("dan", "dan@client.example", deleted=True),
        person("eve", "eve@desk.example", role="agent"),
    )
    thanks = [message("ann", minutes, "Thanks!") for minutes in (5, 6)]
    tickets = (
        ticket(
            "t1",
            "ann",
            message("ann", 0, "It broke"),
            message("eve", 3, "We look", files=(FILE,)),
            *thanks,
            tags=("vip",),
        ),
        ticket(
            "t2",
            "bob",
            message("bob", 10, "Where is it?"),
            message("eve", 12, "Lost?", private=True, kind="note"),
            status="closed",
        ),
        ticket("t3", "cem", message("cem", 20, "Call me", files=(FILE,)), status="pending", assignee="eve"),
        ticket("t4", "ann", message("ann", 30, "Buy now"), spam=True),
    )
    return Dataset(people=people, groups=("Sales",), tags=("vip",), tickets=tickets)


def source(dataset: Dataset | None = None) -> FakeHelpdesk:
    fake = FakeHelpdesk(name="old", clock=ManualClock())
    fake.seed(dataset or small())
    return fake


@define
class Faults:
    """What goes wrong: at the nth call of an operation. ``late`` commits after so many vendor seconds."""

    lost: set[tuple[str, int]] = field(factory=set)
    swallowed: set[tuple[str, int]] = field(factory=set)
    late: dict[tuple[str, int], float] = field(factory=dict)
    errors: dict[tuple[str, int], Exception] = field(factory=dict)
    kill_at: int | None = None
    steps: int = 0
    calls: Counter[str] = field(factory=Counter)
    pending: list[tuple[float, Any]] = field(factory=list)
    lock: threading.Lock = field(factory=threading.Lock)

    def step(self) -> None:
        with self.lock:
            self.steps += 1
            if self.steps == self.kill_at:
                raise Kill


class FaultyImporter:
    """The fake's importer behind a connection that loses things."""

    settle = SETTLE

    def __init__(self, inner: Any, faults: Faults, clock: ManualClock, fidelity: Any = None) -> None:
        self._inner, self._faults, self._clock = inner, faults, clock
        self.hazards, self.cost = inner.hazards, inner.cost
        self.fidelity = fidelity or inner.fidelity

    def contact(self, *args: Any) -> Any:
        return self._write("contact", *args)

    def ticket(self, *args: Any) -> Any:
        return self._write("ticket", *args)

    def message(self, *args: Any) -> Any:
        return self._write("message", *args)

    def contact_steps(self, *args: Any, **values: Any) -> Any:
        return self._inner.contact_steps(*args, **values)

    def message_steps(self, *args: Any, **values: Any) -> Any:
        return self._inner.message_steps(*args, **values)

    def finish(self, *args: Any) -> None:
        self.commit_due()
        self._faults.step()
        self._inner.finish(*args)
        self._faults.step()

    def find(self, *args: Any) -> Any:
        self.commit_due()
        self._faults.calls["find"] += 1
        self._faults.step()
        return self._inner.find(*args)

    def marked(self, *args: Any) -> Any:
        self.commit_due()
        self._faults.calls["marked"] += 1
        self._faults.step()
        return self._inner.marked(*args)

    def tail(self, *args: Any) -> Any:
        self.commit_due()
        self._faults.calls["tail"] += 1
        self._faults.step()
        return self._inner.tail(*args)

    def commit_due(self) -> None:
        faults = self._faults
        due = [one for one in faults.pending if one[0] <= self._clock.now()]
        faults.pending = [one for one in faults.pending if one not in due]
        for _, write in due:
            write()

    def _write(self, operation: str, *args: Any) -> Any:
        self.commit_due()
        faults = self._faults
        faults.calls[operation] += 1
        place = (operation, faults.calls[operation])
        write = getattr(self._inner, operation)
        faults.step()
        if place in faults.errors:
            raise faults.errors[place]
        if place in faults.swallowed:
            raise InDoubt("the connection broke")
        if place in faults.late:
            held = _held(args)
            faults.pending.append((self._clock.now() + faults.late[place], lambda: write(*held)))
            raise InDoubt("the answer did not come")
        result = write(*args)
        faults.step()
        if place in faults.lost:
            raise InDoubt("the answer was lost")
        return result


class Rows(tuple):
    """A listing of a vendor that does not say how many records there are."""

    __slots__ = ()

    def told(self):
        return None

    def page(self, cursor=None, *, size=None):
        return Page(self[:size])


def _held(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Keep the bytes of files: what was sent does not change when the sender cleans up."""
    from helpdesk_bridge.model.values import Upload

    def kept(upload: Upload) -> Upload:
        with upload.open() as stream:
            copy = Upload.from_bytes(upload.filename, stream.read(), upload.content_type)
        return evolve(copy, inline=upload.inline, content_id=upload.content_id)

    return tuple(
        tuple(kept(one) for one in arg) if isinstance(arg, tuple) and arg and isinstance(arg[0], Upload) else arg
        for arg in args
    )


class FaultyDesk:
    """A fake helpdesk whose importer loses things; with ``vendor`` it looks like one that has a rate limit."""

    def __init__(self, fake: FakeHelpdesk, clock: ManualClock, faults: Faults | None = None, **overrides: Any) -> None:
        self.fake, self.clock, self.faults = fake, clock, faults or Faults()
        fidelity = overrides.pop("fidelity", None)
        self.importer = FaultyImporter(fake.importer, self.faults, clock, fidelity)
        self._overrides = overrides

    def __getattr__(self, name: str) -> Any:
        self.importer.commit_due()
        if name in self._overrides:
            return self._overrides[name]
        return getattr(self.fake, name)


def destination(clock: ManualClock | None = None, **values: Any) -> FaultyDesk:
    used = clock or ManualClock()
    fake = FakeHelpdesk(name="new", clock=used)
    fake.inspection.add_agent(name="Eve", email="eve@desk.example")
    return FaultyDesk(fake, used, **values)


_TAIL = re.compile(r"( · (?:reply|note)) · [0-9a-f]{16}$", re.MULTILINE)


def dump(desk: Any) -> list[Any]:
    """Return everything at a destination that a migration promises, in a fixed order: no ids, no tails of its own key."""
    tickets = []
    for one in desk.fake.all_tickets():
        thread = []
        for part in desk.fake.messages.list(one.id):
            files = []
            for file in part.attachments:
                with desk.fake.attachments.open(file) as stream:
                    files.append((file.filename, stream.read()))
            thread.append(
                (
                    part.author.email or part.author.phone,
                    part.visibility,
                    _TAIL.sub(r"\1", part.body.text),
                    part.created_at,
                    sorted(files),
                )
            )
        requester = one.requester.email or one.requester.phone if one.requester else None
        tickets.append((one.subject, one.status, requester, one.tags, thread))
    contacts = sorted((one.email or "", one.name or "", one.blocked) for one in desk.fake.all_contacts())
    return [contacts, sorted(tickets, key=lambda row: row[0])]
