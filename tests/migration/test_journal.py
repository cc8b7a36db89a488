from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from migration.faulty_desk import START
from migration.journals import KEY, PAIR, open_journal
from sqlalchemy import text

from helpdesk_bridge.clock import SystemClock, boot_seconds
from helpdesk_bridge.migration import (
    ExitCode,
    Interrupted,
    JournalDamaged,
    JournalInUse,
    MigrationError,
    WrongJournal,
    whose,
)
from helpdesk_bridge.migration.journal import integrity, ownership, schema
from helpdesk_bridge.migration.journal.database.owned import CLAIMED, SEARCH
from helpdesk_bridge.migration.journal.decisions import settle_in_doubt
from helpdesk_bridge.migration.journal.facts import Difference
from helpdesk_bridge.migration.journal.states import OF_ITS_TICKET, Key, Kind, Record, State
from helpdesk_bridge.migration.marker import MarkerKey
from helpdesk_bridge.migration.report.facts import read_facts
from helpdesk_bridge.testing.clock import ManualClock

HERE = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
ONE = Record(key=Key(Kind.TICKET, "1"), position=3, version="v")


@pytest.fixture
def journal(tmp_path):
    found = open_journal(tmp_path / "journal.db")
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
        open_journal(journal.file.path)
    assert (refused.value.pid, refused.value.exit_code) == (os.getpid(), ExitCode.IN_USE)


def test_a_stuck_owner_that_was_taken_over_starts_nothing_any_more(journal):
    with pytest.raises(JournalInUse):
        open_journal(journal.file.path)
    second = open_journal(journal.file.path, takeover=True)
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
from migration.journals import open_journal
journal = open_journal(sys.argv[1], clock=SystemClock())
print("owned", flush=True)
time.sleep(60)
"""


def test_the_lock_goes_with_its_process(tmp_path):
    path = tmp_path / "journal"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True, env=HERE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "owned\n"
        with pytest.raises(JournalInUse) as refused:
            open_journal(path)
        assert refused.value.pid == holder.pid
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    open_journal(path).close()


FREEZE = """
import os, signal, sys, time
from helpdesk_bridge.clock import SystemClock
from migration.journals import open_journal
journal = open_journal(sys.argv[1], clock=SystemClock())
with journal.file.transaction():
    os.kill(os.getpid(), signal.SIGSTOP)
