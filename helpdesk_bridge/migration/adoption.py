"""Adoption: whether a ticket that carries a marker is the ticket that was written with it.

Customers see the line of a marker in mails and can copy it; agents can edit a field. So a ticket is adopted only if its
requester, the source's time and the text of its opening agree with what was, or would be, written, and, if the vendor
says how a ticket was made, it was made through the API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.adapter import Fidelity, Importer
from helpdesk_bridge.adapter.header_line import Seal
from helpdesk_bridge.errors import HelpdeskError, NotFound
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.states import reason_of
from helpdesk_bridge.migration.outage import Outage
from helpdesk_bridge.migration.plan.thread_layout import opening_of
from helpdesk_bridge.model.records import Ticket

API: Final = "api"
_COMPARED: Final = {"body": "text", "created_at": "time"}


@frozen
class Judgement:
    """Tickets that carry one marker. ``ours`` agree with the source record; of ``others`` it is said why they do not.

    ``unread`` says that one could not be read, so that it may be ours as well.
    """

    ours: tuple[str, ...]
    others: Mapping[str, str]
    unread: bool = False

    def __str__(self) -> str:
        tickets = [*self.ours, *(f"{ticket_id} ({why})" for ticket_id, why in self.others.items())]
        return f"tickets with the marker: {', '.join(tickets)}"


def made_by_api(importer: Importer, ticket: Ticket) -> bool:
    """Whether a ticket may have been made through the API: if the vendor says so at all, every such ticket does."""
    channel = importer.fidelity.ticket.get("channel")
    tells = channel is not None and channel.how is Fidelity.CHANGED and channel.to == API
    return not tells or ticket.channel == API


@frozen(eq=False)
class Adoption:
    """Compares what carries a marker at the destination."""

    destination: MigrationDesk
    importer: Importer
    outage: Outage
    seal: Seal

    def judge(self, ids: Sequence[str], requester: Mapping[str, Any] | None, opening: Mapping[str, Any]) -> Judgement:
        """Read these tickets, a call or two each, and compare them with what is expected of requester and opening."""
        ours: list[str] = []
        others: dict[str, str] = {}
        unread = False
        for ticket_id in ids:
            try:
                ticket = self.outage.of_record(partial(self.destination.desk.tickets.get, ticket_id))
            except NotFound:
                others[ticket_id], unread = "it does not exist", True
                continue
            except HelpdeskError as error:
                others[ticket_id], unread = f"it cannot be read: {reason_of(error)}", True
                continue
            different = self.differences(ticket, requester, opening)
            if different:
                others[ticket_id] = f"other {', '.join(different)}"
            else:
                ours.append(ticket_id)
        return Judgement(tuple(ours), others, unread)

    def differences(
        self, ticket: Ticket, requester: Mapping[str, Any] | None, opening: Mapping[str, Any]
    ) -> tuple[str, ...]:
        """Return the names of what does not agree; empty if the ticket is the one that was written."""
        names_differing = []
        if not made_by_api(self.importer, ticket):
            names_differing.append("origin than the API")
        if requester is not None and not expected.same_person(requester, expected.person(ticket.requester)):
            names_differing.append("requester")
        shown = expected.shown_message(opening_of(ticket), self.seal)
        names = {name for name, _, _ in expected.message_differences(opening, shown, self.importer.fidelity)}
        return (*names_differing, *(word for name, word in _COMPARED.items() if name in names))
