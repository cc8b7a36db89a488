"""The corpus format: tickets with their threads, one JSON object a line."""

from __future__ import annotations

import logging
import mimetypes
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from attrs import evolve

from helpdesk_bridge.datasets.dataset import (
    Dataset,
    FieldType,
    Role,
    SeedField,
    SeedFile,
    SeedMessage,
    SeedPerson,
    SeedPriority,
    SeedStatus,
    SeedTicket,
)
from helpdesk_bridge.datasets.generator import FIELDS, GROUPS, TAGS
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.text.decoding import Odd
from helpdesk_bridge.text.json_text import parse

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

_STATUSES: Final = get_args(SeedStatus)
_PRIORITIES: Final = get_args(SeedPriority)
_ROLES: Final = get_args(Role)
_DATE: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
MARKER: Final = "Migration marker"
"""The custom field in which a migration can keep its marker: every account has it, as the generator's."""


logger = logging.getLogger("helpdesk_bridge.text.plain")


class CorpusError(ValueError):
    """A corpus breaks the format; the message names the first bad line and its fault, and quotes no content."""


def load_corpus(path: str | os.PathLike[str], statuses: Mapping[str, SeedStatus] | None = None) -> Dataset:
    """Read a whole corpus. Raises `CorpusError` before any of it is used, `OSError` if it cannot be read.

    Contacts are the requesters, the copied and the authors that are contacts, agents the other authors, assignees and
    watchers. Groups, categories, types, tags and custom fields are those that the tickets name, and the generator's if
    they name none. ``statuses`` are the account's own words, which a ticket may have too. Characters that no text can
    hold (an unpaired surrogate, NUL) become U+FFFD; a warning says how many.
    """
    reader = _Reader(Path(path).parent.resolve(), statuses or {})
    for number, line in enumerate(Path(path).read_bytes().split(b"\n"), 1):
        if line.strip():
            try:
                reader.read(line)
            except _BadLineError as error:
                raise CorpusError(f"line {number}: {error}") from None
    for kind, count in reader.odd.items():
        logger.warning(
            "the corpus holds %s: %d replaced by U+FFFD",
            kind.value,
            count,
            extra={"event": "corpus.mended", "kind": kind.value, "count": count},
        )
    return reader.dataset()


class _BadLineError(ValueError):
    """The fault of one line."""


