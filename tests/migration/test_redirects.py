"""Old addresses lead to new ones: patterns, what vendors tell, nginx, CSV, and a server that answers."""

import csv
import http.client
import io
import json
import os
import shutil
import socket
import subprocess

import pytest
import requests
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from migration.simulators import served

from helpdesk_bridge.cli.app import cli
from helpdesk_bridge.clock import pause
from helpdesk_bridge.errors import ConfigError, Invalid
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.redirects import Address, Known, RedirectApp, Side, nginx_map, redirects
from helpdesk_bridge.web_page import LoopbackServer

OLD = "https://old.example/staff/cases/{number}"
NEW = "https://new.example/tickets/{id}"


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("moved")
    with served("deskie", 6) as old, served("desk365", 0) as new:
        with Migration(old.desk, new.desk, folder / "move.db", options=Options(yes=True)) as migration:
            migration.run()
        lines = []
        for side in (old, new):
            lines.append(f"[desks.{side.desk.name}]")
            known = {key: value for key, value in side.settings.items() if value is not None}
            lines += [f"{key} = {json.dumps(value)}" for key, value in known.items()]
        (folder / "helpdesk.toml").write_text("\n".join(lines))
        yield old, new, folder


def run(folder, *words):
    done = CliRunner().invoke(
        cli, ["--config", str(folder / "helpdesk.toml"), "migrate", *words], standalone_mode=False
    )
    if done.exception:
        raise done.exception
    return done.stdout


def test_ids_with_refs_numbers_and_addresses_of_both_sides(moved):
    old, new, folder = moved
    rows = [
        json.loads(line)
        for line in run(folder, "ids", "--journal", str(folder / "move.db"), "--full", "--jsonl").splitlines()
    ]
    there = {ticket.ref: ticket for ticket in new.desk.tickets.list()}
    assert {row["source_ref"] for row in rows} == {ticket.ref for ticket in old.desk.tickets.list()}
    done = [row for row in rows if row["state"] == "done"]
    assert {row["destination_ref"] for row in done} == set(there)
    assert all(row["destination_url"] == there[row["destination_ref"]].url for row in done)
    assert all(row["source_number"] for row in rows)
    table = run(folder, "ids", "--journal", str(folder / "move.db"), "--full", "--csv")
    assert next(csv.reader(io.StringIO(table)))[:4] == ["source_ref", "source_number", "source_url", "state"]


def test_redirects_from_a_pattern_to_what_the_vendor_tells(moved):
    old, new, folder = moved
    rows = list(
        csv.reader(
            io.StringIO(
                run(folder, "redirects", "--journal", str(folder / "move.db"), "--from-url", OLD, "--format", "csv")
            )
        )
    )
    numbers = {f"https://old.example/staff/cases/{ticket.number}" for ticket in old.desk.tickets.list()}
    assert rows[0] == ["from", "to"]
    assert {before for before, _ in rows[1:]} <= numbers
    assert {after for _, after in rows[1:]} == {ticket.url for ticket in new.desk.tickets.list()}


def test_patterns_of_ids_alone_ask_nobody(moved):
    old, new, folder = moved
    asked = old.simulator.requests.total
    told = run(
        folder,
        "redirects",
        "--journal",
        str(folder / "move.db"),
        "--from-url",
        "https://old.example/c/{id}",
        "--to-url",
        NEW,
    )
    assert told.count("https://new.example/tickets/") == len(new.desk.tickets.list().all())
    assert old.simulator.requests.total == asked


def test_the_server_answers_old_addresses_and_no_others():
    app = RedirectApp(
        [
            ("https://old.example/case?id=7", "https://new.example/t/1"),
            ("https://old.example/c/ä%20b", "https://new.example/t/2"),
        ]
    )
    with LoopbackServer(app) as server:

        def asked(path):
            answer = requests.get(server.url + path, allow_redirects=False, timeout=10)
            return answer.status_code, answer.headers.get("Location")

        assert asked("case?id=7") == (302, "https://new.example/t/1")
        assert asked("c/ä%20b") == (302, "https://new.example/t/2")
        assert asked("case?id=8") == (404, None)
        assert asked("/evil.example/%2e%2e") == (404, None)


@given(ticket_id=st.text(min_size=1, max_size=20), number=st.text(min_size=1, max_size=20))
def test_no_id_leaves_its_place_in_an_address(ticket_id, number):
    made = Address("https://new.example/t/{id}/n/{number}/end").of(ticket_id, number)
    assert made.startswith("https://new.example/t/")
    assert made.count("/") == 7
    assert not set(made) & set(' "\\$?#\n')


@pytest.mark.parametrize(
    "pattern",
    [
        "https://new.example/t/",
        "new.example/{id}",
        "ftp://x/{id}",
        "https://{id}/x",
        "https://new.example/{subject}",
        "https://x/{id!r}",
        "https://x/{id",
    ],
)
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(ConfigError, match="no pattern of addresses"):
        Address(pattern)


def test_a_ticket_without_a_number_has_no_redirect():
    rows = [
        {"source": "1", "destination": ["9"]},
        {"source": "2", "destination": ["8"]},
        {"source": "3", "destination": []},
    ]
    old = Side(pattern=Address("https://old.example/{number}"), known={"1": Known(number="100")})
    new = Side(pattern=Address(NEW), known={})
    assert list(redirects(rows, old, new)) == [("https://old.example/100", "https://new.example/tickets/9")]


def test_a_map_of_nginx_sees_paths_alone():
    with pytest.raises(Invalid, match="path alone"):
        list(nginx_map([("https://old.example/case?id=7", "https://new.example/t/1")]))


@pytest.mark.slow
def test_nginx_takes_the_map_and_answers_with_it(tmp_path):
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("install nginx to test the map with it")
    lines = "\n".join(nginx_map([("https://old.example/c/1", "https://new.example/t/a%24b")]))
    place = tmp_path / "nginx.sock"
    config = f"""
        daemon off; pid {tmp_path}/nginx.pid; error_log stderr; events {{}}
        http {{
        access_log off; client_body_temp_path {tmp_path}/body; proxy_temp_path {tmp_path}/proxy;
        fastcgi_temp_path {tmp_path}/fastcgi; uwsgi_temp_path {tmp_path}/uwsgi; scgi_temp_path {tmp_path}/scgi;
        {lines}
        server {{ listen unix:{place}; if ($moved_ticket) {{ return 302 $moved_ticket; }} return 404; }}
        }}"""
    (tmp_path / "nginx.conf").write_text(config)
    with subprocess.Popen([program, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]) as server:
        try:
            assert asked(place, "/c/1?from=mail") == (302, "https://new.example/t/a%24b")
            assert asked(place, "/c/2") == (404, None)
        finally:
            server.terminate()


def asked(place, path):
    """What a server on a Unix socket answers: status and where it leads."""
    for _ in range(1000):
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(place))
            except OSError:
                pause(0.01)
                continue
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: old.example\r\n\r\n".encode())
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.status, answer.getheader("Location")
    raise AssertionError("nginx does not listen")
