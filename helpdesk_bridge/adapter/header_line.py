"""The header line: author, time and visibility of an imported message that its vendor cannot store.

One line, written by an importer as the first of the body and read back by the verification of a migration:

    [Imported] Ann Lee <ann@example.com> · customer · 2026-03-02T09:15:00Z · public · reply · 3f9a2c81d0e4b7aa

The tail is the migration's own: 16 hex digits that its key gives for the line (``sealing``). Customers can write a line
like it, but not its tail, so a line counts only where its tail is right. What looks like one of these lines in the text
of a message is written as ``[quoted:Imported] …`` (``quoted``) and compared as it was (``unquoted``).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

from attrs import evolve, frozen

from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Actor, ActorKind, Body, MessageKind, Visibility
from helpdesk_bridge.text import quoting
from helpdesk_bridge.text.markup import unescaped
from helpdesk_bridge.text.plain import squash, text_to_html

Seal = Callable[[str], str]
"""Returns the tail of a header line: 16 hex digits that only the holder of a key can compute."""

_WORDS: Final = {
    ActorKind.CONTACT: "customer",
    ActorKind.AGENT: "agent",
    ActorKind.SYSTEM: "system",
    ActorKind.UNKNOWN: "unknown",
}
_KINDS: Final = {word: kind for kind, word in _WORDS.items()}
# What a body without a line lacks is seen at once; its markup need not become text for that.
_HEADER_START: Final = "[Imported]"
_MARKER_START: Final = "[ref:"
_LINE: Final = re.compile(
    r"^\[Imported\] (?P<name>[^\n]*?) ?<(?P<email>[^<>\n]*)> · (?P<who>customer|agent|system|unknown) · "
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|-) · (?P<visibility>public|internal) · "
    r"(?P<kind>reply|note|forward|automatic)(?: · phone (?P<phone>[^·\n]+?))?(?P<tail> · (?P<seal>[0-9a-f]{16}))?$"
)
_MARKER: Final = re.compile(r"^\[ref:(?P<marker>(?:key:)?[0-9a-f]{16})\]$")
_HTML_FIRST: Final = re.compile(r"^\s*<p>(?P<line>\[Imported\].*?)</p>\s*", re.DOTALL)
_HTML_LAST: Final = re.compile(r"<p>\[ref:(?P<marker>(?:key:)?[0-9a-f]{16})\]</p>")
_HTML_LAST_LENGTHS: Final = (len("<p>[ref:0123456789abcdef]</p>"), len("<p>[ref:key:0123456789abcdef]</p>"))


@frozen
class HeaderLine:
    """Author, time, visibility and kind of a message, as its header line tells them."""

    author: Actor
    created_at: datetime | None
    visibility: Visibility
    kind: MessageKind

    @classmethod
    def of(cls, message: Message) -> HeaderLine:
        """Return the header line of ``message``; times are kept to the second."""
        moment = message.created_at.astimezone(UTC).replace(microsecond=0) if message.created_at else None
        author = evolve(message.author, id=None)
        return cls(author, moment, message.visibility, message.kind)

    def __str__(self) -> str:
        name = re.sub(r"[\s<>·]+", " ", self.author.name or "").strip()
        # An address that nobody takes stands here in its own words; only the brackets around it cannot stand within.
        email = " ".join((self.author.email or "").split()).replace("<", "%3C").replace(">", "%3E")
        moment = self.created_at.strftime("%Y-%m-%dT%H:%M:%SZ") if self.created_at else "-"
        parts = [
            f"[Imported] {name} <{email}>",
            _WORDS[self.author.kind],
            moment,
            self.visibility.value,
            self.kind.value,
        ]
        phone = re.sub(r"[\s·]+", " ", self.author.phone or "").strip()
        return " · ".join(parts) + (f" · phone {phone}" if phone and not email else "")


_seal: ContextVar[Seal | None] = ContextVar("seal of header lines", default=None)


@contextmanager
def sealing(seal: Seal) -> Iterator[None]:
    """Give every header line that is written meanwhile the tail of this seal, whichever importer writes it."""
    before = _seal.set(seal)
    try:
        yield
    finally:
        _seal.reset(before)


def _parse(line: str, seal: Seal | None) -> HeaderLine | None:
    found = _LINE.match(line)
    if found is None or (seal is not None and not _sealed(found, seal)):
        return None
    author = Actor(
        _KINDS[found["who"]], name=found["name"] or None, email=found["email"] or None, phone=found["phone"] or None
    )
    try:
        moment = None if found["time"] == "-" else datetime.fromisoformat(found["time"])
    except ValueError:  # a 31st of February: no importer wrote that
        return None
    return HeaderLine(author, moment, Visibility(found["visibility"]), MessageKind(found["kind"]))


def _sealed(found: re.Match[str], seal: Seal) -> bool:
    return found["seal"] == seal(squash(found.string[: found.start("tail")]))


def with_header(body: Body, header: HeaderLine) -> Body:
    """Return ``body`` with the header line as its first line."""
    line, seal = str(header), _seal.get()
    if seal is not None:
        line = f"{line} · {seal(squash(line))}"
    if body.html is not None:
        return Body(html=f"<p>{html.escape(line, quote=False)}</p>\n{body.html}")
    return Body(text=f"{line}\n\n{body.text}")


def with_marker(body: Body, marker: str) -> Body:
    """Return ``body`` with the marker as its last line."""
    if body.html is not None:
        return Body(html=f"{body.html}\n<p>[ref:{marker}]</p>")
    return Body(text=f"{body.text}\n\n[ref:{marker}]")


def split_header(body: Body, seal: Seal | None = None) -> tuple[HeaderLine | None, Body]:
    """Take the header line off a body: what it says (None without one), and the rest.

    With a ``seal`` only a line that it sealed is one. Without it any line of this form is, so that what it says is
    anybody's word.
    """
    if _HEADER_START not in (body.text if body.html is None else body.html):
        return None, body
    if body.html is not None:
        found = _HTML_FIRST.match(body.html)
        header = _parse(" ".join(unescaped(found["line"]).split()), seal) if found else None
        return (header, Body(html=body.html[found.end() :])) if found and header else _split_text(body, seal)
    return _split_text(body, seal)


def _split_text(body: Body, seal: Seal | None) -> tuple[HeaderLine | None, Body]:
    first, _, rest = body.text.lstrip().partition("\n")
    header = _parse(" ".join(first.split()), seal)
    return (header, Body(text=rest.lstrip("\n"))) if header else (None, body)


def looks_like_ours(body: Body) -> bool:
    """Whether a text from outside holds what could be taken for a header line or a marker."""
    if body.html is None:
        return quoting.looks_alike(body.text)
    if not quoting.may_look_alike(body.html):
        return False
    # Old releases of libxml2 leave "&lbrack;" as it is, and browsers show a bracket.
    return quoting.looks_alike(_seen(body).text) or quoting.quoted_markup(body.html) != body.html


def quoted(body: Body) -> Body:
    """Return ``body`` with a mark in what could be taken for a header line or a marker."""
    if not looks_like_ours(body):
        return body
    if body.html is None:
        return Body(text=quoting.quoted(body.text))
    seen, marked = _seen(body), Body(html=quoting.quoted_markup(body.html))
    if seen.shortened or quoting.quoted(quoting.unquoted(marked.text)) == marked.text:
        return marked
    # A style hides something between the letters: only the text shows where they are.
    return Body(html=text_to_html(quoting.quoted(seen.text)))


def unquoted(body: Body) -> Body:
    """Return the text of ``body`` as it was before ``quoted``; a body without such a mark as it is."""
    text = _seen(body).text
    there = quoting.unquoted(text)
    return body if there == text else Body(text=there)


def _seen(body: Body) -> Body:
    """Return ``body`` with the text that readers of its markup see, which is read from it once."""
    alone = Body(html=body.html)
    return body if body.html is None or body == alone else alone


def split_marker(body: Body) -> tuple[str | None, Body]:
    """Take the marker off the end of a body: the marker (None without one), and the rest."""
    if _MARKER_START not in (body.text if body.html is None else body.html):
        return None, body
    if body.html is not None:
        # Only the end is looked at: a search from the front is quadratic over white space, of which anyone can send much.
        markup = body.html.rstrip()
        for length in _HTML_LAST_LENGTHS:
            if found := _HTML_LAST.fullmatch(markup[-length:]):
                return found["marker"], Body(html=markup[:-length].rstrip())
    head, _, last = body.text.rstrip().rpartition("\n")
    marked = _MARKER.match(last.strip())
    return (marked["marker"], Body(text=head.rstrip("\n"))) if marked else (None, body)
