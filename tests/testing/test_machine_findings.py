"""What the state machine found in the library, each mended and held here."""

import pytest
from attrs import evolve
from conformance.accounts import IN_PROCESS, simulated

from helpdesk_bridge import ContactChange, ContactDraft, TicketDraft
from helpdesk_bridge.errors import Conflict, Unsupported
from helpdesk_bridge.local.capabilities import EVERYTHING
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.testing.conformance.plain_filter import answers_ticket
from helpdesk_bridge.testing.fake import FakeHelpdesk

BY_PHONE = evolve(EVERYTHING, contact_needs=frozenset({"phone"}))


@pytest.fixture
def account():
    with simulated("deskie", IN_PROCESS, settings={"rate_limit": 100_000}) as account:
        yield account


def test_a_phone_that_deskie_would_drop_is_refused_before_anything_is_sent(account):
    desk = account.desk
    made = desk.contacts.create(ContactDraft(emails=("ann@x.example",), name="Ann"))
    with pytest.raises(Unsupported, match="without phones") as caught:
        desk.contacts.update(made.id, ContactChange(phones=("+493012345678",), name="Ann Lee"))
    assert caught.value.capability == "contacts.update:phones"
    found = desk.contacts.get(made.id)
    assert (found.name, found.phones) == ("Ann", ())


def test_the_address_that_a_deskie_contact_has_can_be_changed_and_the_other_kind_cleared(account):
    desk = account.desk
    made = desk.contacts.create(ContactDraft(emails=("ann@x.example",)))
    changed = desk.contacts.update(made.id, ContactChange(emails=("lee@x.example",), phones=()))
    assert changed.emails == ("lee@x.example",)
    by_phone = desk.contacts.create(ContactDraft(phones=("+493012345678",)))
    assert desk.contacts.update(by_phone.id, ContactChange(phones=("+493012345679",))).phones[0].raw == "+493012345679"
    with pytest.raises(Unsupported, match="without emails"):
        desk.contacts.update(by_phone.id, ContactChange(emails=("bob@x.example",)))


def test_where_customers_are_known_by_phone_one_number_is_one_contact():
    with FakeHelpdesk(capabilities=BY_PHONE) as desk:
        desk.tickets.create(TicketDraft(subject="x", description="x", requester="+493012345678"))
        with pytest.raises(Conflict):
            desk.contacts.create(ContactDraft(phones=("+49 30 12345678",)))
        assert len(desk.all_contacts()) == 1


def test_where_they_are_known_by_e_mail_colleagues_share_a_phone():
    with FakeHelpdesk() as desk:
        for name in ("ann", "bob"):
            desk.contacts.create(ContactDraft(emails=(f"{name}@x.example",), phones=("+493012345678",)))
        assert len(desk.all_contacts()) == 2


def test_the_plain_filter_of_the_suite_knows_requesters_by_phone():
    with FakeHelpdesk(capabilities=BY_PHONE) as desk:
        ticket = desk.tickets.create(TicketDraft(subject="x", description="x", requester="+493012345678"))
        for wanted, answers in (("+493012345678", True), ("0049 30 12345678", True), ("+49301234567", False)):
            query = TicketQuery(requester=wanted)
            assert answers_ticket(query, ticket) is answers
            assert [one.id for one in desk.tickets.list(query)] == ([ticket.id] if answers else [])
