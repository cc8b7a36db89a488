"""Two desks in a working folder and the command that migrates between them, each in a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing, redirect_stderr, redirect_stdout
from unittest import mock

import prestarted
from e2e.wire import HEADER, WIRES, LocalFile, marker_of
from prestarted import Prestarted

from helpdesk_bridge import connect
from helpdesk_bridge.cli import app
from helpdesk_bridge.cli.simulator_process import SimulatedVendor
from helpdesk_bridge.datasets.corpus import load_corpus
from helpdesk_bridge.datasets.generator import generate

COMMAND = [sys.executable, "-m", "helpdesk_bridge.cli"]
DEADLINE = 240
PICTURE = re.compile(r"^\[image: .*\]$")
DONE = "SELECT count(*) FROM record WHERE state = 'done'"
BEGUN = "SELECT count(*) FROM record WHERE state IN ('intent', 'done')"


def run(*arguments, cwd=None, env=None, timeout=DEADLINE):
    """Run ``helpdesk-bridge`` to its end."""
    environ = environment(env)
    if "LD_PRELOAD" not in environ:
        return prestarted.run(arguments, cwd=cwd, env=environ, timeout=timeout)
    return subprocess.run(
        [*COMMAND, *(str(one) for one in arguments)], cwd=cwd, env=environ, timeout=timeout, check=False,
        capture_output=True, text=True,
    )  # fmt: skip


class Simulated(SimulatedVendor):
    """A vendor's simulator in a process that need not import anything."""

    def start(self):
        how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
        arguments = ["simulate", self.vendor, *self.arguments]
        self._process = Prestarted(arguments, cwd=None, env=dict(os.environ), **how)


def run_here(*arguments, cwd, env):
    """Run ``helpdesk-bridge`` in this process: for what ends at once, at a hundredth of the time."""
    arguments = [str(one) for one in arguments]
    said, told = io.StringIO(), io.StringIO()
    with mock.patch.dict(os.environ, environment(env), clear=True), contextlib.chdir(cwd):
        with redirect_stdout(said), redirect_stderr(told):
            code = app.run(arguments)
    return subprocess.CompletedProcess(arguments, code, said.getvalue(), told.getvalue())


