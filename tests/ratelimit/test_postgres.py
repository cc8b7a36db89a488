"""One budget in PostgreSQL: shared by hosts under the lock of its row, and a lost server is never no limit."""

from __future__ import annotations

import itertools
import os
import signal
import struct
import subprocess
import sys
import threading

import psycopg
import pytest
from ratelimit.model import spend

from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.errors import ConfigError, RateLimited
from helpdesk_bridge.ratelimit import Governor, RateHeaders, RateLimitPolicy, Window, codec, postgres_store
from helpdesk_bridge.ratelimit.postgres_store import MOST_CONNECTIONS, TABLE, PostgresStore
from helpdesk_bridge.ratelimit.state import BudgetState
from helpdesk_bridge.testing.clock import ManualClock

MINUTE = RateLimitPolicy(windows=(Window(10, 60, "units"),), headers=RateHeaders(limit="Limit", remaining="Left"))
_keys = itertools.count()


@pytest.fixture
def key():
    return f"test-{next(_keys)}"


@pytest.fixture
def clock():
    return ManualClock(start=5000.0)


@pytest.fixture
def opened(budget_database, clock, key):
    def open_it(policy=MINUTE, clock=clock, time=None, url=budget_database.url):
        return Governor(policy, PostgresStore(url, time=time or clock.now), clock, key)

    return open_it


@pytest.fixture
def value(budget_database, key):
    """Reads and writes the bytes of the key behind everybody's back."""

    def of(new=None):
        if new is not None:
            budget_database.connection.execute(
                "UPDATE helpdesk_bridge_budget SET value = %s WHERE key = %s", [new, key]
            )
        row = budget_database.connection.execute(
            "SELECT value FROM helpdesk_bridge_budget WHERE key = %s", [key]
        ).fetchone()
        return bytes(row[0])

    return of


def test_two_hosts_share_one_budget(opened, clock):
    one, two = opened(), opened()
    spend(one, 6)
    spend(two, 4)
    assert (one.budget.remaining, two.budget.remaining) == (0, 0)
    with pytest.raises(RateLimited) as caught:
        two.reserve(1, max_wait=0)
    assert 60 <= caught.value.retry_after <= 60.1
    assert one.reserve(1).waited <= 60.1
    one.settle(two.reserve(1), 429, {"Retry-After": "30", "Limit": "25"}, refused=True)
    assert (two.budget.limit, two.budget.remaining) == (25, 0)
    assert 30 <= two.budget.resets_in <= 61


def test_the_servers_own_clock_counts_and_not_the_hosts(budget_database, key):
    gov = Governor(MINUTE, PostgresStore(budget_database.url), SystemClock(), key)
    other = Governor(MINUTE, PostgresStore(budget_database.url), ManualClock(start=9e9), key)
    spend(gov, 10)
    assert other.budget.remaining == 0
    assert 59 <= other.budget.resets_in <= 60.1


def test_a_step_is_two_round_trips(opened, monkeypatch):
    gov = opened()
    spend(gov)
    sent = []
    execute = psycopg.Connection.execute
    monkeypatch.setattr(psycopg.Connection, "execute", lambda *how: sent.append("round trip") or execute(*how))
    monkeypatch.setattr(PostgresStore, "_connect", lambda self: sent.append("connection"))
    spend(gov, 3)
    assert sent == ["round trip"] * 12  # a request is two steps


