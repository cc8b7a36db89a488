"""Writing: pure functions from the model to Desk365's documents, and errors for values that it cannot take."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from helpdesk_bridge.adapter import (
    UNSET,
    Actor,
    Body,
    ContactChange,
    ContactDraft,
    CustomValue,
    Invalid,
    MessageDraft,
    Named,
    Person,
    Ref,
    TicketChange,
    TicketDraft,
    Unset,
    Upload,
    body_of,
)
from helpdesk_bridge_desk365.wire.images import named_images
from helpdesk_bridge_desk365.wire.parsing import field_key
from helpdesk_bridge_desk365.wire.times import time_text
from helpdesk_bridge_desk365.wire.words import UNASSIGNED, priority_number

SUBJECT_LIMIT: Final = 120
"""Observed: a client had to cut at 120; the longest of 500 recorded subjects has 117."""

_ESCAPED_QUOTE: Final = "\\'"
_UNICODE_QUOTE: Final = "\\u0027"

EMPTY_BODY: Final = "<div> </div>"
MOST_PHONES: Final = 2

Filters = Mapping[str, tuple[str, ...]]
FieldNamed = Callable[[str], str | None]


def email_of(person: Person, field: str) -> str:
    """Return a person's e-mail: Desk365 knows people by nothing else."""
    candidates = (person.id, person.email) if isinstance(person, Actor) else (person,)
    for candidate in candidates:
        if candidate and "@" in candidate:
            return candidate.strip()
    raise Invalid(f"Desk365 identifies people by e-mail; the {field} has none", field=field)


def name_of(named: Named) -> str:
    """Return the name of a group or company."""
    name = named.name or named.id if isinstance(named, Ref) else named
    if not name:
        raise Invalid("a group or company needs a name", field="group")
    return name


