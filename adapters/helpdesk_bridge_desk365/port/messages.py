"""Messages (``desk.messages``): the description is the opening message, conversations hold the later messages."""

from __future__ import annotations

from attrs import frozen

from helpdesk_bridge.adapter import Message, MessageDraft, Page, Person, Sent, Ticket, Unsupported
from helpdesk_bridge_desk365.client.client import Desk365Client, numbered
from helpdesk_bridge_desk365.port.observed import ObservedValues
from helpdesk_bridge_desk365.wire import reading, writing
from helpdesk_bridge_desk365.wire.account import AccountContext
from helpdesk_bridge_desk365.wire.documents import WrittenDocument


@frozen
class Desk365Messages:
    """Reads threads and writes into them."""

    _client: Desk365Client
    _account: AccountContext
    _observed: ObservedValues

    def page(self, ticket_id: str, cursor: str | None, *, ticket: Ticket | None = None) -> Page[Message]:  # noqa: ARG002 - a thread is one page
        """Return the whole thread: one call for the opening and its files, one more if anything follows.

        ``ticket`` saves the first call if it was read with description and files, and the second if its
        ``message_count`` says that nothing follows. Only a ticket's details have the files of the opening message.
        """
        number = numbered(ticket_id)
        known = ticket if ticket is not None and not ticket.not_loaded & {"description", "attachments"} else None
        read = known or reading.ticket(self._client.ticket(number), self._account)
        opening = reading.opening(read)
        if read.message_count == 1:
            return Page((opening,), total=1)
        requester = read.requester.email if read.requester is not None else None
        later, told = self._later(number, requester)
        # observed: its count leaves out the description.
        return Page((opening, *later), total=len(later) + 1 if told is None else told + 1)

    def later(self, ticket_id: str) -> tuple[Message, ...]:
        """Return the messages after the opening, in one call."""
        return self._later(numbered(ticket_id), None)[0]

    def _later(self, number: str, requester: str | None) -> tuple[tuple[Message, ...], int | None]:
        """Return the messages after the opening, and how many Desk365 says there are."""
        rows = self._client.conversations(number)
        messages = reading.messages(rows.items, number, self._account, requester=requester)
        self._observed.learn_thread(messages)
        return messages, rows.total

    def reply(self, ticket_id: str, draft: MessageDraft) -> Sent:
        """Answer the customer, as the agent who owns the API key."""
        written = self._client.add_reply(numbered(ticket_id), writing.reply_document(draft), draft.attachments)
        return Sent(_ids(written))

    def note(self, ticket_id: str, draft: MessageDraft) -> Sent:
        """Add a private note, as the agent who owns the API key."""
        if draft.cc:
            raise Unsupported("a note at Desk365 cannot have cc", capability="messages.note:cc")
        note = writing.note_document(writing.html_of(draft.body, draft.attachments))
        return Sent(_ids(self._client.add_note(numbered(ticket_id), note, draft.attachments)))

    def add_from_contact(self, ticket_id: str, draft: MessageDraft, author: Person) -> Sent:  # noqa: ARG002 - refused
        """Refuse: the API adds messages as an agent, and a reply would mail customers their own words."""
        raise Unsupported("Desk365's API cannot record a customer's message", capability="messages.add_from_contact")


def _ids(written: WrittenDocument) -> tuple[str, ...]:
    return (str(written.id),) if written.id is not None else ()
