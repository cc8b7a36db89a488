"""Writing: the model's values as Deskie's request fields take them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from helpdesk_bridge.adapter import Body

NO_SUBJECT: Final = "    "
"""observed: a client sends four blanks for a ticket without a subject, because Deskie requires one."""
NO_BODY: Final = "\u200b"
"""Deskie requires a body (observed); this one shows nothing, and comparisons ignore it."""


def body_fields(body: Body, *, always_html: bool = False) -> dict[str, str]:
    """Return the body as Deskie's fields; plain text stays plain unless ``always_html``."""
    if body.html:
        return {"content_html": body.html}
    text = body.text if body.text.strip() else NO_BODY
    return {"content_html": Body(text=text).as_html()} if always_html else {"content": text}


def moment_seconds(moment: datetime) -> int:
    """Return a time as Deskie takes it for certain: whole Unix seconds, which need no account's zone."""
    return int(moment.timestamp())
