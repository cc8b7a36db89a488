"""People of an archive: the halves that a vendor did not send with a ticket, filled in from its contacts and agents."""

from __future__ import annotations

from attrs import evolve

from helpdesk_bridge.archive.archive import Archive
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.records import Agent, Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind, Ref


class People:
    """Fills in names and addresses; every contact is read at most once."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        agents: tuple[Agent, ...] = archive.entries("agents")
        self._agents = {agent.id: agent for agent in agents}
        self._agents_by_email = {email_key(agent.email): agent for agent in agents if agent.email}
        self._groups = {group.id: group.name for group in archive.entries("groups")}
        self._companies = {company.id: company.name for company in archive.entries("companies")}
        self._contacts: dict[str, Contact | None] = {}

    def actor(self, actor: Actor | None) -> Actor | None:
        """Return a person with the name, e-mail and phone that are known."""
        if actor is None or actor.kind not in (ActorKind.AGENT, ActorKind.CONTACT):
            return actor
        known = self._agent(actor) if actor.kind is ActorKind.AGENT else self._contact(actor)
        if known is None:
            return actor
        return Actor(
            actor.kind,
            actor.id or known.id,
            actor.name or known.name,
            actor.email or known.email,
            actor.phone or known.phone,
        )

    def _agent(self, actor: Actor) -> Actor | None:
        agent = self._agents.get(actor.id or "") or self._agents_by_email.get(email_key(actor.email or ""))
        return None if agent is None else Actor.agent(id=agent.id, name=agent.name, email=agent.email)

    def _contact(self, actor: Actor) -> Actor | None:
        if actor.id is None:
            return None
        if actor.id not in self._contacts:
            self._contacts[actor.id] = self._archive.contact(actor.id)
        contact = self._contacts[actor.id]
        return None if contact is None else contact.actor()

    @staticmethod
    def _named(ref: Ref | None, names: dict[str, str]) -> Ref | None:
        if ref is None or ref.id is None or ref.name is not None:
            return ref
        return Ref(ref.id, names.get(ref.id))

    def ticket(self, ticket: Ticket, thread: tuple[Message, ...]) -> Ticket:
        """Return a ticket as it is shown: with its people, and with what its thread says of it."""
        opening = next((message for message in thread if message.opening), None)
        loaded = frozenset({"description", "attachments"} if opening is not None else ())
        filled = evolve(
            ticket,
            requester=self.actor(ticket.requester),
            assignee=self.actor(ticket.assignee),
            group=self._named(ticket.group, self._groups),
            company=self._named(ticket.company, self._companies),
            not_loaded=ticket.not_loaded - loaded,
        )
        if opening is not None:
            filled = evolve(filled, description=opening.body, attachments=opening.attachments)
        if thread and (ticket.message_count is None or "message_count" in ticket.not_loaded):
            filled = evolve(filled, message_count=len(thread), not_loaded=filled.not_loaded - {"message_count"})
        return filled

    def message(self, message: Message) -> Message:
        """Return a message with its author."""
        author = self.actor(message.author)
        return message if author is None or author == message.author else evolve(message, author=author)
