"""Pictures inside a body: the vendor's addresses on one side, ``cid:`` on the other.

assumed (docs/vendors/deskie.md, "Files"): inline pictures in ``content_html`` are URLs of the account's own host.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from mimetypes import guess_type
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import frozen

from helpdesk_bridge.adapter import Attachment, digest, evolve

_SRC: Final = re.compile(r"""(\ssrc\s*=\s*)("[^"]*"|'[^']*'|[^\s>"']+)""", re.IGNORECASE)


class _Images(HTMLParser):
    """Finds the start tags of images: their place in the markup and their text."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self._starts = [0]
        for line in markup.split("\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self.found: list[tuple[int, str]] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser's signature
        if tag == "img" and (text := self.get_starttag_text()):
            line, column = self.getpos()
            self.found.append((self._starts[line - 1] + column, text))

    handle_startendtag = handle_starttag


def replace_sources(markup: str, replacement: Callable[[str], str | None]) -> str:
    """Return ``markup`` with the address of each image replaced; where ``replacement`` gives None it stays."""
    if "<img" not in markup.casefold():
        return markup
    pieces, done = [], 0
    for start, tag in _Images(markup).found:
        source = _SRC.search(tag)
        value = None if source is None else replacement(html.unescape(source[2].strip("\"'").strip()))
        if source is None or value is None or markup[start : start + len(tag)] != tag:
            continue
        changed = f'{tag[: source.start(2)]}"{html.escape(value)}"{tag[source.end(2) :]}'
        pieces += [markup[done:start], changed]
        done = start + len(tag)
    return "".join([*pieces, markup[done:]])


@frozen
class InlineImages:
    """Turns a vendor's body into one with ``cid:``, and back."""

    own_origin: Callable[[str], bool]

    def taken_out(self, markup: str, files: tuple[Attachment, ...]) -> tuple[str, tuple[Attachment, ...]]:
        """Return the body with ``cid:`` for its own pictures, and the files with these marked as inline."""
        by_url = {file.locator: file for file in files}
        shown: dict[str, Attachment] = {}

        def cid(url: str) -> str | None:
            file = by_url.get(url)
            if file is None and not self.own_origin(url):
                return None
            content_id = f"{digest(url.partition('?')[0])}@deskie"
            shown[url] = evolve(file or _of_url(url), inline=True, content_id=content_id)
            return f"cid:{content_id}"

        changed = replace_sources(markup, cid)
        kept = tuple(shown.pop(file.locator, file) for file in files)
        return changed, (*kept, *shown.values())


def put_back(markup: str, urls: Mapping[str, str]) -> str:
    """Return the body with the addresses of pictures for their ``cid:``; ``urls`` is by content id."""
    return replace_sources(markup, lambda source: urls.get(source[4:]) if source[:4].casefold() == "cid:" else None)


def named(markup: str, names: Mapping[str, str]) -> str:
    """Return the body with pictures named in words, for a message that is mailed before they have addresses."""
    if "<img" not in markup.casefold():
        return markup
    pieces, done = [], 0
    for start, tag in _Images(markup).found:
        source = _SRC.search(tag)
        content_id = html.unescape(source[2].strip("\"'").strip())[4:] if source else ""
        if content_id in names:
            pieces += [markup[done:start], html.escape(f"[{names[content_id]}]", quote=False)]
            done = start + len(tag)
    return "".join([*pieces, markup[done:]])


def _of_url(url: str) -> Attachment:
    name = unquote(urlsplit(url).path.rpartition("/")[2]) or "image"
    return Attachment(filename=name, content_type=guess_type(name)[0], locator=url)
