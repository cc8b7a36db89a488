"""The directory: agents, groups, tags, custom fields and some contacts, kept in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Final

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.errors import HelpdeskError, Invalid, NotFound
from helpdesk_bridge.forks import new_lock, new_rlock
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.paging import Page
from helpdesk_bridge.model.records import Agent, Contact, FieldDefinition, Group, Tag
from helpdesk_bridge.model.values import Actor, Named, Person, Ref
from helpdesk_bridge.text.plain import fold

_OF_NAMES: Final = frozenset({"agents", "groups", "tags", "custom_fields"})
"""The lists by whose names records are read and written."""
CONTACTS_KEPT: Final = 10_000
_PAGE: Final = 100
"""Contacts in a page, at most vendors: of a list that is longer than what is kept, the first would be forgotten."""


class Directory:
    """Asks each reference list once per ``ttl`` (vendor seconds) and each contact at most once while it is kept.

    Lists are loaded on first use, by one thread while the others wait. They are dropped by ``refresh()``, by our own
    writes to them and when a write that used them answers ``NotFound``. One of names that comes empty is asked for again,
    unless it was empty before: a proxy's empty answer would make all that it names unknown.
    """

    def __init__(self, clock: Clock, ttl: float = 600.0) -> None:
        self._clock = clock
        self._ttl = ttl
        self._loaders: dict[str, Callable[[], Iterable[Any]]] = {}
        self._lists: dict[str, tuple[float, tuple[Any, ...]]] = {}
        self._empty: set[str] = set()
        self._contacts: OrderedDict[str, Contact | None] = OrderedDict()
        self._load_contact: Callable[[str], Contact] | None = None
        self._contact_pages: Callable[[int], Page[Contact]] | None = None
        self._pages_read = 0
        self._pages: int | None = None
        """How many pages the list of contacts has, as it said last."""
        self._listing = new_lock()
        self._complete: frozenset[str] = frozenset()
        self._lock = new_rlock()

    def bind(
        self,
        *,
        contact: Callable[[str], Contact] | None = None,
        contact_pages: Callable[[int], Page[Contact]] | None = None,
        complete: Iterable[str] = (),
        **loaders: Callable[[], Iterable[Any]],
    ) -> None:
        """Set the functions that load the lists: agents, groups, tags, custom_fields.

        ``contact_pages`` returns the page of a number, from 1, of all contacts in any order, with their ``total``: where a
        listing names many, that is cheaper than asking for each. ``complete`` names those lists that hold everything the account has, so that a name which is not there is
        refused before sending.
        """
        self._loaders.update(loaders)
        self._load_contact = contact or self._load_contact
        self._contact_pages = contact_pages or self._contact_pages
        self._complete = frozenset(complete)

    def refresh(self, *names: str) -> None:
        """Forget the named lists (``contacts`` among them), or everything."""
        with self._lock:
            for name in names or tuple(self._lists):
                self._lists.pop(name, None)
            if not names or "contacts" in names:
                self._contacts.clear()
                self._pages_read = 0

    def _list(self, name: str) -> tuple[Any, ...]:
        # Each record that is read asks; what is there needs no lock.
        kept = self._lists.get(name)
        if kept is not None and self._clock.now() - kept[0] < self._ttl:
            return kept[1]
        with self._lock:
            kept = self._lists.get(name)
            if kept is not None and self._clock.now() - kept[0] < self._ttl:
                return kept[1]
            loader = self._loaders.get(name)
            values = tuple(loader()) if loader is not None else ()
            if loader is not None and not values and name in _OF_NAMES and name not in self._empty:
                values = tuple(loader())
            self._empty.discard(name)
            if not values:
                self._empty.add(name)
            self._lists[name] = (self._clock.now(), values)
            return values

    def listed(self, name: str) -> tuple[Any, ...]:
        """Return a reference list of the vendor's own, bound under ``name`` and kept as the others are."""
        return self._list(name)

    def agents(self) -> tuple[Agent, ...]:
        """Return the agents."""
        return self._list("agents")

    def groups(self) -> tuple[Group, ...]:
        """Return the groups."""
        return self._list("groups")

    def tags(self) -> tuple[Tag, ...]:
        """Return the tags."""
        return self._list("tags")

    def custom_fields(self) -> tuple[FieldDefinition, ...]:
        """Return the custom-field definitions."""
        return self._list("custom_fields")

    def remember(self, contact: Contact) -> None:
        """Keep a contact that was read anyway, so that it is not read again."""
        with self._lock:
            self._contacts[contact.id] = contact
            self._contacts.move_to_end(contact.id)
            while len(self._contacts) > CONTACTS_KEPT:
                self._contacts.popitem(last=False)

    def unknown(self, contact_ids: Iterable[str]) -> int:
        """Return how many of these contacts would have to be asked for."""
        with self._lock:
            return len(set(contact_ids) - self._contacts.keys())

    def contact(
        self, contact_id: str, wanted: Callable[[], float] | None = None, *, ask: bool = True
    ) -> Contact | None:
        """Return the contact of an id, or None if it does not exist (any more).

        ``wanted`` tells how many contacts that are not known will be asked for, this one among them: if the list of all
        takes fewer calls, its pages are read until this one is there. ``ask`` allows the call that tells how long it is.
        """
        if wanted is not None and not self._knows(contact_id):
            self._read_pages(contact_id, wanted, ask=ask)
        with self._lock:
            if contact_id in self._contacts:
                self._contacts.move_to_end(contact_id)
                return self._contacts[contact_id]
        if self._load_contact is None:
            return None
        try:
            contact = self._load_contact(contact_id)
        except NotFound:
            with self._lock:
                self._contacts[contact_id] = None
            return None
        self.remember(contact)
        return contact

    def _knows(self, contact_id: str) -> bool:
        with self._lock:
            return contact_id in self._contacts

    def _read_pages(self, contact_id: str, wanted: Callable[[], float], *, ask: bool) -> None:
        if self._contact_pages is None:
            return
        with self._listing:
            while not self._knows(contact_id) and self._is_cheaper(wanted(), ask=ask):
                number = self._pages_read + 1
                page = self._contact_pages(number)
                for contact in page.items:
                    self.remember(contact)
                size = max(len(page.items), 1)
                self._pages = number if page.next is None else max(number + 1, -(-(page.total or 0) // size))
                self._pages_read = number

    def _is_cheaper(self, wanted: float, *, ask: bool) -> bool:
        if self._pages is None:
            return ask and wanted > 1
        left = self._pages - self._pages_read
        return 0 < left < wanted and self._pages * _PAGE <= CONTACTS_KEPT

    def agent(self, person: Person, field: str = "assignee") -> Actor:
        """Return an agent with both halves, from an e-mail, an id or an actor.

        Raises ``Invalid`` if the list is complete and lacks the agent; if it is not complete, what was
        given is returned.
        """
        wanted = person if isinstance(person, Actor) else None
        for agent in self.agents():
            same_id = agent.id == (wanted.id if wanted else person)
            given = wanted.email if wanted else str(person)
            if same_id or (given and agent.email and email_key(agent.email) == email_key(given)):
                return Actor.agent(id=agent.id, name=agent.name, email=agent.email)
        if "agents" in self._complete:
            raise Invalid("no such agent at this desk", field=field)
        if wanted:
            return wanted
        return Actor.agent(email=str(person)) if "@" in str(person) else Actor.agent(id=str(person))

    def agent_of(self, actor: Actor) -> Actor:
        """Return ``actor`` with its missing half filled in, or as it is."""
        try:
            found = self.agent(actor)
        except HelpdeskError:
            return actor
        return found if found.email or found.name else actor

    def group(self, named: Named, field: str = "group") -> Ref:
        """Return a group with both halves, from a name, an id or a ref. Raises ``Invalid`` as ``agent`` does."""
        return self._named(self.groups(), named, "groups", field)

    def tag(self, name: str) -> Tag | None:
        """Return the tag of a name, compared as people compare words, or None."""
        return next((tag for tag in self.tags() if fold(tag.name) == fold(name)), None)

    def field(self, name: str) -> FieldDefinition | None:
        """Return the definition of a custom field by its name or key, or None if the list lacks it."""
        for definition in self.custom_fields():
            if name in (definition.name, definition.key):
                return definition
        return next((field for field in self.custom_fields() if fold(field.name) == fold(name)), None)

    def _named(self, values: tuple[Group, ...], named: Named, listing: str, field: str) -> Ref:
        ref = named if isinstance(named, Ref) else None
        for value in values:
            if ref is None and (value.id == named or fold(value.name) == fold(str(named))):
                return Ref(value.id, value.name)
            if ref is not None and (
                value.id == ref.id or (ref.id is None and fold(value.name) == fold(ref.name or ""))
            ):
                return Ref(value.id, value.name)
        if listing in self._complete:
            raise Invalid(f"no such {field} at this desk", field=field)
        return ref or Ref(None, str(named))
