"""Desk365's JSON as frozen classes, in the names that recorded answers use.

Every key but a ticket's number may be missing: the documentation's own sample lacks ten of those that real answers
have. ``present`` holds the keys that were sent and can be read, because a missing key is not the same as null. Keys that
nothing here reads are no fields: their values are not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from helpdesk_bridge.adapter import NOTHING_LEFT, Leftover

# A listing makes thousands of rows. A frozen class sets each field by a call, and building it then takes as long as
# reading its JSON. Type checkers see them frozen, and nothing here changes them.
if TYPE_CHECKING:
    from attrs import frozen as row
else:
    from attrs import define as row


def _raw() -> Any:
    return field(factory=dict, eq=False, repr=False)


@row
class Moment:
    """A time as the vendor wrote it, and what it means: aware UTC, or None for its word for "never"."""

    text: str
    at: datetime | None = field(default=None, eq=False)


@frozen(kw_only=True)
class FileDocument:
    """A file's description; it has no id, and its address expires after about an hour."""

    file_name: str | None = None
    file_size: int | None = None
    file_type: str | None = None
    created_on: str | None = None
    attachment_url: str | None = field(default=None, repr=False)


@row
class SurveyDocument:
    """The latest answered survey of a ticket, else the latest that was sent."""

    sv_name: str | None = None
    sv_type: int | None = None
    sv_rating: int | None = None
    sv_additional_comments_response: str | None = field(default=None, repr=False)
    sv_rated_on: Moment | None = None


@row
class TicketDocument:
    """A ticket: a row of ``tickets``, and the answer of details, create and update."""

    ticket_number: int
    contact_email: str | None = field(default=None, repr=False)
    contact_name: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)
    description: str | None = field(default=None, repr=False)
    status: str | None = None
    priority: int | None = None
    type: str | None = None
    source: int | str | None = None
    assigned_to: str | None = None
    company_name: str | None = None
    sla: str | None = None
    group: str | None = None
    category: str | None = None
    subcategory: str | None = None
    created_on: Moment | None = None
    updated_on: Moment | None = None
    resolved_on: Moment | None = None
    closed_on: Moment | None = None
    due_date: Moment | None = None
    first_response_time: Moment | None = None
    custom_fields: dict[str, Any] | None = field(default=None, repr=False)
    attachments: tuple[FileDocument, ...] | None = None
    watchers: tuple[str, ...] | None = field(default=None, repr=False)
    share_to: tuple[str, ...] | None = field(default=None, repr=False)
    conversation_count: int | None = None
    survey_rating: SurveyDocument | None = None
    present: frozenset[str] = frozenset()
    raw: Mapping[str, Any] = _raw()
    left: Leftover = field(default=NOTHING_LEFT, eq=False, repr=False)


@row(kw_only=True)
class MessageDocument:
    """One message of ``tickets/conversations``. Its ``id`` is missing in answers of 2025."""

    id: str | int | None = None
    created_by: str | None = field(default=None, repr=False)
    creator_name: str | None = field(default=None, repr=False)
    type: str | None = None
    public_note: bool | None = None
    sender_type: str | None = None
    to_address: tuple[str, ...] | None = field(default=None, repr=False)
    cc_address: tuple[str, ...] | None = field(default=None, repr=False)
    body: str | None = field(default=None, repr=False)
    attachments: tuple[FileDocument, ...] | None = None
    created_on: Moment | None = None
    raw: Mapping[str, Any] = _raw()
    left: Leftover = field(default=NOTHING_LEFT, eq=False, repr=False)


@row(kw_only=True)
class ContactDocument:
    """A contact: a row of ``contacts``, details, or the echo of create and update."""

    primary_email: str | None = field(default=None, repr=False)
    secondary_emails: tuple[str, ...] | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    title: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    mobile: str | None = field(default=None, repr=False)
    company_name: str | None = None
    custom_fields: dict[str, Any] | None = field(default=None, repr=False)
    is_deleted: bool | None = None
    created_on: Moment | None = None
    updated_on: Moment | None = None
    present: frozenset[str] = frozenset()
    raw: Mapping[str, Any] = _raw()
    left: Leftover = field(default=NOTHING_LEFT, eq=False, repr=False)


@frozen(kw_only=True)
class CompanyDocument:
    """A company."""

    name: str
    domains: tuple[str, ...] | None = None


@frozen(kw_only=True)
class WrittenDocument:
    """The answer of add_reply and add_note; the id is missing in answers of 2025."""

    id: str | int | None = None
