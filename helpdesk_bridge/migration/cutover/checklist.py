"""Checklist: what this migration's cut-over takes, made from its plan, its journal and both desks' inventories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

from attrs import frozen

from helpdesk_bridge.adapter import Hazard
from helpdesk_bridge.migration.cutover.inventory import SideInventory


class Phase(Enum):
    """The phases of a cut-over, in their order."""

    FREEZE = "freeze"
    DELTA = "last delta"
    VERIFY = "verify"
    SWITCH = "switch-over"
    AFTER = "afterwards"


DELTA: Final = "delta"
VERIFY: Final = "verify"
BY_PROGRAM: Final = (DELTA, VERIFY)
"""What the program does itself; everything else a person does, and says so."""


@frozen
class Item:
    """One thing to be done: ``how`` are lines about it, such as the macros to be built again."""

    id: str
    phase: Phase
    what: str
    how: tuple[str, ...] = ()


def checklist(
    source: str,
    destination: str,
    journal: str,
    hazards: Sequence[Hazard],
    inventories: tuple[SideInventory, SideInventory],
    agents_lacking: int,
) -> tuple[Item, ...]:
    """Return everything to be done, in its order; ``source`` and ``destination`` are the desks as people see them.

    ``journal`` is written as in a command; ``agents_lacking`` counts the agents who have no counterpart.
    """
    return tuple(_items(source, destination, journal, hazards, inventories, agents_lacking))


def _items(
    source: str,
    destination: str,
    journal: str,
    hazards: Sequence[Hazard],
    inventories: tuple[SideInventory, SideInventory],
    agents_lacking: int,
) -> Iterator[Item]:
    old, new = inventories
    yield Item(
        "freeze", Phase.FREEZE, f"nobody works in {source} any more: agents and integrations write nothing there"
    )
    yield Item(
        DELTA, Phase.DELTA, f"what came and changed in {source} since the last run is in {destination}",
        (f"helpdesk-bridge migrate run --journal {journal}",),
    )  # fmt: skip
    yield Item(
        VERIFY, Phase.VERIFY, f"{destination} was read back, and {source} is as it was read",
        (f"helpdesk-bridge migrate verify --journal {journal}",),
    )  # fmt: skip
    addresses = ("the addresses at which customers write",) if old.mailboxes is None else old.mailboxes
    yield Item("forwarding", Phase.SWITCH, f"mail for these addresses goes to {destination}", addresses)
    yield Item(
        "channels", Phase.SWITCH, f"forms, chats, messengers and webhooks that led to {source} lead to {destination}"
    )
    yield Item(
        "application", Phase.SWITCH, "applications use the new desk, and refs that they stored still lead to its tickets",
        (f'previous = "{journal}" under the new desk in helpdesk.toml',),
    )  # fmt: skip
    yield Item(
        "addresses", Phase.SWITCH, "addresses of old tickets lead to the new ones",
        (f"helpdesk-bridge migrate redirects --journal {journal} --from-url https://HOST/PATH/{{number}}",),
    )  # fmt: skip
    for hazard in hazards:
        yield Item(
            f"hazard:{hazard.id}", Phase.AFTER, f"what was switched off in {destination} against {hazard.id} is on again",
            (hazard.stop,),
        )  # fmt: skip
    yield from _to_build(source, destination, old, new)
    if agents_lacking:
        yield Item(
            "agents", Phase.AFTER, f"{agents_lacking} agents of {source} have no counterpart: once they have, give them what was theirs",
            (f"helpdesk-bridge migrate reassign --journal {journal} --agent OLD@… --to NEW@…",),
        )  # fmt: skip
    yield Item(
        "late", Phase.AFTER, f"mail that reached {source} after the switch-over was looked for, and {source} can only be read",
        (f"helpdesk-bridge migrate run --journal {journal}",),
    )  # fmt: skip


def _to_build(source: str, destination: str, old: SideInventory, new: SideInventory) -> Iterator[Item]:
    """Yield what an administrator has to build again: no API moves it."""
    if old.macros is None:
        yield Item(
            "macros", Phase.AFTER, f"macros and answer templates of {source} are built again (its API lists none)"
        )
    elif old.macros:
        yield Item("macros", Phase.AFTER, f"{len(old.macros)} macros of {source} are built again", old.macros)
    yield Item(
        "rules",
        Phase.AFTER,
        f"rules, automations and automatic answers of {source} are built again (no API lists them)",
    )
    lacking = tuple(word for word in old.statuses if word.casefold() not in {one.casefold() for one in new.statuses})
    has = ", ".join(new.statuses) or "none that its API tells"
    lines = (*(f"only in {source}: {word}" for word in lacking), f"{destination} has: {has}")
    yield Item("statuses", Phase.AFTER, "statuses are as the team works with them", lines)
    yield Item(
        "slas", Phase.AFTER, f"SLAs and working hours are set up in {destination}",
        tuple(f"tickets of {source} name: {name}" for name in old.slas or ()) or (f"tickets of {source} name none",),
    )  # fmt: skip
