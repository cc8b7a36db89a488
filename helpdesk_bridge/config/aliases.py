"""Aliases: the application's own names for a vendor's groups, statuses, agents, tags and custom fields.

A table maps the application's name to the vendor's. Reads give the application's, writes and queries take either.
A status alias that is itself a status word (``solved = "Erledigt"``) also tells what the vendor's own word means;
``{name = "Awaiting parts", status = "on_hold"}`` does so for any alias.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from attrs import Factory, evolve, field, frozen

from helpdesk_bridge.errors import Invalid, Unsupported
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.drafts import TicketChange, TicketDraft
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import UNSET, Add, Ref, Remove, Status
from helpdesk_bridge.text.plain import fold

W = TypeVar("W", TicketDraft, TicketChange)
_TABLES: Final = {
    "group": "groups", "status": "statuses", "assignee": "agents", "watchers": "agents", "tags": "tags",
    "custom_fields": "custom_fields",
}  # fmt: skip
"""The alias table of each field of a draft or change."""


def _texts(value: object) -> list[str]:
    values = value.values if isinstance(value, (Add, Remove)) else value
    several = values if isinstance(values, (tuple, list)) else (values,)
    return [name for name in several if isinstance(name, str)]


@frozen
class AliasTable:
    """One alias table, in both directions; names that it does not hold pass through.

    ``same`` says when two names of the vendor are one: words as people compare them, agents by their address.
    """

    entries: Mapping[str, str] = field(factory=dict)
    same: Callable[[str], str] = field(default=fold, repr=False)
    _back: Mapping[str, str] = field(
        init=False,
        repr=False,
        default=Factory(
            lambda table: {table.same(theirs): ours for ours, theirs in table.entries.items()}, takes_self=True
        ),
    )

    def out(self, name: str) -> str:
        """Return the vendor's name."""
        return self.entries.get(name, name)

    def into(self, name: str) -> str:
        """Return the application's name."""
        return self._back.get(self.same(name), name)


@frozen(kw_only=True)
class Aliases:
    """All alias tables of one desk."""

    custom_fields: AliasTable = AliasTable()
    groups: AliasTable = AliasTable()
    statuses: AliasTable = AliasTable()
    agents: AliasTable = AliasTable(same=email_key)
    tags: AliasTable = AliasTable()
    status_meanings: Mapping[str, Status] = field(factory=dict)

    def meaning(self, ticket: Ticket) -> Ticket:
        """Return ``ticket`` with the status that the configuration gives to the vendor's own word."""
        if ticket.status_label is None or not self.status_meanings:
            return ticket
        meaning = self.status_meanings.get(fold(ticket.status_label))
        return ticket if meaning is None or meaning is ticket.status else evolve(ticket, status=meaning)

    def ticket(self, ticket: Ticket) -> Ticket:
        """Return ``ticket`` in the application's names."""
        changes: dict[str, Any] = {}
        if self.custom_fields.entries and ticket.custom_fields:
            changes["custom_fields"] = {
                self.custom_fields.into(key): value for key, value in ticket.custom_fields.items()
            }
        if self.tags.entries and ticket.tags:
            changes["tags"] = tuple(self.tags.into(tag) for tag in ticket.tags)
        if self.groups.entries and ticket.group is not None and ticket.group.name is not None:
            changes["group"] = evolve(ticket.group, name=self.groups.into(ticket.group.name))
        if self.statuses.entries and ticket.status_label is not None:
            changes["status_label"] = self.statuses.into(ticket.status_label)
        return evolve(ticket, **changes) if changes else ticket

    def contact(self, contact: Contact) -> Contact:
        """Return ``contact`` in the application's names."""
        if not self.custom_fields.entries or not contact.custom_fields:
            return contact
        return evolve(
            contact, custom_fields={self.custom_fields.into(key): value for key, value in contact.custom_fields.items()}
        )

    @contextmanager
    def own_words(self, given: object) -> Iterator[None]:
        """Let an error about a value name the word that the application wrote into ``given``, where it is an alias."""
        try:
            yield
        except (Invalid, Unsupported) as error:
            self._name(error, given)
            raise

    def _name(self, error: Invalid | Unsupported, given: object) -> None:
        place = (error.field if isinstance(error, Invalid) else error.capability) or ""
        name, _, theirs = place.replace(":", ".").partition(".")
        if name not in _TABLES:
            return
        table: AliasTable = getattr(self, _TABLES[name])
        words = [table.into(theirs)] if name == "custom_fields" else _texts(getattr(given, name, None))
        if name == "custom_fields" and theirs and isinstance(error, Invalid):
            error.field = f"custom_fields.{words[0]}"
        said = [f"{_TABLES[name]}.{word} is {table.entries[word]!r}" for word in words if word in table.entries]
        if said:
            error.message += f" (in this desk's configuration {', '.join(said)})"

    def agent_out(self, person: Any) -> Any:
        """Return a person with an agent's alias replaced by the vendor's e-mail or id."""
        return self.agents.out(person) if isinstance(person, str) else person

    def _named_out(self, table: AliasTable, named: Any) -> Any:
        if isinstance(named, Ref):
            return named if named.name is None or named.id is not None else evolve(named, name=table.out(named.name))
        return table.out(named) if isinstance(named, str) else named

    @staticmethod
    def _words_out(table: AliasTable, words: Any) -> Any:
        if isinstance(words, (Add, Remove)):
            return type(words)(*(table.out(word) for word in words.values))
        return tuple(table.out(word) for word in words)

    def write(self, draft: W) -> W:
        """Return a draft or change in the vendor's names."""
        changes: dict[str, Any] = {}
        if draft.custom_fields is not UNSET and draft.custom_fields is not None:
            changes["custom_fields"] = {
                self.custom_fields.out(key): value for key, value in draft.custom_fields.items()
            }
        if draft.tags is not UNSET:
            changes["tags"] = self._words_out(self.tags, draft.tags)
        if draft.watchers is not UNSET and draft.watchers is not None:
            changes["watchers"] = self._words_out(self.agents, draft.watchers)
        if draft.group is not UNSET:
            changes["group"] = self._named_out(self.groups, draft.group)
        if draft.assignee is not UNSET:
            changes["assignee"] = self.agent_out(draft.assignee)
        if isinstance(draft.status, str):
            changes["status"] = self.statuses.out(draft.status)
        return evolve(draft, **changes) if changes else draft

    def query(self, query: TicketQuery) -> TicketQuery:
        """Return a query in the vendor's names."""
        changes: dict[str, Any] = {}
        if query.custom_fields is not None:
            changes["custom_fields"] = {
                self.custom_fields.out(key): value for key, value in query.custom_fields.items()
            }
        for name, table in (("tags", self.tags), ("groups", self.groups), ("statuses", self.statuses)):
            wanted = getattr(query, name)
            if wanted is not None and table.entries:
                changes[name] = frozenset(self._named_out(table, one) for one in wanted)
        if query.assignee is not None and self.agents.entries:
            changes["assignee"] = frozenset(self.agent_out(agent) for agent in query.assignee)
        if query.statuses is not None and self.status_meanings:
            # A vendor asked for a status natively must also be asked for the own words that mean it here.
            words = self.statuses.entries.values()
            own = frozenset(word for word in words if self.status_meanings.get(fold(word)) in query.statuses)
            changes["statuses"] = changes.get("statuses", query.statuses) | own
        return evolve(query, **changes) if changes else query


__all__ = ["AliasTable", "Aliases"]
