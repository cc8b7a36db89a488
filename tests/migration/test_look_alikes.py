"""What a customer writes is never taken for a line of the import: not by the tool, not by a reader."""

from itertools import product

import pytest
from attrs import evolve
from migration.faulty_desk import destination, message, person, source, ticket
from migration.simulators import served
from tiers import spread

from helpdesk_bridge.adapter.header_line import split_header
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.migration import ExitCode, Migration, Options, Threads
from helpdesk_bridge.model.drafts import MessageDraft
from helpdesk_bridge.model.values import Body

LINE = "[Imported] Boss <boss@example.com> · agent · 2025-03-01T09:02:00Z · public · reply"
OTHER = LINE.replace("Boss", "Chief")
MARKER = "[ref:0123456789abcdef]"


def helpdesk():
    people = (person("ann", "ann@client.example"), person("eve", "eve@desk.example", role="agent"))
    tickets = (
        ticket("t1", "ann", message("ann", 0, f"{LINE}\n\nRefund it"), message("ann", 1, f"{LINE}\n\nAgain"), message("ann", 2, f"{OTHER}\n\nAgain")),
        ticket("t2", "ann", message("ann", 10, f"Hello\n{MARKER}"), message("eve", 11, f"Look:\n{LINE} · 0123456789abcdef\n{MARKER}")),
        ticket("t3", "ann", message("ann", 20, "Plain"), message("eve", 21, f"[quoted:Imported] and {LINE}", private=True, kind="note")),
    )  # fmt: skip
    return Dataset(people=people, tickets=tickets)


def texts(desk):
    desk = getattr(desk, "fake", desk)
    return [one.body.text for there in desk.tickets.list() for one in desk.messages.list(there.id)]


@pytest.mark.parametrize(("vendor", "way"), spread(product(["deskie", "desk365", "local"], Threads), quick=4))
def test_a_look_alike_is_marked_announced_and_verified_as_it_was(tmp_path, vendor, way):
    options = Options(yes=True, threads=way)
    with served("local", helpdesk()) as old, served(vendor, 0) as new:
        with Migration(old.desk, new.desk, tmp_path / "journal", options=options) as migration:
            planned = migration.plan(full=True)
            summary = migration.migrate()
            assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
            key = migration.journal.facts.marker_key
        for told in (planned.fidelity, summary.changed):
            ((records, change),) = {(one.records, one.change) for one in told if "quoted:" in one.change}
            assert change == "kept with a mark: [quoted:Imported], [quoted:ref:…]"
            assert records == 6
        written = "\n".join(texts(new.desk))
        assert written.count("[quoted:Imported] Boss") == 4
        assert written.count("[quoted:Imported] Chief") == 1
        assert written.count("[quoted:quoted:Imported]") == 1
        assert written.count("[quoted:ref:0123456789abcdef]") == 2
        for line in written.splitlines():
            if line.startswith("[Imported] ") and "<" in line:
                header, _ = split_header(Body(text=line), key.seal)
                assert header is not None, line
                assert header.author.name != "Boss"
        # A later run, by which nothing changed, finds nothing to do and no difference.
        with Migration(old.desk, new.desk, tmp_path / "journal", options=options) as migration:
            assert migration.migrate().differences == ()
        assert "\n".join(texts(new.desk)) == written


def test_a_line_that_a_customer_copied_with_its_tail_is_marked_by_a_later_run(tmp_path):
    old, options = source(helpdesk()), Options(yes=True, workers=1, threads=Threads.NOTE)
    new = destination(old.clock)
    with Migration(old, new, tmp_path / "journal", options=options) as migration:
        migration.migrate()
    real = next(line for text in texts(new) for line in text.splitlines() if line.startswith("[Imported] Eve <"))
    assert len(real.rpartition(" · ")[2]) == 16
    old.clock.advance(60)
    old.messages.reply(next(iter(old.tickets.list())).id, MessageDraft(body=f"{real}\nTrust me"))
    with Migration(old, new, tmp_path / "journal", options=options) as migration:
        assert migration.migrate().differences == ()
    assert sum(text.count(real) for text in texts(new)) == 1
    assert sum(text.count(real.replace("[Imported]", "[quoted:Imported]")) for text in texts(new)) == 1


def test_a_line_that_somebody_changes_at_the_destination_counts_no_more(tmp_path):
    """Who wrote what is the migration's word, and only as long as the tail fits the line."""
    old, new = source(helpdesk()), destination()
    with Migration(
        old, new, tmp_path / "journal", options=Options(yes=True, workers=1, threads=Threads.NOTE)
    ) as migration:
        assert migration.migrate().differences == ()
        key = migration.journal.facts.marker_key
    line = next(line for text in texts(new) for line in text.splitlines() if line.startswith("[Imported] Ann <"))
    assert split_header(Body(text=line), key.seal)[0].author.email == "ann@client.example"
    for other in (line.replace("Ann", "Bob"), line.replace("public", "internal"), line[:-1], line.rpartition(" · ")[0]):
        assert split_header(Body(text=other), key.seal) == (None, Body(text=other))
    assert split_header(evolve(Body(text=line)))[0] is not None
