"""The tools of one desk. Which there are is decided here, once, by what the user allowed; nothing that is read can add one."""

# Annotations are evaluated where they stand: the SDK reads them, and some name functions of this module's functions.

import enum
import functools
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from mcp.server.mcpserver import AcceptedElicitation, Elicit, ElicitationResult, MCPServer, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field

from helpdesk_bridge import __version__
from helpdesk_bridge.aio import AsyncDesk
from helpdesk_bridge.errors import HelpdeskError, InDoubt, Invalid, RateLimited
from helpdesk_bridge.mcp_server.shown import NOTICE, Shown, document
from helpdesk_bridge.mcp_server.spending import Charge, Spending, charged
from helpdesk_bridge.model.drafts import Sent
from helpdesk_bridge.model.queries import How, Match, Period
from helpdesk_bridge.ports import Missing

MOST_RECORDS: Final = 25
LONGEST_WRITTEN: Final = 20_000


class Write(enum.Enum):
    """What the user can allow a model to write; one never implies another."""

    NOTE = "note"
    REPLY = "reply"


class Confirmation(BaseModel):
    """What the person at the client answers."""

    confirm: bool = Field(description="Whether to write exactly this")


TicketId = Annotated[str, Field(description="The value of `ticket` in a search result", min_length=1, max_length=200)]
Cursor = Annotated[str | None, Field(description="The value of `next` in the result before, for the next page")]
Limit = Annotated[int, Field(ge=1, le=MOST_RECORDS, description="How many records")]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_WRITTEN, description="Plain text, written as it is")]
_READS: Final = ToolAnnotations(read_only_hint=True, open_world_hint=True)


