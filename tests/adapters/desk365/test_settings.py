from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge import open_desk
from helpdesk_bridge.adapter import ConfigError, Secret
from helpdesk_bridge.config.settings import from_table
from helpdesk_bridge_desk365 import VENDOR, Desk365Settings
from helpdesk_bridge_desk365.policy import limited_to, policy_of
from helpdesk_bridge_desk365.settings import api_base

KEY = "5f2d9c01b7e84a36d1c0fe5a92b8473e"


def settings(**more):
    return Desk365Settings(**{"subdomain": "acme", "api_key": Secret(KEY), **more})


def test_the_base_is_the_accounts_own_subdomain_with_v3():
    assert api_base(settings(), None) == "https://acme.desk365.io/apis/v3"
    assert api_base(settings(subdomain="ACME"), None) == "https://acme.desk365.io/apis/v3"


@pytest.mark.parametrize("end", ["", "/", "/apis", "/apis/", "/apis/v3", "/apis/v3/"])
def test_a_base_url_may_end_at_the_host_or_in_the_prefix(end):
    assert api_base(settings(), f"http://127.0.0.1:4711{end}") == "http://127.0.0.1:4711/apis/v3"
    assert api_base(settings(), f"https://proxy.example/desk{end}") == "https://proxy.example/desk/apis/v3"


@pytest.mark.parametrize(
    "base",
    [
        "https://apps.desk365.io",
        "https://apps.desk365.io/apis/v3",
        "https://APPS.desk365.io/apis",
        "https://acme.desk365.io/apis/v2",
        "https://acme.desk365.io/apis/v1/",
        "https://acme.desk365.io/v2/tickets",
    ],
)
def test_the_old_host_and_versions_are_refused_with_the_v3_form(base):
    with pytest.raises(ConfigError, match=r"https://yoursubdomain\.desk365\.io/apis/v3"):
        open_desk({"vendor": "desk365", "subdomain": "acme", "api_key": KEY, "base_url": base})


@pytest.mark.parametrize("name", ["apps", "Apps", "apps.desk365.io"])
def test_the_old_host_is_no_subdomain(name):
    with pytest.raises(ConfigError, match="subdomain: apps"):
        settings(subdomain=name)


@pytest.mark.parametrize(
    "name",
    [
        "acme.desk365.io",
        "https://acme.desk365.io",
        "evil.com/#",
        "evil.com?",
        "evil.com\\",
        "a..b",
        "-a",
        "x@evil.com",
        "",
    ],
)
def test_a_subdomain_is_one_label(name):
    with pytest.raises(ConfigError, match="subdomain"):
        settings(subdomain=name)


@given(st.text(max_size=40))
def test_whatever_the_subdomain_the_host_stays_the_vendors(name):
    try:
        base = api_base(settings(subdomain=name), None)
    except ConfigError:
        return
    host = urlsplit(base).hostname
    assert host is not None
    assert host.endswith(".desk365.io")
    assert host != "apps.desk365.io"


@pytest.mark.parametrize("key", ["", "   ", "two words", "clé", "line\nbreak"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(key):
    with pytest.raises(ConfigError, match="api_key") as caught:
        settings(api_key=key)
    assert not key.strip() or key not in str(caught.value)


def test_the_key_does_not_show():
    assert KEY not in repr(settings())
    with open_desk({"vendor": "desk365", "subdomain": "acme", "api_key": KEY}) as desk:
        assert KEY not in repr(desk)


@pytest.mark.parametrize(
    ("key", "value", "fix"),
    [
        ("subscription", "gold", "standard, plus, premium"),
        ("single_quotes", "double", "backslash, unicode, bare"),
        ("new_status", " ", "such as Open"),
        ("new_status", 5, "such as Open"),
        ("files_per_message", 0, "above 0"),
        ("megabytes_per_message", -1, "above 0"),
    ],
)
def test_a_wrong_value_names_the_key_and_the_fix(key, value, fix):
    with pytest.raises(ConfigError, match=key) as caught:
        settings(**{key: value})
    assert fix in str(caught.value)


@pytest.mark.parametrize(
    ("word", "status"), [("open", "Open"), (" PENDING ", "Pending"), (" Awaiting parts", "Awaiting parts")]
)
def test_a_new_tickets_status_is_written_as_the_vendor_writes_it(word, status):
    assert settings(new_status=word).new_status == status


def test_a_table_makes_settings_and_a_missing_key_is_named():
    config = from_table({"vendor": "desk365", "subdomain": "acme", "api_key": KEY, "subscription": "plus"})
    assert config.settings == settings(subscription="plus")
    assert VENDOR.account(config.settings) == "acme"
    with pytest.raises(ConfigError, match="needs api_key"):
        from_table({"vendor": "desk365", "subdomain": "acme"})


def test_a_hundred_calls_an_hour_and_ten_thousand_rows():
    calls, rows = policy_of(settings()).windows
    assert (calls.limit, calls.seconds) == (100, 3600)
    assert (rows.limit, rows.seconds, rows.counts) == (10_000, 3600, "rows")


@pytest.mark.parametrize("subscription", ["plus", "premium"])
def test_higher_plans_have_fifty_calls_a_minute(subscription):
    calls, rows = policy_of(settings(subscription=subscription)).windows
    assert (calls.limit, calls.seconds) == (50, 60)
    assert rows.limit == 10_000


def test_ping_is_free_and_a_configured_limit_replaces_the_first_window():
    policy = policy_of(settings())
    assert (policy.cost("GET", "/ping"), policy.cost("GET", "/tickets"), policy.cost("GET", "/tickets/search")) == (
        0,
        1,
        5,
    )
    assert [window.limit for window in limited_to(policy, 7).windows] == [7, 10_000]
    assert limited_to(policy, None) is policy


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "12"}, 12),
        ({"X-Rate-Limit-Retry-After-Seconds": "34"}, 34),
        ({"Retry-After": "12", "X-Rate-Limit-Retry-After-Seconds": "34"}, 12),
        ({"X-Rate-Limit-Retry-After-Seconds": "soon"}, None),
    ],
)
def test_a_refusals_wait_is_read_from_either_header(headers, wait):
    from helpdesk_bridge.testing.clock import ManualClock

    clock = ManualClock()
    assert policy_of(settings()).read(headers, refused=True, wall=clock.wall).retry_after == wait
    assert policy_of(settings()).read(headers, refused=False, wall=clock.wall).retry_after is None
