"""Documents of an archive: records as JSON and back, and the digest that tells one state of a record from another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from attrs import evolve

from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Attachment
from helpdesk_bridge.portable.value import Portable, read, short_document
from helpdesk_bridge.text.plain import digest

P = TypeVar("P", bound=Portable)
R = TypeVar("R", Ticket, Message, Contact)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NOT_STATE: Final = frozenset({"ref", "url", "not_loaded", "left_behind"})
NO_MONTH: Final = "none"
"""The month of a ticket whose time of creation is not known."""


def micros(moment: datetime | None) -> int | None:
    """Return a time as microseconds since 1970."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def moment_of(number: int | None) -> datetime | None:
    """Return the time of microseconds since 1970."""
    return None if number is None else _EPOCH + number * _MICROSECOND


def month_of(moment: datetime | None) -> str:
    """Return the month in UTC, such as 2026-03."""
    return NO_MONTH if moment is None else moment.astimezone(UTC).strftime("%Y-%m").zfill(7)


def _without_places(files: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
    # A locator may hold an address of the vendor's; the ref opens the file as well.
    return tuple(evolve(file, locator="") for file in files)


def dump(record: Portable) -> str:
    """Return a record as JSON, without the vendor's document and the places of files."""
    changes: dict[str, Any] = {}
    if isinstance(record, (Ticket, Message, Contact)):
        changes["raw"] = None
    if isinstance(record, (Ticket, Message)):
        changes["attachments"] = _without_places(record.attachments)
    return json.dumps(short_document(evolve(record, **changes) if changes else record), ensure_ascii=False)  # type: ignore[misc]  # every Portable is an attrs class


def load(cls: type[P], text: str) -> P:
    """Return what ``dump`` wrote."""
    return read(cls, json.loads(text))


def raw_text(raw: Mapping[str, Any] | None) -> str | None:
    """Return the vendor's document as JSON; None if it was not kept."""
    return None if raw is None else json.dumps(raw, ensure_ascii=False, default=str)


def state_of(record: Ticket | Contact) -> str:
    """Return the digest of what was loaded of a record."""
    plain: Any = evolve(record, raw=None)
    if isinstance(record, Ticket):
        files = tuple(evolve(file, locator="", ref="") for file in record.attachments)
        plain = evolve(plain, attachments=files)
    document = {name: value for name, value in short_document(plain).items() if name not in _NOT_STATE}
    return digest(json.dumps(document, sort_keys=True))
