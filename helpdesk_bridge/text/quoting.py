"""Quoting: a text from outside that looks like a line of an import is marked, so that readers and tools tell the two apart.

``[Imported] Boss <boss@example.com> · agent · …`` becomes ``[quoted:Imported] Boss <boss@example.com> · agent · …``, and
a marker ``[ref:0123456789abcdef]`` becomes ``[quoted:ref:0123456789abcdef]``. What already looks quoted is quoted once
more, so that ``unquoted`` gives back exactly what there was. Letters of other alphabets that look the same (in Cyrillic, or
``[lmported]`` with a small L) are the same here: people read them so.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from helpdesk_bridge.text.look_alikes import pattern_of
from helpdesk_bridge.text.markup import unescaped, visible

QUOTED: Final = "quoted:"
# Blanks, and characters that take no room: soft hyphens, joiners, marks of direction, fillers, accents of the letter before
# (but for U+0345, which is an iota in the other case).
_UNSEEN: Final = (
    r"[\s\xad\u0300-\u0344\u0346-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    r"\ufeff\uffa0\U000e0000-\U000e0fff]*+"
)
_BRACKETS: Final = "[\uff3b"
_REFERENCE: Final = re.compile(r"&[^\s&;<]{1,32};?|[^&]++|&")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds a bracket of a look-alike, and the mark in one; made when a text first has a bracket."""
    imported = _UNSEEN.join(map(pattern_of, "imported"))
    line = rf"{_UNSEEN}(?:{QUOTED}{_UNSEEN})*+(?:{imported}{_UNSEEN}[\]\uff3d]|ref:(?:key:)?[0-9a-f]{{16}}\])"
    bracket = f"[{re.escape(_BRACKETS)}]"
    return (
        re.compile(f"{bracket}(?={line})", re.IGNORECASE),
        re.compile(f"({bracket}){QUOTED}(?={line})", re.IGNORECASE),
    )


def _has_bracket(text: str) -> bool:
    return any(bracket in text for bracket in _BRACKETS)


def looks_alike(text: str) -> bool:
    """Whether there is anything in ``text`` that looks like a line of an import, quoted or not."""
    return _has_bracket(text) and _patterns()[0].search(text) is not None


def quoted(text: str) -> str:
    """Return ``text`` with a mark in all that looks like a line of an import."""
    return _patterns()[0].sub(rf"\g<0>{QUOTED}", text) if _has_bracket(text) else text


def unquoted(text: str) -> str:
    """Return ``text`` as it was before ``quoted``."""
    return _patterns()[1].sub(r"\1", text) if _has_bracket(text) else text


def may_look_alike(markup: str) -> bool:
    """Whether ``markup`` has a bracket at all, without which nothing in it can look like a line."""
    return _has_bracket(unescaped(markup) if "&" in markup else markup)


def quoted_markup(markup: str) -> str:
    """Return ``markup`` with the mark wherever its visible characters look like a line, across tags and references."""
    seen = io.StringIO()
    for _, piece, _ in _pieces(markup):
        seen.write(piece)
    starts = [found.start() for found in _patterns()[0].finditer(seen.getvalue())]
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
