"""People: which contact of the source is which at the destination."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import evolve, field, frozen

from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.journal.states import Key, Kind, State, is_opaque
from helpdesk_bridge.migration.scope.beyond import BEYOND
from helpdesk_bridge.model.addresses import Mailbox, addressed, email_key, phone_key
from helpdesk_bridge.model.records import Contact
from helpdesk_bridge.model.values import Actor, ActorKind
from helpdesk_bridge.text.plain import digest

_MOST_REMEMBERED: Final = 10_000


def fold_key(contact: Contact) -> str | None:
    """Return the key under which contacts are the same person: a digest of the one box, else of the one phone."""
    return actor_key(contact.actor())


def actor_key(actor: Actor) -> str | None:
    """Return the same key for a person whom a record names."""
    address = Mailbox.of(actor.email or "").address
    if address:
        return digest("email", email_key(address))
    number = phone_key(actor.phone or "")
    return digest("phone", number) if number else None


@frozen(eq=False)
class People:
    """Looks contacts up in the spool (what the source says) and in the journal (where they are now).

    ``ask`` returns a contact that came after the list of contacts was read, or None; it is asked once about each.
    """

    journal: Journal
    spool: Spool
    source: MigrationDesk
    ask: Callable[[str], Contact | None] = lambda _: None
    _gone: set[str] = field(factory=set, init=False, repr=False)
    _found: dict[tuple[str | None, str | None], str] = field(factory=dict, init=False, repr=False)

    def filled(self, actor: Actor | None) -> Actor | None:
        """Return a customer with name, e-mail and phone as the source's list of contacts tells them."""
        if actor is None or actor.kind is not ActorKind.CONTACT:
            return actor
        if actor.id is None or actor.email:
            return addressed(actor)
        contact = self.contact(actor.id)
        if contact is None:
            return actor
        known = addressed(contact.actor())
        return evolve(known, name=actor.name or known.name, phone=actor.phone or known.phone)

    def contact(self, contact_id: str) -> Contact | None:
        """Return a contact of the source, in the scope or beyond it."""
        key = self.source.contact_key(contact_id)
        contact = self.spool.get(Kind.CONTACT.value, key, Contact) or self.spool.get(BEYOND, key, Contact)
        if contact is None and contact_id not in self._gone:
            contact = self.ask(contact_id)
            if contact is None:
                self._gone.add(contact_id)
            else:
                self.spool.put(Kind.CONTACT.value, key, contact)
        return contact

    def at_destination(self, actor: Actor) -> Actor | None:
        """Return the customer with the destination's id, or None if there is no such contact.

        Where that id is the e-mail, the e-mail says it all.
        """
        destination_id = self._destination_id(actor.id, actor_key(actor))
        return (
            None if destination_id is None else evolve(actor, id=None if is_opaque(destination_id) else destination_id)
        )

    def will_be_there(self, actor: Actor) -> bool:
        """Whether a customer is at the destination, or is to be written there."""
        record = (
            self.journal.get(Key(Kind.CONTACT, self.source.contact_key(actor.id))) if actor.id is not None else None
        )
        key = actor_key(actor)
        if record is None and actor.id is not None:
            beyond = self.spool.get(BEYOND, self.source.contact_key(actor.id), Contact)
            if beyond is not None and not beyond.deleted:
                return True  # its ticket takes it along
        known = [*([record] if record is not None else []), *(self.journal.folded(key) if key is not None else [])]
        return any(one.destination or one.state not in (State.SKIPPED, State.FAILED, State.IN_DOUBT) for one in known)

    def _destination_id(self, source_id: str | None, key: str | None) -> str | None:
        # A thread names the same few people in each message, and where somebody was written to does not change.
        known = self._found.get((source_id, key))
        if known is None and (known := self._looked_up(source_id, key)) is not None:
            if len(self._found) >= _MOST_REMEMBERED:
                self._found.clear()
            self._found[source_id, key] = known
        return known

    def _looked_up(self, source_id: str | None, key: str | None) -> str | None:
        record = (
            self.journal.get(Key(Kind.CONTACT, self.source.contact_key(source_id))) if source_id is not None else None
        )
        if (record is None or not record.destination) and key is not None:
            record = self.journal.by_fold(key)
        return record.destination[0] if record is not None and record.destination else None
