"""HTML read without a tree: its words, its tags with few attributes, its references. Time grows with the length only.

Libraries that build trees and lay out pages take what a stranger sends at its word: libxml2 compares each attribute of
a tag with all others, gives up at a depth of 256 and leaves out what follows. No pattern here goes back over what it has
matched.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from attrs import define, field

from helpdesk_bridge.text.decoding import REPLACEMENT

MOST_ATTRIBUTES: Final = 64
_VALUE: Final = r"""\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+"""
_ATTRIBUTES: Final = rf"(?:[^=>]++|={_VALUE})*+"
_TAG: Final = re.compile(rf"<(?P<slash>/?)(?P<name>[A-Za-z][^\s/>]*+)(?P<attributes>{_ATTRIBUTES})>?+", re.ASCII)
_ATTRIBUTE: Final = re.compile(rf"[^\s=>/]++(?:\s*+={_VALUE})?+", re.ASCII)
_OTHER: Final = re.compile(r"<[!?/][^>]*+>?+")
_UNSEEN: Final = {
    name: re.compile(rf"</{name}", re.IGNORECASE) for name in ("script", "style", "title", "noframes", "iframe")
}
_INLINE: Final = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "img", "ins", "kbd",
     "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"}
)  # fmt: skip
_CELLS: Final = frozenset({"td", "th"})
_LONG_REFERENCE: Final = re.compile(r"&#(?P<x>[xX]?)0*+(?P<digits>[0-9a-fA-F]*+)")
_MOST_DIGITS: Final = 7  # of the last character, 1114111


def unescaped(text: str) -> str:
    """Return ``text`` with its references resolved; a number that is too long to be a character becomes U+FFFD.

    Python refuses to read thousands of digits, and ``html.unescape`` passes its error on.
    """
    return html.unescape(_LONG_REFERENCE.sub(_short_reference, text) if "&#" in text else text)


def _short_reference(found: re.Match[str]) -> str:
    if len(found[0]) <= _MOST_DIGITS:
        return found[0]
    return f"&#{found['x']}{found['digits'] or '0'}" if len(found["digits"]) <= _MOST_DIGITS else REPLACEMENT


def with_few_attributes(markup: str) -> str:
    """Return ``markup`` in which no tag has more than ``MOST_ATTRIBUTES`` attributes: the first ones are kept."""
    return _TAG.sub(_lighter, markup)


def _lighter(tag: re.Match[str]) -> str:
    start, end = tag.span("attributes")
    if end - start <= 2 * MOST_ATTRIBUTES:
        return tag[0]
    for count, found in enumerate(_ATTRIBUTE.finditer(tag["attributes"]), start=1):
        if count == MOST_ATTRIBUTES:
            rest = tag["attributes"][found.end() :]
            return f"<{tag['slash']}{tag['name']}{tag['attributes'][: found.end()]}>" if rest.strip(" /") else tag[0]
    return tag[0]


@define
class _Words:
    """The text so far; ``left`` characters other than white space may come."""

    left: int
    pieces: list[str] = field(factory=list)
    cut: bool = False

    def add(self, text: str) -> None:
        visible = len("".join(text.split()))
        if visible <= self.left:
            self.left -= visible
            self.pieces.append(text)
            return
        self.cut = True
        self.pieces.append(beginning(text, self.left))
        self.left = 0

    def text(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self.pieces).split("\n"))
        return "\n".join(line for line in lines if line)


def beginning(text: str, most: int) -> str:
    """Return the beginning of ``text`` with so many characters that are no white space.

    White space does not count: two that write the same words with other blanks begin with the same words.
    """
    left = most
    for found in re.finditer(r"\S++", text):
        left -= found.end() - found.start()
        if left <= 0:
            return text[: found.end() + left]
    return text


def words_of(markup: str, most: int) -> tuple[str, bool]:
    """Return the text of ``markup`` without a tree, and whether it was cut after ``most`` visible characters.

    Blocks end lines, cells end words; comments, scripts and styles are left out. What CSS hides is shown.
    """
    words = _Words(most)
    for start, end, between in _read(markup):
        words.add(between)
        words.add(unescaped(markup[start:end]).replace("\n", " "))
        if words.cut:
            break
    return words.text(), words.cut


def visible(markup: str) -> Iterator[tuple[int, int]]:
    """Yield where the visible text of ``markup`` begins and ends, piece by piece between its tags."""
    for start, end, _ in _read(markup):
        if end > start:
            yield start, end


def _read(markup: str) -> Iterator[tuple[int, int, str]]:
    """Yield where each piece of text begins and ends, and what the tag before it is in a text without tags."""
    at, between = 0, ""
    while True:
        start = markup.find("<", at)
        yield at, len(markup) if start < 0 else start, between
        if start < 0:
            return
        at, between = _past_tag(markup, start)


def _past_tag(markup: str, start: int) -> tuple[int, str]:
    """Return where the markup goes on after what begins at ``start``, a ``<``, and what is read in its place."""
    if markup.startswith("<!--", start):
        end = markup.find("-->", start + 4)
        return len(markup) if end < 0 else end + 3, ""
    tag = _TAG.match(markup, start)
    if tag is None:
        other = _OTHER.match(markup, start)
        return (other.end(), "") if other else (start + 1, "<")
    name = tag["name"].lower()
    between = "" if name in _INLINE else "  " if name in _CELLS else "\n"
    if name in _UNSEEN and not tag["slash"]:
        closing = _UNSEEN[name].search(markup, tag.end())
        return (closing.start() if closing else len(markup)), between
    return tag.end(), between


__all__ = ["MOST_ATTRIBUTES", "beginning", "unescaped", "visible", "with_few_attributes", "words_of"]
