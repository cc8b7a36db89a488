"""Links: addresses of old tickets in the texts of moved messages, changed to where those tickets are now.

It comes after the run, when every target is known, and rewrites messages where the destination lets them be changed. Each
rewrite is written down before it is sent, so that one which was stopped is recognised and done again. What cannot be changed
(a note at Desk365) is listed; the redirects of the old addresses serve it. A message whose text was changed is known by this
journal alone: another journal would look for the source's text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Rewriter
from helpdesk_bridge.errors import HelpdeskError, NotFound
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.states import IN_A_THREAD, Kind, Record, State, reason_of
from helpdesk_bridge.migration.later.reassign import CHANGED, kept_images
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.load.edits import CANNOT, TOGETHER
from helpdesk_bridge.migration.load.lookup import WHOLE
from helpdesk_bridge.migration.redirects import Address
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Body

REWRITTEN: Final = "rewritten"
WOULD: Final = "to be rewritten"
LEFT: Final = "left"
_BEFORE: Final = "before"
"""Where an expectation holds that of before a rewrite whose answer is not there yet."""
_TEXTS: Final = ("text", "bare", "links")
_ID: Final = r"""(?P<id>[^\s"'<>?#/&\\]+)"""
_AFTER: Final = ".,;:!)]}"


@frozen
class Linked:
    """A message with addresses of old tickets: how many, and what became of them; ``destination`` is its ticket there."""

    ticket: str
    message: str
    destination: str
    links: int
    outcome: str
    why: str = ""


class LinkMap:
    """From old addresses to new ones: those that ``old`` makes of ids or numbers, as ``targets`` says."""

    def __init__(self, old: Address, targets: Mapping[str, str]) -> None:
        """``targets`` are the new addresses by what stands in the place of ``{id}`` or ``{number}``, percent-encoded."""
        self._targets = targets
        pattern = re.escape(old.pattern)
        for name in ("id", "number"):
            first, *others = pattern.split(re.escape(f"{{{name}}}"))
            if others:  # another place of the same id is not looked into
                pattern = first + _ID + r"""[^\s"'<>]*?""".join(others)
        self._old = {
            False: re.compile(pattern),
            True: re.compile(pattern.replace("\\&", "&").replace("&", "(?:&amp;|&)")),
        }

    def rewritten(self, body: Body) -> tuple[Body, int]:
        """Return a body with new addresses, and how many there are."""
        if body.html is not None:
            text, count = self._in(body.html, markup=True)
            return (Body(html=text) if count else body), count
        text, count = self._in(body.text, markup=False)
        return (Body(text=text) if count else body), count

    def _in(self, text: str, *, markup: bool) -> tuple[str, int]:
        count = 0

        def new(match: re.Match[str]) -> str:
            nonlocal count
            said = match["id"]
            known = said if said in self._targets else said.rstrip(_AFTER)
            target = self._targets.get(known)
            if target is None:
                return match[0]
            count += 1
            behind = said[len(known) :] if match[0].endswith(said) else ""
            return (html.escape(target) if markup else target) + behind

        return self._old[markup].sub(new, text), count


@frozen(eq=False)
class Links:
    """One pass over everything that was moved. Without ``write`` it only says what it would do."""

    context: LoadContext
    links: LinkMap
    write: bool

    def run(self) -> Iterator[Linked]:
        """Yield each message with links, ticket by ticket; a thread is read once."""
        journal = self.context.journal
        for ticket in journal.each(Kind.TICKET, State.DONE):
            self.context.check_stop()
            if not ticket.destination:
                continue
            records = journal.children(ticket.key.id, *IN_A_THREAD)
            try:
                tail = partial(self.context.importer.tail, ticket.destination[0], WHOLE)
                thread = list(self.context.destination_outage.of_record(tail))
            except NotFound:
                continue
            for found in thread:
                body, count = self.links.rewritten(expected.bare(found.body, self.context.marker_key.seal)[1])
                begun = self._begun(records, found)
                if count or begun is not None:
                    yield self._message(ticket, records, found, body, count)

    @staticmethod
    def _begun(records: Sequence[Record], found: Message) -> Record | None:
        """Return the record of a message whose rewrite was begun and may not have arrived."""
        begun = (one for one in _own(records, found) if one.expected is not None and _BEFORE in one.expected)
        return next(begun, None)

    def _message(self, ticket: Record, records: Sequence[Record], found: Message, body: Body, count: int) -> Linked:
        own = _own(records, found)
        told = partial(Linked, ticket.key.id, own[0].key.id if own else found.id, ticket.destination[0], count)
        why = self._why_not(records, own, found)
        if why is not None:
            return told(LEFT, why)
        if not self.write:
            return told(WOULD)
        record, written = own[0], own[0].expected or {}
        shown = expected.shown_message(found, self.context.marker_key.seal)
        if not count:  # an earlier rewrite arrived, and was not written down
            self.context.journal.save(evolve(record, expected=_without(written)))
            return told(REWRITTEN)
        if not _is_as_written(written, shown):
            return told(LEFT, CHANGED)
        return self._rewrite(record, found, body, told)

    def _why_not(self, records: Sequence[Record], own: Sequence[Record], found: Message) -> str | None:
        if not own:
            return "it was not written by this migration"
        if not isinstance(self.context.importer, Rewriter):
            return CANNOT
        others = found.opening and (
            own[0].position != 0 or any(one.expected is None and not one.destination for one in records)
        )
        return TOGETHER if len(own) > 1 or own[0].expected is None or others else None

    def _rewrite(self, record: Record, found: Message, body: Body, told: Callable[..., Linked]) -> Linked:
        context = self.context
        written: dict[str, Any] = dict(record.expected or {})
        assert isinstance(context.importer, Rewriter)  # noqa: S101 - ``_why_not`` has looked
        header = expected.bare(found.body, context.marker_key.seal)[0]
        said = evolve(found, body=body)
        if header is not None:
            said = evolve(
                said, author=header.author, created_at=header.created_at, visibility=header.visibility, kind=header.kind
            )
        now = expected.message(said, (), context.marker_key.seal)
        before = written.get(_BEFORE) or {name: written[name] for name in _TEXTS if name in written}
        wanted = {name: now[name] if name in _TEXTS else value for name, value in _without(written).items()}
        context.journal.save(evolve(record, expected={**wanted, _BEFORE: before}))
        try:
            send = partial(
                context.importer.rewrite, found.ticket_id, None if found.opening else found.id, said, kept_images(found)
            )
            context.set_values(send)
        except HelpdeskError as error:
            context.journal.save(evolve(record, expected={**_without(written), **before}))
            return told(LEFT, f"the destination refused it: {reason_of(error)}")
        context.journal.save(evolve(record, expected=wanted))
        return told(REWRITTEN)


def _own(records: Sequence[Record], found: Message) -> list[Record]:
    """Return the records of the messages of the source that a message there is."""
    return [one for one in records if found.id in one.destination or (found.opening and expected.opens(one.expected))]


def _without(written: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in written.items() if name != _BEFORE}


def _is_as_written(written: Mapping[str, Any], shown: Mapping[str, Any]) -> bool:
    """Whether nobody changed a message: it shows what was written, or what was there before a rewrite that was begun."""
    states = [written, *([written[_BEFORE]] if _BEFORE in written else [])]
    return any(shown["text"] in (one.get("text"), one.get("bare")) for one in states)
