"""Inventory: what an administrator set up at both desks and no migration moves, as far as their APIs tell it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Protocol, runtime_checkable

from attrs import field, frozen

from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.journal.states import Kind, reason_of
from helpdesk_bridge.model.records import Ticket

UNKNOWN: Final = "not known"


@runtime_checkable
class MacroApi(Protocol):
    """A vendor's own API that lists macros: what agents do with one click."""

    @abstractmethod
    def macros(self) -> Sequence[Any]:
        """Return the macros; each has a ``title``, and may have a ``category``."""


@runtime_checkable
class MailboxApi(Protocol):
    """A vendor's own API that lists the addresses at which customers write."""

    @abstractmethod
    def mailboxes(self) -> Sequence[Any]:
        """Return the mailboxes; each has an ``email``, and may say whether it is ``active``."""


@frozen(kw_only=True)
class SideInventory:
    """What one desk has. ``macros`` and ``mailboxes`` are None where its API does not list them or refused to.

    ``slas`` are those that tickets of the source name; ``problems`` say what could not be read.
    """

    statuses: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    agents: int = 0
    macros: tuple[str, ...] | None = None
    mailboxes: tuple[str, ...] | None = None
    slas: tuple[str, ...] | None = None
    problems: tuple[str, ...] = field(default=())


def inventory_of(side: MigrationDesk, tickets: Iterable[Ticket] = ()) -> SideInventory:
    """Return what a desk has, with the words that its ``tickets`` use. Reads a few lists and no ticket."""
    desk, problems = side.desk, list[str]()

    def read(what: str, ask: Callable[[], Iterable[str | None]]) -> tuple[str, ...] | None:
        try:
            return tuple(dict.fromkeys(one for one in ask() if one))
        except HelpdeskError as error:
            problems.append(f"{side.label}: {what} could not be read: {reason_of(error)}")
            return None

    used = list(_words(tickets))
    statuses = [*desk.capabilities.statuses.values(), *(word for kind, word in used if kind == "status")]
    slas = tuple(sorted({word for kind, word in used if kind == "sla"}))
    api = desk.vendor_api
    macros = read("macros", lambda: map(_macro, api.macros())) if isinstance(api, MacroApi) else None
    mailboxes = (
        read("mailboxes", lambda: (box.email for box in api.mailboxes())) if isinstance(api, MailboxApi) else None
    )
    return SideInventory(
        statuses=tuple(dict.fromkeys(statuses)),
        groups=read("groups", lambda: (group.name for group in side.groups if group.active)) or (),
        agents=len(read("agents", lambda: (agent.id for agent in side.agents if agent.active)) or ()),
        macros=macros,
        mailboxes=mailboxes,
        slas=slas or None,
        problems=tuple(problems),
    )


def _macro(macro: Any) -> str:
    return " / ".join(part for part in (getattr(macro, "category", None), macro.title) if part)


def _words(tickets: Iterable[Ticket]) -> Iterator[tuple[str, str]]:
    for ticket in tickets:
        yield "status", ticket.status_label or ticket.status.value
        if ticket.sla is not None and (name := ticket.sla.name or ticket.sla.id):
            yield "sla", name


def listed_tickets(spool: Spool) -> Iterator[Ticket]:
    """Yield the source's tickets as they were listed, without spam and deleted ones."""
    return (one for one in spool.each(Kind.TICKET.value, Ticket) if not (one.spam or one.deleted))
