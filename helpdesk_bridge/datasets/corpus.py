"""The corpus format: tickets with their threads, one JSON object a line."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from attrs import evolve

from helpdesk_bridge.datasets.dataset import (
    Dataset,
    Role,
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

_STATUSES: Final = get_args(SeedStatus)
_PRIORITIES: Final = get_args(SeedPriority)
_ROLES: Final = get_args(Role)


logger = logging.getLogger("helpdesk_bridge.text.plain")


class CorpusError(ValueError):
    """A corpus breaks the format; the message names the first bad line and its fault, and quotes no content."""


def load_corpus(path: str | os.PathLike[str]) -> Dataset:
    """Read a whole corpus. Raises `CorpusError` before any of it is used, `OSError` if it cannot be read.

    Contacts are the requesters and the authors that are contacts, agents the other authors and the assignees. The
    account's groups, tags and custom fields, which a corpus does not hold, are those of the generator. Characters that
    no text can hold (an unpaired surrogate, NUL) become U+FFFD; a warning says how many.
    """
    reader = _Reader()
    for number, line in enumerate(Path(path).read_bytes().split(b"\n"), 1):
        if line.strip():
            try:
                reader.read(line)
            except _BadLineError as error:
                raise CorpusError(f"line {number}: {error}") from None
    for kind, count in reader.odd.items():
        logger.warning("the corpus holds %s: %d replaced by U+FFFD", kind.value, count)
    return Dataset(
        people=tuple(reader.people.values()), groups=GROUPS, tags=TAGS, fields=FIELDS, tickets=tuple(reader.tickets)
    )


class _BadLineError(ValueError):
    """The fault of one line."""


class _Reader:
    def __init__(self) -> None:
        self.people: dict[str, SeedPerson] = {}
        self.tickets: list[SeedTicket] = []
        self.odd: Counter[Odd] = Counter()
        self._ids: set[str] = set()

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
        assignee = self._assignee(_optional(document, "assignee", ""), created)
        thread = tuple(self._message(message, f"messages[{n}]", times[n]) for n, message in enumerate(messages))
        self._ids.add(str(ticket_id))
        self.tickets.append(
            SeedTicket(
                key=str(ticket_id),
                subject=_optional(document, "subject", ""),
                requester=requester,
                assignee=assignee,
                status=cast("SeedStatus", _one_of(document, "status", _STATUSES, "open")),
                priority=cast("SeedPriority", _one_of(document, "priority", _PRIORITIES, "normal")),
                created_at=created,
                updated_at=max([created, *times]),
                messages=thread,
            )
        )

    def _message(self, message: dict[str, Any], where: str, created: datetime) -> SeedMessage:
        author = _object(message.get("author"), f"{where}.author")
        role = _one_of(author, "role", _ROLES, None, f"{where}.author.")
        key = self._person(author, f"{where}.author", cast("Role", role), created)
        private = message.get("private")
        if not isinstance(private, bool | None):
            raise _BadLineError(f"{where}.private must be true or false")
        text = _member(message, "text", str, f"{where}.")
        return SeedMessage(
            author=key, created_at=created, private=bool(private), text=text, kind="note" if private else "reply"
        )

    def _assignee(self, email: str, created: datetime) -> str | None:
        return self._add(None, email, "agent", created) if email else None

    def _person(self, value: Any, where: str, role: Role, created: datetime) -> str:
        person = _object(value, where)
        name, email = _optional(person, "name", "", f"{where}."), _optional(person, "email", "", f"{where}.")
        if not (name or email):
            raise _BadLineError(f"{where} must have a name or an email")
        return self._add(name or None, email or None, role, created)

    def _add(self, name: str | None, email: str | None, role: Role, created: datetime) -> str:
        """Add a person, known by role and e-mail, or by name if the person has no e-mail."""
        key = f"{role}:{email_key(email)}" if email else f"{role}:name:{name}"
        known = self.people.get(key)
        if known is None:
            self.people[key] = SeedPerson(key=key, name=name, email=email, role=role, created_at=created)
        else:
            self.people[key] = evolve(known, name=known.name or name, created_at=min(known.created_at, created))
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
