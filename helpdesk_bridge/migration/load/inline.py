"""Inline images for a destination that has none: named in words, the files beside the message."""

from __future__ import annotations

from attrs import evolve

from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Body
from helpdesk_bridge.text.images import name_images


def without_inline(message: Message) -> Message:
    """Return a message whose images are ordinary files, named in the body where they stood."""
    names = {one.content_id: one.filename for one in message.attachments if one.inline and one.content_id}
    body = message.body
    if body.html is not None:
        body = Body(html=name_images(body.html, names))
    files = tuple(evolve(one, inline=False, content_id=None) for one in message.attachments)
    return evolve(message, body=body, attachments=files)
