"""What the simulator's page shows of a Desk365 account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from helpdesk_bridge.testing.simulator.page.overview import (
    Overview,
    Sent,
    ShownBudget,
    ShownMessage,
    ShownTicket,
    html_to_text,
)

if TYPE_CHECKING:
    from helpdesk_bridge_desk365.simulator.limits import Rates
    from helpdesk_bridge_desk365.simulator.records.account import Account
    from helpdesk_bridge_desk365.simulator.records.records import Message, Ticket

_CALLS: Final = (
    'documented: Desk365 API, "Rate limit details", 100 calls an hour; observed: 50 a minute on Plus and Premium; '
    "assumed: a window that begins with its first call."
)
_ROWS: Final = "documented: Desk365 API, 10,000 tickets an hour in lists; assumed: for each key."


class Desk365Overview(Overview):
    """Tickets, e-mails to contacts and agents, and what each key has left."""

    def __init__(self, account: Account, rates: Rates) -> None:
        self._account = account
        self._rates = rates

    def tickets(self) -> Iterator[ShownTicket]:
        """Yield the tickets, the one changed last first."""
        tickets = sorted(self._account.tickets.values(), key=lambda one: (one.updated_on, one.number), reverse=True)
        for ticket in tickets:
            yield ShownTicket(
                str(ticket.number),
                str(ticket.number),
                ticket.subject,
                ticket.status,
                _person(ticket.contact.name, ticket.contact.email),
                ticket.updated_on.isoformat(),
                1 + len(ticket.messages),
            )

    def thread(self, ticket_id: str) -> Sequence[ShownMessage] | None:
        """Return a ticket's description and conversation."""
        ticket = self._account.tickets.get(int(ticket_id)) if ticket_id.isdecimal() else None
        return None if ticket is None else [_opening(ticket), *map(_shown, ticket.messages)]

    def outbox(self) -> Sequence[Sent]:
        """Return the e-mails that would have gone out; Desk365 records no time and no text of them."""
        audiences = {"contact": "customer"}
        return [
            Sent(
                "",
                ", ".join(mail.to),
                audiences.get(mail.audience, mail.audience),
                mail.occasion,
                str(mail.ticket_number),
            )
            for mail in list(self._account.mails)
        ]

    def budgets(self) -> Sequence[ShownBudget]:
        """Return the calls and listed tickets of each key that has spent some; keys are only counted, not shown."""
        running = (
            (self._rates.calls_running(), "Calls", _CALLS),
            (self._rates.rows_running(), "Listed tickets", _ROWS),
        )
        return [
            ShownBudget(f"{what} of key {number}", allowance.limit, allowance.remaining, allowance.reset, rule)
            for windows, what, rule in running
            for number, allowance in enumerate(windows.values(), start=1)
        ]

    def units(self, method: str, path: str) -> int:  # noqa: ARG002 - the signature is the base class's
        """Return 0 for a ping, else 1. A search may count as five, by a switch."""
        return 0 if path.endswith("/ping") else 1


def _opening(ticket: Ticket) -> ShownMessage:
    author, files = _person(ticket.contact.name, ticket.contact.email), tuple(file.filename for file in ticket.files)
    return ShownMessage(
        ticket.created_on.isoformat(), author, "customer", "public", html_to_text(ticket.description), files
    )


def _shown(message: Message) -> ShownMessage:
    return ShownMessage(
        message.created_on.isoformat(),
        _person(message.name, message.email),
        "customer" if message.sender_type == "contact" else message.sender_type,
        "internal" if message.type == "note" and not message.public_note else "public",
        html_to_text(message.body),
        tuple(file.filename for file in message.files),
    )


def _person(name: str, email: str | None) -> str:
    return f"{name} <{email}>" if email else name
