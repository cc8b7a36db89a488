"""A simulator keeps its account in a file: what was answered before a restart is there after it."""

from __future__ import annotations

import json
import random
import zlib
from collections import deque
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import timedelta

import attrs
import pytest
import requests
from testing.benches import NOW, SWITCHES, VENDORS, Bench, operations, small
from werkzeug.test import Client

from helpdesk_bridge import open_desk
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.simulator import SettingError, SimulatorClock, SimulatorServer, mock_simulator
from helpdesk_bridge.testing.simulator.app import Reply, route


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state"


OPEN = []


@pytest.fixture(autouse=True)
def _released():
    yield
    while OPEN:
        OPEN.pop().release_state()


def started(simulator_class, path, *, dataset=None, clock=None, **options):
    app = simulator_class(Dataset() if dataset is None else dataset, clock=clock, **options)
    OPEN.append(app)
    app.keep_state(path, made_with="with --tickets 0")
    return app


@contextmanager
def killed(app):
    """End a simulator as a killed process ends: its lock goes, and nothing is written any more."""
    yield app
    app.release_state()


def lines(path):
    return path.read_bytes().splitlines(keepends=True)


def line(document):
    text = json.dumps(document).encode()
    return b"%08x %b\n" % (zlib.crc32(text), text)


def test_what_was_written_is_there_after_a_restart(simulator_class, path):
    with killed(started(simulator_class, path)) as app:
        client = Client(app)
        client.post("/notes.json", json={"note": "Grüße"})
        client.post("/notes.json", data={"note": "form"})
        client.delete("/notes/1.json")
        client.post("/notes.json", json={})  # refused
    with killed(started(simulator_class, path)) as app:
        assert app.notes == ["form"]
        Client(app).post("/notes.json", json={"note": "later"})
    assert started(simulator_class, path).notes == ["form", "later"]


def test_reads_and_the_simulators_own_routes_write_nothing(simulator_class, path):
    app = started(simulator_class, path)
    before = path.read_bytes()
    client = Client(app)
    client.get("/notes.json")
    client.post("/_sim/faults", json={"kind": "hang", "on": "list_notes"})
    client.delete("/_sim/requests")
    assert path.read_bytes() == before


