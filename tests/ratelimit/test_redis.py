"""One budget in Redis: the script keeps the rules of ledger.py and state.py, and a lost server is never no limit."""

from __future__ import annotations

import itertools
import json
import math
import socket
import subprocess
import sys
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ratelimit.model import spend

from helpdesk_bridge.errors import ConfigError, RateLimited
from helpdesk_bridge.http.clock import SystemClock
from helpdesk_bridge.ratelimit import Governor, MemoryStore, RateHeaders, RateLimitPolicy, Window, identity
from helpdesk_bridge.ratelimit.holders import LOOK
from helpdesk_bridge.ratelimit.redisstore import PREFIX, RedisStore
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


def test_every_step_is_one_round_trip(redis_server, key, clock):
    store = RedisStore(redis_server.url, time=clock.now)
    gov = Governor(MINUTE, store, clock, key)
    spend(gov)
    before = store.client.info("commandstats")["cmdstat_evalsha"]["calls"]
    spend(gov, 3)
    assert store.client.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 6


ops = st.one_of(
    st.tuples(st.just("take"), st.integers(1, 3), st.integers(0, 3), st.sampled_from([0, 0, 1]), st.sampled_from([-1.0, 1e6])),
    st.tuples(
        st.just("settle"),
        st.integers(0, 5),
        st.one_of(st.none(), st.integers(0, 14)),
        st.one_of(st.none(), st.floats(0, 61)),
        st.sampled_from([None, None, 8, 12]),
        st.booleans(),
    ),
    st.tuples(st.just("refuse"), st.integers(0, 5), st.one_of(st.none(), st.floats(0, 90)), st.one_of(st.none(), st.floats(0, 60))),
    st.tuples(st.just("drop"), st.integers(0, 5)),
    st.tuples(st.just("advance"), st.one_of(st.floats(0, 2), st.floats(0, 70))),
    st.tuples(st.just("leave"), st.integers(0, 5)),
    st.tuples(st.just("process"), st.integers(1, 3)),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    steps=st.lists(ops, max_size=40),
    hint=st.booleans(),
    windows=st.sampled_from([(Window(10, 60, "units"),), (Window(10, 60), Window(15, 3600.0, "units"))]),
    many=st.sampled_from([False] * 15 + [True]),
)
def test_the_script_does_what_the_state_does(redis_server, steps, hint, windows, many):
    """Every step gives the same answer in Redis as in memory."""
    if many:
        # More rows than are kept apart.
        steps = [("take", 1, 0, 0, -1.0), ("settle", 0, None, None, 300, False), ("advance", 0.1)] * 280 + steps
    hold_against_each_other(redis_server, steps, hint, windows)


def test_the_script_leaves_as_much_for_late_processes_as_the_state_does(redis_server):
    waits = []
    for seed in range(6):
        random = Random(seed)
        steps = []
        for _ in range(200):
            steps.append(("process", random.randint(1, 3)))
            steps += [("take", random.randint(1, 2), 0, random.choice([0, 0, 0, 1]), 1e6)] * random.randint(1, 3)
            steps += [("settle", 0, None, None, None, False)] * random.randint(0, 4)
            steps.append(("advance", random.choice([0.0, 0.01, 0.5, 4.0, 20.0])))
        waits += hold_against_each_other(redis_server, steps, False, (Window(20, 60, "units"),))
    assert waits.count(60 * LOOK) >= 5


