"""Tickets: create, read, list, change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.drafts import TicketChange
from helpdesk_bridge.model.fields import TICKET, travelling
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.values import Priority, Status
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import (
    alike_emails,
    by_email,
    customer,
    draft,
    email_of,
    is_customer,
    make,
    now_at,
    seen,
)
from helpdesk_bridge.testing.conformance.fixtures import nothing_sent
from helpdesk_bridge.testing.conformance.selection import each, needs

SKEW = timedelta(minutes=10)
"""How far a vendor's clock may be from ours; every time zone is further away."""


@needs("tickets.create", "tickets.get")
def test_a_created_ticket_is_read_back(helpdesk: Helpdesk) -> None:
    """``get`` returns the subject, the description and the requester that were written."""
    created = make(helpdesk, subject="Where is my lamp?", description="It has not come.")
    ticket = helpdesk.tickets.get(created.id)
    assert (ticket.id, ticket.ref) == (created.id, created.ref)
    assert seen(ticket.subject) == "Where is my lamp?"
    assert ticket.description is not None, "`get` does not load the description; it has to load every field"
    assert seen(ticket.description.text) == "It has not come."
    assert is_customer(ticket.requester, helpdesk, "ann"), "the requester differs from the one in the draft"


@needs("tickets.create", "tickets.get")
def test_create_tells_what_get_tells(helpdesk: Helpdesk) -> None:
    """``create`` returns the same ticket as ``get``, as far as its fields are loaded."""
    created = make(helpdesk)
    ticket = helpdesk.tickets.get(created.id)
    for name in ("subject", "status", "priority", "channel", "created_at"):
        if name not in created.not_loaded:
            assert getattr(created, name) == getattr(ticket, name), name


@needs("tickets.create", "tickets.list", "tickets.get")
def test_a_created_ticket_is_listed_once(helpdesk: Helpdesk) -> None:
    """``list`` yields each ticket once, as ``get`` returns it in every field that the list loads."""
    created = [make(helpdesk, name) for name in ("ann", "bob", "cem")]
    listed = list(helpdesk.tickets.list())
    assert sorted(ticket.id for ticket in listed) == sorted(ticket.id for ticket in created)
    for row in listed:
        whole = helpdesk.tickets.get(row.id)
        for name in helpdesk.capabilities.ticket_fields - row.not_loaded - whole.not_loaded - {"updated_at"}:
            assert getattr(row, name) == getattr(whole, name), f"list and get differ in {name}"


@needs("tickets.create", "tickets.get")
def test_a_field_that_is_not_declared_is_never_filled(helpdesk: Helpdesk) -> None:
    """A desk fills only the fields that its capabilities declare."""
    ticket = helpdesk.tickets.get(make(helpdesk).id)
    for name in travelling(TICKET):
        if name not in helpdesk.capabilities.ticket_fields | {"subject", "requester"}:
            assert getattr(ticket, name) in (None, (), {}, Priority.UNKNOWN), f"{name} is filled but not declared"


@needs("tickets.create", "tickets.get")
def test_times_are_aware_and_in_the_right_zone(helpdesk: Helpdesk) -> None:
    """A new ticket has the present time as its creation time, aware and in UTC."""
    now = now_at(helpdesk)
    ticket = helpdesk.tickets.get(make(helpdesk).id)
    for name in ("created_at", "updated_at"):
        if name in helpdesk.capabilities.ticket_fields:
            moment = getattr(ticket, name)
            assert moment is not None, f"{name} is declared but empty"
            assert moment.utcoffset() == timedelta(0), f"{name} is not in UTC"
            assert abs(moment - now) < SKEW, f"{name} is {moment - now} away from now: a wrong time zone?"


@needs("tickets.create", "tickets.get")
def test_a_ticket_goes_to_exactly_its_requester(helpdesk: Helpdesk) -> None:
    """Of customers whose addresses contain each other, each has their own ticket."""
    names = ("joann", "ann", "ann.x", "x.ann") if by_email(helpdesk.capabilities) else ("ann", "bob", "cem")
    created = {name: make(helpdesk, name).id for name in names}
    for name, ticket_id in created.items():
        assert is_customer(helpdesk.tickets.get(ticket_id).requester, helpdesk, name), f"not the ticket of {name}"


@needs("tickets.create", "tickets.get", "tickets.list", "emails")
def test_customers_who_look_alike_keep_their_own_tickets(helpdesk: Helpdesk) -> None:
    """Addresses are compared as mailboxes: a Kelvin sign is not k, a ligature not two letters, a sharp s not ss."""
    created = {email: make(helpdesk, "ann", requester=email).id for email in alike_emails()}
    for email, ticket_id in created.items():
        requester = helpdesk.tickets.get(ticket_id).requester
        assert requester is not None
        assert email_key(requester.email or "") == email_key(email), f"not the ticket of {email!a}"
        assert [ticket.id for ticket in helpdesk.tickets.list(TicketQuery(requester=email))] == [ticket_id], (
            f"{email!a}"
        )