def test_steps_of_many_processes_at_once_are_all_counted(budget_database, key):
    policy = RateLimitPolicy(windows=(Window(1_000_000, 3600, "units"),))
    governors = [Governor(policy, PostgresStore(budget_database.url), SystemClock(), key) for _ in range(8)]
    threads = [threading.Thread(target=spend, args=(governor, 25)) for governor in governors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert governors[0].budget.remaining == 1_000_000 - 25 * 8
    assert not any(governor.lost for governor in governors)


def test_a_process_with_many_budgets_has_few_connections(budget_database, clock):
    store = PostgresStore(f"{budget_database.url}?application_name=many", time=clock.now)
    governors = [Governor(MINUTE, store, clock, f"many-{number}") for number in range(24)]
    threads = [threading.Thread(target=spend, args=(governor, 5)) for governor in governors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {governor.budget.remaining for governor in governors} == {5}
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'many'"
    assert 1 <= budget_database.connection.execute(count).fetchone()[0] <= MOST_CONNECTIONS


def test_a_budget_that_nobody_wrote_for_a_week_is_removed(budget_database, opened):
    spend(opened())
    budget_database.connection.execute("UPDATE helpdesk_bridge_budget SET written = now() - interval '8 days'")
    assert opened().budget.remaining == 10


# --- processes that end or stop ------------------------------------------------------------------------------------

HOLDER = """
import sys
from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.ratelimit import RateLimitPolicy, Window
from helpdesk_bridge.ratelimit.postgres_store import PostgresStore
url, key = sys.argv[1:]
cell = PostgresStore(url).cell(key, RateLimitPolicy(windows=(Window(10, 60, "units"),)), SystemClock())
cell._place.lock()
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_process_killed_in_mid_step_holds_nobody_up(budget_database, opened, key):
    gov = opened()
    spend(gov, 2)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, budget_database.url, key],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "locked\n"
        holder.kill()
    assert gov.budget.remaining == 8
    assert not gov.lost


def test_a_process_stopped_in_mid_step_loses_the_lock_and_does_its_step_again(opened, monkeypatch):
    stopped, other = opened(), opened()
    spend(other)
    take, asked, usual = BudgetState.take, [], postgres_store._BEGIN

    def slow(self, *args, **kwargs):
        asked.append(1)
        if len(asked) == 1:
            monkeypatch.setattr(postgres_store, "_BEGIN", usual)
            spend(other, 3)  # this waits until the server has ended the step of the first one
        return take(self, *args, **kwargs)

    monkeypatch.setattr(BudgetState, "take", slow)
    monkeypatch.setattr(postgres_store, "_BEGIN", usual.replace("'1s'", "'20ms'"))
    spend(stopped)
    assert (stopped.budget.remaining, other.budget.remaining) == (5, 5)
    assert not stopped.lost
    assert not other.lost


@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_a_forked_child_has_connections_of_its_own(opened):
    gov = opened()
    spend(gov, 2)
    held = gov.reserve(1)
    session = "SELECT pg_backend_pid()"
    (connection,) = gov._cell._primary._place._store._idle
    before = connection.execute(session).fetchone()
    pid = os.fork()
    if pid == 0:
        # Whatever happens, the child must not go on with the parent's tests.
        try:
            gov.after_fork()
            spend(gov, 3)
            os._exit(0 if gov.budget.remaining == 4 and not gov.lost else 1)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert gov.budget.remaining == 4
    gov.settle(held, 200)
    assert gov.budget.remaining == 4
    assert connection.execute(session).fetchone() == before


# --- a lost server -----------------------------------------------------------------------------------------------


def test_a_server_that_stops_leaves_a_share_until_it_is_there_again(own_postgres, clock, key, caplog):
    gov = Governor(MINUTE, PostgresStore(own_postgres.url(), time=clock.now), clock, key)
    told = []
    user = type("User", (), {"store_changed": lambda self, *args, **kwargs: told.append((args, kwargs))})()
    gov.users.add(user)
    spend(gov, 3)
    own_postgres.stop()
    assert (gov.budget.limit, gov.budget.remaining) == (5, 2)
    spend(gov, 2)
    with pytest.raises(RateLimited):
        gov.reserve(1, max_wait=0)
    assert gov.lost
    own_postgres.start()
    clock.advance(1.1)
    assert (gov.budget.limit, gov.budget.remaining) == (10, 5)
    assert not gov.lost
    place = f"postgresql 127.0.0.1:{own_postgres.port}/postgres"
    assert told == [((place, "PostgreSQL cannot be reached"), {"lost": True}), ((place, ""), {"lost": False})]
    assert "made-up" not in caplog.text


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_server_that_was_started_again_between_two_steps_costs_nothing(own_postgres, clock, key, how):
    gov = Governor(MINUTE, PostgresStore(own_postgres.url(), time=clock.now), clock, key)
    for _ in range(3):
        spend(gov)
        clock.advance(0.1)
    own_postgres.stop(how)  # one that crashed has forgotten the latest steps
    own_postgres.start()
    assert gov.budget.remaining == 7
    assert not gov.lost


def test_a_server_that_does_not_answer_is_not_waited_for_for_long(budget_database, opened, monkeypatch, caplog):
    gov = opened()
    spend(gov, 5)
    monkeypatch.setattr(postgres_store, "ANSWER_SECONDS", 0.05)
    (connection,) = gov._cell._primary._place._store._idle
    backend = connection.info.backend_pid
    os.kill(backend, signal.SIGSTOP)
    try:
        with pytest.raises(RateLimited):
            gov.reserve(1, max_wait=0)
    finally:
        os.kill(backend, signal.SIGCONT)
    assert "PostgreSQL does not answer" in gov.place
    assert "made-up" not in f"{gov.place} {caplog.text} {gov.budget!r}"


def test_a_table_that_lost_everything_is_told_by_those_who_remember(budget_database, opened, key, caplog):
    one, two = opened(), opened()
    spend(one, 3)
    spend(two, 4)
    budget_database.connection.execute("DELETE FROM helpdesk_bridge_budget WHERE key = %s", [key])
    assert one.budget.remaining == 7  # it did not see what the other spent after it
    assert two.budget.remaining == 3
    assert one.budget.remaining == 3
    assert "written anew from memory" in caplog.text


def test_a_server_that_crashed_and_forgot_the_latest_steps_is_told_of_them(opened, value, clock):
    one, two = opened(), opened()
    spend(one, 2)
    before = value()
    clock.advance(0.1)
    spend(two, 3)
    spend(one, 2)
    assert two.budget.remaining == 3
    value(before)
    assert two.budget.remaining == 3
    assert one.budget.remaining == 3


# --- what is not ours ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("foreign", [b"Dear diary", b"\x93\x01\x02\x03"])
def test_a_foreign_value_is_left_alone(opened, value, foreign):
    spend(opened())
    value(foreign)
    gov = opened()
    assert (gov.budget.limit, gov.budget.remaining) == (5, 5)
    assert value() == foreign
    assert "holds something else" in gov.place


def test_a_state_of_a_later_version_is_left_alone(opened, value):
    gov = opened()
    spend(gov, 3)
    data = value()
    later = value(data[:4] + struct.pack("=H", codec.FORMAT + 1) + data[6:])
    assert gov.budget.limit == 5
    assert "later version" in gov.place
    assert value() == later


def test_a_table_of_another_program_is_left_alone(budget_database, opened):
    connection = budget_database.connection
    connection.execute("CREATE SCHEMA foreigner")
    connection.execute(f"CREATE TABLE foreigner.{TABLE} AS SELECT 17 AS amount")
    gov = opened(url=f"{budget_database.url}?options=-csearch_path%3Dforeigner")
    assert gov.budget.limit == 5
    assert "holds something else" in gov.place
    assert connection.execute("SELECT * FROM foreigner.helpdesk_bridge_budget").fetchall() == [(17,)]


def test_a_user_who_may_not_make_the_table_is_told_so(budget_database, opened):
    connection = budget_database.connection
    connection.execute("DROP ROLE IF EXISTS guest")
    connection.execute("CREATE ROLE guest LOGIN PASSWORD 'hunter2'")
    connection.execute("CREATE SCHEMA closed")
    connection.execute("GRANT USAGE ON SCHEMA closed TO guest")
    url = budget_database.url.replace("postgres:made-up@", "guest:hunter2@")
    gov = opened(url=f"{url}?options=-csearch_path%3Dclosed")
    assert gov.budget.limit == 5
    assert f"refuses its table {TABLE} to this user" in gov.place


def test_a_server_that_only_reads_is_told_as_such(budget_database, opened):
    gov = opened(url=f"{budget_database.url}?options=-cdefault_transaction_read_only%3Don")
    assert gov.budget.limit == 5
    assert "only reads" in gov.place


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("made-up", "hunter2"), "refuses the credentials"),
        ((":made-up@", "@"), "refuses the credentials"),
        (("/tests_", "/none_"), "no such database or user"),
        (("127.0.0.1", "127.0.0.2"), "cannot be reached"),
    ],
)
def test_a_server_that_refuses_is_told_without_any_secret(budget_database, opened, caplog, change, reason):
    gov = opened(url=budget_database.url.replace(*change))
    assert gov.budget.limit == 5
    assert reason in gov.place
    assert "hunter2" not in f"{gov.place} {caplog.text}"
    assert "made-up" not in f"{gov.place} {caplog.text}"


# --- its clock ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [3600, -3600])
def test_a_clock_of_the_server_that_jumps_by_an_hour_changes_nothing(opened, clock, jump):
    server = ManualClock(start=1e6)
    gov = opened(time=server.now)
    spend(gov, 10)
    clock.advance(20)
    server._now += 20 + jump
    assert gov.budget.remaining == 0
    assert 37 <= gov.budget.resets_in <= 60.1
    server.advance(60.1)
    clock.advance(60.1)
    spend(gov, 10)


# --- settings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["postgresql://127.0.0.1:notaport/x?what=1", "postgresql://[::1/0", "postgresql://h/db?socket_timeout=x"]
)
def test_a_url_that_is_none_is_a_config_error_without_the_url(url):
    with pytest.raises(ConfigError) as caught:
        PostgresStore(url.replace("//", "//me:hunter2@", 1))
    assert "hunter2" not in str(caught.value)


def test_without_the_client_the_error_says_what_to_install():
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from helpdesk_bridge.errors import ConfigError\n"
        "from helpdesk_bridge.ratelimit.postgres_store import PostgresStore\n"
        "try: PostgresStore('postgresql://127.0.0.1')\n"
        "except ConfigError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "install this package's extra postgres" in told
