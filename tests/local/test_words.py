"""Statuses, priorities, lists of words and phones, one by one."""

from __future__ import annotations

import pytest
from attrs import evolve

from helpdesk_bridge import Add, ContactChange, ContactDraft, ContactQuery, Remove, Status, TicketDraft, open_desk
from helpdesk_bridge.errors import ConfigError, Invalid
from helpdesk_bridge.local import VENDOR, LocalSettings
from helpdesk_bridge.local.capabilities import EVERYTHING
from helpdesk_bridge.local.people import phone_of
from helpdesk_bridge.local.port.words import changed_words, priority_of, status_of
from helpdesk_bridge.model.queries import NONE
from helpdesk_bridge.model.values import Priority


def test_statuses_by_member_label_and_value():
    for given in (Status.ON_HOLD, "On hold", "ON HOLD", "on_hold"):
        assert status_of(given, EVERYTHING) == (Status.ON_HOLD, "On hold")
    assert status_of("Erledigt", EVERYTHING) == (Status.UNKNOWN, "Erledigt")
    closed = evolve(EVERYTHING, open_statuses=False)
    for given in ("Erledigt", Status.UNKNOWN):
        with pytest.raises(Invalid):
            status_of(given, closed)


def test_priorities_by_member_label_and_value():
    for given in (Priority.URGENT, "Urgent", "urgent"):
        assert priority_of(given, EVERYTHING) == (Priority.URGENT, "Urgent")
    for given in ("extreme", Priority.UNKNOWN):
        with pytest.raises(Invalid):
            priority_of(given, EVERYTHING)


def test_words_are_added_removed_and_replaced():
    assert changed_words(("a", "B"), Add("b", "c")) == ("a", "B", "c")
    assert changed_words(("a", "B"), Remove("b")) == ("a",)
    assert changed_words(("a",), ("x", "X")) == ("x",)
    assert changed_words(("a",), None) == ()
    with pytest.raises(Invalid):
        changed_words((), (1,))


def test_phones():
    assert phone_of("0170 12345678").e164 is None
    assert phone_of("0170 12345678", "DE").e164 == "+4917012345678"
    assert phone_of("+49 170 12345678").e164 == "+4917012345678"
    assert phone_of("+49").e164 is None
    assert phone_of("call me", "DE").e164 is None


def test_contacts_addresses_are_added_and_removed(desk):
    contact = desk.contacts.create(ContactDraft(emails=["a@x.io"], phones=["+4917012345678"]))
    more = desk.contacts.update(
        contact.id, ContactChange(emails=Add("b@x.io", "A@x.io"), phones=Add("0049 170 12345678", "0171"))
    )
    assert more.emails == ("a@x.io", "b@x.io")
    assert [phone.raw for phone in more.phones] == ["+4917012345678", "0171"]
    less = desk.contacts.update(contact.id, ContactChange(emails=Remove("B@x.io"), phones=Remove("+49 170 12345678")))
    assert (less.emails, [phone.raw for phone in less.phones]) == (("a@x.io",), ["0171"])
    assert [one.id for one in desk.contacts.list(ContactQuery(company=NONE, email={"a@x.io"}))] == [contact.id]
    for bad in (ContactChange(phones=("call me",)), ContactChange(custom_fields={"": "x"})):
        with pytest.raises(Invalid):
            desk.contacts.update(contact.id, bad)
    assert desk.contacts.get(contact.id) == less


def test_bad_values_of_a_ticket_write_nothing(desk):
    for over in ({"subject": 5}, {"type": 5}, {"tags": (5,)}, {"custom_fields": {"X": object()}}):
        with pytest.raises((Invalid, TypeError)):
            desk.tickets.create(TicketDraft(**{"subject": "x", "description": "x", "requester": "a@x.io", **over}))
    assert desk.vendor_api.counts() == {"tickets": 0, "contacts": 0, "messages": 0}


def test_the_vendor_value_needs_no_file(tmp_path):
    settings = LocalSettings(path=tmp_path / "desk.db")
    assert VENDOR.capabilities(settings) == EVERYTHING
    assert VENDOR.account(settings) == str(tmp_path / "desk.db")
    assert VENDOR.policy(settings) is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_a_name():
    with (
        open_desk({"vendor": "local", "path": "x" * 300}) as desk,
        pytest.raises(ConfigError, match="cannot be created"),
    ):
        desk.check()
