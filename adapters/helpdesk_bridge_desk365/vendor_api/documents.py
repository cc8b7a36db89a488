"""Values that ``desk.vendor_api`` returns: frozen, under the vendor's own names.

Times are aware and in UTC, flags are truth values, lists are tuples, whichever way the vendor wrote them. A key that was
not sent is None. ``document`` is the vendor's own document with whatever else it holds, without signed addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import IntEnum
from typing import Any

from attrs import field, frozen

from helpdesk_bridge.adapter import Attachment


def _document() -> Any:
    return field(factory=dict, eq=False, repr=False)


def _private() -> Any:
    return field(default=None, repr=False)


@frozen(kw_only=True)
class TimeEntry:
    """Time that an agent spent on a ticket. Documented: OpenAPI, TimeEntryModel: its times end in ``_time``."""

    id: int
    ticket_number: int | None = None
    agent_email: str | None = None
    note: str | None = _private()
    billable: bool | None = None
    created_time: datetime | None = None
    updated_time: datetime | None = None
    start_time: datetime | None = None
    time_spent_in_minutes: int | None = None
    timer_running: bool | None = None
    additional_info: Any = field(default=None, repr=False)
    document: Mapping[str, Any] = _document()


@frozen(kw_only=True)
class Survey:
    """A survey; ``cs_scale_point_map`` gives the words of a customer-satisfaction rating, keyed "3" to "-3".

    Documented: Desk365 API, "Retrieving all survey details": ``survey_type`` 1 satisfaction, 2 five stars, 3 net promoter;
    ``cs_rating_order`` 1 good to bad, 2 bad to good; ``cs_neutral_type`` 1 positive, 2 neutral, 3 negative;
    ``notify_type`` 7 ticket resolved, 8 ticket closed.
    """

    survey_name: str
    survey_type: int | None = None
    cs_survey_scale: int | None = None
    cs_rating_order: int | None = None
    cs_neutral_type: int | None = None
    cs_scale_point_map: Mapping[str, Any] | None = None
    thankyou_text: str | None = None
    questions: Mapping[str, Any] | None = None
    include_additional_comments: bool | None = None
    additional_comments_title: str | None = None
    notify_type: int | None = None
    is_active: bool | None = None
    is_deleted: bool | None = None
    document: Mapping[str, Any] = _document()


@frozen(kw_only=True)
class SurveyAnswer:
    """What a customer answered; ``ratings`` holds the questions and the ratings."""

    ticket_number: int | None = None
    survey_name: str | None = None
    survey_type: int | None = None
    contact_email: str | None = _private()
    agent_assigned: str | None = None
    cs_neutral_type: int | None = None
    ratings: Mapping[str, Any] | None = _private()
    additional_comments_title: str | None = None
    additional_comments_response: str | None = _private()
    sent_on: datetime | None = None
    rated_on: datetime | None = None
    document: Mapping[str, Any] = _document()


@frozen(kw_only=True)
class TicketSurvey:
    """The survey of a ticket: the latest answered survey, else the latest that was sent. Documented: "Survey retrieval"."""

    sv_name: str | None = None
    sv_answered: bool | None = None
    sv_type: int | None = None
    sv_cs_scale: int | None = None
    sv_cs_neutral_type: int | None = None
    sv_question: str | None = None
    sv_rating: int | None = None
    sv_cs_question_2: str | None = None
    sv_cs_rating_2: int | None = None
    sv_cs_question_3: str | None = None
    sv_cs_rating_3: int | None = None
    sv_additional_comments_title: str | None = None
    sv_additional_comments_response: str | None = _private()
    sv_sent_on: datetime | None = None
    sv_rated_on: datetime | None = None


@frozen(kw_only=True)
class TicketDetails:
    """A ticket under the vendor's own names; durations are minutes.

    ``custom_fields`` are by name, without the prefix. With ``nested_fields`` the vendor writes them, and the survey, into
    the ticket itself: here they are always in their own fields.
    """

    ticket_number: int
    contact_email: str | None = _private()
    contact_name: str | None = _private()
    subject: str | None = _private()
    description: str | None = _private()
    description_text: str | None = _private()
    status: str | None = None
    priority: int | None = None
    type: str | None = None
    source: str | int | None = None
    form_name: str | None = None
    form_is_deleted: bool | None = None
    assigned_to: str | None = None
    company_name: str | None = None
    department_name: str | None = None
    sla: str | None = None
    completed_within_sla: bool | None = None
    group: str | None = None
    category: str | None = None
    subcategory: str | None = None
    created_on: datetime | None = None
    updated_on: datetime | None = None
    resolved_on: datetime | None = None
    closed_on: datetime | None = None
    due_date: datetime | None = None
    first_response_time: datetime | None = None
    first_assigned_time: datetime | None = None
    first_assigned_duration: int | None = None
    resolved_duration: int | None = None
    first_replied_duration: int | None = None
    closed_duration: int | None = None
    updated_by: str | None = None
    updated_by_type: int | None = None
    closed_by: str | None = None
    closed_by_type: int | None = None
    custom_fields: Mapping[str, Any] | None = _private()
    survey_rating: TicketSurvey | None = field(default=None, repr=False)
    attachments: tuple[Attachment, ...] = ()
    watchers: tuple[str, ...] | None = _private()
    share_to: tuple[str, ...] | None = _private()
    conversation_count: int | None = None
    document: Mapping[str, Any] = _document()


class ArticleStatus(IntEnum):
    """Documented: OpenAPI, "0 - "Draft", 1 - "Published""; observed: 2, the draft of a published one."""

    UNPUBLISHED = 0
    PUBLISHED = 1
    DRAFT_OF_PUBLISHED = 2


class SupportVisibility(IntEnum):
    """Who sees a category in the support portal. Documented: OpenAPI, support_portal_visibility."""

    HIDDEN = 1
    EVERYONE = 2
    SIGNED_IN = 3
    COMPANIES = 4


class AgentVisibility(IntEnum):
    """Which agents see a category. Documented: OpenAPI, agent_portal_visibility."""

    ALL = 1
    GROUPS = 2


@frozen(kw_only=True)
class Article:
    """An article of the knowledge base. ``status`` is a number of ``ArticleStatus`` or an unknown number."""

    article_title: str
    article_content: str | None = _private()
    article_content_text: str | None = _private()
    category_name: str | None = None
    folder_name: str | None = None
    has_attachments: bool | None = None
    attachments: tuple[Attachment, ...] = ()
    created_by_email: str | None = None
    updated_by_email: str | None = None
    created_on: datetime | None = None
    updated_on: datetime | None = None
    article_views: int | None = None
    article_likes: int | None = None
    article_dislikes: int | None = None
    status: int | None = None
    agent_url: str | None = None
    support_url: str | None = None
    document: Mapping[str, Any] = _document()


@frozen(kw_only=True)
class Folder:
    """A folder of a category.

    Documented (OpenAPI): answers call the folder's own name ``category_name`` and its category
    ``parent_category_name``; here they are called what requests call them.
    """

    folder_name: str
    category_name: str | None = None
    created_by_email: str | None = None
    created_on: datetime | None = None
    document: Mapping[str, Any] = _document()


@frozen(kw_only=True)
class Category:
    """A category of the knowledge base; the visibilities are numbers of the enumerations or unknown numbers."""

    category_name: str
    category_description: str | None = None
    created_by_email: str | None = None
    support_portal_visibility: int | None = None
    company_list: tuple[str, ...] | None = None
    agent_portal_visibility: int | None = None
    agent_group_list: tuple[str, ...] | None = None
    created_on: datetime | None = None
    category_order: int | None = None
    document: Mapping[str, Any] = _document()


class ContractType(IntEnum):
    """What a contract sells. Documented: OpenAPI, contract_type."""

    BLOCK_HOURS = 2
    BLOCK_TICKETS = 3


class BillCycle(IntEnum):
    """Documented: OpenAPI, bill_cycle."""

    MONTHLY = 1
    CONTRACT_LENGTH = 2


class RolloverType(IntEnum):
    """Documented: OpenAPI, rollover_type."""

    MONTHLY = 1


@frozen
class BlockHours:
    """Hours that a contract sells. Documented: OpenAPI, ContractsBlockHourModel; that ``min_increment`` is in minutes is assumed."""

    contract_hours: int
    min_increment: int | None = None
    rollover_unused_hours: bool = False
    rollover_type: int | None = None
    rollover_value: int | None = None


@frozen
class BlockTickets:
    """Tickets that a contract sells."""

    contract_tickets: int


@frozen(kw_only=True)
class Contract:
    """A contract. Documented (OpenAPI): what its list, its details, its creation and its update show is not the same.

    ``category`` is ``contract_category`` in answers to creation and update; what these nest as ``block_hours`` or
    ``block_tickets`` is flat here, as in details. ``rollover_details`` and ``usage_hours`` are the vendor's rows, by
    month.
    """

    name: str
    company: str | None = None
    category: str | None = None
    reference_number: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    is_active: bool | None = None
    is_default: bool | None = None
    setup_fees: int | None = None
    sla: str | None = None
    contract_type: int | None = None
    bill_cycle: int | None = None
    after_hours_included: bool | None = None
    contract_hours: int | None = None
    contract_tickets: int | None = None
    min_increment: int | None = None
    rollover_unused_hours: bool | None = None
    rollover_type: int | None = None
    rollover_value: int | None = None
    contract_used_mins: int | None = None
    total_available_mins: int | None = None
    total_rollover_mins: int | None = None
    extra_used_mins: int | None = None
    rollover_details: tuple[Mapping[str, Any], ...] = ()
    usage_hours: tuple[Mapping[str, Any], ...] = ()
    document: Mapping[str, Any] = _document()


@frozen(kw_only=True)
class CompanyDetails:
    """A company with all its fields; rows of 2026 list its departments (observed)."""

    name: str
    description: str | None = None
    phone: str | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    zipcode: str | None = None
    domains: tuple[str, ...] | None = None
    departments: tuple[str, ...] | None = None
    sla: str | None = None
    created_on: datetime | None = None
    updated_on: datetime | None = None
    document: Mapping[str, Any] = _document()


@frozen(kw_only=True)
class ContactDetails:
    """A contact with all its fields; ``custom_fields`` by name, without the prefix."""

    primary_email: str | None = _private()
    secondary_emails: tuple[str, ...] | None = _private()
    name: str | None = _private()
    title: str | None = None
    phone: str | None = _private()
    mobile: str | None = _private()
    company_name: str | None = None
    is_deleted: bool | None = None
    primary_department: str | None = None
    secondary_departments: tuple[str, ...] | None = None
    custom_fields: Mapping[str, Any] | None = _private()
    created_on: datetime | None = None
    updated_on: datetime | None = None
    document: Mapping[str, Any] = _document()


@frozen(kw_only=True)
class ConversationMessage:
    """A message with fields outside the common port: bcc, notified agents, and whether its mail bounced."""

    id: str | int | None = None
    created_by: str | None = _private()
    creator_name: str | None = _private()
    type: str | None = None
    public_note: bool | None = None
    sender_type: str | None = None
    to_address: tuple[str, ...] | None = _private()
    cc_address: tuple[str, ...] | None = _private()
    bcc_address: tuple[str, ...] | None = _private()
    notified_agents: tuple[str, ...] | None = None
    body: str | None = _private()
    attachments_count: int | None = None
    delivery_failed: bool | None = None
    email_bounce_type: str | None = None
    email_bounce_status: str | None = None
    created_on: datetime | None = None
    document: Mapping[str, Any] = _document()


@frozen(kw_only=True)
class Conversation:
    """A thread without its opening, and how many messages of each kind it has."""

    messages: tuple[ConversationMessage, ...]
    count: int | None = None
    agent_reply_count: int | None = None
    contact_reply_count: int | None = None
    public_note_count: int | None = None
    private_note_count: int | None = None
    forward_message_count: int | None = None


@frozen(kw_only=True)
class AssetLocation:
    """An asset location; a client of 2026 reads it, and its other fields are not documented."""

    location_name: str
    document: Mapping[str, Any] = _document()
