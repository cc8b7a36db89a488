"""Import fidelity: the fields that Deskie keeps, the cost of an import, and the hazards of the account's automation."""

from __future__ import annotations

from typing import Final

from helpdesk_bridge.adapter import Fidelity, FidelityTable, FieldFidelity, Hazard, ImportCost, MessageClass, Provenance
from helpdesk_bridge_deskie.policy import WRITE_UNITS

COST: Final = ImportCost(
    contact=WRITE_UNITS, ticket=WRITE_UNITS, message=WRITE_UNITS, finish=WRITE_UNITS, inline=WRITE_UNITS
)

_NATIVE: Final = FieldFidelity(Fidelity.NATIVE)
_HEADER: Final = FieldFidelity(Fidelity.HEADER_LINE)
_NO_FIELD: Final = FieldFidelity(Fidelity.LOST, "Deskie's API has no such field")
_OWN_TIME: Final = FieldFidelity(Fidelity.LOST, "Deskie sets it itself")

_BODY: Final = {
    "created_at": _NATIVE,
    "visibility": _NATIVE,
    "body": _NATIVE,
    "attachments": _NATIVE,
    "inline": _NATIVE,
    "cc": _NO_FIELD,
    "to": _NO_FIELD,
}
_OPENING_BY_AGENT: Final = FieldFidelity(Fidelity.HEADER_LINE, "Deskie makes the customer the author of every opening")
_NOTE_AUTHOR: Final = FieldFidelity(
    Fidelity.HEADER_LINE, "Deskie makes the key's agent the author of every note; that agent's own notes need no line"
)
_STRANGER: Final = FieldFidelity(
    Fidelity.HEADER_LINE,
    "the destination does not have the author, or has disabled them: the key's agent wrote it; the first line names the author",
)
_CUSTOMER: Final = FieldFidelity(Fidelity.NATIVE, otherwise=_OPENING_BY_AGENT)
_CONTACT: Final = FieldFidelity(Fidelity.NATIVE, otherwise=_STRANGER)
_AGENT: Final = FieldFidelity(
    Fidelity.NATIVE, "a header line names an agent who is unknown or disabled at the destination", otherwise=_STRANGER
)

FIDELITY: Final = FidelityTable(
    finished=frozenset({"rating"}),
    ticket={
        "subject": _NATIVE,
        "status": _NATIVE,
        "priority": _NATIVE,
        "requester": _NATIVE,
        "assignee": FieldFidelity(Fidelity.NATIVE, "an agent who is disabled at the destination is left out"),
        "group": _NATIVE,
        "tags": _NATIVE,
        "custom_fields": _NATIVE,
        "description": _NATIVE,
        "created_at": _NATIVE,
        "attachments": _NATIVE,
        "rating": FieldFidelity(
            Fidelity.NATIVE, "if its label is low, middle or high", only=frozenset({"low", "middle", "high"})
        ),
        "message_count": _NATIVE,
        "channel": FieldFidelity(
            Fidelity.CHANGED, "a ticket made through the API has the channel that Deskie gives it", "web_form"
        ),
        "number": _OWN_TIME,
        "updated_at": _OWN_TIME,
        "closed_at": _OWN_TIME,
        "cc": _NO_FIELD,
        "merged_into": _NO_FIELD,
    },
    contact={
        "name": _NATIVE,
        "emails": FieldFidelity(Fidelity.NATIVE, "the first; the others go into the contact's note", most=1),
        "phones": FieldFidelity(Fidelity.CHANGED, "the phones of a contact with an e-mail go into its note", "note"),
        "company": _NATIVE,
        "blocked": _NATIVE,
        "custom_fields": _NATIVE,
        "title": _NATIVE,
        "identities": FieldFidelity(Fidelity.CHANGED, "Deskie creates no user of a network by API", "note"),
        "external_id": FieldFidelity(Fidelity.CHANGED, "a custom id belongs to a custom channel", "note"),
        "created_at": _OWN_TIME,
        "updated_at": _OWN_TIME,
    },
    messages={
        MessageClass.OPENING_BY_CONTACT: {"author": _CUSTOMER, "kind": _NATIVE, **_BODY},
        MessageClass.OPENING_BY_AGENT: {"author": _OPENING_BY_AGENT, "kind": _NATIVE, **_BODY},
        MessageClass.REPLY_BY_CONTACT: {"author": _CONTACT, "kind": _NATIVE, **_BODY},
        MessageClass.REPLY_BY_AGENT: {"author": _AGENT, "kind": _NATIVE, **_BODY},
        MessageClass.NOTE: {"author": _NOTE_AUTHOR, "kind": _NATIVE, **_BODY},
        MessageClass.AUTOMATIC: {"author": _HEADER, "kind": _HEADER, **_BODY},
        MessageClass.FORWARD: {"author": _HEADER, "kind": _HEADER, **_BODY},
    },
)

HAZARDS: Final = (
    Hazard(
        "auto_reply",
        "an automatic reply or a rule mails the customer",
        "when a ticket or a customer's message is imported",
        'switch the rules and automatic replies off in "Settings" while the migration runs',
        Provenance.ASSUMED,
    ),
    Hazard(
        "satisfaction_survey",
        "a request for a rating is mailed to the customer",
        "when an imported ticket is closed",
        "switch the ratings of answers off while the migration runs",
        Provenance.ASSUMED,
    ),
    Hazard(
        "agent_notifications",
        "agents are mailed about new tickets, messages and assignments",
        "with every imported ticket",
        "ask the agents to switch their notifications off while the migration runs",
        Provenance.ASSUMED,
    ),
    Hazard(
        "storage_limit",
        "the oldest tickets and contacts are deleted above 6,000, 12,000 or 24,000 tickets and 2,000, 4,000 or 8,000 "
        "contacts per enabled agent (Basic, Standard, Pro); new tickets a month are limited too",
        "daily, the imported ones counted in",
        "before the migration, compare `helpdesk-bridge check` with what will be added; keep enough agents enabled",
        Provenance.OBSERVED,
    ),
)
