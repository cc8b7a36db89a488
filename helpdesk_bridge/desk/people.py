"""People and groups completed from the directory: Deskie names people by id, Desk365 by e-mail."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, evolve, frozen

from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind, Ref


@define
class Crowd:
    """The customers that the tickets at hand name, so that many are asked for at once and few one by one.

    ``pages`` is how many times as many the whole listing may name; ``ask`` allows a call that tells how many contacts
    there are.
    """

    _directory: Directory
    _ids: frozenset[str] = frozenset()
    _pages: float = 1
    _ask: bool = True

    def expect(self, tickets: Iterable[Ticket], pages: float, *, ask: bool) -> None:
        """Take note of the tickets that will be shown next."""
        actors = (ticket.requester for ticket in tickets)
        self._ids = frozenset(
            one.id
            for one in actors
            if one is not None and one.id and one.kind is ActorKind.CONTACT and one.email is None and one.phone is None
        )
        self._pages, self._ask = pages, ask

    def contact(self, contact_id: str) -> Contact | None:
        """Return a contact, with others of the crowd if that is cheaper."""
        return self._directory.contact(contact_id, self._wanted, ask=self._ask)

    def _wanted(self) -> float:
        return self._directory.unknown(self._ids) * self._pages


@frozen
class PeopleResolver:
    """Fills in the halves that a vendor did not send; asks for each list once and for each contact at most once."""

    _directory: Directory

    def crowd(self) -> Crowd:
        """Return who is named by the tickets of one listing."""
        return Crowd(self._directory)

    def actor(self, actor: Actor | None, crowd: Crowd | None = None) -> Actor | None:
        """Return ``actor`` with name and e-mail if the desk knows them."""
        if actor is None or actor.id is None or actor.email is not None:
            return actor
        if actor.kind is ActorKind.AGENT:
            return self._directory.agent_of(actor)
        if actor.kind is ActorKind.CONTACT and actor.phone is None:
            contact = self._directory.contact(actor.id) if crowd is None else crowd.contact(actor.id)
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

    def ticket(self, ticket: Ticket, crowd: Crowd | None = None) -> Ticket:
        """Return ``ticket`` with its people and group filled in."""
        requester, assignee, group = (
            self.actor(ticket.requester, crowd),
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
