"""People and groups completed from the directory: Deskie names people by id, Desk365 by e-mail."""

from __future__ import annotations

from attrs import evolve, frozen

from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.model.records import Message, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind, Ref


@frozen
class PeopleResolver:
    """Fills in the halves that a vendor did not send; asks for each list once and for each contact at most once."""

    _directory: Directory

    def actor(self, actor: Actor | None) -> Actor | None:
        """Return ``actor`` with name and e-mail if the desk knows them."""
        if actor is None or actor.id is None or actor.email is not None:
            return actor
        if actor.kind is ActorKind.AGENT:
            return self._directory.agent_of(actor)
        if actor.kind is ActorKind.CONTACT and actor.phone is None:
            contact = self._directory.contact(actor.id)
            if contact is not None:
                return evolve(contact.actor(), name=actor.name or contact.name)
        return actor

    def _group(self, group: Ref | None) -> Ref | None:
        if group is None or group.name is not None:
            return group
        try:
            return self._directory.group(group)
        except HelpdeskError:
            return group

    def ticket(self, ticket: Ticket) -> Ticket:
        """Return ``ticket`` with its people and group filled in."""
        requester, assignee, group = (
            self.actor(ticket.requester),
            self.actor(ticket.assignee),
            self._group(ticket.group),
        )
        if requester is ticket.requester and assignee is ticket.assignee and group is ticket.group:
            return ticket
        return evolve(ticket, requester=requester, assignee=assignee, group=group)

    def message(self, message: Message) -> Message:
        """Return ``message`` with its author filled in."""
        author = self.actor(message.author)
        return message if author is message.author or author is None else evolve(message, author=author)
