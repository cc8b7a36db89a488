"""``shadowed``: a desk whose reads are compared with another's, as the key ``shadow`` asks."""

from __future__ import annotations

from attrs import evolve, frozen

from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.http.events import EventBus, ShadowRead
from helpdesk_bridge.model.shadow import ShadowStatus
from helpdesk_bridge.ports import ShadowReads
from helpdesk_bridge.shadow.counts import Compared, ShadowCounts
from helpdesk_bridge.shadow.reads import ShadowContacts, ShadowMessages, ShadowTickets, Watch
from helpdesk_bridge.shadow.worker import ShadowWorker


@frozen
class Comparing(ShadowReads):
    """What compares the reads of a desk; see ``ports.ShadowReads`` for the promises."""

    _other: Desk
    _counts: ShadowCounts
    _worker: ShadowWorker

    @property
    def other(self) -> Desk:
        """The other desk."""
        return self._other

    def status(self) -> ShadowStatus:
        """Return what was compared so far."""
        return self._counts.status()

    def settle(self) -> None:
        """Wait until every read so far is compared or dropped."""
        self._worker.settle()

    def close(self) -> None:
        """Compare no more, and close the other desk."""
        self._worker.close()
        self._other.close()


def shadowed(desk: Desk, other: Desk, share: float, bus: EventBus) -> Desk:
    """Return ``desk`` with ports that compare a share of their reads with what ``other`` answers."""
    counts = ShadowCounts((desk.vendor, desk.account, other.vendor, other.account))

    def told(compared: Compared) -> None:
        counts.add(compared, desk.clock.wall())
        bus.publish(
            ShadowRead(
                vendor=desk.vendor,
                desk=desk.name,
                other=other.name,
                operation=compared.operation,
                outcome=compared.outcome.value,
                fields=compared.fields,
                reason=compared.reason,
            )
        )

    worker = ShadowWorker(told)
    watch = Watch(desk._link, other, other._link, share, worker)  # noqa: SLF001 - it stands between the desk and its ports
    return evolve(
        desk,
        tickets=ShadowTickets(desk.tickets, watch),
        contacts=ShadowContacts(desk.contacts, watch),
        messages=ShadowMessages(desk.messages, watch),
        shadow=Comparing(other, counts, worker),
    )