def custom_json(value: CustomValue) -> Any:
    """Return a custom field's value as it is written; None clears it (assumed: null does so for custom fields)."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        # Assumed: no field that takes several words was ever seen, and the vendor joins lists by commas elsewhere.
        return ", ".join(value)
    return value


def custom_fields(fields: Mapping[str, CustomValue], named: FieldNamed) -> dict[str, Any]:
    """Return custom fields under their keys. Documented: Desk365 API, "Custom fields now use 'cf_' prefix"."""
    return {field_key(named(name) or name): custom_json(value) for name, value in fields.items()}


def html_of(body: str | Body, files: tuple[Upload, ...] = ()) -> str:
    """Return a body as HTML: plain text would lose its line breaks (observed)."""
    markup = named_images(body_of(body).as_html(), files)
    return markup if markup.strip() else EMPTY_BODY


def _common(value: TicketDraft | TicketChange, named: FieldNamed) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if value.status is not UNSET:
        document["status"] = value.status
    if value.priority is not UNSET:
        document["priority"] = priority_number(value.priority)
    words = (("type", value.type), ("category", value.category), ("sub_category", value.subcategory))
    document |= {key: word for key, word in words if word is not UNSET}
    if value.group is not UNSET:
        document["group"] = None if value.group is None else name_of(value.group)
    if value.assignee is not UNSET:
        document["assign_to"] = None if value.assignee is None else email_of(value.assignee, "assignee")
    if value.custom_fields is not UNSET and value.custom_fields:
        document["custom_fields"] = custom_fields(value.custom_fields, named)
    return document


def ticket_document(draft: TicketDraft, named: FieldNamed) -> dict[str, Any]:
    """Return the document that creates a ticket."""
    if not draft.subject.strip():
        raise Invalid("Desk365 requires a subject", field="subject")
    if len(draft.subject) > SUBJECT_LIMIT:
        raise Invalid(
            f"the subject has {len(draft.subject)} characters; at most {SUBJECT_LIMIT}",
            field="subject",
            limit=SUBJECT_LIMIT,
        )
    chosen = {key: value for key, value in _common(draft, named).items() if value is not None}
    document = {
        "email": email_of(draft.requester, "requester"),
        "subject": draft.subject,
        "description": html_of(draft.description, draft.attachments),
        **chosen,
    }
    for key, people in (("share_to", draft.cc), ("watchers", draft.watchers)):
        if isinstance(people, tuple) and people:
            document[key] = list(people)
    return document


def change_document(change: TicketChange, named: FieldNamed) -> dict[str, Any]:
    """Return what changes a ticket, but for ``cc`` and ``watchers``, whose present value has to be known first.

    Documented: OpenAPI, "can be updated to unassigned": ``--`` clears assignee, group, category and subcategory.
    """
    document = _common(change, named)
    for key in ("group", "assign_to", "category", "sub_category"):
        if key in document and document[key] is None:
            document[key] = UNASSIGNED
    if change.subject is not UNSET:
        document["subject"] = change.subject
    return document


def filters_json(filters: Filters, quotes: str) -> str:
    """Return the ``filters`` parameter; ``quotes`` says how a single quote is written.

    Documented: Desk365 API, "properly escaped with a backslash", single quotes too, which is no JSON; the documentation's own sample leaves them
    bare.
    """
    text = json.dumps({key: list(values) for key, values in filters.items()}, ensure_ascii=False, separators=(",", ":"))
    return {"backslash": text.replace("'", _ESCAPED_QUOTE), "unicode": text.replace("'", _UNICODE_QUOTE)}.get(
        quotes, text
    )


def reply_document(draft: MessageDraft) -> dict[str, Any]:
    """Return the document of a reply to the customer. Documented: OpenAPI, "CC emails separated by comma"."""
    document: dict[str, Any] = {"body": html_of(draft.body, draft.attachments)}
    if draft.cc:
        document["cc_emails"] = ",".join(draft.cc)
    return document


def note_document(html: str, *, agent_email: str | None = None) -> dict[str, Any]:
    """Return the document of a note without mail: ``notify_emails`` would mail agents, ``private_note`` 0 the customer."""
    document: dict[str, Any] = {"body": html, "private_note": 1}
    if agent_email is not None:
        document["agent_email"] = agent_email
    return document


def _phones(phones: tuple[str, ...]) -> dict[str, str]:
    if len(phones) > MOST_PHONES:
        raise Invalid("Desk365 stores at most a phone and a mobile number", field="phones", limit=MOST_PHONES)
    phone, mobile = (*phones, "", "")[:MOST_PHONES]
    return {"phone": phone, "mobile": mobile}


def contact_document(draft: ContactDraft) -> dict[str, Any]:
    """Return the document that creates a contact."""
    return new_contact(
        draft.emails,
        name=None if isinstance(draft.name, Unset) else draft.name,
        phones=draft.phones,
        title=None if isinstance(draft.title, Unset) else draft.title,
        company=None if isinstance(draft.company, Unset) else draft.company,
    )


def new_contact(
    emails: tuple[str, ...], *, name: str | None, phones: tuple[str, ...], title: str | None, company: Named | None
) -> dict[str, Any]:
    """Return the document that creates a contact with these values."""
    if not emails:
        raise Invalid("Desk365 requires an e-mail for a contact", field="emails")
    primary, *others = emails
    document: dict[str, Any] = {"primary_email": primary}
    if name is not None:
        document["name"] = name
    if others:
        document["secondary_emails"] = ",".join(others)
    document |= {key: number for key, number in _phones(phones).items() if number}
    if title:
        document["title"] = title
    if company is not None:
        document["company_name"] = name_of(company)
    return document


def contact_change_document(change: ContactChange, phones: tuple[str, ...] | None) -> dict[str, Any]:
    """Return what changes a contact; ``phones`` are all that it is to have, None to leave them alone.

    Documented: "empty strings are converted to null", so they clear.
    """
    document: dict[str, Any] = {}
    if change.name is not UNSET:
        document["name"] = change.name or ""
    if phones is not None:
        document |= _phones(phones)
    if not isinstance(change.title, Unset):
        document["title"] = change.title or ""
    if not isinstance(change.company, Unset):
        document["company_name"] = "" if change.company is None else name_of(change.company)
    return document
