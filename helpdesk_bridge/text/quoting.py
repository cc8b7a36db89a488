"""Quoting: a text from outside that looks like a line of an import is marked, so that readers and tools tell the two apart.

``[Imported] Boss <boss@example.com> · agent · …`` becomes ``[quoted:Imported] Boss <boss@example.com> · agent · …``, and
a marker ``[ref:0123456789abcdef]`` becomes ``[quoted:ref:0123456789abcdef]``. What already looks quoted is quoted once
more, so that ``unquoted`` gives back exactly what there was.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Final

from helpdesk_bridge.text.markup import unescaped, visible

QUOTED: Final = "quoted:"
# Blanks, and characters that take no room: soft hyphens, joiners, marks of direction, fillers.
_UNSEEN: Final = (
    r"[\s\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    r"\ufeff\uffa0\U000e0000-\U000e0fff]*+"
)
_IMPORTED: Final = _UNSEEN.join(f"[{letter}{chr(ord(letter) + 0xFEE0)}]" for letter in "imported")
_LINE: Final = rf"{_UNSEEN}(?:{QUOTED}{_UNSEEN})*+(?:{_IMPORTED}{_UNSEEN}[\]\uff3d]|ref:(?:key:)?[0-9a-f]{{16}}\])"
_LOOKS_ALIKE: Final = re.compile(rf"[\[\uff3b](?={_LINE})", re.IGNORECASE)
_IS_QUOTED: Final = re.compile(rf"([\[\uff3b]){QUOTED}(?={_LINE})", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"&[^\s&;<]{1,32};?|[^&]++|&")


def looks_alike(text: str) -> bool:
    """Whether there is anything in ``text`` that looks like a line of an import, quoted or not."""
    return _LOOKS_ALIKE.search(text) is not None


def quoted(text: str) -> str:
    """Return ``text`` with a mark in all that looks like a line of an import."""
    return _LOOKS_ALIKE.sub(rf"\g<0>{QUOTED}", text)


def unquoted(text: str) -> str:
    """Return ``text`` as it was before ``quoted``."""
    return _IS_QUOTED.sub(r"\1", text)


def may_look_alike(markup: str) -> bool:
    """Whether ``markup`` has a bracket at all, without which nothing in it can look like a line."""
    return any(bracket in (unescaped(markup) if "&" in markup else markup) for bracket in "[\uff3b")


def quoted_markup(markup: str) -> str:
    """Return ``markup`` with the mark wherever its visible characters look like a line, across tags and references."""
    seen = io.StringIO()
    for _, piece, _ in _pieces(markup):
        seen.write(piece)
    starts = [found.start() for found in _LOOKS_ALIKE.finditer(seen.getvalue())]
    if not starts:
        return markup
    marked, at, length, number = io.StringIO(), 0, 0, 0
    for place, piece, literal in _pieces(markup):
        while number < len(starts) and starts[number] < length + len(piece):
            end = place + starts[number] - length + 1 if literal else place
            marked.write(markup[at:end])
            marked.write(QUOTED)
            at, number = end, number + 1
        length += len(piece)
    marked.write(markup[at:])
    return marked.getvalue()


def _pieces(markup: str) -> Iterator[tuple[int, str, bool]]:
    """Yield the visible characters piece by piece: where a literal one begins, or where a reference ends."""
    for start, end in visible(markup):
        for found in _REFERENCE.finditer(markup, start, end):
            resolved = unescaped(found[0]) if found[0].startswith("&") else found[0]
            literal = resolved == found[0]
            yield (found.start() if literal else found.end()), resolved, literal


__all__ = ["QUOTED", "looks_alike", "may_look_alike", "quoted", "quoted_markup", "unquoted"]
