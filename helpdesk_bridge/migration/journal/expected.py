"""Expected values: what the destination must show of a record, as digests, and the comparison with what it shows.

Both sides of the comparison come from here, so that what is expected and what is found are put in the same form:
text without what no reader sees, people by the box of their e-mail, times to the second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from attrs import evolve

from helpdesk_bridge.adapter import Fidelity, FidelityTable, FieldFidelity, HeaderLine, MessageClass
from helpdesk_bridge.adapter.digests import body_digest, text_digest
from helpdesk_bridge.adapter.header_line import Seal, split_header, split_marker, unquoted, with_header
from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.migration.journal.contents import (
    CONTENTS,
    content_differences,
    contents,
    file_words,
    images_shown,
    said,
)
from helpdesk_bridge.migration.journal.states import opaque
from helpdesk_bridge.model import fields
from helpdesk_bridge.model.addresses import email_key, phone_key
from helpdesk_bridge.model.fields import Field, Kind
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import (
    Actor,
    ActorKind,
    Body,
    CustomValue,
    MessageKind,
    Priority,
    Rating,
    Ref,
    Visibility,
)
from helpdesk_bridge.text.plain import digest, fold, squash

_SHOWN_SO: Final = (Fidelity.NATIVE, Fidelity.HEADER_LINE)
CLEARED: Final = "cleared"
"""Where a contact's expectation names the fields that the source emptied."""
_OWN_WORDS: Final = Aliases()
OPENING: Final = "opening"
"""Where a ticket's expectation holds that of an opening that no message of the source is."""
CHOICES: Final = "choices"
"""Where it holds a digest of the user's choices with which the ticket was written; nothing without any."""


def second(moment: datetime | None) -> str | None:
    """Return a time to the second, in UTC."""
    return None if moment is None else moment.astimezone(UTC).replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")


def person(actor: Actor | None) -> dict[str, str | None] | None:
    """Return what identifies a person: kind, id, and digests of e-mail, phone and name."""
    if actor is None:
        return None
    phone = phone_key(actor.phone or "")
    return {
        "kind": actor.kind.value,
        "id": None if actor.id is None else opaque(actor.id, natural=not actor.id.isdecimal()),
        "email": digest(email_key(actor.email)) if actor.email else None,
        "phone": digest(phone) if phone else None,
        "name": text_digest(fold(actor.name)) if actor.name else None,
    }


def same_person(expected: Mapping[str, Any] | None, shown: Mapping[str, Any] | None) -> bool:
    """Whether two such values mean the same person: by id if both have one, else by e-mail, phone or name."""
    if expected is None or shown is None:
        return expected is shown
    if expected["kind"] != shown["kind"] and ActorKind.UNKNOWN.value not in (expected["kind"], shown["kind"]):
        return False
    for name in ("id", "email", "phone", "name"):
        if expected[name] is not None and shown[name] is not None:
            return bool(expected[name] == shown[name])
    return expected["kind"] == ActorKind.SYSTEM.value or not any(
        expected[name] for name in ("id", "email", "phone", "name")
    )


