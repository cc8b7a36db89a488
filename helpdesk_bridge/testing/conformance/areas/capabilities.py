"""Capabilities in both directions: what is declared works, what is not is refused with ``Unsupported`` unsent."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import attrs
import pytest

from helpdesk_bridge.adapter import Trash
from helpdesk_bridge.errors import NotFound, Unsupported
from helpdesk_bridge.model.capabilities import OPERATIONS
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, TicketChange, TicketDraft
from helpdesk_bridge.model.fields import CONTACT, TICKET, Kind, Write, writable
from helpdesk_bridge.model.records import FieldType
from helpdesk_bridge.model.values import Attachment, Priority, Status, Upload
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import contact_draft, customer, draft, make, text
from helpdesk_bridge.testing.conformance.fixtures import nothing_sent
from helpdesk_bridge.testing.conformance.selection import each, needs

FACETS = (
    "agents", "groups", "companies", "tags", "custom_fields", "templates", "attachments", "webhooks", "importer",
    "removal", "knowledge_base",
)  # fmt: skip
LISTS = ("agents", "groups", "companies", "tags", "custom_fields")
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
    "knowledge_base": lambda desk: desk.knowledge_base.categories(),
}
_OF_KIND: Final[Mapping[Kind, Any]] = {
    Kind.PERSON: "agent@x.example",
    Kind.REFERENCE: "g",
    Kind.TEXT: "x",
    Kind.WORD: "w",
    Kind.WORDS: ("t",),
    Kind.CUSTOM_FIELDS: {"f": "v"},
    Kind.ADDRESSES: ("cc@x.example",),
    Kind.PHONES: ("+493012345678",),
    Kind.FLAG: True,
    Kind.BODY: "x",
    Kind.FILES: (Upload.from_bytes("a.txt", b"a"),),
}
_VALUES: Final[Mapping[str, Any]] = {
    **{name: _OF_KIND.get(field.kind) for field_of in (TICKET, CONTACT) for name, field in field_of.items()},
    "status": Status.OPEN,
    "priority": Priority.HIGH,
}
_ALWAYS: Final = {"subject", "description", "requester"}


@pytest.mark.parametrize("name", FACETS)
def test_a_facet_is_there_exactly_where_it_is_declared(helpdesk: Helpdesk, calls: Callable[[], int], name: str) -> None:
    """A declared facet is truthy; one that is not is falsy, and any use raises ``Unsupported`` unsent."""
    with nothing_sent(calls):
        facet: Any = getattr(helpdesk, name)
        declared = helpdesk.capabilities.supports(name)
        assert bool(facet) is declared, f"capabilities say {declared}, the facet says {bool(facet)}"
        if not declared:
            with pytest.raises(Unsupported):
                facet.list()


@needs("{name}")
@each("name", LISTS)
def test_a_reference_list_holds_each_once_with_a_name(helpdesk: Helpdesk, name: str) -> None:
    """A list can be read twice; its ids are unique, and its entries have names."""
    facet: Any = getattr(helpdesk, name)
    found = facet.list()
    assert [one.id if name != "custom_fields" else one.key for one in facet.list()] == [
        one.id if name != "custom_fields" else one.key for one in found
    ]
    ids = [one.key if name == "custom_fields" else one.id for one in found]
    assert len(set(ids)) == len(ids), "an id is in the list twice"
    assert all(one.name or getattr(one, "email", None) for one in found), "an entry has no name"


@needs("custom_fields")
def test_the_definition_of_a_select_has_its_options(helpdesk: Helpdesk) -> None:
    """A custom field that is a select lists its options, parallel to its keys if it has keys."""
    assert helpdesk.custom_fields
    for name in helpdesk.custom_fields.list():
        if name.type in (FieldType.SELECT, FieldType.MULTISELECT):
            assert name.options
            assert len(name.option_keys) in (0, len(name.options))


@needs("removal", "tickets.create", "contacts.create")
def test_removal_removes_for_good(helpdesk: Helpdesk) -> None:
    """A removed ticket and a removed contact can no longer be read."""
    assert helpdesk.removal
    ticket, kept = make(helpdesk, "ann"), make(helpdesk, "bob")
    helpdesk.removal.ticket(ticket.id)
    with pytest.raises(NotFound):
        helpdesk.tickets.get(ticket.id)
    assert [one.id for one in helpdesk.tickets.list()] == [kept.id]
    contact = helpdesk.contacts.create(contact_draft(helpdesk, "cem"))
    helpdesk.removal.contact(contact.id)
    with pytest.raises(NotFound):
        helpdesk.contacts.get(contact.id)


@needs("removal", "tickets.create", "contacts.create")
def test_what_is_in_the_trash_is_deleted_and_can_be_read(helpdesk: Helpdesk) -> None:
    """A ticket and a contact that were moved to the trash are in no list, and a call for them says where they are."""
    if not isinstance(helpdesk.removal, Trash):
        pytest.skip("this vendor has no trash")
    ticket, kept = make(helpdesk, "ann"), make(helpdesk, "bob")
    contact = helpdesk.contacts.create(contact_draft(helpdesk, "cem"))
    for _ in range(2):
        helpdesk.removal.trash_ticket(ticket.id)
        helpdesk.removal.trash_contact(contact.id)
    assert helpdesk.tickets.get(ticket.id).deleted
    assert helpdesk.contacts.get(contact.id).deleted
    assert [one.id for one in helpdesk.tickets.list()] == [kept.id]
    assert contact.id not in [one.id for one in helpdesk.contacts.list()]


def _names(kind: type, *without: str) -> list[str]:
    return [field.name for field in attrs.fields(kind) if field.name not in without]


def _refused(desk: Helpdesk, calls: Callable[[], int], capability: str, call: Callable[[], Any]) -> None:
    with nothing_sent(calls), pytest.raises(Unsupported) as caught:
        call()
    assert caught.value.capability, "`Unsupported.capability` is empty; it has to name the capability"
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
    lists = (Kind.WORDS, Kind.ADDRESSES)
    names = [name for name in writable(TICKET, Write.CHANGE | Write.CLEAR) if TICKET[name].kind not in lists]
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
    """A status that this desk lacks is never replaced by another without being asked."""
    statuses = helpdesk.capabilities.statuses
    for status in (one for one in Status if one not in statuses):
        with nothing_sent(calls), pytest.raises(Unsupported) as caught:
            helpdesk.tickets.update("1", TicketChange(status=status))
        if "status" in helpdesk.capabilities.ticket_update:
            assert status.nearest(frozenset(statuses)).value in str(caught.value)


def test_a_word_that_is_no_status_or_priority_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """A priority that this desk lacks, and unknown words, are not sent."""
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
    """A desk that cannot keep an idempotency key refuses it."""
    writes: dict[str, Callable[..., Any]] = {
        "tickets.create": partial(helpdesk.tickets.create, draft(helpdesk)),
        "messages.reply": partial(helpdesk.messages.reply, "1", text("x")),
        "messages.note": partial(helpdesk.messages.note, "1", text("x")),
        "messages.add_from_contact": partial(helpdesk.messages.add_from_contact, "1", text("x"), customer(helpdesk)),
    }
    for operation in _lacking(writes, helpdesk.capabilities.idempotency):
        _refused(helpdesk, calls, operation, partial(writes[operation], idempotency_key="key-1"))
