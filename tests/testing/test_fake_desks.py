"""``fake_desks`` answers whatever the code under test opens, and lets nothing through to an account."""

from __future__ import annotations

import threading

import pytest
from testing.benches import small

from helpdesk_bridge import connect, desks, open_desk
from helpdesk_bridge.desk import connection
from helpdesk_bridge.errors import ConfigError, RateLimited, Unsupported
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.fake import FakeHelpdesk
from helpdesk_bridge.testing.fake_desks import fake_desks
from helpdesk_bridge_deskie import VENDOR as DESKIE

CONFIG = """
[desks.support]
vendor = "deskie"
account = "robotsrule"
staff_email = "bot@example.com"
api_key = "env:NOBODY_SETS_THIS_KEY"
ca_bundle = "/etc/nowhere.pem"
max_wait = 0

[desks.support.groups]
second_level = "Level 2"

[desks.archive]
vendor = "local"
path = "archive.sqlite"
like = "desk365"

[desks.broken]
vendor = "desk365"
subdomain = "acme"
api_kye = "env:NOBODY_SETS_THIS_KEY"
"""
TABLE = {"vendor": "desk365", "subdomain": "acme", "api_key": "env:NOBODY_SETS_THIS_KEY"}


@pytest.fixture
def config(tmp_path, monkeypatch):
    path = tmp_path / "helpdesk.toml"
    path.write_text(CONFIG)
    monkeypatch.setenv("HELPDESK_BRIDGE_CONFIG", str(path))
    return path


@pytest.fixture
def no_config(tmp_path, monkeypatch):
    monkeypatch.delenv("HELPDESK_BRIDGE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_every_door_leads_to_the_same_fake(config):
    with fake_desks() as fakes:
        with connect("support") as first:
            first.tickets.create(subject="Hot", description="x", requester="ann@x.example")
        assert desks["support"] is first is fakes["support"] is connect("support", config)
        assert len(fakes["support"].all_tickets()) == 1
        assert set(desks) == set(fakes) == {"support", "archive", "broken"}
        assert len(desks) == 3
        assert "support" in fakes


def test_other_threads_are_answered_too(config):
    seen = []
    with fake_desks() as fakes:
        thread = threading.Thread(target=lambda: seen.append(desks["support"]))
        thread.start()
        thread.join()
        assert seen == [fakes["support"]]


def test_a_fake_has_the_abilities_and_aliases_of_its_table_and_needs_no_secret(config):
    with fake_desks() as fakes:
        desk = connect("support")
        assert dict(desk.capabilities.statuses) == dict(FakeHelpdesk(capabilities="deskie").capabilities.statuses)
        fakes["support"].inspection.add_group("Level 2")
        ticket = desk.tickets.create(subject="a", description="b", requester="ann@x.example", group="second_level")
        assert ticket.group.name == "second_level"
        with pytest.raises(Unsupported):
            connect("archive").tags.list()
        assert not (config.parent / "archive.sqlite").exists()


def test_keys_of_the_table_and_of_the_call_count_for_the_fake(config):
    from helpdesk_bridge_deskie import VENDOR

    with fake_desks() as fakes:
        fakes["support"].faults.inject("rate_limited", on="tickets.list", retry_after=5, times=None)
        with pytest.raises(RateLimited):  # its table says max_wait = 0
            list(connect("support", vendor=VENDOR).tickets.list())
    with fake_desks() as fakes:
        patient = connect("support", max_wait=60)
        fakes["support"].faults.inject("rate_limited", on="tickets.list", retry_after=5)
        assert list(patient.tickets.list()) == []


def test_the_vendor_that_the_call_names_counts_without_a_file(no_config):
    from helpdesk_bridge_desk365 import VENDOR

    with fake_desks(), pytest.raises(Unsupported):
        connect("support", vendor=VENDOR).tags.list()


def test_a_mistake_in_the_configuration_is_told_as_ever(config):
    with fake_desks(), pytest.raises(ConfigError, match="unknown key 'api_kye'; did you mean 'api_key'"):
        connect("broken")


def test_a_desk_that_no_file_names_is_answered_too(no_config):
    with fake_desks(like="desk365", sales="deskie") as fakes:
        assert fakes["support"].capabilities.statuses == FakeHelpdesk(capabilities="desk365").capabilities.statuses
        assert fakes["sales"].capabilities.supports("tags.list")
        assert connect("sales") is fakes["sales"]
        with pytest.raises(ConfigError):
            connect("marketing", "nowhere.toml")


def test_a_table_is_answered_by_a_fake_of_its_vendor():
    with fake_desks() as fakes:
        with open_desk(TABLE) as desk, pytest.raises(Unsupported):
            desk.tags.list()
        assert open_desk(dict(TABLE)) is desk is fakes["desk"]
        other = open_desk({**TABLE, "subdomain": "other"})
        assert other is fakes["desk-2"] is not desk


def test_a_ready_fake_is_used_and_stays_open_for_its_owner():
    with FakeHelpdesk(clock=ManualClock(), name="mine") as mine:
        with fake_desks(support=mine):
            with connect("support") as desk:
                desk.tickets.create(subject="a", description="b", requester="ann@x.example")
            assert desk is mine
        assert len(mine.all_tickets()) == 1


def test_simulators_and_local_desks_in_memory_are_opened_as_ever():
    from helpdesk_bridge.testing.simulator import SimulatorServer
    from helpdesk_bridge_deskie.simulator import create

    with fake_desks(), SimulatorServer(create(small())) as server:
        with open_desk({"vendor": "deskie", **server.app.connection, "base_url": server.url}) as desk:
            assert not isinstance(desk, FakeHelpdesk)
            assert len(list(desk.tickets.list(resolve=False))) == 3
        assert not isinstance(open_desk({"vendor": "local", "path": ":memory:"}), FakeHelpdesk)


def test_afterwards_everything_is_as_before(config):
    before = (connection.open_named, connection.open_desk_table, connection.Desks.__getitem__)
    with pytest.raises(RuntimeError), fake_desks():
        raise RuntimeError
    assert (connection.open_named, connection.open_desk_table, connection.Desks.__getitem__) == before
    with pytest.raises(ConfigError, match="ca_bundle"):
        connect("support")


def test_a_program_that_names_its_vendor_gets_the_fake_all_the_same(config):
    with fake_desks() as fakes:
        assert connect("support", vendor=DESKIE, max_wait=None) is fakes["support"]
        assert isinstance(open_desk(vendor=DESKIE, account="a", staff_email="b@x.example", api_key="k"), FakeHelpdesk)
