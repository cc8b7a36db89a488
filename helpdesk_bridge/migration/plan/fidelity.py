"""Fidelity of a migration: what it keeps, changes and loses, known before it writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Fidelity, FieldFidelity, Importer, MessageClass
from helpdesk_bridge.migration.options import Threads
from helpdesk_bridge.migration.plan import values
from helpdesk_bridge.migration.plan.estimate import Estimate
from helpdesk_bridge.migration.plan.message_use import AUTHOR, LOOK_ALIKE, SHORTENED, STRANGER
from helpdesk_bridge.migration.plan.outcomes import AND_IN_A_NOTE, IN_A_NOTE, Outcomes, outcome
from helpdesk_bridge.migration.plan.rest import LOST
from helpdesk_bridge.migration.plan.tally import Tally
from helpdesk_bridge.migration.plan.values import Answer
from helpdesk_bridge.model.fields import RECORDS
from helpdesk_bridge.text.decoding import Odd

PEOPLE: Final = values.PEOPLE - {"requester"}
"""Decisions about agents: who one is stays out of reports that leave the house."""

_PLACES: Final = {
    field.decision: f"{area}.{field.name}"
    for area, table in RECORDS.items()
    for field in table.values()
    if field.decision is not None
} | {"option": "ticket.custom_fields"}

_QUOTED: Final = "the text looks like a line that only imports write; verification compares it without the mark"


@frozen
class Change:
    """A field that does not arrive as it was: what becomes of it, why, and for how many records.

    An estimate from a sample of threads lies between ``low`` and ``high`` in 95 of 100 samples; what was counted has neither.
    """

    field: str
    change: str
    why: str
    records: int | None
    low: int | None = None
    high: int | None = None

    @property
    def estimated(self) -> bool:
        """Whether ``records`` is an estimate."""
        return self.low is not None

    def as_json(self) -> dict[str, object]:
        """Return the change as JSON values; an estimate with its range."""
        told: dict[str, object] = {"field": self.field, "change": self.change, "why": self.why, "records": self.records}
        return {**told, "low": self.low, "high": self.high} if self.estimated else told


def place_of(name: str) -> str:
    """Return the field that a decision is about, such as ``ticket.tags`` for ``tag``."""
    return _PLACES.get(name, f"ticket.{name}")


def carried(name: str, importer: Importer) -> bool:
    """Whether the destination has a place for the field that a decision is about."""
    area, _, field = place_of(name).partition(".")
    kept = importer.fidelity.ticket if area == "ticket" else importer.fidelity.contact
    return kept.get(field, LOST).how is not Fidelity.LOST


def value_changes(
    answers: Iterable[tuple[str, str, Answer, int]], importer: Importer, *, noted: bool = False
) -> list[Change]:
    """Return what becomes of values without a counterpart, one line a field and outcome.

    ``noted`` says that the rest of a ticket goes into a note.
    """
    summed: Counter[tuple[str, str, str]] = Counter()
    for name, old, answer, records in answers:
        if answer.mapped or not carried(name, importer):
            continue  # the whole field is lost or goes where a map says, and that is told already
        field = place_of(name)
        in_note = noted and field.startswith("ticket.")
        if answer.value is None:
            # Who an agent is stays out of reports that leave the house.
            what = "an agent" if name in PEOPLE else repr(old)
            why = f"{what} has no counterpart" if name not in PEOPLE else "agents without a counterpart"
            summed[field, IN_A_NOTE if in_note else "lost", why] += records
        elif answer.announced is not None:
            what = "an agent" if name in PEOPLE else repr(old)
            said = f"kept as {answer.announced}{AND_IN_A_NOTE if in_note else ''}"
            summed[field, said, f"{what} has no counterpart"] += records
    return [Change(field, change, why, records) for (field, change, why), records in summed.items()]


def _joined(kept: FieldFidelity, kind: MessageClass, field: str, way: Threads) -> FieldFidelity:
    """Return what becomes of a field if later messages are written together, whatever the importer would keep."""
    if way is Threads.MESSAGES or kind in (MessageClass.OPENING_BY_CONTACT, MessageClass.OPENING_BY_AGENT):
        return kept
    if field in ("cc", "to"):
        return FieldFidelity(Fidelity.LOST, "messages written together have no recipients of their own")
    internal = kind is MessageClass.NOTE
    if field in ("author", "created_at", "kind") or (field == "visibility" and not internal):
        opening = way is Threads.DESCRIPTION and not internal
        place = "the opening holds it" if opening else "one private note holds it with other messages"
        return FieldFidelity(Fidelity.HEADER_LINE, f"{place}; a line before the text says it")
    return kept


def message_changes(
    importer: Importer, used: Mapping[tuple[str, str], Estimate], way: Threads = Threads.MESSAGES
) -> list[Change]:
    """Return what becomes of messages; ``used`` tells how many use a field, by class name and field."""
    changes = []
    for (class_name, field), records in used.items():
        if field == LOOK_ALIKE:
            said = "kept with a mark: [quoted:Imported], [quoted:ref:…]"
            changes.append(_change("message.body", said, _QUOTED, records))
            continue
        kind = MessageClass[class_name]
        name = AUTHOR if field == STRANGER else field
        kept = importer.fidelity.messages.get(kind, {}).get(name, LOST)
        if field == STRANGER and kept.otherwise is not None:
            kept = kept.otherwise
        kept = _joined(kept, kind, name, way)
        if kept.how is not Fidelity.NATIVE:
            changes.append(_change(f"message.{name}", outcome(kept), kept.why, records))
    return sorted(merged(changes), key=lambda change: (change.field, change.change, change.why))


def _change(field: str, change: str, why: str, records: Estimate) -> Change:
    return Change(field, change, why, records.records, records.low, records.high)


def left_changes(tally: Tally, messages: Mapping[tuple[str, str], Estimate]) -> list[Change]:
    """Return what the source's documents hold and no record carries, by the vendor's own keys."""
    counts = {key: Estimate(records) for key, records in tally.left.items()}
    counts |= {("message", key, why): records for (key, why), records in messages.items()}
    return [
        _change(
            f"{area}.{key}",
            "kept as HTML, with a shortened text" if (area, why) == ("message", SHORTENED) else "lost",
            why,
            records,
        )
        for (area, key, why), records in sorted(counts.items())
    ]


def opening_changes(tickets: Estimate) -> list[Change]:
    """Return what becomes of tickets that begin with an internal message."""
    if not tickets.records:
        return []
    why = "customers read the opening, so it only says that the ticket begins with an internal note"
    return [_change("ticket.opening", "kept as a private note after an opening without its text", why, tickets)]


def text_changes(mended: Mapping[str, int]) -> list[Change]:
    """Return what becomes of the source's words that no text can hold; ``mended`` counts places by kind, not records."""
    becomes = {Odd.NUMBER.value: "kept as text"}
    return [
        Change(
            "text",
            becomes.get(kind, "kept as U+FFFD in their place"),
            f"the source holds {kind}, {_places(count)}",
            None,
        )
        for kind, count in sorted(mended.items())
    ]


