"""One port for helpdesks: swap vendors by configuration, migrate between them, and test against faithful fakes.

Names are resolved on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from helpdesk_bridge.lazy import lazy_names

# Type checkers take the name as it is; importing typing would cost more than all the rest.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from helpdesk_bridge.desk.connection import connect, desks, open_desk
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
    from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, Sent, TicketChange, TicketDraft
    from helpdesk_bridge.model.paging import Events, Page, RecordEvent
    from helpdesk_bridge.model.queries import NONE, ContactQuery, Match, Order, Period, TicketQuery
    from helpdesk_bridge.model.records import Contact, Message, Ticket
    from helpdesk_bridge.model.values import (
        UNSET,
        Actor,
        ActorKind,
        Add,
        Attachment,
        Body,
        MessageKind,
        Priority,
        Ref,
        Remove,
        Status,
        Upload,
        Visibility,
    )
    from helpdesk_bridge.ports import Helpdesk, Missing

__version__ = "0.1.0"

__all__ = [
    "NONE", "UNSET", "Actor", "ActorKind", "Add", "Attachment", "AuthenticationFailed", "BadResponse", "Body",
    "ConfigError", "Conflict", "Contact", "ContactChange", "ContactDraft", "ContactQuery", "Events", "Helpdesk",
    "HelpdeskError", "InDoubt", "Invalid", "Match", "Message", "MessageDraft", "MessageKind", "Missing", "NotFound",
    "Order", "Page", "Period", "PermissionDenied", "Priority", "RateLimited", "RecordEvent", "Ref", "Remove", "Sent", "Status", "Ticket",
    "TicketChange", "TicketDraft", "TicketQuery", "Unavailable", "Unsupported", "Upload", "Visibility", "WrongDesk",
    "connect", "desks", "open_desk",
]  # fmt: skip

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "helpdesk_bridge.desk.connection": "connect desks open_desk",
        "helpdesk_bridge.errors": """
            AuthenticationFailed BadResponse ConfigError Conflict HelpdeskError InDoubt Invalid NotFound
            PermissionDenied RateLimited Unavailable Unsupported WrongDesk
        """,
        "helpdesk_bridge.model.drafts": """
            ContactChange ContactDraft MessageDraft Sent TicketChange TicketDraft
        """,
        "helpdesk_bridge.model.paging": "Events Page RecordEvent",
        "helpdesk_bridge.model.queries": "ContactQuery Match NONE Order Period TicketQuery",
        "helpdesk_bridge.model.records": "Contact Message Ticket",
        "helpdesk_bridge.model.values": """
            Actor ActorKind Add Attachment Body MessageKind Priority Ref Remove Status UNSET Upload Visibility
        """,
        "helpdesk_bridge.ports": "Helpdesk Missing",
    },
)
