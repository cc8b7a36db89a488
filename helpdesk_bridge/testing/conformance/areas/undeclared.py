"""What is not declared is refused with ``Unsupported``, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import attrs
import pytest

from helpdesk_bridge.errors import Unsupported
from helpdesk_bridge.model.capabilities import OPERATIONS
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, TicketChange, TicketDraft
from helpdesk_bridge.model.values import Attachment, Priority, Status, Upload
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import contact_draft, customer, draft, text
from helpdesk_bridge.testing.conformance.fixtures import nothing_sent
from helpdesk_bridge.testing.conformance.selection import each, needs

_CALLS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "tickets.list": lambda desk: list(desk.tickets.list()),
    "tickets.get": lambda desk: desk.tickets.get("1"),
    "tickets.create": lambda desk: desk.tickets.create(draft(desk)),
    "tickets.update": lambda desk: desk.tickets.update("1", TicketChange(subject="x")),
    "contacts.list": lambda desk: list(desk.contacts.list()),
    "contacts.get": lambda desk: desk.contacts.get("1"),
    "contacts.find": lambda desk: desk.contacts.find(phone=customer(desk)),
    "contacts.create": lambda desk: desk.contacts.create(contact_draft(desk)),
    "contacts.update": lambda desk: desk.contacts.update("1", ContactChange(name="x")),
    "messages.list": lambda desk: list(desk.messages.list("1")),
    "messages.reply": lambda desk: desk.messages.reply("1", text("x")),
    "messages.note": lambda desk: desk.messages.note("1", text("x")),
    "messages.add_from_contact": lambda desk: desk.messages.add_from_contact("1", text("x"), customer(desk)),
    "agents.list": lambda desk: desk.agents.list(),
    "groups.list": lambda desk: desk.groups.list(),
    "companies.list": lambda desk: desk.companies.list(),
    "tags.list": lambda desk: desk.tags.list(),
    "custom_fields.list": lambda desk: desk.custom_fields.list(),
    "templates.list": lambda desk: desk.templates.list(),
    "attachments.open": lambda desk: desk.attachments.open(Attachment("x")),
    "events": lambda desk: desk.events(datetime(2026, 1, 1, tzinfo=UTC)),
    "webhooks": lambda desk: desk.webhooks.parse(b"", {}, None),
    "importer": lambda desk: desk.importer.tail("1", 1),
    "removal": lambda desk: desk.removal.ticket("1"),
}
_VALUES: Final[Mapping[str, Any]] = {
    "subject": "x", "assignee": "agent@x.example", "group": "g", "company": "c", "status": Status.OPEN,
    "priority": Priority.HIGH, "type": "t", "category": "c", "subcategory": "s", "tags": ("t",),
    "custom_fields": {"f": "v"}, "cc": ("cc@x.example",), "watchers": ("agent@x.example",), "attachments": (Upload.from_bytes("a.txt", b"a"),),
    "name": "n", "emails": ("a@x.example",), "phones": ("+493012345678",), "external_id": "e", "blocked": True, "title": "t",
}  # fmt: skip
_ALWAYS: Final = {"subject", "description", "requester"}


def _names(kind: type, *without: str) -> list[str]:
    return [one.name for one in attrs.fields(kind) if one.name not in without]


def _refused(desk: Helpdesk, calls: Callable[[], int], capability: str, call: Callable[[], Any]) -> None:
    with nothing_sent(calls), pytest.raises(Unsupported) as caught:
        call()
    assert caught.value.capability, "an `Unsupported` names the capability"
    assert caught.value.vendor or caught.value.desk == desk.name, capability


def _lacking(names: Iterable[str], declared: Container[str]) -> list[str]:
    return [name for name in names if name not in declared]


def test_an_operation_that_is_not_declared_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """Every operation of the port that this desk lacks."""
    for operation in _lacking(OPERATIONS, helpdesk.capabilities.operations):
        _refused(helpdesk, calls, operation, partial(_CALLS[operation], helpdesk))


def test_a_field_that_cannot_be_created_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """Every field of a draft that this desk does not take."""
    for name in _lacking(_names(TicketDraft, *_ALWAYS), helpdesk.capabilities.ticket_create):
        new = draft(helpdesk, **{name: _VALUES[name]})
        _refused(helpdesk, calls, name, partial(helpdesk.tickets.create, new))


def test_a_field_that_cannot_be_changed_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """Every field of a change that this desk does not take."""
    for name in _lacking(_names(TicketChange), helpdesk.capabilities.ticket_update):
        change = TicketChange(**{name: _VALUES[name]})
        _refused(helpdesk, calls, name, partial(helpdesk.tickets.update, "1", change))


def test_a_field_that_cannot_be_cleared_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """Every field that this desk cannot empty."""
    names = _names(TicketChange, "subject", "status", "priority", "tags", "cc", "watchers")
    for name in _lacking(names, helpdesk.capabilities.ticket_clear):
        nothing: dict[str, Any] = {name: None}
        change = TicketChange(**nothing)
        _refused(helpdesk, calls, name, partial(helpdesk.tickets.update, "1", change))


def test_a_contacts_field_that_cannot_be_created_is_refused_unsent(
    helpdesk: Helpdesk, calls: Callable[[], int]
) -> None:
    """Every field of a contact that this desk does not take."""
    for name in _lacking(_names(ContactDraft), helpdesk.capabilities.contact_create):
        new = contact_draft(helpdesk, **{name: _VALUES[name]})
        _refused(helpdesk, calls, name, partial(helpdesk.contacts.create, new))


def test_a_contacts_field_that_cannot_be_changed_is_refused_unsent(
    helpdesk: Helpdesk, calls: Callable[[], int]
) -> None:
    """Every field of a contact that this desk cannot change."""
    for name in _lacking(_names(ContactChange), helpdesk.capabilities.contact_update):
        change = ContactChange(**{name: _VALUES[name]})
        _refused(helpdesk, calls, name, partial(helpdesk.contacts.update, "1", change))


def test_a_status_that_is_not_declared_is_refused_naming_the_nearest(
    helpdesk: Helpdesk, calls: Callable[[], int]
) -> None:
    """A status that this desk lacks is never written as another one by itself."""
    statuses = helpdesk.capabilities.statuses
    for status in (one for one in Status if one not in statuses):
        with nothing_sent(calls), pytest.raises(Unsupported) as caught:
            helpdesk.tickets.update("1", TicketChange(status=status))
        if "status" in helpdesk.capabilities.ticket_update:
            assert status.nearest(frozenset(statuses)).value in str(caught.value)


def test_a_word_that_is_no_status_or_priority_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """A priority that this desk lacks, and words that mean nothing, are not sent."""
    refused = [TicketChange(priority=one) for one in Priority if one not in helpdesk.capabilities.priorities]
    refused.append(TicketChange(priority="no such priority"))
    if not helpdesk.capabilities.open_statuses:
        refused.append(TicketChange(status="no such status"))
    for change in refused:
        _refused(helpdesk, calls, repr(change), partial(helpdesk.tickets.update, "1", change))


@needs("messages.{operation}")
@each("operation", ["reply", "note"])
def test_a_message_with_what_messages_cannot_have_is_refused_unsent(
    helpdesk: Helpdesk, calls: Callable[[], int], operation: str
) -> None:
    """Files and copies are not dropped in silence."""
    write = getattr(helpdesk.messages, operation)
    for name in _lacking(("attachments", "cc"), helpdesk.capabilities.message_fields):
        new = MessageDraft(body="x", **{name: _VALUES[name]})
        _refused(helpdesk, calls, name, partial(write, "1", new))


def test_an_idempotency_key_without_a_place_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """A key that could not be kept is no key."""
    writes: dict[str, Callable[..., Any]] = {
        "tickets.create": partial(helpdesk.tickets.create, draft(helpdesk)),
        "messages.reply": partial(helpdesk.messages.reply, "1", text("x")),
        "messages.note": partial(helpdesk.messages.note, "1", text("x")),
        "messages.add_from_contact": partial(helpdesk.messages.add_from_contact, "1", text("x"), customer(helpdesk)),
    }
    for operation in _lacking(writes, helpdesk.capabilities.idempotency):
        _refused(helpdesk, calls, operation, partial(writes[operation], idempotency_key="key-1"))
