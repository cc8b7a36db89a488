"""Thread layout: one message each, one note for all later messages, or everything in the opening.

Which messages go together is decided here, and what they become; who wrote them comes mapped from outside. An internal
text never goes into a public message: ``Bundle`` refuses it, whoever makes one.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Opening
from helpdesk_bridge.adapter.header_line import HeaderLine, quoted, with_header
from helpdesk_bridge.migration.options import Threads
from helpdesk_bridge.model.records import Message, Ticket
from helpdesk_bridge.model.refs import opening_id
from helpdesk_bridge.model.values import Actor, ActorKind, Attachment, Body, MessageKind, Visibility

BEGINS_INTERNAL: Final = "[Imported] This ticket begins with an internal note."
IMPORT: Final = Actor(ActorKind.SYSTEM, name="Import")
"""Who wrote what no message of the source is: a neutral opening, a note that holds several messages."""


@frozen
class Neutral:
    """What a ticket is opened with whose first message is internal; ``at`` is when that one was written."""

    ticket_id: str
    at: datetime | None


@frozen
class Bundle:
    """One message to be written, and the source's messages that it holds; the first of them leads.

    ``opening`` says that it opens the ticket, with ``neutral`` words if the first message is internal; ``joined``
    that it is a note of several. Raises ``ValueError`` for an internal message in a public one.
    """

    sources: tuple[Message, ...]
    opening: bool = False
    neutral: Neutral | None = None
    joined: bool = False

    def __attrs_post_init__(self) -> None:
        if self.opening and any(is_internal(source) for source in self.sources):
            raise ValueError("an internal message cannot be part of an opening")
        if not self.opening and not self.joined and len(self.sources) != 1:
            raise ValueError("messages that are written together must become a note or an opening")


def is_internal(message: Message) -> bool:
    """Whether customers cannot read a message at its source: whatever is not said to be public."""
    return message.visibility is not Visibility.PUBLIC


def opening_of(ticket: Ticket) -> Message:
    """Return the opening of a ticket as far as its details tell it."""
    return Message(
        id=opening_id(ticket.id),
        ticket_id=ticket.id,
        author=ticket.requester or Actor(ActorKind.UNKNOWN),
        visibility=Visibility.PUBLIC,
        kind=MessageKind.REPLY,
        body=ticket.description or Body(text=""),
        opening=True,
        created_at=ticket.created_at,
    )


def opening_bundle(thread: Sequence[Message], way: Threads) -> Bundle:
    """Return what the ticket is opened with; what of the thread it does not hold follows as later bundles."""
    first = thread[0]
    neutral = Neutral(first.ticket_id, first.created_at) if is_internal(first) else None
    if way is Threads.DESCRIPTION:
        sources = tuple(message for message in thread if not is_internal(message))
    else:
        sources = () if neutral else (first,)
    return Bundle(sources, opening=True, neutral=neutral)


def later_bundles(messages: Sequence[Message], way: Threads) -> list[Bundle]:
    """Return what to write of messages that the opening does not hold."""
    if not messages:
        return []
    if way is Threads.MESSAGES:
        return [Bundle((message,)) for message in messages]
    return [Bundle(tuple(messages), joined=True)]


def composed(bundle: Bundle, mapped: Sequence[Message]) -> Message:
    """Return a bundle as one message. ``mapped`` are its sources as the destination knows their people.

    What of their text looks like a header line or a marker is quoted: only lines that are written here look like one.
    """
    mapped = [evolve(message, body=quoted(message.body)) for message in mapped]
    if bundle.opening:
        return _opening(bundle, mapped)
    if bundle.joined:
        return _note(mapped)
    (one,) = mapped
    kind = MessageKind.NOTE if one.opening and is_internal(one) else one.kind
    return evolve(one, opening=False, kind=kind)


def _opening(bundle: Bundle, mapped: Sequence[Message]) -> Opening:
    if bundle.neutral is None:
        first, *others = mapped
        opening, bodies = Opening.of(first), [first.body]
    else:
        others, bodies = list(mapped), [Body(text=BEGINS_INTERNAL)]
        opening = Opening(
            id=opening_id(bundle.neutral.ticket_id),
            ticket_id=bundle.neutral.ticket_id,
            author=IMPORT,
            visibility=Visibility.PUBLIC,
            kind=MessageKind.REPLY,
            body=bodies[0],
            created_at=bundle.neutral.at,
        )
    if not others:
        return opening
    return evolve(opening, body=_joined([*bodies, *map(_headed, others)]), attachments=_files(mapped))


def _note(mapped: Sequence[Message]) -> Message:
    return evolve(
        mapped[0],
        opening=False,
        author=IMPORT,
        visibility=Visibility.INTERNAL,
        kind=MessageKind.NOTE,
        body=_joined([_headed(message) for message in mapped]),
        to=(),
        cc=(),
        created_at=mapped[-1].created_at,
        attachments=_files(mapped),
    )


def _headed(message: Message) -> Body:
    return with_header(Body(html=message.body.as_html()), HeaderLine.of(message))


def _joined(bodies: Sequence[Body]) -> Body:
    return Body(html="\n<hr>\n".join(body.as_html() for body in bodies))


def _files(messages: Sequence[Message]) -> tuple[Attachment, ...]:
    return tuple(file for message in messages for file in message.attachments)


def with_lines(body: Body, lines: Sequence[str]) -> Body:
    """Return ``body`` with these lines at its end: one for each file that did not come along."""
    if not lines:
        return body
    if body.html is None:
        return Body(text="\n".join([body.text, "", *lines]))
    return Body(html=body.html + "".join(f"\n<p>{html.escape(line, quote=False)}</p>" for line in lines))
