"""Idempotency keys of notes: a marker in the note's last line, searched for before the note is written.

Vendors have no place for keys. The marker is keyed by the desk's own API key, so that it says nothing and nobody else
can compute it; agents see it and customers do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from attrs import evolve

from helpdesk_bridge.adapter.header_line import split_marker, with_marker
from helpdesk_bridge.errors import InDoubt
from helpdesk_bridge.model.drafts import MessageDraft, Sent
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Visibility, body_of


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
            return Sent((message.id,), message.created_at, message)
    try:
        return write(evolve(draft, body=with_marker(body_of(draft.body), tokens[0])))
    except InDoubt as error:
        error.marker = key
        raise
