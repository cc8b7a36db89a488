"""One budget in a file: shared, whole after every crash, and never unlimited whatever becomes of the file."""

from __future__ import annotations

import errno
import logging
import os
import stat
import struct
import subprocess
import sys
import threading
from fcntl import LOCK_EX, flock
from types import SimpleNamespace

import pytest
from attrs import evolve
from ratelimit.model import spend

from helpdesk_bridge.errors import RateLimited
from helpdesk_bridge.ratelimit import Governor, RateHeaders, RateLimitPolicy, Window, budget_file, codec, identity
from helpdesk_bridge.ratelimit.budget_file import FIRST_SEGMENT, MAGIC, SEGMENT, SLOT, BudgetFile
from helpdesk_bridge.ratelimit.file_store import OWNER_AND_GROUP, OWNER_ONLY, FileStore
from helpdesk_bridge.ratelimit.state import BudgetState
from helpdesk_bridge.testing.clock import ManualClock

MINUTE = RateLimitPolicy(windows=(Window(10, 60, "units"),), headers=RateHeaders(limit="Limit", remaining="Left"))


@pytest.fixture
def clock():
    return ManualClock(start=5000.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "budget"


@pytest.fixture
def opened(path, clock):
    """Opens the file as another program would."""

    def open_it(policy=MINUTE, key="vendor-1", clock=clock, **store):
        return Governor(policy, FileStore(path, **store), clock, key)

    return open_it


def test_two_programs_share_one_budget(opened, clock):
    one, two = opened(), opened()
    spend(one, 6)
    spend(two, 4)
    assert (one.budget.remaining, two.budget.remaining) == (0, 0)
    with pytest.raises(RateLimited) as caught:
        two.reserve(1, max_wait=0)
    assert 60 <= caught.value.retry_after <= 60.1
    clock.advance(60.1)
    spend(one, 10)


def test_what_one_learns_all_know(opened):
    one, two = opened(), opened()
    one.settle(one.reserve(1), 200, {"Limit": "25", "Left": "20"})
    assert (two.budget.limit, two.budget.remaining) == (25, 20)
    two.settle(two.reserve(1), 429, {"Retry-After": "30"}, refused=True)
    assert one.budget.remaining == 0
    assert 30 <= one.budget.resets_in <= 30.1


def test_budgets_of_different_keys_live_in_one_file_without_meeting(opened):
    one, two = opened(key="a-1"), opened(key="b-2")
    spend(one, 10)
    spend(two, 3)
    assert (one.budget.remaining, two.budget.remaining) == (0, 7)
    assert (opened(key="a-1").budget.remaining, opened(key="b-2").budget.remaining) == (0, 7)


def test_the_oldest_of_too_many_budgets_makes_room(opened, clock, monkeypatch):
    monkeypatch.setattr("helpdesk_bridge.ratelimit.file_store.MOST_SEGMENTS", 3)
    for key in "abc":
        spend(opened(key=key))
    full = opened(key="d")
    spend(full)
    assert "it is full" in full.place
    clock.advance(90_000)
    spend(opened(key="e"), 2)
    assert opened(key="e").budget.remaining == 8
    assert opened(key="c").budget.remaining == 10


def test_a_budget_keeps_what_the_server_told_and_each_program_its_own_guess(opened, clock):
    higher = evolve(MINUTE, windows=(Window(40, 60, "units"),))
    spend(opened(), 3)
    assert opened(higher).budget.limit == 40
    assert opened().budget.limit == 10
    one = opened()
    one.settle(one.reserve(1), 200, {"Limit": "25"})
    assert opened(higher).budget.limit == 25


def test_permissions(opened, path, tmp_path):
    before = os.umask(0o077)
    try:
        spend(opened(mode=OWNER_AND_GROUP))
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        private = tmp_path / "state" / "helpdesk-bridge" / "own.budget"
        spend(Governor(MINUTE, FileStore(private, mode=OWNER_ONLY), ManualClock(), "k"))
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
        assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_the_key_is_not_in_the_file(opened, path):
    spend(opened(key="vendor-of-s3cret"))
    assert b"s3cret" not in path.read_bytes()


# --- crashes -----------------------------------------------------------------------------------------------------


def as_another(process):
    space = identity.PID_BITS + identity.RUN_BITS
    host = identity.this_process() >> space << space
    return SimpleNamespace(number=host | process << identity.RUN_BITS, counter=iter(range(99)))


def test_what_a_killed_process_held_expires_with_its_window(opened, clock, monkeypatch):
    gov, other = opened(), opened()
    with monkeypatch.context() as patched:
        patched.setattr(identity, "_process", as_another(2**22 + 1))  # above the highest process id of Linux
        other.reserve(9)
    with pytest.raises(RateLimited) as caught:
        gov.reserve(2, max_wait=0)
    assert 60 <= caught.value.retry_after <= 61.1
    spend(gov)
    clock.advance(61.1)
    spend(gov, 10)


def test_a_killed_process_keeps_no_place_in_line(opened, clock, monkeypatch):
    gov, other = opened(), opened()
    spend(gov, 10)
    with monkeypatch.context() as patched:
        patched.setattr(identity, "_process", as_another(2**22 + 1))
        other._cell.update(BudgetState.take, identity.next_ident(), (9,), (0,), 30.0, None, 0, 1e9, 1e9)
    clock.advance(60.1)
    gov.reserve(8, max_wait=0)


def test_in_another_pid_namespace_nobody_is_taken_for_dead(opened, monkeypatch):
    with monkeypatch.context() as patched:
        elsewhere = as_another(2**22 + 1)
        elsewhere.number ^= 1 << identity.PID_BITS + identity.RUN_BITS
        patched.setattr(identity, "_process", elsewhere)
        opened().reserve(9)
    with pytest.raises(RateLimited) as caught:
        opened().reserve(2, max_wait=0)
    assert caught.value.retry_after is None
    assert opened().reserve(2, max_wait=None).waited == pytest.approx(660, abs=1)


def test_a_process_killed_while_it_writes_leaves_the_state_before(opened, path):
    gov = opened()
    spend(gov, 4)
    newest = 1 - gov._cell._primary._place._other
    with path.open("r+b") as file:
        file.seek(FIRST_SEGMENT + newest * SLOT + 90)
        file.write(b"\xff" * 40)
    assert opened().budget.remaining == 6  # the request of the step before is still held


KILLED = """
import os, signal, sys
from pathlib import Path
from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.ratelimit import Governor, RateLimitPolicy, Window
from helpdesk_bridge.ratelimit.file_store import FileStore
policy = RateLimitPolicy(windows=(Window(1_000_000, 3600, "units"),))
governor = Governor(policy, FileStore(Path(sys.argv[1])), SystemClock(), "k")
print("ready", flush=True)
while True:
    governor.settle(governor.reserve(1), 200)
    print(flush=True)
"""


def test_the_file_is_whole_whenever_its_writers_are_killed(path):
    """Every step that a process reported is in the file, and at most one more each."""
    done = killed = 0
    for _ in range(3):
        writers = [
            subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        for writer in writers:
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            for _ in range(50):
                writer.stdout.readline()
                done += 1
            writer.kill()
            killed += 1
        for writer in writers:
            done += len(writer.stdout.readlines())
            writer.stdout.close()
            writer.wait()
    policy = RateLimitPolicy(windows=(Window(1_000_000, 3600, "units"),))
    from helpdesk_bridge.clock import SystemClock

    gov = Governor(policy, FileStore(path), SystemClock(), "k")
    assert done <= 1_000_000 - gov.budget.remaining <= done + killed


# --- boots, versions ---------------------------------------------------------------------------------------------


def test_after_a_reboot_the_rest_of_the_window_is_waited_for_less_the_time_since(path, opened):
    before, after = ManualClock(start=90_000.0), ManualClock(start=20.0)
    gov = opened(clock=before, boot=b"a" * 16)
    spend(gov, 8)
    before.advance(10)
    gov.reserve(1)
    again = opened(clock=after, boot=b"b" * 16)
    assert again.budget.remaining == 1
    assert 40 <= again.budget.resets_in <= 40.1  # what was in flight counts as sent at the last step
    after.advance(40.1)
    assert again.budget.remaining == 10
    assert again.holders() == ()


def test_a_clock_set_back_by_an_hour_leaves_what_there_was_to_wait(opened, clock):
    gov = opened()
    spend(gov, 10)
    clock.advance(20)
    assert 40 <= gov.budget.resets_in <= 40.1
    clock._now -= 3600
    assert 40 <= gov.budget.resets_in <= 40.1
    assert gov.reserve(1).waited <= 40.1


def test_a_clock_that_jumps_ahead_by_an_hour_frees_no_more_than_one_limit(opened, clock):
    gov = opened()
    spend(gov, 10)
    clock.advance(3600)
    spend(gov, 10)
    with pytest.raises(RateLimited):
        gov.reserve(1, max_wait=0)


def write_as(gov, path, payload):
    """Write the newest slot of the first segment as another version would have."""
    gov.budget.remaining  # noqa: B018 - opens the file
    slot = gov._cell._primary._place._file.newest(0)
    file = BudgetFile(path, 0o600)
    file.open()
    file.write(0, *slot._replace(number=1 - slot.number, sequence=slot.sequence + 1, payload=payload))
    file.close()


@pytest.mark.parametrize("content", [b"{}", b"\xff" * 500, b""])
@pytest.mark.parametrize("version", [codec.FORMAT - 1, codec.FORMAT])
def test_a_state_that_cannot_be_read_leaves_half_of_the_limit(opened, path, version, content, caplog):
    write_as(opened(), path, codec.MAGIC + struct.pack("=H", version) + content)
    assert opened().budget.remaining == 5
    assert "damaged" in caplog.text


def test_a_store_of_a_later_version_is_left_alone(opened, path, caplog):
    write_as(opened(), path, codec.MAGIC + struct.pack("=H", codec.FORMAT + 1) + b"whatever comes later")
    before = path.read_bytes()
    gov = opened()
    spend(gov, 5)
    with pytest.raises(RateLimited):
        gov.reserve(1, max_wait=0)
    assert path.read_bytes() == before
    assert "later version" in caplog.text
    assert "later version" in gov.place


# --- damage ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "size", [0, 10, len(MAGIC), 1000, FIRST_SEGMENT + 30, FIRST_SEGMENT + 120, FIRST_SEGMENT + SLOT]
)
def test_a_file_cut_off_while_it_is_used_is_written_anew_from_memory(opened, path, size, caplog):
    one, two = opened(), opened()
    spend(one, 6)
    spend(two, 1)
    os.truncate(path, size)
    assert one.budget.remaining >= 3  # it has not seen the last request of the other
    assert two.budget.remaining == 3
    assert one.budget.remaining == 3
    spend(two, 3)
    with pytest.raises(RateLimited):
        one.reserve(1, max_wait=0)
    assert opened().budget.remaining == 0
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) <= 2


