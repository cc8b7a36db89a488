"""``desk.vendor_api`` of a local desk: set up its lists, look into it, put it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from helpdesk_bridge.errors import Conflict
from helpdesk_bridge.local.definitions import field_key
from helpdesk_bridge.local.desk import Call, LocalDesk
from helpdesk_bridge.local.seed import seed
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

    _desk: LocalDesk = field(repr=False)

    @property
    def path(self) -> str:
        """Where the desk's file is, or ``:memory:``."""
        return self._desk.store.path

    @property
    def outbox(self) -> tuple[Message, ...]:
        """The replies that would have been mailed, oldest first; ``to`` and ``cc`` say to whom."""
        return self._desk.store.outbox.all()

    @property
    def calls(self) -> tuple[Call, ...]:
        """The last 10,000 calls that reached this desk through this object's adapter."""
        return self._desk.calls.all()

    def counts(self) -> Mapping[str, int]:
        """Return how many tickets, contacts and messages there are."""
        return self._desk.store.counts()

    def problems(self) -> tuple[str, ...]:
        """Return what SQLite's integrity check finds wrong with the file; nothing for a sound one."""
        return self._desk.store.problems()

    def add_agent(self, *, name: str | None = None, email: str | None = None, active: bool = True) -> Agent:
        """Add an agent. Raises ``Conflict`` if the e-mail, or without an e-mail the name, is taken."""
        with self._desk.operation():
            return self._desk.store.lists.agents.add({"name": name, "email": email, "active": active})

    def change_agent(self, agent: Agent) -> Agent:
        """Write an agent in place of the one with its id; tickets show the new name and e-mail."""
        with self._desk.operation():
            self._desk.store.tickets.rename_person(agent)
            return self._desk.store.lists.agents.put(agent)

    def add_group(self, name: str, *, active: bool = True) -> Group:
        """Add a group. Raises ``Conflict`` if the name is taken."""
        with self._desk.operation():
            return self._desk.store.lists.groups.add({"name": name, "active": active})

    def add_company(self, name: str, *, domains: tuple[str, ...] = ()) -> Company:
        """Add a company. Raises ``Conflict`` if the name is taken."""
        with self._desk.operation():
            return self._desk.store.lists.companies.add({"name": name, "domains": domains})

    def add_tag(self, name: str) -> Tag:
        """Add a tag to the list. Raises ``Conflict`` if the list has it."""
        with self._desk.operation():
            return self._desk.store.lists.tags.add({"name": name})

    def define_field(
        self,
        name: str,
        type: FieldType = FieldType.TEXT,
        *,
        options: tuple[str, ...] = (),
        applies_to: str = "ticket",
    ) -> FieldDefinition:
        """Define a custom field. Raises ``Conflict`` if one with this name exists."""
        key = field_key(name, applies_to)
        definition = FieldDefinition(key=key, name=name, type=type, options=options, applies_to=applies_to)
        fields = self._desk.store.lists.custom_fields
        with self._desk.operation():
            if fields.by_id(key) is not None:
                raise Conflict("a custom field with this name exists")
            return fields.put(definition)

    def seed(self, dataset: Dataset) -> Mapping[str, str]:
        """Write a dataset, all of it or nothing; return the desk's ids by the dataset's keys."""
        return seed(self._desk, dataset)

    def reset(self) -> None:
        """Remove everything but the account's id, and forget the calls."""
        self._desk.store.clear()
        self._desk.calls.clear()
        self._desk.directory.refresh()

    def snapshot(self) -> Snapshot:
        """Return the whole content, files included; it is in memory, and meant for small desks."""
        return Snapshot(self._desk.store.dump())

    def restore(self, snapshot: Snapshot) -> None:
        """Put the content back as it was, and forget the calls."""
        self._desk.store.restore(snapshot.rows)
        self._desk.calls.clear()
        self._desk.directory.refresh()
