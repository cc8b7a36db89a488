"""HTTP: requests as values, deadlines, caps, pinned origins, retries and logging.

Names are resolved on first use, so that nothing here costs an import of ``requests`` before the first desk is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.lazy import lazy_names

if TYPE_CHECKING:
    from helpdesk_bridge.http.events import (
        Attempt,
        BudgetBack,
        BudgetLost,
        DeskEvent,
        EventBus,
        Refused,
        ShadowRead,
        Waiting,
    )
    from helpdesk_bridge.http.headers import Headers
    from helpdesk_bridge.http.logged import Stats
    from helpdesk_bridge.http.options import HttpOptions
    from helpdesk_bridge.http.origin import Origin, check_base_url, vendor_origin
    from helpdesk_bridge.http.request import WITH_AUTH, WITHOUT_AUTH, Answer, Auth, Effect, Part, Request, Response
    from helpdesk_bridge.http.stack import Stack, open_transport
    from helpdesk_bridge.http.status import error_for_status
    from helpdesk_bridge.http.transport import Download, Transport

__all__ = [
    "WITHOUT_AUTH",
    "WITH_AUTH",
    "Answer",
    "Attempt",
    "Auth",
    "BudgetBack",
    "BudgetLost",
    "DeskEvent",
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
    "ShadowRead",
    "Stack",
    "Stats",
    "Transport",
    "Waiting",
    "check_base_url",
    "error_for_status",
    "open_transport",
    "vendor_origin",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "helpdesk_bridge.http.events": "Attempt BudgetBack BudgetLost DeskEvent EventBus Refused ShadowRead Waiting",
        "helpdesk_bridge.http.headers": "Headers",
        "helpdesk_bridge.http.logged": "Stats",
        "helpdesk_bridge.http.options": "HttpOptions",
        "helpdesk_bridge.http.origin": "Origin check_base_url vendor_origin",
        "helpdesk_bridge.http.request": "Answer Auth Effect Part Request Response WITHOUT_AUTH WITH_AUTH",
        "helpdesk_bridge.http.stack": "Stack open_transport",
        "helpdesk_bridge.http.status": "error_for_status",
        "helpdesk_bridge.http.transport": "Download Transport",
    },
)
