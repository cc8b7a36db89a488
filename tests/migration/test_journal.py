from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest
from sqlalchemy import text

from helpdesk_bridge.migration import ExitCode, Interrupted, JournalDamaged, JournalInUse, WrongJournal, whose
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.states import Key, Kind, Record, State
from helpdesk_bridge.migration.marker import MarkerKey
from helpdesk_bridge.testing.clock import ManualClock

KEY = MarkerKey(bytes(range(32)))
ONE = Record(key=Key(Kind.TICKET, "1"), position=3, version="v")


@pytest.fixture
def journal(tmp_path):
    found = Journal(tmp_path / "journal.db", clock=ManualClock())
    yield found
    found.close()


def test_what_is_saved_is_read_back(journal):
    whole = Record(
        key=Key(Kind.MESSAGE, "m", "1"),
        state=State.INTENT,
        position=2,
        reason="why",
        marker="0123456789abcdef",
        destination=("7", "8"),
        fold="f",
        kind_of_message="NOTE:body",
        version="v",
        expected={"text": "d"},
        finished=True,
        intent_at=ManualClock().wall(),
        attempts=2,
    )
    journal.save(whole, ONE)
    assert journal.get(whole.key) == whole
    assert journal.get(whole.key).expected == {"text": "d"}
    assert journal.children("1", Kind.MESSAGE) == [whole]
    assert journal.get(Key(Kind.TICKET, "2")) is None


def test_planning_again_changes_nothing(journal):
    done = Record(key=ONE.key, state=State.DONE, destination=("9",))
    journal.save(done)
    assert journal.plan([ONE, Record(key=Key(Kind.TICKET, "2"))]) == 1
    assert journal.get(ONE.key) == done


def test_it_is_durable_and_readable_by_its_owner_alone(journal):
    with journal.file._writer.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
    assert stat.S_IMODE(journal.file.path.stat().st_mode) == 0o600


