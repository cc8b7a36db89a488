"""How a thread is written: a message each, one note for all that came later, or everything in the opening."""

from __future__ import annotations

import html
from collections.abc import Sequence

from attrs import evolve, frozen

from helpdesk_bridge.headerline import HeaderLine, with_header
from helpdesk_bridge.migration.options import Threads
from helpdesk_bridge.model import SYSTEM, Body, Message, MessageKind, Visibility


@frozen
class Bundle:
    """One message to be written, and the source's messages that it holds; the first of them leads."""

    message: Message
    sources: tuple[Message, ...]


def opening_bundle(thread: Sequence[Message], way: Threads) -> Bundle:
    """Return what the ticket is opened with."""
    opening = evolve(thread[0], opening=True)
    if way is not Threads.DESCRIPTION or len(thread) == 1:
        return Bundle(opening, (thread[0],))
    files = tuple(file for one in thread for file in one.attachments)
    return Bundle(evolve(opening, body=_joined(thread, first_as_is=True), attachments=files), tuple(thread))


def later_bundles(messages: Sequence[Message], way: Threads) -> list[Bundle]:
    """Return what to write of messages after the opening."""
    if not messages:
        return []
    if way is Threads.MESSAGES:
        return [Bundle(one, (one,)) for one in messages]
    note = evolve(
        messages[0],
        author=SYSTEM,
        visibility=Visibility.INTERNAL,
        kind=MessageKind.NOTE,
        body=_joined(messages, first_as_is=False),
        created_at=messages[-1].created_at,
        attachments=tuple(file for one in messages for file in one.attachments),
    )
    return [Bundle(note, tuple(messages))]


def _joined(messages: Sequence[Message], *, first_as_is: bool) -> Body:
    parts = []
    for number, one in enumerate(messages):
        plain = first_as_is and number == 0
        body = one.body if plain else with_header(Body(html=one.body.as_html()), HeaderLine.of(one))
        parts.append(body.as_html())
    return Body(html="\n<hr>\n".join(parts))


def with_lines(body: Body, lines: Sequence[str]) -> Body:
    """Return ``body`` with these lines at its end: one for each file that did not come along."""
    if not lines:
        return body
    if body.html is None:
        return Body(text="\n".join([body.text, "", *lines]))
    return Body(html=body.html + "".join(f"\n<p>{html.escape(line, quote=False)}</p>" for line in lines))
