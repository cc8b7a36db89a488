"""Contacts: create, read, find exactly, change."""

from __future__ import annotations

from typing import Any

import pytest

from helpdesk_bridge.errors import Conflict, Invalid
from helpdesk_bridge.model.addresses import phone_digits
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft
from helpdesk_bridge.model.fields import CONTACT, Write, writable
from helpdesk_bridge.model.queries import ContactQuery
from helpdesk_bridge.model.values import IdKind
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import (
    DOMAIN,
    alike_emails,
    by_email,
    contact_draft,
    email_of,
    is_contact,
    make,
    phone_number,
    seen,
)
from helpdesk_bridge.testing.conformance.selection import each, needs
from helpdesk_bridge.testing.conformance.vocabulary import Vocabulary


def by_phone(desk: Helpdesk, *numbers: str) -> ContactDraft:
    """Return a contact with phones, and with an e-mail only if the vendor demands one."""
    needed: dict[str, Any] = {"emails": (email_of("ann"),)} if "email" in desk.capabilities.contact_needs else {}
    return ContactDraft(phones=numbers, **needed)


@needs("contacts.create", "contacts.get", "contacts.list")
def test_a_created_contact_is_read_back(helpdesk: Helpdesk) -> None:
    """``get`` and ``list`` return what ``create`` wrote."""
    created = helpdesk.contacts.create(contact_draft(helpdesk))
    found = helpdesk.contacts.get(created.id)
    assert found.id == created.id
    assert is_contact(found, helpdesk, "ann")
    assert found.name == "Ann"
    assert [contact.id for contact in helpdesk.contacts.list()] == [created.id]


@needs("contacts.create", "contacts.find", "emails")
def test_find_by_e_mail_is_exact(helpdesk: Helpdesk) -> None:
    """Of addresses that contain each other, exactly the given one is found, or none."""
    addresses = (email_of("joann"), email_of("ann.lee"), f"ann@{DOMAIN}.org", email_of("ann"))
    for address in addresses:
        helpdesk.contacts.create(ContactDraft(emails=(address,)))
    for address in addresses:
        contact = helpdesk.contacts.find(email=address)
        assert contact is not None
        assert contact.email == address
    for other in (email_of("nn"), f"ann@{DOMAIN[:-1]}", "ann", email_of("a%")):
        assert helpdesk.contacts.find(email=other) is None, (
            f"a contact is found by {other}, an address that no contact has"
        )


@needs("contacts.create", "contacts.find", "contacts.list", "emails")
def test_people_who_look_alike_are_found_each_alone(helpdesk: Helpdesk) -> None:
    """People whom a vendor's own search takes for the same are compared again."""
    created = {email: helpdesk.contacts.create(ContactDraft(emails=(email,))).id for email in alike_emails()}
    assert len(set(created.values())) == len(created)
    for email, contact_id in created.items():
        found = helpdesk.contacts.find(email=email)
        assert found is not None, f"{email!a} is not found"
        assert found.id == contact_id, f"{email!a} finds another person's contact"
        assert [contact.id for contact in helpdesk.contacts.list(ContactQuery(email=email))] == [contact_id], (
            f"{email!a}"
        )


@needs("contacts.create")
def test_an_id_that_is_an_address_is_declared(helpdesk: Helpdesk) -> None:
    """The desk declares if ids of contacts are e-mails or phones: a migration keeps such ids out of its journal."""
    created = helpdesk.contacts.create(contact_draft(helpdesk))
    natural = created.id_kind is IdKind.NATURAL
    assert natural is ("contact" in helpdesk.capabilities.natural_ids)
    assert natural or created.id not in {*created.emails, *(phone.raw for phone in created.phones)}


@needs("contacts.create", "contacts.find", "emails")
def test_find_by_e_mail_does_not_mind_case(helpdesk: Helpdesk) -> None:
    """The letters A to Z of an e-mail mean the same in either case."""
    created = helpdesk.contacts.create(contact_draft(helpdesk))
    found = helpdesk.contacts.find(email=email_of("ann").upper())
    assert found is not None
    assert found.id == created.id


@needs("contacts.create", "contacts.find", "contacts.create:phones")
def test_find_by_phone_is_exact_in_any_spelling(helpdesk: Helpdesk) -> None:
    """A number is found in any usual spelling; a longer or shorter number is not."""
    number = phone_number("ann")
    created = helpdesk.contacts.create(by_phone(helpdesk, number))
    for spelled in (number, f"{number[:3]} {number[3:5]} {number[5:]}", number.replace("+", "00")):
        contact = helpdesk.contacts.find(phone=spelled)
        assert contact is not None, "a contact is not found by another spelling of its number"
        assert contact.id == created.id
    for other in (number[:-1], f"{number}1", f"+1{number[3:]}"):
        assert helpdesk.contacts.find(phone=other) is None, "a part of a number finds a contact"


