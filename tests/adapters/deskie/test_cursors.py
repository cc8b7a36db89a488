"""Cursors are read back and judged; a contact has one identity."""

import pytest
from adapters.deskie.simulated import dataset

from helpdesk_bridge import ContactDraft
from helpdesk_bridge.adapter import Invalid, NotFound, Unsupported
from helpdesk_bridge_deskie.client.cursors import read_cursor


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "[1, 2]", "{}", '{"page": 1}', '{"page": "1", "total": 2}', '{"page": 1e3, "total": 2}',
               '{"page": 1, "total": 99999999999999999999}', '{"page": 1, "total": 2, "more": 3}'],
)  # fmt: skip
def test_a_text_that_is_no_cursor_of_ours_is_invalid(cursor):
    with pytest.raises(Invalid) as caught:
        read_cursor(cursor, ("page", "total"))
    assert caught.value.field == "cursor"


def test_a_cursor_is_read_back():
    assert read_cursor('{"page": 2, "total": null}', ("page", "total")) == {"page": 2, "total": None}


@pytest.mark.parametrize("cursor", ["nonsense", "{}", "[2, 5]"])
def test_no_listing_takes_a_foreign_cursor(in_process_account, cursor):
    with in_process_account(dataset()) as (desk, app):
        ticket = next(iter(desk.tickets.list()))
        sent = len(app.requests.snapshot())
        for listing in (desk.tickets.list(), desk.contacts.list(), desk.messages.list(ticket.id)):
            with pytest.raises(Invalid):
                listing.page(cursor)
        assert len(app.requests.snapshot()) == sent


def test_a_contact_with_an_e_mail_and_a_phone_is_refused_unsent(in_process_account):
    with in_process_account(dataset()) as (desk, app):
        with pytest.raises(Unsupported) as caught:
            desk.contacts.create(ContactDraft(emails=("new@x.io",), phones=("+49301234567",)))
        assert caught.value.capability == "contacts.create:phones"
        assert len(app.requests.snapshot()) == 0
        assert desk.contacts.create(ContactDraft(phones=("+49301234567",))).phones[0].e164 == "+49301234567"


def test_digits_of_other_scripts_are_no_ids(in_process_account):
    with in_process_account(dataset()) as (desk, _):
        ticket = next(iter(desk.tickets.list()))
        foreign = "".join(chr(0x660 + int(digit)) for digit in ticket.id)
        for read in (desk.tickets.get, desk.contacts.get):
            with pytest.raises(NotFound):
                read(foreign)
