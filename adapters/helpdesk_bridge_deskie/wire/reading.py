"""Reading: the model's values from Deskie's documents, pure except for the names of labels and custom fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol

from attrs import field, frozen

from helpdesk_bridge.adapter import (
    SYSTEM,
    Actor,
    ActorKind,
    Agent,
    Attachment,
    Body,
    Company,
    Contact,
    CustomValue,
    FieldDefinition,
    Group,
    Identity,
    Message,
    MessageKind,
    Priority,
    Rating,
    Ref,
    Status,
    Tag,
    Ticket,
    Visibility,
    format_ref,
    phone_of,
)
from helpdesk_bridge_deskie.wire.custom_fields import CONTACT, TICKET, definition
from helpdesk_bridge_deskie.wire.documents import (
    CaseDocument,
    CompanyDocument,
    CustomFieldDocument,
    FileDocument,
    GroupDocument,
    LabelDocument,
    MessageDocument,
    StaffDocument,
    UserDocument,
)
from helpdesk_bridge_deskie.wire.images import InlineImages
from helpdesk_bridge_deskie.wire.keys import NETWORKS

VENDOR_NAME: Final = "deskie"

# observed (pages of Deskie's): three statuses, four priorities.
STATUSES: Final[Mapping[str, Status]] = {"open": Status.OPEN, "waiting": Status.PENDING, "closed": Status.CLOSED}
PRIORITIES: Final[Mapping[str, Priority]] = {
    "low": Priority.LOW,
    "normal": Priority.NORMAL,
    "high": Priority.HIGH,
    "critical": Priority.URGENT,
}
# observed: the vendor's words for channels are an open set.
CHANNELS: Final[Mapping[str, str]] = {
    "call": "phone",
    "web": "web_form",
    "live_chat": "chat",
    "wa_chat": "whatsapp",
}
_SCORES: Final[Mapping[str, int]] = {"low": 1, "middle": 2, "high": 3}
_REPLIES: Final = frozenset({"reply_user", "reply_staff"})
NOT_IN_LISTS: Final = frozenset({"description", "message_count", "attachments"})
"""Fields of a ticket that are in its messages only."""


_NO_FIELDS: Final[Mapping[str, Any]] = {}


@lru_cache(maxsize=4096)
def _contact(user_id: int) -> Actor:
    # The same few people stand in a page again and again; as values they can be shared.
    return Actor(ActorKind.CONTACT, str(user_id))


@lru_cache(maxsize=1024)
def _agent(staff_id: int) -> Actor:
    return Actor(ActorKind.AGENT, str(staff_id))


@lru_cache(maxsize=1024)
def _group(group_id: int) -> Ref:
    return Ref(str(group_id))


def vendor_channels(word: str) -> tuple[str, ...]:
    """Return Deskie's channels that read as ``word``."""
    return tuple(channel for channel, ours in CHANNELS.items() if ours == word) or (word,)


class Names(Protocol):
    """The names of an account's labels and custom fields."""

    def tag_names(self, label_ids: Sequence[int], /) -> tuple[str, ...]:
        """Return the titles of labels."""
        ...

    def values(self, document: Mapping[str, Any] | None, applies_to: str = TICKET, /) -> dict[str, CustomValue]:
        """Return custom values by the names that people see."""
        ...


