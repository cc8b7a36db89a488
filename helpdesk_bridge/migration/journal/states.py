"""Journal records: kind, state, key and ids of a source record."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.text.plain import digest

FOUND_AGAIN: Final = "found by its marker"
"""The reason of a ticket that was taken over: until it is finished, its messages are looked for before any is sent."""

OPAQUE_PREFIX: Final = "~"
"""What the digest of an id begins with."""

NOT_WRITTEN: Final = "written, but not all of it: "
"""What the reason of a record begins with whose further calls were refused: its create was not."""

OF_ITS_TICKET: Final = "its ticket is in doubt"
"""Why a record of a ticket is in doubt that is decided with it."""

DECIDED_SKIP: Final = "decided: skip"
DECIDED_AGAIN: Final = "decided: again"


class Kind(Enum):
    """The kind of a record. A ``REST`` is no record of the source: the note that holds what has no place of its own."""

    CONTACT = "contact"
    TICKET = "ticket"
    MESSAGE = "message"
    ATTACHMENT = "attachment"
    REST = "rest"


IN_A_THREAD: Final = (Kind.MESSAGE, Kind.REST)
"""What is written as a message."""
ON_A_TICKET: Final = (*IN_A_THREAD, Kind.ATTACHMENT)
"""What hangs on a ticket."""


class State(Enum):
    """The state of a record. PLANNED and INTENT are on their way; the others are final."""

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
    """One row of the journal. Ids, digests and states only: never a customer's text.

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


def is_there(record: Record) -> bool:
    """Whether a message is at the destination, be it not all of it."""
    return record.state is State.DONE or (
        record.state is State.FAILED and (record.reason or "").startswith(NOT_WRITTEN)
    )


def reason_of(error: HelpdeskError) -> str:
    """Return why a record failed: the kind of error, where, and which field.

    Never the vendor's own words: they may quote a customer.
    """
    parts = [type(error).__name__]
    parts += [str(part) for part in (getattr(error, "field", None), error.operation, error.code) if part]
    if error.status is not None:
        parts.append(f"HTTP {error.status}")
    return ", ".join(parts)


def opaque(record_id: str, *, natural: bool = False) -> str:
    """Return an id that reveals no address; ``natural`` says that the vendor identifies people by their address."""
    if "@" in record_id:
        return f"{OPAQUE_PREFIX}{digest('id', email_key(record_id))}"
    return f"{OPAQUE_PREFIX}{digest('id', record_id)}" if natural else record_id


def is_opaque(record_id: str) -> bool:
    """Whether an id is a digest, from which the vendor's own id cannot be recovered."""
    return record_id.startswith(OPAQUE_PREFIX)
