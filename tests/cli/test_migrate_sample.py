"""``migrate sample`` as a user calls it, over HTTP to simulators."""

import json
import stat

import pytest
from migration.simulators import served

from helpdesk_bridge.cli.app import run


@pytest.fixture
def stage(tmp_path):
    with served("desk365", 12) as old, served("deskie", 0) as new:
        lines = []
        for side in (old, new):
            known = {key: value for key, value in side.settings.items() if value is not None}
            lines += [f"[desks.{side.desk.name}]", *(f"{key} = {json.dumps(value)}" for key, value in known.items())]
        (tmp_path / "helpdesk.toml").write_text("\n".join(lines))

        def sample(*words, journal="move.db"):
            return run(
                ["--config", str(tmp_path / "helpdesk.toml"), "migrate", "sample", "--from", "desk365", "--to", "deskie",
                 "--journal", str(tmp_path / journal), "--report", str(tmp_path / "out"), *words]
            )  # fmt: skip

        yield sample, old, new, tmp_path


def test_a_sample_is_told_shown_and_kept_and_no_customer_hears_of_it(stage, capsys):
    sample, _, new, folder = stage
    assert sample("--n", "4", "--yes", "--json", "--canary", "me@own.example", "--arrived", "nothing") == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["tickets"]) == 4
    assert {one["destination"] for one in told["tickets"]} == {one.id for one in new.desk.tickets.list()}
    assert all(one["reasons"] for one in told["tickets"])
    assert told["canary"]["ended"] == "removed"
    assert told["differences"] == []
    page = folder / "out" / "sample.html"
    assert told["page"] == str(page)
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert page.read_text("utf-8").count("<article") == 4


def test_what_is_open_stops_before_the_first_write(stage, capsys):
    sample, _, new, _ = stage
    assert sample("--n", "4") == 7
    assert "helpdesk-bridge migrate decide" in capsys.readouterr().err
    assert not new.desk.tickets.list().all()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--arrived", "nothing"), 2, "give --canary ADDRESS"),
        (("--canary", "me@own.example", "--arrived", "elsewhere"), 2, "--arrived takes nothing, or hazards"),
        (("--canary", "no address", "--yes"), 2, "one e-mail address"),
        (("--n", "0"), 2, "0 is not in the range"),
        (("--canary", "me@own.example", "--canary-imap", "env:NOT_THERE"), 4, "NOT_THERE is not set"),
    ],
)
def test_bad_input_is_said_before_anything_is_written(stage, capsys, words, code, said):
    sample, _, new, _ = stage
    assert sample(*words) == code
    assert said in capsys.readouterr().err
    assert not new.desk.tickets.list().all()


def test_a_canary_of_a_customer_is_refused(stage, capsys):
    sample, old, new, _ = stage
    email = next(one.email for one in old.desk.contacts.list() if one.email)
    assert sample("--yes", "--canary", email) == 2
    assert "belongs to a customer" in capsys.readouterr().err
    assert not new.desk.tickets.list().all()


def test_a_sample_can_be_taken_away_again(stage, capsys):
    sample, _, new, _ = stage
    assert sample("--take-away") == 2
    assert "does not exist" in capsys.readouterr().err
    assert sample("--n", "3", "--yes") == 0
    capsys.readouterr()
    assert sample("--take-away", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["fate"] for row in rows if row["record"] == "ticket"} == {"removed"}
    assert not new.desk.tickets.list().all()
    assert sample("--take-away") == 2
    assert "no sample" in capsys.readouterr().err
    assert sample("--take-away", "--canary", "me@own.example") == 2
