"""What a journal promises, over a file and over PostgreSQL, and what PostgreSQL adds: many migrations, leases, hosts."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from attrs import evolve
from migration.faulty_desk import destination, dump, source
from migration.journals import PAIR, open_journal

from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.migration import (
    ExitCode,
    Interrupted,
    JournalDamaged,
    JournalInUse,
    Migration,
    Options,
    WrongJournal,
)
from helpdesk_bridge.migration.journal import ownership
from helpdesk_bridge.migration.journal.database import connections, owned, postgres
from helpdesk_bridge.migration.journal.database.address import DatabaseAddress, address_of, holds_password
from helpdesk_bridge.migration.journal.database.owned import CLAIMED
from helpdesk_bridge.migration.journal.facts import Difference
from helpdesk_bridge.migration.journal.reader import ids_of, record_row, whose
from helpdesk_bridge.migration.journal.states import Key, Kind, Record, State
from helpdesk_bridge.migration.report.facts import read_facts
from helpdesk_bridge.migration.watch.state import WatchedJournal
from helpdesk_bridge.testing.clock import ManualClock

_numbers = itertools.count()
ONE = Record(key=Key(Kind.TICKET, "1"), position=3, version="v")
WHOLE = Record(
    key=Key(Kind.MESSAGE, "m", "1"),
    state=State.INTENT,
    position=2,
    reason="why",
    marker="0123456789abcdef",
    destination=("7", "8"),
    fold="f",
    kind_of_message="NOTE:body",
    version="v",
    expected={"text": "d", "number": 1.5},
    finished=True,
    intent_at=ManualClock().wall(),
    attempts=2,
)


@pytest.fixture(params=["file", "postgresql"])
def place(request, tmp_path):
    """Where a journal may be made that nobody has."""
    if request.param == "file":
        return tmp_path / "journal.db"
    return f"{request.getfixturevalue('postgres_url')}#j{next(_numbers)}"


@pytest.fixture
def in_database(postgres_url):
    return f"{postgres_url}#j{next(_numbers)}"


@pytest.fixture
def short_lease(monkeypatch):
    for module in (owned, ownership, postgres):
        monkeypatch.setattr(module, "LEASE", 0.6)
    monkeypatch.setattr(owned, "MARGIN", 0.1)


# --- one suite, both databases ---------------------------------------------------------------------------------------


def test_what_is_saved_is_read_back_also_by_who_does_not_own_it(place):
    with closing(open_journal(place)) as journal:
        journal.save(WHOLE, ONE)
        assert journal.get(WHOLE.key) == WHOLE
        assert journal.get(WHOLE.key).expected == WHOLE.expected
        assert journal.get(WHOLE.key).finished is True
        assert journal.children("1", Kind.MESSAGE) == [WHOLE]
        assert journal.marked(WHOLE.marker) == WHOLE
        assert read_facts(place).refs == {"source": "deskie:one", "destination": "desk365:two"}
        assert [one["source"] for one in ids_of(place, Kind.TICKET)] == ["1"]
        assert record_row(place, kind="message", id="m")["attempts"] == 2
    with closing(open_journal(place)) as again:
        assert again.get(WHOLE.key) == WHOLE
        assert again.counts()[Kind.TICKET] == {State.PLANNED: 1}


def test_planning_again_changes_nothing_and_says_what_is_new(place):
    done = Record(key=ONE.key, state=State.DONE, destination=("9",))
    with closing(open_journal(place)) as journal:
        journal.save(done)
        assert journal.plan([ONE, Record(key=Key(Kind.TICKET, "2")), Record(key=Key(Kind.TICKET, "3"))]) == 2
        assert journal.get(ONE.key) == done
        assert journal.at_destination(Kind.TICKET, "9") == done


def test_what_was_only_read_is_forgotten_and_nothing_else(place):
    tried = Record(key=Key(Kind.TICKET, "2"), state=State.INTENT, attempts=1)
    done = Record(key=Key(Kind.CONTACT, "2"), state=State.DONE, destination=("9",))
    failed = Record(key=Key(Kind.TICKET, "3"), state=State.FAILED, reason="cannot be read")
    with closing(open_journal(place)) as journal:
        journal.save(ONE, Record(key=Key(Kind.CONTACT, "1"), state=State.SKIPPED), failed)
        assert not journal.begun()
        journal.save(tried, done)
        assert journal.begun()
        journal.forget_planned()
        assert list(journal.each(Kind.TICKET)) == [tried, failed]
        assert list(journal.each(Kind.CONTACT)) == [done]


def test_records_come_in_the_order_of_their_bytes_however_many(place):
    ids = [f"{letter}{number}" for letter in ("B", "a", "Ä", "_", "b") for number in range(230)]
    with closing(open_journal(place)) as journal:
        journal.plan(Record(key=Key(Kind.TICKET, one)) for one in ids)
        assert [one.key.id for one in journal.each(Kind.TICKET)] == sorted(ids, key=str.encode)


def test_small_tables_keep_what_they_are_given(place):
    one = Difference("1", "message", "m", "text", "a", None)
    with closing(open_journal(place)) as journal:
        facts = journal.facts
        facts.remember(seconds=1.5, words=["ä", None])
        facts.decide("status", "digest", None, by="user")
        facts.acknowledge(["mails"], by="user")
        facts.acknowledge(["mails"], by="somebody else")
        facts.replace_differences([one, evolve(one, id="n")])
        facts.replace_differences([one])
        facts.leave_alone("1", {"77": "another text"})
        facts.measure(lambda: {"source": (3, 4, 0), "destination": (1, 2, 1)})
        journal.file.check_owner()
    with closing(open_journal(place)) as again:
        facts = again.facts
        assert (facts.recall("seconds"), facts.recall("words"), facts.recall("none", 7)) == (1.5, ["ä", None], 7)
        assert facts.decisions() == {("status", "digest"): None}
        assert facts.acknowledged() == {"mails"}
        assert facts.differences() == (one,)
        assert [left.ticket for left in facts.left_alone()] == ["77"]
        assert facts.spent() == {"source": (3, 4, 0), "destination": (1, 2, 1)}
        assert facts.marker_key == PAIR.key


def test_threads_that_save_at_once_lose_nothing(place):
    with closing(open_journal(place)) as journal:
        threads = [
            threading.Thread(
                target=lambda number=number: [
                    journal.save(Record(key=Key(Kind.TICKET, f"{number}-{one}"))) for one in range(10)
                ]
            )
            for number in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert journal.counts()[Kind.TICKET] == {State.PLANNED: 60}


def test_a_transaction_that_fails_leaves_nothing(place):
    with closing(open_journal(place)) as journal:
        journal.file.before_commit = lambda _: 1 // 0
        with pytest.raises(ZeroDivisionError):
            journal.save(ONE)
        journal.file.before_commit = None
        assert journal.get(ONE.key) is None
        journal.save(WHOLE)
        assert journal.get(ONE.key) == ONE  # who waits for it has it tried again


def test_a_second_owner_is_refused_until_the_first_ends_and_a_takeover_fences_it_off(place):
    clock = ManualClock()
    first = open_journal(place, clock=clock)
    first.save(ONE)
    with pytest.raises(JournalInUse) as caught:
        open_journal(place, clock=clock)
    assert caught.value.pid == os.getpid()
    with closing(open_journal(place, clock=clock, takeover=True)) as second:
        with pytest.raises(JournalInUse, match="took the journal over"):
            first.save(WHOLE)
        clock.advance(60)
        with pytest.raises(JournalInUse):
            first.file.check_lease()
        assert second.get(WHOLE.key) is None
        second.save(WHOLE)
        first.close()
        second.save(ONE)
    open_journal(place, clock=clock).close()


def test_a_new_owner_waits_until_the_lease_of_the_one_before_has_ended(place):
    clock = ManualClock()
    with closing(open_journal(place, clock=clock)) as first:
        first.file.check_owner()
        clock.advance(1)
        with closing(open_journal(place, clock=clock, takeover=True)) as second:
            assert sum(clock.slept) == pytest.approx(ownership.LEASE - 1)
            assert second.file.sent_until == pytest.approx(clock.now())


def test_a_journal_of_another_pair_is_refused(place):
    open_journal(place).close()
    with pytest.raises(WrongJournal, match="belongs to the migration from deskie:one to desk365:two"):
        open_journal(place, evolve(PAIR, source="deskie:three"))
    assert whose(place)["source_desk"] == "old"


def test_a_place_without_a_journal_is_told(place):
    with pytest.raises(FileNotFoundError):
        whose(place)


def migrated(place, old, new, **options):
    with Migration(old, new, place, options=Options(yes=True, workers=2, **options)) as migration:
        return migration.migrate()


def test_a_migration_runs_is_verified_and_another_run_changes_nothing(place):
    old, new = source(), destination()
    summary = migrated(place, old, new)
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    there = dump(new)
    assert migrated(place, old, new).exit_code is ExitCode.OK
    assert dump(new) == there


# --- a database ------------------------------------------------------------------------------------------------------


def test_many_migrations_share_a_database_and_do_not_see_each_other(postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS helpdesk_bridge CASCADE")
    with pytest.raises(FileNotFoundError):
        whose(postgres_url)
    with closing(open_journal(postgres_url)) as unnamed:  # its desks name it
        unnamed.save(ONE)
        assert whose(postgres_url)["source"] == "deskie:one"
        assert whose(f"{postgres_url}#old-to-new")["source"] == "deskie:one"
        with closing(open_journal(f"{postgres_url}#acme", evolve(PAIR, source="deskie:acme"))) as named:
            assert named.get(ONE.key) is None
            named.save(WHOLE)
            named.facts.replace_differences([Difference("1", "message", "m", "text", "a", None)])
            assert unnamed.facts.differences() == ()
            assert unnamed.get(WHOLE.key) is None
            with pytest.raises(WrongJournal, match=r"holds 2 migrations \(acme, old-to-new\)") as caught:
                whose(postgres_url)
            assert "made-up" not in str(caught.value)
    assert whose(f"{postgres_url}#acme")["source"] == "deskie:acme"


def test_of_many_that_begin_it_at_once_one_does(postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS helpdesk_bridge CASCADE")
    ends, start = [], threading.Barrier(6)

    def begin():
        start.wait()
        try:
            ends.append(open_journal(f"{postgres_url}#race"))
        except JournalInUse as error:
            ends.append(error)

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, JournalInUse) for one in ends) == 5
    for one in ends:
        if not isinstance(one, JournalInUse):
            one.close()
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM helpdesk_bridge.owner").fetchone() == (1,)


@pytest.mark.parametrize("hours", [-1, 1])
def test_hosts_whose_clocks_differ_by_an_hour_agree_on_the_lease(in_database, monkeypatch, hours):
    """The lease is of the database's clock; of a host's own only the time that passes counts."""
    with closing(open_journal(in_database, clock=SystemClock())) as first:
        first.save(ONE)
        with monkeypatch.context() as patched:
            real = ownership.boot_seconds
            patched.setattr(ownership, "boot_seconds", lambda: real() + hours * 3600)
            with pytest.raises(JournalInUse):
                open_journal(in_database, clock=SystemClock())
        first.save(WHOLE)


@pytest.mark.usefixtures("short_lease")
def test_an_owner_that_only_waits_keeps_its_journal(in_database):
    with closing(open_journal(in_database, clock=SystemClock())) as first:
        threading.Event().wait(0.8)  # longer than the lease
        with pytest.raises(JournalInUse):
            open_journal(in_database, clock=SystemClock())
        first.file.check_lease()


OWNER = """
import sys
from migration.journals import open_journal
from helpdesk_bridge.clock import SystemClock
journal = open_journal(sys.argv[1], clock=SystemClock())
print("owned", flush=True)
sys.stdin.readline()
try:
    journal.file.check_lease()
