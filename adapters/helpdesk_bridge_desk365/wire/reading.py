"""Reading: pure functions from Desk365's documents to the model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from helpdesk_bridge.adapter import (
    SYSTEM,
    Actor,
    ActorKind,
    Attachment,
    Body,
    Company,
    Contact,
    CustomValue,
    IdKind,
    Leftover,
    Message,
    MessageKind,
    Rating,
    Ticket,
    Visibility,
    email_key,
    evolve,
    format_ref,
    may_have_images,
    opening_id,
    phone_of,
    synthetic_ids,
)
from helpdesk_bridge_desk365.wire.account import VENDOR_NAME, AccountContext
from helpdesk_bridge_desk365.wire.documents import (
    CompanyDocument,
    ContactDocument,
    FileDocument,
    MessageDocument,
    Moment,
    SurveyDocument,
    TicketDocument,
)
from helpdesk_bridge_desk365.wire.images import take_images
from helpdesk_bridge_desk365.wire.words import channel_of, priority_of, status_of

# A field of the model and the key that must have been sent for it to be loaded.
_TICKET_KEYS: Final[Mapping[str, str]] = {
    "subject": "subject",
    "status": "status",
    "priority": "priority",
    "requester": "contact_email",
    "assignee": "assigned_to",
    "group": "group",
    "company": "company_name",
    "sla": "sla",
    "type": "type",
    "category": "category",
    "subcategory": "subcategory",
    "channel": "source",
    "custom_fields": "custom_fields",
    "cc": "share_to",
    "watchers": "watchers",
    "description": "description",
    "created_at": "created_on",
    "updated_at": "updated_on",
    "first_response_at": "first_response_time",
    "solved_at": "resolved_on",
    "closed_at": "closed_on",
    "due_at": "due_date",
    "rating": "survey_rating",
    "message_count": "conversation_count",
    "attachments": "attachments",
}
_CONTACT_KEYS: Final[Mapping[str, str]] = {
    "name": "name",
    "title": "title",
    "company": "company_name",
    "custom_fields": "custom_fields",
    "created_at": "created_on",
    "updated_at": "updated_on",
}
# Observed: addresses of files carry their permission in the query, so they are no part of what is kept.
_SIGNED: Final = "attachment_url"
_MOST_MESSAGES: Final = 10**9
_REPLY, _NOTE = "reply", "note"
_TELL_VISIBILITY: Final = ("type", "sender_type")
_AS_IT_IS: Final = frozenset({str, int, bool, type(None)})
_as_locator: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_NO_FIELDS: Final[Mapping[str, CustomValue]] = {}


def locator(**values: Any) -> str:
    """Return an attachment's locator."""
    return _as_locator(values)


def _at(moment: Moment | None) -> datetime | None:
    return moment.at if moment is not None else None


def unsigned(value: Any) -> Any:
    """Return a document read-only and without signed URLs."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: unsigned(item) for key, item in value.items() if key != _SIGNED})
    return tuple(unsigned(item) for item in value) if isinstance(value, list) else value


def raw_of(account: AccountContext, document: Mapping[str, Any], left: Leftover) -> Mapping[str, Any] | None:
    """Return the vendor's document, read-only and without signed URLs, if the desk keeps it; else what is unreadable."""
    return unsigned(document if account.keep_raw else left.odd) if account.keep_raw or left.odd else None


def custom_values(values: Mapping[str, Any] | None) -> Mapping[str, CustomValue]:
    """Return custom fields by name; the record makes them its own."""
    if not values:
        return _NO_FIELDS
    if _AS_IT_IS.issuperset(map(type, values.values())) and "" not in values.values():
        return values
    return {
        name: value if value and type(value) in _AS_IT_IS else custom_value(value) for name, value in values.items()
    }


def custom_value(value: Any) -> CustomValue:
    """Return a custom field's value; empty text is none (documented: "empty strings are converted to null")."""
    if type(value) in _AS_IT_IS:
        return None if value == "" else value
    if type(value) is float:
        return Decimal(repr(value))
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)


