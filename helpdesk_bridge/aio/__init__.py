"""Desks for asyncio: the port of ``helpdesk_bridge.ports`` with ``await``, over a bounded pool of threads.

``ports`` is written from the protocols; everything that happens to a call is in ``calls``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.lazy import lazy_names

if TYPE_CHECKING:
    from helpdesk_bridge.aio.calls import CancelledWrite, cancelled_write
    from helpdesk_bridge.aio.connection import Opening, aconnect, aopen_desk
    from helpdesk_bridge.aio.files import AsyncFile
    from helpdesk_bridge.aio.listing import AsyncListing
    from helpdesk_bridge.aio.ports import (
        AsyncAttachments,
        AsyncBudget,
        AsyncContacts,
        AsyncDesk,
        AsyncDirectory,
        AsyncImporter,
        AsyncKnowledgeBase,
        AsyncLists,
        AsyncMessages,
        AsyncRemoval,
        AsyncStoringWebhooks,
        AsyncTemplates,
        AsyncTickets,
        AsyncWebhooks,
    )

__all__ = [
    "AsyncAttachments",
    "AsyncBudget",
    "AsyncContacts",
    "AsyncDesk",
    "AsyncDirectory",
    "AsyncFile",
    "AsyncImporter",
    "AsyncKnowledgeBase",
    "AsyncListing",
    "AsyncLists",
    "AsyncMessages",
    "AsyncRemoval",
    "AsyncStoringWebhooks",
    "AsyncTemplates",
    "AsyncTickets",
    "AsyncWebhooks",
    "CancelledWrite",
    "Opening",
    "aconnect",
    "aopen_desk",
    "cancelled_write",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "helpdesk_bridge.aio.calls": "CancelledWrite cancelled_write",
        "helpdesk_bridge.aio.connection": "Opening aconnect aopen_desk",
        "helpdesk_bridge.aio.files": "AsyncFile",
        "helpdesk_bridge.aio.listing": "AsyncListing",
        "helpdesk_bridge.aio.ports": """
            AsyncAttachments AsyncBudget AsyncContacts AsyncDesk AsyncDirectory AsyncImporter AsyncKnowledgeBase AsyncLists AsyncMessages
            AsyncRemoval AsyncStoringWebhooks AsyncTemplates AsyncTickets AsyncWebhooks
        """,
    },
)
