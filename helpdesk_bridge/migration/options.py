"""Options: what a user can choose about a migration."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from attrs import field, frozen, validators

from helpdesk_bridge.migration.scope.hours import Hours
from helpdesk_bridge.migration.scope.order import TicketOrder
from helpdesk_bridge.migration.scope.scope import ScopeChoice
from helpdesk_bridge.model.secret import Secret


class Threads(Enum):
    """How a thread is written: a message each, all later messages in one note, or everything in the opening."""

    MESSAGES = "messages"
    NOTE = "note"
    DESCRIPTION = "description"


class Rest(Enum):
    """What becomes of what has no place at the destination: it is lost, or one private note a ticket holds it."""

    LOSE = "lose"
    NOTE = "note"


class Level(Enum):
    """How much is read back: nothing beyond the write's answer, the list of tickets, or threads and files too."""

    ECHO = "echo"
    LIST = "list"
    FULL = "full"


@frozen(kw_only=True)
class Options:
    """The choices for one run.

    ``yes`` acknowledges all hazards and accepts all announced losses, and is recorded. ``patience``: real seconds of
    one outage before the run stops, resumable. ``sample``: verify only so many tickets in full, None all of them.
    ``threads_again``: verification reads every thread of the source again, not only those whose time or count moved.
    ``takeover``: take the journal from a stuck owner. ``moved``: the user's word that a journal that looks like a copy
    was moved, and the other one is gone. ``settle``: vendor seconds to wait before a write in
    doubt is looked up; None is the importer's own figure. ``none_before``: the user's word that no earlier migration wrote
    into the destination, so that its markers are not read; it is recorded. ``recovered``: credentials under "source" and "destination" that were in use
    when an earlier migration wrote its markers and have been rotated since. ``scope`` and ``order``: None is what the
    journal has; ``decisions``: a plan file whose decisions are
    taken before anything is written. ``hours``: outside of them nothing is sent to either desk.
    """

    workers: int = field(default=6, validator=[validators.ge(1), validators.le(64)])
    yes: bool = False
    threads: Threads | None = None
    rest: Rest | None = None
    patience: float = field(default=900.0, validator=validators.ge(0.0))
    level: Level = Level.FULL
    sample: int | None = field(default=None, validator=validators.optional(validators.ge(0)))
    threads_again: bool = False
    takeover: bool = False
    moved: bool = False
    settle: float | None = field(default=None, validator=validators.optional(validators.ge(0.0)))
    none_before: bool = False
    scope: ScopeChoice | None = None
    order: TicketOrder | None = None
    hours: Hours | None = None
    decisions: Path | None = None
    recovered: Mapping[str, Secret] = field(factory=dict, repr=False)