@pytest.mark.parametrize("size", [0, 10, 1000, FIRST_SEGMENT + 30, FIRST_SEGMENT + 120])
def test_a_file_found_cut_off_leaves_half_of_the_limit_for_one_window(opened, path, clock, size, caplog):
    spend(opened(), 6)
    os.truncate(path, size)
    gov = opened()
    assert gov.budget.remaining == 5
    assert "damaged" in caplog.text
    clock.advance(60.1)
    assert gov.budget.remaining == 10


def test_garbage_over_a_used_file_is_noticed(opened, path):
    one = opened()
    spend(one, 6)
    data = bytearray(path.read_bytes())
    data[FIRST_SEGMENT:] = os.urandom(len(data) - FIRST_SEGMENT)
    path.write_bytes(data)
    assert one.budget.remaining == 4
    assert opened().budget.remaining == 4


@pytest.mark.parametrize("content", [b"Dear diary", b"\0" * 8000, MAGIC + b"no page", b"x" * (FIRST_SEGMENT + SEGMENT)])
def test_a_foreign_file_is_left_alone_and_half_of_the_limit_used(opened, path, content, caplog):
    path.write_bytes(content)
    gov = opened()
    spend(gov, 5)
    with pytest.raises(RateLimited):
        gov.reserve(1, max_wait=0)
    assert path.read_bytes() == content
    assert "holds something else" in caplog.text
    assert "holds something else" in gov.place
    assert len(caplog.records) == 1


