"""A child that is forked while other threads use a desk can use it too: no lock of theirs stays closed in it."""

import os
import re
import signal
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from conformance.accounts import SOCKETS, local, simulated

import helpdesk_bridge
from helpdesk_bridge import HelpdeskError
from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.forks import new_lock, new_rlock
from helpdesk_bridge.store.store import LocalStore

pytestmark = pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")

FORKS = 40
PATIENCE = 60
"""Seconds after which a child hangs, on a machine that others use too."""


@contextmanager
def opened(vendor, tmp_path):
    with ExitStack() as stack:
        if vendor in ("deskie", "desk365"):
            yield stack.enter_context(simulated(vendor, SOCKETS, settings={"rate_limit": 100_000})).desk
        else:
            path = ":memory:" if vendor == "memory" else str(tmp_path / "desk.db")
            yield stack.enter_context(local(path)).desk


def use(desk):
    """Use what a desk shares between its threads: lists, people, counters, the budget, the file."""
    directory = desk.directory
    directory.agents()
    directory.groups()
    for ticket in desk.tickets.list(limit=3):
        directory.contact(ticket.requester.id)
        desk.messages.list(ticket.id).first()
    desk.contacts.list(limit=2).all()
    assert desk.mended == {}


@contextmanager
def load(desk, threads=4):
    """Keep threads busy with a desk, most of them at what takes its locks longest."""
    stop, failed = threading.Event(), []

    def work():
        try:
            while not stop.is_set():
                desk.directory.refresh()
                use(desk)
        except (HelpdeskError, AssertionError) as error:
            failed.append(error)

    pool = [threading.Thread(target=work) for _ in range(threads)]
    for thread in pool:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in pool:
            thread.join()
    assert failed == []


def child(job):
    """Run ``job`` in a forked child, and return how it ended: 0 for well, minus the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(PATIENCE)
        code = 1
        try:
            job()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fork_under_load(vendor, tmp_path, times):
    with opened(vendor, tmp_path) as desk:
        for number in range(3):
            desk.tickets.create(subject=f"Lamp {number}", description="Broken", requester=f"c{number}@example.com")
        with load(desk):
            ends = [child(lambda: use(desk)) for _ in range(times)]
    assert ends == [0] * times


@pytest.mark.parametrize("vendor", ["memory", "file", "deskie", "desk365"])
def test_children_forked_while_threads_use_a_desk_can_use_it(vendor, tmp_path):
    fork_under_load(vendor, tmp_path, 2)


@pytest.mark.slow
@pytest.mark.parametrize("vendor", ["memory", "file", "deskie", "desk365"])
def test_forty_children_forked_while_threads_use_a_desk_can_use_it(vendor, tmp_path):
    fork_under_load(vendor, tmp_path, FORKS)


def test_every_lock_of_a_desk_is_one_that_a_child_finds_open():
    """Locks are made in one place; what only programs and simulators use may make its own."""
    core = Path(helpdesk_bridge.__file__).parent
    own = {"forks.py", "testing", "cli", "migration", "simulator"}
    made = [
        path
        for folder in (core, core.parent / "adapters")
        for path in folder.rglob("*.py")
        if not own & set(path.relative_to(folder).parts)
        and re.search(
            r"threading\.R?Lock\(\)|factory=threading\.", path.read_text("utf-8").replace("factory=threading.Event", "")
        )
    ]
    assert made == []


def test_a_lock_that_another_thread_holds_is_open_in_the_child():
    locks = [new_lock(), new_rlock()]
    held, done = threading.Event(), threading.Event()

    def hold():
        with locks[0], locks[1]:
            held.set()
            done.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()

    def take():
        for lock in locks:
            assert lock.acquire(timeout=1)

    try:
        assert child(take) == 0
        assert not locks[0].acquire(blocking=False)
    finally:
        done.set()
        holder.join()


def test_a_fork_waits_for_the_transaction_of_another_thread(tmp_path):
    """SQLite's own locks are closed while a thread is in it, and nobody could open a child's copy of them."""
    store = LocalStore(tmp_path / "desk.db", SystemClock())
    inside, go_on = threading.Event(), threading.Event()

    def write():
        with store.transaction():
            inside.set()
            go_on.wait()

    writer = threading.Thread(target=write)
    writer.start()
    inside.wait()
    threading.Timer(0.05, go_on.set).start()
    assert child(store.counts) == 0
    assert go_on.is_set()
    writer.join()
    store.close()
