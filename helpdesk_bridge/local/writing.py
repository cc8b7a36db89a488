"""What the parts of a local desk share when they write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from attrs import field, frozen

from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.local.calls import Calls
from helpdesk_bridge.local.people import People
from helpdesk_bridge.local.vocabulary import Vocabulary
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.values import Upload
from helpdesk_bridge.store.blobs import Spooled, spooled
from helpdesk_bridge.store.store import LocalStore
from helpdesk_bridge.store.values import moment_of


@frozen(eq=False)
class Writing:
    """One desk's store with all that resolves names in it."""

    store: LocalStore
    capabilities: Capabilities
    people: People
    vocabulary: Vocabulary
    directory: Directory
    calls: Calls = field(factory=Calls)

    def now(self) -> datetime:
        """Return the wall time as records keep it."""
        return moment_of(self.store.space.now())

    @contextmanager
    def operation(self, files: Sequence[Upload] = ()) -> Iterator[tuple[Spooled, ...]]:
        """One write: files are read before it starts, and the directory asks anew after it, as lists may have grown."""
        with spooled(files) as kept, self.store.transaction():
            yield kept
        self.directory.refresh("agents", "groups", "tags", "custom_fields")
