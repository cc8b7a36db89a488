"""Side by side: each ticket of the sample as the source has it, and as the destination shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from importlib.resources import files
from typing import Any, Final, TypeVar

from attrs import frozen
from jinja2 import Environment, StrictUndefined, Template

from helpdesk_bridge import __version__
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.facts import Difference
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.states import IN_A_THREAD, Key, Kind, Record, State, reason_of
from helpdesk_bridge.migration.outage import Outage
from helpdesk_bridge.migration.report import words
from helpdesk_bridge.migration.sample.choice import Choice
from helpdesk_bridge.model.records import Message, Ticket
from helpdesk_bridge.model.values import Actor, Attachment
from helpdesk_bridge.text import display

T = TypeVar("T")

FILE_NAME: Final = "sample.html"
TEMPLATE: Final = "sample.html.j2"
MOST_SHOWN: Final = 20_000
"""Characters of one text that the page shows."""


@frozen
class Shown:
    """One message as the page shows it; ``more`` is how many characters of its text are left out."""

    who: str
    when: str
    eyes: str
    text: str
    more: int
    files: tuple[str, ...]


@frozen
class Line:
    """A message of the source and what it became; either may be None. ``told`` says why, where there is something to say."""

    before: Shown | None
    after: Shown | None
    told: str | None = None


@frozen
class Pair:
    """A ticket of the sample: its fields as (name, source, destination), and its thread."""

    source: str
    destination: str | None
    urls: Mapping[str, str | None]
    reasons: tuple[str, ...]
    state: str
    told: str | None
    fields: tuple[tuple[str, str, str], ...]
    lines: tuple[Line, ...]
    differences: tuple[Difference, ...]


@frozen(eq=False)
class SideBySide:
    """Reads both sides of a sample. It writes nothing."""

    source: MigrationDesk
    destination: MigrationDesk
    journal: Journal
    outages: tuple[Outage, Outage]

    def pairs(self, choice: Choice, differences: Sequence[Difference]) -> Iterator[Pair]:
        """Yield the tickets of the sample in its order."""
        for chosen in choice.tickets:
            record = self.journal.get(Key(Kind.TICKET, chosen.ticket))
            own = tuple(one for one in differences if one.ticket == chosen.ticket)
            yield self._pair(chosen.ticket, chosen.reasons, record or Record(key=Key(Kind.TICKET, chosen.ticket)), own)

    def _pair(
        self, ticket_id: str, reasons: tuple[str, ...], record: Record, differences: tuple[Difference, ...]
    ) -> Pair:
        there = record.destination[0] if record.destination else None
        told = [record.reason] if record.reason else []
        sides: list[Ticket | None] = []
        threads: list[Sequence[Message]] = []
        for desk, outage, own_id in zip((self.source, self.destination), self.outages, (ticket_id, there), strict=True):
            ticket: Ticket | None = None
            thread: Sequence[Message] = ()
            if own_id is not None:
                try:
                    ticket = desk.ticket(outage.of_record(partial(desk.desk.tickets.get, own_id)))
                    thread = outage.of_record(partial(_thread, desk, own_id))
                except HelpdeskError as error:
                    told.append(f"{desk.label} could not be read: {reason_of(error)}")
            sides.append(ticket)
            threads.append(thread)
        children = {child.key.id: child for child in self.journal.children(ticket_id, *IN_A_THREAD)}
        return Pair(
            source=ticket_id,
            destination=there,
            urls={side: one.url if one is not None else None for side, one in zip(("source", "destination"), sides, strict=True)},
            reasons=reasons,
            state=record.state.value.replace("_", " "),
            told="; ".join(told) or None,
            fields=tuple(_fields(*sides)),
            lines=tuple(_lines(threads[0], threads[1], children)),
            differences=differences,
        )  # fmt: skip


def _thread(desk: MigrationDesk, ticket_id: str) -> Sequence[Message]:
    return desk.desk.messages.list(ticket_id).all()


def _lines(before: Sequence[Message], after: Sequence[Message], children: Mapping[str, Record]) -> Iterator[Line]:
    """Yield each message of the source with what it became, then what the destination shows besides."""
    there = {message.id: message for message in after}
    opening = next((message for message in after if message.opening), None)
    used: set[str] = set()
    for message in before:
        record = children.get(message.id)
        ids = () if record is None else record.destination
        became = next((there[one] for one in ids if one in there), None)
        if became is None and opening is not None and (message.opening or _in_opening(record)):
            became = opening
        if became is None:
            reason = None if record is None else record.reason
            yield Line(_shown(message), None, reason or "not at the destination")
        elif became.id in used:
            yield Line(_shown(message), None, "written together with the message above")
        else:
            used.add(became.id)
            yield Line(_shown(message), _shown(became))
    for message in after:
        if message.id not in used:
            yield Line(None, _shown(message), "no message of the source: words of the import, or of somebody there")


def _in_opening(record: Record | None) -> bool:
    return record is not None and record.state is State.DONE and not record.destination


def _shown(message: Message) -> Shown:
    text = message.body.text
    return Shown(
        who=_person(message.author) or message.author.kind.value,
        when=_moment(message.created_at),
        eyes=message.visibility.value,
        text=text[:MOST_SHOWN],
        more=max(0, len(text) - MOST_SHOWN),
        files=tuple(map(_file, message.attachments)),
    )


def _file(file: Attachment) -> str:
    size = "" if file.size is None else f" ({file.size:,} bytes)"
    return f"{file.filename}{size}{', shown in the text' if file.inline else ''}"


def _person(actor: Actor | None) -> str:
    if actor is None:
        return ""
    contact = actor.email or actor.phone
    return " ".join(part for part in (actor.name, f"<{contact}>" if contact else None) if part) or (actor.id or "")


def _moment(at: datetime | None) -> str:
    return "" if at is None else words.moment(at)


_FIELDS: Final[Mapping[str, Callable[[Ticket], str]]] = {
    "subject": lambda one: one.subject,
    "number": lambda one: one.number or "",
    "status": lambda one: one.status_label or one.status.value,
    "priority": lambda one: one.priority_label or one.priority.value,
    "customer": lambda one: _person(one.requester),
    "assigned to": lambda one: _person(one.assignee),
    "group": lambda one: (one.group.name or one.group.id or "") if one.group else "",
    "type": lambda one: one.type or "",
    "category": lambda one: " / ".join(part for part in (one.category, one.subcategory) if part),
    "tags": lambda one: ", ".join(one.tags),
    "in copy": lambda one: ", ".join(one.cc),
    "followed by": lambda one: ", ".join(one.watchers),
    "created": lambda one: _moment(one.created_at),
    "closed": lambda one: _moment(one.closed_at),
    "merged into": lambda one: one.merged_into or "",
}


def _fields(before: Ticket | None, after: Ticket | None) -> Iterator[tuple[str, str, str]]:
    """Yield name and both values of each field that a side has, custom fields behind the others."""
    sides = (before, after)
    for name, value in _FIELDS.items():
        was, now = ("" if one is None else value(one) for one in sides)
        if was or now:
            yield name, was, now
    names = dict.fromkeys(name for one in sides if one is not None for name in one.custom_fields)
    for name in names:
        was, now = ("" if one is None else _custom(one.custom_fields.get(name)) for one in sides)
        if was or now:
            yield name, was, now


def _custom(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def render(
    pairs: Sequence[Pair], labels: Mapping[str, str], *, kept: str, canary: Sequence[str] = (), written: datetime
) -> str:
    """Return the page. Everything that was not written here is escaped, and made visible where it cannot be seen.

    ``kept`` says what becomes of the sample, ``canary`` what is known of the mail that an import causes.
    """
    page = _template().render(
        pairs=pairs, labels=labels, kept=kept, canary=canary, written=written, version=__version__, w=words
    )
    return str(page)


def _visible(value: Any) -> Any:
    return display.block(value) if type(value) is str else value


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_visible, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(files("helpdesk_bridge.migration.report").joinpath(TEMPLATE).read_text("utf-8"))
