"""``simulate --state``: a vendor that is killed and started again has everything that it had answered."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading

import pytest
import requests
from click.testing import CliRunner

from helpdesk_bridge import open_desk
from helpdesk_bridge.cli.commands.simulate import create, dataset, simulate
from helpdesk_bridge.errors import HelpdeskError

SECONDS = 60


def start(vendor, path, *options):
    command = [sys.executable, "-m", "helpdesk_bridge.cli", "simulate", vendor, "--state", str(path), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    return process, json.loads(line) if line else None


def end(process, how=signal.SIGKILL):
    process.send_signal(how)
    process.wait(SECONDS)
    process.stdout.close()
    process.stderr.close()


def subjects(settings):
    with open_desk(settings) as desk:
        return sorted(ticket.subject for ticket in desk.tickets.list(resolve=False))


SMALL = ("--tickets", "0", "--time-scale", "auto")


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_an_account_outlives_its_process_and_keeps_its_address(tmp_path, how):
    process, told = start("deskie", tmp_path / "state", *SMALL)
    settings = {"vendor": "deskie", **told["settings"]}
    with open_desk(settings) as desk:
        desk.tickets.create(subject="Kept", description="x", requester="ann@example.com")
    end(process, how)
    process, again = start("deskie", tmp_path / "state", *SMALL)
    assert again["base_url"] == told["base_url"]
    assert subjects(settings) == ["Kept"]
    assert requests.get(f"{again['base_url']}/_sim/health", timeout=SECONDS).json()["status"] == "ok"
    end(process)


@pytest.fixture
def state(tmp_path):
    """The file of a Deskie account without tickets."""
    path = tmp_path / "state"
    app = create("deskie", dataset(None, 0, 1), "1", {})
    app.keep_state(path, made_with="with --tickets 0 --seed 1", seed=1)
    app.release_state()
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deskie", "--tickets", "0", "--seed", "2"), "of another seed: it began with --tickets 0 --seed 1;"),
        (("deskie", "--tickets", "5"), "of another seed: it began with --tickets 0 --seed 1;"),
        (("deskie", "--tickets", "0", "--set", "rate_limit=7"), "with other switches"),
        (("desk365", "--tickets", "0"), "of deskie, not of desk365"),
    ],
)
def test_the_state_of_another_account_is_one_line_and_nothing_is_served(state, arguments, said):
    before = state.read_bytes()
    result = CliRunner().invoke(simulate, [*arguments, "--state", str(state)])
    assert result.exit_code == 2
    assert said in result.stderr.splitlines()[-1]
    assert result.stdout == ""
    assert state.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_killed_while_it_writes_it_loses_nothing_that_was_answered(tmp_path, vendor):
    """Killed ten times among the writes of a client: each answered ticket is there once, each other at most once."""
    path, answered, tried = tmp_path / "state", set(), 0
    for round_number in range(10):
        process, told = start(vendor, path, *SMALL)
        settings = {"vendor": vendor, **told["settings"], "max_wait": None}
        there = subjects(settings)
        assert len(there) == len(set(there))
        assert answered <= set(there)
        killer = threading.Timer(0.05 * (round_number + 1), process.kill)
        killer.start()
        with open_desk(settings) as desk:
            while process.poll() is None:
                tried += 1
                try:
                    desk.tickets.create(subject=f"Ticket {tried}", description="x", requester="ann@example.com")
                except HelpdeskError:
                    break
                answered.add(f"Ticket {tried}")
        killer.join()
        end(process)
    process, told = start(vendor, path, *SMALL)
    there = subjects({"vendor": vendor, **told["settings"], "max_wait": None})
    end(process)
    assert len(there) == len(set(there))
    assert answered <= set(there)
    assert len(answered) > 10
