"""Routes of messages: replies and notes, with and without files."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from helpdesk_bridge.testing.simulator import DOCUMENTED, Call, Reply, UploadedFile, route
from helpdesk_bridge_desk365.simulator.parameters import (
    checked_email,
    flag_of,
    json_object,
    multipart_object,
    multipart_text,
    required_text,
    text_of,
    uploads,
)
from helpdesk_bridge_desk365.simulator.records.lifecycle import add_message
from helpdesk_bridge_desk365.simulator.records.records import AGENT, CONTACT, Agent, Message, Ticket
from helpdesk_bridge_desk365.simulator.refusals import invalid
from helpdesk_bridge_desk365.simulator.service import ROOT, RouteGroup
from helpdesk_bridge_desk365.simulator.text import comma_list, comma_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_Body = dict[str, Any]


class MessageRoutes(RouteGroup):
    """Replies reach the contact, notes do unless they are private; all answer 201. observed: dossier section 6.3."""

    @route("POST", f"{ROOT}/tickets/add_reply", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def add_reply(self, call: Call) -> Reply:
        """Reply as an agent; the contact gets an e-mail."""
        return self._reply(self.service.ticket_of(call), json_object(call), ())

    @route("POST", f"{ROOT}/tickets/add_reply_with_attachment", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def add_reply_with_attachment(self, call: Call) -> Reply:
        """Reply from `reply_object`, with files."""
        ticket = self._ticket_of_multipart(call)
        return self._reply(ticket, multipart_object(call, "reply_object"), uploads(call, self.service.settings))

    @route("POST", f"{ROOT}/tickets/add_note", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def add_note(self, call: Call) -> Reply:
        """Note, private unless `private_note` is 0."""
        return self._note(self.service.ticket_of(call), json_object(call), ())

    @route("POST", f"{ROOT}/tickets/add_note_with_attachment", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def add_note_with_attachment(self, call: Call) -> Reply:
        """Note from `note_object`, with files."""
        ticket = self._ticket_of_multipart(call)
        return self._note(ticket, multipart_object(call, "note_object"), uploads(call, self.service.settings))

    def _reply(self, ticket: Ticket, body: _Body, files: Sequence[UploadedFile]) -> Reply:
        copies = _addresses(body, "cc_emails")
        if flag_of(body, "include_prev_ccs", default=0):
            copies = list(dict.fromkeys([*_previous_copies(ticket), *copies]))
        flag_of(body, "include_prev_messages", default=0)
        blind = _addresses(body, "bcc_emails")
        message = self._append_message(
            ticket, body, files, type="reply", cc=comma_text(copies), bcc=comma_text(blind), to=None, public_note=None
        )
        self.account.mail(CONTACT, "reply", ticket, [ticket.contact.email, *copies, *blind])
        return self._message_created(
            ticket,
            message,
            {
                "body": message.body,
                "cc_emails": message.cc,
                "bcc_emails": message.bcc,
                "from_email": text_of(body, "from_email") or self.account.support_address,
                "to_email": ticket.contact.email,
            },
        )

    def _note(self, ticket: Ticket, body: _Body, files: Sequence[UploadedFile]) -> Reply:
        private = flag_of(body, "private_note", default=1)
        notified = [self._known_agent(email, "notify_emails").email for email in _addresses(body, "notify_emails")]
        to = None if private else ticket.contact.email
        message = self._append_message(
            ticket, body, files, type="note", public_note=not private, notified=comma_text(notified), to=to
        )
        if not private:
            self.account.mail(CONTACT, "public note", ticket, [ticket.contact.email])
        self.account.mail(AGENT, "note", ticket, notified)
        return self._message_created(
            ticket,
            message,
            {"body": message.body, "notify_emails": message.notified, "to_email": to},
            private_note=private,
        )

    def _append_message(self, ticket: Ticket, body: _Body, files: Sequence[UploadedFile], **facts: Any) -> Message:
        """Append the message, written by `agent_email` or else the key's owner, now."""
        email = text_of(body, "agent_email")
        author = self.service.key_owner() if email is None else self._known_agent(email, "agent_email")
        text = required_text(body, "body")
        message = Message(
            id=self.account.next_message_id(),
            sender_type=AGENT,
            email=author.email,
            name=author.name,
            body=text,
            created_on=self.service.now(),
            files=tuple(self.service.links.keep(file.filename, file.content_type, file.content) for file in files),
            **facts,
        )
        ticket.updated_by = author.email
        add_message(self.account, ticket, message)
        return message

    def _message_created(self, ticket: Ticket, message: Message, document: _Body, **after: Any) -> Reply:
        """Answer with the echo, in the recorded order; message ids came in 2026. observed: dossier section 6.3."""
        document |= {"ticket_number": ticket.number, **after}
        document["attachments"] = [
            self.service.links.descriptor(file, message.created_on, self.service.base_url) for file in message.files
        ]
        if self.service.flag("additions_2026"):
            document["id"] = message.id
        return self.service.answer(document, HTTPStatus.CREATED)

    def _ticket_of_multipart(self, call: Call) -> Ticket:
        number = multipart_text(call, "ticket_number")
        if number is None:
            raise self.service.query_missing(call)
        return self.service.ticket_of(call, number)

    def _known_agent(self, email: str, name: str) -> Agent:
        agent = self.account.agent(email)
        if agent is None:
            raise invalid(f"The agent {email} in {name} does not exist.", name)
        return agent


def _addresses(body: _Body, name: str) -> list[str]:
    """Return the e-mails of a comma string; an array is 400 (assumed). documented: OpenAPI, "CC emails separated by comma"."""
    return [checked_email(email, name) for email in comma_list(text_of(body, name) or "")]


def _previous_copies(ticket: Ticket) -> list[str]:
    return [email for message in ticket.messages for email in comma_list(message.cc or "")]
