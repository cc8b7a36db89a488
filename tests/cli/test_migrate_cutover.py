"""``migrate cutover`` as a user walks it, over HTTP to simulators: one step after the other, resumable, honest."""

import json

import pytest
from migration.simulators import served

from helpdesk_bridge.cli.app import run
from helpdesk_bridge.migration import Migration


@pytest.fixture
def stage(tmp_path, capsys):
    with served("deskie", 8) as old, served("desk365", 0) as new:
        lines = []
        for side in (old, new):
            known = {key: value for key, value in side.settings.items() if value is not None}
            lines += [f"[desks.{side.desk.name}]", *(f"{key} = {json.dumps(value)}" for key, value in known.items())]
        (tmp_path / "helpdesk.toml").write_text("\n".join(lines))

        def cutover(*words):
            capsys.readouterr()
            code = run(
                ["--config", str(tmp_path / "helpdesk.toml"), "migrate", "cutover", "--from", "deskie", "--to", "desk365",
                 "--journal", str(tmp_path / "move.db"), "--yes", "--json", *words]
            )  # fmt: skip
            said = capsys.readouterr()
            return code, json.loads(said.out) if said.out else said.err

        yield cutover, old, new, tmp_path / "move.db"


def done(told):
    return {row["id"] for row in told["items"] if row["done"]}


def how(told, item_id):
    return next(row["how"] for row in told["items"] if row["id"] == item_id)


def test_the_list_is_made_for_this_migration_and_nothing_is_done_before_the_freeze(stage):
    cutover, old, new, _ = stage
    code, told = cutover()
    assert (code, told["phase"], done(told)) == (7, "freeze", set())
    assert not new.desk.tickets.list().all()
    assert how(told, "macros") == [
        " / ".join(filter(None, (one.category, one.title))) for one in old.desk.vendor_api.macros()
    ]
    assert how(told, "forwarding") == [one.email for one in old.desk.vendor_api.mailboxes()]
    assert {row["id"] for row in told["items"] if row["id"].startswith("hazard:")} == {
        f"hazard:{one.id}" for one in new.desk.importer.hazards
    }
    assert told["inventory"]["source"]["statuses"]
    assert told["inventory"]["destination"]["statuses"]
    assert any("tickets of" in line for line in how(told, "slas"))


def test_it_goes_from_the_freeze_to_the_end_and_can_be_left_at_every_point(stage):
    cutover, old, new, _ = stage
    code, told = cutover("--done", "freeze")
    assert (code, told["phase"], done(told)) == (7, "switch-over", {"freeze", "delta", "verify"})
    assert len(new.desk.tickets.list().all()) == sum(not (one.spam or one.deleted) for one in old.desk.tickets.list())
    left = [row["id"] for row in told["items"] if not row["done"]]
    while left:
        code, told = cutover("--done", left.pop(0))
        assert [row["id"] for row in told["items"] if not row["done"]] == left
    assert (code, told["phase"]) == (0, None)
    assert cutover()[0] == 0


def test_a_source_that_moves_after_the_freeze_is_said_and_carried_over(stage, monkeypatch):
    cutover, old, new, _ = stage
    real, late = Migration.verify, []

    def somebody_writes(migration):
        if not late:
            late.append(
                old.desk.tickets.create(subject="Late", description="After the freeze", requester="ann@late.example")
            )
        return real(migration)

    monkeypatch.setattr(Migration, "verify", somebody_writes)
    code, told = cutover("--done", "freeze")
    assert (code, told["phase"], done(told)) == (3, "last delta", {"freeze"})
    code, told = cutover()
    assert (code, told["phase"]) == (7, "switch-over")
    assert any(one.subject == "Late" for one in new.desk.tickets.list())


def test_a_difference_holds_the_switch_over_up(stage, monkeypatch):
    cutover, _, new, _ = stage
    real = Migration.verify

    def somebody_edits(migration):
        ticket = new.desk.tickets.list().first()
        new.desk.tickets.update(ticket, subject="Changed by hand")
        return real(migration)

    monkeypatch.setattr(Migration, "verify", somebody_edits)
    code, told = cutover("--done", "freeze")
    assert (code, told["phase"], done(told)) == (3, "verify", {"freeze", "delta"})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--done", "forwarding"), "forwarding comes after freeze, delta, verify"),
        (("--done", "delta"), "delta is done by the program"),
        (("--done", "nothing"), "there is no item 'nothing'; the list has freeze, delta"),
        (("--not-done", "nothing"), "there is no item 'nothing'"),
    ],
)
def test_what_cannot_be_done_now_is_refused(stage, words, said):
    cutover, _, new, _ = stage
    code, told = cutover(*words)
    assert code == 2
    assert said in told
    assert not new.desk.tickets.list().all()


def test_an_end_of_the_freeze_undoes_what_followed_from_it_and_a_list_does_nothing(stage):
    cutover, _, _, _ = stage
    cutover("--done", "freeze", "--list")
    code, told = cutover("--list")
    assert (code, told["phase"], done(told)) == (3, "last delta", {"freeze"})
    cutover()
    code, told = cutover("--not-done", "freeze", "--list")
    assert (told["phase"], done(told)) == ("freeze", set())
