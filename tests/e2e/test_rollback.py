"""A rollback is killed at every point and people go on working meanwhile: what they touched stays, the rest is gone."""

from __future__ import annotations

import json
import sys

import pytest
from e2e.forked import AFTER, BEFORE, CALL, JOURNAL, LATE
from e2e.judge import not_taken_back, state_of
from e2e.points import Desks
from tiers import stepped

from helpdesk_bridge import MessageDraft, open_desk

EDGES = [(CALL, BEFORE), (CALL, AFTER), (CALL, LATE), (JOURNAL, BEFORE), (JOURNAL, AFTER)]
LEFT = 3
KILLS = 2
OLDEST, NEWEST = "It broke", "Where is it?"


class Undoing(Desks):
    """Desks between which everything was moved; the destination has a ticket and a customer of its own as well."""

    def moved(self):
        self.start_over()
        assert self.run()[0] == 0, self.forks.said()
        with self.desk() as desk:
            desk.tickets.create(subject="Own", description="Ours", requester="zed@other.example")

    def desk(self):
        settings = self.settings["new"]
        paths = {"path": str(self.folder / settings["path"])} if "path" in settings else {}
        patient = {} if paths else {"max_wait": None}
        return open_desk({**settings, **paths, **patient}, name="new")

    def touch(self, subject):
        """Write a note on a ticket, as an agent would."""
        with self.desk() as desk:
            there = next(one for one in desk.tickets.list() if one.subject == subject)
            desk.messages.note(there.id, MessageDraft(body="I work on this"))

    def rollback(self, *how, kill=None):
        return self.migrate("rollback", *how, "--json", kill=kill)

    def rows(self):
        said = self.forks.said()
        return json.loads(said[said.index("\n[") if "\n[" in said else said.index("[") : said.rindex("]") + 1])


@pytest.fixture(scope="module")
def desks(request, tmp_path_factory):
    with Undoing(tmp_path_factory.mktemp("-".join(request.param)), *request.param) as opened:
        yield opened


def keys(before, *subjects):
    """Return what ``state_of`` has of these tickets and their customers."""
    tickets = {key: one for key, one in before.items() if key[0] == "ticket" and one.subject in subjects}
    requesters = {one.requester for one in tickets.values()}
    customers = {key for key, one in before.items() if key[0] == "customer" and one[0].email in requesters}
    return {*tickets, *customers}


def points_of(desks):
    desks.moved()
    assert desks.rollback("--preview")[0] == 0, desks.forks.said()
    before = state_of(desks.new)
    code, points = desks.rollback("--run")
    assert code == 0, desks.forks.said()
    wrong = not_taken_back(before, state_of(desks.new), keys(before, OLDEST, NEWEST))
    assert not wrong, wrong
    assert [one["fate"] for one in desks.rows()] == ["removed"] * 4
    return points


def kill_at(desks, what, edge, number):
    """Kill a rollback at a point, let people work meanwhile, and let the next one end; ask the judge."""
    desks.moved()
    touched = {NEWEST} if number % 2 else set()
    for subject in touched:
        desks.touch(subject)
    mails = desks.new.outbox()
    desks.rollback("--preview")
    before = state_of(desks.new)
    code, _ = desks.rollback("--run", kill=(what, edge, number))
    assert code in {-9, 0, LEFT}, desks.forks.said()
    now = state_of(desks.new)
    still = next((key for key, one in before.items() if key[0] == "ticket" and one.subject == OLDEST), None)
    if still in now and edge != LATE:
        desks.touch(OLDEST)
        touched.add(OLDEST)
        before[still] = state_of(desks.new)[still]
    code, _ = desks.rollback("--run")
    assert code == (LEFT if touched else 0), desks.forks.said()
    meant = keys(before, OLDEST, NEWEST) - keys(before, *touched)
    wrong = not_taken_back(before, state_of(desks.new), meant)
    assert not wrong, wrong
    assert desks.new.outbox() == mails
    return touched


def killed_at(desks, what, edge, numbers):
    wrong, kept = {}, 0
    for number in numbers:
        try:
            kept += len(kill_at(desks, what, edge, number))
        except (AssertionError, LookupError, OSError, ValueError) as error:
            wrong[number] = f"{type(error).__name__}: {error}"[:2000]
    sys.stdout.write(
        f"{'-'.join(desks.pair)}, {edge} a {what}: {len(numbers)} kills, {kept} touched, {len(wrong)} wrong\n"
    )
    assert not wrong, "\n\n".join(f"{what} {number}: {why}" for number, why in wrong.items())


PAIRS = [("desk365", "deskie"), ("deskie", "local")]


@pytest.mark.slow
@pytest.mark.parametrize("desks", PAIRS, ids="-".join, indirect=True)
def test_a_rollback_that_is_killed_anywhere_takes_back_what_nobody_touched_and_nothing_else(desks):
    points = points_of(desks)
    for row, (what, edge) in enumerate(EDGES):
        every = list(range(1, len(points[what]) + 1))
        killed_at(desks, what, edge, stepped(every, row)[row :: max(1, len(every) // KILLS)])


@pytest.mark.exhaustive
@pytest.mark.parametrize("desks", PAIRS, ids="-".join, indirect=True)
@pytest.mark.parametrize(("what", "edge"), EDGES)
def test_a_kill_at_any_point_of_a_rollback(desks, what, edge):
    killed_at(desks, what, edge, list(range(1, len(points_of(desks)[what]) + 1)))
