"""``FakeHelpdesk``: a helpdesk in memory for unit tests. It is the local desk, not a second implementation.

.. code-block:: python

    fake = FakeHelpdesk(capabilities="desk365")      # refuses what Desk365 cannot do
    application(fake)                                # takes any desk
    assert [message.to for message in fake.outbox] == [("ann@example.com",)]

In configuration the same desk is ``vendor = "local"``, ``path = ":memory:"``, ``like = "desk365"``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.config.settings import CommonSettings, DeskConfig
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.desk.connection import open_config
from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.local.desk import Call
from helpdesk_bridge.local.settings import LocalSettings
from helpdesk_bridge.local.vendor_api import LocalInspection, Snapshot
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Contact, Message, Ticket


class FakeHelpdesk(Desk):
    """A desk in memory with inspection; everything that ``Helpdesk`` promises, and nothing is ever sent.

    ``capabilities`` is another vendor's name or a value of your own: the fake refuses what such a desk cannot do. ``clock``
    tells the times of records; a ``ManualClock`` makes them exact. ``state`` is a snapshot to start from.
    """

    def __init__(
        self,
        *,
        capabilities: str | Capabilities | None = None,
        clock: Clock | None = None,
        state: Snapshot | None = None,
        name: str = "fake",
    ) -> None:
        config = DeskConfig(
            name=name,
            vendor=registry.vendor("local"),
            settings=LocalSettings(path=":memory:", like=capabilities),
            common=CommonSettings(),
            aliases=Aliases(),
        )
        desk = open_config(config, clock=clock)
        values: dict[str, Any] = {field.alias or field.name: getattr(desk, field.name) for field in attrs.fields(Desk)}
        super().__init__(**values)
        if state is not None:
            self.restore(state)

    @property
    def inspection(self) -> LocalInspection:
        """The ``vendor_api`` of this desk, which sets up agents, groups and fields."""
        found: LocalInspection = self.vendor_api
        return found

    @property
    def outbox(self) -> tuple[Message, ...]:
        """The replies that would have been mailed, oldest first; ``to`` and ``cc`` say to whom."""
        return self.inspection.outbox

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that reached the desk, oldest first; a refused call never reaches it."""
        return self.inspection.calls

    def all_tickets(self) -> tuple[Ticket, ...]:
        """Return every ticket, spam, deleted and merged ones too."""
        return tuple(self.tickets.list(TicketQuery(include={"spam", "deleted", "merged", "description"})))

    def all_contacts(self) -> tuple[Contact, ...]:
        """Return every contact, blocked and deleted ones too."""
        return tuple(self.contacts.list(ContactQuery(include={"blocked", "deleted"})))

    def seed(self, dataset: Dataset | int, *, seed: int = 0) -> Mapping[str, str]:
        """Fill the desk from a dataset, or with a number of made-up tickets; return its ids by the dataset's keys."""
        if isinstance(dataset, int):
            from helpdesk_bridge.datasets.generator import generate

            dataset = generate(dataset, seed)
        return self.inspection.seed(dataset)

    def snapshot(self) -> Snapshot:
        """Return the whole content, for ``restore`` or as the ``state`` of another fake."""
        return self.inspection.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Put the content back as it was; calls are forgotten."""
        self.inspection.restore(snapshot)

    def reset(self) -> None:
        """Remove everything, and forget the calls."""
        self.inspection.reset()


__all__ = ["FakeHelpdesk", "Snapshot"]
