"""All that an adapter needs from the core. Public and versioned.

An adapter package registers one ``Vendor`` value under the entry-point group ``helpdesk_bridge.adapters``. Its ``open``
takes the vendor's settings and a ``DeskContext`` and returns an ``Adapter``: ``split(query)``, ``page(native, cursor)``
and one method for each of the vendor's operations. The desk joins it to the port once for all vendors: refusal by
capabilities, the client-side part of a query, repeated records, pages that go in a circle, aliases, the directory.

Adapters get values in the vendor's own words: aliases are translated, and the status and priority of a draft or change
are labels of ``capabilities.statuses`` and ``capabilities.priorities`` (or ``UNSET``), never a member of the enum. They get
people as the caller gave them (an e-mail, an id or an ``Actor``) and resolve those through ``context.directory``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from helpdesk_bridge.adapter.contract import (
    API_VERSION,
    OLDEST_API_VERSION,
    Adapter,
    AttachmentsAdapter,
    ContactsAdapter,
    DeskContext,
    EventsAdapter,
    EventsRead,
    Finding,
    Lister,
    MessagesAdapter,
    ReferringAttachments,
    Severity,
    TicketsAdapter,
    Vendor,
)
from helpdesk_bridge.adapter.digests import body_digest, file_digest, synthetic_ids
from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.adapter.facets import StoringWebhooks, Template, Templates, Webhooks
from helpdesk_bridge.adapter.header_line import HeaderLine, split_header, split_marker, with_header, with_marker
from helpdesk_bridge.adapter.importing import (
    MARKER_FIELD,
    Fidelity,
    FidelityTable,
    FieldFidelity,
    Hazard,
    ImportCost,
    Imported,
    Importer,
    Marked,
    MessageClass,
    Opening,
    Provenance,
    Removal,
    Rewriter,
    Step,
    Trash,
    is_marker_field,
)
from helpdesk_bridge.adapter.keys import Keys
from helpdesk_bridge.adapter.knowledge_base import KnowledgeBase, KnowledgeTraits
from helpdesk_bridge.adapter.odd_values import UNREADABLE, OddValues
from helpdesk_bridge.adapter.wire import NOTHING_LEFT, Converter, Leftover, Wire, WireTypeError, readable
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.errors import (
    AuthenticationFailed,
    BadResponse,
    ConfigError,
    Conflict,
    HelpdeskError,
    InDoubt,
    Invalid,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unavailable,
    Unsupported,
    WrongDesk,
)
from helpdesk_bridge.forks import new_lock, new_rlock
from helpdesk_bridge.http.events import EventBus
from helpdesk_bridge.http.options import HttpOptions
from helpdesk_bridge.http.origin import vendor_origin
from helpdesk_bridge.http.request import Answer, Auth, Effect, Part, Request, Response
from helpdesk_bridge.http.retry import AnswerTooLarge, read_answer
from helpdesk_bridge.http.stack import Stack, open_transport
from helpdesk_bridge.lazy import lazy_names
from helpdesk_bridge.model.addresses import (
    Mailbox,
    email_key,
    email_spellings,
    is_email,
    phone_digits,
    phone_key,
    phone_of,
    same_phone,
)
from helpdesk_bridge.model.capabilities import Capabilities, FileLimits
from helpdesk_bridge.model.drafts import (
    ContactChange,
    ContactDraft,
    MessageDraft,
    Sent,
    TicketChange,
    TicketDraft,
    Words,
    set_fields,
)
from helpdesk_bridge.model.knowledge import KnowledgeArticle, KnowledgeCategory, KnowledgeFolder, Readers
from helpdesk_bridge.model.labels import in_vendor_words
from helpdesk_bridge.model.paging import Page, QuerySplit, RecordEvent
from helpdesk_bridge.model.queries import NONE, ContactQuery, How, Match, Order, Period, TicketQuery
from helpdesk_bridge.model.records import (
    Agent,
    Company,
    Contact,
    FieldDefinition,
    FieldType,
    Group,
    Message,
    Tag,
    Ticket,
)
from helpdesk_bridge.model.refs import format_ref, local_id, opening_id
from helpdesk_bridge.model.secret import Secret
from helpdesk_bridge.model.values import (
    SYSTEM,
    UNSET,
    Actor,
    ActorKind,
    Add,
    Attachment,
    Body,
    CustomValue,
    Identity,
    IdKind,
    MessageKind,
    Named,
    Person,
    Phone,
    Priority,
    Rating,
    Ref,
    Remove,
    Status,
    Unset,
    Upload,
    Visibility,
    body_of,
)
from helpdesk_bridge.portable.value import Portable
from helpdesk_bridge.ratelimit.policy import RateHeaders, RateLimitPolicy, Scope, Window
from helpdesk_bridge.text.decoding import Mending, mended_tree
from helpdesk_bridge.text.images import ImageTag, may_have_images, name_images, replace_images
from helpdesk_bridge.text.json_text import parse as parse_json
from helpdesk_bridge.text.plain import digest, fold, html_to_text, one_line, squash, text_to_html

if TYPE_CHECKING:
    from helpdesk_bridge.store.conditions import divide_contacts, divide_tickets
    from helpdesk_bridge.store.outbox import Delivery
    from helpdesk_bridge.store.store import LocalStore


# For an adapter whose vendor keeps nothing that can be read: a local desk's file as its inbox. Resolved on use, because
# it brings sqlite3 and the whole store.
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "helpdesk_bridge.store.conditions": "divide_contacts divide_tickets",
        "helpdesk_bridge.store.outbox": "Delivery",
        "helpdesk_bridge.store.store": "LocalStore",
    },
)

__all__ = [
    "API_VERSION",
    "MARKER_FIELD",
    "NONE",
    "NOTHING_LEFT",
    "OLDEST_API_VERSION",
    "SYSTEM",
    "UNREADABLE",
    "UNSET",
    "Actor",
    "ActorKind",
    "Adapter",
    "Add",
    "Agent",
    "Answer",
    "AnswerTooLarge",
    "Attachment",
    "AttachmentsAdapter",
    "Auth",
    "AuthenticationFailed",
    "BadResponse",
    "Body",
    "Capabilities",
    "Clock",
    "Company",
    "ConfigError",
    "Conflict",
    "Contact",
    "ContactChange",
    "ContactDraft",
    "ContactQuery",
    "ContactsAdapter",
    "Converter",
    "CustomValue",
    "Delivery",
    "DeskContext",
    "Directory",
    "Effect",
    "EventBus",
    "EventsAdapter",
    "EventsRead",
    "Fidelity",
    "FidelityTable",
    "FieldDefinition",
    "FieldFidelity",
    "FieldType",
    "FileLimits",
    "Finding",
    "Group",
    "Hazard",
    "HeaderLine",
    "HelpdeskError",
    "How",
    "HttpOptions",
    "IdKind",
    "Identity",
    "ImageTag",
    "ImportCost",
    "Imported",
    "Importer",
    "InDoubt",
    "Invalid",
    "Keys",
    "KnowledgeArticle",
    "KnowledgeBase",
    "KnowledgeCategory",
    "KnowledgeFolder",
    "KnowledgeTraits",
    "Leftover",
    "Lister",
    "LocalStore",
    "Mailbox",
    "Marked",
    "Match",
    "Mending",
    "Message",
    "MessageClass",
    "MessageDraft",
    "MessageKind",
    "MessagesAdapter",
    "Named",
    "NotFound",
    "OddValues",
    "Opening",
    "Order",
    "Page",
    "Part",
    "Period",
    "PermissionDenied",
    "Person",
    "Phone",
    "Portable",
    "Priority",
    "Provenance",
    "QuerySplit",
    "RateHeaders",
    "RateLimitPolicy",
    "RateLimited",
    "Rating",
    "Readers",
    "RecordEvent",
    "Ref",
    "ReferringAttachments",
    "Removal",
    "Remove",
    "Request",
    "Response",
    "Rewriter",
    "Scope",
    "Secret",
    "Sent",
    "Severity",
    "Stack",
    "Status",
    "Step",
    "StoringWebhooks",
    "Tag",
    "Template",
    "Templates",
    "Ticket",
    "TicketChange",
    "TicketDraft",
    "TicketQuery",
    "TicketsAdapter",
    "Trash",
    "Unavailable",
    "Unset",
    "Unsupported",
    "Upload",
    "Vendor",
    "Visibility",
    "Webhooks",
    "Window",
    "Wire",
    "WireTypeError",
    "Words",
    "WrongDesk",
    "body_digest",
    "body_of",
    "digest",
    "divide_contacts",
    "divide_tickets",
    "email_key",
    "email_spellings",
    "evolve",
    "file_digest",
    "fold",
    "format_ref",
    "html_to_text",
    "in_vendor_words",
    "is_email",
    "is_marker_field",
    "local_id",
    "may_have_images",
    "mended_tree",
    "name_images",
    "new_lock",
    "new_rlock",
    "one_line",
    "open_transport",
    "opening_id",
    "parse_json",
    "phone_digits",
    "phone_key",
    "phone_of",
    "read_answer",
    "readable",
    "replace_images",
    "same_phone",
    "set_fields",
    "split_header",
    "split_marker",
    "squash",
    "synthetic_ids",
    "text_to_html",
    "vendor_origin",
    "with_header",
    "with_marker",
]