class _Reader:
    def __init__(self, folder: Path, statuses: Mapping[str, SeedStatus]) -> None:
        self.people: dict[str, SeedPerson] = {}
        self.tickets: list[SeedTicket] = []
        self.odd: Counter[Odd] = Counter()
        self._folder = folder
        self._statuses = statuses
        self._ids: set[str] = set()
        self._field_types: dict[str, FieldType] = {}

    def dataset(self) -> Dataset:
        """Return what was read, with the lists of the account that the tickets name."""
        tickets = self.tickets
        categories: dict[str, dict[str, None]] = {}
        for ticket in tickets:
            if ticket.category is not None:
                below = categories.setdefault(ticket.category, {})
                below |= {} if ticket.subcategory is None else {ticket.subcategory: None}
        fields = tuple(SeedField(name, type_) for name, type_ in self._field_types.items())
        marker = tuple(field for field in FIELDS if field.name == MARKER and field.name not in self._field_types)
        companies = (person.company for person in self.people.values() if person.company)
        return Dataset(
            people=tuple(self.people.values()),
            groups=_named(ticket.group for ticket in tickets) or GROUPS,
            companies=_named(companies),
            tags=_named(tag for ticket in tickets for tag in ticket.tags) or TAGS,
            fields=(*fields, *marker) if fields else FIELDS,
            ticket_types=_named(ticket.type for ticket in tickets),
            categories={name: tuple(below) for name, below in categories.items()},
            statuses=self._statuses,
            tickets=tuple(tickets),
        )

    def read(self, line: bytes) -> None:
        document = _parsed(line, self.odd)
        ticket_id = document.get("id")
        if isinstance(ticket_id, bool) or not isinstance(ticket_id, str | int) or ticket_id == "":
            raise _BadLineError("id must be text or a number")
        if str(ticket_id) in self._ids:
            raise _BadLineError("id appears on an earlier line too")
        messages = _member(document, "messages", list, "")
        if not messages:
            raise _BadLineError("messages must hold at least one message")
        times = [
            _time(_object(message, f"messages[{n}]"), f"messages[{n}].created_at") for n, message in enumerate(messages)
        ]
        created = _time(document, "created_at") if document.get("created_at") is not None else times[0]
        requester = self._person(document.get("requester"), "requester", "contact", created)
        status, label = self._status(document)
        category, subcategory = _word(document, "category"), _word(document, "subcategory")
        if subcategory is not None and category is None:
            raise _BadLineError("subcategory needs a category")
        ticket = SeedTicket(
            key=str(ticket_id),
            subject=_optional(document, "subject", ""),
            requester=requester,
            assignee=self._assignee(_optional(document, "assignee", ""), created),
            group=_word(document, "group"),
            status=status,
            status_label=label,
            priority=cast("SeedPriority", _one_of(document, "priority", _PRIORITIES, "normal")),
            created_at=created,
            updated_at=max([created, *times]),
            channel=_word(document, "channel") or "email",
            type=_word(document, "type"),
            category=category,
            subcategory=subcategory,
            tags=tuple(dict.fromkeys(_words(document, "tags"))),
            custom_fields=self._custom_fields(document),
            cc=self._mentioned(document, "cc", "contact", created),
            watchers=self._mentioned(document, "watchers", "agent", created),
            rating=_rating(document),
            messages=tuple(self._message(message, f"messages[{n}]", times[n]) for n, message in enumerate(messages)),
        )
        self._ids.add(str(ticket_id))
        self.tickets.append(ticket)

    def _status(self, document: dict[str, Any]) -> tuple[SeedStatus, str | None]:
        value = document.get("status")
        if isinstance(value, str) and value in self._statuses:
            return self._statuses[value], value
        allowed = (*_STATUSES, *self._statuses)
        return cast("SeedStatus", _one_of(document, "status", allowed, "open")), None

    def _custom_fields(self, document: dict[str, Any]) -> dict[str, Any]:
        values = document.get("custom_fields")
        if values is None:
            return {}
        kept: dict[str, Any] = {}
        for name, value in _object(values, "custom_fields").items():
            if value is None:
                continue
            if not name.strip() or not isinstance(value, str | int | float):
                raise _BadLineError("custom_fields must hold texts, numbers, true and false by the fields' names")
            type_, known = _type_of(value), self._field_types.get(name)
            # Two kinds of values in one field are texts.
            self._field_types[name] = type_ if known in (None, type_) else _wider(type_, known)
            kept[name] = value
        return kept

    def _mentioned(self, document: dict[str, Any], name: str, role: Role, created: datetime) -> tuple[str, ...]:
        emails = _words(document, name)
        if not all("@" in email for email in emails):
            raise _BadLineError(f"{name} must be a list of e-mail addresses")
        return tuple(dict.fromkeys(self._add(None, email, role, created) for email in emails))

    def _message(self, message: dict[str, Any], where: str, created: datetime) -> SeedMessage:
        author = _object(message.get("author"), f"{where}.author")
        role = _one_of(author, "role", _ROLES, None, f"{where}.author.")
        key = self._person(author, f"{where}.author", cast("Role", role), created)
        private = message.get("private")
        if not isinstance(private, bool | None):
            raise _BadLineError(f"{where}.private must be true or false")
        markup = message.get("html")
        if not isinstance(markup, str | None):
            raise _BadLineError(f"{where}.html must be text")
        text = _member(message, "text", str, f"{where}.") if markup is None or "text" in message else None
        return SeedMessage(
            author=key,
            created_at=created,
            private=bool(private),
            html=markup,
            text=text,
            files=self._files(message, where),
            kind="note" if private else "reply",
        )

    def _files(self, message: dict[str, Any], where: str) -> tuple[SeedFile, ...]:
        listed = message.get("files")
        if listed is None:
            return ()
        if not isinstance(listed, list):
            raise _BadLineError(f"{where}.files must be a list")
        return tuple(self._file(each, f"{where}.files[{place}]") for place, each in enumerate(listed))

    def _file(self, value: Any, where: str) -> SeedFile:
        """Read a file by its path below the corpus; a path alone stands for an object with ``path``."""
        described = {"path": value} if isinstance(value, str) else _object(value, where)
        given = _optional(described, "path", "", f"{where}.")
        path = (self._folder / given).resolve()
        if not given or not path.is_relative_to(self._folder):
            raise _BadLineError(f"{where}.path must name a file below the folder of the corpus")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _BadLineError(f"{where}.path cannot be read: {error.strerror}") from None
        guessed = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        content_id = _optional(described, "content_id", "", f"{where}.") or None
        return SeedFile(
            filename=_optional(described, "name", "", f"{where}.") or path.name,
            content_type=_optional(described, "content_type", "", f"{where}.") or guessed,
            content=content,
            inline=content_id is not None,
            content_id=content_id,
        )

    def _assignee(self, email: str, created: datetime) -> str | None:
        return self._add(None, email, "agent", created) if email else None

    def _person(self, value: Any, where: str, role: Role, created: datetime) -> str:
        person = _object(value, where)
        name, email = _optional(person, "name", "", f"{where}."), _optional(person, "email", "", f"{where}.")
        if not (name or email):
            raise _BadLineError(f"{where} must have a name or an email")
        phone, company = (_optional(person, fact, "", f"{where}.") or None for fact in ("phone", "company"))
        return self._add(name or None, email or None, role, created, phone=phone, company=company)

    def _add(
        self,
        name: str | None,
        email: str | None,
        role: Role,
        created: datetime,
        *,
        phone: str | None = None,
        company: str | None = None,
    ) -> str:
        """Add a person, known by role and e-mail, or by name if the person has no e-mail."""
        key = f"{role}:{email_key(email)}" if email else f"{role}:name:{name}"
        new = SeedPerson(key=key, name=name, email=email, phone=phone, role=role, company=company, created_at=created)
        known = self.people.get(key)
        self.people[key] = (
            new
            if known is None
            else evolve(
                known,
                name=known.name or name,
                phone=known.phone or phone,
                company=known.company or company,
                created_at=min(known.created_at, created),
            )
        )
        return key


