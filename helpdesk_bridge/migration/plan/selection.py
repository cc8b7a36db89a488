"""Selection: which of the tickets and contacts that were read are in the scope; the rest is put aside in the spool."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from attrs import frozen

from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.journal.states import Kind
from helpdesk_bridge.migration.journal.unread import is_row
from helpdesk_bridge.migration.outcome import WrongScope
from helpdesk_bridge.migration.plan.people import actor_key, fold_key
from helpdesk_bridge.migration.scope.beyond import BEYOND, BEYOND_TICKETS, TOGETHER
from helpdesk_bridge.migration.scope.kept import ScopeChange
from helpdesk_bridge.migration.scope.scope import MigrationScope
from helpdesk_bridge.model.matching import natural_key
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import ActorKind

_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)
_TOLD: Final = 5


@frozen(eq=False)
class Selection:
    """The selection from one reading. What the journal planned for this scope stays in it, whatever changed since."""

    change: ScopeChange
    source: MigrationDesk
    spool: Spool
    journal: Journal

    @property
    def scope(self) -> MigrationScope:
        """The scope."""
        return self.change.scope

    def forget(self) -> None:
        """Remove from the spool what an earlier reading left there."""
        for kind in (Kind.CONTACT.value, Kind.TICKET.value, BEYOND, BEYOND_TICKETS, TOGETHER):
            self.spool.forget(kind)

    def choose(self) -> dict[str, int]:
        """Return the ids of the tickets in the scope with their places in the list, and put the others aside.

        Raises ``WrongScope`` if there are none.
        """
        planned, places = self._planned(Kind.TICKET), dict[str, int]()
        fresh: list[tuple[datetime, tuple[int, str], str]] = []
        for place, ticket in enumerate(self.spool.each(Kind.TICKET.value, Ticket)):
            places[ticket.id] = place
            if ticket.id not in planned and self._takes(ticket):
                fresh.append((ticket.created_at or _NEVER, natural_key(ticket.id), ticket.id))
        if missing := self.scope.only - places.keys() - planned:
            named = ", ".join(sorted(missing)[:_TOLD])
            raise WrongScope(f"--only: {self.source.label} lists no ticket {named}; nothing was written")
        if self.scope.limit is not None:
            fresh = sorted(fresh, reverse=True)[: max(0, self.scope.limit - len(planned))]
        chosen = planned | {ticket_id for *_, ticket_id in fresh}
        if not chosen:
            raise WrongScope(
                f"none of the {len(places)} tickets of {self.source.label} is in the scope ({self.scope.words}); "
                "nothing was written. Widen the scope"
            )
        for ticket_id in places.keys() - chosen:
            beyond = self.spool.get(Kind.TICKET.value, ticket_id, Ticket)
            if beyond is not None:
                self.spool.put(BEYOND_TICKETS, ticket_id, beyond.ref)
                self.spool.remove(Kind.TICKET.value, ticket_id)
        return {ticket_id: place for ticket_id, place in places.items() if ticket_id in chosen}

    def contacts(self) -> Iterator[tuple[int, Contact]]:
        """Yield the contacts whom the chosen tickets name as their customers, with their places, and put the others aside.

        Contacts with one box or phone are one person, and come together.
        """
        ids, folds = self._named()
        places = dict[str, int]()
        for place, contact in enumerate(self.spool.each(Kind.CONTACT.value, Contact)):
            key, fold = self.source.contact_key(contact.id), fold_key(contact)
            places[key] = place
            if key in ids and fold is not None:
                folds.add(fold)
        for key, place in places.items():
            known = self.spool.get(Kind.CONTACT.value, key, Contact)
            if known is None:
                continue
            fold = fold_key(known)
            if self.scope.all_contacts or key in ids or fold in folds:
                yield place, known
                continue
            self.spool.put(BEYOND, key, known)
            self.spool.remove(Kind.CONTACT.value, key)
            if fold is not None:
                self.spool.put(TOGETHER, fold, (*(self.spool.get(TOGETHER, fold, tuple) or ()), f"{place} {key}"))

    def _named(self) -> tuple[frozenset[str], set[str]]:
        """Return the keys of the customers of the chosen tickets, and the folded keys of those without an id."""
        ids, folds = set(self._planned(Kind.CONTACT)), set[str]()
        for ticket in self.spool.each(Kind.TICKET.value, Ticket):
            requester = ticket.requester
            if requester is None or requester.kind is not ActorKind.CONTACT:
                continue
            if requester.id is not None:
                ids.add(self.source.contact_key(requester.id))
            elif (fold := actor_key(requester)) is not None:
                folds.add(fold)
        return frozenset(ids), folds

    def _planned(self, kind: Kind) -> frozenset[str]:
        if self.change.anew:
            return frozenset()
        return frozenset(one.key.id for one in self.journal.each(kind) if not is_row(one))

    def _takes(self, ticket: Ticket) -> bool:
        return self.scope.takes(self.source.ticket(ticket), self._customer(ticket) if self.scope.companies else None)

    def _customer(self, ticket: Ticket) -> Contact | None:
        requester = ticket.requester
        if requester is None or requester.id is None:
            return None
        return self.spool.get(Kind.CONTACT.value, self.source.contact_key(requester.id), Contact)
