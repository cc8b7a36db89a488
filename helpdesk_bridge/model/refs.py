"""Refs and ids: what an application stores of a record, such as ``deskie:robotsrule/ticket/51230``."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

from attrs import frozen

from helpdesk_bridge.errors import Invalid, WrongDesk
from helpdesk_bridge.portable.value import Portable

_SAFE: Final = "@+~.:_- "
_OPENING: Final = ":0"


@frozen
class RecordRef(Portable):
    """A ref in its parts; ``str()`` gives the text that ``parse_ref`` reads back."""

    vendor: str
    account: str
    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.vendor}:{quote(self.account, safe=_SAFE)}/{self.kind}/{quote(self.id, safe=_SAFE)}"


def format_ref(vendor: str, account: str, kind: str, record_id: str) -> str:
    """Return the ref of a record as text."""
    return str(RecordRef(vendor, account, kind, record_id))


def parse_ref(text: str) -> RecordRef:
    """Read a ref. Raises ``Invalid`` if the text is not a ref."""
    vendor, colon, rest = text.partition(":")
    parts = rest.split("/")
    if not colon or len(parts) != 3 or not all((vendor, *parts)):  # noqa: PLR2004 - account, kind, id
        raise Invalid("not a ref: expected vendor:account/kind/id", field="ref")
    return RecordRef(vendor, unquote(parts[0]), parts[1], unquote(parts[2]))


def ref_in(text: str) -> RecordRef | None:
    """Return the ref that a text is, or None for an id. Raises ``Invalid`` for a ref that lacks a part."""
    return parse_ref(text) if ":" in text and text.count("/") == 2 else None  # noqa: PLR2004 - the slashes of a ref


def local_id(id_or_ref: str, *, vendor: str, account: str, kind: str) -> str:
    """Return the id of an id or ref. Raises ``WrongDesk`` for a ref of another account or of another kind.

    A ref is recognised by its shape ``vendor:account/kind/id``; anything else is taken as an id.
    """
    ref = ref_in(id_or_ref)
    if ref is None:
        return id_or_ref
    if (ref.vendor, ref.account) != (vendor, account):
        raise WrongDesk(f"this ref belongs to {ref.vendor} {ref.account}, not to {vendor} {account}", vendor=vendor)
    if ref.kind != kind:
        raise WrongDesk(f"this ref names a {ref.kind}, not a {kind}", vendor=vendor)
    return ref.id


def opening_id(ticket_id: str) -> str:
    """Return the id of the opening message of a ticket whose vendor keeps the opening on the ticket."""
    return ticket_id + _OPENING


def is_opening_id(message_id: str) -> bool:
    """Whether a message's id is one that ``opening_id`` returned."""
    return message_id.endswith(_OPENING)
