"""The columns by which tickets and contacts are searched, each computed from the record in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from helpdesk_bridge.model.addresses import email_key, phone_digits
from helpdesk_bridge.model.matching import natural_key
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import Actor, Ref
from helpdesk_bridge.store import documents
from helpdesk_bridge.store.values import RECORD, UNIT, folded, micros
from helpdesk_bridge.text.plain import fold


def _person(role: str, actor: Actor | None) -> dict[str, Any]:
    if actor is None:
        return dict.fromkeys((f"{role}_kind", f"{role}_id", f"{role}_email", f"{role}_phone"))
    return {
        f"{role}_kind": actor.kind.value,
        f"{role}_id": actor.id,
        f"{role}_email": None if actor.email is None else email_key(actor.email),
        f"{role}_phone": (phone_digits(actor.phone) or None) if actor.phone else None,
    }


def _ref(role: str, ref: Ref | None) -> dict[str, Any]:
    if ref is None:
        return {f"{role}_id": None, f"{role}_fold": None}
    return {f"{role}_id": ref.id, f"{role}_fold": fold(ref.name or "")}


def tag_needle(tag: str) -> str:
    """Return what ``tags_fold`` holds where a ticket has the tag."""
    return f"{UNIT}{fold(tag)}{UNIT}"


def custom_needle(name: str, value: str) -> str:
    """Return what ``custom_fold`` holds where a custom field is this text, or a list that has it."""
    return f"{RECORD}{name}{UNIT}{fold(value)}{RECORD}"


def _custom(fields: Mapping[str, Any]) -> str:
    needles = []
    for name, value in fields.items():
        texts = (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()
        needles += [custom_needle(name, text) for text in texts]
    return "".join(needles)


def _record(record: Ticket | Contact) -> dict[str, Any]:
    return {
        "id": record.id,
        "id_rank": natural_key(record.id)[0],
        "created_at": micros(record.created_at, "created_at"),
        "updated_at": micros(record.updated_at, "updated_at"),
        "deleted": record.deleted,
    }


def ticket_columns(ticket: Ticket) -> dict[str, Any]:
    """Return the row of a ticket."""
    return {
        **_record(ticket),
        "spam": ticket.spam,
        "merged": ticket.merged_into is not None,
        "status": ticket.status.value,
        "status_fold": folded(ticket.status_label),
        "priority": ticket.priority.value,
        "priority_fold": folded(ticket.priority_label),
        **_person("requester", ticket.requester),
        **_person("assignee", ticket.assignee),
        **_ref("group", ticket.group),
        "channel_fold": folded(ticket.channel),
        "category_fold": folded(ticket.category),
        "subcategory_fold": folded(ticket.subcategory),
        "type_fold": folded(ticket.type),
        "subject_fold": fold(ticket.subject),
        "tags_fold": "".join(tag_needle(tag) for tag in ticket.tags),
        "custom_fold": _custom(ticket.custom_fields),
        "document": documents.dump(ticket, documents.TICKET),
    }


def contact_columns(contact: Contact) -> dict[str, Any]:
    """Return the row of a contact."""
    return {
        **_record(contact),
        "blocked": contact.blocked,
        "name_fold": folded(contact.name),
        **_ref("company", contact.company),
        "external_fold": folded(contact.external_id),
        "document": documents.dump(contact, documents.CONTACT),
    }


def contact_keys(contact: Contact) -> Iterable[tuple[str, str]]:
    """Yield what a contact is found by: e-mails as they are one box, and phones by their digits."""
    for email in dict.fromkeys(email_key(email) for email in contact.emails):
        yield "email", email
    for digits in dict.fromkeys(phone_digits(phone) for phone in contact.phones):
        if digits:
            yield "phone", digits
