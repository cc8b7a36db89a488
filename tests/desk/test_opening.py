"""Desks are opened by keywords as by tables, say briefly what they are, and close themselves."""

import pytest

from helpdesk_bridge import ConfigError, connect, open_desk
from helpdesk_bridge.desk import connection
from helpdesk_bridge.local import VENDOR as LOCAL
from helpdesk_bridge.local.vendor_api import LocalInspection
from helpdesk_bridge.model.values import UNSET
from helpdesk_bridge.testing.fake import FakeHelpdesk
from helpdesk_bridge_deskie import VENDOR as DESKIE

DESKIE_KEYS = {"account": "acme", "staff_email": "bot@x.example", "api_key": "made-up", "subscription": "pro"}


@pytest.fixture
def configuration(tmp_path):
    path = tmp_path / "helpdesk.toml"
    path.write_text(f'[desks.support]\nvendor = "local"\npath = "{tmp_path / "support.db"}"\n', "utf-8")
    return path


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ({"vendor": "local", "path": ":memory:"}, {}),
        ({}, {"vendor": "local", "path": ":memory:"}),
        ({"vendor": "deskie", "path": ":memory:"}, {"vendor": "local"}),
        ({}, {"vendor": LOCAL, "path": ":memory:"}),
        ({"path": ":memory:"}, {"vendor": LOCAL, "max_wait": None, "name": "desk"}),
    ],
)
def test_a_desk_is_opened_by_a_table_by_keywords_or_both(table, keys):
    with open_desk(table, **keys) as desk:
        assert (desk.vendor, desk.name) == ("local", "desk")
        assert isinstance(desk.vendor_api, LocalInspection)
        assert desk.tickets.list().all() == ()


def test_max_wait_none_waits_as_long_as_it_takes(monkeypatch):
    waits = []
    monkeypatch.setattr(connection, "open_config", lambda config, clock: waits.append(config.common.max_wait))
    for given in (None, 5.0, UNSET):
        open_desk(vendor="deskie", max_wait=given, **DESKIE_KEYS)
    assert waits == [None, 5.0, 10.0]


@pytest.mark.parametrize(
    "keys", [{}, {"path": ":memory:"}, {"vendor": "local", "pth": ":memory:"}, {"vendor": "local", "max_wait": "long"}]
)
def test_a_key_that_is_missing_unknown_or_wrong_is_named(keys):
    with pytest.raises(ConfigError, match=r"vendor|pth|max_wait"):
        open_desk(**keys)


def test_connect_takes_max_wait_and_the_vendor_that_it_must_be(configuration):
    with connect("support", configuration, max_wait=None, vendor=LOCAL) as desk:
        assert desk.vendor_api.counts() == {"tickets": 0, "contacts": 0, "messages": 0}
    with pytest.raises(ConfigError, match="is a desk of Local desk, not of Deskie"):
        connect("support", configuration, vendor=DESKIE)


def test_a_desk_and_its_parts_say_briefly_what_they_are_and_ask_nobody():
    desk = open_desk(vendor="deskie", name="support", **DESKIE_KEYS)
    assert repr(desk) == "<desk support (Deskie)>"
    assert str(desk) == "support (Deskie acme)"
    assert repr(desk.tickets) == "<tickets of desk support>"
    assert repr(desk.agents) == "<agents of desk support>"
    assert repr(FakeHelpdesk()) == "<desk fake (Local desk)>"
    assert repr(desk.attachments) == "<attachments of desk support>"


def test_a_desk_names_its_clock_and_subscription():
    desk = open_desk(vendor="deskie", **DESKIE_KEYS)
    assert desk.subscription == "pro"
    assert desk.clock.time_scale == 1.0
    assert FakeHelpdesk().subscription is None