def custom_text(value: CustomValue) -> str | None:
    """Return a custom value as text that does not depend on the field's type: 5, "5" and 5.0 are the same."""
    if value is None or value in {"", ()}:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return format(Decimal(value).normalize(), "f")
    if isinstance(value, datetime):
        return second(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return "\n".join(sorted(fold(element) for element in value))
    try:
        return format(Decimal(value).normalize(), "f") if len(value) < 40 and value.isascii() else squash(value)  # noqa: PLR2004
    except ArithmeticError:
        return {"yes": "true", "no": "false"}.get(value.casefold(), squash(value))


def native(fidelity: Mapping[str, FieldFidelity], name: str) -> bool:
    """Whether a field is to be found natively."""
    kept = fidelity.get(name)
    return kept is not None and kept.how is Fidelity.NATIVE


def _compared(table: Mapping[str, Field], left_out: Container[str]) -> tuple[Field, ...]:
    return tuple(field for field in table.values() if field.travels and field.name not in left_out)


_TICKET: Final = _compared(fields.TICKET, {"merged_into"})
"""Without the id of another ticket, which is the source's."""
_CONTACT: Final = _compared(fields.CONTACT, ())


def _reference(value: Ref | None, named: Callable[[str], str]) -> str | None:
    return digest(fold(named(value.name))) if value and value.name else None


def _custom_fields(values: Mapping[str, CustomValue], aliases: Aliases) -> dict[str, str]:
    return {
        digest(fold(aliases.custom_fields.out(name))): digest(text)
        for name, value in values.items()
        if (text := custom_text(value)) is not None
    }


def _rating(value: Rating | None) -> dict[str, str | None] | None:
    """Return label and comment; a score, which each vendor has in a scale of its own, only of a rating without a label."""
    if value is None:
        return None
    said_so = digest(fold(value.label)) if value.label is not None else str(value.score)
    return {"label": said_so, "comment": text_digest(value.comment)}


def _kept_in_words(record: Ticket | Contact, field: Field, kept: FieldFidelity) -> bool:
    """Whether the destination keeps the words that a field has."""
    if kept.only is None or field.kind is not Kind.RATING:
        return True
    value = getattr(record, field.name)
    return value is None or fold(value.label or "") in kept.only


_SHOWN: Final[Mapping[Kind, Callable[[Any, str, Aliases], Any]]] = {
    Kind.TEXT: lambda value, *_: text_digest(value),
    Kind.WORD: lambda value, *_: text_digest(value),
    Kind.CHOICE: lambda value, *_: value.value,
    Kind.TIME: lambda value, *_: second(value),
    Kind.PERSON: lambda value, *_: person(value),
    Kind.REFERENCE: lambda value, name, aliases: _reference(value, aliases.groups.out if name == "group" else str),
    Kind.WORDS: lambda value, _, aliases: [digest(fold(aliases.tags.out(word))) for word in value],
    Kind.ADDRESSES: lambda value, *_: [digest(email_key(address)) for address in value],
    Kind.PHONES: lambda value, *_: [digest(number) for phone in value if (number := phone_key(phone))],
    Kind.IDENTITIES: lambda value, *_: [digest(fold(one.kind), one.value) for one in value],
    Kind.CUSTOM_FIELDS: lambda value, _, aliases: _custom_fields(value, aliases),
    Kind.RATING: lambda value, *_: _rating(value),
    Kind.FLAG: lambda value, *_: value,
    Kind.NUMBER: lambda value, *_: value,
}
"""How the fields of each kind are put in a form in which two desks can be compared."""


def shown_value(value: Any, field: Field) -> Any:
    """Return the value of a field in a form that can be kept and compared."""
    return _SHOWN[field.kind](value, field.name, _OWN_WORDS)


def _native(
    record: Ticket | Contact, compared: Iterable[Field], fidelity: Mapping[str, FieldFidelity], aliases: Aliases
) -> dict[str, Any]:
    return {
        field.name: _SHOWN[field.kind](getattr(record, field.name), field.name, aliases)
        for field in compared
        if native(fidelity, field.name)
        and field.name not in record.not_loaded
        and _kept_in_words(record, field, fidelity[field.name])
    }


def ticket(value: Ticket, fidelity: Mapping[str, FieldFidelity], aliases: Aliases) -> dict[str, Any]:
    """Return what a ticket shows of the fields that are kept natively, in the vendor's own words."""
    shown = _native(value, _TICKET, fidelity, aliases)
    return {name: sorted(one) if isinstance(one, list) else one for name, one in shown.items()}


def ticket_differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (field, expected, found) for each difference of two such values."""
    different = []
    for name, wanted in expected.items():
        if name not in found:
            continue
        shown = found[name]
        if name == "subject" and wanted is None:
            same = True  # vendors that want a subject get words of their own for none
        elif (name, wanted) in (("priority", Priority.UNKNOWN.value), ("created_at", None)):
            same = True  # the source tells none, and the destination has its own for that
        elif fields.TICKET[name].kind is Kind.PERSON:
            same = same_person(wanted, shown)
        elif fields.TICKET[name].kind is Kind.CUSTOM_FIELDS:
            shown = {key: shown.get(key) for key in wanted}
            same = wanted == shown
        else:
            same = wanted == shown
        if not same:
            different.append((name, said(wanted), said(shown)))
    return different


def contact(
    value: Contact, fidelity: Mapping[str, FieldFidelity], aliases: Aliases = _OWN_WORDS, *, cleared: Iterable[str] = ()
) -> dict[str, Any]:
    """Return what a contact shows of the fields that are kept natively.

    ``cleared`` are fields that the source has emptied: the destination must show nothing there.
    """
    shown = _native(value, _CONTACT, fidelity, aliases)
    return {**shown, CLEARED: sorted(cleared)} if cleared else shown


def contact_differences(
    expected: Mapping[str, Any], found: Mapping[str, Any], fidelity: Mapping[str, FieldFidelity]
) -> list[tuple[str, str, str]]:
    """Return (field, expected, found) for each difference of a contact.

    Of several e-mails or phones as many are promised as the destination keeps; what it adds is no difference.
    """
    different = []
    cleared = expected.get(CLEARED, ())
    for name, wanted in expected.items():
        if name not in found:
            continue
        shown = found[name]
        if name in cleared:
            same = not shown
        elif isinstance(wanted, list):
            same = set(wanted[: fidelity[name].most if name in fidelity else 1]) <= set(shown)
        elif isinstance(wanted, Mapping):
            shown = {key: shown.get(key) for key in wanted}
            same = wanted == shown
        else:
            same = wanted in (None, shown)
        if not same:
            different.append((name, said(wanted), said(shown)))
    return different


def message(value: Message, files: Sequence[str], seal: Seal, *, also: datetime | None = None) -> dict[str, Any]:
    """Return what a message must show, as it is handed to the importer.

    ``files`` are the SHA-256 digests of its files, in their order; ``also`` is another time that an opening may show: its
    ticket's.
    """
    header = split_header(with_header(Body(text="-"), HeaderLine.of(value)))[0]
    header_author = header.author if header is not None else evolve(value.author, id=None)
    text, (told, rest) = body_digest(unquoted(value.body)), bare(value.body, seal)
    return {
        "class": MessageClass.of(value).name,
        "text": text,
        "bare": text if told is None else body_digest(rest),
        "author": person(value.author),
        "told": person(header_author),
        "created_at": second(value.created_at),
        "also_at": second(also),
        "visibility": value.visibility.value,
        "kind": value.kind.value,
        "files": sorted(files),
        "names": sorted(text_digest(file.filename) or "" for file in value.attachments),
        "inline": images_shown(value),
        **contents(value, files),
        "kept": sorted(file_words(value.attachments, files)),
    }


def told(author: Actor) -> dict[str, str | None] | None:
    """Return what a header line tells of an author."""
    line = HeaderLine(author, None, Visibility.PUBLIC, MessageKind.REPLY)
    header = split_header(with_header(Body(text="-"), line))[0]
    return person(header.author if header is not None else evolve(author, id=None))


def opens(expectation: Mapping[str, Any] | None) -> bool:
    """Whether what is expected of a message is that it opens its ticket."""
    return expectation is not None and MessageClass[expectation["class"]].name.startswith("OPENING")


def bare(body: Body, seal: Seal) -> tuple[HeaderLine | None, Body]:
    """Take off a body what the migration that seals so wrote: header line, marker, and marks of look-alikes."""
    header, rest = split_header(split_marker(body)[1], seal)
    return header, unquoted(rest)


def shown_message(value: Message, seal: Seal, files: Sequence[str] | None = None) -> dict[str, Any]:
    """Return what a message at the destination shows; ``header`` is what its header line tells.

    With ``files``, the digests of its files in their order, links, images and formatting are among it.
    """
    header, body = bare(value.body, seal)
    shown: dict[str, Any] = {
        "text": body_digest(body),
        "author": person(value.author),
        "created_at": second(value.created_at),
        "visibility": value.visibility.value,
        "kind": value.kind.value,
        "names": sorted(text_digest(file.filename) or "" for file in value.attachments),
        "inline": images_shown(value),
        "header": None,
    }
    if files is not None:
        shown |= {**contents(value, files), "kept": sorted(file_words(value.attachments, files)), "files": list(files)}
    if header is not None:
        shown["header"] = {
            "author": person(header.author),
            "created_at": second(header.created_at),
            "visibility": header.visibility.value,
            "kind": header.kind.value,
        }
    return shown


def message_differences(
    expected: Mapping[str, Any], shown: Mapping[str, Any], fidelity: FidelityTable
) -> list[tuple[str, str, str]]:
    """Compare a message's text, author, time, visibility and kind; return (field, expected, found) for each difference.

    A difference that the plan announced is none.
    """
    kept = fidelity.messages.get(MessageClass[expected["class"]], {})
    different = []
    # A note of several messages begins with the line of the first, which is taken off where no other precedes it.
    if shown["text"] not in (expected["text"], expected["bare"]):
        different.append(("body", said(expected["text"]), said(shown["text"])))
    inline = expected.get("inline", 0)  # what an earlier version wrote down has none
    dead = "inline" in kept and kept["inline"].how is Fidelity.NATIVE and shown["inline"] < inline
    if dead:
        different.append(("inline", str(inline), str(shown["inline"])))
    different += content_differences(expected, shown, {"images"} if dead else ())
    for name in ("to", "cc"):
        if native(kept, name) and name in expected and name in shown and expected[name] != shown[name]:
            different.append((name, said(expected[name]), said(shown[name])))
    for name in ("author", "created_at", "visibility", "kind"):
        how = kept[name].how if name in kept else Fidelity.LOST
        if (how in _SHOWN_SO or _is_internal(expected, name)) and not _shows(
            expected, shown, name, native=how is Fidelity.NATIVE
        ):
            different.append((name, said(expected[name]), said(shown[name])))
    return different


def is_shown(expected: Mapping[str, Any], shown: Mapping[str, Any], name: str, fidelity: FidelityTable) -> bool:
    """Whether a field of a message is one that is kept, and shows what is expected."""
    kept = fidelity.messages.get(MessageClass[expected["class"]], {})
    how = kept[name].how if name in kept else Fidelity.LOST
    return how in _SHOWN_SO and _shows(expected, shown, name, native=how is Fidelity.NATIVE)


def _is_internal(expected: Mapping[str, Any], name: str) -> bool:
    return name == "visibility" and expected[name] == Visibility.INTERNAL.value


def _shows(expected: Mapping[str, Any], shown: Mapping[str, Any], name: str, *, native: bool) -> bool:
    """Whether a message shows what is expected: in its header line if it has one, else natively.

    Importers write a header line wherever a record cannot be kept natively (an agent who is not there), and none where
    it can: with a line, the vendor's own author and time are those of whoever wrote it. A visibility that is promised
    natively must be so, and an internal one always: a note that the customer can read is no note.
    """
    header = shown["header"]
    if expected["bare"] != expected["text"] and shown["text"] == expected["bare"]:
        header = None  # the line is the first of the message's own text
    there = shown if header is None else header
    if name == "author":
        return same_person(expected["author" if header is None else "told"], there["author"])
    if name == "created_at":
        wanted = {expected["created_at"], expected["also_at"]} - {None}
        return not wanted or there["created_at"] in wanted
    if name == "visibility" and (native or _is_internal(expected, name)) and expected[name] != shown[name]:
        return False
    return bool(expected[name] == there[name])


def alike(expected: Mapping[str, Any], shown: Mapping[str, Any], fidelity: FidelityTable) -> bool:
    """Whether a message at the destination is the expected one: text, author and whatever else its create wrote of it."""
    later = {"inline", *CONTENTS}
    return all(name in later for name, _, _ in message_differences(expected, shown, fidelity))


def same_expectation(one: Mapping[str, Any], other: Mapping[str, Any], fidelity: FidelityTable) -> bool:
    """Whether two messages look the same at the destination: equal in all that is kept of them, and in their files."""
    kept = fidelity.messages.get(MessageClass[one["class"]], {})
    shown = {name for name, how in kept.items() if how.how in (Fidelity.NATIVE, Fidelity.HEADER_LINE)}
    places = {"author": "told", "created_at": "created_at", "visibility": "visibility", "kind": "kind"}
    names = ["text", "files", *(place for name, place in places.items() if name in shown)]
    return all(one[name] == other[name] for name in names)


def same_files(wanted: Sequence[str], there: Sequence[str]) -> bool:
    """Whether a message carries files of those that are wanted and no others: all, or the first of more than one call takes."""
    return not Counter(there) - Counter(wanted) and bool(there) == bool(wanted)
