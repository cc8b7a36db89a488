"""Mapping: a source record as it is written at the destination, with its people, words and lengths."""

from __future__ import annotations

import html
import re
from typing import Any, Final, TypeVar

from attrs import evolve, frozen

from helpdesk_bridge.adapter import is_marker_field
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.states import OPAQUE_PREFIX
from helpdesk_bridge.migration.plan.field_maps import EndKind
from helpdesk_bridge.migration.plan.people import People, actor_key
from helpdesk_bridge.migration.plan.values import (
    PASSING,
    Values,
    agent_email,
    contact_key,
)
from helpdesk_bridge.model.addresses import Mailbox, is_email
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind, Body, Ref
from helpdesk_bridge.text.images import name_images
from helpdesk_bridge.text.plain import digest, one_line

R = TypeVar("R", Ticket, Contact)

NO_EMAIL_DOMAIN: Final = "no-email.invalid"
_KINDS: Final = {ActorKind.AGENT: "agent", ActorKind.CONTACT: "customer"}
_LOCAL_PART: Final = re.compile(r"[0-9a-z]+(?:[-.][0-9a-z]+)*")
"""Source ids that are a local part as they are; case does not count in one, so that no two others may share it."""


@frozen
class Mapping:
    """Turns the source's records into the destination's. Requests nothing but the lists of the ``MigrationDesk``."""

    source: MigrationDesk
    destination: MigrationDesk
    values: Values
    people: People

    def ticket(self, old: Ticket) -> Ticket:
        """Return a ticket as it is to be written; undecided values are dropped."""
        ticket = self.source.ticket(old)
        status, status_label = self.values.status(ticket.status, ticket.status_label).value or (ticket.status, None)
        priority, priority_label = self.values.priority(ticket.priority, ticket.priority_label).value or (
            ticket.priority,
            None,
        )
        words = {name: self._word(name, getattr(ticket, name)) for name in PASSING}
        there = evolve(
            ticket,
            left_behind={},
            subject=self.subject(ticket.subject),
            status=status,
            status_label=status_label,
            priority=priority,
            priority_label=priority_label,
            requester=self.requester(ticket),
            assignee=self._assignee(ticket.assignee),
            group=self._group(ticket.group),
            watchers=self._watchers(ticket.watchers),
            cc=tuple(box.address for address in ticket.cc if is_email((box := Mailbox.of(address)).address)),
            tags=tuple(new for tag in ticket.tags if (new := self.values.tag(tag).value) is not None),
            custom_fields=self._custom_fields(ticket),
            **words,
        )
        return self._with_maps("ticket", self.read_by_maps(ticket), there)

    def read_by_maps(self, ticket: Ticket) -> Ticket:
        """Return a ticket of the source as field maps read it: its customer with name and address."""
        read = any(str(one.source) == "ticket.requester" for one in self.values.maps)
        return evolve(ticket, requester=self.people.filled(ticket.requester)) if read else ticket

    def _with_maps(self, area: str, old: R, there: R) -> R:
        """Return a record with what the user's field maps put into it."""
        maps = [one for one in self.values.maps if one.area == area]
        if not maps:
            return there
        fields: dict[str, Any] = {"custom_fields": dict(there.custom_fields)}
        for one in maps:
            value: Any = self.values.carries(one, one.value(old))
            if value is None:
                continue
            if one.target.kind is EndKind.CUSTOM:
                fields["custom_fields"][self.values.target_name(one)] = value
            elif isinstance(value, tuple):
                before: tuple[str, ...] = fields.get(one.target.name, getattr(there, one.target.name))
                fields[one.target.name] = tuple(dict.fromkeys((*before, *value)))
            else:
                fields[one.target.name] = value
        return evolve(there, **fields)

    def subject(self, subject: str) -> str:
        """Return a subject that fits: one that is too long ends in an ellipsis."""
        limit = self.destination.desk.capabilities.subject_limit
        if limit is None or len(one_line(subject)) <= limit:
            return subject
        return one_line(subject)[: limit - 1].rstrip() + "…"

    def _word(self, name: str, value: str | None) -> Any:
        return None if value is None else self.values.word(name, value).value

    def _assignee(self, actor: Actor | None) -> Actor | None:
        email = agent_email(self.source, actor)
        return None if email is None else self.values.agent(email).value

    def _watchers(self, watchers: tuple[str, ...]) -> tuple[str, ...]:
        there = (self.values.watcher(email).value for email in watchers)
        addresses = (actor.email or actor.id for actor in there if actor is not None)
        return tuple(dict.fromkeys(address for address in addresses if address))

    def _group(self, group: Ref | None) -> Ref | None:
        if group is None or group.name is None:
            return None
        ref: Ref | None = self.values.group(group.name).value
        return ref

    def _custom_fields(self, ticket: Ticket) -> dict[str, Any]:
        fields = {}
        for name, value in ticket.custom_fields.items():
            if value is None or value == "" or is_marker_field(name):
                continue
            new = self.values.custom_field(name).value
            if new is None:
                continue
            kept = self.values.option(new, value).value
            if kept is not None:
                fields[new] = kept
        return fields

    def requester(self, ticket: Ticket) -> Actor:
        """Return the customer of a ticket at the destination.

        One that the destination cannot hold as a contact, or whose address no vendor accepts, gets the address
        ``<source id>@no-email.invalid``.
        """
        requester = self.people.filled(ticket.requester) or Actor(ActorKind.CONTACT, id=f"ticket-{ticket.id}")
        known = evolve(requester, id=None)
        if not self.loses_address(ticket):
            contact = self.people.at_destination(requester)
            if contact is not None:
                return evolve(known, id=contact.id)
            if requester.email or (requester.phone and "email" not in self.destination.desk.capabilities.contact_needs):
                return known
        return evolve(known, email=self._nobody(requester.id or f"ticket-{ticket.id}"))

    def loses_address(self, ticket: Ticket) -> bool:
        """Whether the address of a ticket's customer is one that no vendor accepts or that the destination refused."""
        requester = self.people.filled(ticket.requester)
        return requester is not None and self._loses(requester)

    def _loses(self, customer: Actor) -> bool:
        known = self.values.decided("requester", customer.id or customer.email or "")
        return known or not (customer.email is None or is_email(customer.email))

    def _nobody(self, source_id: str) -> str:
        """Return the address of a person whose own address no vendor accepts; no mail ever reaches it."""
        name = self.source.contact_key(source_id).removeprefix(OPAQUE_PREFIX)
        return f"{name if _LOCAL_PART.fullmatch(name) else digest('id', name)}@{NO_EMAIL_DOMAIN}"

    def message(self, old: Message, *, inline: bool) -> Message:
        """Return a message with its author as the destination knows them.

        If the destination has no inline images, they become files, named at their places.
        """
        message = old if inline else _without_inline(old)
        return evolve(message, author=self.author(old.author), left_behind={})

    def with_subject(self, message: Message, ticket: Ticket) -> Message:
        """Return the opening; a subject that does not fit is in it in full."""
        if self.subject(ticket.subject) == ticket.subject:
            return message
        line = f"[Subject] {ticket.subject}"
        if message.body.html is None:
            return evolve(message, body=Body(text=f"{line}\n\n{message.body.text}"))
        return evolve(message, body=Body(html=f"<p>{html.escape(line, quote=False)}</p>\n{message.body.html}"))

    def author(self, actor: Actor) -> Actor:
        """Return an author at the destination: id and e-mail are the destination's if it knows the author.

        One who left the source's lists has nothing but an id; that is then the name.
        """
        if actor.kind is ActorKind.AGENT:
            return self.values.author(_named(self.source.filled(actor) or actor))
        if actor.kind is ActorKind.CONTACT:
            filled = self.people.filled(actor) or actor
            # A contact with an address in place of the own one is not shown as the author: a header line has the own one.
            there = None if self._loses(filled) else self.people.at_destination(filled)
            return there or evolve(_named(filled), id=None)
        return evolve(_named(actor), id=None)

    def knows_author(self, message: Message, ticket: Ticket) -> bool:
        """Whether the destination can show the author of a message as its author: an agent or contact whom it has.

        An opening shows the ticket's customer. Contacts that are still to be written count as there.
        """
        actor, requester = message.author, self.people.filled(ticket.requester)
        if actor.kind is ActorKind.AGENT:
            agent = self.destination.agent(self.author(actor))
            return not message.opening and agent is not None and agent.active
        if actor.kind is not ActorKind.CONTACT:
            return False
        filled = self.people.filled(actor) or actor
        is_customer = requester is not None and (
            (filled.id is not None and filled.id == requester.id)
            or (actor_key(filled) is not None and actor_key(filled) == actor_key(requester))
        )
        if message.opening:
            return is_customer
        return not self._loses(filled) and (is_customer or self.people.will_be_there(filled))

    def contact(self, old: Contact) -> Contact:
        """Return a contact as it is to be written."""
        fields = {}
        for name, value in old.custom_fields.items():
            new = (
                None if value is None or value == "" or is_marker_field(name) else self.values.contact_field(name).value
            )
            if new is not None:
                fields[new] = value
        boxes = [Mailbox.of(email) for email in old.emails]
        beside = next((box.name for box in boxes if box.name), None)
        emails = self._emails(old, boxes)
        there = evolve(old, name=old.name or beside, emails=emails, custom_fields=fields, left_behind={})
        return self._with_maps("contact", old, there)

    def _emails(self, old: Contact, boxes: list[Mailbox]) -> tuple[str, ...]:
        if self.values.decided("requester", contact_key(old)):
            return (self._nobody(old.id),)
        usable = tuple(box.address for box in boxes if is_email(box.address))
        if boxes and boxes[0].address and not is_email(boxes[0].address):
            return (self._nobody(old.id), *usable)
        return usable


def _named(actor: Actor) -> Actor:
    if actor.id is None or actor.name or actor.email or actor.phone:
        return actor
    return evolve(actor, name=f"{_KINDS.get(actor.kind, 'author')} {actor.id}")


def _without_inline(message: Message) -> Message:
    """Return a message whose images are ordinary files, named in the body at their places."""
    names = {
        attachment.content_id: attachment.filename
        for attachment in message.attachments
        if attachment.inline and attachment.content_id
    }
    body = message.body
    if body.html is not None:
        body = Body(html=name_images(body.html, names))
    files = tuple(evolve(attachment, inline=False, content_id=None) for attachment in message.attachments)
    return evolve(message, body=body, attachments=files)