print("awake", flush=True)
time.sleep(60)
"""


def test_an_owner_frozen_in_a_transaction_is_named_with_what_to_do_and_stays_the_owner(tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "BUSY_SECONDS", 0.1)
    path = tmp_path / "journal"
    frozen = subprocess.Popen([sys.executable, "-c", FREEZE, str(path)], stdout=subprocess.PIPE, text=True, env=HERE)
    try:
        assert os.WIFSTOPPED(os.waitpid(frozen.pid, os.WUNTRACED)[1])
        with pytest.raises(JournalInUse, match=rf"process {frozen.pid} on .*kill -CONT {frozen.pid}") as refused:
            open_journal(path, clock=SystemClock(), takeover=True)
        assert (refused.value.pid, refused.value.exit_code) == (frozen.pid, ExitCode.IN_USE)
        assert "\n" not in str(refused.value)
        # The takeover came to nothing, so that the lock is still its own.
        with pytest.raises(JournalInUse, match=f"in use by process {frozen.pid}"):
            open_journal(path)
        frozen.send_signal(signal.SIGCONT)
        assert frozen.stdout is not None
        assert frozen.stdout.readline() == "awake\n"
        with closing(open_journal(path, clock=SystemClock(), takeover=True)) as second:
            second.save(ONE)
    finally:
        frozen.kill()
        frozen.communicate()


def test_an_owner_that_lives_without_its_lock_is_waited_for(tmp_path):
    path = tmp_path / "journal"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True, env=HERE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "owned\n"
        path.with_name("journal.lock").unlink()
        clock = ManualClock()
        clock.now = boot_seconds
        with closing(open_journal(path, clock=clock)) as second:
            assert 0 < sum(clock.slept) <= ownership.LEASE
            assert second.file.generation == 2
    finally:
        holder.kill()
        holder.communicate()


def test_the_journal_of_another_migration_is_refused(journal):
    path = journal.file.path
    journal.close()
    open_journal(path).close()
    with pytest.raises(WrongJournal, match="deskie:one") as refused:
        open_journal(path, evolve(PAIR, source="deskie:other"))
    assert refused.value.exit_code is ExitCode.USAGE
    known = whose(path)
    assert (known["source"], known["destination_desk"]) == ("deskie:one", "new")


def test_whose_there_is_no_journal(tmp_path):
    with pytest.raises(FileNotFoundError):
        whose(tmp_path / "none")


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_journal_is_noticed(tmp_path, content):
    path = tmp_path / "journal"
    path.write_bytes(content)
    with pytest.raises(JournalDamaged, match="move it away"):
        open_journal(path)


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
        journal = open_journal(tmp_path / "journal")
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
    path = journal.file.path
    journal.close()
    with closing(open_journal(path, evolve(PAIR, key=MarkerKey(bytes(32))))) as again:
        assert again.facts.marker_key == KEY
        assert KEY.text() not in repr(again.facts.marker_key)


def test_a_journal_of_another_version_is_refused_with_what_to_do(journal):
    path = journal.file.path
    journal.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = '1' WHERE name = 'version'")
    for ask in (open_journal, whose, read_facts):
        with pytest.raises(
            WrongJournal, match=r"version 1.*continue with the version of helpdesk-bridge that created it"
        ):
            ask(path)


def test_a_journal_of_the_version_before_with_other_tables_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "journal"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            "CREATE TABLE meta (name, value); CREATE TABLE owner (id, generation); CREATE TABLE record (kind, id);"
            "INSERT INTO meta VALUES ('version', '2'); INSERT INTO record VALUES ('ticket', '1')"
        )
    before = path.read_bytes()
    for ask in (open_journal, whose, read_facts):
        with pytest.raises(WrongJournal, match="version 2"):
            ask(path)
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "journal"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE urls (id, url)")
    before = path.read_bytes()
    for ask in (open_journal, whose, read_facts):
        with pytest.raises(WrongJournal, match="another program"):
            ask(path)
    assert path.read_bytes() == before


# -- made aside --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", ["nothing", "a header", "a rollback", "tables of version 2"])
def test_a_journal_whose_maker_was_killed_is_a_new_one(tmp_path, made):
    path = tmp_path / "journal.db"
    path.touch(0o600)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if made == "a header":
            connection.execute("PRAGMA journal_mode=WAL")
        elif made == "a rollback":
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE owner (id)")
            connection.execute("ROLLBACK")
        elif made == "tables of version 2":
            connection.executescript(
                "CREATE TABLE meta (name, value); CREATE TABLE owner (id, generation); CREATE TABLE record (kind, id);"
                "INSERT INTO owner VALUES (1, 1)"
            )
    assert whose(path) == {}
    with pytest.raises(WrongJournal, match="holds nothing"):
        read_facts(path)
    open_journal(path).close()
    assert whose(path)["source_desk"] == "old"


KILLED_AT = """
import os, signal, sys
from migration.journals import open_journal
count, seen = int(sys.argv[2]), 0

def watch(event, arguments):
    global seen
    if event in ("open", "os.remove", "os.rename", "sqlite3.connect", "tempfile.mkstemp", "os.unlink"):
        seen += 1
        if seen == count:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
