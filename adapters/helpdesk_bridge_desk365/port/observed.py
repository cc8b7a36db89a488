"""Observed values: agents, groups, custom fields and spellings seen on tickets, because Desk365 lists none of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from helpdesk_bridge.adapter import (
    ActorKind,
    Agent,
    CustomValue,
    FieldDefinition,
    FieldType,
    Group,
    Message,
    Ticket,
    email_key,
    evolve,
    fold,
    new_lock,
)
from helpdesk_bridge_desk365.wire.parsing import field_key

LISTS: Final = ("agents", "groups", "custom_fields")
MOST_SPELLINGS: Final = 10_000
_WORDS: Final = ("type", "category", "subcategory")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


def _type_of(value: CustomValue) -> FieldType:
    if isinstance(value, bool):
        return FieldType.BOOLEAN
    if isinstance(value, int):
        return FieldType.INTEGER
    if isinstance(value, Decimal):
        return FieldType.DECIMAL
    if isinstance(value, str):
        return FieldType.DATE if _DATE.fullmatch(value) else FieldType.TEXT
    return FieldType.UNKNOWN


def _wider(known: FieldType, other: FieldType) -> FieldType:
    if known is other or other is FieldType.UNKNOWN:
        return known
    if known is FieldType.UNKNOWN:
        return other
    return FieldType.DECIMAL if {known, other} == {FieldType.INTEGER, FieldType.DECIMAL} else FieldType.TEXT


class ObservedValues:
    """Learns from every ticket and thread that is read anyway; safe to share between threads.

    The lists are never complete: they hold only values of tickets that were read.
    """

    def __init__(self) -> None:
        self._load: Callable[[], object] = tuple
        self._lock = new_lock()
        self._loading = new_lock()
        self._fresh: set[str] = set()
        self._loaded = False
        self._agents: dict[str, Agent] = {}
        self._groups: dict[str, Group] = {}
        self._fields: dict[str, FieldDefinition] = {}
        self._spellings: dict[tuple[str, str], tuple[str, ...]] = {}

    def bind(self, load: Callable[[], object]) -> None:
        """Set the function that reads the newest tickets in one call; it is used if nothing was read before."""
        self._load = load

    def learn(self, tickets: Iterable[Ticket]) -> None:
        """Learn from tickets."""
        with self._lock:
            for ticket in tickets:
                if ticket.assignee is not None and ticket.assignee.email:
                    self._agent(ticket.assignee.email, None)
                if ticket.group is not None and ticket.group.name:
                    self._groups.setdefault(ticket.group.name, Group(id=ticket.group.name, name=ticket.group.name))
                    self._spelling("group", ticket.group.name)
                if ticket.status_label:
                    self._spelling("status", ticket.status_label)
                for name in _WORDS:
                    self._spelling(name, getattr(ticket, name))
                for name, value in ticket.custom_fields.items():
                    self._field(name, value)

    def learn_thread(self, messages: Iterable[Message]) -> None:
        """Learn the agents who wrote in a thread: only threads have their names."""
        with self._lock:
            for message in messages:
                if message.author.kind is ActorKind.AGENT and message.author.email:
                    self._agent(message.author.email, message.author.name)

    def _agent(self, email: str, name: str | None) -> None:
        key = email_key(email)
        known = self._agents.get(key)
        if known is None:
            self._agents[key] = Agent(id=email, email=email, name=name)
        elif known.name is None and name is not None:
            self._agents[key] = evolve(known, name=name)

    def _field(self, name: str, value: CustomValue) -> None:
        known = self._fields.get(name)
        if known is None:
            self._fields[name] = FieldDefinition(key=field_key(name), name=name, type=_type_of(value))
        elif (wider := _wider(known.type, _type_of(value))) is not known.type:
            self._fields[name] = evolve(known, type=wider)

    def _spelling(self, name: str, word: str | None) -> None:
        if not word or len(self._spellings) >= MOST_SPELLINGS:
            return
        key = (name, fold(word))
        known = self._spellings.get(key, ())
        if word not in known:
            self._spellings[key] = (*known, word)

    def spellings(self, name: str, word: str) -> tuple[str, ...]:
        """Return the spellings in which a word was seen in a field (status, group, type, category, subcategory)."""
        with self._lock:
            return self._spellings.get((name, fold(word)), ())

    def knows_agent(self, email: str) -> bool:
        """Whether this e-mail was seen as an agent's, looking at the newest tickets if nothing was read yet."""
        self._once()
        with self._lock:
            return email_key(email) in self._agents

    def field_named(self, name: str) -> str | None:
        """Return a field's own spelling, or None if no ticket had such a field. No call is made."""
        with self._lock:
            if name in self._fields:
                return name
            return next((known for known in self._fields if fold(known) == fold(name)), None)

    def find_field(self, name: str) -> str | None:
        """Return a field's own spelling, looking at the newest tickets if nothing was read yet."""
        self._once()
        return self.field_named(name)

    def learn_agents(self, agents: Iterable[Agent]) -> None:
        """Learn agents from the account's own list, which takes precedence over tickets."""
        with self._lock:
            for agent in agents:
                known = self._agents.get(email_key(agent.email or agent.id))
                named = agent if known is None or agent.name is not None else evolve(agent, name=known.name)
                self._agents[email_key(agent.email or agent.id)] = named

    def agents(self) -> tuple[Agent, ...]:
        """Return the agents that were seen, by e-mail, looking at the newest tickets first."""
        self._renew("agents")
        return self.known_agents()

    def known_agents(self) -> tuple[Agent, ...]:
        """Return the agents that were seen so far. No call is made."""
        with self._lock:
            return tuple(self._agents[key] for key in sorted(self._agents))

    def groups(self) -> tuple[Group, ...]:
        """Return the groups that were seen, by name."""
        self._renew("groups")
        with self._lock:
            return tuple(self._groups[name] for name in sorted(self._groups))

    def fields(self) -> tuple[FieldDefinition, ...]:
        """Return the custom fields that were seen, by name; their types are those of the values seen."""
        self._renew("custom_fields")
        with self._lock:
            return tuple(self._fields[name] for name in sorted(self._fields))

    def _once(self) -> None:
        with self._loading:
            if not self._loaded:
                self._load_now()

    def _renew(self, name: str) -> None:
        # One look at the newest tickets serves each of the three lists once.
        with self._loading:
            if name not in self._fresh:
                self._load_now()
            self._fresh.discard(name)

    def _load_now(self) -> None:
        self._load()
        self._loaded = True
        self._fresh = set(LISTS)