def test_the_file_is_its_owners_alone(simulator_class, path):
    started(simulator_class, path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_change_is_in_the_file_before_it_is_answered(simulator_class, path):
    app = started(simulator_class, path)
    sizes = []
    finish = app.finish
    app.finish = lambda call, reply: sizes.append(path.stat().st_size) or finish(call, reply)
    before = path.stat().st_size
    Client(app).post("/notes.json", json={"note": "x"})
    assert sizes[0] > before


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_line_that_was_cut_off_is_no_change_and_the_rest_is_there(simulator_class, path, cut):
    with killed(started(simulator_class, path)) as app:
        for number in range(3):
            Client(app).post("/notes.json", json={"note": str(number)})
    whole = path.read_bytes()
    last = len(lines(path)[-1])
    path.write_bytes(whole[: len(whole) - last * cut // 40 - 1])
    with killed(started(simulator_class, path)) as app:
        assert app.notes == ["0", "1"]
        Client(app).post("/notes.json", json={"note": "again"})
    assert started(simulator_class, path).notes == ["0", "1", "again"]


def test_the_clock_goes_on_where_it_was_and_never_back(simulator_class, path):
    manual = ManualClock(wall=NOW)

    def clock():
        return SimulatorClock(2.0, wall=manual.wall, monotonic=manual.now)

    with killed(started(simulator_class, path, clock=clock())) as app:
        manual.advance(10)
        app.moved(3600)
        assert app.clock.elapsed() == pytest.approx(3620)
    manual.advance(50)
    app = started(simulator_class, path, clock=clock())
    assert app.clock.now() == NOW + timedelta(seconds=3660)
    assert app.clock.elapsed() == pytest.approx(3720)


def test_a_late_commit_under_way_happens_after_the_restart_at_its_own_time(simulator_class, path):
    manual = ManualClock(wall=NOW)

    def clock():
        return SimulatorClock(wall=manual.wall, monotonic=manual.now)

    for kind in ("late_commit", "late_answer"):
        with killed(started(simulator_class, path, clock=clock())) as app:
            app.faults.inject(kind, on="create_note", seconds=90)
            with mock_simulator(app, "https://a.deskie.io"), pytest.raises(requests.RequestException):
                requests.post("https://a.deskie.io/notes.json", json={"note": kind}, timeout=10)
        app = started(simulator_class, path, clock=clock())
        before = len(app.notes)
        app.commit_due()
        assert len(app.notes) == before
        manual.advance(90)
        app.commit_due()
        assert app.notes[-1] == kind
        app.release_state()


def test_a_reset_is_kept_too(simulator_class, path):
    with killed(started(simulator_class, path)) as app:
        client = Client(app)
        client.post("/notes.json", json={"note": "before"})
        client.post("/_sim/reset")
        client.post("/notes.json", json={"note": "after"})
    assert started(simulator_class, path).notes == ["after"]


def test_a_reset_to_other_records_is_refused_because_the_file_began_with_these(simulator_class, path):
    app = started(simulator_class, path)
    Client(app).post("/notes.json", json={"note": "kept"})
    answer = Client(app).post("/_sim/reset", json={"tickets": 3})
    assert answer.status_code == 400
    assert "a new file" in answer.json["message"]
    assert app.notes == ["kept"]


def test_faults_and_requests_are_the_processes_own(simulator_class, path):
    with killed(started(simulator_class, path)) as app:
        app.faults.inject("server_error", times=None)
        Client(app).get("/notes.json")
    app = started(simulator_class, path)
    assert app.faults.describe() == []
    assert len(app.requests) == 0


def refused(simulator_class, path, **options):
    before = path.read_bytes()
    with pytest.raises(SettingError) as caught:
        started(simulator_class, path, **options)
    assert path.read_bytes() == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_of_another_account_is_refused_in_one_line_and_left_as_it_is(simulator_class, path, monkeypatch):
    with killed(started(simulator_class, path)):
        pass

    class Other(simulator_class):
        vendor = "others"

    assert "of another vendor's simulator: of notes, not of others" in refused(Other, path)
    assert "of another seed: it began with --tickets 0" in refused(simulator_class, path, dataset=generate(3))
    assert "other switches: the usual ones, not loud=True" in refused(simulator_class, path, settings={"loud": True})
    monkeypatch.setattr("helpdesk_bridge.testing.simulator.app.__version__", "9.9")
    assert "of another version: of 0.1.0, and this one is 9.9" in refused(simulator_class, path)


def test_a_file_in_use_or_none_of_ours_or_damaged_is_refused_in_one_line(simulator_class, path, tmp_path):
    with killed(started(simulator_class, path)) as app:
        assert "in use by another simulator" in refused(simulator_class, path)
        for number in range(3):
            Client(app).post("/notes.json", json={"note": str(number)})
    whole = lines(path)
    path.write_bytes(b"".join([whole[0], whole[1].replace(b"0", b"1", 20), *whole[2:]]))
    assert "is damaged in line 2" in refused(simulator_class, path)
    path.write_bytes(b"".join([line({"helpdesk_bridge_simulator_state": 7}), *whole[1:]]))
    assert "has the form 7 of a state file; this version reads 1" in refused(simulator_class, path)
    for content in (b"# notes\n", b"{}\n", line({"a": 1}), b"\x00" * 100, whole[0][:-5]):
        path.write_bytes(content)
        assert "is not a state file of a simulator" in refused(simulator_class, path)
    with pytest.raises(SettingError, match="cannot be used as a state file: No such file"):
        started(simulator_class, tmp_path / "no" / "state")
    with pytest.raises(SettingError, match="cannot be used as a state file: Is a directory"):
        started(simulator_class, tmp_path)


def test_a_simulator_that_answers_otherwise_does_not_go_on_from_the_file(simulator_class, path):
    with killed(started(simulator_class, path)) as app:
        Client(app).post("/notes.json", json={"note": "x"})

    class Newer(simulator_class):
        @route("POST", "/notes.json")
        def create_note(self, call):
            return Reply.json({"note": "other"}, 201)

    assert "cannot be repeated from line 2 on (POST create_note is answered otherwise)" in refused(Newer, path)


def test_what_cannot_be_kept_is_refused_and_health_says_why(simulator_class, path, monkeypatch):
    with killed(started(simulator_class, path)) as app:
        client = Client(app)
        client.post("/notes.json", json={"note": "kept"})
        assert client.get("/_sim/health").json == {"status": "ok", "vendor": "notes"}
        before = path.read_bytes()

        class Full:
            def __init__(self, stream):
                self.stream = stream

            def __getattr__(self, name):
                return getattr(self.stream, name)

            def write(self, data):
                self.stream.write(data[: len(data) // 2])
                raise OSError(28, "No space left on device")

        app._state._file._stream = Full(app._state._file._stream)
        assert client.post("/notes.json", json={"note": "lost"}).status_code == 503
        assert client.post("/notes.json", json={"note": "lost too"}).status_code == 503
        assert client.get("/notes.json").status_code == 200
        sick = client.get("/_sim/health")
        assert sick.status_code == 503
        assert sick.json["reason"] == "the state file cannot be written: No space left on device"
        assert path.read_bytes() == before
    assert started(simulator_class, path).notes == ["kept"]


def test_the_address_of_the_last_time_is_told(simulator_class, path):
    with killed(started(simulator_class, path)) as app, SimulatorServer(app) as server:
        url = server.url
    app = simulator_class(Dataset())
    assert app.keep_state(path) == url
    app.release_state()


# The vendors


def create(vendor, clock, path):
    from importlib import import_module

    app = import_module(f"helpdesk_bridge_{vendor}.simulator").create(
        small(), clock=SimulatorClock(wall=clock.wall, monotonic=clock.now), settings=SWITCHES[vendor]
    )
    OPEN.append(app)
    app.keep_state(path)
    return app


CACHES = ("rendered", "_ordered", "raw_json", "wire")


def shown(app):
    """All that an account has, but for what counts requests."""
    records = {name: one for name, one in app.state().items() if "calls" not in name}
    return {"records": records, "account": content(app.account), "now": app.clock.now()}


def content(value, within=()):
    """What an object and all that it holds contain; functions, locks and rendered text are no content."""
    if any(value is one for one in within):
        return "…"
    within = (*within, value)
    if isinstance(value, Mapping):
        return {repr(content(key, within)): content(one, within) for key, one in value.items()}
    if isinstance(value, (list, tuple, deque)):
        return [content(one, within) for one in value]
    if isinstance(value, (set, frozenset)):
        return sorted(repr(content(one, within)) for one in value)
    names = (
        [one.name for one in attrs.fields(type(value))]
        if attrs.has(type(value))
        else list(getattr(value, "__dict__", {}))
    )
    if names and not callable(value):
        return {name: content(getattr(value, name), within) for name in names if name not in CACHES}
    return type(value).__name__ if " at 0x" in repr(value) else value


KEPT_OUT = ("removal", "vendor_api.media", "tickets.update", "importer.finish")
"""These would take away what the next round works on."""
ORIGINS = {"deskie": "https://st.deskie.io", "desk365": "https://st.desk365.io", "desk360": "https://st.desk360.com"}


def work(vendor, app, clock, chance):
    """Let every operation of the adapter write and read once, in any order; return what was refused."""
    own = {"inbox": ":memory:", "check_window": False} if vendor == "desk360" else {}
    table = {"vendor": vendor, "max_wait": None, **app.connection, **own, "base_url": ORIGINS[vendor]}
    refused = []
    with mock_simulator(app, ORIGINS[vendor]), open_desk(table, clock=clock) as desk:
        for more in CUSTOMER if vendor == "desk360" else ():
            wrote = {"from": "+905551112233", "name": "Ann", **more}
            answer = Client(app).post("/_sim/inbound", json=wrote).json
            desk.webhooks.receive(json.dumps(answer["payload"]).encode(), {}, "")
        calls = operations(Bench(vendor, desk, app, clock))
        names = [name for name in sorted(calls) if not name.startswith(KEPT_OUT)]
        for name in chance.sample(names, len(names)):
            clock.advance(chance.randrange(200))
            try:
                calls[name]()
            except HelpdeskError as error:  # what is refused is refused again
                refused.append((name, error.status))
    return refused


CUSTOMER = (
    {"kind": "text", "text": "Where?"},
    {"kind": "document", "file": {"name": "a.txt", "content_type": "text/plain", "content": "YQ=="}},
)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendors_account_is_the_same_after_each_of_many_restarts(vendor, path):
    clock, chance = ManualClock(wall=NOW), random.Random(7)
    app = create(vendor, clock, path)
    for _ in range(2):
        refused = work(vendor, app, clock, chance)
        assert not [one for one in refused if one[1] is None or one[1] >= 500]
        before = shown(app)
        app.release_state()
        app = create(vendor, clock, path)
        assert shown(app) == before


def test_a_login_and_a_registered_webhook_outlive_the_process(path):
    clock = ManualClock(wall=NOW)
    app = create("desk360", clock, path)
    login = {"email": app.login["email"], "password": app.login["password"]}
    token = Client(app).post("/v1/login", json=login, headers={"Accept": "application/json"}).json["access_token"]
    hook = {"integration": app.connection["integration"], "url": "http://127.0.0.1:9/hook"}
    assert Client(app).post("/_sim/webhooks", json=hook).status_code == 201
    app.release_state()
    app = create("desk360", clock, path)
    headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
    assert Client(app).get("/v1/integrations", headers=headers).status_code == 200
    assert Client(app).get("/_sim/webhooks").json["registered"][0]["url"] == hook["url"]
    assert (
        Client(app).post("/v1/login", json=login, headers={"Accept": "application/json"}).json["access_token"] == token
    )


def test_what_went_out_before_is_not_sent_again(path):
    clock = ManualClock(wall=NOW)
    app = create("desk360", clock, path)
    Client(app).post("/_sim/inbound", json={"kind": "text", "text": "Where?", "from": "+905551112233"})
    app.release_state()
    app = create("desk360", clock, path)
    assert [hook["outcome"] for hook in Client(app).get("/_sim/webhooks").json["webhooks"]] == ["sent before a restart"]
    assert not app.service.messaging.courier._due
