"""The way to a vendor: requests as values, deadlines, caps, pinned origins, retries and logging.

Names are resolved on first use, so that nothing here costs an import of ``requests`` before the first desk is opened.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpdesk_bridge.http.events import Attempt, BudgetBack, BudgetLost, EventBus, Refused, Waiting
    from helpdesk_bridge.http.headers import Headers
    from helpdesk_bridge.http.options import HttpOptions
    from helpdesk_bridge.http.origin import Origin, check_base_url, vendor_origin
    from helpdesk_bridge.http.request import (
        UNSET,
        WITH_AUTH,
        WITHOUT_AUTH,
        Answer,
        Auth,
        Effect,
        Part,
        Request,
        Response,
    )
    from helpdesk_bridge.http.stack import Stack, open_transport
    from helpdesk_bridge.http.status import error_for_status
    from helpdesk_bridge.http.transport import Download, Transport

__all__ = [
    "UNSET",
    "WITHOUT_AUTH",
    "WITH_AUTH",
    "Answer",
    "Attempt",
    "Auth",
    "BudgetBack",
    "BudgetLost",
    "Download",
    "Effect",
    "EventBus",
    "Headers",
    "HttpOptions",
    "Origin",
    "Part",
    "Refused",
    "Request",
    "Response",
    "Stack",
    "Transport",
    "Waiting",
    "check_base_url",
    "error_for_status",
    "open_transport",
    "vendor_origin",
]

_HOME = {
    "events": ("Attempt", "BudgetBack", "BudgetLost", "EventBus", "Refused", "Waiting"),
    "headers": ("Headers",),
    "options": ("HttpOptions",),
    "origin": ("Origin", "check_base_url", "vendor_origin"),
    "request": ("UNSET", "WITH_AUTH", "WITHOUT_AUTH", "Answer", "Auth", "Effect", "Part", "Request", "Response"),
    "status": ("error_for_status",),
    "stack": ("Stack", "open_transport"),
    "transport": ("Download", "Transport"),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULE:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
