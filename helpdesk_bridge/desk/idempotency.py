"""Idempotency keys of notes: a marker in the note's last line, searched for before the note is written.

Vendors have no place for keys. The marker is keyed by the desk's own API key, so that it says nothing and nobody else
can compute it; agents see it and customers do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from attrs import evolve

from helpdesk_bridge.adapter.header_line import split_marker, with_marker
from helpdesk_bridge.errors import InDoubt
from helpdesk_bridge.keys import of_an_application
from helpdesk_bridge.model.drafts import MessageDraft, Sent
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Body, Visibility, body_of


def note_once(
    thread: Iterable[Message],
    write: Callable[[MessageDraft], Sent],
    draft: MessageDraft,
    tokens: Sequence[str],
    *,
    key: str,
) -> Sent:
    """Write a note, or return the one that was written with this key before.

    The first of ``tokens`` is written; the others are what this key was written as before the API key changed.
    It costs the pages of the thread. Two callers at the same moment may both find nothing and both write. ``InDoubt``
    carries the key: once ``settle_seconds`` have passed, the same call finds what became of it.
    """
    for message in thread:
        if message.visibility is Visibility.INTERNAL and split_marker(message.body)[0] in tokens:
            return Sent((message.id,), message.created_at, unmarked(message))
    try:
        sent = write(evolve(draft, body=with_marker(body_of(draft.body), tokens[0])))
        return sent if sent.message is None else evolve(sent, message=unmarked(sent.message))
    except InDoubt as error:
        error.marker = key
        raise


def unmarked(message: Message) -> Message:
    """Return a message as it was meant: an application's key is no part of what its note or opening says."""
    if message.visibility is not Visibility.INTERNAL and not message.opening:
        return message
    body = without_key(message.body)
    return message if body is message.body else evolve(message, body=body)


def without_key(body: Body) -> Body:
    """Return a body without the marker of an idempotency key in its last line; a migration's marker stays."""
    marker, rest = split_marker(body)
    return rest if marker is not None and of_an_application(marker) else body
