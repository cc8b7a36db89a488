"""A simulator for other machines: its admin door asks for a token, and a desk there says that it is a simulator."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest
import requests
from testing.benches import VENDORS, small

from helpdesk_bridge import open_desk
from helpdesk_bridge.config.settings import from_table, load_file
from helpdesk_bridge.desk.connection import connect
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.testing.simulator import SettingError, SimulatorServer
from helpdesk_bridge_deskie.simulator import create

EVERYWHERE = "0.0.0.0"  # noqa: S104 - as in a container
TOKEN = "a-token-of-the-test"
TABLE = {
    "vendor": "deskie",
    "account": "robotsrule",
    "staff_email": "bot@example.com",
    "api_key": "made-up",
    "base_url": "http://deskie-sim:8360",
    "simulator": True,
}


@pytest.fixture
def server():
    with SimulatorServer(create(small(), time_scale=200.0), host=EVERYWHERE, token=TOKEN) as running:
        yield running


def own_address():
    """An address of this machine that is not loopback; None where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def get(server, path, **headers):
    return requests.get(server.url + path, headers={"Host": "deskie-sim:8360", **headers}, timeout=10)


def test_the_admin_routes_ask_for_the_token_and_health_does_not(server):
    assert get(server, "/_sim/state").status_code == 401
    assert "Bearer TOKEN" in get(server, "/_sim/state").json()["error"]
    for wrong in ("Bearer ", "Bearer other", f"Basic {TOKEN}", TOKEN):
        assert get(server, "/_sim/state", Authorization=wrong).status_code == 401
    assert get(server, "/_sim/state", Authorization=f"Bearer {TOKEN}").json()["vendor"] == "deskie"
    assert get(server, "/_sim/health").json() == {"status": "ok", "vendor": "deskie"}
    assert get(server, "/_sim/health", Origin="https://evil.example").status_code == 401


def test_on_loopback_nothing_changes_without_a_token():
    with SimulatorServer(create(small())) as running:
        assert requests.get(f"{running.url}/_sim/state", timeout=10).status_code == 200
        assert get(running, "/_sim/state").status_code == 403
        assert get(running, "/_sim/health").status_code == 403
    with SimulatorServer(create(small()), token=TOKEN) as running:
        assert requests.get(f"{running.url}/_sim/state", timeout=10).status_code == 401


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"host": EVERYWHERE}, "a loopback address only, not on '0.0.0.0'"),
        ({"host": EVERYWHERE, "token": "short"}, "at least 16 characters"),
        ({"token": ""}, "at least 16 characters"),
        ({"token": "ü" * 20}, "of ASCII"),
    ],
)
def test_a_door_that_anybody_could_open_is_refused(options, said):
    with pytest.raises(SettingError, match=said):
        SimulatorServer(create(small()), **options)


@pytest.mark.parametrize("vendor", VENDORS)
def test_addresses_in_answers_are_those_by_which_the_client_came(vendor):
    from importlib import import_module

    app = import_module(f"helpdesk_bridge_{vendor}.simulator").create(small())
    with SimulatorServer(app, host=EVERYWHERE, token=TOKEN) as running:
        for host in ("deskie-sim:8360", "localhost:9", "[::1]:9"):
            requests.get(running.url + "/", headers={"Host": host}, timeout=10)
            assert app.base_url == f"http://{host}"
        requests.get(running.url + "/", headers={"Host": "a b/<script>"}, timeout=10)
        assert "script" not in app.base_url


def test_a_desk_on_another_machine_reads_writes_and_opens_files(server):
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    port = server.url.rpartition(":")[2]
    table = {
        "vendor": "deskie",
        **server.app.connection,
        "base_url": f"http://{address}:{port}",
        "simulator": True,
        "time_scale": 200.0,
    }
    with open_desk(table) as desk:
        ticket = next(one for one in desk.tickets.list() if one.subject == "Subject one")
        desk.messages.note(ticket.id, "From elsewhere")
        (file,) = [file for message in desk.messages.list(ticket.id) for file in message.attachments]
        with desk.attachments.open(file) as stream:
            assert stream.read().startswith(b"%PDF")


