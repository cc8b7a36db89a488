"""Records of a simulated account: one mutable class per kind, times in unix seconds, 0 for "none" as on the wire."""

from __future__ import annotations

from typing import Any

from attrs import Factory, define, field, frozen

STATUSES = ("open", "waiting", "closed")
"""observed: the three statuses of a case, in the order of `status_asc`."""
PRIORITIES = ("low", "normal", "high", "critical")
"""observed: the four priorities of a case, lowest first."""
RATINGS = ("low", "middle", "high")
"""observed: the values of a rating."""

STAGES = ("waiting", "planned", "in_progress", "finished")
"""observed: the stages of an idea."""


@define
class Record:
    """A record; `rendered` caches its last rendering with the settings of that rendering."""

    rendered: tuple[object, str] | None = field(default=None, init=False, repr=False, eq=False)


@frozen
class FileEntry:
    """A stored file as messages refer to it."""

    file_id: int
    name: str
    size: int
    mime_type: str


@define(kw_only=True)
class Idea:
    """The further fields of a case of the channel `idea` (observed)."""

    content: str = ""
    stage: str = "waiting"
    category: int = 0
    official_response: str = ""
    official_response_tstamp: int = 0


@define(kw_only=True)
class Case(Record):
    """A case. `updated_at` moves with every write to it."""

    case_id: int
    case_number: str
    subject: str
    user_id: int
    created_at: int
    updated_at: int
    staff_id: int = 0
    group_id: int = 0
    status: str = "open"
    priority: str = "normal"
    channel: str = "email"
    recipient: str = ""
    cc: str = ""
    bcc: str = ""
    deleted: bool = False
    spam: bool = False
    closed_at: int | None = None
    last_response_at: int | None = None
    parent_case_id: int = 0
    active_chat: bool = False
    language_id: int = 2
    custom_fields: dict[str, Any] = Factory(dict)
    labels: list[int] = Factory(list)
    locked_labels: list[int] = Factory(list)
    rating: str | None = None
    rating_comment: str = ""
    rated_staff_id: int = 0
    changes: list[Change] = Factory(list)
    idea: Idea = Factory(Idea)


@frozen
class Change:
    """One line of a case's changelog."""

    created_at: int
    event: str
    done_by: str
    old_value: str
    value: str


@define(kw_only=True)
class Message(Record):
    """A reply, a note or an automatic message of a case."""

    message_id: int
    case_id: int
    created_at: int
    sent_at: int
    user_id: int = 0
    staff_id: int = 0
    content: str = ""
    content_html: str = ""
    files: list[FileEntry] = Factory(list)
    note: bool = False
    message_type: str = ""
    sent_via_rule: bool = False
    is_viewed: bool = False
    rating: str | None = None
    rating_comment: str = ""
    rated_staff_id: int = 0


@define(kw_only=True)
class User(Record):
    """A customer; `kind` names the one identity that it has, so many users have no e-mail."""

    user_id: int
    kind: str
    identity: str
    created_at: int
    updated_at: int
    full_name: str = ""
    screen_name: str = ""
    company_name: str = ""
    company_position: str = ""
    user_note: str = ""
    confirmed: bool = True
    active: bool = True
    deleted: bool = False
    last_contact_at: int | None = None
    language_id: int = 2
    custom_channel: str = ""
    custom_fields: dict[str, Any] = Factory(dict)
    linked: list[int] = Factory(list)


@define(kw_only=True)
class Staff(Record):
    """An agent."""

    staff_id: int
    email: str
    created_at: int
    updated_at: int
    full_name: str = ""
    signature: str = ""
    signature_chat: str = ""
    active: bool = True
    status_id: int = 1


@define(kw_only=True)
class Group(Record):
    """A group of agents."""

    group_id: int
    title: str
    created_at: int
    updated_at: int
    from_name: str = ""
    signature: str = ""
    active: bool = True


@define(kw_only=True)
class Company(Record):
    """A company; users point to it by its name."""

    company_id: int
    name: str
    created_at: int
    updated_at: int
    domains: list[str] = Factory(list)
    default_group: int = 0
    address: str = ""
    note: str = ""
    active: bool = True
    deleted: bool = False


@define(kw_only=True)
class Label(Record):
    """A label, known by its id only."""

    label_id: int
    title: str


@frozen
class FieldDefinition:
    """A custom field; `options` are the keys and titles of a select."""

    field_id: int
    title: str
    field_type: str
    level: str
    options: dict[str, str] = Factory(dict)

    @property
    def key(self) -> str:
        """Return the name under which records hold its value (observed: `cf_<field_id>`)."""
        return f"cf_{self.field_id}"


@define
class CustomChannel:
    """A custom channel; cases name it by its key, `cch<N>`."""

    channel_id: int
    key: str
    title: str
    channel_type: str = "async"
    webhook_url: str = ""


@frozen
class Mail:
    """An e-mail that the account would have sent to a customer."""

    kind: str
    case_id: int
    message_id: int
    staff_id: int
    user_id: int
    to: str
    sent_at: int
