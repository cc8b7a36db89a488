"""Empty accounts to run the suite on: a local desk, and the simulators of the three vendors on both fronts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from attrs import evolve, frozen
from werkzeug.test import Client

from helpdesk_bridge import open_desk
from helpdesk_bridge.config.settings import example
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.ratelimit import shared
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.conformance import Vocabulary
from helpdesk_bridge.testing.simulator import SimulatorApp, SimulatorClock, SimulatorServer, mock_simulator
from helpdesk_bridge_desk360.simulator import create as create_desk360
from helpdesk_bridge_desk365.simulator import create as create_desk365
from helpdesk_bridge_deskie.simulator import create as create_deskie


def strict_desk365(dataset: Dataset, *, settings: Mapping[str, Any] | None = None, **more: Any) -> SimulatorApp:
    """Create an account that takes the raw key alone, unlike production: an adapter's slip shows."""
    return create_desk365(dataset, settings={"bearer": False, **(settings or {})}, **more)


IN_PROCESS, SOCKETS = "in process", "sockets"
CREATE: Mapping[str, Callable[..., Any]] = {
    "deskie": create_deskie,
    "desk365": strict_desk365,
    "desk360": create_desk360,
}
HOSTS = {"deskie": "deskie.io", "desk365": "desk365.io", "desk360": "desk360.com"}
SCALE = 7200.0
"""On sockets a vendor's hour takes half a second."""
NOBODY = evolve(generate(0), companies=("Acme", "Globex & Sons"))
"""Agents, groups, tags, custom fields and companies, and nobody who asks."""
_numbers = itertools.count(1)


@frozen
class Account:
    """A desk, the simulator behind it (None for a local desk), and the table that opens it once more."""

    desk: Desk
    simulator: SimulatorApp | None
    table: Mapping[str, Any]
    stack: ExitStack
    clock: ManualClock | None = None
    opening: Callable[..., Desk] = open_desk

    def reopen(self, **keys: Any) -> Desk:
        """Open the account once more."""
        return self.stack.enter_context(self.opening({**self.table, **keys}, clock=self.clock))

    def mails(self) -> int:
        """How many messages customers got."""
        return Client(self.simulator).get("/_sim/outbox").json["count"]  # type: ignore[index,arg-type]

    def unknown_words(self, ticket_id: str) -> None:
        """Let the vendor call the notes of a ticket by words that are in none of its papers."""
        WHISPERS[self.desk.vendor](self, ticket_id)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(str(value) for key, value in self.table.items() if key in ("api_key", "password"))


def _whisper_at_deskie(account: Account, case_id: str) -> None:
    for message in account.simulator.account.messages[int(case_id)]:  # type: ignore[union-attr]
        if message.note:
            message.note, message.message_type = False, "whisper"


def _whisper_at_desk365(account: Account, number: str) -> None:
    for message in account.simulator.account.tickets[int(number)].messages:  # type: ignore[union-attr]
        if message.type == "note":
            message.type, message.public_note = "whisper", None


def _whisper_in_a_local_desk(account: Account, ticket_id: str) -> None:
    _whisper_in(account.desk.importer._importer._desk.store, ticket_id)  # type: ignore[union-attr]


def _whisper_in_an_inbox(account: Account, conversation: str) -> None:
    _whisper_in(account.desk._adapter.inbox.store, conversation)


def _whisper_in(store: Any, ticket_id: str) -> None:
    with store.database.write() as connection:
        sql = "UPDATE messages SET document = replace(document, '\"internal\"', '\"whisper\"') WHERE ticket_id = ?"
        connection.execute(sql, (ticket_id,))


WHISPERS: Mapping[str, Callable[[Account, str], None]] = {
    "deskie": _whisper_at_deskie,
    "desk365": _whisper_at_desk365,
    "desk360": _whisper_in_an_inbox,
    "local": _whisper_in_a_local_desk,
}


@contextmanager
def simulated(
    vendor: str,
    front: str,
    *,
    settings: Mapping[str, Any] | None = None,
    opening: Callable[..., Desk] = open_desk,
    **table: Any,
) -> Iterator[Account]:
    """Open an empty simulated account; ``settings`` are the simulator's switches."""
    with ExitStack() as stack:
        clock = None
        _own_budgets(stack)
        if front == SOCKETS:
            app = CREATE[vendor](NOBODY, settings=settings or {}, time_scale=SCALE)
            base = stack.enter_context(SimulatorServer(app)).url
            # A limit of its own for the time of one attempt, so that a hang is noticed soon.
            keys: dict[str, Any] = {"base_url": base, "time_scale": SCALE, "timeout": 20}
        else:
            # Nothing is ever slow in process, so nobody has to wait for a repeated call either.
            clock = ManualClock(wall=datetime.now(UTC).replace(microsecond=0))
            app = CREATE[vendor](
                NOBODY, settings=settings or {}, clock=SimulatorClock(wall=clock.wall, monotonic=clock.now)
            )
            # Desks of one origin and key share a budget in a process, so every account has an origin of its own.
            base = f"https://c{next(_numbers)}.{HOSTS[vendor]}"
            stack.enter_context(mock_simulator(app, base))
            keys = {"base_url": base}
        whole = {"vendor": vendor, "max_wait": None, **app.connection, **keys, **table}
        desk = stack.enter_context(opening(whole, clock=clock))
        yield Account(desk, app, whole, stack, clock, opening)


def _own_budgets(stack: ExitStack) -> None:
    # What a process shares would hold the budget of every account that any test ever had: their clocks stand still.
    stack.enter_context(mock.patch.object(shared, "_shared", {}))


@contextmanager
def local(path: str, opening: Callable[..., Desk] = open_desk) -> Iterator[Account]:
    """Open an empty local desk."""
    with ExitStack() as stack:
        clock = ManualClock(wall=datetime.now(UTC))
        table = {"vendor": "local", "path": path}
        desk = stack.enter_context(opening(table, clock=clock))
        desk.vendor_api.seed(NOBODY)
        yield Account(desk, None, table, stack, clock, opening)


def capabilities_of(vendor: str, **table: Any) -> Capabilities:
    """Return what an account's desk can do, before there is one."""
    config = example(vendor, **table)
    return config.vendor.capabilities(config.settings)


def told_by_tickets() -> Vocabulary:
    """What Desk365's account knows: its own lists tell only what tickets have shown."""
    dataset = NOBODY
    return Vocabulary(
        agents=tuple(str(agent.email) for agent in dataset.agents if not agent.deleted)[:2],
        groups=dataset.groups[:2],
        custom_fields={"Order No": ("A-77", "İ & <b>"), "Quantity": (7, 70), "Refund wanted": (True, False)},
        companies=dataset.companies,
        types=dataset.ticket_types[:2],
        categories={name: dataset.categories[name] for name in list(dataset.categories)[:2]},
    )
