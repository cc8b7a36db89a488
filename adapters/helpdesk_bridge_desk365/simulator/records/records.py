"""Records of a Desk365 account, as plain mutable values without a wire format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import Factory, define, frozen

if TYPE_CHECKING:
    from datetime import datetime

    from helpdesk_bridge.testing.simulator import StoredFile

AGENT: Final = "agent"
CONTACT: Final = "contact"


@frozen
class Agent:
    """An agent; only its e-mail is a key."""

    email: str
    name: str


@define(eq=False)
class Contact:
    """A requester; Desk365 has no contact without an e-mail."""

    email: str
    name: str
    created_on: datetime
    updated_on: datetime | None = None
    secondary_emails: list[str] = Factory(list)
    title: str | None = None
    mobile: str | None = None
    phone: str | None = None
    company: str | None = None
    is_deleted: bool = False
    department: str | None = None
    other_departments: list[str] = Factory(list)
    custom_fields: dict[str, Any] = Factory(dict)


@define(eq=False)
class Company:
    """A company; contacts whose e-mail domain is listed belong to it."""

    name: str
    created_on: datetime
    updated_on: datetime | None = None
    domains: list[str] = Factory(list)
    sla: str | None = None
    departments: list[str] | None = None
    facts: dict[str, str | None] = Factory(dict)
    """description, phone, address, city, state, country, zipcode."""


@frozen
class CustomField:
    """A field's definition: it cannot be listed through the API, only seen on tickets."""

    name: str
    type: str
    options: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name on the wire. documented: Desk365 API, "Custom fields now use 'cf_' prefix"."""
        return f"cf_{self.name}"

    @property
    def empty(self) -> Any:
        """What an unset field reads as: an unset checkbox is false, not null. observed: 500 of 500 recorded tickets."""
        return False if self.type == "checkbox" else None


@define(eq=False)
class Message:
    """A reply, note or forward of a conversation."""

    id: int
    type: str
    sender_type: str
    email: str | None
    name: str
    body: str
    created_on: datetime
    public_note: bool | None = None
    to: str | None = None
    cc: str | None = None
    bcc: str | None = None
    notified: str | None = None
    files: tuple[StoredFile, ...] = ()


@define(eq=False)
class SurveyAnswer:
    """A survey sent for a ticket, answered or not."""

    survey: str
    sent_on: datetime
    rated_on: datetime | None = None
    rating: int | None = None
    rating_2: int | None = None
    rating_3: int | None = None
    comment: str | None = None

    @property
    def answered(self) -> bool:
        """Whether the contact has rated."""
        return self.rated_on is not None


@define(eq=False)
class Ticket:
    """A ticket with its thread; `rendered` caches its wire text and is dropped by every change."""

    number: int
    contact: Contact
    subject: str
    description: str
    status: str
    priority: int
    source: int
    sla: str
    created_on: datetime
    updated_on: datetime
    type: str | None = None
    form_name: str | None = None
    assigned_to: str | None = None
    group: str | None = None
    category: str | None = None
    subcategory: str | None = None
    resolved_on: datetime | None = None
    closed_on: datetime | None = None
    due_date: datetime | None = None
    first_response_time: datetime | None = None
    first_assigned_time: datetime | None = None
    custom_fields: dict[str, Any] = Factory(dict)
    files: tuple[StoredFile, ...] = ()
    watchers: list[str] = Factory(list)
    share_to: list[str] = Factory(list)
    messages: list[Message] = Factory(list)
    surveys: list[SurveyAnswer] = Factory(list)
    merged: bool = False
    updated_by: str | None = None
    closed_by: str | None = None
    rendered: dict[Any, Any] = Factory(dict)


@frozen
class Mail:
    """An e-mail that Desk365 would have sent; `audience` is who gets it: contact or agent."""

    audience: str
    occasion: str
    ticket_number: int
    to: tuple[str, ...]