def test_a_file_overwritten_by_something_else_is_left_to_it(opened, path):
    gov = opened()
    spend(gov, 6)
    path.write_bytes(b"Dear diary")
    assert gov.budget.remaining == 0  # six of the five that are this process's share
    assert path.read_bytes() == b"Dear diary"


def test_a_folder_a_link_or_a_pipe_is_not_taken_for_the_file(opened, path, tmp_path, caplog):
    path.mkdir()
    spend(opened())
    path.rmdir()
    path.symlink_to(tmp_path / "elsewhere")
    spend(opened())
    path.unlink()
    os.mkfifo(path)
    spend(opened())
    assert not (tmp_path / "elsewhere").exists()
    assert len(caplog.records) == 3


def test_a_deleted_file_is_written_anew_with_all_that_was_spent(opened, path, clock, caplog):
    one, two = opened(), opened()
    spend(one, 3)
    spend(two, 4)
    path.unlink()
    clock.advance(1)
    assert one.budget.remaining == 3
    assert opened().budget.remaining == 3
    assert two.budget.remaining == 3
    spend(two, 3)
    with pytest.raises(RateLimited):
        one.reserve(1, max_wait=0)
    assert len(caplog.records) == 1
    assert "deleted" in caplog.text


def test_a_deleted_folder_leaves_a_share_until_it_is_there_again(tmp_path, clock, caplog):
    folder = tmp_path / "there"
    folder.mkdir()
    gov = Governor(MINUTE, FileStore(folder / "budget"), clock, "k")
    spend(gov, 2)
    (folder / "budget").unlink()
    folder.rmdir()
    clock.advance(1)
    assert gov.budget.limit == 5
    assert gov.budget.remaining == 3
    spend(gov, 3)
    with pytest.raises(RateLimited):
        gov.reserve(1, max_wait=0)
    folder.mkdir()
    clock.advance(5)
    assert gov.budget.limit == 10
    assert gov.budget.remaining == 5
    assert [
        record.message.split(" (")[0]
        for record in caplog.records
        if "lost" in record.message or "again" in record.message
    ] == [
        f"the rate-limit budget in file {folder / 'budget'} is lost",
        f"the rate-limit budget in file {folder / 'budget'} is there again",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_may_only_be_read_leaves_a_share(opened, path):
    spend(opened(), 2)
    path.chmod(0o400)
    gov = opened()
    assert gov.budget.limit == 5
    assert "denied" in gov.place


@pytest.mark.parametrize("error", [errno.EACCES, errno.EROFS, errno.EPERM, errno.EMFILE, errno.EIO])
def test_a_file_that_cannot_be_opened_leaves_a_share_and_one_warning(opened, path, monkeypatch, error, caplog):
    spend(opened(), 2)
    before = path.read_bytes()

    def refuse(name, flags, *mode):
        raise OSError(error, os.strerror(error), name)

    monkeypatch.setattr(budget_file.os, "open", refuse)
    gov = opened()
    spend(gov, 5)
    for _ in range(3):
        with pytest.raises(RateLimited):
            gov.reserve(1, max_wait=0)
    assert os.strerror(error) in gov.place
    assert len(caplog.records) == 1
    monkeypatch.undo()
    assert path.read_bytes() == before


@pytest.mark.parametrize("call", ["pwrite", "pread", "open"])
def test_a_disk_that_fails_leaves_a_share(opened, monkeypatch, call):
    gov = opened()
    spend(gov, 4)

    def fails(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(budget_file.os, call, fails)
    if call == "open":
        gov._cell._primary.reopen()
    assert (gov.budget.limit, gov.budget.remaining) == (5, 1)
    assert gov.place.endswith("No space left on device)")


def test_a_lock_that_is_not_released_is_waited_for_two_seconds_at_most(opened, path, monkeypatch):
    naps = []
    monkeypatch.setattr(budget_file, "pause", naps.append)
    monkeypatch.setattr(budget_file, "real_seconds", lambda: sum(naps))
    gov = opened()
    spend(gov, 2)
    with path.open("r+b") as stopped:
        flock(stopped, LOCK_EX)
        assert gov.budget.remaining == 3
    assert 2.0 <= sum(naps) < 2.1
    assert len(naps) < 500


# --- who shares --------------------------------------------------------------------------------------------------


def test_other_holders_are_told(opened, monkeypatch):
    gov = opened()
    with monkeypatch.context() as patched:
        patched.setattr(identity, "_process", as_another(os.getppid()))
        spend(opened())
    spend(gov)
    assert gov.budget.holders == (f"process {os.getppid()}",)
    assert str(gov._cell._primary._place._file.path) in gov.budget.place


@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_a_forked_child_shares_the_file_under_a_lock_of_its_own(opened, path):
    gov = opened()
    spend(gov, 2)
    held = gov.reserve(1)
    pid = os.fork()
    if pid == 0:
        # Whatever happens, the child must not go on with the parent's tests.
        try:
            gov.after_fork()
            spend(gov, 3)
            os._exit(0 if gov.budget.remaining == 4 else 1)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert gov.budget.remaining == 4
    gov.settle(held, 200)
    assert gov.budget.remaining == 4


def test_threads_of_one_process_do_not_trip_over_each_other(opened):
    gov = opened(evolve(MINUTE, windows=(Window(1000, 60, "units"),)))
    threads = [threading.Thread(target=spend, args=(gov, 50)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gov.budget.remaining == 800
