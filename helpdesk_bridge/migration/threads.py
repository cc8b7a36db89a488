"""How a thread is written: a message each, one note for all that came later, or everything in the opening."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from helpdesk_bridge.headerline import HeaderLine, with_header
from helpdesk_bridge.migration.options import Threads
from helpdesk_bridge.model import Actor, ActorKind, Body, Message, MessageKind, Visibility


@frozen
class Bundle:
    """One message to be written, and the source's messages that it holds."""

    message: Message
    sources: tuple[Message, ...]


def arrange(thread: Sequence[Message], way: Threads) -> list[Bundle]:
    """Return what to write of a thread, the opening first."""
    opening, later = thread[0], tuple(thread[1:])
    if not later or way is Threads.MESSAGES:
        return [Bundle(one, (one,)) for one in thread]
    if way is Threads.DESCRIPTION:
        return [Bundle(evolve(opening, body=_joined((opening, *later), first_as_is=True)), (opening, *later))]
    note = evolve(
        later[0],
        author=Actor(ActorKind.SYSTEM),
        visibility=Visibility.INTERNAL,
        kind=MessageKind.NOTE,
        body=_joined(later, first_as_is=False),
        created_at=later[-1].created_at,
        attachments=tuple(file for one in later for file in one.attachments),
    )
    return [Bundle(opening, (opening,)), Bundle(note, later)]


def _joined(messages: Sequence[Message], *, first_as_is: bool) -> Body:
    parts = []
    for number, one in enumerate(messages):
        body = one.body if first_as_is and number == 0 else with_header(Body(html=one.body.as_html()), HeaderLine.of(one))
        parts.append(body.as_html())
    return Body(html="\n<hr>\n".join(parts))


def with_missing_files(body: Body, lines: Sequence[str]) -> Body:
    """Return ``body`` with a visible line for each file that did not come along."""
    if not lines:
        return body
    if body.html is None:
        return Body(text="\n".join([body.text, "", *lines]))
    import html  # noqa: PLC0415 - only where a file is missing

    return Body(html=body.html + "".join(f"\n<p>{html.escape(line, quote=False)}</p>" for line in lines))
