"""Notes with an idempotency key: a marker in the note's last line, looked for before it is written.

Vendors have no place for keys. The marker is a digest of account, ticket and key, so that it says nothing; it stands
where agents see it and customers do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import evolve

from helpdesk_bridge.errors import InDoubt
from helpdesk_bridge.headerline import split_marker, with_marker
from helpdesk_bridge.model import Message, MessageDraft, Sent, Visibility, body_of
from helpdesk_bridge.text import digest


def note_once(
    thread: Iterable[Message], write: Callable[[MessageDraft], Sent], draft: MessageDraft, *where: str, key: str
) -> Sent:
    """Write a note, or return the one that was written with this key before; ``where`` names account and ticket.

    It costs the pages of the thread. Two callers at the same moment may both find nothing and both write. ``InDoubt``
    carries the key: once ``settle_seconds`` have passed, the same call finds what became of it.
    """
    marker = digest(*where, key)
    for message in thread:
        if message.visibility is Visibility.INTERNAL and split_marker(message.body)[0] == marker:
            return Sent((message.id,), message.created_at, message)
    try:
        return write(evolve(draft, body=with_marker(body_of(draft.body), marker)))
    except InDoubt as error:
        error.marker = key
        raise