except Exception as error:
    print(type(error).__name__, flush=True)
"""


@pytest.fixture
def other_owner(in_database):
    """Another process that owns the journal."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    with subprocess.Popen([sys.executable, "-c", OWNER, in_database], **pipes) as process:
        assert process.stdout.readline() == "owned\n"
        yield process
        process.kill()


@pytest.mark.slow
def test_what_a_killed_owner_leaves_is_taken_when_its_lease_has_ended(in_database, other_owner):
    with pytest.raises(JournalInUse) as caught:
        open_journal(in_database, clock=SystemClock())
    assert caught.value.pid == other_owner.pid
    other_owner.kill()
    with closing(open_journal(in_database, clock=SystemClock())) as journal:
        journal.save(ONE)


@pytest.mark.slow
def test_a_stopped_owner_loses_it_and_starts_nothing_when_it_wakes(in_database, other_owner):
    other_owner.send_signal(signal.SIGSTOP)
    with closing(open_journal(in_database, clock=SystemClock())) as journal:
        journal.save(ONE)
        other_owner.send_signal(signal.SIGCONT)
        assert other_owner.communicate("go\n")[0] == "JournalInUse\n"


def test_a_copy_of_a_database_has_to_be_claimed(in_database, monkeypatch):
    open_journal(in_database).close()
    with monkeypatch.context() as patched:
        patched.setattr(postgres.DatabasePlace, "of", lambda _: postgres.DatabasePlace("another", "1"))
        with pytest.raises(WrongJournal, match="--moved"):
            open_journal(in_database)
        with closing(open_journal(in_database, moved=True)) as journal:
            assert journal.facts.recall(CLAIMED) is True
    with pytest.raises(WrongJournal, match="--moved"):
        open_journal(in_database)


