"""What a desk's ``budget`` says, and where its state then lives."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.ratelimit import Governor, MemoryStore, RateLimitPolicy, Scope, Window, place
from helpdesk_bridge.ratelimit.file_store import FileStore
from helpdesk_bridge.testing.clock import ManualClock

MINUTE = RateLimitPolicy(windows=(Window(10, 60, "units"),))
MOUNTS = """\
22 1 252:1 / / rw,relatime - ext4 /dev/vda1 rw
30 22 0:40 / /home rw,relatime shared:5 master:1 - nfs4 server:/home rw
31 30 0:41 / /home/with\\040space rw,relatime - ext4 /dev/vdb1 rw
32 22 0:42 / /mnt rw - fuse.sshfs me@there:/ rw
33 32 0:43 / /mnt/over rw - tmpfs tmpfs rw
garbage
"""


@pytest.fixture(autouse=True)
def nothing_warned(monkeypatch):
    monkeypatch.setattr(place, "_warned", set())


@pytest.fixture
def memory():
    return MemoryStore()


def chosen(budget, memory, *, clock=None, loopback=False):
    return place.choose(budget, "vendor-1", memory, clock or SystemClock(), loopback=loopback)


def test_auto_is_a_file_of_the_users_own_state_folder(memory, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    store = chosen("auto", memory)
    assert store.path == tmp_path / "helpdesk-bridge" / "budgets" / "vendor-1.budget"
    gov = Governor(MINUTE, store, SystemClock(), "vendor-1")
    gov.settle(gov.reserve(3), 200)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    assert chosen("auto", memory) is store
    assert caplog.records == []


@pytest.mark.parametrize("trouble", ["no folder can be made", "no home", "a network disk"])
def test_auto_is_memory_and_one_warning_where_no_file_can_be_shared(memory, trouble, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file" / "state"))
    (tmp_path / "file").write_text("no folder")
    if trouble == "no home":
        monkeypatch.delenv("XDG_STATE_HOME")
        monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    elif trouble == "a network disk":
        (tmp_path / "file").unlink()
        monkeypatch.setattr(place, "is_local", lambda _: False)
    assert [chosen("auto", memory), chosen("auto", memory)] == [memory, memory]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "not shared between processes" in record.message
    assert {"no folder can be made": "not writable", "a network disk": "not on a local disk"}.get(trouble, trouble) in (
        record.message
    )


def test_simulators_and_tests_share_nothing_unless_told(memory, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert chosen("auto", memory, loopback=True) is memory
    assert chosen("auto", memory, clock=ManualClock()) is memory
    assert isinstance(chosen(f"file:{tmp_path}/shared", memory, loopback=True), FileStore)


def test_a_named_file_is_for_a_group_of_users(memory, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    store = chosen("file:~/shared.budget", memory)
    gov = Governor(MINUTE, store, SystemClock(), "vendor-1")
    gov.settle(gov.reserve(1), 200)
    assert store.path == tmp_path / "shared.budget"
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o660


@pytest.mark.parametrize("budget", ["", "file:", "moon", "http://:hunter2@x", "redis:/x"])
def test_what_is_no_place_is_refused_without_repeating_it(memory, budget):
    with pytest.raises(ConfigError, match="redis://HOST") as caught:
        chosen(budget, memory)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/x", "ext4"),
        ("/home/me", "nfs4"),
        ("/homework", "ext4"),
        ("/home/with space/x", "ext4"),
        ("/mnt/a", "fuse.sshfs"),
        ("/mnt/over/a", "tmpfs"),
    ],
)
def test_the_type_of_a_file_system_is_that_of_the_longest_mount_point(path, kind):
    assert place._type_of(Path(path), MOUNTS) == kind


def test_who_shares_a_budget_is_in_its_key_and_no_secret():
    clock = SystemClock()
    key = place.budget_key(("deskie", "https://a.example", "digest"), MINUTE, clock)
    assert key.startswith("deskie-")
    assert key == place.budget_key(("deskie", "https://a.example", "digest"), MINUTE, clock)
    others = {
        place.budget_key(("desk365", "https://a.example", "digest"), MINUTE, clock),
        place.budget_key(("deskie", "https://b.example", "digest"), MINUTE, clock),
        place.budget_key(("deskie", "https://a.example", "other"), MINUTE, clock),
        place.budget_key(("deskie", "https://a.example", "digest"), MINUTE, SystemClock(2.0)),
        place.budget_key(
            ("deskie", "https://a.example", "digest"), RateLimitPolicy(windows=(Window(10, 3600, "units"),)), clock
        ),
    }
    assert len(others | {key}) == 6
    lower = RateLimitPolicy(windows=(Window(5, 60, "units"),), scope=Scope.ACCOUNT)
    assert place.budget_key(("deskie", "https://a.example", "digest"), lower, clock) == key


PROGRAM = """
from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.ratelimit import RateLimitPolicy, Window
from helpdesk_bridge.ratelimit.shared import shared_governor
policy = RateLimitPolicy(windows=(Window(10, 60, "units"),))
governor = shared_governor(("deskie", "https://acme.example", "digest"), policy, "auto", SystemClock())
governor.settle(governor.reserve(3, max_wait=0), 200)
print(governor.budget.remaining, len(governor.budget.holders), flush=True)
input()
"""


def test_two_programs_with_one_account_share_it_without_being_told(tmp_path):
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    told = []
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as first:
        told.append(first.stdout.readline())
        second = subprocess.run(
            [sys.executable, "-c", PROGRAM], input="\n", capture_output=True, text=True, env=environment, check=True
        )
        told.append(second.stdout)
        first.communicate("\n")
    assert told == ["7 0\n", "4 1\n"]
