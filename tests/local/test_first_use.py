"""A desk's first use: whoever else opens the file, and whatever ends a process meanwhile, it becomes one sound desk."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from helpdesk_bridge import TicketDraft, open_desk
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.store import file
from helpdesk_bridge.store.store import LocalStore

PLACES = (*range(10), *range(10, 1000, 5))
"""Statements of a first use: each of those that look at the file, and some of the many that make tables."""
DRAFT = TicketDraft(subject="x", description="x", requester="ann@example.com")


class Steps:
    """Calls ``then`` before the statement of a number, on whichever connection it is executed."""

    def __init__(self, at, then):
        self.at, self.then, self.count = at, then, 0

    def __call__(self, connect, *args, **kwargs):
        steps = self

        class Connection(sqlite3.Connection):
            def execute(self, *statement):
                if steps.count == steps.at:
                    steps.count += 1
                    steps.then()
                steps.count += 1
                return super().execute(*statement)

        return connect(*args, factory=Connection, **kwargs)


def _sound(path, account):
    with open_desk({"vendor": "local", "path": str(path)}) as desk:
        assert desk.account == account
        desk.tickets.create(DRAFT)
        assert desk.vendor_api.problems() == ()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_another_first_use_before_any_statement_of_ours_is_the_same_desk(tmp_path, clock, monkeypatch):
    # The other one may find the file locked by our unfinished transaction, and then says so; it never calls it foreign.
    monkeypatch.setattr(file, "BUSY_SECONDS", 0.0)
    connect = sqlite3.connect
    quicker = set()
    for at in PLACES:
        path = tmp_path / f"{at}.db"

        def other(path=path, at=at):
            monkeypatch.setattr(sqlite3, "connect", connect)
            store = LocalStore(path, clock)
            try:
                quicker.add((at, store.account))
            except file.Unavailable:
                pass
            finally:
                store.close()

        steps = Steps(at, other)
        monkeypatch.setattr(sqlite3, "connect", lambda *args, steps=steps, **kwargs: steps(connect, *args, **kwargs))
        ours = LocalStore(path, clock)
        account = ours.account
        monkeypatch.setattr(sqlite3, "connect", connect)
        ours.close()
        assert {told for place, told in quicker if place == at} <= {account}
        _sound(path, account)
        if steps.count <= at:
            break
    assert len(quicker) >= 5
    assert at > len(quicker)


KILLED = """
import os, signal, sqlite3, sys
sys.path[:0] = sys.argv[3:]
from local.test_first_use import Steps
from helpdesk_bridge.store.store import LocalStore
from helpdesk_bridge.testing.clock import ManualClock
real, path = sqlite3.connect, sys.argv[1]
at = 0
while True:
    child = os.fork()
    if child == 0:
        steps = Steps(at, lambda: os.kill(os.getpid(), signal.SIGKILL))
        sqlite3.connect = lambda *args, **kwargs: steps(real, *args, **kwargs)
        LocalStore(f"{path}/{at}.db", ManualClock()).account
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(at, status, flush=True)
    if status != -signal.SIGKILL:
        break
    at += 1 if at < 10 else 6
