"""Keys of Desk365's documents: what a record carries, what follows from that, and what it has no field for.

Documented: Desk365 API, "Sample response body"; OpenAPI, TicketDetailsModel; observed: the other keys of
recorded answers.
"""

from __future__ import annotations

from typing import Final

from helpdesk_bridge.adapter import Keys

FILES: Final = Keys(
    carried=frozenset({"file_name", "file_size", "file_type", "attachment_url"}), follows=frozenset({"created_on"})
)
SURVEY: Final = Keys(
    carried=frozenset({"sv_rating", "sv_additional_comments_response", "sv_rated_on"}),
    # The survey's own definition, not the customer's answer.
    follows=frozenset({
        "sv_name", "sv_answered", "sv_type", "sv_cs_scale", "sv_cs_neutral_type", "sv_question", "sv_cs_question_2",
        "sv_cs_question_3", "sv_additional_comments_title",
    }),
    lost={
        "sv_cs_rating_2": "the answer to the survey's second question",
        "sv_cs_rating_3": "the answer to the survey's third question",
        "sv_sent_on": "the time at which the survey was sent",
    },
)  # fmt: skip
TICKET: Final = Keys(
    carried=frozenset({
        "ticket_number", "contact_email", "email", "contact_name", "subject", "description", "status", "priority", "type", "source",
        "assigned_to", "assign_to", "company_name", "sla", "group", "category", "subcategory", "sub_category", "created_on", "updated_on",
        "resolved_on", "closed_on", "due_date", "first_response_time", "custom_fields", "attachments", "watchers", "share_to",
        "conversation_count", "survey_rating", "survey_ratings", *SURVEY.carried,
    }),
    follows=frozenset({
        "description_text", "first_assigned_duration", "resolved_duration", "first_replied_duration", "closed_duration",
        "form_is_deleted", "updated_by_type", "closed_by_type", *SURVEY.follows,
    }),
    lost={
        "first_assigned_time": "the time of the first assignment",
        "completed_within_sla": "whether the service level was met",
        "form_name": "the form",
        "department_name": "the department",
        "updated_by": "who changed it last",
        "closed_by": "who closed it",
        "associated_assets": "assets",
        **SURVEY.lost,
    },
    inside={"attachments": FILES, "survey_rating": SURVEY, "survey_ratings": SURVEY},
    prefixes=("cf_",),
)  # fmt: skip
MESSAGE: Final = Keys(
    carried=frozenset({
        "id", "created_by", "creator_name", "type", "public_note", "sender_type", "to_address", "cc_address", "body", "attachments", "created_on",
    }),
    follows=frozenset({"ticket_number", "body_text", "attachments_count"}),
    lost={
        "bcc_address": "blind copies",
        "notified_agents": "agents who were notified",
        "is_email_deliveribility_failiure": "whether the mail failed to arrive",
        "email_bounce_type": "why the mail failed to arrive",
        "email_bounce_status": "why the mail failed to arrive",
    },
    inside={"attachments": FILES},
)  # fmt: skip
CONTACT: Final = Keys(
    carried=frozenset({
        "primary_email", "email", "secondary_emails", "secondary_email", "name", "title", "phone", "mobile", "company_name",
        "custom_fields", "is_deleted", "created_on", "updated_on",
    }),
    prefixes=("cf_",),
)  # fmt: skip
