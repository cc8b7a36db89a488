"""One port for helpdesks: swap vendors by configuration, migrate between them, and test against faithful fakes.

Names are resolved on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

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
    from helpdesk_bridge.model.drafts import (
        Add,
        ContactChange,
        ContactDraft,
        MessageDraft,
        Remove,
        Sent,
        TicketChange,
        TicketDraft,
    )
    from helpdesk_bridge.model.queries import NONE, ContactQuery, Match, Order, Period, TicketQuery
    from helpdesk_bridge.model.records import Contact, Message, Ticket
    from helpdesk_bridge.model.values import (
        UNSET,
        Actor,
        ActorKind,
        Attachment,
        Body,
        MessageKind,
        Priority,
        Ref,
        Status,
        Upload,
        Visibility,
    )
    from helpdesk_bridge.ports import Helpdesk, Missing

__version__ = "0.1.0"

_HOME = {
    **dict.fromkeys(("connect", "desks", "open_desk"), "desk.connection"),
    **dict.fromkeys(
        (
            "AuthenticationFailed", "BadResponse", "ConfigError", "Conflict", "HelpdeskError", "InDoubt", "Invalid",
            "NotFound", "PermissionDenied", "RateLimited", "Unavailable", "Unsupported", "WrongDesk",
        ),
        "errors",
    ),
    **dict.fromkeys(
        (
            "UNSET", "Actor", "ActorKind", "Attachment", "Body", "MessageKind", "Priority", "Ref", "Status", "Upload",
            "Visibility",
        ),
        "model.values",
    ),
    **dict.fromkeys(("Contact", "Message", "Ticket"), "model.records"),
    **dict.fromkeys(
        (
            "Add", "ContactChange", "ContactDraft", "MessageDraft", "Remove", "Sent", "TicketChange", "TicketDraft",
        ),
        "model.drafts",
    ),
    **dict.fromkeys(("Helpdesk", "Missing"), "ports"),
    **dict.fromkeys(("NONE", "ContactQuery", "Match", "Order", "Period", "TicketQuery"), "model.queries"),
}  # fmt: skip

__all__ = [
    "NONE", "UNSET", "Actor", "ActorKind", "Add", "Attachment", "AuthenticationFailed", "BadResponse", "Body",
    "ConfigError", "Conflict", "Contact", "ContactChange", "ContactDraft", "ContactQuery", "Helpdesk",
    "HelpdeskError", "InDoubt", "Invalid", "Match", "Message", "MessageDraft", "MessageKind", "Missing", "NotFound",
    "Order", "Period", "PermissionDenied", "Priority", "RateLimited", "Ref", "Remove", "Sent", "Status", "Ticket",
    "TicketChange", "TicketDraft", "TicketQuery", "Unavailable", "Unsupported", "Upload", "Visibility", "WrongDesk",
    "connect", "desks", "open_desk",
]  # fmt: skip


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
