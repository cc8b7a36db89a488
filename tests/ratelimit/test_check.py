"""``helpdesk-bridge check`` tells where a desk's budget lives, under which key, and who else spends it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from helpdesk_bridge.cli.app import run
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_deskie.simulator import create

OTHER = """
import sys
from urllib.parse import urlsplit
from helpdesk_bridge import connect
with connect("old", config=sys.argv[1]) as desk:
    desk.tickets.list().page()
    print(desk.budget.key, flush=True)
    input()
"""


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Writes a configuration and returns its path."""
    monkeypatch.chdir(tmp_path)
    with SimulatorServer(create(generate(2), time_scale=200.0)) as server:

        def write(budget):
            table = {
                "vendor": "deskie",
                **server.app.connection,
                "base_url": server.url,
                "time_scale": 200.0,
                "budget": budget,
            }
            path = tmp_path / "helpdesk.toml"
            path.write_text("\n".join(["[desks.old]", *(f"{name} = {json.dumps(one)}" for name, one in table.items())]))
            return path

        yield write


def checked(capsys, path):
    code = run(("--config", str(path), "check", "old", "--json"))
    said = capsys.readouterr()
    assert said.out, said.err
    (found,) = [one for one in json.loads(said.out) if one["subject"] == "budget"]
    return code, found


@pytest.mark.parametrize("store", ["file", "redis", "postgresql"])
def test_check_tells_store_key_and_other_holders(configured, capsys, tmp_path, store, request):
    if store == "file":
        budget, place = f"file:{tmp_path / 'shared.budget'}", f"file {tmp_path / 'shared.budget'}"
    elif store == "postgresql":
        budget = request.getfixturevalue("postgres_url")
        parts = urlsplit(budget)
        place = f"postgresql 127.0.0.1:{parts.port}{parts.path}"
    else:
        server = request.getfixturevalue("redis_server")
        budget, place = f"redis://:@127.0.0.1:{server.port}/3", f"redis 127.0.0.1:{server.port}/3"
    path = configured(budget)
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        key = other.stdout.readline().strip()
        code, found = checked(capsys, path)
        assert (code, found["severity"]) == (0, "ok")
        assert f"kept in {place} as {key};" in found["detail"]
        assert re.search(rf"shared with process {other.pid}( on \S+)?$", found["detail"])
        other.communicate("\n")
    _, found = checked(capsys, path)
    assert found["detail"].endswith("shared with nobody else")


def test_check_warns_where_the_store_cannot_be_used(configured, capsys, tmp_path):
    (tmp_path / "diary").write_text("Dear diary")
    code, found = checked(capsys, configured(f"file:{tmp_path / 'diary'}"))
    assert (code, found["severity"]) == (0, "warning")
    assert "a share of the limit" in found["detail"]
    assert "holds something else" in found["detail"]
    assert (tmp_path / "diary").read_text() == "Dear diary"
