"""``desk.vendor_api`` of a local desk: what tests look at and set up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from helpdesk_bridge.errors import Conflict
from helpdesk_bridge.local.calls import Call
from helpdesk_bridge.local.seed import seed
from helpdesk_bridge.local.vocabulary import field_key
from helpdesk_bridge.local.writing import Writing
from helpdesk_bridge.model.records import Agent, Company, FieldDefinition, FieldType, Group, Message, Tag

if TYPE_CHECKING:
    from helpdesk_bridge.datasets.dataset import Dataset


@frozen
class Snapshot:
    """The whole content of a desk at one moment."""

    rows: dict[str, list[tuple[Any, ...]]]


@frozen(eq=False)
class LocalInspection:
    """Sets up and looks into a local desk, past the port."""

    _writing: Writing

    @property
    def path(self) -> str:
        """Where the desk's file is, or ``:memory:``."""
        return self._writing.store.path

    @property
    def outbox(self) -> tuple[Message, ...]:
        """The replies that would have been mailed, oldest first; ``to`` and ``cc`` say to whom."""
        return self._writing.store.outbox.all()

    @property
    def calls(self) -> tuple[Call, ...]:
        """The last 10,000 calls that reached this desk through this object's adapter."""
        return self._writing.calls.all()

    def counts(self) -> Mapping[str, int]:
        """Return how many tickets, contacts and messages there are."""
        return self._writing.store.counts()

    def problems(self) -> tuple[str, ...]:
        """Return what SQLite's integrity check finds wrong with the file; nothing for a sound one."""
        return self._writing.store.problems()

    def add_agent(self, *, name: str | None = None, email: str | None = None, active: bool = True) -> Agent:
        """Add an agent. Raises ``Conflict`` where the e-mail, or without one the name, is taken."""
        with self._writing.operation():
            return self._writing.store.lists.agents.add({"name": name, "email": email, "active": active})

    def change_agent(self, agent: Agent) -> Agent:
        """Write an agent in place of the one with its id; tickets show the new name and e-mail."""
        with self._writing.operation():
            self._writing.store.tickets.rename_person(agent)
            return self._writing.store.lists.agents.put(agent)

    def add_group(self, name: str, *, active: bool = True) -> Group:
        """Add a group. Raises ``Conflict`` where the name is taken."""
        with self._writing.operation():
            return self._writing.store.lists.groups.add({"name": name, "active": active})

    def add_company(self, name: str, *, domains: tuple[str, ...] = ()) -> Company:
        """Add a company. Raises ``Conflict`` where the name is taken."""
        with self._writing.operation():
            return self._writing.store.lists.companies.add({"name": name, "domains": domains})

    def add_tag(self, name: str) -> Tag:
        """Add a tag to the list. Raises ``Conflict`` where it is there."""
        with self._writing.operation():
            return self._writing.store.lists.tags.add({"name": name})

    def define_field(
        self,
        name: str,
        type: FieldType = FieldType.TEXT,
        *,
        options: tuple[str, ...] = (),
        applies_to: str = "ticket",
    ) -> FieldDefinition:
        """Define a custom field. Raises ``Conflict`` where there is one of this name."""
        key = field_key(name, applies_to)
        definition = FieldDefinition(key=key, name=name, type=type, options=options, applies_to=applies_to)
        fields = self._writing.store.lists.custom_fields
        with self._writing.operation():
            if fields.by_id(key) is not None:
                raise Conflict("there is a custom field of this name")
            return fields.put(definition)

    def seed(self, dataset: Dataset) -> Mapping[str, str]:
        """Write a dataset, all of it or nothing; return the desk's ids by the dataset's keys."""
        return seed(self._writing, dataset)

    def reset(self) -> None:
        """Remove everything but the account's id, and forget the calls."""
        self._writing.store.clear()
        self._writing.calls.clear()
        self._writing.directory.refresh()

    def snapshot(self) -> Snapshot:
        """Return the whole content, files included; it is in memory, and meant for small desks."""
        return Snapshot(self._writing.store.dump())

    def restore(self, snapshot: Snapshot) -> None:
        """Put the content back as it was, and forget the calls."""
        self._writing.store.restore(snapshot.rows)
        self._writing.calls.clear()
        self._writing.directory.refresh()