def _places(count: int) -> str:
    return f"{count} in what was read" if count > 1 else "once in what was read"


def all_changes(
    tally: Tally,
    outcomes: Outcomes,
    *,
    threads: Threads,
    used: Mapping[tuple[str, str], Estimate],
    left: Mapping[tuple[str, str], Estimate],
    openings: Estimate,
) -> tuple[Change, ...]:
    """Return everything that does not arrive as it was.

    ``used`` tells how many messages use a field, by class name and field, ``left`` how many leave something behind, by key
    and reason.
    """
    values, importer = outcomes.mapping.values, outcomes.importer
    answers = [*tally.answers(values), *outcomes.answers()]
    changes = [Change(*key, records) for key, records in sorted(outcomes.changes.items(), key=_place_first)]
    changes += value_changes(answers, importer, noted=outcomes.noted)
    changes += opening_changes(openings)
    changes += message_changes(importer, used, threads)
    changes += left_changes(tally, left)
    changes += text_changes(values.source.mended())
    return tuple(merged(changes))


def _place_first(counted: tuple[tuple[str, str, str], int]) -> tuple[bool, tuple[str, str, str]]:
    """Return what sorts tickets before contacts, as people read them."""
    return not counted[0][0].startswith("ticket"), counted[0]


def merged(changes: Iterable[Change]) -> list[Change]:
    """Return the changes with those of the same field, outcome and reason as one."""
    by_outcome: dict[tuple[str, str, str], Change] = {}
    for change in changes:
        key = (change.field, change.change, change.why)
        known = by_outcome.get(key)
        by_outcome[key] = change if known is None else _together(known, change)
    return list(by_outcome.values())


def _together(one: Change, other: Change) -> Change:
    if one.records is None or other.records is None:
        return other if one.records is None else one
    if not (one.estimated or other.estimated):
        return evolve(one, records=one.records + other.records)
    low, high = (
        sum(getattr(part, bound) if part.estimated else part.records or 0 for part in (one, other))
        for bound in ("low", "high")
    )
    return evolve(one, records=one.records + other.records, low=low, high=high)
