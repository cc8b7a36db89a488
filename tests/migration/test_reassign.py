"""What is under a placeholder is given to an agent who came later, once, and what cannot be is listed."""

from __future__ import annotations

from collections import Counter

import pytest
from attrs import evolve
from migration.faulty_desk import message, person, ticket
from migration.simulators import served
from migration.test_later_runs import Pair
from migration.test_verification import ONE
from tiers import quick_first

from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.migration import Migration, Threads

OLD, NEW = "zoe@old.example", "eve@desk.example"


def thread():
    people = (
        person("ann", "ann@client.example"),
        person("eve", NEW, role="agent"),
        person("zoe", OLD, role="agent"),
    )
    messages = (
        message("ann", 0, "It broke"),
        message("zoe", 3, "We look"),
        message("zoe", 5, "Lost?", private=True, kind="note"),
        message("eve", 7, "Mine"),
    )
    by_zoe = (message("zoe", 20, "Called Ann"), message("ann", 25, "Thanks"))
    tickets = (ticket("t1", "ann", *messages, assignee="zoe"), ticket("t2", "ann", *by_zoe, assignee="eve"))
    return Dataset(people=people, tickets=tickets)


def there():
    return Dataset(people=(person("eve", NEW, role="agent"),), tickets=())


@pytest.fixture(params=quick_first(["deskie", "local", "desk365"]))
def pair(request, tmp_path):
    with served("local", thread()) as old, served(request.param, there()) as new:
        yield Pair(old.desk, new.desk, tmp_path / "journal")


def reassigned(pair, old=OLD, new=NEW, **options):
    with Migration(pair.old, pair.new, pair.path, options=evolve(ONE, **options)) as migration:
        rows = list(migration.reassign(old, new))
        differences = migration.verify()
    assert differences == []
    return rows


def outcomes(rows):
    return Counter((one.record, one.outcome) for one in rows)


def authors(desk, subject):
    one = next(one for one in desk.tickets.list() if one.subject == subject)
    told = []
    for message_ in desk.messages.list(one.id):
        line = message_.body.text.partition("\n")[0]
        told.append(line if line.startswith("[Imported]") else message_.author.email)
    return one, told


def test_tickets_and_messages_go_to_the_new_agent_as_far_as_the_vendor_lets_them(pair):
    rows = reassigned(pair)
    ticket_, told = authors(pair.new, "Subject of t1")
    assert ticket_.assignee.email == NEW
    rewrites = pair.new.vendor != "desk365"
    expected = {("ticket", "reassigned"): 1, ("message", "reassigned" if rewrites else "left"): 3}
    assert outcomes(rows) == expected
    assert any(OLD in one for one in told) is not rewrites
    assert {one.why for one in rows if one.outcome == "left"} == (
        set() if rewrites else {"the destination changes no message that is there"}
    )


def test_it_is_done_once_and_stays_so_in_later_runs(pair):
    reassigned(pair)
    again = outcomes(reassigned(pair))
    assert not again[("ticket", "reassigned")] + again[("message", "reassigned")]
    here = pair.ticket(pair.old)
    pair.old.tickets.update(here.id, priority="high")
    summary = pair.again()
    assert summary.verified, summary.differences
    assert authors(pair.new, "Subject of t1")[0].assignee.email == NEW


@pytest.mark.slow
def test_what_somebody_changed_since_is_left(tmp_path):
    with served("local", thread()) as old, served("deskie", there()) as new:
        pair = Pair(old.desk, new.desk, tmp_path / "journal")
        mine = pair.ticket(new.desk)
        bot = next(one for one in new.desk.agents.list() if one.email != NEW)
        new.desk.tickets.update(mine.id, assignee=bot.email)
        with Migration(old.desk, new.desk, pair.path, options=ONE) as migration:
            rows = {(one.record, one.outcome, one.why) for one in migration.reassign(OLD, NEW)}
        assert ("ticket", "left", "it was changed at the destination since") in rows
        assert new.desk.tickets.get(mine.id).assignee.email == bot.email


def test_messages_that_were_written_together_are_listed(tmp_path):
    with served("local", thread()) as old, served("deskie", there()) as new:
        path = tmp_path / "journal"
        with Migration(old.desk, new.desk, path, options=evolve(ONE, threads=Threads.NOTE)) as migration:
            migration.migrate()
            rows = list(migration.reassign(OLD, NEW))
        assert outcomes(rows)[("message", "left")] >= 2
        assert {one.why for one in rows if one.outcome == "left"} == {"it was written together with others"}


def test_a_reassignment_that_was_stopped_goes_on_where_it_was(tmp_path):
    with served("local", thread()) as old, served("deskie", there()) as new:
        pair = Pair(old.desk, new.desk, tmp_path / "journal")
        with Migration(old.desk, new.desk, pair.path, options=ONE) as migration:
            work = migration.reassign(OLD, NEW)
            done = [next(work), next(work)]
            work.close()
        rest = [one for one in reassigned(pair) if one.outcome == "reassigned"]
        assert {one.id for one in done}.isdisjoint(one.id for one in rest)
        assert len(done) + len(rest) == 4


@pytest.mark.parametrize(("old", "new"), [(OLD, "nobody@desk.example"), ("zoe", NEW), (OLD, "")])
def test_an_agent_who_is_not_there_is_refused_before_anything_is_written(tmp_path, old, new):
    with served("local", thread()) as one, served("deskie", there()) as other:
        pair = Pair(one.desk, other.desk, tmp_path / "journal")
        before = len(other.simulator.requests)
        with Migration(one.desk, other.desk, pair.path, options=ONE) as migration:
            with pytest.raises(ValueError, match=r"agent|address"):
                migration.reassign(old, new)
            assert all(request.method == "GET" for request in other.simulator.requests[before:])
            assert ("author", "x") not in migration.journal.facts.decisions()
