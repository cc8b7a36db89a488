"""Messages of a fake, whose ``repr`` says who writes what to whom.

A record of a real desk shows no customer's text: what is logged or reported from a program has none. What a test made up
is what the one who reads its failure wants to see.
"""

from __future__ import annotations

from typing import Any, Final

import attrs
from attrs import evolve, frozen

from helpdesk_bridge.adapter import MessagesAdapter, Page
from helpdesk_bridge.model.drafts import MessageDraft, Sent
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Person

_SHOWN: Final = 60
_COMPARED: Final = tuple(one.name for one in attrs.fields(Message) if one.eq)


class ShownMessage(Message):
    """A message that shows visibility, author, recipients and its first words; it equals any message with its values."""

    __slots__ = ()

    @classmethod
    def of(cls, message: Message) -> ShownMessage:
        """Return a message as one that shows itself."""
        return cls(**{one.name: getattr(message, one.name) for one in attrs.fields(Message)})

    def __repr__(self) -> str:
        author = self.author.email or self.author.name or self.author.phone or self.author.id or self.author.kind.value
        to = f" to {', '.join(self.to)}" if self.to else ""
        words = " ".join(self.body.text.split())
        said = words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…"
        files = "".join(f", {file.filename}" for file in self.attachments)
        kind = "opening" if self.opening else self.kind.value
        what = f"{self.visibility.value} {kind} {self.id} of ticket {self.ticket_id}"
        return f"<Message {what} by {author}{to}: {said!r}{files}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _COMPARED)

    __hash__ = Message.__hash__


class Outgoing(tuple[Message, ...]):
    """Messages that would have gone out, shown one a line."""

    __slots__ = ()

    @classmethod
    def of(cls, messages: tuple[Message, ...]) -> Outgoing:
        """Return messages as such that show themselves."""
        return cls(ShownMessage.of(message) for message in messages)

    def __repr__(self) -> str:
        lines = "".join(f"\n  {message!r}" for message in self)
        return f"<{len(self)} outgoing message{'' if len(self) == 1 else 's'}{':' if self else ''}{lines}>"


@frozen(eq=False)
class ShownMessages:
    """Threads of an adapter, whose messages show themselves."""

    _inner: MessagesAdapter

    def page(self, ticket_id: str, cursor: str | None) -> Page[Message]:
        """Return a page of the whole thread, oldest first, the opening first."""
        page = self._inner.page(ticket_id, cursor)
        return page.holding(tuple(map(ShownMessage.of, page.items)))

    def reply(self, ticket_id: str, draft: MessageDraft) -> Sent:
        """Answer the customer."""
        return _shown(self._inner.reply(ticket_id, draft))

    def note(self, ticket_id: str, draft: MessageDraft) -> Sent:
        """Add an internal note."""
        return _shown(self._inner.note(ticket_id, draft))

    def add_from_contact(self, ticket_id: str, draft: MessageDraft, author: Person) -> Sent:
        """Record what a customer wrote elsewhere."""
        return _shown(self._inner.add_from_contact(ticket_id, draft, author))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _shown(sent: Sent) -> Sent:
    return sent if sent.message is None else evolve(sent, message=ShownMessage.of(sent.message))
