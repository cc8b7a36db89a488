"""Check of a decision about a value: its field, the value at the source and the word at the destination exist."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import field, frozen

from helpdesk_bridge.adapter import Importer
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.outcome import WrongMap
from helpdesk_bridge.migration.plan.fidelity import carried
from helpdesk_bridge.migration.plan.field_maps import nearest
from helpdesk_bridge.migration.plan.values import PASSING, Values, old_key
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.records import FieldType
from helpdesk_bridge.model.values import Priority, Status
from helpdesk_bridge.text.plain import fold

SEEN: Final = "seen_values"
"""The name under which the journal keeps the digests of the values that the latest plan or run saw, by their field."""
FIELDS: Final = (
    "status", "priority", "group", "assignee", "watcher", "author", "tag", "custom_field", "contact_field", "option",
    "requester", *PASSING,
)  # fmt: skip
_LISTS: Final = {"group": "groups", "assignee": "agents", "watcher": "agents", "author": "agents", "tag": "tags", "custom_field": "custom_fields", "contact_field": "custom_fields"}  # fmt: skip
_AGENTS: Final = ("assignee", "watcher", "author")
_ALWAYS: Final = ("author", "requester")
"""Shown by every destination, in a header line if nowhere else."""
_UNNAMED: Final = ("requester",)
"""What is decided about by an id that no list names."""


@frozen(eq=False)
class DecisionCheck:
    """Checks decisions; ``seen`` are digests by field, empty while nothing was read."""

    source: MigrationDesk
    destination: MigrationDesk
    importer: Importer
    values: Values
    seen: dict[str, list[str]] = field(factory=dict)

    def check(self, name: str, old: str, new: str | None) -> None:
        """Raise ``WrongMap`` for a field, value or target that does not exist; it names the nearest."""
        if name not in FIELDS:
            raise WrongMap(f"--map {name}:{old}: there is no field {name!r} to decide about{nearest(name, FIELDS)}")
        if name not in _ALWAYS and not carried(name, self.importer):
            raise WrongMap(
                f"--map {name}:{old}: {self.destination.label} has no place for it, so there is nothing to decide"
            )
        if name == "option":
            self._check_option(old, new)
            return
        if name not in _UNNAMED:
            self._check_old(name, old)
        if new is not None:
            self._check_new(name, old, new)

    def _check_old(self, name: str, old: str) -> None:
        if old_key(name, old)[1] in self.seen.get(name, ()):
            return
        known = self._known(self.source, name)
        if any(_same(name, old, one) for one in known):
            return
        # Without a plan only a whole list says that there is no such value.
        if self.seen or (name in _LISTS and _LISTS[name] in self.source.desk.capabilities.complete_lists):
            raise WrongMap(
                f"--map {name}:{old}: {self.source.label} has no {_words(name)} {old!r}{nearest(old, known)}"
            )

    def _check_new(self, name: str, old: str, new: str) -> None:
        named, destination = self._out(name, new), self.destination
        able = destination.desk.capabilities
        known = self._known(destination, name)
        if any(_same(name, one, word) for one in known for word in (named, new)):
            return
        if destination.defines or name in (*PASSING, *_UNNAMED):
            return
        whole = (
            not able.open_statuses
            if name == "status"
            else bool(able.priorities)
            if name == "priority"
            else destination.knows_all(_LISTS[name])
        )
        if whole:
            raise WrongMap(
                f"--map {name}:{old}={new}: {destination.label} has no {_words(name)} {new!r}{nearest(new, known)}"
            )

    def _check_option(self, old: str, new: str | None) -> None:
        place, equals, _ = old.partition("=")
        definition = self.values.definition(place)
        if not equals:
            raise WrongMap(f"--map option:{old}: write option:FIELD=WORD=NEW")
        if definition is None:
            if self.destination.knows_all("custom_fields"):
                known = [one.name for one in self.destination.custom_fields]
                raise WrongMap(
                    f"--map option:{old}: {self.destination.label} has no custom field {place!r}{nearest(place, known)}"
                )
            return
        options = definition.options
        if new is None or definition.type is not FieldType.SELECT or not options:
            return
        if not any(fold(new) == fold(one) for one in options):
            raise WrongMap(
                f"--map option:{old}={new}: the custom field {place!r} of {self.destination.label} has no choice "
                f"{new!r}{nearest(new, options)}"
            )

    def _out(self, name: str, new: str) -> str:
        aliases = self.destination.aliases
        tables = {"status": aliases.statuses, "group": aliases.groups, "tag": aliases.tags, "custom_field": aliases.custom_fields, "contact_field": aliases.custom_fields}  # fmt: skip
        if name in _AGENTS:
            return aliases.agents.out(self.source.aliases.agents.into(new))
        return tables[name].out(new) if name in tables else new

    @staticmethod
    def _known(side: MigrationDesk, name: str) -> list[str]:
        able = side.desk.capabilities
        if name == "status":
            words = [*side.aliases.statuses.entries, *able.statuses.values(), *(one.value for one in able.statuses)]
            return list(dict.fromkeys(words)) if able.statuses else [one.value for one in Status]
        if name == "priority":
            return list(dict.fromkeys([*able.priorities.values(), *(one.value for one in able.priorities or Priority)]))
        if name in _AGENTS:
            return [word for agent in side.agents for word in (agent.email, agent.id) if word]
        if name in ("custom_field", "contact_field"):
            ours = [one for one in side.custom_fields if (one.applies_to == "ticket") == (name == "custom_field")]
            return list(dict.fromkeys(word for one in ours for word in (one.name, one.key)))
        if name == "group":
            return [side.aliases.groups.into(one.name) for one in side.groups] + [one.name for one in side.groups]
        return [one.name for one in side.tags] if name == "tag" else []


def digests_of(values: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the digests of values by their field, as the journal keeps them: it holds no word of a customer."""
    found: dict[str, list[str]] = {}
    for name, old in values:
        found.setdefault(name, []).append(old_key(name, old)[1])
    return found


def _same(name: str, one: str, other: str) -> bool:
    return (email_key(one) == email_key(other)) if name in _AGENTS else fold(one) == fold(other)


def _words(name: str) -> str:
    return "agent" if name in _AGENTS else name.replace("_", " ")
