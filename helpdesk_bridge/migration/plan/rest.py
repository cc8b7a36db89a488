"""The rest of a ticket: what the destination has no place for, as a migration announces it and a note can hold it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.adapter import Fidelity, FieldFidelity, Importer, is_marker_field
from helpdesk_bridge.migration.plan.field_maps import EndKind, FieldMap, as_text
from helpdesk_bridge.migration.plan.values import PASSING, Answer, Values, agent_email
from helpdesk_bridge.model import fields
from helpdesk_bridge.model.fields import TICKET
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind, Body, MessageKind, Priority, Rating, Visibility
from helpdesk_bridge.text.plain import digest, fold

LOST: Final = FieldFidelity(Fidelity.LOST, "the destination has no place for it")
TITLE: Final = "What the old ticket also had"
AGAIN: Final = f"{TITLE}, when it was read again"
OLD_TICKET: Final = Actor(ActorKind.SYSTEM, name="Old ticket")
"""Who says what the note holds: no person wrote it."""
TICKET_FIELDS: Final = fields.travelling(fields.TICKET)
CONTACT_FIELDS: Final = fields.travelling(fields.CONTACT)
_NOTHING: Final[tuple[object, ...]] = (None, "", (), {}, Priority.UNKNOWN, False)
_NAMES: Final = ("number", "url")
"""What names the old ticket: no loss, since each desk has its own, and the first thing that one looks for in the note."""
_ALWAYS_NEW: Final = frozenset({"updated_at"})
"""What every change of a ticket changes: by itself no reason for a second note."""
_REST_ID: Final = ":rest"


@frozen
class Left:
    """A field of a ticket or contact that does not arrive in its own place: what becomes of it, and what it holds."""

    field: str
    how: FieldFidelity
    value: Any


@frozen
class RestLine:
    """A line of the note: the field in words, and its value as text."""

    field: str
    words: str
    text: str

    def __str__(self) -> str:
        return f"{self.words}: {self.text}"


def used(record: Ticket | Contact, name: str) -> bool:
    """Whether a field of a record holds something."""
    return getattr(record, name) not in _NOTHING


def left_fields(record: Ticket | Contact, kept: Mapping[str, FieldFidelity]) -> Iterator[Left]:
    """Yield the fields that a record uses and that do not arrive natively."""
    area, names = ("ticket", TICKET_FIELDS) if isinstance(record, Ticket) else ("contact", CONTACT_FIELDS)
    for name in names:
        if not used(record, name):
            continue
        value = getattr(record, name)
        how = _kept(kept.get(name, LOST), value)
        if how.how is not Fidelity.NATIVE:
            yield Left(f"{area}.{name}", how, value)


def _kept(how: FieldFidelity, value: Any) -> FieldFidelity:
    """Return what becomes of this very value: some words and the first few of a list may be all that is kept."""
    if how.how is not Fidelity.NATIVE:
        return how
    if how.only is not None and isinstance(value, Rating) and fold(value.label or "") not in how.only:
        return FieldFidelity(Fidelity.LOST, f"kept only {how.why}")
    if how.most is not None and isinstance(value, tuple) and len(value) > how.most:
        return FieldFidelity(Fidelity.CHANGED, how.why, "the first" if how.most == 1 else f"the first {how.most}")
    return how


def carriers(left: Left, values: Values) -> list[FieldMap]:
    """Return the field maps by which what is left finds a place."""
    return [
        one
        for one in values.maps
        if one.source.kind is EndKind.FIELD and str(one.source) == left.field and values.carries(one, left.value)
    ]


def rest_lines(old: Ticket, values: Values, importer: Importer) -> list[RestLine]:
    """Return what the destination has no place for, neither its own nor one of the user's field maps.

    ``old`` is the source's ticket, its people and groups with their names.
    """
    kept = importer.fidelity.ticket
    lines = [
        _line(left.field.partition(".")[2], left.value)
        for left in left_fields(old, kept)
        if left.how.how is not Fidelity.HEADER_LINE and not carriers(left, values)
    ]
    lines += [line for name, line in _dropped(old, values) if kept.get(name, LOST).how is not Fidelity.LOST]
    if not lines:
        return []
    names = [_line(name, getattr(old, name)) for name in _NAMES if kept.get(name, LOST).how is not Fidelity.NATIVE]
    return [line for line in (*names, *lines) if line.text]


def _line(name: str, value: Any) -> RestLine:
    words = TICKET[name].words.get(name, name.replace("_", " "))
    return RestLine(f"ticket.{name}", words[:1].upper() + words[1:], as_text(value))


_GONE: Final = Answer()


def _differs(answer: Answer) -> bool:
    return not answer.mapped and (answer.value is None or answer.announced is not None)


def _dropped(old: Ticket, values: Values) -> Iterator[tuple[str, RestLine]]:
    """Yield the words of a ticket that the destination does not get as they were, by their field."""
    email = agent_email(values.source, old.assignee)
    has_priority = old.priority is not Priority.UNKNOWN or bool(old.priority_label)
    single: list[tuple[str, object, Answer | None]] = [
        ("status", old.status_label or old.status.value, values.status(old.status, old.status_label)),
        (
            "priority",
            old.priority_label or old.priority.value,
            values.priority(old.priority, old.priority_label) if has_priority else None,
        ),
        ("assignee", old.assignee, values.agent(email) if email else None),
        ("group", old.group, values.group(old.group.name) if old.group and old.group.name else None),
        *((name, word, values.word(name, word)) for name in PASSING if (word := getattr(old, name))),
        ("watchers", tuple(one for one in old.watchers if _differs(values.watcher(one))), _GONE),
        ("tags", tuple(one for one in old.tags if _differs(values.tag(one))), _GONE),
    ]
    for name, value, answer in single:
        if answer is not None and value and _differs(answer):
            yield name, _line(name, value)
    for name, value in old.custom_fields.items():
        if value in (None, "") or is_marker_field(name) or _has_place(name, value, values):
            continue
        yield "custom_fields", RestLine("ticket.custom_fields", " ".join(name.split()), as_text(value))


def _has_place(name: str, value: Any, values: Values) -> bool:
    answer = values.custom_field(name)
    if answer.mapped:
        wanted = fold(name)
        return any(
            one.source.kind is EndKind.CUSTOM
            and one.area == "ticket"
            and fold(one.source.name) == wanted
            and values.carries(one, value) is not None
            for one in values.maps
        )
    return answer.value is not None and values.option(answer.value, value).value is not None


# -- the note ------------------------------------------------------------------------------------------------------


def rest_version(lines: Sequence[RestLine]) -> str:
    """Return what changes when the note would say something else, beside the time of the last change."""
    return digest(*(str(line) for line in lines if line.field.partition(".")[2] not in _ALWAYS_NEW))


def rest_note(ticket: Ticket, lines: Sequence[RestLine], thread: Sequence[Message], number: int) -> Message:
    """Return the note as a last message of the source's thread; ``number`` counts those of the ticket from 1.

    It has the time of the message before it, so that a destination that sorts by times keeps it at the end.
    """
    times: list[datetime] = [message.created_at for message in thread if message.created_at is not None]
    return Message(
        id=f"{ticket.id}{_REST_ID}{number if number > 1 else ''}",
        ticket_id=ticket.id,
        author=OLD_TICKET,
        visibility=Visibility.INTERNAL,
        kind=MessageKind.NOTE,
        body=Body(text="\n".join([TITLE if number == 1 else AGAIN, "", *map(str, lines)])),
        created_at=max(times, default=ticket.created_at),
        sequence=len(thread),
    )
