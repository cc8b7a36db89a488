"""An open local desk: its store, what resolves names in it, and the log of calls that tests look at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.local.definitions import Definitions
from helpdesk_bridge.local.people import People
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.values import Upload
from helpdesk_bridge.store.blobs import Spooled, spooled
from helpdesk_bridge.store.store import LocalStore
from helpdesk_bridge.store.values import moment_of

_KEPT: Final = 10_000


@frozen
class Call:
    """One call: the operation in the port's words, the id of the record it was about, if any, and its arguments.

    ``arguments`` has ``draft``, ``change``, ``query`` and the like by their names, as the desk got them: with the vendor's
    names for the application's own. Only a desk in memory keeps them. Calls are equal whatever their arguments.
    """

    operation: str
    record_id: str | None = None
    arguments: Mapping[str, Any] = field(factory=dict, eq=False)


class Calls:
    """The last 10,000 calls, oldest first. Safe to share between threads.

    A desk that works for years has no use for drafts and files of the past; one in memory is looked into by tests.
    """

    def __init__(self, *, keep_arguments: bool = False) -> None:
        self._keep_arguments = keep_arguments
        self._calls: deque[Call] = deque(maxlen=_KEPT)
        self._lock = new_lock()

    def add(self, operation: str, record_id: str | None = None, **arguments: Any) -> None:
        """Record a call; an argument that is None was not given."""
        kept = arguments if self._keep_arguments else {}
        given = MappingProxyType({name: value for name, value in kept.items() if value is not None})
        with self._lock:
            self._calls.append(Call(operation, record_id, given))

    def all(self) -> tuple[Call, ...]:
        """Return the calls so far."""
        with self._lock:
            return tuple(self._calls)

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()


@frozen(eq=False)
class LocalDesk:
    """The store of one desk, and what its port shares: capabilities, people, definitions, directory and call log."""

    store: LocalStore
    capabilities: Capabilities
    people: People
    definitions: Definitions
    directory: Directory
    calls: Calls = field(factory=Calls)

    def now(self) -> datetime:
        """Return the wall time as records keep it."""
        return moment_of(self.store.space.now())

    @contextmanager
    def operation(self, files: Sequence[Upload] = ()) -> Iterator[tuple[Spooled, ...]]:
        """Run one write: files are read before it starts; the directory reads its lists again after it, as they may have grown."""
        with spooled(files) as kept, self.store.transaction():
            yield kept
        self.directory.refresh("agents", "groups", "tags", "custom_fields")
