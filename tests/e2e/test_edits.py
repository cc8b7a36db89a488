"""Random helpdesks, migrated, changed, migrated again: each difference is carried or announced, and no internal text shows."""

from __future__ import annotations

import os
import random

import pytest
from e2e.edits import account, empty, played, problems_of
from e2e.judge import truth_of
from e2e.wire import WIRES
from migration.simulators import served

from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.model.drafts import MessageDraft

SEEDS = int(os.environ.get("HELPDESK_BRIDGE_PROGRAMS", "4"))
SLOW, EXHAUSTIVE = pytest.mark.slow, pytest.mark.exhaustive
CASES = [
    (destination, way, seed)
    for seed in range(SEEDS)
    for destination in ("deskie", "desk365", "local")
    for way in ("messages", "note", "description")
]


def marked():
    for number, case in enumerate(CASES):
        tier = () if number in (0, 4) else pytest.mark.slow if number < 9 else pytest.mark.exhaustive
        yield pytest.param(*case, marks=tier, id="-".join(map(str, case)))


@pytest.mark.parametrize(("destination", "way", "seed"), list(marked()))
def test_a_program_of_edits_leaves_nothing_lost_that_was_not_announced(tmp_path, destination, way, seed):
    rounds = 3 if seed == 0 else 5
    for log, problems in played(tmp_path, seed, destination, way, rounds):
        assert not problems, (log, problems[:5])


@pytest.mark.parametrize("seed", [pytest.param(one, marks=SLOW if one < 2 else EXHAUSTIVE) for one in range(SEEDS)])
@pytest.mark.parametrize(
    ("source", "destination"), [("deskie", "local"), ("desk365", "local"), ("deskie", "desk365"), ("desk365", "deskie")]
)
def test_a_program_of_a_vendors_calls_leaves_nothing_lost_that_was_not_announced(tmp_path, source, destination, seed):
    way = ("messages", "note", "description")[seed % 3]
    for log, problems in played(tmp_path, seed, destination, way, 4, source=source):
        assert not problems, (log, problems[:5])


@pytest.mark.slow
@pytest.mark.parametrize(("source", "destination"), [("deskie", "desk365"), ("desk365", "deskie")])
def test_changes_made_by_a_vendors_own_calls_are_carried_or_announced(tmp_path, source, destination):
    first = account(random.Random(7), tickets=5)
    with served(source, first) as old, served(destination, empty()) as new:
        wires = WIRES[source](old.settings), WIRES[destination](new.settings)
        known = set()
        for number in range(3):
            with Migration(old.desk, new.desk, tmp_path / "journal", options=Options(yes=True, workers=1)) as migration:
                migration.choose_gone("mark")
                migration.run()
                migration.verify()
                summary = migration.summary()
            assert summary.verified, summary.differences
            assert problems_of(None, *wires, summary, known) == []
            known |= {one for _, words in truth_of(wires[0]) for one in words}
            changed_by_calls(old.desk, number)
        for wire in wires:
            wire.close()


def changed_by_calls(desk, number):
    tickets = list(desk.tickets.list())
    desk.tickets.update(tickets[0].id, subject=f"Other {number}")
    desk.messages.note(tickets[1].id, MessageDraft(body=f"SECRET later {number}"))
    desk.contacts.update(next(iter(desk.contacts.list())).id, name=f"Name {number}")
    if desk.removal:
        desk.removal.ticket(tickets[2].id)
