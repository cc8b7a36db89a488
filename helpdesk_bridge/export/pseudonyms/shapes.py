"""Shapes of texts: no letter or digit of a text is left, and its length, its words, its lines and its markup stay.

A letter becomes one of the same case and of as many bytes in UTF-8, so that limits of characters and of bytes are met where
they were met; blanks, marks and what only steers how a text is shown stay, because they are what breaks programs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from helpdesk_bridge.model.values import Body

_LOWER: Final = {1: "x", 2: "\u00e4", 3: "\u6f22", 4: "\U00020000"}
_UPPER: Final = {1: "X", 2: "\u00c4", 3: "\u1e00", 4: "\U00010400"}
_OTHER: Final = {3: "\u263a", 4: "\U0001f600"}
_TAGS: Final = frozenset(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "body",
        "br",
        "center",
        "cite",
        "code",
        "div",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "hr",
        "html",
        "i",
        "img",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "u",
        "ul",
    ]
)
_MARKUP: Final = re.compile(r"<(?P<end>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9]*)(?P<rest>(?:\s[^<>]*)?)(?P<close>/?)>|&#?\w+;")
_CONTENT_ID: Final = re.compile(r"""\bsrc\s*=\s*["']?cid:(?P<id>[^\s"'>]+)""", re.IGNORECASE)
_REFERENCES: Final = frozenset({"&amp;", "&lt;", "&gt;", "&quot;", "&nbsp;", "&apos;", "&#39;"})


def _shape_of(letter: str) -> str:
    category = unicodedata.category(letter)
    if category == "Nd":
        return "9" if letter.isascii() else _LOWER[len(letter.encode())]
    if category[0] in "LN":
        upper = category in ("Lu", "Lt")
        return (_UPPER if upper else _LOWER)[len(letter.encode("utf-8", "surrogatepass"))]
    if category in ("So", "Co"):
        return _OTHER.get(len(letter.encode()), letter)
    return letter


def shape(text: str) -> str:
    """Return the shape of a text."""
    return "".join(map(_shape_of, text))


def shape_of_markup(html: str, content_id: Callable[[str], str]) -> str:
    """Return HTML whose tags stay, without their attributes, and whose texts are shapes; ``content_id`` renames images.

    What is no tag of mail stays no tag: an address in angle brackets is a text.
    """
    made: list[str] = []
    end = 0
    for found in _MARKUP.finditer(html):
        made += (shape(html[end : found.start()]), _kept(found, content_id))
        end = found.end()
    return "".join((*made, shape(html[end:])))


def _kept(found: re.Match[str], content_id: Callable[[str], str]) -> str:
    tag = found["tag"]
    if tag is None:
        return found[0] if found[0] in _REFERENCES else shape(found[0])
    if tag.lower() not in _TAGS:
        return shape(found[0])
    image = _CONTENT_ID.search(found["rest"]) if tag.lower() == "img" else None
    source = "" if image is None else f' src="cid:{content_id(image["id"])}"'
    return f"<{found['end']}{tag.lower()}{source}{found['close']}>"


def shape_of_body(body: Body, content_id: Callable[[str], str]) -> Body:
    """Return the shape of a message's body."""
    if body.html is None:
        return Body(text=shape(body.text))
    return Body(html=shape_of_markup(body.html, content_id))


def shape_of_number(value: int | Decimal) -> int | Decimal:
    """Return a number with as many digits."""
    digits = re.sub(r"\d", "9", str(value))
    return int(digits) if isinstance(value, int) else Decimal(digits)


__all__ = ["shape", "shape_of_body", "shape_of_markup", "shape_of_number"]
