# ruff: noqa: SLF001 - a fake is a desk, and is made of the parts of one
"""``FakeHelpdesk``: a helpdesk in memory for unit tests. It is the local desk, not a second implementation.

.. code-block:: python

    fake = FakeHelpdesk(capabilities="desk365")      # refuses what Desk365 cannot do
    application(fake)                                # takes any desk
    assert [message.to for message in fake.outbox] == [("ann@example.com",)]

In configuration the same desk is ``vendor = "local"``, ``path = ":memory:"``, ``like = "desk365"``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from helpdesk_bridge.adapter import Finding
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.config.settings import CommonSettings, DeskConfig
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.desk.connection import open_config
from helpdesk_bridge.desk.contacts import ContactsPort
from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.desk.messages import MessagesPort
from helpdesk_bridge.desk.tickets import TicketsPort
from helpdesk_bridge.http.options import HttpOptions
from helpdesk_bridge.local.desk import Call
from helpdesk_bridge.local.settings import LocalSettings
from helpdesk_bridge.local.vendor_api import LocalInspection, Snapshot
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.testing.chaos import Drift
from helpdesk_bridge.testing.clock import SkippingClock
from helpdesk_bridge.testing.faulty import FaultyCalls, PortFaults, faulty
from helpdesk_bridge.testing.shown import Outgoing, ShownMessages
from helpdesk_bridge.testing.simulator.faults import FaultPlan


class FakeHelpdesk(Desk[LocalInspection]):
    """A desk in memory with inspection; everything that ``Helpdesk`` promises, and nothing is ever sent.

    ``capabilities`` is another vendor's name or a value of your own: the fake refuses what such a desk cannot do.
    ``faults`` takes the faults that its calls meet: it waits and repeats as a desk over HTTP does, up to ``max_wait``.
    ``clock`` tells the times of records and is what is waited on; by default it is the time of day, and waits are over
    at once. A ``ManualClock`` makes times exact. ``state`` is a snapshot to start from.
    """

    _calls: FaultyCalls
    _plain: Desk
    _kept_open: bool

    def __init__(
        self,
        *,
        capabilities: str | Capabilities | None = None,
        clock: Clock | None = None,
        state: Snapshot | None = None,
        name: str = "fake",
        max_wait: float | None = 10.0,
        aliases: Aliases | None = None,
    ) -> None:
        config = DeskConfig(
            name=name,
            vendor=registry.vendor("local"),
            settings=LocalSettings(path=":memory:", like=capabilities),
            common=CommonSettings(max_wait=max_wait),
            aliases=aliases or Aliases(),
        )
        running = SkippingClock(clock)
        desk = open_config(config, clock=running)
        values: dict[str, Any] = {field.alias or field.name: getattr(desk, field.name) for field in attrs.fields(Desk)}
        plan = PortFaults(desk.capabilities)
        calls = FaultyCalls(
            plan,
            running,
            HttpOptions(max_wait=max_wait),
            desk._bus,
            desk.vendor,
            name,
            Drift(desk),
            running.stopped_at,
        )
        adapter = attrs.evolve(desk._adapter, messages=ShownMessages(desk._adapter.messages))
        link = attrs.evolve(desk._link, adapter=faulty(adapter, calls))
        values |= {
            "tickets": TicketsPort(link),
            "contacts": ContactsPort(link),
            "messages": MessagesPort(link),
            "adapter": link.adapter,
            "link": link,
            "clock": running if clock is None else clock,
        }
        super().__init__(**values)
        object.__setattr__(self, "_calls", calls)
        object.__setattr__(self, "_plain", desk)
        object.__setattr__(self, "_kept_open", False)
        if state is not None:
            self.restore(state)

    @property
    def faults(self) -> FaultPlan:
        """The faults that calls meet: ``fake.faults.inject(Fault.SERVER_ERROR(), on="tickets.list")``."""
        return self._calls.plan

    def keep_open(self, *, kept: bool) -> None:
        """Let ``close`` do nothing, for a fake that is looked at after the code under test has closed it; or as ever."""
        object.__setattr__(self, "_kept_open", kept)

    def close(self) -> None:
        """Forget everything, unless the fake is kept open."""
        if not self._kept_open:
            super().close()

    def check(self) -> Sequence[Finding]:
        """Try the credentials and look at the account."""
        return self._calls.call("check", super().check)

    @property
    def inspection(self) -> LocalInspection:
        """The ``vendor_api`` of this desk, which sets up agents, groups and fields."""
        return self.vendor_api

    @property
    def vendor_api(self) -> LocalInspection:
        """The calls of a local desk that have no common word; ``inspection`` is the same."""
        self._calls.commit_due()
        known: LocalInspection = super().vendor_api
        return known

    @property
    def outbox(self) -> Outgoing:
        """The replies that would have been mailed, oldest first; ``to`` and ``cc`` say to whom."""
        return Outgoing.of(self.inspection.outbox)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that reached the desk, oldest first, with their arguments; a refused call never reaches it."""
        return self.inspection.calls

    def all_tickets(self) -> tuple[Ticket, ...]:
        """Return every ticket, spam, deleted and merged ones too."""
        self._calls.commit_due()
        return tuple(self._plain.tickets.list(TicketQuery(include={"spam", "deleted", "merged", "description"})))

    def all_contacts(self) -> tuple[Contact, ...]:
        """Return every contact, blocked and deleted ones too."""
        self._calls.commit_due()
        return tuple(self._plain.contacts.list(ContactQuery(include={"blocked", "deleted"})))

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
        self._calls.forget()
        self.inspection.restore(snapshot)

    def reset(self) -> None:
        """Remove everything, end all faults and forget the calls."""
        self._calls.forget()
        self.faults.clear()
        self.inspection.reset()


__all__ = ["FakeHelpdesk", "Snapshot"]
