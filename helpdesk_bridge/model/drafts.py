"""Drafts and changes: what a caller asks a desk to write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from attrs import field, frozen

from helpdesk_bridge.model.door import by_fields, check_draft, spread
from helpdesk_bridge.model.fields import CONTACT, MESSAGE, TICKET
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import (
    UNSET,
    Add,
    Body,
    CustomValue,
    Named,
    Person,
    Priority,
    Remove,
    Status,
    Unset,
    Upload,
    frozen_dict,
)
from helpdesk_bridge.portable.value import Portable

Words: TypeAlias = tuple[str, ...] | Add | Remove


def _words(value: Iterable[str] | Unset | None) -> tuple[str, ...] | Unset:
    return () if value is None else value if value is UNSET else spread(value)


def _changed_words(value: Iterable[str] | Add | Remove | Unset | None) -> Words | Unset:
    return value if isinstance(value, (Add, Remove)) else _words(value)


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return spread(value)


def _fields(value: Mapping[str, CustomValue] | Unset | None) -> Mapping[str, CustomValue] | Unset | None:
    return value if value is None or value is UNSET else frozen_dict(value)


def _contact_fields(value: Mapping[str, CustomValue] | Unset) -> Mapping[str, CustomValue] | Unset:
    return value if value is UNSET else frozen_dict(value)


def _uploads(value: Iterable[Upload] | Upload) -> tuple[Upload, ...]:
    return (value,) if isinstance(value, Upload) else spread(value)


@by_fields
@frozen(kw_only=True)
class TicketDraft(Portable):
    """A ticket to be created. ``subject``, ``description`` and ``requester`` are needed everywhere.

    A single text counts as a collection of one. A draft, change or query raises ``Invalid`` when it is
    made: for a value of the wrong type, half a character, NUL, and a number that JSON would round or lacks.
    """

    subject: str = field(repr=False)
    description: str | Body = field(repr=False)
    requester: Person = field(repr=False)
    assignee: Person | Unset | None = UNSET
    group: Named | Unset | None = UNSET
    company: Named | Unset | None = UNSET
    status: Status | str | Unset = UNSET
    priority: Priority | str | Unset = UNSET
    type: str | Unset | None = UNSET
    category: str | Unset | None = UNSET
    subcategory: str | Unset | None = UNSET
    tags: tuple[str, ...] | Unset = field(default=UNSET, converter=_words)
    custom_fields: Mapping[str, CustomValue] | Unset | None = field(default=UNSET, converter=_fields, hash=False)
    cc: tuple[str, ...] | Unset = field(default=UNSET, converter=_words)
    watchers: tuple[str, ...] | Unset = field(default=UNSET, converter=_words, repr=False)
    attachments: tuple[Upload, ...] = field(default=(), converter=_uploads)

    def __attrs_post_init__(self) -> None:
        check_draft(self, TICKET)


@by_fields
@frozen(kw_only=True)
class TicketChange(Portable):
    """What of a ticket to change. ``UNSET`` leaves a field alone, ``None`` clears it."""

    subject: str | Unset = field(default=UNSET, repr=False)
    assignee: Person | Unset | None = UNSET
    group: Named | Unset | None = UNSET
    company: Named | Unset | None = UNSET
    status: Status | str | Unset = UNSET
    priority: Priority | str | Unset = UNSET
    type: str | Unset | None = UNSET
    category: str | Unset | None = UNSET
    subcategory: str | Unset | None = UNSET
    tags: Words | Unset = field(default=UNSET, converter=_changed_words)
    custom_fields: Mapping[str, CustomValue] | Unset | None = field(default=UNSET, converter=_fields, hash=False)
    cc: Words | Unset = field(default=UNSET, converter=_changed_words)
    watchers: Words | Unset = field(default=UNSET, converter=_changed_words, repr=False)

    def __attrs_post_init__(self) -> None:
        check_draft(self, TICKET)


@by_fields
@frozen(kw_only=True)
class MessageDraft(Portable):
    """A message to be written."""

    body: str | Body = field(repr=False)
    cc: tuple[str, ...] = field(default=(), converter=_texts)
    attachments: tuple[Upload, ...] = field(default=(), converter=_uploads)

    def __attrs_post_init__(self) -> None:
        check_draft(self, MESSAGE)


@by_fields
@frozen(kw_only=True)
class ContactDraft(Portable):
    """A contact to be created; it needs an e-mail or a phone, as the vendor demands."""

    name: str | Unset | None = field(default=UNSET, repr=False)
    emails: tuple[str, ...] = field(default=(), converter=_texts, repr=False)
    phones: tuple[str, ...] = field(default=(), converter=_texts, repr=False)
    title: str | Unset | None = field(default=UNSET, repr=False)
    company: Named | Unset | None = UNSET
    external_id: str | Unset | None = UNSET
    custom_fields: Mapping[str, CustomValue] | Unset = field(default=UNSET, converter=_contact_fields, hash=False)

    def __attrs_post_init__(self) -> None:
        check_draft(self, CONTACT)


@by_fields
@frozen(kw_only=True)
class ContactChange(Portable):
    """What of a contact to change."""

    name: str | Unset | None = field(default=UNSET, repr=False)
    emails: Words | Unset = field(default=UNSET, converter=_changed_words, repr=False)
    phones: Words | Unset = field(default=UNSET, converter=_changed_words, repr=False)
    title: str | Unset | None = field(default=UNSET, repr=False)
    company: Named | Unset | None = UNSET
    external_id: str | Unset | None = UNSET
    blocked: bool | Unset = UNSET
    custom_fields: Mapping[str, CustomValue] | Unset = field(default=UNSET, converter=_contact_fields, hash=False)

    def __attrs_post_init__(self) -> None:
        check_draft(self, CONTACT)


@frozen
class Sent(Portable):
    """What a vendor answered to a reply or a note: the ids it gave, and the message if it sent it back."""

    ids: tuple[str, ...]
    at: datetime | None = None
    message: Message | None = None


def set_fields(value: Any) -> dict[str, Any]:
    """Return the fields of a draft or change that are to be sent, by name; an empty default is not sent."""
    values = {attribute: getattr(value, attribute.name) for attribute in value.__attrs_attrs__}
    return {
        attribute.name: given
        for attribute, given in values.items()
        if given is not UNSET and not (given == () and attribute.default == ())
    }