open_journal(sys.argv[1]).close()
"""


@pytest.mark.slow
def test_a_process_killed_while_it_makes_a_journal_leaves_none_or_a_whole_one(tmp_path):
    endings = set()
    for count in range(1, 60):
        path = tmp_path / str(count) / "journal"
        pid = os.fork()
        if pid == 0:
            sys.argv = ["", str(path), str(count)]
            exec(compile(KILLED_AT, "killed", "exec"), {})  # noqa: S102 - the script of this test
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        endings.add(path.exists())
        assert not path.exists() or whose(path)["source"] == "deskie:one"
        with closing(open_journal(path)) as journal:
            journal.save(ONE)
        assert {one.name for one in path.parent.iterdir()} == {"journal", "journal.lock"}
        if os.WIFEXITED(status):
            break
    assert endings == {True, False}


def test_a_log_of_a_deleted_journal_is_not_played_into_a_new_one(tmp_path, journal):
    path = tmp_path / "journal.db"
    journal.save(ONE)
    log = path.with_name("journal.db-wal").read_bytes()
    journal.close()
    path.unlink()
    path.with_name("journal.db-wal").write_bytes(log)
    with closing(open_journal(path)) as again:
        assert again.get(ONE.key) is None


# -- damage ------------------------------------------------------------------------------------------------------------


def filled(path):
    with closing(open_journal(path)) as journal:
        journal.save(
            ONE,
            Record(key=Key(Kind.MESSAGE, "m", "1"), state=State.INTENT, expected={"text": "d"}, intent_at=START),
            Record(key=Key(Kind.TICKET, "2"), state=State.DONE, destination=("9",), finished=True),
        )
        journal.facts.acknowledge(["mails"], by="user")
        journal.facts.decide("status", "digest", "open", by="user")
        journal.facts.replace_differences([Difference("1", "ticket", "1", "status", "x", "y")])
        journal.facts.measure(lambda: {"source": (1, 2, 0), "destination": (3, 4, 0)})
        journal.facts.remember(verified="full")
    return path


def columns():
    return [(table.name, column.name) for table in schema.metadata.sorted_tables for column in table.columns]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return filled(tmp_path_factory.mktemp("whole") / "journal").read_bytes()


@pytest.mark.parametrize(("table", "column"), columns())
def test_every_value_that_was_altered_is_noticed_at_opening(tmp_path, whole, table, column):
    path = tmp_path / "journal"
    noticed = []
    for value in (7, "x", b"\xff\x00", None):
        path.write_bytes(whole)
        path.chmod(0o600)
        with closing(sqlite3.connect(path)) as connection, suppress(sqlite3.IntegrityError):
            before = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - names of ours
            key = "rowid" if table != "record" else "kind, parent, id"
            first = f"({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1)"  # noqa: S608 - ditto
            with connection:
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {first}", (value,))  # noqa: S608 - ditto
            if connection.execute(f"SELECT * FROM {table}").fetchall() == before:  # noqa: S608 - ditto
                continue
        if path.read_bytes() != whole:
            with pytest.raises((JournalDamaged, WrongJournal)) as told:
                read_facts(path)
            noticed.append(str(told.value))
        if path.read_bytes() != whole and len(noticed) == 1:
            with pytest.raises((JournalDamaged, WrongJournal)):
                open_journal(path)
    assert noticed
    if (table, column) == ("record", "reason"):
        assert all("the record of message m of ticket 1 is not as it was written" in text for text in noticed)


def test_of_a_journal_that_is_whole_no_row_is_looked_at_twice(tmp_path, monkeypatch):
    path = filled(tmp_path / "journal")
    with closing(open_journal(path)) as journal:
        journal.facts.decide("tag", "Müşteri \U0001f600 \0 \"',", "açık", by="user")
        journal.save(Record(key=Key(Kind.TICKET, "ß\u2028"), reason="\x7f\n"))
    monkeypatch.setattr(integrity, "_rows", lambda *_: pytest.fail("rows were read again, to name one"))
    open_journal(path).close()
    read_facts(path)


@given(place=st.integers(0), bits=st.integers(1, 255))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_byte_that_a_disk_altered_is_harmless_or_ends_in_one_clear_error(tmp_path_factory, place, bits):
    path = filled(tmp_path_factory.mktemp("flipped") / "journal")
    with closing(open_journal(path)) as journal:
        before = [record for kind in Kind for record in journal.each(kind)]
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= bits
    path.write_bytes(content)
    try:
        with closing(open_journal(path)) as journal:
            assert [record for kind in Kind for record in journal.each(kind)] == before
            assert journal.facts.marker_key == KEY
    except MigrationError as noticed:
        assert "\n" not in str(noticed)  # noqa: PT017 - either it opens and is whole, or it says so


@pytest.mark.slow
@pytest.mark.parametrize("bits", [0x01, 0x80, 0xFF])
def test_a_byte_altered_anywhere_in_the_head_of_the_file_ends_in_one_clear_error_or_is_harmless(tmp_path, bits):
    """SQLite keeps what it is in the first hundred bytes, and its schema behind them."""
    whole = filled(tmp_path / "journal").read_bytes()
    for place in range(130):
        path = tmp_path / f"{place}.journal"
        path.write_bytes(whole[:place] + bytes([whole[place] ^ bits]) + whole[place + 1 :])
        with suppress(MigrationError), closing(open_journal(path)):
            pass


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9])
def test_half_a_journal_is_noticed(tmp_path, part):
    path = filled(tmp_path / "journal")
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * part))
    for ask in (open_journal, read_facts):
        with pytest.raises(JournalDamaged, match="migrate rebuild"):
            ask(path)


# -- copies ------------------------------------------------------------------------------------------------------------


def test_a_copy_is_recognised_and_has_to_be_claimed(tmp_path):
    path = filled(tmp_path / "journal")
    copy = tmp_path / "copy"
    shutil.copy2(path, copy)
    with pytest.raises(WrongJournal, match=r"copy.*--moved") as refused:
        open_journal(copy)
    assert refused.value.exit_code is ExitCode.USAGE
    assert read_facts(copy).counts == read_facts(path).counts
    with closing(open_journal(copy, moved=True)) as claimed:
        assert claimed.facts.recall(CLAIMED)
        assert claimed.facts.recall(SEARCH) == {}
    open_journal(copy).close()
    with closing(open_journal(path)) as original:
        assert not original.facts.recall(CLAIMED, False)


def test_a_backup_that_was_put_back_has_to_be_claimed(tmp_path):
    path = filled(tmp_path / "journal")
    shutil.copy2(path, tmp_path / "backup")
    path.unlink()
    shutil.copy2(tmp_path / "backup", path)
    with pytest.raises(WrongJournal, match="--moved"):
        open_journal(path)


def test_a_renamed_journal_is_no_copy(tmp_path):
    path = filled(tmp_path / "journal")
    (tmp_path / "folder").mkdir()
    open_journal(path.rename(tmp_path / "folder" / "other")).close()


def test_a_file_system_that_knows_no_birth_tells_copies_by_number_path_and_device(tmp_path, monkeypatch):
    monkeypatch.setattr(ownership, "_born", lambda *_: None)
    path = filled(tmp_path / "journal")
    open_journal(path.rename(tmp_path / "other")).close()
    shutil.copy2(tmp_path / "other", path)
    with pytest.raises(WrongJournal, match="--moved"):
        open_journal(path)


def test_a_journal_with_a_second_name_is_refused(tmp_path):
    path = filled(tmp_path / "journal")
    (tmp_path / "second").hardlink_to(path)
    with pytest.raises(WrongJournal, match="hard link"):
        open_journal(tmp_path / "second")


# -- decisions about what is in doubt ------------------------------------------------------------------------------------


def doubtful(kind, record_id, parent="", reason="two tickets agree"):
    return Record(key=Key(kind, record_id, parent), state=State.IN_DOUBT, reason=reason, intent_at=START)


def test_an_id_that_a_ticket_and_a_message_have_is_decided_only_with_its_kind(journal):
    ticket, message = doubtful(Kind.TICKET, "1"), doubtful(Kind.MESSAGE, "1", "2")
    own = doubtful(Kind.MESSAGE, "3", "1", OF_ITS_TICKET)
    journal.save(ticket, message, own)
    told = [(one.kind, one.named) for one in read_facts(journal.file.path).doubts]
    assert told == [(Kind.MESSAGE, "message:1"), (Kind.TICKET, "ticket:1")]
    with pytest.raises(ValueError, match="ticket:1 or message:1"):
        settle_in_doubt(journal, "1", "found:7")
    assert journal.get(ticket.key) == ticket
    assert settle_in_doubt(journal, "ticket:1", "found:7") == 1
    assert (journal.get(ticket.key).state, journal.get(own.key).state) == (State.DONE, State.DONE)
    assert journal.get(message.key) == message
    assert [one.named for one in read_facts(journal.file.path).doubts] == ["1"]
    assert settle_in_doubt(journal, "1", "again") == 1
    assert journal.get(message.key).state is State.PLANNED


def test_an_id_that_begins_like_a_kind_is_itself(journal):
    odd = doubtful(Kind.TICKET, "ticket:9")
    journal.save(odd)
    assert settle_in_doubt(journal, "ticket:9", "skip") == 1
    assert journal.get(odd.key).state is State.SKIPPED
