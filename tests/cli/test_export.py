"""The command ``export``, over real HTTP to simulators."""

import json
import resource
import signal
import subprocess
import sys
import time

import pytest
from export.exports import checked, lines
from migration.simulators import served
from tiers import sampled

from helpdesk_bridge.cli.app import run


@pytest.fixture
def configured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HELPDESK_BRIDGE_CONFIG", raising=False)

    def write(source, name="support"):
        rows = [f"{key} = {json.dumps(value)}" for key, value in source.settings.items() if value is not None]
        (tmp_path / "helpdesk.toml").write_text("\n".join([f"[desks.{name}]", *rows]))

    return write


@pytest.fixture(scope="module")
def source():
    with served("deskie", 12) as source:
        yield source


@pytest.fixture
def command(configured, source, capsys):
    configured(source)

    def call(*arguments):
        code = run(["export", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_a_desk_is_exported_and_brought_up_to_date(command, tmp_path):
    code, out, err = command("support", "--to", "out", "--format", "jsonl")
    assert (code, out.splitlines()[0]) == (0, "support (Deskie robotsrule): 12 tickets, 54 messages, 17 contacts"), err
    checked(tmp_path / "out")
    code, out, _ = command("support", "--to", "out", "--format", "jsonl", "--since", "last")
    assert (code, out.splitlines()[1].rpartition("; ")[2]) == (0, "7 calls this time")


def test_json_prints_the_manifest(command, tmp_path):
    code, out, err = command("support", "--to", "out", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == json.loads((tmp_path / "out" / "manifest.json").read_text())


def test_a_scope_is_given_by_options(command, tmp_path):
    code, _, _ = command("support", "--to", "out", "--format", "jsonl", "--status", "open", "--limit", "2")
    assert code == 0
    tickets = lines(tmp_path / "out", "tickets")
    assert 1 <= len(tickets) <= 2
    assert {one["status"] for one in tickets} == {"open"}
    code, _, err = command("support", "--to", "out", "--format", "jsonl")
    assert (code, "other tickets chosen" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "out", "--form", "conversation"], "choose the format jsonl"),
        (["--to", "out", "--files", "--pseudonymise"], "no pseudonym covers"),
        (["--to", "out", "--since", "yesterday"], "is no date"),
        (["--to", "out", "--status", "oepn"], "did you mean 'open'"),
        (["--to", "out", "--created-since", "2026-02-01", "--created-until", "2026-01-01"], "ends before it starts"),
        (["--to", "helpdesk.toml"], "is a file"),
        (["--to", "out", "--pseudonymise", "--pseudonym-key", "env:NOT_SET"], "NOT_SET is not set"),
        ([], "Missing option '--to'"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(arguments, words, command, tmp_path):
    code, out, err = command("support", *arguments)
    assert code in (2, 4)
    assert out == ""
    assert words in err
    assert not (tmp_path / "out").exists()


def test_an_extra_that_is_not_installed_is_named(command, monkeypatch, tmp_path):
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    code, out, err = command("support", "--to", "out")
    assert (code, out) == (2, "")
    assert err == "helpdesk-bridge: pyarrow is not installed; install this package's extra parquet\n"
    assert not (tmp_path / "out").exists()


def process(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "helpdesk_bridge", "export", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def small_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))


def test_a_disk_that_is_full_is_one_line_and_the_next_run_ends_whole(command, tmp_path):
    with process("support", "--to", "out", "--format", "jsonl", "--workers", "1", preexec_fn=small_files) as full:
        _, err = full.communicate()
    assert full.returncode == 5, err
    assert "run the same command again" in err.splitlines()[-1]
    code, _, err = command("support", "--to", "out", "--format", "jsonl")
    assert code == 0, err
    checked(tmp_path / "out")


@pytest.mark.parametrize("vendor", sampled(["desk365", "deskie"], 2))
def test_an_export_that_is_killed_again_and_again_ends_whole(vendor, configured, tmp_path):
    with served(vendor, 60) as source:
        configured(source)
        for number in range(12):
            with process("support", "--to", "out", "--format", "jsonl", "--workers", "2") as running:
                time.sleep(0.7 + 0.15 * number)
                running.send_signal(signal.SIGKILL)
        assert run(["export", "support", "--to", "out", "--format", "jsonl"]) == 0
        assert run(["export", "support", "--to", "whole", "--format", "jsonl"]) == 0
    checked(tmp_path / "out")
    for table in ("tickets", "messages", "contacts", "groups"):
        assert lines(tmp_path / "out", table) == lines(tmp_path / "whole", table)


def test_the_first_signal_ends_after_the_calls_in_flight(command, tmp_path):
    running = process("support", "--to", "out", "--format", "jsonl", "--workers", "1")
    deadline = time.monotonic() + 60
    while not (tmp_path / "out.archive" / "archive.db").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate()
    assert running.returncode in (0, 5), err
    if running.returncode == 5:
        assert "the same command continues" in err.splitlines()[-1]
    assert command("support", "--to", "out", "--format", "jsonl")[0] == 0
    checked(tmp_path / "out")
    assert (tmp_path / "out.archive" / "archive.db").stat().st_size


def test_a_desk_is_extracted_and_its_archive_is_a_desk(command, configured, capsys, tmp_path):
    for again in range(2):
        assert run(["migrate", "extract", "support", "--archive", "saved"]) == 0
        out = capsys.readouterr().out
        assert out.startswith("support (Deskie robotsrule): 12 tickets, 54 messages, 17 contacts in saved; "), again
    with (tmp_path / "helpdesk.toml").open("a") as file:
        file.write('\n[desks.saved]\nvendor = "archive"\npath = "saved"\n')
    assert run(["tickets", "list", "saved", "--status", "open", "--json"]) == 0
    saved = json.loads(capsys.readouterr().out)
    assert run(["tickets", "list", "support", "--status", "open", "--json"]) == 0
    assert [one["id"] for one in saved] == [one["id"] for one in json.loads(capsys.readouterr().out)]
    assert run(["tickets", "list", "saved", "--status", "oepn"]) == 2
    capsys.readouterr()
    assert run(["tickets", "note", "saved", saved[0]["id"], "--body", "Hello"]) != 0
    assert run(["export", "saved", "--to", "out", "--format", "jsonl"]) == 0
    assert len(lines(tmp_path / "out", "tickets")) == 12