def _parsed(line: bytes, odd: Counter[Odd]) -> dict[str, Any]:
    try:
        document, found = parse(line)
    except ValueError:
        raise _BadLineError("it is not a JSON object in UTF-8") from None
    odd.update(found)
    return _object(document, "the line")


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _BadLineError(f"{where} must be an object")
    return value


def _member(document: dict[str, Any], name: str, kind: type, where: str) -> Any:
    value = document.get(name)
    if not isinstance(value, kind):
        raise _BadLineError(f"{where}{name} must be {'a list' if kind is list else 'text'}")
    return value


def _optional(document: dict[str, Any], name: str, default: str, where: str = "") -> str:
    value = document.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise _BadLineError(f"{where}{name} must be text")
    return value


def _word(document: dict[str, Any], name: str) -> str | None:
    return _optional(document, name, "").strip() or None


def _words(document: dict[str, Any], name: str) -> list[str]:
    values = document.get(name)
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(value, str) and value.strip() for value in values):
        raise _BadLineError(f"{name} must be a list of texts")
    return [value.strip() for value in values]


def _named(words: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word is not None))


def _rating(document: dict[str, Any]) -> tuple[int, str | None] | None:
    value = document.get("rating")
    if value is None:
        return None
    given = {"score": value} if isinstance(value, int) else _object(value, "rating")
    score = given.get("score")
    if isinstance(score, bool) or score not in (-1, 0, 1):
        raise _BadLineError("rating.score must be -1, 0 or 1")
    return int(score), _optional(given, "comment", "", "rating.") or None


def _type_of(value: str | float) -> FieldType:
    if isinstance(value, str):
        return "date" if _DATE.fullmatch(value) else "text"
    return "checkbox" if isinstance(value, bool) else "integer" if isinstance(value, int) else "decimal"


def _wider(one: FieldType, other: FieldType | None) -> FieldType:
    return "decimal" if {one, other} == {"integer", "decimal"} else "text"


def _one_of(document: dict[str, Any], name: str, values: tuple[str, ...], default: str | None, where: str = "") -> str:
    value = document.get(name)
    if value is None and default is not None:
        return default
    if value not in values:
        raise _BadLineError(f"{where}{name} must be one of {', '.join(values)}")
    return str(value)


def _time(document: dict[str, Any], where: str) -> datetime:
    value = document.get("created_at")
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is None or moment.tzinfo is None:
            raise _BadLineError(f"{where} must be a time in ISO 8601 with an offset")
        return moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        if isinstance(error, _BadLineError):
            raise
        raise _BadLineError(f"{where} must be a time in ISO 8601 with an offset") from None
