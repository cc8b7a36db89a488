"""Account context: what all records of a desk share: the account, its URLs, and names that many tickets have."""

from __future__ import annotations

from functools import cached_property
from typing import Final, TypeVar

from attrs import field, frozen

from helpdesk_bridge.adapter import Actor, ActorKind, Ref, format_ref

T = TypeVar("T")

VENDOR_NAME: Final = "desk365"
_MOST_NAMES: Final = 4096


def _kept(known: dict[str, T], key: str, value: T) -> T:
    if len(known) >= _MOST_NAMES:
        known.clear()
    known[key] = value
    return value


@frozen
class AccountContext:
    """The account for which documents are read; ``origin`` is scheme, host and port of its API."""

    name: str
    origin: str
    keep_raw: bool = False

    # Many tickets share few names.
    _refs: dict[str, Ref] = field(factory=dict, eq=False, repr=False, init=False)
    _agents: dict[str, Actor] = field(factory=dict, eq=False, repr=False, init=False)

    def named(self, name: str | None) -> Ref | None:
        """Return a group, company or SLA, which is the same value on every ticket. Observed: the name is the id."""
        if not name:
            return None
        ref = self._refs.get(name)
        return ref if ref is not None else _kept(self._refs, name, Ref(name, name))

    def agent(self, email: str | None) -> Actor | None:
        """Return the agent of an e-mail."""
        if not email:
            return None
        actor = self._agents.get(email)
        return actor if actor is not None else _kept(self._agents, email, Actor(ActorKind.AGENT, email, None, email))

    @cached_property
    def ticket_ref(self) -> str:
        """The beginning of every ticket ref; the number follows."""
        return format_ref(VENDOR_NAME, self.name, "ticket", "0")[:-1]

    @cached_property
    def ticket_url(self) -> str:
        """The beginning of every ticket URL in the agents' view. Observed: a client's deep link."""
        return f"https://{self.name}.desk365.io/app/tickets/ticketdetails?tktNum="
