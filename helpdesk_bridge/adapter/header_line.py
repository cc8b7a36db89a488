"""The header line: author, time and visibility of an imported message that its vendor cannot store.

One line, written by an importer as the first of the body and read back by the verification of a migration:

    [Imported] Ann Lee <ann@example.com> · customer · 2026-03-02T09:15:00Z · public · reply
"""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Final

from attrs import evolve, frozen

from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Actor, ActorKind, Body, MessageKind, Visibility
from helpdesk_bridge.text.markup import unescaped

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
    r"(?P<kind>reply|note|forward|automatic)(?: · phone (?P<phone>[^·\n]+))?$"
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


def _parse(line: str) -> HeaderLine | None:
    found = _LINE.match(line)
    if found is None:
        return None
    author = Actor(
        _KINDS[found["who"]], name=found["name"] or None, email=found["email"] or None, phone=found["phone"] or None
    )
    try:
        moment = None if found["time"] == "-" else datetime.fromisoformat(found["time"])
    except ValueError:  # a 31st of February: no importer wrote that
        return None
    return HeaderLine(author, moment, Visibility(found["visibility"]), MessageKind(found["kind"]))


def with_header(body: Body, header: HeaderLine) -> Body:
    """Return ``body`` with the header line as its first line."""
    if body.html is not None:
        return Body(html=f"<p>{html.escape(str(header), quote=False)}</p>\n{body.html}")
    return Body(text=f"{header}\n\n{body.text}")


def with_marker(body: Body, marker: str) -> Body:
    """Return ``body`` with the marker as its last line."""
    if body.html is not None:
        return Body(html=f"{body.html}\n<p>[ref:{marker}]</p>")
    return Body(text=f"{body.text}\n\n[ref:{marker}]")


def split_header(body: Body) -> tuple[HeaderLine | None, Body]:
    """Take the header line off a body: what it says (None without one), and the rest."""
    if _HEADER_START not in (body.text if body.html is None else body.html):
        return None, body
    if body.html is not None:
        found = _HTML_FIRST.match(body.html)
        header = _parse(" ".join(unescaped(found["line"]).split())) if found else None
        return (header, Body(html=body.html[found.end() :])) if found and header else _split_text(body)
    return _split_text(body)


def _split_text(body: Body) -> tuple[HeaderLine | None, Body]:
    first, _, rest = body.text.lstrip().partition("\n")
    header = _parse(" ".join(first.split()))
    return (header, Body(text=rest.lstrip("\n"))) if header else (None, body)


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
