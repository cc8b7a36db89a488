"""The directory: agents, groups, tags, custom fields and some contacts, kept in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Final

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.errors import HelpdeskError, Invalid, NotFound
from helpdesk_bridge.forks import new_rlock
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.records import Agent, Contact, FieldDefinition, Group, Tag
from helpdesk_bridge.model.values import Actor, Named, Person, Ref
from helpdesk_bridge.text.plain import fold

CONTACTS_KEPT: Final = 10_000


class Directory:
    """Asks each reference list once per ``ttl`` (vendor seconds) and each contact at most once while it is kept.

    Lists are loaded on first use, by one thread while the others wait. They are dropped by ``refresh()``, by our own
    writes to them and when a write that used them answers ``NotFound``.
    """

    def __init__(self, clock: Clock, ttl: float = 600.0) -> None:
        self._clock = clock
        self._ttl = ttl
        self._loaders: dict[str, Callable[[], Iterable[Any]]] = {}
        self._lists: dict[str, tuple[float, tuple[Any, ...]]] = {}
        self._contacts: OrderedDict[str, Contact | None] = OrderedDict()
        self._load_contact: Callable[[str], Contact] | None = None
        self._complete: frozenset[str] = frozenset()
        self._lock = new_rlock()

    def bind(
        self,
        *,
        contact: Callable[[str], Contact] | None = None,
        complete: Iterable[str] = (),
        **loaders: Callable[[], Iterable[Any]],
    ) -> None:
        """Set the functions that load the lists: agents, groups, tags, custom_fields.

        ``complete`` names those lists that hold everything the account has, so that a name which is not there is
        refused before sending.
        """
        self._loaders.update(loaders)
        self._load_contact = contact or self._load_contact
        self._complete = frozenset(complete)

    def refresh(self, *names: str) -> None:
        """Forget the named lists (``contacts`` among them), or everything."""
        with self._lock:
            for name in names or tuple(self._lists):
                self._lists.pop(name, None)
            if not names or "contacts" in names:
                self._contacts.clear()

    def _list(self, name: str) -> tuple[Any, ...]:
        with self._lock:
            kept = self._lists.get(name)
            if kept is not None and self._clock.now() - kept[0] < self._ttl:
                return kept[1]
            loader = self._loaders.get(name)
            values = tuple(loader()) if loader is not None else ()
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

    def contact(self, contact_id: str) -> Contact | None:
        """Return the contact of an id, or None if it does not exist (any more)."""
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
        return next((one for one in self.custom_fields() if fold(one.name) == fold(name)), None)

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