def test_plain_http_and_a_scale_are_for_what_is_said_to_be_a_simulator():
    config = from_table({**TABLE, "time_scale": 20.0})
    assert (config.common.base_url, config.common.time_scale) == ("http://deskie-sim:8360", 20.0)
    with pytest.raises(ConfigError, match=r"plain http is only for this machine.*simulator = true"):
        from_table({**TABLE, "simulator": False})
    with pytest.raises(ConfigError, match=r"only a simulator on loopback can be sped up.*simulator = true"):
        from_table({**TABLE, "simulator": False, "base_url": "https://deskie-sim", "time_scale": 20.0})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"api_key": "env:REAL_KEY"}, "api_key refers to one that is kept elsewhere"),
        ({"api_key": "file:real.key"}, "api_key refers"),
        ({"api_key": "keyring:desk/bot"}, "api_key refers"),
        ({"previous_api_key": "env:OLD_KEY"}, "previous_api_key refers"),
        ({"base_url": "https://robotsrule.deskie.io"}, "robotsrule.deskie.io is Deskie's own host"),
        ({"base_url": "http://robotsrule.deskie.io"}, "is Deskie's own host"),
        ({"base_url": None}, "needs base_url"),
        ({"simulator": "yes"}, "simulator: expected bool, found str"),
    ],
)
def test_a_simulator_gets_no_real_secret_and_no_vendor_is_one(monkeypatch, changes, said):
    monkeypatch.setenv("REAL_KEY", "real-key")
    table = {key: value for key, value in {**TABLE, **changes}.items() if value is not None}
    with pytest.raises(ConfigError, match=said) as caught:
        from_table(table)
    assert "real-key" not in str(caught.value)


def test_the_same_is_refused_in_a_file(tmp_path):
    path = tmp_path / "helpdesk.toml"
    path.write_text(
        '[desks.support]\nvendor = "deskie"\naccount = "a"\nstaff_email = "b@x.io"\napi_key = "env:REAL_KEY"\n'
        'base_url = "http://deskie-sim:8360"\nsimulator = true\n'
    )
    assert load_file(path).tables
    with pytest.raises(ConfigError, match=r"\[desks.support\] simulator: .*api_key refers"):
        connect("support", path)


@pytest.mark.slow
def test_the_command_listens_for_others_and_prints_a_made_up_token(tmp_path):
    def run(*options, env=None):
        command = [sys.executable, "-m", "helpdesk_bridge.cli", "simulate", "deskie", "--tickets", "0", *options]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)

    process = run("--host", EVERYWHERE)
    told = json.loads(process.stdout.readline())
    assert told["settings"]["simulator"] is True
    with open_desk({"vendor": "deskie", **told["settings"]}) as desk:
        assert list(desk.tickets.list()) == []
    bearer = {"Authorization": f"Bearer {told['admin_token']}"}
    assert requests.get(f"{told['base_url']}/_sim/state", headers=bearer, timeout=10).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    process.communicate()

    secret = tmp_path / "token"
    secret.write_text("a-token-of-my-own-choice")
    secret.chmod(0o600)
    process = run("--host", EVERYWHERE, "--admin-token", f"file:{secret}")
    told = json.loads(process.stdout.readline())
    assert "admin_token" not in told
    bearer = {"Authorization": "Bearer a-token-of-my-own-choice"}
    assert requests.get(f"{told['base_url']}/_sim/state", headers=bearer, timeout=10).status_code == 200
    process.send_signal(signal.SIGTERM)
    process.communicate()

    process = run("--host", "no-such-host.invalid")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "cannot listen on port 0 of no-such-host.invalid" in said
