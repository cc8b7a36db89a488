"""Endpoints: which call of the library makes which call of Desk360's API; the source of the table in the docs.

documented: Desk360 API, "https://public-api.desk360.com/v1/", its thirteen calls, and "https://my-cdn.desk360.com/", the file host, by its
URLs alone; observed: the chat list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_MESSAGES: Final = "/v1/integrations/<integration_id>/conversations/messages"
_TEMPLATES: Final = "/v1/integrations/<integration_id>/conversations/templates"

CALLS: Final[Mapping[str, str]] = {
    "POST /v1/login": "desk.check",
    "GET /v1/integrations": "desk.vendor_api.integrations",
    f"GET {_TEMPLATES}": "desk.templates.list",
    f"POST {_TEMPLATES}/send": "desk.templates.send",
    f"POST {_TEMPLATES}/send/bulk": "desk.templates.send_bulk",
    f"POST {_MESSAGES}": "desk.vendor_api.send_text",
    f"POST {_MESSAGES}/locations": "desk.vendor_api.send_location",
    f"POST {_MESSAGES}/contacts": "desk.vendor_api.send_contacts",
    f"POST {_MESSAGES}/medias": "desk.vendor_api.send_media",
    f"GET {_MESSAGES}/medias/<media_id>": "desk.vendor_api.media",
    f"POST {_MESSAGES}/interactive": "desk.vendor_api.send_interactive",
    f"POST {_MESSAGES}/interactive/location-request": "desk.vendor_api.request_location",
    f"POST {_MESSAGES}/reads": "desk.vendor_api.mark_read",
    "GET /v1/integrations/<integration_id>/chats": "desk.vendor_api.chats",
    "GET /cdn/integrations/<int:integration_id>/attachments/<name>": "desk.attachments.open",
}
"""The method and path of each endpoint as ``simulate desk360 --routes`` prints them, and the call that reaches it.

Any call logs in first where ``email`` and ``password`` are configured; ``desk.check`` is the one made for trying them.
The last one is the vendor's file host, which the simulator serves under ``/cdn``.
"""
