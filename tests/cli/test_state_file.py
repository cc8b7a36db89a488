"""``simulate --state``: a vendor that is killed and started again has everything that it had answered."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading

import pytest
import requests

from helpdesk_bridge import open_desk
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


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--tickets", "0", "--seed", "2"), "of another seed: it began with --tickets 0 --seed 1;"),
        (("--tickets", "5"), "of another seed: it began with --tickets 0 --seed 1;"),
        (("--tickets", "0", "--set", "rate_limit=7"), "with other switches"),
    ],
)
def test_another_seed_is_one_line_and_nothing_is_served(tmp_path, options, said):
    end(start("deskie", tmp_path / "state", "--tickets", "0")[0])
    process, told = start("deskie", tmp_path / "state", *options)
    assert told is None
    errors = process.stderr.read()
    end(process)
    assert process.returncode == 2
    assert said in " ".join(errors.split())


def test_another_vendor_is_one_line_and_nothing_is_served(tmp_path):
    end(start("deskie", tmp_path / "state", "--tickets", "0")[0])
    process, told = start("desk365", tmp_path / "state", "--tickets", "0")
    assert told is None
    assert "of deskie, not of desk365" in process.stderr.read()
    end(process)


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
