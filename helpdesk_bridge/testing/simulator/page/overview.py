"""``Overview``: what a vendor's simulator shows of its account, in one form for all vendors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from helpdesk_bridge.text.plain import html_to_text

__all__ = ["Overview", "Sent", "ShownBudget", "ShownMessage", "ShownTicket", "html_to_text"]


@frozen
class ShownTicket:
    """A line of the list of tickets; ``updated`` is an ISO time."""

    id: str
    number: str
    subject: str
    status: str
    requester: str
    updated: str
    messages: int


@frozen
class ShownMessage:
    """A message of a thread; ``visibility`` is "public" or "internal"."""

    at: str
    author: str
    role: str
    visibility: str
    text: str
    files: tuple[str, ...] = ()


@frozen
class Sent:
    """What would have reached a person: an e-mail or a WhatsApp message. ``audience`` is "customer" or "agent"."""

    at: str
    to: str
    audience: str
    occasion: str
    ticket: str = ""
    text: str = ""


@frozen
class ShownBudget:
    """A rate limit as it is now; ``ends_in`` is in vendor seconds. ``rule`` quotes the vendor's paper."""

    name: str
    limit: int
    left: int
    ends_in: float
    rule: str


class Overview:
    """What a simulator's page shows; a vendor overrides what its account has."""

    def tickets(self) -> Iterable[ShownTicket]:
        """Yield the tickets, the one changed last first."""
        return ()

    def thread(self, ticket_id: str) -> Sequence[ShownMessage] | None:  # noqa: ARG002 - for the vendor to override
        """Return a ticket's messages, oldest first; None if there is no such ticket."""
        return None

    def outbox(self) -> Sequence[Sent]:
        """Return what would have been sent, oldest first."""
        return ()

    def budgets(self) -> Sequence[ShownBudget]:
        """Return the rate limits that have counted a request."""
        return ()

    def units(self, method: str, path: str) -> int:  # noqa: ARG002
        """Return what a request takes from the first budget."""
        return 1
