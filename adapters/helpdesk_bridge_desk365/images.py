"""Inline images: on the vendor's public storage when read, ``cid:`` references when written."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from html.parser import HTMLParser
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import frozen

from helpdesk_bridge.adapter import Attachment, Upload, digest

# Observed: d365-inline-imgs, d365-temp-inline-imgs (US) and prod-eu1-d365-inline-imgs (EU) on s3[.region].amazonaws.com.
_BUCKET: Final = re.compile(r"(?:[a-z0-9-]+-)?d365-(?:temp-)?inline-imgs\.s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com")
# Observed: the vendor's editor marks its own inline images with this attribute.
_OWN_MARK: Final = "inlineimgpath"
_SOURCE: Final = re.compile(r"""(?<![\w-])src\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE)
_CID: Final = "cid:"


@frozen
class _Tag:
    start: int
    text: str
    attributes: Mapping[str, str]


class _Images(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[_Tag] = []
        self._lines = [0, *(match.end() for match in re.finditer("\n", markup))]
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            line, column = self.getpos()
            text = self.get_starttag_text() or ""
            given = {name: value or "" for name, value in reversed(attrs)}
            self.found.append(_Tag(self._lines[line - 1] + column, text, given))


def _tags(markup: str) -> list[_Tag]:
    if "<img" not in markup.lower():
        return []
    return _Images(markup).found


def _replaced(markup: str, changes: Iterable[tuple[_Tag, str]]) -> str:
    parts, at = [], 0
    for tag, text in changes:
        parts += [markup[at : tag.start], text]
        at = tag.start + len(tag.text)
    return "".join([*parts, markup[at:]])


def _with_source(tag: _Tag, source: str) -> str:
    return _SOURCE.sub(lambda _: f'src="{html.escape(source)}"', tag.text, count=1)


def is_own_image(url: str, attributes: Mapping[str, str], origin: str) -> bool:
    """Whether an image's address is one where Desk365 itself keeps what was pasted into a message.

    ``origin`` is the desk's own scheme, host and port.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    if parts.scheme not in ("http", "https"):
        return False
    return (
        bool(_BUCKET.fullmatch(host)) or _OWN_MARK in attributes or f"{parts.scheme}://{parts.netloc}".lower() == origin
    )


def take_images(markup: str, origin: str, locate: Callable[[str], str]) -> tuple[str, tuple[Attachment, ...]]:
    """Return ``markup`` with ``cid:`` in place of the vendor's own image addresses, and the images as attachments.

    An image that stands twice is one attachment; ``locate`` makes an attachment's locator of its address.
    """
    images: dict[str, Attachment] = {}
    changes = []
    for tag in _tags(markup):
        url = tag.attributes.get("src", "").strip()
        if not is_own_image(url, tag.attributes, origin):
            continue
        content_id = digest(url)
        name = unquote(urlsplit(url).path.rpartition("/")[2]) or "image"
        images.setdefault(content_id, Attachment(name, inline=True, content_id=content_id, locator=locate(url)))
        changes.append((tag, _with_source(tag, f"{_CID}{content_id}")))
    return (_replaced(markup, changes) if changes else markup), tuple(images.values())


def name_images(markup: str, files: Iterable[Upload]) -> str:
    """Return ``markup`` with each ``cid:`` image replaced by the name of the file that is sent beside it.

    Assumed: Desk365 takes no inline images by API (none of its calls has a place for them), and a ``cid:`` address
    would show as a broken picture.
    """
    names = {file.content_id: file.filename for file in files if file.content_id}
    changes = []
    for tag in _tags(markup):
        source = tag.attributes.get("src", "").strip()
        if source.lower().startswith(_CID):
            name = names.get(unquote(source[len(_CID) :])) or names.get(source[len(_CID) :])
            changes.append((tag, f"[image: {html.escape(name)}]" if name else "[image]"))
    return _replaced(markup, changes) if changes else markup
