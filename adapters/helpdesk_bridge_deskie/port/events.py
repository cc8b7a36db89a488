"""Events: the bodies of Deskie's webhooks as typed values.

There are two kinds and no signature on either. A rule's action posts what an admin wrote into its template, with
variables filled in (observed: that, on a page of Deskie's; in captures their names, all values as text, "" for none, status and priority
in the account's language). A custom channel posts what an agent answered, as JSON or as a form (observed).

Reading never fails on what it does not know: a body of another shape becomes an ``UnknownEvent``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from helpdesk_bridge.adapter import Portable, format_ref

_VENDOR: Final = "deskie"
_ID: Final = re.compile(r"[0-9]{1,18}")
_NUMBER: Final = re.compile(r"[0-9]{1,6}-[0-9]{1,12}")
_CUSTOM: Final = re.compile(r"(?:custom_field_|cf_)([0-9]{1,18})")
_TRUE: Final = frozenset({"1", "true", "yes"})
# A form of PHP has "" or "0" for false.
_FALSE: Final = frozenset({"", "0", "false", "no"})


@frozen(kw_only=True)
class AgentAnswered(Portable):
    """An agent wrote in a case of a custom channel; the channel's own service must deliver it.

    ``contact`` is the customer's id in that channel, ``contact_id`` the one at Deskie. ``internal`` is a note, which
    must not be delivered; an unknown word for it counts as a note.
    """

    id: str
    ticket_id: str = field(repr=False)
    ticket: str = field(repr=False)
    agent_id: str | None = None
    contact_id: str | None = field(default=None, repr=False)
    contact: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    internal: bool = False
    by_rule: bool = False
    raw: Mapping[str, Any] = field(factory=dict, repr=False, eq=False)


@frozen(kw_only=True)
class RuleFired(Portable):
    """A rule of the account acted on a case; the admin's template decides which fields are set.

    ``ticket_id`` is the case's number, such as 130-000042, if the template has that alone: ``tickets.get`` takes both.
    Words of status, priority and group are as the account shows them, in its language: fetch the ticket for the rest.
    ``custom_fields`` are by Deskie's keys (`cf_25`). ``name`` is what the template calls it, in `event` or `type`, if it does.
    """

    ticket_id: str = field(repr=False)
    ticket: str = field(repr=False)
    name: str | None = None
    number: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)
    status: str | None = None
    priority: str | None = None
    group: str | None = None
    tags: tuple[str, ...] = ()
    agent_id: str | None = None
    contact_id: str | None = field(default=None, repr=False)
    contact_email: str | None = field(default=None, repr=False)
    last_message_id: str | None = None
    last_message: str | None = field(default=None, repr=False)
    last_note_id: str | None = None
    note: str | None = field(default=None, repr=False)
    custom_fields: Mapping[str, str] = field(factory=dict, repr=False, eq=False)
    raw: Mapping[str, Any] = field(factory=dict, repr=False, eq=False)


@frozen(kw_only=True)
class UnknownEvent(Portable):
    """A body of another shape, as it came."""

    raw: Any = field(repr=False, eq=False)


Event: TypeAlias = AgentAnswered | RuleFired | UnknownEvent


def events_in(document: Any, account: str) -> tuple[Event, ...]:
    """Return the events of a webhook's body, already parsed; several in a list are taken as well."""
    documents = document if isinstance(document, list) else [document]
    return tuple(_event(item, account) for item in documents if item not in ({}, [], "", None))


def _event(document: Any, account: str) -> Event:
    if not isinstance(document, dict):
        return UnknownEvent(raw=document)
    inner = document.get("object")
    if isinstance(inner, dict):
        return _answered(inner, account, document)
    for name, is_ident in (("case_id", _ID), ("case_number", _NUMBER)):
        for place in _places(document):
            ident = _text(place.get(name))
            if ident is not None and is_ident.fullmatch(ident) and ident.strip("0"):
                return _fired(place, ident, account, document)
    return UnknownEvent(raw=MappingProxyType(document))


def _places(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the objects in which a template may have put the variables: the top, or one level down."""
    yield document
    yield from (value for value in document.values() if isinstance(value, dict))


def _answered(inner: Mapping[str, Any], account: str, document: Mapping[str, Any]) -> Event:
    message_id, ticket_id = _id(inner.get("message_id")), _id(inner.get("case_id"))
    if message_id is None or ticket_id is None:
        return UnknownEvent(raw=MappingProxyType(dict(document)))
    return AgentAnswered(
        id=message_id,
        ticket_id=ticket_id,
        ticket=format_ref(_VENDOR, account, "ticket", ticket_id),
        agent_id=_id(inner.get("staff_id")),
        contact_id=_id(inner.get("user_id")),
        contact=_text(inner.get("custom_user_id")),
        text=_text(inner.get("content")),
        internal=_is_internal(inner.get("note")),
        by_rule=_flag(inner.get("sent_via_rule")),
        raw=MappingProxyType(dict(document)),
    )


def _fired(place: Mapping[str, Any], ticket_id: str, account: str, document: Mapping[str, Any]) -> Event:
    custom = {f"cf_{key[1]}": str(value) for name, value in place.items() if (key := _CUSTOM.fullmatch(str(name)))}
    return RuleFired(
        ticket_id=ticket_id,
        ticket=format_ref(_VENDOR, account, "ticket", ticket_id),
        name=_text(place.get("event")) or _text(document.get("event")) or _text(document.get("type")),
        number=_text(place.get("case_number")),
        subject=_text(place.get("case_subject")),
        status=_text(place.get("case_status")),
        priority=_text(place.get("case_priority")),
        group=_text(place.get("case_group")),
        tags=tuple(tag for part in (_text(place.get("case_tags")) or "").split(",") if (tag := part.strip())),
        agent_id=_id(place.get("staff_id")),
        contact_id=_id(place.get("user_id")),
        contact_email=_text(place.get("user_email")),
        last_message_id=_id(place.get("last_message_id")),
        last_message=_text(place.get("last_message")),
        last_note_id=_id(place.get("last_note_id")),
        note=_text(place.get("note_text")),
        custom_fields=MappingProxyType(custom),
        raw=MappingProxyType(dict(document)),
    )


def _text(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and value.strip() else None


def _id(value: Any) -> str | None:
    text = _text(value)
    return text if text is not None and _ID.fullmatch(text) and int(text) else None


def _flag(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).strip().casefold() in _TRUE


def _is_internal(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).strip().casefold() not in _FALSE
