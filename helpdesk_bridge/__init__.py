"""One port for helpdesks: swap vendors by configuration, migrate between them, and test against faithful fakes.

Names are resolved on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from helpdesk_bridge.lazy import lazy_names

# Type checkers take the name as it is; importing typing would cost more than all the rest.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from helpdesk_bridge.adapter.contract import Finding, Severity, Vendor
    from helpdesk_bridge.adapter.directory import Directory
    from helpdesk_bridge.adapter.facets import StoringWebhooks, Template, Templates, Webhooks
    from helpdesk_bridge.adapter.importing import Importer, Removal
    from helpdesk_bridge.adapter.odd_values import UnreadRow
    from helpdesk_bridge.aio.calls import CancelledWrite, cancelled_write
    from helpdesk_bridge.aio.connection import aconnect, aopen_desk
    from helpdesk_bridge.aio.ports import AsyncDesk
    from helpdesk_bridge.clock import Clock
    from helpdesk_bridge.config.aliases import Aliases, AliasTable
    from helpdesk_bridge.desk.connection import Desks, connect, desks, open_desk
    from helpdesk_bridge.desk.desk import Desk
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
    from helpdesk_bridge.http.events import Attempt, BudgetBack, BudgetLost, DeskEvent, Refused, ShadowRead, Waiting
    from helpdesk_bridge.http.stack import Stack
    from helpdesk_bridge.keys import DeskKeys
    from helpdesk_bridge.model.capabilities import Capabilities, FileLimits
    from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, Sent, TicketChange, TicketDraft
    from helpdesk_bridge.model.keywords import (
        ContactChanges,
        ContactFields,
        ContactFilters,
        MessageFields,
        TicketChanges,
        TicketFields,
        TicketFilters,
    )
    from helpdesk_bridge.model.paging import Events, Page, RecordEvent
    from helpdesk_bridge.model.queries import NONE, ContactQuery, How, Match, Nothing, Order, Period, TicketQuery
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
    from helpdesk_bridge.model.refs import RecordRef
    from helpdesk_bridge.model.shadow import ShadowOutcome, ShadowStatus
    from helpdesk_bridge.model.values import (
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
    )
    from helpdesk_bridge.portable.value import Portable
    from helpdesk_bridge.ports import (
        Attachments,
        ContactId,
        Contacts,
        Explanation,
        Helpdesk,
        Listing,
        Lists,
        Messages,
        Missing,
        ShadowReads,
        TicketId,
        Tickets,
    )
    from helpdesk_bridge.ratelimit.budget import Budget
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy
    from helpdesk_bridge.text.decoding import TextMended
    from helpdesk_bridge.vendor_time import VendorTime

__version__ = "0.1.0"

__all__ = [
    "NONE",
    "UNSET",
    "Actor",
    "ActorKind",
    "Add",
    "Agent",
    "AliasTable",
    "Aliases",
    "AsyncDesk",
    "Attachment",
    "Attachments",
    "Attempt",
    "AuthenticationFailed",
    "BadResponse",
    "Body",
    "Budget",
    "BudgetBack",
    "BudgetLost",
    "CancelledWrite",
    "Capabilities",
    "Clock",
    "Company",
    "ConfigError",
    "Conflict",
    "Contact",
    "ContactChange",
    "ContactChanges",
    "ContactDraft",
    "ContactFields",
    "ContactFilters",
    "ContactId",
    "ContactQuery",
    "Contacts",
    "CustomValue",
    "Desk",
    "DeskEvent",
    "DeskKeys",
    "Desks",
    "Directory",
    "Events",
    "Explanation",
    "FieldDefinition",
    "FieldType",
    "FileLimits",
    "Finding",
    "Group",
    "Helpdesk",
    "HelpdeskError",
    "How",
    "IdKind",
    "Identity",
    "Importer",
    "InDoubt",
    "Invalid",
    "Listing",
    "Lists",
    "Match",
    "Message",
    "MessageDraft",
    "MessageFields",
    "MessageKind",
    "Messages",
    "Missing",
    "Named",
    "NotFound",
    "Nothing",
    "Order",
    "Page",
    "Period",
    "PermissionDenied",
    "Person",
    "Phone",
    "Portable",
    "Priority",
    "RateLimitPolicy",
    "RateLimited",
    "Rating",
    "RecordEvent",
    "RecordRef",
    "Ref",
    "Refused",
    "Removal",
    "Remove",
    "Sent",
    "Severity",
    "ShadowOutcome",
    "ShadowRead",
    "ShadowReads",
    "ShadowStatus",
    "Stack",
    "Status",
    "StoringWebhooks",
    "Tag",
    "Template",
    "Templates",
    "TextMended",
    "Ticket",
    "TicketChange",
    "TicketChanges",
    "TicketDraft",
    "TicketFields",
    "TicketFilters",
    "TicketId",
    "TicketQuery",
    "Tickets",
    "Unavailable",
    "UnreadRow",
    "Unset",
    "Unsupported",
    "Upload",
    "Vendor",
    "VendorTime",
    "Visibility",
    "Waiting",
    "Webhooks",
    "WrongDesk",
    "aconnect",
    "aopen_desk",
    "cancelled_write",
    "connect",
    "desks",
    "open_desk",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "helpdesk_bridge.adapter.contract": "Finding Severity Vendor",
        "helpdesk_bridge.adapter.directory": "Directory",
        "helpdesk_bridge.adapter.facets": "StoringWebhooks Template Templates Webhooks",
        "helpdesk_bridge.adapter.importing": "Importer Removal",
        "helpdesk_bridge.adapter.odd_values": "UnreadRow",
        "helpdesk_bridge.aio.calls": "CancelledWrite cancelled_write",
        "helpdesk_bridge.aio.connection": "aconnect aopen_desk",
        "helpdesk_bridge.aio.ports": "AsyncDesk",
        "helpdesk_bridge.clock": "Clock",
        "helpdesk_bridge.config.aliases": "Aliases AliasTable",
        "helpdesk_bridge.desk.connection": "Desks connect desks open_desk",
        "helpdesk_bridge.desk.desk": "Desk",
        "helpdesk_bridge.errors": """
            AuthenticationFailed BadResponse ConfigError Conflict HelpdeskError InDoubt Invalid NotFound
            PermissionDenied RateLimited Unavailable Unsupported WrongDesk
        """,
        "helpdesk_bridge.http.events": "Attempt BudgetBack BudgetLost DeskEvent Refused ShadowRead Waiting",
        "helpdesk_bridge.http.stack": "Stack",
        "helpdesk_bridge.keys": "DeskKeys",
        "helpdesk_bridge.model.capabilities": "Capabilities FileLimits",
        "helpdesk_bridge.model.drafts": "ContactChange ContactDraft MessageDraft Sent TicketChange TicketDraft",
        "helpdesk_bridge.model.keywords": """
            ContactChanges ContactFields ContactFilters MessageFields TicketChanges TicketFields
            TicketFilters
        """,
        "helpdesk_bridge.model.paging": "Events Page RecordEvent",
        "helpdesk_bridge.model.queries": "NONE ContactQuery How Match Nothing Order Period TicketQuery",
        "helpdesk_bridge.model.records": """
            Agent Company Contact FieldDefinition FieldType Group Message Tag Ticket
        """,
        "helpdesk_bridge.model.refs": "RecordRef",
        "helpdesk_bridge.model.shadow": "ShadowOutcome ShadowStatus",
        "helpdesk_bridge.model.values": """
            UNSET Actor ActorKind Add Attachment Body CustomValue IdKind Identity MessageKind Named Person Phone
            Priority Rating Ref Remove Status Unset Upload Visibility
        """,
        "helpdesk_bridge.portable.value": "Portable",
        "helpdesk_bridge.ports": """
            Attachments ContactId Contacts Explanation Helpdesk Listing Lists Messages Missing ShadowReads TicketId
            Tickets
        """,
        "helpdesk_bridge.ratelimit.budget": "Budget",
        "helpdesk_bridge.ratelimit.policy": "RateLimitPolicy",
        "helpdesk_bridge.text.decoding": "TextMended",
        "helpdesk_bridge.vendor_time": "VendorTime",
    },
)
