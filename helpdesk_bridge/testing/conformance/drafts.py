"""Drafts of the tests: people, tickets and messages that any desk takes, by its capabilities."""

from __future__ import annotations

import unicodedata
import zlib
from datetime import UTC, datetime
from typing import Any, Final

from helpdesk_bridge.model.addresses import email_key, phone_digits
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.drafts import ContactDraft, MessageDraft, TicketDraft
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import Actor
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.text.plain import squash

DOMAIN: Final = "customers.example"
_BREAKS: Final = frozenset("\t\n\r\u2028\u2029")
READ_EVERYTHING: Final = frozenset({"spam", "deleted", "merged"})


def by_email(capabilities: Capabilities) -> bool:
    """Whether this desk knows customers by e-mail, as most do; the others know them by phone."""
    return "emails" in capabilities.contact_fields or "phones" not in capabilities.contact_fields


def email_of(name: str) -> str:
    """Return the made-up e-mail of a made-up customer."""
    return f"{name}@{DOMAIN}"


def alike_emails() -> tuple[str, ...]:
    """Return addresses that look alike and belong to different people: only A to Z fold case in them."""
    locals_ = ("kim", "\u212aim", "sam", "\u017fam", "fin", "\ufb01n", "inan", "\u0131nan", "strasse", "stra\u00dfe")
    domains = (f"strasse.{DOMAIN}", f"stra\u00dfe.{DOMAIN}")
    return (*(email_of(one) for one in locals_), *(f"ann@{one}" for one in domains))


def phone_number(name: str) -> str:
    """Return the made-up phone number of a made-up customer, in E.164."""
    return f"+4930{10_000_000 + zlib.crc32(name.encode()) % 89_999_999}"


def customer(desk: Helpdesk, name: str = "ann") -> str:
    """Return a customer as a draft names one: by e-mail, or by phone where the desk knows no e-mails."""
    return email_of(name) if by_email(desk.capabilities) else phone_number(name)


def draft(desk: Helpdesk, who: str = "ann", /, **fields: Any) -> TicketDraft:
    """Return a draft with the fields that every desk takes, and ``fields``."""
    values: dict[str, Any] = {
        "subject": f"About {who}",
        "description": f"Opening of {who}",
        "requester": customer(desk, who),
        **fields,
    }
    return TicketDraft(**values)


def make(desk: Helpdesk, who: str = "ann", /, **fields: Any) -> Ticket:
    """Create a ticket of a customer; one ticket a customer, because some desks have one conversation with each."""
    return desk.tickets.create(draft(desk, who, **fields))


def contact_draft(desk: Helpdesk, who: str = "ann", /, **fields: Any) -> ContactDraft:
    """Return a contact that this desk takes."""
    allowed = desk.capabilities.contact_create
    values: dict[str, Any] = {"name": who.title()} if "name" in allowed else {}
    if "emails" in allowed:
        values["emails"] = (email_of(who),)
    else:
        values["phones"] = (phone_number(who),)
    return ContactDraft(**{**values, **fields})


def text(body: str) -> MessageDraft:
    """Return a message of plain text."""
    return MessageDraft(body=body)


def is_customer(actor: Actor | None, desk: Helpdesk, name: str) -> bool:
    """Whether an actor is this customer, by e-mail or phone."""
    if actor is None:
        return False
    if by_email(desk.capabilities):
        return email_key(actor.email or "") == email_key(email_of(name))
    return phone_digits(actor.phone or actor.id or "") == phone_digits(phone_number(name))


def is_contact(contact: Contact | None, desk: Helpdesk, name: str) -> bool:
    """Whether a contact is this customer, by e-mail or phone."""
    return contact is not None and is_customer(contact.actor(), desk, name)


def seen(words: str | None) -> str:
    """Return a text as a reader sees it: no control characters, white space as single blanks, composed.

    Vendors keep texts as HTML, which has no control characters and where white space runs together.
    """
    shown = "".join(
        " " if letter in _BREAKS else "" if unicodedata.category(letter) == "Cc" else letter for letter in words or ""
    )
    return squash(shown.replace("\ufeff", ""))


def now_at(desk: Helpdesk) -> datetime:
    """Return the time by the desk's own clock."""
    clock = getattr(desk, "clock", None)
    return clock.wall() if clock is not None else datetime.now(UTC)


def stranger(record_id: str) -> str:
    """Return an id of the same shape that no record has."""
    if record_id.isdecimal():
        return str(int(record_id) + 7_000_000)
    name, at, host = record_id.partition("@")
    return f"{name}-nobody{at}{host}" if at else f"{record_id}0"


def values_of(ticket: Ticket, name: str) -> Any:
    """Return a field of a ticket in the form in which drafts give it, as they are compared."""
    value = getattr(ticket, name)
    if name == "assignee":
        return None if value is None else email_key(value.email or value.id or "")
    if name in ("group", "company"):
        return None if value is None else value.name
    if name == "tags":
        return frozenset(one.casefold() for one in value)
    if name in ("cc", "watchers"):
        return frozenset(map(email_key, value))
    return value