def test_a_row_that_was_changed_by_hand_is_named(in_database):
    with closing(open_journal(in_database)) as journal:
        journal.save(ONE)
        migration = journal.file.migration
    with psycopg.connect(in_database.partition("#")[0], autocommit=True) as connection:
        connection.execute("UPDATE helpdesk_bridge.record SET state = 'done' WHERE migration = %s", [migration])
    with pytest.raises(JournalDamaged, match="the record of ticket 1 is not as it was written"):
        open_journal(in_database)
    with pytest.raises(JournalDamaged):
        read_facts(in_database)


@pytest.fixture
def other_tables(postgres_url):
    """A database of its own, whose schema a test may spoil."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS helpdesk_bridge CASCADE")
        yield connection
        connection.execute("DROP SCHEMA IF EXISTS helpdesk_bridge CASCADE")


def test_a_database_of_a_newer_version_is_left_alone(postgres_url, other_tables):
    open_journal(postgres_url).close()
    other_tables.execute("UPDATE helpdesk_bridge.alembic_version SET version_num = '99'")
    for read in (open_journal, whose, read_facts):
        with pytest.raises(WrongJournal, match="has version 99 and this program reads"):
            read(postgres_url)


def test_another_programs_tables_are_left_alone(postgres_url, other_tables):
    other_tables.execute("CREATE SCHEMA helpdesk_bridge")
    other_tables.execute("CREATE TABLE helpdesk_bridge.record AS SELECT 17 AS value")
    for read in (open_journal, whose):
        with pytest.raises(WrongJournal, match="another program's tables"):
            read(postgres_url)
    assert other_tables.execute("SELECT * FROM helpdesk_bridge.record").fetchall() == [(17,)]


def test_a_user_without_rights_is_told_what_to_run(postgres_url, other_tables):
    other_tables.execute("DROP ROLE IF EXISTS visitor")
    other_tables.execute("CREATE ROLE visitor LOGIN PASSWORD 'hunter2'")
    with pytest.raises(ConfigError, match="CREATE SCHEMA helpdesk_bridge AUTHORIZATION") as caught:
        open_journal(postgres_url.replace("postgres:made-up", "visitor:hunter2"))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (("made-up", "hunter2"), ConfigError, "refuses the credentials"),
        (("/tests_", "/none_"), ConfigError, "no such database or user"),
        (("127.0.0.1", "127.0.0.2"), Interrupted, "cannot be reached"),
        (("/tests_", "/?socket_timeout=hunter2&x="), ConfigError, "no URL of a PostgreSQL database"),
    ],
)
def test_a_database_that_refuses_is_told_without_any_secret(postgres_url, change, error, message):
    for read in (open_journal, whose):
        with pytest.raises(error, match=message) as caught:
            read(postgres_url.replace(*change))
        assert "hunter2" not in str(caught.value)
        assert "made-up" not in str(caught.value)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_database_that_goes_away_stops_the_run_and_another_one_goes_on(own_postgres, how):
    place, old, new = f"{own_postgres.url()}#j{next(_numbers)}", source(), destination()
    with Migration(old, new, place, options=Options(yes=True, workers=1)) as migration:
        save, count = migration.journal.save, []

        def cut(*records):
            count.append(1)
            if len(count) == 12:
                own_postgres.stop(how)
            return save(*records)

        migration.journal.save = cut
        with pytest.raises(Interrupted, match="database cannot be reached") as caught:
            migration.run()
        assert "made-up" not in str(caught.value)
    own_postgres.start()
    summary = migrated(place, old, new, takeover=True)
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())


def test_a_database_that_does_not_answer_stops_the_run(in_database, monkeypatch):
    monkeypatch.setattr(connections, "ANSWER_SECONDS", 0.2)
    frozen = []

    def freeze(connection):
        frozen.append(connection.connection.driver_connection.info.backend_pid)
        os.kill(frozen[0], signal.SIGSTOP)

    with closing(open_journal(in_database)) as journal:
        journal.save(WHOLE)
        journal.file.before_commit = freeze
        try:
            with pytest.raises(Interrupted, match="cannot be reached"):
                journal.save(ONE)
        finally:
            os.kill(frozen[0], signal.SIGCONT)
        journal.file.before_commit = None
        assert journal.get(ONE.key) is None
        journal.save(WHOLE)
        assert journal.get(ONE.key) == ONE


def test_the_page_shows_who_works_with_a_database_s_migration_and_what_is_wrong_with_it(in_database):
    address = address_of(in_database)
    assert WatchedJournal(address).state()["error"] == "the journal does not exist yet"
    with closing(open_journal(in_database, clock=SystemClock())) as journal:
        journal.save(ONE)
        state = WatchedJournal(address).state()
        assert state["at_work"]["pid"] == os.getpid()
        assert state["counts"]["tickets"]["planned"] == 1
        assert "made-up" not in str(state)
    assert WatchedJournal(address).state()["at_work"] is None
    away = WatchedJournal(address_of(in_database.replace("127.0.0.1", "127.0.0.2"))).state()
    assert (away["at_work"], "cannot be reached" in away["error"]) == (None, True)
    assert "credentials" in WatchedJournal(address_of(in_database.replace("made-up", "x"))).state()["error"]


def test_many_journals_of_a_process_share_few_connections(postgres_url):
    url = f"{postgres_url}?application_name=crowd"
    journals = [open_journal(f"{url}#c{next(_numbers)}") for _ in range(20)]
    threads = [threading.Thread(target=journal.save, args=(ONE, WHOLE)) for journal in journals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(postgres_url) as connection:
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'crowd'"
        assert connection.execute(count).fetchone()[0] <= connections.MOST_CONNECTIONS
        assert [journal.get(WHOLE.key) for journal in journals] == [WHOLE] * 20
        for journal in journals:
            journal.close()
        while connection.execute(count).fetchone()[0]:
            connection.rollback()  # a session ends a moment after its connection


# --- addresses -------------------------------------------------------------------------------------------------------


def test_an_address_is_a_path_a_url_or_a_reference_and_never_shows_a_password(tmp_path, monkeypatch):
    url = "postgresql://me:hunter2@db.example:5433/desk?sslmode=require&password=hunter3"
    monkeypatch.setenv("JOURNAL_URL", f"{url}#kept")
    (tmp_path / "url").write_text(url)
    (tmp_path / "url").chmod(0o600)
    assert address_of(tmp_path / "a#b.db") == address_of(str(tmp_path / "a#b.db")) == tmp_path / "a#b.db"
    shown = {
        f"{url}#acme": ("postgresql://me@db.example:5433/desk#acme", "acme"),
        url: ("postgresql://me@db.example:5433/desk", ""),
        "env:JOURNAL_URL": ("env:JOURNAL_URL", "kept"),
        "env:JOURNAL_URL#acme": ("env:JOURNAL_URL#acme", "acme"),
        f"file:{tmp_path}/url#a%20b": (f"file:{tmp_path}/url#a%20b", "a b"),
    }
    for text, (name, migration) in shown.items():
        address = address_of(text)
        assert isinstance(address, DatabaseAddress)
        assert (str(address), address.name, address.migration, address.url) == (name, name, migration, url)
        assert "hunter" not in repr(address)
    assert holds_password(url)
    assert not holds_password("postgresql://me@db.example/desk")
    monkeypatch.setenv("JOURNAL_URL", "made-up")
    with pytest.raises(ConfigError, match="is no URL of a database"):
        address_of("env:JOURNAL_URL")