def environment(more=None):
    """Return the environment in which the command uses the working folder's configuration, by the user's own word."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HELPDESK_BRIDGE")}
    return {**kept, "HELPDESK_BRIDGE_CONFIG": "helpdesk.toml", **(more or {})}


def seeded(content):
    """Return what a simulator started with these arguments holds, for a local desk."""
    options = dict(zip(content[::2], content[1::2], strict=True))
    if "--corpus" in options:
        return load_corpus(options["--corpus"])
    return generate(int(options["--tickets"]), int(options.get("--seed", 1)))


class Desks:
    """A source with tickets and an empty destination, reached by ``helpdesk.toml`` in a folder of their own.

    ``secrets`` of simulators go through the environment, as a careful user's would.
    """

    def __init__(self, folder, source, destination, content, *, scale="auto", aliases=None, switches=None):
        self.folder = folder
        self.journal = folder / "move.journal"
        self.env = {}
        self._processes = []
        self._stack = ExitStack()
        self._aliases = aliases or {}
        switches = switches or {}
        self._wires = {}
        started = {}
        for name, vendor, arguments in (("old", source, content), ("new", destination, [*content, "--tickets", "0"])):
            if vendor != "local":
                options = [*arguments, "--time-scale", scale, *(f"--set={one}" for one in switches.get(name, ()))]
                started[name] = self._stack.enter_context(Simulated(vendor, options))
        self.settings = {}
        for name, vendor in (("old", source), ("new", destination)):
            if name in started:
                settings = started[name].listening()
                self._wires[name] = WIRES[vendor](settings)
                self._stack.callback(self._wires[name].close)
            else:
                settings = {"vendor": "local", "path": f"{name}.db"}
            self.settings[name] = settings
        self.write_config()
        if source == "local":
            with connect("old", folder / "helpdesk.toml") as desk:
                desk.vendor_api.seed(seeded(content))

    def write_config(self, **changes):
        """Write ``helpdesk.toml``; ``changes`` are keys by desk, and None leaves a key out."""
        lines = []
        for name, settings in self.settings.items():
            table = {**settings, **changes.get(name, {})}
            lines.append(f"[desks.{name}]")
            for key, value in table.items():
                if key == "api_key" and value is not None and not value.startswith("env:"):
                    self.env[f"{name.upper()}_KEY"] = str(value)
                    value = f"env:{name.upper()}_KEY"  # noqa: PLW2901 - the secret itself stays in the environment
                if value is not None:
                    lines.append(f"{key} = {json.dumps(value)}")
            for kind, names in self._aliases.get(name, {}).items():
                lines.append(f"[desks.{name}.{kind}]")
                lines += [f"{alias} = {json.dumps(theirs)}" for alias, theirs in names.items()]
        (self.folder / "helpdesk.toml").write_text("\n".join(lines) + "\n", "utf-8")

    @property
    def old(self):
        return self._wire("old")

    @property
    def new(self):
        return self._wire("new")

    def _wire(self, name):
        if name not in self._wires:
            self._wires[name] = LocalFile(self.folder / f"{name}.db")
        return self._wires[name]

    def close(self):
        self._end_processes()
        self._stack.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start_over(self):
        """Empty destination, no journal, nothing recorded."""
        self._end_processes()
        for path in self.folder.glob(f"{self.journal.name}*"):
            path.unlink()
        for name, wire in list(self._wires.items()):
            if isinstance(wire, LocalFile):
                if name == "new":
                    del self._wires[name]
            else:
                wire.heal()
                wire.reset()
        for path in self.folder.glob("new.db*"):
            path.unlink()

    # -- the command

    def migrate(self, step, *options, env=None):
        ends = () if self.journal.exists() or step in {"status", "ids"} else ("--from", "old", "--to", "new")
        return run(
            "migrate",
            step,
            "--journal",
            self.journal,
            *ends,
            *options,
            cwd=self.folder,
            env={**self.env, **(env or {})},
        )

    def start(self, *options, env=None):
        """Start ``migrate run --yes`` and return its process; what it says goes to files in the folder."""
        with (self.folder / "stdout").open("ab") as out, (self.folder / "stderr").open("ab") as err:
            arguments = ["migrate", "run", "--yes", "--from", "old", "--to", "new", "--journal", str(self.journal)]
            arguments += options
            how = {"cwd": self.folder, "env": environment({**self.env, **(env or {})}), "stdout": out, "stderr": err}
            if "LD_PRELOAD" in how["env"]:
                process = subprocess.Popen([*COMMAND, *arguments], **how)
            else:
                process = Prestarted(arguments, **how)
        self._processes.append(process)
        return process

    def _end_processes(self):
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self._processes.clear()

    # -- the journal, looked at from outside

    def ask_journal(self, query):
        if not self.journal.exists():
            return [(0,)]
        try:
            with closing(sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True, timeout=5)) as db:
                return db.execute(query).fetchall()
        except sqlite3.OperationalError:
            return [(0,)]  # not created yet, or between two forms

    def done(self):
        return self.ask_journal(DONE)[0][0]

    def wait_for(self, process, query, count):
        """Wait until a count of the journal is reached; return whether it was before the process ended."""
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until:
            if self.ask_journal(query)[0][0] >= count:
                return process.poll() is None
            if process.poll() is not None:
                return False
            time.sleep(0.002)
        raise AssertionError("the journal stands still")


def said(lines):
    """Return what a message says, the way pictures are shown left out."""
    return "".join("".join(one.split()) for one in lines if not PICTURE.match(one))


def assert_everything_once(desks):
    """Every ticket and message of the source stands at the destination exactly once, in order; nobody got a mail."""
    old, new = desks.old, desks.new
    sources = {one.id: one for one in old.cases() if not one.removed}
    found = new.cases()
    by_marker = {}
    for case in found:
        assert case.marker is not None, f"ticket {case.id} has no marker"
        by_marker.setdefault(case.marker, []).append(case)
    expected = {marker_of(old, new, one): one for one in sources}
    assert {marker: len(cases) for marker, cases in by_marker.items()} == dict.fromkeys(expected, 1)
    for marker, ticket_id in expected.items():
        assert_same_thread(sources[ticket_id], by_marker[marker][0])
    for one in (old, new):
        assert one.outbox() == 0
    return sources


def assert_nothing_half_written(desks):
    """What stands at the destination is whole: a ticket with all of its messages, or no ticket; return how many."""
    sources = {marker_of(desks.old, desks.new, one.id): one for one in desks.old.cases()}
    found = desks.new.cases()
    for case in found:
        assert_same_thread(sources[case.marker], case)
    return len(found)


def canonical(desk):
    """Return all that a desk shows of its tickets, but for what two runs give differently.

    That is ids, markers (a new local desk is another account), times of writing, and whose name stands at a message whose header line tells the author: Desk365 takes
    an agent only once it has shown him.
    """
    return sorted(
        repr((
            case.subject, case.status, case.requester, case.removed,
            [(one.lines, one.private, one.files, one.told[0] if one.told else one.author) for one in case.thread],
        ))
        for case in desk.cases()
    )  # fmt: skip


def assert_same_thread(before, after):
    assert [said(one.lines) for one in after.thread] == [said(one.lines) for one in before.thread], before.id
    for one, other in zip(before.thread, after.thread, strict=True):
        private = other.told["privacy"] == "internal" if other.told else other.private
        assert private == one.private, before.id


__all__ = [
    "BEGUN",
    "DONE",
    "HEADER",
    "Desks",
    "assert_everything_once",
    "assert_nothing_half_written",
    "canonical",
    "run",
    "run_here",
    "said",
]