def hold_against_each_other(redis_server, steps, hint, windows):
    """Do the steps in memory and in Redis; return what had to be waited."""
    clock = ManualClock(start=1000.0)
    policy = RateLimitPolicy(
        windows=windows, headers=RateHeaders(limit="L", remaining="R", reset="T", remaining_is_hint=hint)
    )
    key = f"same-{next(_keys)}"
    cells = [
        MemoryStore().cell(key, policy, clock),
        RedisStore(redis_server.url, time=clock.now).cell(key, policy, clock),
    ]
    width, flying, waiting, process, numbers = len(windows), [], [], 1, itertools.count()

    def both(change, ident, *args, **kwargs):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(identity, "_process", SimpleNamespace(number=identity.process_of(ident)))
            return both_as_one(change, ident, *args, **kwargs)

    def both_as_one(change, *args, **kwargs):
        ours, theirs = (cell.update(change, *args, **kwargs) for cell in cells)
        if ours is not None:
            assert tuple(theirs) == pytest.approx(tuple(ours), rel=1e-12, abs=1e-6)
        return ours

    def look():
        for number in range(width):
            ours, theirs = (cell.update(BudgetState.left, number) for cell in cells)
            assert theirs[:2] == ours[:2]
            assert (theirs[2] or 0) == pytest.approx(ours[2] or 0, abs=1e-6)
        ours, theirs = (cell.update(BudgetState.forecast, (3,) * width, (0,) * width) for cell in cells)
        assert theirs == pytest.approx(ours, abs=1e-6)

    waits = []
    for name, *args in steps:
        if name == "advance":
            clock.advance(args[0])
        elif name == "process":
            process = args[0]
        elif name == "take":
            units, spare, priority, patience = args
            ident = waiting.pop() if waiting and priority else (process << 40) | next(numbers)
            answer = both(
                BudgetState.take, ident, (units,) * width, (spare,) * width, 45.0, None, priority, patience, 5.0
            )
            waits.append(answer.wait)
            if answer.wait == 0:
                flying.append((ident, units))
            elif answer.expected <= patience:
                waiting.append(ident)
        elif name == "leave" and waiting:
            both(BudgetState.leave, waiting.pop(args[0] % len(waiting)))
        elif flying and name != "leave":
            ident, units = flying.pop(args[0] % len(flying))
            if name == "settle":
                _, remaining, reset, limit, lost = args
                told = None if lost else (limit, remaining, reset, None)
                both(BudgetState.settle, ident, (units,) * width, told, lost=lost)
            elif name == "refuse":
                both(BudgetState.refuse, ident, (None, None, args[2], args[1]))
            else:
                both(BudgetState.drop, ident)
        if len(steps) < 50:
            look()
    look()
    for ours, theirs in zip(*(cell.known() for cell in cells), strict=True):
        assert (theirs.units, theirs.limit, theirs.told) == (ours.units, ours.limit, ours.told)
        assert theirs.ends_in == pytest.approx(ours.ends_in, abs=1e-6)
    return waits


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
    one._cell._primary._store.client.delete(PREFIX + key)
    assert one.budget.remaining == 7  # it did not see what the other spent after it
    assert two.budget.remaining == 3
    assert one.budget.remaining == 3
    assert "written anew from memory" in caplog.text


def test_attempts_to_reach_a_lost_server_become_rare(own_redis, clock):
    gov = governor_at(own_redis, clock)
    spend(gov)
    own_redis.stop()
    tries = []
    primary = gov._cell._primary
    run = primary._run
    primary._run = lambda *args: tries.append(clock.now()) or run(*args)
    for _ in range(1200):
        gov.budget.remaining  # noqa: B018 - a step
        clock.advance(0.1)
    own_redis.start()
    assert 5 <= len(tries) <= 10


def test_a_server_that_does_not_answer_is_not_waited_for_for_long(clock, monkeypatch, caplog):
    monkeypatch.setattr("helpdesk_bridge.ratelimit.redisstore.ANSWER_SECONDS", 0.05)
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
    client = gov._cell._primary._store.client
    client.set(PREFIX + key, value)
    assert (gov.budget.limit, gov.budget.remaining) == (5, 5)
    assert client.get(PREFIX + key) == value
    assert "holds something else" in gov.place


def test_a_list_in_its_place_is_left_alone(opened, key):
    gov = opened()
    gov._cell._primary._store.client.rpush(PREFIX + key, "x")
    assert "holds something else" in gov.place or gov.budget.limit == 5


def pack(client, key, text):
    client.eval("redis.call('SET', KEYS[1], cmsgpack.pack(cjson.decode(ARGV[1])))", 1, PREFIX + key, json.dumps(text))


def test_a_state_of_an_older_version_is_read(opened, key, clock):
    gov = opened()
    ledger = {"limit": 25, "told": True, "used": 9, "rows": [[clock.now() + 20, 9, -1e300]]}
    pack(gov._cell._primary._store.client, key, {"v": 1, "ledgers": [ledger]})
    assert (gov.budget.limit, gov.budget.remaining) == (25, 16)
    clock.advance(20.1)
    assert gov.budget.remaining == 25


def test_a_state_of_a_later_version_is_left_alone(opened, key):
    gov = opened()
    pack(gov._cell._primary._store.client, key, {"v": 4, "ledgers": []})
    assert gov.budget.limit == 5
    assert "later version" in gov.place


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
        patched.setattr("helpdesk_bridge.ratelimit.redisstore._host", "web-2")
        patched.setattr(
            identity, "_process", type("P", (), {"number": 17 << 12, "prefix": 17 << 40, "counter": iter(range(9))})
        )
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
        "from helpdesk_bridge.ratelimit.redisstore import RedisStore\n"
        "try: RedisStore('redis://127.0.0.1')\n"
        "except ConfigError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "pip install 'helpdesk-bridge[redis]'" in told


def test_a_wait_without_end_is_told_as_such(opened):
    gov = opened()
    gov.reserve(10)
    answer = gov._cell._primary.update(BudgetState.take, identity.next_ident(), (1,), (0,), 30.0)
    assert math.isinf(answer.wait)
