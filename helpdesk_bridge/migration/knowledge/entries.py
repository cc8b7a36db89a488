"""Entries: what the journal knows of each category, folder and article.

Titles and names may stand in it where a vendor has no ids: they are the company's own, which it publishes.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import Any, Final

from attrs import Factory, asdict, field, frozen

from helpdesk_bridge.migration.journal.journal import Journal

PREFIX: Final = "knowledge entry "


class Kind(Enum):
    """What an entry is about."""

    CATEGORY = "category"
    FOLDER = "folder"
    ARTICLE = "article"


class State(Enum):
    """How far an entry is. INTENT: a create may have been sent. PRESENT: it was there before, and is used."""

    INTENT = "intent"
    DONE = "done"
    PRESENT = "present"
    FAILED = "failed"


@frozen(kw_only=True)
class Entry:
    """A record of the source. ``before`` are the ids of its name that the destination had before anything was sent.

    ``version`` is a digest of what the source said, ``expected`` are digests of what the destination must show.
    """

    kind: Kind
    id: str
    state: State
    destination: str = ""
    name: str = ""
    """The name at the destination, where it is another one."""
    before: tuple[str, ...] = ()
    version: str = ""
    expected: dict[str, Any] = field(default=Factory(dict), eq=False)
    reason: str = ""

    @property
    def is_there(self) -> bool:
        """Whether the destination has it."""
        return self.state in (State.DONE, State.PRESENT)


class Entries:
    """The entries of a journal, by kind and source id."""

    def __init__(self, journal: Journal) -> None:
        self._facts = journal.facts
        self._known: dict[tuple[Kind, str], Entry] = {}
        for _, value in self._facts.named(PREFIX):
            entry = _read(json.loads(value))
            self._known[entry.kind, entry.id] = entry

    def get(self, kind: Kind, source_id: str) -> Entry | None:
        """Return an entry."""
        return self._known.get((kind, source_id))

    def all(self, kind: Kind | None = None) -> list[Entry]:
        """Return the entries, of one kind or all."""
        return [one for one in self._known.values() if kind in (None, one.kind)]

    def save(self, entry: Entry) -> Entry:
        """Write an entry down; it is on the disk when this returns."""
        values = asdict(entry, value_serializer=lambda _owner, _name, one: one.value if isinstance(one, Enum) else one)
        self._facts.remember(**{f"{PREFIX}{json.dumps([entry.kind.value, entry.id])}": values})
        self._known[entry.kind, entry.id] = entry
        return entry


def _read(values: dict[str, Any]) -> Entry:
    return Entry(
        **{
            **values,
            "kind": Kind(values["kind"]),
            "state": State(values["state"]),
            "before": tuple(values["before"]),
        }
    )