def files_of(
    files: Sequence[FileDocument] | None, ticket_id: str, where: str, seen: Counter[FileDocument] | None = None
) -> tuple[Attachment, ...]:
    """Return attachments.

    ``where`` says whether the ticket's details or its conversations give a fresh URL. Files have no id: equal files are
    distinguished by their order, which ``seen`` counts over a thread.
    """
    counted = Counter() if seen is None else seen
    attachments = []
    for file in files or ():
        key = evolve(file, attachment_url=None)
        place = locator(
            ticket=ticket_id,
            where=where,
            name=file.file_name,
            size=file.file_size,
            at=file.created_on,
            number=counted[key],
            url=file.attachment_url,
        )
        counted[key] += 1
        attachments.append(Attachment(file.file_name or "file", file.file_type, file.file_size, locator=place))
    return tuple(attachments)


def body_of_html(markup: str | None, account: AccountContext) -> tuple[Body, tuple[Attachment, ...]]:
    """Return a body and its inline images."""
    if not markup:
        return Body(text=""), ()
    if not may_have_images(markup):
        return Body(markup), ()
    taken, images = take_images(markup, account.origin, lambda url: locator(inline=url))
    return Body(html=taken), images


def rating(survey: SurveyDocument | None, label: str | None = None) -> Rating | None:
    """Return a rating: None if no survey was sent, a rating without score if it was not answered."""
    if survey is None:
        return None
    return Rating(survey.sv_rating, label, survey.sv_additional_comments_response or None, _at(survey.sv_rated_on))


@lru_cache(maxsize=64)
def _not_loaded(present: frozenset[str]) -> frozenset[str]:
    """Return the fields of the model whose keys were not sent; all rows of a listing have the same keys."""
    return frozenset(name for name, key in _TICKET_KEYS.items() if key not in present)


def ticket(document: TicketDocument, account: AccountContext, *, rating_label: str | None = None) -> Ticket:
    """Return a ticket; what was not sent is named in ``not_loaded``."""
    number = str(document.ticket_number)
    status, status_label = status_of(document.status)
    priority, priority_label = priority_of(document.priority)
    body, images = body_of_html(document.description, account)
    has_files = "attachments" in document.present
    return Ticket(
        id=number,
        ref=f"{account.ticket_ref}{number}",
        number=number,
        url=f"{account.ticket_url}{number}",
        subject=document.subject or "",
        status=status,
        status_label=status_label,
        priority=priority,
        priority_label=priority_label,
        requester=Actor(
            ActorKind.CONTACT, document.contact_email, document.contact_name or None, document.contact_email
        )
        if document.contact_email
        else None,
        assignee=account.agent(document.assigned_to),
        group=account.named(document.group),
        company=account.named(document.company_name),
        sla=account.named(document.sla),
        type=document.type or None,
        category=document.category or None,
        subcategory=document.subcategory or None,
        channel=channel_of(document.source),
        custom_fields=custom_values(document.custom_fields),
        cc=document.share_to or (),
        watchers=document.watchers or (),
        description=body if document.description else None,
        created_at=_at(document.created_on),
        updated_at=_at(document.updated_on),
        first_response_at=_at(document.first_response_time),
        solved_at=_at(document.resolved_on),
        closed_at=_at(document.closed_on),
        due_at=_at(document.due_date),
        rating=rating(document.survey_rating, rating_label),
        # Observed: conversation_count leaves the description out, which is the opening message here.
        message_count=_count(document.conversation_count),
        attachments=(*files_of(document.attachments, number, "details"), *images) if has_files else (),
        not_loaded=_not_loaded(document.present),
        left_behind=document.left.behind,
        raw=raw_of(account, document.raw, document.left),
    )


def _count(conversations: int | None) -> int | None:
    return None if conversations is None or not 0 <= conversations < _MOST_MESSAGES else conversations + 1


def opening(ticket: Ticket) -> Message:
    """Return the opening message of a ticket that was read with its description and files."""
    return Message(
        id=opening_id(ticket.id),
        ticket_id=ticket.id,
        author=ticket.requester or Actor(ActorKind.UNKNOWN),
        visibility=Visibility.PUBLIC,
        kind=MessageKind.REPLY,
        body=ticket.description or Body(text=""),
        opening=True,
        created_at=ticket.created_at,
        attachments=ticket.attachments,
        not_loaded=frozenset({"attachments"}) & ticket.not_loaded,
    )


