"""Whatever field the model has, the store keeps it and every filter answers for it."""

import json

import pytest
from model.field_samples import CHOICES, CLASSES, question, record

from helpdesk_bridge.model.fields import CONTACT, TICKET, filters
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.values import Visibility
from helpdesk_bridge.store import documents
from helpdesk_bridge.testing.conformance.plain_filter import answers_contact, answers_ticket
from helpdesk_bridge.testing.fake import FakeHelpdesk

ELSEWHERE = {
    "ticket": {"id", "ref", "description", "message_count", "attachments"},
    "contact": {"id", "ref"},
    "message": {"id", "ticket_id", "sequence", "attachments"},
}


@pytest.mark.parametrize("area", CLASSES)
@pytest.mark.parametrize("number", range(CHOICES))
def test_every_field_of_a_record_comes_back_from_its_document(area, number):
    before = record(area, number)
    values = documents.load(json.loads(documents.dump(before)), CLASSES[area])
    assert not set(values) & ELSEWHERE[area]
    assert CLASSES[area](**{name: getattr(before, name) for name in ELSEWHERE[area]}, **values) == before


def tickets():
    return [record("ticket", number, spam=False, deleted=False, merged_into=None) for number in range(CHOICES)]


def contacts():
    return [record("contact", number, blocked=False, deleted=False) for number in range(CHOICES)]


@pytest.fixture(scope="module")
def desk():
    desk = FakeHelpdesk()
    desk.inspection.define_field("Order No")
    desk.inspection.define_field("Order No", applies_to="contact")
    for number, contact in enumerate(contacts()):
        desk.importer.contact(contact, f"{number}" * 16)
    for number, ticket in enumerate(tickets()):
        opening = record("message", visibility=Visibility.PUBLIC, attachments=())
        desk.importer.ticket(ticket, opening, (), f"{number}" * 16)
    return desk


@pytest.mark.parametrize("name", filters(TICKET))
@pytest.mark.parametrize("number", range(CHOICES))
def test_every_filter_of_tickets_tells_them_apart(desk, name, number):
    query = TicketQuery(**{name: question(filters(TICKET)[name], number)})
    assert [answers_ticket(query, ticket) for ticket in tickets()] == [number == one for one in range(CHOICES)]
    assert [ticket.subject for ticket in desk.tickets.list(query)] == [tickets()[number].subject]


@pytest.mark.parametrize("name", filters(CONTACT))
@pytest.mark.parametrize("number", range(CHOICES))
def test_every_filter_of_contacts_tells_them_apart(desk, name, number):
    query = ContactQuery(**{name: question(filters(CONTACT)[name], number)})
    assert [answers_contact(query, contact) for contact in contacts()] == [number == one for one in range(CHOICES)]
    assert [contact.name for contact in desk.contacts.list(query)] == [contacts()[number].name]
