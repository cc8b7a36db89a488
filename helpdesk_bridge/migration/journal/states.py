"""What the journal says of a source record."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, Final

from attrs import field, frozen

FOUND_AGAIN: Final = "found by its marker"
"""The reason of a ticket that was taken over: until it is finished, its messages are looked for before any is sent."""

DECIDED_SKIP: Final = "decided: skip"
DECIDED_AGAIN: Final = "decided: again"


class Kind(Enum):
    """What a record is."""

    CONTACT = "contact"
    TICKET = "ticket"
    MESSAGE = "message"
    ATTACHMENT = "attachment"


class State(Enum):
    """Where a record stands. PLANNED and INTENT are on their way; the others are ends."""

    PLANNED = "planned"
    INTENT = "intent"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"

    @property
    def final(self) -> bool:
        """Whether a run leaves the record alone from here on."""
        return self not in (State.PLANNED, State.INTENT)


@frozen
class Key:
    """Which record: ``parent`` is the source id of its ticket, empty for contacts and tickets."""

    kind: Kind
    id: str
    parent: str = ""


@frozen(kw_only=True)
class Record:
    """One row of the journal. Ids, digests and states only: no text of a customer ever stands here.

    ``expected`` holds the digests of what the destination must show; ``version`` tells whether the source changed
    since; ``finished`` says that a ticket has its final state. ``candidates`` are tickets of the destination that carry
    its marker: what an earlier migration may have written.
    """

    key: Key
    state: State = State.PLANNED
    position: int = 0
    reason: str | None = None
    marker: str | None = None
    destination: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    fold: str | None = None
    kind_of_message: str | None = None
    version: str | None = None
    expected: dict[str, Any] | None = field(default=None, eq=False)
    finished: bool = False
    intent_at: datetime | None = None
    attempts: int = 0
