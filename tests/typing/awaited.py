"""Checked by mypy strict and pyright, never run: the asynchronous port is typed as the synchronous one."""

from __future__ import annotations

from helpdesk_bridge import AsyncDesk, Sent, Ticket, TicketDraft, aconnect
from helpdesk_bridge.local import VENDOR as LOCAL


async def reads_and_writes() -> None:
    async with aconnect("support") as desk:
        created: Ticket = await desk.tickets.create(
            TicketDraft(subject="Hi", description="Text", requester="ann@example.com")
        )
        same: Ticket = await desk.tickets.create(subject="Hi", description="Text", requester="ann@example.com")
        sent: Sent = await desk.messages.note(created, "Seen")
        refs: list[str] = [ticket.ref async for ticket in desk.tickets.list(status="open")]
        account: str = await desk.account
        print(same, sent, refs, account)


async def needs_a_test(desk: AsyncDesk) -> None:
    await desk.agents.list()  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    if desk.agents:
        print([agent.email for agent in await desk.agents.list()])


async def knows_the_vendor() -> None:
    async with aconnect("support", vendor=LOCAL) as desk:
        await desk.run(lambda sync: sync.vendor_api.add_group("Support"))


async def refuses_wrong_fields(desk: AsyncDesk) -> None:
    await desk.tickets.update("1", subject=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
