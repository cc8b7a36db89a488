"""Contacts first: whoever a ticket and its messages name is at the destination before it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from attrs import field, frozen

from helpdesk_bridge.migration.journal.states import Key, Kind, State
from helpdesk_bridge.migration.load.contacts import ContactLoad
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.plan.people import actor_key, fold_key
from helpdesk_bridge.migration.plan.scan import planned_contact
from helpdesk_bridge.migration.runner import Guarded, Unforeseen
from helpdesk_bridge.migration.scope.beyond import BEYOND, TOGETHER
from helpdesk_bridge.migration.scope.order import TicketOrder
from helpdesk_bridge.model.records import Contact
from helpdesk_bridge.model.values import Actor, ActorKind

_OPEN: Final = (State.PLANNED, State.INTENT)


@frozen(eq=False)
class ContactsFirst:
    """Plans and writes contacts as tickets name them, each person once. Shared by the workers of a load."""

    context: LoadContext
    unforeseen: Unforeseen
    _lock: threading.Lock = field(factory=threading.Lock, init=False)
    _locks: dict[str, threading.Lock] = field(factory=dict, init=False)
    _begun: dict[str, Guarded] = field(factory=dict, init=False)
    _settled: set[str] = field(factory=set, init=False)

    def write(self, people: Iterable[Actor | None]) -> None:
        """Return when each of these people is at the destination or cannot be. Raises ``Parked`` while a write is in doubt."""
        for actor in people:
            if actor is not None and actor.kind is ActorKind.CONTACT:
                self._write(actor)

    def _write(self, actor: Actor) -> None:
        contact = None if actor.id is None else self.context.people.contact(actor.id)
        fold = actor_key(actor) if contact is None else fold_key(contact)
        person = fold or (None if contact is None else self.context.source.contact_key(contact.id))
        if person is None or person in self._settled:
            return
        with self._lock:
            lock = self._locks.setdefault(person, threading.Lock())
        with lock:
            if person in self._settled:
                return
            self._plan(fold, contact)
            self._advance(person, fold, contact)
            self._settled.add(person)

    def _plan(self, fold: str | None, contact: Contact | None) -> None:
        """Bring a person into the scope, under all contacts that the source has of them."""
        context = self.context
        places = () if fold is None else context.spool.get(TOGETHER, fold, tuple) or ()
        if fold is None and contact is not None:
            places = (f"0 {context.source.contact_key(contact.id)}",)
        for place, _, key in (one.partition(" ") for one in places):
            beyond = context.spool.get(BEYOND, key, Contact)
            if beyond is not None:
                needs = context.destination.desk.capabilities.contact_needs
                context.journal.plan([planned_contact(context.source, needs, beyond, int(place))])
                context.spool.put(Kind.CONTACT.value, key, beyond)
                context.spool.remove(BEYOND, key)

    def _advance(self, person: str, fold: str | None, contact: Contact | None) -> None:
        context = self.context
        task = self._begun.get(person)
        if task is None:
            keys = [record.key for record in context.journal.folded(fold)] if fold is not None else []
            if fold is None and contact is not None:
                keys = [Key(Kind.CONTACT, context.source.contact_key(contact.id))]
            records = [record for key in keys if (record := context.journal.get(key)) is not None]
            # Where all contacts were written first, what failed was tried in this run already.
            failed = () if context.order is TicketOrder.LISTED else (State.FAILED,)
            if not any(record.state in (*_OPEN, *failed) for record in records):
                return
            known = [context.spool.get(Kind.CONTACT.value, record.key.id, Contact) for record in records]
            task = self._begun[person] = Guarded(ContactLoad(context, [one for one in known if one]), self.unforeseen)
        task.advance()