@needs("tickets.create", "contacts.list", "emails")
def test_the_requester_is_the_same_in_any_case(helpdesk: Helpdesk) -> None:
    """An e-mail in another case is the same customer: no second contact is created."""
    make(helpdesk, "ann")
    make(helpdesk, "ann", requester=email_of("ann").upper(), subject="Once more")
    assert len(list(helpdesk.contacts.list())) == 1


@needs("tickets.create", "tickets.update", "tickets.get", "tickets.update:status", "status:{status}")
@each("status", list(Status))
def test_a_status_comes_back_as_it_was_written(helpdesk: Helpdesk, status: Status) -> None:
    """Every status that is declared can be written, and is read, listed and found as that status."""
    ticket_id = make(helpdesk).id
    # From another status, so that the status really changes.
    other = next((one for one in helpdesk.capabilities.statuses if one is not status), status)
    helpdesk.tickets.update(ticket_id, TicketChange(status=other))
    changed = helpdesk.tickets.update(ticket_id, TicketChange(status=status))
    found = helpdesk.tickets.get(ticket_id)
    assert (changed.status, found.status) == (status, status)
    assert (found.status_label or "").casefold() == helpdesk.capabilities.statuses[status].casefold()
    assert [ticket.id for ticket in helpdesk.tickets.list(TicketQuery(statuses=status))] == [ticket_id]
    helpdesk.tickets.update(ticket_id, TicketChange(status=found.status_label or ""))
    assert helpdesk.tickets.get(ticket_id).status is status, "the vendor's own label does not round-trip"


@needs("tickets.create", "tickets.update", "tickets.get", "tickets.update:priority", "priority:{priority}")
@each("priority", list(Priority))
def test_a_priority_comes_back_as_it_was_written(helpdesk: Helpdesk, priority: Priority) -> None:
    """Every priority that is declared can be written and is read back."""
    ticket_id = make(helpdesk).id
    helpdesk.tickets.update(ticket_id, TicketChange(priority=priority))
    ticket = helpdesk.tickets.get(ticket_id)
    assert ticket.priority is priority
    if "priority_label" in helpdesk.capabilities.ticket_fields:
        helpdesk.tickets.update(ticket_id, TicketChange(priority=ticket.priority_label or ""))
        assert helpdesk.tickets.get(ticket_id).priority is priority, "the label does not round-trip"


@needs("tickets.create", "tickets.list", "ticket:description")
def test_include_loads_what_a_list_leaves_out(helpdesk: Helpdesk) -> None:
    """``include`` loads the description; ``not_loaded`` names the fields that are missing."""
    make(helpdesk, description="Look at this")
    (plain,) = helpdesk.tickets.list()
    if plain.description is None:
        assert "description" in plain.not_loaded, (
            "a declared field that the list leaves out is not named in `not_loaded`"
        )
    (loaded,) = helpdesk.tickets.list(TicketQuery(include={"description"}))
    assert loaded.description is not None
    assert seen(loaded.description.text) == "Look at this"


@needs("tickets.create", "tickets.list")
def test_a_list_without_resolving_holds_the_same_tickets(helpdesk: Helpdesk) -> None:
    """``resolve=False`` saves calls and lists the same tickets."""
    created = {make(helpdesk, name).id for name in ("ann", "bob")}
    assert {ticket.id for ticket in helpdesk.tickets.list(resolve=False)} == created


@needs("tickets.create", "tickets.list", "key:tickets.create")
def test_an_idempotency_key_adopts_what_is_there(helpdesk: Helpdesk) -> None:
    """The same key gives the same ticket, another key another one."""
    first = helpdesk.tickets.create(draft(helpdesk), idempotency_key="order-1")
    again = helpdesk.tickets.create(draft(helpdesk), idempotency_key="order-1")
    other = helpdesk.tickets.create(draft(helpdesk), idempotency_key="order-2")
    assert first.id == again.id, "the same key made a second ticket"
    assert other.id != first.id, "another key adopted the same ticket"
    assert sorted(ticket.id for ticket in helpdesk.tickets.list()) == sorted({first.id, other.id})


@needs("tickets.list")
def test_explain_sends_nothing(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """``explain`` names the native part, the client-side part and the calls without asking the vendor."""
    queries = (
        TicketQuery(),
        TicketQuery(statuses=Status.OPEN, tags="vip", subject="lamp", order="-updated", limit=3),
        TicketQuery(requester=customer(helpdesk), groups="Support", custom_fields={"Order No": "A-1"}),
    )
    for query in queries:
        with nothing_sent(calls):
            explained = helpdesk.tickets.explain(query)
        assert explained.calls >= 0
        assert all(isinstance(name, str) and hasattr(query, name) for name in explained.client_side)


@needs("tickets.list")
def test_opening_a_listing_sends_nothing(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """A listing is lazy: the first request goes out with the first record."""
    with nothing_sent(calls):
        helpdesk.tickets.list(TicketQuery(statuses=Status.OPEN))
        list(helpdesk.tickets.list(TicketQuery(limit=0)))
