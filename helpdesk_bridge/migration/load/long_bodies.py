"""Long bodies: those of one thread wait in the spool, so that a load holds one of them at a time."""

from __future__ import annotations

from typing import Final

from attrs import evolve, field, frozen

from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.plan.message_use import uses
from helpdesk_bridge.migration.source.versions import message_version
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Body

LONG: Final = 1_000_000
"""Characters of a body that is put away."""
_KIND: Final = "long body"
_AWAY: Final = Body(text="")


@frozen(eq=False)
class LongBodies:
    """The long bodies of one ticket's thread."""

    spool: Spool
    ticket_id: str
    _away: dict[str, tuple[str, str]] = field(factory=dict, init=False)

    def put_away(self, message: Message) -> Message:
        """Return a message to be kept in memory: one with a long body is kept without, and ``back`` returns it whole."""
        if not is_long(message.body):
            return message
        self.spool.put(_KIND, self._key(message.id), message.body)
        self._away[message.id] = _told(message)
        return evolve(message, body=_AWAY)

    def back(self, message: Message) -> Message:
        """Return a message with its own body."""
        if message.body is not _AWAY:
            return message
        body = self.spool.get(_KIND, self._key(message.id), Body)
        if body is None:
            raise LookupError("a body that was put away is not in the spool any more")
        return evolve(message, body=body)

    def told(self, message: Message) -> tuple[str, str]:
        """Return what the journal says of a message and what depends on its body: the fields in use and the version."""
        return self._away.get(message.id) or _told(message)

    def drop(self) -> None:
        """Remove them from the spool."""
        for message_id in self._away:
            self.spool.remove(_KIND, self._key(message_id))
        self._away.clear()

    def _key(self, message_id: str) -> str:
        return f"{self.ticket_id}/{message_id}"


def _told(message: Message) -> tuple[str, str]:
    return uses(message), message_version(message)


def is_long(body: Body) -> bool:
    """Whether a body is too long for several of its kind to be held at once."""
    return len(body.html if body.html is not None else body.text) > LONG