@needs("contacts.find")
def test_find_takes_one_of_e_mail_and_phone(helpdesk: Helpdesk) -> None:
    """``find`` without either, or with both, is ``Invalid``."""
    with pytest.raises(Invalid):
        helpdesk.contacts.find()
    with pytest.raises(Invalid):
        helpdesk.contacts.find(email=email_of("ann"), phone=phone_number("ann"))


@needs("contacts.create", "contacts.list")
def test_a_taken_address_is_a_conflict(helpdesk: Helpdesk) -> None:
    """A second contact with the same e-mail or phone is refused and not created."""
    helpdesk.contacts.create(contact_draft(helpdesk))
    with pytest.raises(Conflict):
        helpdesk.contacts.create(contact_draft(helpdesk, name="Somebody else"))
    assert len(list(helpdesk.contacts.list())) == 1


@needs("contacts.create", "contacts.get", "contact:{name}:written")
@each("name", writable(CONTACT, Write.KEEP))
def test_a_contacts_field_is_kept_when_given_and_when_changed(
    helpdesk: Helpdesk, vocabulary: Vocabulary, name: str
) -> None:
    """Every field that is declared for creating or changing a contact is read back."""
    capabilities = helpdesk.capabilities
    fields = {key: values for key, values in vocabulary.contact_fields.items() if values}
    known: dict[str, Any] = {
        "name": ("Ann Lee", "Ann İ. Öz"),
        "phones": ((phone_number("ann"),), (phone_number("ann's other"),)),
        "emails": ((email_of("ann"),), (email_of("ann.new"),)),
        "title": ("Buyer", "Head of Käse"),
        "company": vocabulary.companies,
        "external_id": ("ext-1", "ext-2"),
        "custom_fields": tuple({key: two[index] for key, two in fields.items()} for index in (0, 1)),
    }
    values = known.get(name, ("First", "Second"))
    if name == "custom_fields" and not fields:
        pytest.skip("the fixture `vocabulary` knows no custom fields of contacts")
    given: dict[str, Any] = {name: values[0]} if name in capabilities.contact_create else {}
    if given and name == "phones":
        created = helpdesk.contacts.create(by_phone(helpdesk, *given["phones"]))
    else:
        created = helpdesk.contacts.create(contact_draft(helpdesk, **given))
    if given:
        _assert_contact(helpdesk, created.id, name, values[0])
    if name in capabilities.contact_update:
        helpdesk.contacts.update(created.id, ContactChange(**{name: values[1]}))
        _assert_contact(helpdesk, created.id, name, values[1])


def _assert_contact(desk: Helpdesk, contact_id: str, name: str, value: object) -> None:
    contact = desk.contacts.get(contact_id)
    if name == "phones":
        assert isinstance(value, tuple)
        assert [phone_digits(phone.raw) for phone in contact.phones] == [phone_digits(one) for one in value]
    elif name == "company":
        assert contact.company is not None
        assert contact.company.name == value
    elif name == "custom_fields":
        assert isinstance(value, dict)
        assert {key: contact.custom_fields.get(key) for key in value} == value
    else:
        assert getattr(contact, name) == value


@needs("contacts.create", "contacts.list", "contacts.get", "contacts.update:blocked")
def test_a_blocked_contact_is_told_and_left_out(helpdesk: Helpdesk) -> None:
    """Blocking is read back; lists leave blocked contacts out unless ``include`` names them."""
    created = helpdesk.contacts.create(contact_draft(helpdesk))
    helpdesk.contacts.update(created.id, ContactChange(blocked=True))
    assert helpdesk.contacts.get(created.id).blocked
    assert list(helpdesk.contacts.list()) == []
    assert [contact.id for contact in helpdesk.contacts.list(ContactQuery(include={"blocked"}))] == [created.id]
    helpdesk.contacts.update(created.id, ContactChange(blocked=False))
    assert not helpdesk.contacts.get(created.id).blocked
    assert [contact.id for contact in helpdesk.contacts.list()] == [created.id]


@needs("tickets.create", "contacts.find")
def test_the_requester_of_a_ticket_is_a_contact(helpdesk: Helpdesk) -> None:
    """The requester of a created ticket is a contact that can be found."""
    make(helpdesk, "ann")
    wanted = {"email": email_of("ann")} if by_email(helpdesk.capabilities) else {"phone": phone_number("ann")}
    assert is_contact(helpdesk.contacts.find(**wanted), helpdesk, "ann")


@needs("tickets.create", "tickets.get", "contacts.update", "contacts.update:name")
def test_a_changed_name_stands_on_the_tickets_too(helpdesk: Helpdesk) -> None:
    """The directory drops what it holds of a contact that this desk changes."""
    ticket = helpdesk.tickets.get(make(helpdesk, "ann").id)
    assert ticket.requester is not None
    assert ticket.requester.id is not None
    helpdesk.contacts.update(ticket.requester.id, ContactChange(name="Ann New"))
    again = helpdesk.tickets.get(ticket.id)
    assert again.requester is not None
    # A vendor may name people by their e-mail alone.
    assert again.requester.name is None or seen(again.requester.name) == "Ann New"
