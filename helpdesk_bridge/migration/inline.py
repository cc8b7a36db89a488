"""Inline images for a destination that has none: named in words, the files beside the message."""

from __future__ import annotations

import html
from collections.abc import Mapping
from html.parser import HTMLParser
from urllib.parse import unquote

from attrs import evolve

from helpdesk_bridge.model import Body, Message


class _Images(HTMLParser):
    """Finds the start tags of images: where they stand, their text and their address."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str, str]] = []
        self._starts = [0]
        for line in markup.split("\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        text = self.get_starttag_text()
        if tag == "img" and text:
            line, column = self.getpos()
            self.found.append((self._starts[line - 1] + column, text, dict(attrs).get("src") or ""))


def name_images(markup: str, names: Mapping[str, str]) -> str:
    """Return ``markup`` with each ``cid:`` image replaced by ``[image: <file name>]``; ``names`` is by content id."""
    if "<img" not in markup.lower():
        return markup
    parts, at = [], 0
    for start, tag, source in _Images(markup).found:
        if not source.strip().lower().startswith("cid:"):
            continue
        content_id = source.strip()[4:]
        name = names.get(content_id) or names.get(unquote(content_id))
        parts += [markup[at:start], html.escape(f"[image: {name}]" if name else "[image]", quote=False)]
        at = start + len(tag)
    return "".join([*parts, markup[at:]])


def without_inline(message: Message) -> Message:
    """Return a message whose images are ordinary files, named in the body where they stood."""
    names = {one.content_id: one.filename for one in message.attachments if one.inline and one.content_id}
    body = message.body
    if body.html is not None:
        body = Body(html=name_images(body.html, names))
    files = tuple(evolve(one, inline=False, content_id=None) for one in message.attachments)
    return evolve(message, body=body, attachments=files)
