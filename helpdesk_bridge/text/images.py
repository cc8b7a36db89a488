"""Images in a message's HTML: find them, name them, and replace their addresses.

Anybody can send a message, so the time must grow with its length and no faster, whatever stands in it: no pattern here
goes back over what it has matched. ``html.parser`` of the standard library takes minutes over 40 kB of ``<a <a <a``,
and a full parser thirty times as long as reading the vendor's JSON.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import unquote

from attrs import frozen

from helpdesk_bridge.text.markup import unescaped

T = TypeVar("T")
CID: Final = "cid:"
_OPENING: Final = re.compile(r"<!--|<(?:script|style)(?=[\s/>])|<img(?=[\s/>])", re.IGNORECASE)
_CLOSINGS: Final[Mapping[str, re.Pattern[str]]] = {
    "<!--": re.compile("-->"),
    "<script": re.compile(r"</script", re.IGNORECASE),
    "<style": re.compile(r"</style", re.IGNORECASE),
}
_VALUE: Final = r"""\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+"""
_TAG: Final = re.compile(rf"<img(?:[^=>]++|={_VALUE})*+>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""([^\s=>/"']++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s>]*+))?+""")


@frozen
class ImageTag:
    """An ``img`` tag: ``start`` is its place in the markup, ``source_span`` that of the address within ``text``."""

    start: int
    text: str
    attributes: Mapping[str, str]
    source_span: tuple[int, int] | None

    @property
    def source(self) -> str:
        """The address, without white space around it."""
        return self.attributes.get("src", "").strip()

    @property
    def content_id(self) -> str | None:
        """What follows ``cid:`` in the address; None for another address."""
        return self.source[len(CID) :] if self.source[: len(CID)].lower() == CID else None

    def among(self, files: Mapping[str, T]) -> T | None:
        """Return the file that the image shows, of ``files`` by content id; None for another address.

        Documented: RFC 2392, section 2: a ``cid:`` address is the content id with its special characters as ``%XX``. Many
        senders leave them as they are.
        """
        name = self.content_id
        if name is None:
            return None
        return files.get(name, files.get(unquote(name)))

    def with_source(self, source: str) -> str:
        """Return the tag's text with another address."""
        if self.source_span is None:
            return self.text
        start, end = self.source_span
        return f'{self.text[:start]}"{html.escape(source)}"{self.text[end:]}'


def may_have_images(markup: str) -> bool:
    """Tell cheaply whether it is worth looking: the whole text is folded only if some tag begins with an i."""
    return ("<i" in markup or "<I" in markup) and "<img" in markup.lower()


def image_tags(markup: str) -> list[ImageTag]:
    """Return the ``img`` tags that a browser would see: not those in comments, scripts and styles."""
    found: list[ImageTag] = []
    if not may_have_images(markup):
        return found
    at = 0
    while (opened := _OPENING.search(markup, at)) is not None:
        closing = _CLOSINGS.get(opened[0].lower())
        # Whatever is never closed reaches to the end; so nothing after it is looked at twice.
        closed = _TAG.match(markup, opened.start()) if closing is None else closing.search(markup, opened.end())
        if closed is None:
            break
        at = closed.end()
        if closing is None:
            found.append(_image(opened.start(), closed[0]))
    return found


def _image(start: int, text: str) -> ImageTag:
    given: dict[str, str] = {}
    span = None
    for found in _ATTRIBUTE.finditer(text, len("<img")):
        name, value = found[1].lower(), found[2] or ""
        if name == "src" and name not in given and found[2] is not None:
            span = found.span(2)
        quoted = value[:1] in ('"', "'") and value[-1:] == value[:1] and len(value) > 1
        given.setdefault(name, unescaped(value[1:-1] if quoted else value))
    return ImageTag(start, text, given, span)


def replace_images(markup: str, replacement: Callable[[ImageTag], str | None]) -> str:
    """Return ``markup`` with other markup for its images; if ``replacement`` returns None, an image stays."""
    parts, at = [], 0
    for tag in image_tags(markup):
        changed = replacement(tag)
        if changed is not None:
            parts += [markup[at : tag.start], changed]
            at = tag.start + len(tag.text)
    return "".join([*parts, markup[at:]]) if parts else markup


def name_images(markup: str, names: Mapping[str, str]) -> str:
    """Return ``markup`` with each ``cid:`` image replaced by ``[image: <file name>]``; ``names`` is by content id.

    For messages that cannot show images: a ``cid:`` address without its file is a broken picture.
    """

    def named(tag: ImageTag) -> str | None:
        if tag.content_id is None:
            return None
        name = tag.among(names)
        return html.escape(f"[image: {name}]" if name else "[image]", quote=False)

    return replace_images(markup, named)
