"""One budget in Redis: shared by hosts, step by step, and a lost server is never no limit."""

from __future__ import annotations

import itertools
import math
import socket
import struct
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from ratelimit.model import spend

from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.errors import ConfigError, RateLimited
from helpdesk_bridge.ratelimit import Governor, RateHeaders, RateLimitPolicy, Window, codec, identity
from helpdesk_bridge.ratelimit.redis_store import PREFIX, RedisStore
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
def opened(redis_server, clock, key):
    def open_it(policy=MINUTE, clock=clock, time=None):
        return Governor(policy, RedisStore(redis_server.url, time=time or clock.now), clock, key)

    return open_it


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


def test_redis_own_clock_counts_and_not_the_hosts(redis_server, key):
    gov = Governor(MINUTE, RedisStore(redis_server.url), SystemClock(), key)
    other = Governor(MINUTE, RedisStore(redis_server.url), ManualClock(start=9e9), key)
    spend(gov, 10)
    assert other.budget.remaining == 0
    assert 59 <= other.budget.resets_in <= 60.1


def test_a_step_is_two_round_trips_if_nobody_else_is_at_one(redis_server, key, clock):
    store = RedisStore(redis_server.url, time=clock.now)
    gov = Governor(MINUTE, store, clock, key)
    spend(gov)
    before = store.client.info("commandstats")["cmdstat_evalsha"]["calls"]
    spend(gov, 3)
    assert store.client.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 12


