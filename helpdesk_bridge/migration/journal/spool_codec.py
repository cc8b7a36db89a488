"""Spool codec: records, bodies, words and lists of words as JSON text and back; records without the vendor's document."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from attrs import evolve

from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Body
from helpdesk_bridge.portable.value import read, short_document

T = TypeVar("T")

_RECORDS = (Contact, Message, Ticket)


def encode(value: object) -> str:
    """Return a ticket, contact or message, a body, a text or a tuple of texts as JSON text."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: object) -> Any:
    if isinstance(value, _RECORDS):
        return short_document(value if value.raw is None else evolve(value, raw=None))
    if isinstance(value, Body):
        # Text that follows from the HTML is not derived for this: it takes its time, and is derived where it is needed.
        follows = value == Body(html=value.html)
        return {"html": value.html} if follows else {"html": value.html, "text": value.text}
    if isinstance(value, tuple) and all(isinstance(member, str) for member in value):
        return list(value)
    if not isinstance(value, str):
        raise TypeError(f"the spool cannot hold a {type(value).__name__}")
    return value


def decode(text: str, wanted: type[T]) -> T:
    """Return what ``encode`` wrote. Raises ``Invalid`` or ``ValueError`` if the text holds something else."""
    document = json.loads(text)
    if wanted in _RECORDS:
        return read(wanted, document)
    if wanted is Body and isinstance(document, dict):
        return wanted(**document)
    value = tuple(document) if isinstance(document, list) else document
    if not isinstance(value, wanted):
        raise ValueError(f"the spool does not hold a {wanted.__name__} here")  # noqa: TRY004 - the text is wrong, not a type
    return value