def _author(document: MessageDocument, requester: str | None) -> Actor:
    name = document.creator_name or None
    email = document.created_by if document.created_by and "@" in document.created_by else None
    if email is None:
        unknown = name or document.created_by or "created_by" in document.left.odd
        return Actor(ActorKind.UNKNOWN, name=name or document.created_by) if unknown else SYSTEM
    kind = {"agent": ActorKind.AGENT, "contact": ActorKind.CONTACT}.get((document.sender_type or "").lower())
    if kind is None:
        # Observed: the model of the OpenAPI document lacks sender_type; who asked is then known by the address.
        same = requester is not None and email_key(requester) == email_key(email)
        kind = ActorKind.CONTACT if same else ActorKind.UNKNOWN
    return Actor(kind, id=email, name=name, email=email)


def _kind(document: MessageDocument, author: Actor) -> tuple[MessageKind, Visibility]:
    """Return kind and visibility of a message; only known words make it public."""
    if not document.left.odd.keys().isdisjoint(_TELL_VISIBILITY):
        return MessageKind.NOTE, Visibility.INTERNAL
    word = (document.type or "").strip().casefold()
    if "forward" in word:
        # Assumed: a forward goes to a third party, and the customer does not see it.
        return MessageKind.FORWARD, Visibility.INTERNAL
    if not word and document.public_note is None:
        # Documented: OpenAPI, ConversationMessageModel: a message without either key. Notes are agents', so a customer's message is none.
        word = _REPLY if author.kind is ActorKind.CONTACT else _NOTE
    if word == _REPLY and document.public_note is not False:
        return MessageKind.REPLY, Visibility.PUBLIC
    # Observed: true or false on notes, null on replies.
    public = document.public_note is True and word in (_NOTE, "")
    return MessageKind.NOTE, Visibility.PUBLIC if public else Visibility.INTERNAL


def messages(
    documents: Sequence[MessageDocument], ticket_id: str, account: AccountContext, *, requester: str | None = None
) -> tuple[Message, ...]:
    """Return the later messages of a thread, oldest first, from ``sequence`` 1 on."""
    made = iter(
        synthetic_ids(
            (
                ticket_id,
                document.created_on.text if document.created_on else "",
                document.created_by or "",
                document.type or "",
                document.body or "",
            )
            for document in documents
            if document.id is None
        )
    )
    thread = []
    seen: Counter[FileDocument] = Counter()
    for sequence, document in enumerate(documents, start=1):
        author = _author(document, requester)
        kind, visibility = _kind(document, author)
        body, images = body_of_html(document.body, account)
        thread.append(
            Message(
                id=str(document.id) if document.id is not None else next(made),
                id_kind=IdKind.NATIVE if document.id is not None else IdKind.SYNTHETIC,
                ticket_id=ticket_id,
                author=author,
                visibility=visibility,
                kind=kind,
                body=body,
                to=document.to_address or (),
                cc=document.cc_address or (),
                created_at=_at(document.created_on),
                sequence=sequence,
                attachments=(*files_of(document.attachments, ticket_id, "conversations", seen), *images),
                left_behind=document.left.behind,
                raw=raw_of(account, document.raw, document.left),
            )
        )
    return tuple(thread)


def contact(document: ContactDocument, account: AccountContext) -> Contact:
    """Return a contact. Its id is its primary e-mail, which the API cannot change."""
    email = document.primary_email or ""
    others = tuple(other for other in document.secondary_emails or () if email_key(other) != email_key(email))
    missing = {name for name, key in _CONTACT_KEYS.items() if key not in document.present}
    if not document.present & {"phone", "mobile"}:
        missing.add("phones")
    return Contact(
        id=email,
        ref=format_ref(VENDOR_NAME, account.name, "contact", email),
        id_kind=IdKind.NATURAL,
        name=document.name or None,
        emails=(email, *others) if email else others,
        phones=tuple(phone_of(number) for number in (document.phone, document.mobile) if number),
        title=document.title or None,
        company=account.named(document.company_name),
        custom_fields=custom_values(document.custom_fields),
        deleted=bool(document.is_deleted),
        created_at=_at(document.created_on),
        updated_at=_at(document.updated_on),
        not_loaded=frozenset(missing),
        left_behind=document.left.behind,
        raw=raw_of(account, document.raw, document.left),
    )


def company(document: CompanyDocument) -> Company:
    """Return a company; its name is its id."""
    return Company(id=document.name, name=document.name, domains=document.domains or ())
