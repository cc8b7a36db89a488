"""With every thread read, the plan's figures are those that the run ends with, and that the destination shows."""

from __future__ import annotations

from itertools import product

import pytest
from attrs import evolve
from migration.simulators import served
from tiers import spread

from helpdesk_bridge.adapter.header_line import split_header
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.migration import Migration, Options, Threads
from helpdesk_bridge.migration.options import Rest
from helpdesk_bridge.model.values import ActorKind, MessageKind, Visibility

PAIRS = [("desk365", "deskie"), ("deskie", "desk365"), ("local", "deskie"), ("local", "desk365"), ("deskie", "local"), ("desk365", "local")]  # fmt: skip


def without_some_agents(vendor):
    """Return what an administrator prepared who forgot every second agent.

    Desk365 lists no agents, so that only its refusal tells which it lacks: there all of them are prepared.
    """
    empty = generate(0)
    if vendor == "desk365":
        return empty
    agents = [one for one in empty.people if one.role == "agent"]
    return evolve(empty, people=tuple(one for one in empty.people if one not in agents[::2]))


def told(changes):
    return {(one.field, one.change, one.why): one.records for one in changes}


@pytest.mark.parametrize("case", spread(((one,) for one in product(PAIRS, Threads, (3, 4))), 36, 5))
def test_what_a_full_plan_announces_is_what_the_run_records_and_the_destination_shows(tmp_path, case):
    (old_vendor, new_vendor), way, seed = case
    with served(old_vendor, generate(14, seed=seed)) as old, served(new_vendor, without_some_agents(new_vendor)) as new:
        options = Options(yes=True, threads=way, rest=Rest.NOTE, workers=1)
        with Migration(old.desk, new.desk, tmp_path / "journal", options=options) as migration:
            plan = migration.plan(full=True)
            summary = migration.migrate()
        assert summary.differences == ()
        assert told(plan.fidelity) == told(summary.changed)
        assert not any(one.estimated for one in plan.fidelity)
        if new_vendor == "deskie" and way is Threads.MESSAGES:
            strangers = sum(
                one.records or 0
                for one in plan.fidelity
                if one.field == "message.author" and "does not have" in one.why
            )
            assert strangers == headed_replies(new.desk) > 0


def headed_replies(desk):
    """Count, from outside, the public replies of people that a line before their text tells the author of."""
    count = 0
    for ticket in desk.tickets.list():
        for message in desk.messages.list(ticket.id):
            header = split_header(message.body)[0]
            by_people = header is not None and header.author.kind in (ActorKind.AGENT, ActorKind.CONTACT)
            plain = by_people and header.kind is MessageKind.REPLY and not message.opening
            count += bool(plain and message.visibility is Visibility.PUBLIC)
    return count
