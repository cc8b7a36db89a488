"""Runs the command again and again in forks of one process that has imported everything, and kills it at exact points.

As a program it reads a JSON line for each command, forks, and answers with a line: the exit code (-9 for a kill), and which
calls and commits there were. ``Forks`` is its other end. Each child is a process of its own that a real SIGKILL ends, at
a tenth of the time that a new interpreter takes.
"""

from __future__ import annotations

import glob
import importlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

CALL, JOURNAL = "call", "journal"
BEFORE, AFTER, LATE = "before", "after", "late"
LONGEST = 300
"""Seconds after which a command that does not end is ended."""
UNDER_WAY = {"kind": "late_commit", "seconds": 30}
"""What becomes of a request that was under way in a kill: it is processed within every settle time, in vendor seconds."""


class Forks:
    """Commands, one after the other. ``run`` returns ``(exit code, tally)``; what they say goes to ``said`` in the folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, *arguments, env, cwd, kill=None, fault=None):
        """Run a command; ``kill`` is ``(what, edge, number)``: at which call or commit it dies. ``fault`` as in ``Points``."""
        order = {"argv": [str(one) for one in arguments], "env": env, "cwd": str(cwd), "folder": str(self.folder)}
        order |= {"kill": kill, "fault": fault}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["code"], answer["tally"]

    def said(self):
        """Return what the last command said."""
        return (self.folder / "said").read_text("utf-8", "replace")

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(60)


class Points:
    """Counts calls on the wire, and commits of journal and local desk; dies at one of them, or has one fail.

    A call is a request, or a commit at a local destination. ``fault`` is ``(number, fault)``: what becomes of a request.
    """

    def __init__(self, kill, fault, tally):
        self.kill, self.fault, self.tally = kill, fault, tally
        self.seen = {CALL: [], JOURNAL: []}
        self.lock = threading.Lock()

    def die(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def record_of(self, body):
        """Return the words by which a fault that stays knows its record; None for any request to the address."""
        words = self.fault[2] if self.fault[1].get("times", 1) is None and isinstance(body, bytes) else ()
        return next((one for one in words if one.encode() in body), None)

    def around(self, what, name, act, late=None, body=None):
        """Do ``act``, a point of this name; ``late`` makes the vendor do it later."""
        with self.lock:
            self.seen[what].append(name)
            number = len(self.seen[what])
        if self.fault is not None and (what, number) == (CALL, self.fault[0]):
            spoil(name, {**self.fault[1], "record": self.record_of(body)})
        meant, edge, fatal = self.kill or (None, None, None)
        if (what, number) != (meant, fatal):
            return act()
        if edge == BEFORE:
            self.die()
        try:
            if edge == LATE and late is not None:
                late()
            return act()
        finally:
            self.die()

    def write(self):
        """Write down what was seen."""
        self.tally.write_text(json.dumps(self.seen))

    def watch(self):
        """Have every call and commit of this process go through ``around``."""
        from helpdesk_bridge.http.session import Session

        points, start, connect = self, Session._start, sqlite3.connect

        def watched(session, http, prepared):
            name = f"{prepared.method} {prepared.url}"
            late = None if prepared.method == "GET" else lambda: spoil(name, UNDER_WAY)
            return points.around(CALL, name, lambda: start(session, http, prepared), late, prepared.body)

        class Watched(sqlite3.Connection):
            what = None

            def commit(self):
                if not (self.what and self.in_transaction):
                    return super().commit()
                return points.around(self.what, "commit", super().commit)

            def execute(self, sql, *values):
                act = super().execute
                if sql != "COMMIT" or self.what is None:
                    return act(sql, *values)
                return points.around(self.what, "commit", lambda: act(sql))

        def connected(database, *options, **more):
            connection = connect(database, *options, **{**more, "factory": Watched})
            name = Path(str(database).removeprefix("file:").partition("?")[0]).name
            connection.what = CALL if name == "new.db" else JOURNAL if "move.journal" in name else None
            return connection

        Session._start = watched
        sqlite3.connect = sqlite3.dbapi2.connect = connected


def spoil(name, fault):
    """Inject a fault for the next request of this name (method and address); at a local desk nothing can be spoilt."""
    import requests

    method, _, address = name.partition(" ")
    parts = urlsplit(address)
    if parts.hostname is None:
        return
    fault = {**fault, "on": None if fault["kind"] == "connect_timeout" else f"{method} {glob.escape(parts.path)}"}
    requests.post(f"http://{parts.netloc}/_sim/faults", json=fault, timeout=30).raise_for_status()


def main():
    from helpdesk_bridge.cli import app

    for line in sys.stdin:
        order = json.loads(line)
        folder = Path(order["folder"])
        (folder / "tally").unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = run_order(app, order, folder)
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        for name in (folder / "modules").read_text().split() if (folder / "modules").exists() else ():
            # What a command imports on use, its successors have from the start.
            with suppress(ImportError):
                importlib.import_module(name)
        tally = json.loads((folder / "tally").read_text()) if (folder / "tally").exists() else None
        sys.stdout.write(json.dumps({"code": os.waitstatus_to_exitcode(status), "tally": tally}) + "\n")
        sys.stdout.flush()


def run_order(app, order, folder):
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for number in (1, 2):
        os.dup2(said, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.alarm(LONGEST)
    points = Points(order["kill"], order["fault"], folder / "tally")
    points.watch()
    code = app.run(order["argv"])
    sys.stdout.flush()
    sys.stderr.flush()
    points.write()
    (folder / "modules").write_text("\n".join(name for name in sys.modules if name != "__main__"))
    return code


if __name__ == "__main__":
    main()
