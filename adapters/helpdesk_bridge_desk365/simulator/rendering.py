"""Rendering: tickets, messages and surveys in Desk365's format, as recorded and as in the specification's sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from helpdesk_bridge_desk365.simulator.text import lossy_text, minutes_between, time_text

if TYPE_CHECKING:
    from helpdesk_bridge_desk365.simulator.records.account import Account
    from helpdesk_bridge_desk365.simulator.records.records import Message, SurveyAnswer, Ticket

_LIST_LACKS: Final = ("completed_within_sla", "attachments")
"""observed: never in a list item, dossier section 3.2."""

SAMPLE_KEYS: Final = (
    *("ticket_number", "contact_email", "subject", "description", "description_text", "status", "priority", "type"),
    *("source", "assigned_to", "group", "category", "subcategory", "created_on", "updated_on", "resolved_on"),
    *("closed_on", "due_date", "first_response_time", "first_assigned_time", "first_assigned_duration"),
    *("resolved_duration", "first_replied_duration", "closed_duration", "custom_fields", "survey_rating"),
)
"""documented: Desk365 API, "Sample response body", in the recorded names."""

_DETAILS_ALSO: Final = ("sla", "attachments", "watchers", "share_to")
"""What details add to the sample in `docs_shape`. documented: Desk365 API, "SLA names included in ticket details"; assumed: that nothing else."""

_SURVEY_KEYS: Final = (
    *("sv_name", "sv_answered", "sv_type", "sv_cs_scale", "sv_cs_neutral_type", "sv_question", "sv_rating"),
    *("sv_cs_question_2", "sv_cs_rating_2", "sv_cs_question_3", "sv_cs_rating_3", "sv_additional_comments_title"),
    *("sv_additional_comments_response", "sv_sent_on", "sv_rated_on"),
)


@frozen
class TicketShape:
    """Which parts of a ticket an answer holds and how they are laid out; equal shapes share rendered text."""

    description: bool = False
    custom_fields: bool = False
    survey: bool = False
    nested: bool = True
    details: bool = False
    docs: bool = False
    additions: bool = False


def ticket_document(account: Account, ticket: Ticket, shape: TicketShape) -> dict[str, Any]:
    """Return the ticket as a JSON object of that shape; who signs the URLs adds the attachments of details."""
    document = _recorded(account, ticket)
    if not shape.details:
        for key in _LIST_LACKS:
            del document[key]
    if not (shape.description or shape.details):
        del document["description"], document["description_text"]
    if not (shape.custom_fields or shape.details):
        del document["custom_fields"]
    if shape.additions:
        document |= _additions(ticket)
    if shape.survey:
        document["survey_rating"] = survey_rating(account, ticket)
    if shape.docs:
        document = _as_in_the_sample(document, shape)
    return document if shape.nested else _flattened(document)


def _recorded(account: Account, ticket: Ticket) -> dict[str, Any]:
    """Every key in the recorded order; an empty text is null. observed: dossier sections 3.1 and 3.5."""
    created = ticket.created_on
    return {
        "ticket_number": ticket.number,
        "contact_email": ticket.contact.email,
        "contact_name": ticket.contact.name,
        "subject": ticket.subject or None,
        "description": ticket.description or None,
        "description_text": lossy_text(ticket.description),
        "status": ticket.status,
        "priority": ticket.priority,
        "type": ticket.type,
        "source": ticket.source,
        "form_name": ticket.form_name,
        "form_is_deleted": 0,
        "assigned_to": ticket.assigned_to,
        "company_name": ticket.contact.company,
        "sla": ticket.sla,
        "completed_within_sla": _within_sla(ticket),
        "group": ticket.group,
        "category": ticket.category,
        "subcategory": ticket.subcategory,
        "created_on": time_text(created),
        "updated_on": time_text(ticket.updated_on),
        "resolved_on": time_text(ticket.resolved_on),
        "closed_on": time_text(ticket.closed_on),
        "due_date": time_text(ticket.due_date),
        "first_response_time": time_text(ticket.first_response_time),
        "first_assigned_time": time_text(ticket.first_assigned_time),
        "first_assigned_duration": minutes_between(created, ticket.first_assigned_time),
        "resolved_duration": minutes_between(created, ticket.resolved_on),
        "first_replied_duration": minutes_between(created, ticket.first_response_time),
        "closed_duration": minutes_between(created, ticket.closed_on),
        "custom_fields": {
            key: ticket.custom_fields.get(field.name, field.empty) for key, field in account.fields.items()
        },
        "attachments": [],
        "watchers": list(ticket.watchers),
        "share_to": list(ticket.share_to),
        "conversation_count": len(ticket.messages),
    }


def _within_sla(ticket: Ticket) -> bool | None:
    if ticket.resolved_on is None or ticket.due_date is None:
        return None
    return ticket.resolved_on <= ticket.due_date


def _additions(ticket: Ticket) -> dict[str, Any]:
    """Keys that clients of 2026 report; types 1 System, 2 Agent. observed: dossier sections 2 and 3.1."""
    return {
        "department_name": None,
        "updated_by": ticket.updated_by,
        "updated_by_type": 2 if ticket.updated_by else 1,
        "closed_by": ticket.closed_by,
        "closed_by_type": None if ticket.closed_on is None else 2 if ticket.closed_by else 1,
        "associated_assets": [],
    }


def _as_in_the_sample(document: dict[str, Any], shape: TicketShape) -> dict[str, Any]:
    """documented: Desk365 API, "Sample response body": its keys alone, bare custom fields, the source as text.

    Laid flat into the ticket they have their prefix: without it nothing would tell them from its own keys (assumed).
    """
    keys = (*SAMPLE_KEYS, *_DETAILS_ALSO) if shape.details else SAMPLE_KEYS
    sample = {"sub_category" if key == "subcategory" else key: document[key] for key in keys if key in document}
    sample["status"] = sample["status"].lower()
    sample["source"] = str(sample["source"])
    if "custom_fields" in sample and shape.nested:
        sample["custom_fields"] = {key.removeprefix("cf_"): value for key, value in sample["custom_fields"].items()}
    return sample


def _flattened(document: dict[str, Any]) -> dict[str, Any]:
    """documented: Desk365 API, "Additional parameters", nested_fields; null keys if no survey was sent: assumed."""
    flat = {key: value for key, value in document.items() if key not in ("custom_fields", "survey_rating")}
    flat |= document.get("custom_fields", {})
    if "survey_rating" in document:
        flat |= document["survey_rating"] or dict.fromkeys(_SURVEY_KEYS)
    return flat


def survey_rating(account: Account, ticket: Ticket) -> dict[str, Any] | None:
    """Return the latest answered survey, or the latest sent if none is, or null. documented: "Survey retrieval"."""
    if not ticket.surveys:
        return None
    answer = max(reversed(ticket.surveys), key=lambda answer: (answer.answered, answer.rated_on or answer.sent_on))
    survey = account.survey(answer.survey)
    return {
        "sv_name": answer.survey,
        "sv_answered": answer.answered,
        "sv_type": survey.type if survey else None,
        "sv_cs_scale": survey.scale if survey else None,
        "sv_cs_neutral_type": survey.neutral_type if survey else None,
        "sv_question": survey.question if survey else None,
        "sv_rating": answer.rating,
        "sv_cs_question_2": survey.question_2 if survey else None,
        "sv_cs_rating_2": answer.rating_2,
        "sv_cs_question_3": survey.question_3 if survey else None,
        "sv_cs_rating_3": answer.rating_3,
        "sv_additional_comments_title": survey.comments_title if survey else None,
        "sv_additional_comments_response": answer.comment,
        "sv_sent_on": time_text(answer.sent_on),
        "sv_rated_on": time_text(answer.rated_on),
    }


def rating_document(account: Account, ticket: Ticket, answer: SurveyAnswer) -> dict[str, Any]:
    """Return an answer as /surveys/ratings gives it. documented: OpenAPI, SurveyRatingsDetailsModel."""
    survey = account.survey(answer.survey)
    return {
        "ticket_number": ticket.number,
        "survey_name": answer.survey,
        "survey_type": survey.type if survey else None,
        "contact_email": ticket.contact.email,
        "agent_assigned": ticket.assigned_to,
        "cs_neutral_type": survey.neutral_type if survey else None,
        "ratings": {
            "survey_question": survey.question if survey else None,
            "rating": answer.rating,
            "cs_question_2": survey.question_2 if survey else None,
            "cs_rating_2": answer.rating_2,
            "cs_question_3": survey.question_3 if survey else None,
            "cs_rating_3": answer.rating_3,
        },
        "additional_comments_title": survey.comments_title if survey else None,
        "additional_comments_response": answer.comment,
        "sent_on": time_text(answer.sent_on),
        "rated_on": time_text(answer.rated_on),
    }


def message_document(
    ticket: Ticket, message: Message, attachments: list[dict[str, Any]], *, additions: bool
) -> dict[str, Any]:
    """Return a message of a conversation; the misspelt key is the vendor's. observed: dossier section 6.2."""
    document = {
        "ticket_number": ticket.number,
        "created_by": message.email,
        "creator_name": message.name,
        "type": message.type,
        "sender_type": message.sender_type,
        "public_note": message.public_note,
        "cc_address": message.cc,
        "bcc_address": message.bcc,
        "to_address": message.to,
        "notified_agents": message.notified,
        "body": message.body or None,
        "body_text": lossy_text(message.body),
        "attachments_count": len(attachments),
        "attachments": attachments,
        "created_on": time_text(message.created_on),
        "is_email_deliveribility_failiure": False,
        "email_bounce_type": None,
        "email_bounce_status": None,
    }
    return {"id": message.id, **document} if additions else document