class DeskServer:
    """The MCP server of one desk; ``tools`` are the names of its tools."""

    def __init__(
        self, desk: AsyncDesk[Any], *, allow: Collection[Write] = (), reserve: int = 0, pseudonymise: bool = False
    ) -> None:
        self._desk = desk
        self._shown = Shown(pseudonymise=pseudonymise)
        self._spending = Spending(desk, reserve)
        self._allowed = frozenset(allow)
        instructions = (
            f"Tools for the helpdesk {desk.sync}. {NOTICE} Its vendor allows few calls, which other programs need too: "
            "each result says what it cost and what is left; ask for pages, and stop when little is left."
        )
        self.mcp = MCPServer(
            "helpdesk-bridge", instructions=instructions, version=__version__, log_level="WARNING", subscriptions=False
        )
        self._add_reads()
        if Write.NOTE in self._allowed:
            self._add_note()
        if Write.REPLY in self._allowed:
            self._add_reply()

    def close(self) -> None:
        """Stop counting what is spent."""
        self._spending.end()

    async def _answer(self, work: Callable[[], Awaitable[dict[str, Any]]]) -> str:
        """Return the result of a tool with what it cost; an error of the desk is one line with the same."""
        with charged() as charge:
            try:
                found = await work()
            except HelpdeskError as error:
                problem = ToolError(await self._failed(error, charge))
            else:
                return document(**found, cost=await self._spending.told(charge))
        raise problem

    async def _failed(self, error: HelpdeskError, charge: Charge) -> str:
        told = await self._spending.told(charge)
        if isinstance(error, InDoubt):
            return (
                f"{error.message}. Do not write it again: look at the ticket after "
                f"{error.settle_seconds:.0f} seconds. ({told['said']})"
            )
        if isinstance(error, RateLimited):
            when = "later" if error.retry_after is None else f"in about {error.retry_after:.0f} seconds"
            return f"nothing was sent: the budget that is left for you is spent; ask again {when}. ({told['said']})"
        return f"{error.message} ({told['said']})"

    def _read(self, tool: Callable[..., Awaitable[str]]) -> None:
        self.mcp.add_tool(tool, annotations=_READS, structured_output=False)

    def _add_reads(self) -> None:
        capabilities = self._desk.capabilities
        if capabilities.supports("tickets.list"):
            self._read(self.search_tickets)
        if capabilities.supports("tickets.get"):
            self._read(self.get_ticket)
        if capabilities.supports("messages.list"):
            self._read(self.get_thread)
        if capabilities.supports("contacts.find"):
            self._read(self.find_contact)
        if not isinstance(self._desk.groups, Missing):
            self._read(self.list_groups)
        self._read(self.budget)

    async def search_tickets(
        self,
        subject_contains: Annotated[str | None, Field(description="Words of the subject", max_length=200)] = None,
        status: Annotated[
            str | None, Field(description="open, pending, solved, closed, or the desk's own word")
        ] = None,
        requester: Annotated[str | None, Field(description="The customer's e-mail address")] = None,
        group: Annotated[str | None, Field(description="The name of a group")] = None,
        updated_since: Annotated[str | None, Field(description="ISO 8601 with an offset")] = None,
        order: Literal["-updated", "updated", "-created", "created"] = "-updated",
        cursor: Cursor = None,
        limit: Limit = 10,
    ) -> str:
        """Search tickets, the newest change first; a page at a time."""

        async def work() -> dict[str, Any]:
            filters: dict[str, Any] = {
                "subject": None if subject_contains is None else Match(subject_contains, How.CONTAINS),
                "status": status,
                "requester": None if requester is None else self._shown.real(requester),
                "group": group,
                "updated": None if updated_since is None else Period(_moment(updated_since)),
                "order": order,
            }
            given = {name: value for name, value in filters.items() if value is not None}
            page = await self._desk.tickets.list(**given).page(self._shown.real_cursor(cursor), limit)
            rows = self._shown.records(page.items)
            found = {
                "tickets": [Shown.ticket(one) for one in rows],
                "next": self._shown.cursor(page.next),
                "total": page.total,
            }
            return found if rows else {**found, "tickets": "none"}

        return await self._answer(work)

    async def get_ticket(self, ticket: TicketId) -> str:
        """Show one ticket: its fields and its opening message."""

        async def work() -> dict[str, Any]:
            (found,) = self._shown.records([await self._desk.tickets.get(self._shown.real(ticket))])
            return {"ticket": Shown.ticket(found, whole=True)}

        return await self._answer(work)

    async def get_thread(
        self,
        ticket: TicketId,
        cursor: Cursor = None,
        limit: Limit = 10,
        characters: Annotated[int, Field(ge=100, le=20_000, description="Of each message, at most")] = 2_000,
    ) -> str:
        """Read the messages of a ticket, oldest first; a page at a time. Internal ones are for agents only."""

        async def work() -> dict[str, Any]:
            page = await self._desk.messages.list(self._shown.real(ticket)).page(self._shown.real_cursor(cursor), limit)
            rows = self._shown.records(page.items)
            return {"messages": [Shown.message(one, characters) for one in rows], "next": self._shown.cursor(page.next)}

        return await self._answer(work)

    async def find_contact(
        self,
        email: Annotated[str | None, Field(description="The whole address")] = None,
        phone: Annotated[str | None, Field(description="The whole number")] = None,
    ) -> str:
        """Find the customer with exactly this e-mail address or phone number; give one of the two."""

        async def work() -> dict[str, Any]:
            real = {
                name: self._shown.real(one) for name, one in (("email", email), ("phone", phone)) if one is not None
            }
            contact = await self._desk.contacts.find(**real)
            found = self._shown.records([] if contact is None else [contact])
            return {"contact": Shown.contact(found[0]) if found else "none"}

        return await self._answer(work)

    async def list_groups(self) -> str:
        """List the groups that tickets can be in."""

        async def work() -> dict[str, Any]:
            groups = await self._desk.directory.groups()
            return {"groups": [group.name for group in groups] or "none"}

        return await self._answer(work)

    async def budget(self) -> str:
        """Tell how many calls are left for you, and when more will be. It costs nothing."""

        async def work() -> dict[str, Any]:
            return {"writes_allowed": sorted(one.value for one in self._allowed)}

        return await self._answer(work)

    def _add_note(self) -> None:
        ask = functools.partial(self._question, "Add this internal note, which the customer does not see,")

        async def confirmed(ticket: str, text: str) -> Elicit[Confirmation]:
            return ask(ticket, text)

        async def add_note(
            ticket: TicketId, text: Text, answer: Annotated[ElicitationResult[Confirmation], Resolve(confirmed)]
        ) -> str:
            """Add an internal note to a ticket. The person at the client is asked before it is written."""
            return await self._written(answer, lambda: self._desk.messages.note(ticket, text))

        self.mcp.add_tool(
            add_note, annotations=ToolAnnotations(read_only_hint=False, destructive_hint=False), structured_output=False
        )

    def _add_reply(self) -> None:
        ask = functools.partial(self._question, "Send this reply TO THE CUSTOMER")

        async def confirmed(ticket: str, text: str) -> Elicit[Confirmation]:
            return ask(ticket, text)

        async def send_reply(
            ticket: TicketId, text: Text, answer: Annotated[ElicitationResult[Confirmation], Resolve(confirmed)]
        ) -> str:
            """Answer the customer of a ticket. The person at the client is asked before it is sent."""
            return await self._written(answer, lambda: self._desk.messages.reply(ticket, text))

        self.mcp.add_tool(
            send_reply,
            annotations=ToolAnnotations(read_only_hint=False, destructive_hint=True),
            structured_output=False,
        )

    def _question(self, what: str, ticket: str, text: str) -> Elicit[Confirmation]:
        return Elicit(f"{what} at ticket {ticket} of {self._desk.sync}?\n\n{text}", Confirmation)

    async def _written(self, answer: ElicitationResult[Confirmation], write: Callable[[], Awaitable[Sent]]) -> str:
        if not (isinstance(answer, AcceptedElicitation) and answer.data.confirm):
            raise ToolError("nothing was written: the person at the client did not confirm it")

        async def work() -> dict[str, Any]:
            sent = await write()
            return {"written": list(sent.ids), "at": sent.at}

        return await self._answer(work)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        problem = Invalid("updated_since is a time such as 2026-03-02T09:15:00+01:00", field="updated_since")
    raise problem
