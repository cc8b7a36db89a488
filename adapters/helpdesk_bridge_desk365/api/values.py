"""What ``desk.vendor_api`` returns: frozen values under the vendor's own names.

Times are aware and in UTC, flags are truth values, lists are tuples, whichever way the vendor wrote them. A key that was
not sent is None. ``document`` is the vendor's own document with whatever else it holds, without signed addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
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
    """Time that an agent spent on a ticket. Documented (OpenAPI): its times end in ``_time``."""

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


class ArticleStatus(IntEnum):
    """Documented (OpenAPI)."""

    UNPUBLISHED = 0
    PUBLISHED = 1
    DRAFT_OF_PUBLISHED = 2


class SupportVisibility(IntEnum):
    """Who sees a category in the support portal. Documented (OpenAPI)."""

    HIDDEN = 1
    EVERYONE = 2
    SIGNED_IN = 3
    COMPANIES = 4


class AgentVisibility(IntEnum):
    """Which agents see a category. Documented (OpenAPI)."""

    ALL = 1
    GROUPS = 2


@frozen(kw_only=True)
class Article:
    """An article of the knowledge base. ``status`` is a number of ``ArticleStatus``, or one still unknown."""

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
    """A folder of a category."""

    folder_name: str
    category_name: str | None = None
    created_by_email: str | None = None
    created_on: datetime | None = None
    document: Mapping[str, Any] = _document()


@frozen(kw_only=True)
class Category:
    """A category of the knowledge base; the visibilities are numbers of the enumerations, or ones still unknown."""

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
    """What a contract sells. Documented (OpenAPI)."""

    BLOCK_HOURS = 2
    BLOCK_TICKETS = 3


class BillCycle(IntEnum):
    """Documented (OpenAPI)."""

    MONTHLY = 1
    CONTRACT_LENGTH = 2


class RolloverType(IntEnum):
    """Documented (OpenAPI)."""

    MONTHLY = 1


@frozen(kw_only=True)
class Contract:
    """A contract. What else an account's contracts hold is in ``document``: the papers do not list it all."""

    contract_name: str
    reference_number: str | None = None
    company_name: str | None = None
    contract_category: str | None = None
    contract_type: int | None = None
    bill_cycle: int | None = None
    rollover_type: int | None = None
    document: Mapping[str, Any] = _document()


@frozen(kw_only=True)
class CompanyDetails:
    """A company with everything that is kept of it."""

    name: str
    description: str | None = None
    phone: str | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    zipcode: str | None = None
    domains: tuple[str, ...] | None = None
    sla: str | None = None
    created_on: datetime | None = None
    updated_on: datetime | None = None
    document: Mapping[str, Any] = _document()


@frozen(kw_only=True)
class ContactDetails:
    """A contact with everything that is kept of it; ``custom_fields`` by name, without the prefix."""

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
    """A message with what has no common word: blind copies, notified agents, and whether its mail bounced."""

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
    """A place where assets are kept; a client of 2026 reads it, and no paper tells what else it holds."""

    location_name: str
    document: Mapping[str, Any] = _document()
