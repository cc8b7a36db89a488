"""Account check (``desk.check()``): the credentials, their agent, the rate limit and the storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import field, frozen

from helpdesk_bridge.adapter import Agent, AuthenticationFailed, Directory, Finding, PermissionDenied, Severity
from helpdesk_bridge_deskie.client.client import DeskieClient
from helpdesk_bridge_deskie.errors import KEY_HINT
from helpdesk_bridge_deskie.policy import requests_per_minute
from helpdesk_bridge_deskie.port.people import People
from helpdesk_bridge_deskie.settings import DeskieSettings, Subscription

_ONE: Final = (("page", "1"), ("limit", "1"))
_NEARLY: Final = 0.9

# observed (support pages of Deskie's): what one enabled agent's seat stores, tickets and contacts.
_STORAGE: Final[Mapping[Subscription, tuple[int, int]]] = {
    Subscription.BASIC: (6_000, 2_000),
    Subscription.STANDARD: (12_000, 4_000),
    Subscription.PRO: (24_000, 8_000),
}


@frozen
class AccountCheck:
    """Looks at one account with three or four reads."""

    client: DeskieClient = field(repr=False)
    people: People = field(repr=False)
    directory: Directory = field(repr=False)
    settings: DeskieSettings = field(repr=False)

    def findings(self) -> Sequence[Finding]:
        """Return the findings; wrong credentials are a finding, not an error."""
        try:
            cases = self.client.cases((*_ONE, ("sort", "created_at_desc"))).total
        except AuthenticationFailed:
            return (Finding(Severity.PROBLEM, "credentials", KEY_HINT),)
        except PermissionDenied:
            return (
                Finding(
                    Severity.PROBLEM,
                    "access",
                    "the agent is not allowed to list tickets; use an agent with full access",
                ),
            )
        users = self.client.users(_ONE).total
        self.directory.refresh("agents")
        agents = self.directory.agents()
        return (
            Finding(Severity.OK, "credentials", "Deskie accepts staff_email and api_key"),
            *self._own_agent(),
            *self._limit(agents),
            *self._storage(agents, (cases, users)),
        )

    def _own_agent(self) -> Iterator[Finding]:
        own = self.people.own()
        if own is None:
            yield Finding(
                Severity.WARNING,
                "agent",
                "staff_email is not in the list of agents; use the e-mail of an active agent, not the admin's",
            )
        elif not own.active:
            yield Finding(Severity.PROBLEM, "agent", "the agent with staff_email is disabled")
        # documented: Deskie API, "Access to data". Nothing in an answer tells that it was cut.
        yield Finding(
            Severity.WARNING,
            "access",
            "Deskie shows only what the agent with staff_email may see and does not say if records are missing: make "
            "sure in Deskie that this agent has full access, especially before a migration",
        )

    def _limit(self, agents: Sequence[Agent]) -> Iterator[Finding]:
        reported, active = self.client.stack.budget.limit, sum(agent.active for agent in agents)
        yield Finding(Severity.OK, "rate limit", f"{reported} requests a minute; a write counts as 2")
        plan = self.settings.plan
        if plan is not None and active and requests_per_minute(plan, active) != reported:
            yield Finding(
                Severity.WARNING,
                "rate limit",
                f"{plan.value} with {active} active agents means {requests_per_minute(plan, active)} requests a minute, "
                f"but Deskie reports {reported}; Deskie's figure is used",
            )

    def _storage(self, agents: Sequence[Agent], stored: tuple[int | None, int | None]) -> Iterator[Finding]:
        plan, active = self.settings.plan, sum(agent.active for agent in agents)
        for what, count, seat in zip(
            ("tickets", "contacts"), stored, _STORAGE.get(plan, (0, 0)) if plan else (0, 0), strict=True
        ):
            if count is None:
                continue
            if not seat or not active:
                yield Finding(Severity.OK, "storage", f"{count} {what} visible")
                continue
            room = seat * active
            severity = Severity.WARNING if count > _NEARLY * room else Severity.OK
            detail = f"{count} {what} visible; {plan.value if plan else ''} stores {room} for {active} active agents"
            yield Finding(severity, "storage", f"{detail} and deletes the oldest above that")