@pytest.mark.parametrize("processes", [2, 8])
def test_steps_of_many_processes_at_once_are_all_counted(redis_server, key, processes):
    policy = RateLimitPolicy(windows=(Window(1_000_000, 3600, "units"),))
    governors = [Governor(policy, RedisStore(redis_server.url), SystemClock(), key) for _ in range(processes)]
    threads = [threading.Thread(target=spend, args=(governor, 25)) for governor in governors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert governors[0].budget.remaining == 1_000_000 - 25 * processes
    assert not any(governor.lost for governor in governors)


def test_a_step_whose_answer_was_lost_is_done_once(opened, monkeypatch):
    """The client sends it again over a new connection, and finds its own bytes in the place."""
    gov = opened()
    spend(gov)
    place = gov._cell._primary._place
    swap = place._store.swap
    monkeypatch.setattr(place._store, "swap", lambda **how: (swap(**how), swap(**how))[1])
    spend(gov, 3)
    assert gov.budget.remaining == 6
    assert not gov.lost


def test_who_stands_in_line_behind_a_step_that_failed_does_not_wait_for_the_server_too(opened, monkeypatch):
    gov = opened()
    spend(gov)
    cell, there, asked = gov._cell._primary, threading.Semaphore(0), []
    lock = cell._lock

    class Counted:
        def __enter__(self):
            there.release()
            lock.acquire()

        def __exit__(self, *_error):
            lock.release()

    def silent(**_how):
        asked.append(1)
        for _ in range(6):
            assert there.acquire(timeout=20)
        raise OSError("no answer")

    monkeypatch.setattr(cell, "_lock", Counted())
    monkeypatch.setattr(cell._place._store, "swap", silent)
    threads = [threading.Thread(target=gov.left) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gov.lost
    assert asked == [1]


def test_what_a_killed_process_of_this_host_held_is_noticed_and_of_another_host_is_not(opened, clock, monkeypatch):
    gov = opened()
    space = identity.PID_BITS + identity.RUN_BITS
    for host, wait in [(identity.this_process() >> space, 61.1), (1 + (identity.this_process() >> space), None)]:
        ended = host << space | (2**22 + 1) << identity.RUN_BITS  # above the highest process id of Linux
        with monkeypatch.context() as patched:
            patched.setattr(identity, "_process", SimpleNamespace(number=ended, counter=iter(range(9))))
            opened().reserve(10)
        with pytest.raises(RateLimited) as caught:
            gov.reserve(2, max_wait=0)
        assert caught.value.retry_after == (wait and pytest.approx(wait, abs=0.2))
        clock.advance(700)


# --- a lost server -----------------------------------------------------------------------------------------------


def governor_at(server, clock, key="k"):
    return Governor(MINUTE, RedisStore(server.url, time=clock.now), clock, key)


def test_a_server_that_stops_leaves_a_share_until_it_is_there_again(own_redis, clock, caplog):
    gov = governor_at(own_redis, clock)
    told = []
    user = type("User", (), {"store_changed": lambda self, *args, **kwargs: told.append((args, kwargs))})()
    gov.users.add(user)
    spend(gov, 3)
    own_redis.stop()
    assert (gov.budget.limit, gov.budget.remaining) == (5, 2)
    spend(gov, 2)
    with pytest.raises(RateLimited):
        gov.reserve(1, max_wait=0)
    assert gov.lost
    own_redis.start()
    clock.advance(1.1)
    assert (gov.budget.limit, gov.budget.remaining) == (10, 5)
    assert not gov.lost
    place = f"redis 127.0.0.1:{own_redis.port}/0"
    assert told == [((place, "Redis cannot be reached"), {"lost": True}), ((place, ""), {"lost": False})]
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3  # lost, empty, there again


def test_what_was_spent_without_the_server_is_charged_to_it(own_redis, clock):
    one, two = governor_at(own_redis, clock), governor_at(own_redis, clock)
    spend(one, 2)
    two.budget.remaining  # noqa: B018 - a look at it
    own_redis.stop()
    spend(one, 2)
    own_redis.start()
    clock.advance(2)
    assert one.budget.remaining == 6
    assert two.budget.remaining == 6


def test_a_server_that_lost_everything_is_told_by_those_who_remember(redis_server, opened, key, caplog):
    one, two = opened(), opened()
    spend(one, 3)
    spend(two, 4)
    one._cell._primary._place._store.client.delete(PREFIX + key)
    assert one.budget.remaining == 7  # it did not see what the other spent after it
    assert two.budget.remaining == 3
    assert one.budget.remaining == 3
    assert "written anew from memory" in caplog.text


def test_attempts_to_reach_a_lost_server_become_rare(own_redis, clock):
    gov = governor_at(own_redis, clock)
    spend(gov)
    own_redis.stop()
    tries = []
    place = gov._cell._primary._place
    read = place.read
    place.read = lambda: tries.append(clock.now()) or read()
    for _ in range(1200):
        gov.budget.remaining  # noqa: B018 - a step
        clock.advance(0.1)
    own_redis.start()
    assert 5 <= len(tries) <= 10


def test_a_server_that_does_not_answer_is_not_waited_for_for_long(clock, monkeypatch, caplog):
    monkeypatch.setattr("helpdesk_bridge.ratelimit.redis_store.ANSWER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = RedisStore(f"redis://:hunter2@127.0.0.1:{silent.getsockname()[1]}/0", time=clock.now)
        gov = Governor(MINUTE, store, clock, "k")
        spend(gov, 5)
        with pytest.raises(RateLimited):
            gov.reserve(1, max_wait=0)
    assert "Redis does not answer" in gov.place
    assert "hunter2" not in f"{gov.place} {caplog.text} {gov.budget!r}"


@pytest.mark.parametrize("value", [b"Dear diary", b"\x93\x01\x02\x03", b""])
def test_a_foreign_key_is_left_alone(opened, key, value):
    gov = opened()
    client = gov._cell._primary._place._store.client
    client.set(PREFIX + key, value)
    assert (gov.budget.limit, gov.budget.remaining) == (5, 5)
    assert client.get(PREFIX + key) == value
    assert "holds something else" in gov.place


def test_a_list_in_its_place_is_left_alone(opened, key):
    gov = opened()
    gov._cell._primary._place._store.client.rpush(PREFIX + key, "x")
    assert "holds something else" in gov.place or gov.budget.limit == 5


def test_a_state_of_a_later_version_is_left_alone(opened, key):
    gov = opened()
    spend(gov, 3)
    client = gov._cell._primary._place._store.client
    data = client.get(PREFIX + key)
    later = data[:4] + struct.pack("=H", codec.FORMAT + 1) + data[6:]
    client.set(PREFIX + key, later)
    assert gov.budget.limit == 5
    assert "later version" in gov.place
    assert client.get(PREFIX + key) == later


# --- its clock ---------------------------------------------------------------------------------------------------


def test_redis_clock_set_back_by_an_hour_leaves_what_there_was_to_wait(opened, clock):
    server = ManualClock(start=1e6)
    gov = opened(time=server.now)
    spend(gov, 10)
    clock.advance(20)
    server._now += 20 - 3600
    assert 59 <= gov.budget.resets_in <= 60.1
    server.advance(60.1)
    clock.advance(60.1)
    spend(gov, 10)


def test_redis_clock_that_jumps_ahead_by_an_hour_is_noticed(opened, clock):
    server = ManualClock(start=1e6)
    gov = opened(time=server.now)
    spend(gov, 10)
    clock.advance(20)
    server._now += 20 + 3600
    assert gov.budget.remaining == 0
    assert 37 <= gov.budget.resets_in <= 40.1
    server.advance(40.1)
    clock.advance(40.1)
    spend(gov, 10)


def test_a_caller_that_slept_does_not_hold_the_others_up(opened, clock):
    server, asleep = ManualClock(start=1e6), ManualClock(start=1.0)
    gov, sleeper = opened(time=server.now), opened(clock=asleep, time=server.now)
    spend(sleeper, 1)
    spend(gov, 9)
    for _ in range(61):
        server.advance(1)
        clock.advance(1)
        gov.budget.remaining  # noqa: B018 - a step
    assert sleeper.budget.remaining == 10
    assert gov.budget.remaining == 10


# --- settings ----------------------------------------------------------------------------------------------------


def test_holders_are_told_by_host(opened, monkeypatch):
    gov = opened()
    spend(gov)
    with monkeypatch.context() as patched:
        patched.setattr(identity, "host_name", lambda: "web-2")
        patched.setattr("helpdesk_bridge.ratelimit.state.host_name", lambda: "web-2")
        patched.setattr(identity, "_process", SimpleNamespace(number=17 << identity.RUN_BITS, counter=iter(range(9))))
        spend(opened())
    assert gov.budget.holders == ("process 17 on web-2",)


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:notaport/0", "redis://[::1/0", "redis://127.0.0.1:6379/?socket_timeout=x"]
)
def test_a_url_that_is_none_is_a_config_error_without_the_url(redis_server, url):
    with pytest.raises(ConfigError) as caught:
        RedisStore(url.replace("//", "//:hunter2@", 1))
    assert "hunter2" not in str(caught.value)


def test_without_the_client_the_error_says_what_to_install():
    script = (
        "import sys; sys.modules['redis'] = None\n"
        "from helpdesk_bridge.errors import ConfigError\n"
        "from helpdesk_bridge.ratelimit.redis_store import RedisStore\n"
        "try: RedisStore('redis://127.0.0.1')\n"
        "except ConfigError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "install this package's extra redis" in told


def test_a_wait_without_end_is_told_as_such(opened):
    gov = opened()
    gov.reserve(10)
    answer = gov._cell._primary.update(BudgetState.take, identity.next_ident(), (1,), (0,), 30.0)
    assert math.isinf(answer.wait)