@frozen
class Reader:
    """Makes values of the model for one account."""

    account: str
    names: Names
    images: InlineImages
    _refs: dict[str, str] = field(factory=dict, init=False, repr=False)

    def _ref(self, kind: str, record_id: int) -> str:
        # Ids are numbers and need no quoting; the rest is the same for all records of a kind.
        start = self._refs.get(kind)
        if start is None:
            start = self._refs[kind] = format_ref(VENDOR_NAME, self.account, kind, "0").removesuffix("0")
        return f"{start}{record_id}"

    def ticket(self, case: CaseDocument) -> Ticket:
        """Return a case as a ticket; the fields that are in its messages only are not loaded."""
        return Ticket(
            id=str(case.case_id),
            ref=self._ref("ticket", case.case_id),
            subject=_subject(case.subject),
            number=case.case_number,
            status=STATUSES.get(case.status or "", Status.UNKNOWN),
            status_label=case.status,
            priority=PRIORITIES.get(case.priority or "", Priority.UNKNOWN),
            priority_label=case.priority,
            requester=_contact(case.user_id) if case.user_id else None,
            assignee=_agent(case.staff_id) if case.staff_id else None,
            group=_group(case.group_id) if case.group_id else None,
            channel=CHANNELS.get(case.channel, case.channel) if case.channel else None,
            tags=self.names.tag_names(case.labels or ()),
            custom_fields=self.names.values(case.custom_fields) if case.custom_fields else _NO_FIELDS,
            # observed: the name on Deskie's page first; `cc_emails` since about 2020.
            cc=_addresses(case.recipient_cc or case.cc_emails),
            created_at=case.created_at,
            updated_at=case.updated_at,
            closed_at=case.closed_at,
            rating=_rating(case),
            spam=bool(case.spam),
            deleted=bool(case.deleted),
            merged_into=str(case.parent_case_id) if case.parent_case_id else None,
            attachments=_files(case.attachments),
            not_loaded=_absent(case),
            left_behind=case.left.behind,
            raw=case.raw,
        )

    def message(self, message: MessageDocument, ticket_id: str, sequence: int) -> Message:
        """Return a message; the first of a thread is its opening."""
        opening = sequence == 0
        body, files = self._body(message)
        return Message(
            id=str(message.message_id),
            ticket_id=ticket_id,
            author=_author(message),
            visibility=Visibility.PUBLIC if _is_public(message) else Visibility.INTERNAL,
            kind=MessageKind.REPLY if opening else _kind(message),
            body=body,
            opening=opening,
            created_at=message.created_at,
            sequence=sequence,
            attachments=files,
            left_behind=message.left.behind,
            raw=message.raw,
        )

    def _body(self, message: MessageDocument) -> tuple[Body, tuple[Attachment, ...]]:
        # observed: e-mails have only `content_html`, chats only `content`.
        files = _files(message.attachments)
        if message.content_html:
            markup, files = self.images.with_content_ids(message.content_html, files)
            return Body(html=markup), files
        return Body(text=message.content or ""), files

    def contact(self, user: UserDocument) -> Contact:
        """Return a user as a contact."""
        phones = (user.user_phone, user.user_whatsapp_phone, user.wa_id)
        return Contact(
            id=str(user.user_id),
            ref=self._ref("contact", user.user_id),
            name=user.user_full_name or None,
            emails=(user.user_email,) if user.user_email else (),
            phones=tuple(phone_of(phone) for phone in dict.fromkeys(phones) if phone),
            identities=tuple(
                Identity(network, known) for network in NETWORKS if (known := getattr(user, f"{network}_id"))
            ),
            title=user.company_position or None,
            company=Ref(name=user.company_name) if user.company_name else None,
            external_id=user.user_custom_id or None,
            # observed: blocked is `active: false, deleted: false`; moved to the deleted ones has `deleted: true`.
            blocked=user.active is False and not user.deleted,
            deleted=bool(user.deleted),
            custom_fields=self.names.values(user.custom_fields, CONTACT),
            created_at=user.created_at,
            updated_at=user.updated_at,
            not_loaded=frozenset({"custom_fields"} if user.custom_fields is None else ())
            | {_CONTACT_FIELDS[key] for key in user.left.odd if key in _CONTACT_FIELDS},
            left_behind=user.left.behind,
            raw=user.raw,
        )


_CONTACT_FIELDS: Final[Mapping[str, str]] = {
    "user_full_name": "name", "user_email": "emails", "user_phone": "phones", "user_whatsapp_phone": "phones", "wa_id": "phones",
    "company_name": "company", "user_custom_id": "external_id", "created_at": "created_at", "updated_at": "updated_at",
    "active": "blocked", "deleted": "deleted",
}  # fmt: skip
"""Fields of a contact by the key of a user."""


def _subject(text: str | None) -> str:
    # observed: clients send blanks for a missing subject, because Deskie requires one.
    return text if text and text.strip() else ""


