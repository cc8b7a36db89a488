"""The exit code of each command about a migration tells the state of its journal."""

import pytest
from attrs import evolve

from helpdesk_bridge import open_desk
from helpdesk_bridge.cli.app import run
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.completeness import ScanProof, keep
from helpdesk_bridge.migration.journal.facts import Difference
from helpdesk_bridge.migration.journal.states import Kind, State


@pytest.fixture
def journal(tmp_path):
    path, config = tmp_path / "move.db", tmp_path / "helpdesk.toml"
    settings = {name: {"vendor": "local", "path": str(tmp_path / f"{name}.db")} for name in ("old", "new")}
    config.write_text(
        "\n".join(f'[desks.{name}]\nvendor = "local"\npath = "{one["path"]}"' for name, one in settings.items())
    )
    with open_desk(settings["old"], name="old") as old, open_desk(settings["new"], name="new") as new:
        for word in ("Lamp", "Chair"):
            old.tickets.create(subject=word, description="It broke", requester="ann@client.example")
        ended = ask(config, "plan", "--from", "old", "--to", "new", "--journal", path)

        def change(*changes):
            with Migration(old, new, path, options=Options(yes=True)) as migration:
                for one in changes:
                    one(migration.journal)

        def load():
            with Migration(old, new, path, options=Options(yes=True)) as migration:
                migration.run()

        yield lambda step, *options: ask(config, step, "--journal", path, *options), change, load, ended


def ask(config, *arguments):
    return run(["--config", str(config), "migrate", *map(str, arguments)])


def ends(state):
    return lambda journal: journal.save(evolve(journal.by_state(Kind.TICKET, State.DONE)[0], state=state, reason="why"))


def differs(journal):
    journal.facts.replace_differences([Difference("ticket", "1", "1", "subject", "a", "b")])


DECIDE = ("decide", "--threads", "messages")


def test_what_is_yet_to_be_written_is_no_failure_of_a_plan_or_a_decision(journal):
    command, _, load, planned = journal
    assert (planned, command("status"), command(*DECIDE), command("plan")) == (0, 5, 0, 0)
    load()
    assert {command(*words) for words in (("plan",), DECIDE, ("status",), ("ids",))} == {0}


@pytest.mark.parametrize(
    "change", [ends(State.FAILED), ends(State.IN_DOUBT), differs], ids=["failed", "doubt", "differs"]
)
def test_records_that_failed_or_differ_are_told_by_every_command(journal, change):
    command, make, load, _ = journal
    load()
    make(change)
    assert {command(*words) for words in (DECIDE, ("status",), ("ids",), ("plan",))} == {3}


def test_a_plan_ends_with_7_where_no_run_would_begin(journal, monkeypatch):
    command, *_ = journal
    proof = ScanProof(scan="contacts", told=4, rows=2, evidence="2 of 4 came, twice")
    real = Migration._scan

    def short(migration):
        tally = real(migration)
        keep(migration.journal, [proof])
        return tally

    monkeypatch.setattr(Migration, "_scan", short)
    assert command("plan") == 7
    assert command("run", "--yes") == 7
    assert command("decide", "--incomplete", "contacts=accept") == 0
    assert command("plan") == 0
