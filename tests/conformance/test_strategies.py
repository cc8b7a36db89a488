"""The strategies give valid values, reach every nastiness, and take the limits of a desk."""

from collections import Counter
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from helpdesk_bridge import open_desk
from helpdesk_bridge.config.settings import example
from helpdesk_bridge.desk.refusals import check_contact, check_message, check_ticket_change, check_ticket_draft
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.drafts import set_fields
from helpdesk_bridge.model.matching import contact_matches, ticket_matches
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.refs import parse_ref
from helpdesk_bridge.model.values import Status, Visibility
from helpdesk_bridge.testing import strategies as made
from helpdesk_bridge.testing.conformance.plain_filter import answers_contact, answers_ticket
from helpdesk_bridge.testing.nasty import NASTY, SURROGATE

EASY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
VENDORS = ["local", "deskie", "desk365", "desk360"]


def capabilities_of(vendor):
    config = example(vendor)
    # Without an inbox Desk360 writes no tickets.
    told = evolve(config.settings, inbox=Path("inbox.db")) if vendor == "desk360" else config.settings
    return config.vendor.capabilities(told)


def test_a_desk_that_takes_no_changes_is_given_none():
    assert made.ticket_changes(Capabilities(vendor="bare")).is_empty
    assert made.contact_changes(Capabilities(vendor="bare")).is_empty


@pytest.mark.parametrize("name", NASTY)
def test_every_nasty_text_is_reached(name):
    wanted = NASTY[name]
    assert find(made.nasty_text(), lambda text: text == wanted, settings=settings(max_examples=5000)) == wanted


def test_halves_of_characters_come_on_request_only():
    assert find(made.nasty_text(surrogates=True), lambda text: text == SURROGATE)

    @EASY
    @given(made.nasty_text())
    def holds(text):
        assert text.encode("utf-8").decode() == text

    holds()


@EASY
@given(st.integers(0, 30), st.integers(0, 30), st.data())
def test_nasty_text_keeps_to_its_sizes(least, more, data):
    text = data.draw(made.nasty_text(min_size=least, max_size=least + more))
    assert least <= len(text) <= least + more


@EASY
@given(made.tickets(), made.contacts(), made.messages(), made.messages(opening=True))
def test_records_are_as_a_desk_gives_them(ticket, contact, message, opening):
    assert isinstance(ticket, Ticket)
    assert isinstance(contact, Contact)
    assert isinstance(message, Message)
    assert parse_ref(ticket.ref).id == ticket.id
    assert parse_ref(contact.ref).id == contact.id
    assert ticket.created_at <= ticket.updated_at
    assert ticket.created_at.utcoffset().total_seconds() == 0
    assert contact.emails or contact.phones
    assert (opening.opening, opening.visibility, message.opening) == (True, Visibility.PUBLIC, False)
    assert evolve(ticket) == ticket


@pytest.mark.parametrize("vendor", VENDORS)
@EASY
@given(data=st.data())
def test_drafts_and_changes_are_what_the_desk_takes(vendor, data):
    capabilities = capabilities_of(vendor)
    check_ticket_draft(data.draw(made.ticket_drafts(capabilities)), capabilities)
    change = data.draw(made.ticket_changes(capabilities))
    check_ticket_change(change, capabilities)
    assert set_fields(change)
    check_message(data.draw(made.message_drafts(capabilities)), capabilities)
    check_contact(data.draw(made.contact_drafts(capabilities)), capabilities, "contacts.create")
    check_contact(data.draw(made.contact_changes(capabilities)), capabilities, "contacts.update")


def test_a_local_desk_takes_every_draft():
    with open_desk({"vendor": "local", "path": ":memory:"}) as desk:

        @EASY
        @given(made.ticket_drafts(desk.capabilities), made.message_drafts(desk.capabilities))
        def holds(draft, note):
            ticket = desk.tickets.create(draft)
            desk.messages.note(ticket.id, note)
            assert [one.body.text for one in desk.messages.list(ticket.id)] == [draft.description, note.body]

        holds()


@EASY
@given(st.data())
def test_queries_mean_the_same_to_the_library_and_to_plain_python(data):
    tickets, contacts = (
        data.draw(st.lists(made.tickets(), max_size=4)),
        data.draw(st.lists(made.contacts(), max_size=4)),
    )
    query = data.draw(made.queries(tickets, contacts))
    if isinstance(query, TicketQuery):
        for ticket in tickets:
            assert ticket_matches(query, ticket) == answers_ticket(query, ticket)
    else:
        assert isinstance(query, ContactQuery)
        for contact in contacts:
            found = [phone for phone in contact.phones if phone.e164 and not phone.raw.startswith("+")]
            if not found:
                assert contact_matches(query, contact) == answers_contact(query, contact)


@pytest.mark.slow
def test_queries_often_find_something():
    hits = Counter()
    ticket = Ticket(id="1", ref="", subject="A lamp", status=Status.OPEN, tags=("vip",))

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(made.ticket_queries([ticket]))
    def counted(query):
        hits[ticket_matches(query, ticket)] += 1

    counted()
    assert min(hits[True], hits[False]) > 20
