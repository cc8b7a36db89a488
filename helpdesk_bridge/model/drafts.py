"""Drafts and changes: what a caller asks a desk to write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from attrs import field, frozen

from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import (
    UNSET,
    Body,
    CustomValue,
    Named,
    Person,
    Priority,
    Status,
    Unset,
    Upload,
)
from helpdesk_bridge.text.decoding import judge


@frozen(init=False)
class Add:
    """Add these to what is there; everything else stays."""

    values: tuple[str, ...]

    def __init__(self, *values: str) -> None:
        object.__setattr__(self, "values", values)


@frozen(init=False)
class Remove:
    """Remove these from what is there; everything else stays."""

    values: tuple[str, ...]

    def __init__(self, *values: str) -> None:
        object.__setattr__(self, "values", values)


Words: TypeAlias = tuple[str, ...] | Add | Remove


def _words(value: Any) -> Any:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, set, frozenset)) else value


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _uploads(value: Sequence[Upload]) -> tuple[Upload, ...]:
    return tuple(value)


@frozen(kw_only=True)
class TicketDraft:
    """A ticket to be created. ``subject``, ``description`` and ``requester`` are needed everywhere.

    A draft, change or query raises ``Invalid`` for half a character, NUL, and a number that JSON would round or lacks.
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
    custom_fields: Mapping[str, CustomValue] | Unset = UNSET
    cc: tuple[str, ...] | Unset = field(default=UNSET, converter=_words)
    watchers: tuple[str, ...] | Unset = field(default=UNSET, converter=_words, repr=False)
    attachments: tuple[Upload, ...] = field(default=(), converter=_uploads)

    def __attrs_post_init__(self) -> None:
        judge(self)


@frozen(kw_only=True)
class TicketChange:
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
    tags: Words | Unset = field(default=UNSET, converter=_words)
    custom_fields: Mapping[str, CustomValue] | Unset = UNSET
    cc: Words | Unset = field(default=UNSET, converter=_words)
    watchers: Words | Unset = field(default=UNSET, converter=_words, repr=False)

    def __attrs_post_init__(self) -> None:
        judge(self)


@frozen(kw_only=True)
class MessageDraft:
    """A message to be written."""

    body: str | Body = field(repr=False)
    cc: tuple[str, ...] = field(default=(), converter=_texts)
    attachments: tuple[Upload, ...] = field(default=(), converter=_uploads)

    def __attrs_post_init__(self) -> None:
        judge(self)


@frozen(kw_only=True)
class ContactDraft:
    """A contact to be created; it needs an e-mail or a phone, as the vendor demands."""

    name: str | Unset | None = field(default=UNSET, repr=False)
    emails: tuple[str, ...] = field(default=(), converter=_texts, repr=False)
    phones: tuple[str, ...] = field(default=(), converter=_texts, repr=False)
    title: str | Unset | None = field(default=UNSET, repr=False)
    company: Named | Unset | None = UNSET
    external_id: str | Unset | None = UNSET
    custom_fields: Mapping[str, CustomValue] | Unset = UNSET

    def __attrs_post_init__(self) -> None:
        judge(self)


@frozen(kw_only=True)
class ContactChange:
    """What of a contact to change."""

    name: str | Unset | None = field(default=UNSET, repr=False)
    emails: Words | Unset = field(default=UNSET, converter=_words, repr=False)
    phones: Words | Unset = field(default=UNSET, converter=_words, repr=False)
    title: str | Unset | None = field(default=UNSET, repr=False)
    company: Named | Unset | None = UNSET
    external_id: str | Unset | None = UNSET
    blocked: bool | Unset = UNSET
    custom_fields: Mapping[str, CustomValue] | Unset = UNSET

    def __attrs_post_init__(self) -> None:
        judge(self)


@frozen
class Sent:
    """What a vendor answered to a reply or a note: the ids it gave, and the message where it sent it back."""

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
