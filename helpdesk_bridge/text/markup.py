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
_SCHEMES: Final = frozenset({"http", "https", "ftp", "mailto", "sms", "tel"})
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
    link, began = "", 0
    for start, end, between, tag in _read(markup):
        if tag is not None and tag["name"] in ("a", "A"):
            words.add(beside(link, "".join(words.pieces[began:])))
            link, began = "" if tag["slash"] else _href(tag["attributes"]), len(words.pieces)
        words.add(between)
        words.add(unescaped(markup[start:end]).replace("\n", " "))
        if words.cut:
            break
    return words.text(), words.cut


def beside(address: str, label: str) -> str:
    """Return what stands behind the label of a link, such as `` <https://example.com/reset>``.

    Nothing where the label shows the address, and for one that leads nowhere out of the message or runs a program.
    """
    target = "".join(address.split())
    scheme = target.partition(":")[0].lower()
    if scheme not in _SCHEMES:
        return ""
    seen, plain = "".join(label.split()).casefold(), target[len(scheme) + 1 :].removeprefix("//").removesuffix("/")
    if not plain or plain.casefold() in seen or (scheme == "mailto" and plain.partition("?")[0].casefold() in seen):
        return ""
    quoted = target.replace("<", "%3C").replace(">", "%3E")
    return f" <{quoted}>" if seen else f"<{quoted}>"


def _href(attributes: str) -> str:
    for found in _ATTRIBUTE.finditer(attributes):
        name, _, value = found[0].partition("=")
        if name.strip().lower() == "href":
            value = value.strip()
            return unescaped(value[1:].removesuffix(value[0]) if value[:1] in ("'", '"') else value)
    return ""


def tags(markup: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each tag that opens in ``markup``, in lower case, and the address that a link has ("" without one).

    What stands in comments, scripts and styles is none.
    """
    for *_, tag in _read(markup):
        if tag is not None and not tag["slash"]:
            name = tag["name"].lower()
            yield name, _href(tag["attributes"]) if name in _LINKS else ""


_LINKS: Final = frozenset({"a", "area"})


def visible(markup: str) -> Iterator[tuple[int, int]]:
    """Yield where the visible text of ``markup`` begins and ends, piece by piece between its tags."""
    for start, end, *_ in _read(markup):
        if end > start:
            yield start, end


def _read(markup: str) -> Iterator[tuple[int, int, str, re.Match[str] | None]]:
    """Yield where each piece of text begins and ends, what the tag before it is in a text without tags, and that tag."""
    at, between, tag = 0, "", None
    while True:
        start = markup.find("<", at)
        yield at, len(markup) if start < 0 else start, between, tag
        if start < 0:
            return
        at, between, tag = _past_tag(markup, start)


def _past_tag(markup: str, start: int) -> tuple[int, str, re.Match[str] | None]:
    """Return where the markup goes on after what begins at ``start``, a ``<``, what is read in its place, and the tag."""
    if markup.startswith("<!--", start):
        end = markup.find("-->", start + 4)
        return len(markup) if end < 0 else end + 3, "", None
    tag = _TAG.match(markup, start)
    if tag is None:
        other = _OTHER.match(markup, start)
        return (other.end(), "", None) if other else (start + 1, "<", None)
    name = tag["name"].lower()
    between = "" if name in _INLINE else "  " if name in _CELLS else "\n"
    if name in _UNSEEN and not tag["slash"]:
        closing = _UNSEEN[name].search(markup, tag.end())
        return (closing.start() if closing else len(markup)), between, tag
    return tag.end(), between, tag


__all__ = ["MOST_ATTRIBUTES", "beginning", "beside", "tags", "unescaped", "visible", "with_few_attributes", "words_of"]
