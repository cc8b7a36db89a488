"""Records as JSON and back without loss, in the short form of ``portable``: a field with its default is left out.

Text that was written with an unpaired surrogate or NUL is read as valid text, like everything from outside. Values that
are computed from other rows (a ticket's description, its files and message count) and those of an answer instead of a
record (``raw``, ``not_loaded``) are not stored; what a record leaves behind is, because no one can tell it later.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from helpdesk_bridge.model import fields
from helpdesk_bridge.model.fields import Kind
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Visibility
from helpdesk_bridge.portable.codec import read_fields
from helpdesk_bridge.portable.value import Portable, read, short_document
from helpdesk_bridge.text.decoding import Mending, Odd, mended_tree

V = TypeVar("V", bound=Portable)

_ELSEWHERE: Final = frozenset({"id", "ref", "ticket_id", "sequence", "description", "message_count", "attachments"})
"""In columns, or computed from other rows."""
STORED: Final[Mapping[type[Ticket | Message | Contact], frozenset[str]]] = {
    cls: frozenset(name for name, field in table.items() if field.kind is not Kind.ANSWER or name == "left_behind")
    - _ELSEWHERE
    for cls, table in ((Ticket, fields.TICKET), (Message, fields.MESSAGE), (Contact, fields.CONTACT))
}


def dump(record: Ticket | Message | Contact) -> str:
    """Return the stored fields of a record as JSON in ASCII."""
    cls = next(cls for cls in STORED if isinstance(record, cls))
    return _text({name: value for name, value in short_document(record, cls).items() if name in STORED[cls]})


def load(document: Mapping[str, Any], cls: type[Ticket | Message | Contact]) -> dict[str, Any]:
    """Return the fields of a record, to be passed to its class."""
    if document.get("visibility") not in (None, *(visibility.value for visibility in Visibility)):
        document = {**document, "visibility": Visibility.INTERNAL.value}  # a word of a later version
    return read_fields(cls, document)


def stored(text: str, mending: Mending) -> dict[str, Any]:
    """Return a stored document, its texts made valid."""
    document: dict[str, Any] = json.loads(text)
    if "\\u" not in text:
        return document
    odd: Counter[Odd] = Counter()
    document = mended_tree(document, odd)
    if odd:
        mending.note(odd)
    return document


def dump_value(value: Portable) -> str:
    """Return a file's description, or an entry of a list, as JSON in ASCII."""
    return _text(short_document(value))


def load_value(cls: type[V], text: str, mending: Mending) -> V:
    """Return what ``dump_value`` wrote."""
    return read(cls, stored(text, mending))


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
