"""Fidelity of a migration: what it keeps, changes and loses, known before it writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from attrs import asdict, evolve, frozen

from helpdesk_bridge.adapter import Fidelity, FieldFidelity, Importer, MessageClass
from helpdesk_bridge.migration.options import Threads
from helpdesk_bridge.migration.plan import values
from helpdesk_bridge.migration.plan.tally import LOOK_ALIKE, SHORTENED, Tally, left_by, used_fields
from helpdesk_bridge.migration.plan.values import Answer, Values
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.fields import RECORDS
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.text.decoding import Odd

PEOPLE: Final = values.PEOPLE - {"requester"}
"""Decisions about agents: who one is stays out of reports that leave the house."""

_PLACES: Final = {
    field.decision: f"{area}.{field.name}"
    for area, table in RECORDS.items()
    for field in table.values()
    if field.decision is not None
}

_QUOTED: Final = "the text looks like a line that only imports write; verification compares it without the mark"

_PART: Final = "\x1f"
"""Between the parts of what ``uses`` says; no key of a document has it, since keys are shown as one line."""
LOST: Final = FieldFidelity(Fidelity.LOST, "the destination has no place for it")


@frozen
class Change:
    """A field that does not arrive as it was: what becomes of it, why, and for how many records."""

    field: str
    change: str
    why: str
    records: int | None

    def as_json(self) -> dict[str, object]:
        """Return the change as JSON values."""
        return asdict(self)


def _said(kept: FieldFidelity) -> str:
    if kept.how is Fidelity.HEADER_LINE:
        return "kept as header line"
    if kept.how is Fidelity.CHANGED:
        return f"kept as {kept.to}" if kept.to else "changed"
    return "lost"


def record_changes(importer: Importer, tally: Tally) -> list[Change]:
    """Return what becomes of the fields of tickets and contacts that the source uses."""
    changes = []
    for area, kept in (("ticket", importer.fidelity.ticket), ("contact", importer.fidelity.contact)):
        for name, records in sorted(tally.fields.items()):
            kind, _, field = name.partition(".")
            how = kept.get(field, LOST)
            if kind == area and how.how is not Fidelity.NATIVE:
                changes.append(Change(name, _said(how), how.why, records))
    rating = importer.fidelity.ticket.get("rating", LOST)
    if rating.only is not None:
        lost = sum(records for word, records in tally.ratings.items() if word not in rating.only)
        changes += [Change("ticket.rating", "lost", f"kept only {rating.why}", lost)] if lost else []
    if tally.unusable_copies and importer.fidelity.ticket.get("cc", LOST).how is not Fidelity.LOST:
        changes.append(Change("ticket.cc", "lost", "no vendor accepts such an address", tally.unusable_copies))
    if tally.named_emails:
        why = "it includes a name, as in a mail header; a contact without a name gets that name"
        changes.append(Change("contact.emails", "kept as the address alone", why, tally.named_emails))
    if tally.unusable_emails:
        why = "no vendor accepts the address; header lines show it as it was"
        changes.append(Change("contact.emails", "kept as <source id>@no-email.invalid", why, tally.unusable_emails))
    return changes


def place_of(name: str) -> str:
    """Return the field that a decision is about, such as ``ticket.tags`` for ``tag``."""
    return _PLACES.get(name, f"ticket.{name}")


def carried(name: str, importer: Importer) -> bool:
    """Whether the destination has a place for the field that a decision is about."""
    area, _, field = place_of(name).partition(".")
    kept = importer.fidelity.ticket if area == "ticket" else importer.fidelity.contact
    return kept.get(field, LOST).how is not Fidelity.LOST


def value_changes(answers: Iterable[tuple[str, str, Answer, int]], importer: Importer) -> list[Change]:
    """Return what becomes of values without a counterpart, one line a field and outcome."""
    summed: Counter[tuple[str, str, str]] = Counter()
    for name, old, answer, records in answers:
        if not carried(name, importer):
            continue  # the whole field is lost, and said so already
        field = place_of(name)
        if answer.value is None:
            # Who an agent is stays out of reports that leave the house.
            what = "an agent" if name in PEOPLE else repr(old)
            why = f"{what} has no counterpart" if name not in PEOPLE else "agents without a counterpart"
            summed[field, "lost", why] += records
        elif answer.announced is not None:
            what = "an agent" if name in PEOPLE else repr(old)
            summed[field, f"kept as {answer.announced}", f"{what} has no counterpart"] += records
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
    importer: Importer, used: Mapping[tuple[str, str], int], way: Threads = Threads.MESSAGES
) -> list[Change]:
    """Return what becomes of messages; ``used`` counts messages by class name and field."""
    summed: Counter[tuple[str, str, str]] = Counter()
    for (class_name, field), records in used.items():
        if field == LOOK_ALIKE:
            summed["message.body", "kept with a mark: [quoted:Imported], [quoted:ref:…]", _QUOTED] += records
            continue
        kind = MessageClass[class_name]
        kept = _joined(importer.fidelity.messages.get(kind, {}).get(field, LOST), kind, field, way)
        if kept.how is not Fidelity.NATIVE:
            summed[f"message.{field}", _said(kept), kept.why] += records
    return [Change(field, change, why, records) for (field, change, why), records in sorted(summed.items())]


def estimated(tally: Tally) -> dict[tuple[str, str], int]:
    """Return how many messages of each class and field the sample suggests."""
    if not tally.sampled:
        return {}
    times = tally.tickets / tally.sampled
    return {key: max(1, round(count * times)) for key, count in tally.sample.items()}


def uses(message: Message) -> str:
    """Return a message's class and the fields it uses as one word, such as ``NOTE:author,body,inline``.

    What it leaves behind follows, by key and reason.
    """
    left = (part for pair in left_by(message).items() for part in pair)
    return _PART.join([f"{MessageClass.of(message).name}:{','.join(used_fields(message))}", *left])


def counted(words: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """Return how many messages of each class and field there are; ``words`` counts what ``uses`` says."""
    counts: Counter[tuple[str, str]] = Counter()
    for word, records in words.items():
        class_name, _, fields = word.partition(_PART)[0].partition(":")
        for field in fields.split(",") if fields else ():
            counts[class_name, field] += records
    return dict(counts)


def counted_left(words: Mapping[str, int]) -> Counter[tuple[str, str]]:
    """Return how many messages leave something behind, by key and reason; ``words`` counts what ``uses`` says."""
    counts: Counter[tuple[str, str]] = Counter()
    for word, records in words.items():
        _, *parts = word.split(_PART)
        for key, why in zip(parts[::2], parts[1::2], strict=True):
            counts[key, why] += records
    return counts


def estimated_left(tally: Tally) -> Counter[tuple[str, str]]:
    """Return how many messages leave something behind, as the sample suggests."""
    times = tally.tickets / tally.sampled if tally.sampled else 0
    return Counter({key: max(1, round(count * times)) for key, count in tally.sample_left.items()})


def left_changes(tally: Tally, messages: Mapping[tuple[str, str], int]) -> list[Change]:
    """Return what the source's documents hold and no record carries, by the vendor's own keys."""
    counts = {**tally.left, **{("message", key, why): records for (key, why), records in messages.items()}}
    return [
        Change(
            f"{area}.{key}",
            "kept as HTML, with a shortened text" if (area, why) == ("message", SHORTENED) else "lost",
            why,
            records,
        )
        for (area, key, why), records in sorted(counts.items())
    ]


def address_changes(tickets: int) -> list[Change]:
    """Return what becomes of customers whose address no vendor accepts or the destination refuses."""
    if not tickets:
        return []
    why = "the destination refuses the address, or no vendor accepts it; a header line of the opening shows it"
    return [Change("ticket.requester", "kept as <source id>@no-email.invalid", why, tickets)]


def opening_changes(tickets: int | None) -> list[Change]:
    """Return what becomes of tickets that begin with an internal message."""
    if not tickets:
        return []
    why = "customers read the opening, so it only says that the ticket begins with an internal note"
    return [Change("ticket.opening", "kept as a private note after an opening without its text", why, tickets)]


def length_changes(capabilities: Capabilities, tally: Tally) -> list[Change]:
    """Return what becomes of subjects that do not fit."""
    limit = capabilities.subject_limit
    cut = 0 if limit is None else sum(records for length, records in tally.subject_lengths.items() if length > limit)
    if not cut:
        return []
    why = f"{capabilities.vendor} accepts {limit} characters; the opening message has the whole subject"
    return [Change("ticket.subject", "kept as its beginning", why, cut)]


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
    values: Values,
    importer: Importer,
    *,
    threads: Threads,
    used: Mapping[tuple[str, str], int],
    left: Mapping[tuple[str, str], int],
    openings: int | None,
    refused_addresses: int = 0,
) -> tuple[Change, ...]:
    """Return everything that does not arrive as it was.

    ``used`` counts messages by class name and field, ``left`` those that leave something behind by key and reason.
    """
    changes = record_changes(importer, tally) + value_changes(tally.answers(values), importer)
    changes += length_changes(values.destination.desk.capabilities, tally)
    changes += address_changes(refused_addresses)
    changes += opening_changes(openings)
    changes += message_changes(importer, used, threads)
    changes += left_changes(tally, left)
    changes += text_changes(values.source.mended())
    return tuple(merged(changes))


def merged(changes: Iterable[Change]) -> list[Change]:
    """Return the changes with those of the same field, outcome and reason as one."""
    by_outcome: dict[tuple[str, str, str], Change] = {}
    for change in changes:
        key = (change.field, change.change, change.why)
        known = by_outcome.get(key)
        records = change.records if known is None or known.records is None else known.records + (change.records or 0)
        by_outcome[key] = evolve(change, records=records)
    return list(by_outcome.values())