"""


def test_a_process_killed_before_any_statement_of_its_first_use_leaves_a_file_for_the_next(tmp_path, clock):
    told = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), "", *sys.path], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    places = [int(line.split()[0]) for line in told]
    assert told[-1].split()[1] == "0"
    assert len(places) > 12
    for place in places:
        path = tmp_path / f"{place}.db"
        store = LocalStore(path, clock)
        account = store.account
        store.close()
        _sound(path, account)


@pytest.mark.parametrize("other", ["CREATE TABLE tickets (id)", "PRAGMA user_version = 1", "PRAGMA application_id = 7"])
def test_a_file_that_another_program_makes_meanwhile_is_left_to_it(tmp_path, clock, monkeypatch, other):
    connect = sqlite3.connect
    refused = []
    for at in PLACES:
        path = tmp_path / f"{at}.db"
        made = []

        def make(path=path, made=made):
            program = connect(path, timeout=0, isolation_level=None)
            try:
                program.execute(other)
                made.append(path.read_bytes())
            except sqlite3.OperationalError:  # the file is locked or a desk already
                pass
            finally:
                program.close()

        steps = Steps(at, make)
        monkeypatch.setattr(sqlite3, "connect", lambda *args, steps=steps, **kwargs: steps(connect, *args, **kwargs))
        store = LocalStore(path, clock)
        refusal = None
        try:
            _ = store.account
        except ConfigError as error:
            refusal = str(error)
        store.close()
        if refusal is not None:
            assert "another program's" in refusal
            assert [path.read_bytes()] == made
            refused.append(at)
        if steps.count > at and made and at not in refused:
            break  # the program changed what was a desk by then
    assert {0, 1} <= set(refused)


CROWD = """
import sys, threading
from helpdesk_bridge import open_desk
folder, rounds, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for number in range(rounds):
    sys.stdin.readline()
    path = f"{folder}/{number}.db"
    told = []
    def use(path=path):
        try:
            with open_desk({"vendor": "local", "path": path}) as desk:
                told.append(desk.account)
        except Exception as error:
            told.append(repr(error))
    workers = [threading.Thread(target=use) for _ in range(threads)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    print("|".join(told), flush=True)
"""


def _crowd(tmp_path, *, rounds, processes, threads):
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", CROWD, str(tmp_path), str(rounds), str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(processes)
    ]  # fmt: skip
    for number in range(rounds):
        for one in crowd:
            one.stdin.write("go\n")
            one.stdin.flush()
        told = [account for one in crowd for account in one.stdout.readline().strip().split("|")]
        assert len(told) == processes * threads
        assert len(set(told)) == 1, (number, set(told))
        _sound(tmp_path / f"{number}.db", told[0])
    for one in crowd:
        one.communicate()


@pytest.mark.slow
def test_threads_of_several_processes_make_one_desk(tmp_path):
    _crowd(tmp_path, rounds=20, processes=3, threads=4)


def test_many_objects_of_one_process_make_one_desk(tmp_path, clock):
    for number in range(20):
        stores = [LocalStore(tmp_path / f"{number}.db", clock) for _ in range(8)]
        start = threading.Barrier(len(stores))

        def use(store, start=start):
            start.wait()
            return store.account

        with ThreadPoolExecutor(len(stores)) as pool:
            assert len(set(pool.map(use, stores))) == 1
        for store in stores:
            store.close()


USER = """
import sys
from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.store.store import LocalStore
print(flush=True)
sys.stdin.readline()
print(LocalStore(sys.argv[1], SystemClock()).account, flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_processes_killed_at_random_moments_of_their_first_use_leave_one_desk(tmp_path):
    random = Random(1)
    for number in range(15):
        path = tmp_path / f"{number}.db"
        users = [
            subprocess.Popen(
                [sys.executable, "-c", USER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(3)
        ]
        for user in users:
            user.stdout.readline()
        for user in users:
            user.stdin.write("\n")
            user.stdin.flush()
        time.sleep(random.random() * 0.02)  # any moment will do: the kill is what is tried
        for user in users[:2]:
            user.send_signal(signal.SIGKILL)
        told = {line for user in users if (line := user.communicate()[0].strip())}
        assert len(told) == 1
        _sound(path, told.pop())


def test_a_new_files_descriptor_is_closed_before_anybody_locks_the_file(tmp_path, clock, monkeypatch):
    # The system forgets all locks of a process on a file when any of its descriptors of that file is closed.
    path = tmp_path / "desk.db"
    closed, inside, done = threading.Event(), threading.Event(), threading.Event()
    close, connect = os.close, sqlite3.connect
    accounts = []

    class Pausing(sqlite3.Connection):
        def execute(self, *statement):
            if statement[0].startswith("CREATE TABLE meta"):
                inside.set()
                done.wait()
            return super().execute(*statement)

    def use():
        store = LocalStore(path, clock)
        accounts.append(store.account)
        store.close()

    users = [threading.Thread(target=use) for _ in range(2)]

    def close_late(descriptor):
        monkeypatch.setattr(os, "close", close)
        users[1].start()
        inside.wait(0.3)
        close(descriptor)
        closed.set()

    monkeypatch.setattr(os, "close", close_late)
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **kwargs: connect(*args, factory=Pausing, **kwargs))
    users[0].start()
    closed.wait()
    inside.wait()
    try:
        program = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
        told = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)
        assert "database is locked" in told.stderr
    finally:
        done.set()
        for user in users:
            user.join()
        monkeypatch.setattr(sqlite3, "connect", connect)
    assert len(set(accounts)) == 1
    _sound(path, accounts[0])