def test_transactions_begin_immediate_so_that_the_owner_is_read_inside(journal):
    with journal.file.transaction():
        other = sqlite3.connect(journal.file.path, timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_a_second_owner_is_refused_at_once_and_told_who_holds_it(journal):
    with pytest.raises(JournalInUse, match=str(os.getpid())) as refused:
        Journal(journal.file.path, clock=ManualClock())
    assert (refused.value.pid, refused.value.exit_code) == (os.getpid(), ExitCode.IN_USE)


def test_a_stuck_owner_that_was_taken_over_starts_nothing_any_more(journal):
    with pytest.raises(JournalInUse):
        Journal(journal.file.path, clock=ManualClock())
    second = Journal(journal.file.path, clock=ManualClock(), takeover=True)
    try:
        second.save(ONE)
        with pytest.raises(JournalInUse, match="took the journal over"):
            journal.save(Record(key=Key(Kind.TICKET, "2")))
        assert second.get(Key(Kind.TICKET, "2")) is None
    finally:
        second.close()


HOLD = """
import sys, time
from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.migration.journal.journal import Journal
journal = Journal(sys.argv[1], clock=SystemClock())
print("owned", flush=True)
time.sleep(60)
"""


def test_the_lock_goes_with_its_process(tmp_path):
    path = tmp_path / "journal"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "owned\n"
        with pytest.raises(JournalInUse) as refused:
            Journal(path, clock=ManualClock())
        assert refused.value.pid == holder.pid
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    Journal(path, clock=ManualClock()).close()


def test_the_journal_of_another_migration_is_refused(journal):
    names = {"source_desk": "a", "destination_desk": "b"}
    assert journal.file.bind("deskie:one", "desk365:two", names, KEY)
    assert not journal.file.bind("deskie:one", "desk365:two", names, KEY)
    with pytest.raises(WrongJournal, match="deskie:one") as refused:
        journal.file.bind("deskie:other", "desk365:two", names, KEY)
    assert refused.value.exit_code is ExitCode.USAGE
    told = whose(journal.file.path)
    assert (told["source"], told["destination_desk"]) == ("deskie:one", "b")


def test_whose_there_is_no_journal(tmp_path):
    with pytest.raises(FileNotFoundError):
        whose(tmp_path / "none")


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_journal_is_noticed(tmp_path, content):
    path = tmp_path / "journal"
    path.write_bytes(content)
    with pytest.raises(JournalDamaged, match="move it away"):
        Journal(path, clock=ManualClock())


def test_a_full_disk_stops_the_run_and_the_journal_stays_whole(journal):
    journal.save(ONE)
    with journal.file._writer.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(Interrupted, match="full") as stopped:
        journal.save(*[Record(key=Key(Kind.TICKET, str(n)), reason="x" * 200) for n in range(500)])
    assert stopped.value.exit_code is ExitCode.STOPPED
    with journal.file._reader.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    assert journal.get(ONE.key) == ONE


def test_threads_share_the_wait_for_the_disk_and_lose_nothing(journal):
    def work(worker: int) -> None:
        for number in range(25):
            key = Key(Kind.TICKET, f"{worker}-{number}")
            journal.save(Record(key=key))
            journal.save(Record(key=key, state=State.DONE, destination=(f"d{worker}-{number}",)))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert journal.counts()[Kind.TICKET] == {State.DONE: 150}
    assert journal.at_destination(Kind.TICKET, "d3-7").key.id == "3-7"


def test_a_busy_file_is_waited_for(journal):
    other = sqlite3.connect(journal.file.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Thread(target=lambda: (time.sleep(0.3), other.execute("COMMIT")))
    release.start()
    journal.save(ONE)
    release.join()
    other.close()
    assert journal.get(ONE.key) == ONE


def test_records_come_in_pieces_and_all_of_them(journal):
    journal.save(*[Record(key=Key(Kind.TICKET, f"{n:05}")) for n in range(1203)])
    assert [one.key.id for one in journal.each(Kind.TICKET)] == [f"{n:05}" for n in range(1203)]
    assert list(journal.each(Kind.TICKET, State.DONE)) == []


def test_what_was_spent_adds_up_over_runs(tmp_path):
    for number in (1, 2):
        journal = Journal(tmp_path / "journal", clock=ManualClock())
        journal.facts.measure(lambda: {"source": (10, 20, 1), "destination": (3, 4, 0)})
        journal.facts.remember(x=number)
        journal.facts.remember(x=number)
        found = journal.facts.spent()
        assert (journal.facts.recall("x"), journal.facts.recall("y", "none")) == (number, "none")
        journal.close()
    assert found == {"source": (20, 40, 2), "destination": (6, 8, 0)}


def test_the_lock_file_names_its_holder(journal):
    told = json.loads(journal.file.path.with_name("journal.db.lock").read_text())
    assert told["pid"] == os.getpid()


def test_the_key_of_the_markers_is_that_of_the_first_moment(journal):
    names = {"source_desk": "a", "destination_desk": "b"}
    journal.file.bind("deskie:one", "desk365:two", names, KEY)
    journal.file.bind("deskie:one", "desk365:two", names, MarkerKey(bytes(32)))
    assert journal.facts.marker_key == KEY
    assert KEY.text() not in repr(journal.facts.marker_key)


def test_a_journal_of_another_version_is_refused_with_what_to_do(journal):
    journal.file.bind("deskie:one", "desk365:two", {}, KEY)
    with journal.file.transaction() as connection:
        connection.execute(text("UPDATE meta SET value = '1' WHERE name = 'version'"))
    with pytest.raises(WrongJournal, match=r"version 1.*continue with the version of helpdesk-bridge that created it"):
        journal.file.bind("deskie:one", "desk365:two", {}, KEY)


@pytest.mark.parametrize("made", ["", "PRAGMA journal_mode=WAL", "CREATE TABLES", "GENERATION"])
def test_a_journal_whose_maker_was_killed_is_a_new_one(tmp_path, made):
    path = tmp_path / "journal.db"
    if made == "GENERATION":
        Journal(path, clock=ManualClock()).close()
    else:
        path.touch(0o600)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            if made == "CREATE TABLES":
                # What it had begun is undone by whoever opens it next.
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("CREATE TABLE owner (id)")
                connection.execute("ROLLBACK")
            else:
                connection.execute(made)
    assert whose(path) == {}
    journal = Journal(path, clock=ManualClock())
    assert journal.file.bind("deskie:a", "desk365:b", {"source_desk": "old", "destination_desk": "new"}, KEY)
    journal.close()
    assert whose(path)["source_desk"] == "old"
