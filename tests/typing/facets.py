"""Checked by mypy strict and pyright, never run: a facet that a vendor may lack needs a test before its use."""

from __future__ import annotations

from helpdesk_bridge import Helpdesk, TicketDraft, TicketQuery, connect
from helpdesk_bridge.desk.desk import Desk


def a_desk_is_a_helpdesk(desk: Desk) -> Helpdesk:
    return desk


def needs_a_test(desk: Helpdesk) -> None:
    desk.agents.list()  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    if desk.agents:
        print([agent.email for agent in desk.agents.list()])


def reads_and_writes() -> None:
    with connect("support") as desk:
        created = desk.tickets.create(TicketDraft(subject="Hi", description="Text", requester="ann@example.com"))
        refs: list[str] = [ticket.ref for ticket in desk.tickets.list(TicketQuery(tags={"vip"}, limit=3))]
        print(created.ref, refs)
        desk.tickets.create(TicketDraft(subject="Hi"))  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