_FIELDS: Final[Mapping[str, str]] = {
    "user_id": "requester", "staff_id": "assignee", "group_id": "group", "recipient_cc": "cc", "cc_emails": "cc",
    "parent_case_id": "merged_into", "rating_comment": "rating", "case_number": "number",
}  # fmt: skip
"""Fields of a ticket by the key of a case, where the two differ."""


def _absent(case: CaseDocument) -> frozenset[str]:
    """Return the names of fields that a case has and this answer left out (observed for all but the id), or not legibly."""
    if not case.left.odd and None not in (
        case.subject, case.status, case.priority, case.channel, case.labels, case.custom_fields, case.created_at, case.updated_at,
    ):  # fmt: skip
        return NOT_IN_LISTS
    sources = {
        "subject": case.subject,
        "status": case.status,
        "status_label": case.status,
        "priority": case.priority,
        "priority_label": case.priority,
        "channel": case.channel,
        "tags": case.labels,
        "custom_fields": case.custom_fields,
        "created_at": case.created_at,
        "updated_at": case.updated_at,
    }
    odd = {_FIELDS.get(key.partition("[")[0], key.partition("[")[0]) for key in case.left.odd}
    return NOT_IN_LISTS | {name for name, value in sources.items() if value is None} | odd


def _rating(case: CaseDocument) -> Rating | None:
    if not case.rating:
        return None
    return Rating(score=_SCORES.get(case.rating), label=case.rating, comment=case.rating_comment or None)


def _addresses(text: str | None) -> tuple[str, ...]:
    return tuple(part for address in text.split(",") if (part := address.strip())) if text else ()


def _files(files: tuple[FileDocument, ...] | None) -> tuple[Attachment, ...]:
    if not files:
        return ()
    return tuple(
        Attachment(
            filename=file.file_name or "attachment",
            content_type=file.mime_type or None,
            size=file.file_size,
            locator=file.url or "",
        )
        for file in files
    )


def _author(message: MessageDocument) -> Actor:
    # assumed: where both are there, as in the vendor's samples, the agent wrote.
    if message.staff_id:
        return Actor.agent(id=str(message.staff_id))
    if _hides_author(message):
        return Actor(ActorKind.UNKNOWN)
    return Actor.contact(id=str(message.user_id)) if message.user_id else SYSTEM


def _hides_author(message: MessageDocument) -> bool:
    """Whether an id that says who wrote cannot be read: the author is not the system, but nobody knows who."""
    return not message.left.odd.keys().isdisjoint(("staff_id", "user_id"))


def _is_public(message: MessageDocument) -> bool:
    """Whether known words say that the customer reads a message: `note`, and no other word of its type."""
    if not message.left.odd.keys().isdisjoint(("message_type", "note")):
        return False
    # observed: `message_type` is undocumented, and "" for what the helpdesk wrote by itself.
    word = (message.message_type or "").strip().casefold()
    if word and word not in _REPLIES:
        return False
    return bool(word) if message.note is None else not message.note


def _kind(message: MessageDocument) -> MessageKind:
    if message.message_type == "note_fwd_message":
        return MessageKind.FORWARD
    if not _is_public(message):
        return MessageKind.NOTE
    nobody = not message.staff_id and not message.user_id and not _hides_author(message)
    return MessageKind.AUTOMATIC if message.sent_via_rule or nobody else MessageKind.REPLY


def agent(document: StaffDocument) -> Agent:
    """Return an agent."""
    return Agent(
        id=str(document.staff_id),
        name=document.staff_full_name or None,
        email=document.staff_email or None,
        active=document.active is not False,
    )


def group(document: GroupDocument) -> Group:
    """Return a group."""
    return Group(
        id=str(document.group_id),
        name=document.group_title or str(document.group_id),
        active=document.active is not False,
    )


def tag(document: LabelDocument) -> Tag:
    """Return a label as a tag."""
    return Tag(id=str(document.label_id), name=document.label_title or str(document.label_id))


def company(document: CompanyDocument) -> Company:
    """Return a company."""
    name = document.company_name or str(document.company_id)
    return Company(id=str(document.company_id), name=name, domains=_addresses(document.company_domains))


def field_definition(document: CustomFieldDocument) -> FieldDefinition:
    """Return the definition of a custom field."""
    return definition(document)
