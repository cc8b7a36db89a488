"""Import fidelity: the fields that Desk365 keeps, and the hazards of the account's own automation."""

from __future__ import annotations

from typing import Final

from helpdesk_bridge.adapter import Fidelity, FidelityTable, FieldFidelity, Hazard, MessageClass, Provenance

_NATIVE: Final = FieldFidelity(Fidelity.NATIVE)
_IN_LINE: Final = FieldFidelity(
    Fidelity.HEADER_LINE, "Desk365 sets it itself; the first line of the message states the original"
)
_AUTHOR: Final = FieldFidelity(
    Fidelity.HEADER_LINE,
    "a note's author is the key's agent, or the agent with the author's e-mail; the first line names the author",
)
_INLINE: Final = FieldFidelity(
    Fidelity.CHANGED, "its API accepts no inline images", "an attached file, with its name in place of the image"
)
_LATER: Final = FieldFidelity(
    Fidelity.HEADER_LINE, "every later message becomes a private note; the first line states what it was"
)
_BY_REQUESTER: Final = FieldFidelity(
    Fidelity.HEADER_LINE, "Desk365 makes the requester the author; the first line names the real author"
)
_LOST: Final = FieldFidelity(Fidelity.LOST, "Desk365 has no field for it")

_OPENING: Final = {
    "author": _NATIVE,
    "created_at": _IN_LINE,
    "visibility": _NATIVE,
    "kind": _NATIVE,
    "body": _NATIVE,
    "attachments": _NATIVE,
    "inline": _INLINE,
    "cc": _LOST,
    "to": _LOST,
}
_NOTE: Final = {
    **_OPENING,
    "author": _AUTHOR,
    "visibility": _LATER,
    "kind": _LATER,
}

FIDELITY: Final = FidelityTable(
    ticket={
        "subject": FieldFidelity(
            Fidelity.NATIVE, "a subject over 120 characters is cut; an empty subject becomes (no subject)"
        ),
        "requester": _NATIVE,
        "assignee": _NATIVE,
        "group": _NATIVE,
        "status": _NATIVE,
        "priority": _NATIVE,
        "type": _NATIVE,
        "category": _NATIVE,
        "subcategory": _NATIVE,
        "custom_fields": _NATIVE,
        "cc": _NATIVE,
        "watchers": _NATIVE,
        "description": _NATIVE,
        "attachments": _NATIVE,
        "message_count": _NATIVE,
        "company": FieldFidelity(
            Fidelity.CHANGED, "a ticket's company is that of its requester", "the requester's company"
        ),
        "created_at": FieldFidelity(
            Fidelity.HEADER_LINE,
            "Desk365 stamps the time of the import; the first line of the opening message states the original",
        ),
        "channel": FieldFidelity(Fidelity.CHANGED, "every ticket made by API has this source", "api"),
        "number": FieldFidelity(Fidelity.CHANGED, "Desk365 numbers tickets itself", "a new number"),
        "sla": FieldFidelity(Fidelity.CHANGED, "Desk365 applies its own", "the SLA that the account's rules choose"),
        "updated_at": _LOST,
        "first_response_at": _LOST,
        "solved_at": _LOST,
        "closed_at": _LOST,
        "due_at": _LOST,
        "rating": _LOST,
        "tags": FieldFidelity(Fidelity.LOST, "its API has no tags"),
    },
    contact={
        "name": _NATIVE,
        "emails": _NATIVE,
        "phones": FieldFidelity(Fidelity.NATIVE, "two of them: phone and mobile", most=2),
        "title": _NATIVE,
        "company": FieldFidelity(Fidelity.NATIVE, "created by its name if the account does not have it"),
        "external_id": _LOST,
        "custom_fields": _LOST,
        "blocked": _LOST,
        "created_at": _LOST,
        "updated_at": _LOST,
    },
    messages={
        MessageClass.OPENING_BY_CONTACT: {
            **_OPENING,
            "author": FieldFidelity(Fidelity.NATIVE, otherwise=_BY_REQUESTER),
        },
        MessageClass.OPENING_BY_AGENT: {
            **_OPENING,
            "author": _BY_REQUESTER,
        },
        MessageClass.REPLY_BY_CONTACT: _NOTE,
        MessageClass.REPLY_BY_AGENT: _NOTE,
        MessageClass.NOTE: {**_NOTE, "visibility": _NATIVE, "kind": _NATIVE},
        MessageClass.AUTOMATIC: _NOTE,
        MessageClass.FORWARD: _NOTE,
    },
)

HAZARDS: Final = (
    Hazard(
        "ticket_created_mail",
        "Desk365 may mail each requester that their ticket was created",
        "when the opening of a ticket is written",
        "switch off the contact notification for new tickets under Admin, Email notifications, until the run is over",
        Provenance.ASSUMED,
    ),
    Hazard(
        "satisfaction_survey",
        "Desk365 sends a satisfaction survey when a ticket is resolved or closed",
        "when a ticket arrives as Resolved or Closed",
        "deactivate the surveys under Admin, Surveys, until the run is over",
        Provenance.DOCUMENTED,
    ),
    Hazard(
        "agent_mail",
        "Desk365 may mail agents that tickets were assigned to them or to their groups, and that notes were added",
        "when tickets and notes are written",
        "switch off the agent notifications under Admin, Email notifications, until the run is over",
        Provenance.ASSUMED,
    ),
    Hazard(
        "automations",
        "automations, SLA rules and round-robin assignment act on imported tickets as on new ones: they may assign, "
        "escalate, close and mail",
        "when tickets are written, and later by time",
        "deactivate automations and SLA reminders until the run is over",
        Provenance.OBSERVED,
    ),
    Hazard(
        "shared_contacts_mail",
        "Desk365 may mail contacts with whom a ticket is shared",
        "when a ticket with cc is written",
        "switch off the notifications for shared tickets, or leave cc out",
        Provenance.ASSUMED,
    ),
)
