from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.adapter import ConfigError, Scope, Secret
from helpdesk_bridge_deskie.client.auth import AgentKey
from helpdesk_bridge_deskie.policy import SMALLEST, limited_to, policy, refused, requests_per_minute, units
from helpdesk_bridge_deskie.settings import DeskieSettings, Subscription

BASIC, STANDARD, PRO = Subscription.BASIC, Subscription.STANDARD, Subscription.PRO


def settings(**more):
    return DeskieSettings(**{"account": "robotsrule", "staff_email": "bot@example.com", "api_key": Secret("k"), **more})


@pytest.mark.parametrize(
    ("plan", "agents", "limit"),
    [
        (BASIC, 10, 50),
        (STANDARD, 100, 500),
        (STANDARD, 200, 750),
        (PRO, 100, 1000),
        (BASIC, 1, 20),
        (BASIC, 3, 20),
        (BASIC, 4, 20),
        (BASIC, 5, 25),
        (BASIC, 11, 50),
        (STANDARD, 1, 5),
        (STANDARD, 150, 750),
        (STANDARD, 151, 750),
        (PRO, 150, 1500),
        (PRO, 151, 1500),
    ],
)
def test_limits_of_the_specifications_samples_with_floor_and_caps(plan, agents, limit):
    assert requests_per_minute(plan, agents) == limit


@given(st.sampled_from(Subscription), st.integers(1, 10_000), st.integers(0, 1000))
def test_the_limit_never_falls_with_more_agents_and_stays_within_floor_and_cap(plan, agents, more):
    cap = {BASIC: 50, STANDARD: 750, PRO: 1500}[plan]
    floor = {BASIC: 20, STANDARD: 5, PRO: 10}[plan]
    assert floor <= requests_per_minute(plan, agents) <= requests_per_minute(plan, agents + more) <= cap


def test_without_a_subscription_the_smallest_limit_holds_until_the_server_tells():
    assert policy(settings()).windows[0].limit == SMALLEST
    assert policy(settings(subscription="basic")).windows[0].limit == 20
    assert policy(settings(subscription="pro", enabled_agents=30)).windows[0].limit == 300


def test_the_limit_is_the_accounts():
    assert policy(settings()).scope is Scope.ACCOUNT


@pytest.mark.parametrize(("method", "cost"), [("GET", 1), ("POST", 2), ("PUT", 2), ("DELETE", 2), ("post", 2)])
def test_writes_count_2(method, cost):
    assert units(method, "/cases.json") == cost


def test_the_header_names_keep_their_underscores():
    headers = policy(settings()).headers
    assert (headers.limit, headers.remaining, headers.reset, headers.retry_after) == (
        "rate_limit_per_minute", "api_calls_left", "retry_after", "retry_after",
    )  # fmt: skip


def test_refusals_are_429_and_the_403_of_old():
    assert refused(429, {}, b"")
    assert refused(403, {}, b'{"error":"Rate limit exceeded"}')
    assert not refused(403, {}, b'{"error":"staff_has_not_access"}')


def test_the_users_own_figure_replaces_the_computed_one():
    assert limited_to(policy(settings()), 33).windows[0].limit == 33
    assert limited_to(policy(settings()), None) == policy(settings())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("account", "robotsrule.deskie.io"),
        ("account", "evil.com/#"),
        ("account", "-a"),
        ("account", ""),
        ("staff_email", "no address"),
        ("staff_email", "a:b@example.com"),
        ("api_key", Secret("")),
        ("subscription", "enterprise"),
        ("enabled_agents", 0),
        ("enabled_agents", True),
    ],
)
def test_bad_settings_name_their_key_and_never_show_the_secret(key, value):
    with pytest.raises(ConfigError, match=f"^{key}:"):
        settings(**{key: value})


def test_settings_do_not_show_secrets():
    assert "s3cr3t" not in repr(settings(api_key=Secret("s3cr3t")))
    assert "s3cr3t" not in repr(AgentKey("bot@example.com", Secret("s3cr3t")))


def test_the_account_is_folded():
    assert settings(account=" RobotsRule ").account == "robotsrule"
