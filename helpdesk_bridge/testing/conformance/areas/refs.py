"""Refs: what an application stores, and that a foreign one reaches nobody else's record."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from helpdesk_bridge.errors import WrongDesk
from helpdesk_bridge.model.drafts import ContactChange, TicketChange
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.refs import format_ref, parse_ref
from helpdesk_bridge.model.values import Status
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import contact_draft, make, text
from helpdesk_bridge.testing.conformance.fixtures import nothing_sent
from helpdesk_bridge.testing.conformance.selection import needs


@needs("tickets.create", "contacts.create")
def test_a_ref_names_vendor_account_kind_and_id(helpdesk: Helpdesk) -> None:
    """A ref is read into its parts and written again the same."""
    records: dict[str, Ticket | Contact] = {
        "ticket": make(helpdesk),
        "contact": helpdesk.contacts.create(contact_draft(helpdesk, "bob")),
    }
    for kind, record in records.items():
        ref = parse_ref(record.ref)
        assert (ref.vendor, ref.account, ref.kind, ref.id) == (helpdesk.vendor, helpdesk.account, kind, record.id)
        assert str(ref) == record.ref


@needs("tickets.create", "tickets.get", "messages.list", "messages.note", "contacts.get")
def test_a_ref_does_wherever_an_id_does(helpdesk: Helpdesk) -> None:
    """Reading, changing and answering take a ref."""
    ticket = make(helpdesk)
    assert helpdesk.tickets.get(ticket.ref).id == ticket.id
    helpdesk.messages.note(ticket.ref, text("By ref"))
    assert len(list(helpdesk.messages.list(ticket.ref))) == 2  # noqa: PLR2004 - the opening and the note
    if "status" in helpdesk.capabilities.ticket_update:
        status = next(iter(helpdesk.capabilities.statuses))
        assert helpdesk.tickets.update(ticket.ref, TicketChange(status=status)).id == ticket.id
    contact = helpdesk.contacts.create(contact_draft(helpdesk, "bob"))
    assert helpdesk.contacts.get(contact.ref) == helpdesk.contacts.get(contact.id)


@needs("tickets.create", "tickets.get", "tickets.update", "messages.list", "messages.reply")
def test_a_foreign_ref_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """A ref of another account, vendor or kind raises ``WrongDesk``: its number is somebody else's case here."""
    own, account, vendor = make(helpdesk).id, helpdesk.account, helpdesk.vendor
    strangers = (
        format_ref(vendor, f"{account}x", "ticket", own),
        format_ref("another", account, "ticket", own),
        format_ref(vendor, account, "contact", own),
    )
    for ref in strangers:
        operations: tuple[Callable[[], Any], ...] = (
            partial(helpdesk.tickets.get, ref),
            partial(helpdesk.tickets.update, ref, TicketChange(status=Status.OPEN)),
            partial(_read, helpdesk, ref),
            partial(helpdesk.messages.reply, ref, text("Hello")),
            partial(helpdesk.messages.note, ref, text("Hello")),
        )
        for call in operations:
            with nothing_sent(calls), pytest.raises(WrongDesk):
                call()
    foreign = format_ref(vendor, f"{account}x", "contact", own)
    contact_calls: tuple[Callable[[], Any], ...] = (
        lambda: helpdesk.contacts.get(foreign),
        lambda: helpdesk.contacts.update(foreign, ContactChange(name="x")),
    )
    for call in contact_calls:
        with nothing_sent(calls), pytest.raises(WrongDesk):
            call()


def _read(desk: Helpdesk, ticket_id: str) -> list[Message]:
    return list(desk.messages.list(ticket_id))
