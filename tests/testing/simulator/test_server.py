from __future__ import annotations

import http.client
import socket
import threading
from urllib.parse import urlsplit

import pytest
import requests

from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.testing.simulator import SettingError, SimulatorServer


@pytest.fixture
def server(app):
    with SimulatorServer(app) as running:
        yield running


def connect(server):
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def test_it_serves_on_a_free_loopback_port_and_tells_the_application(server, app, http):
    assert app.base_url == server.url
    assert server.url.startswith("http://127.0.0.1:")
    assert http.post(server.url + "/notes.json", json={"note": "x"}).status_code == 201
    assert http.get(server.url + "/notes.json").json() == ["x"]


def test_one_connection_carries_many_requests(server):
    connection = http.client.HTTPConnection(*urlsplit(server.url).netloc.split(":"))
    try:
        for _ in range(50):
            connection.request("GET", "/notes.json")
            answer = connection.getresponse()
            assert (answer.read(), answer.version) == (b"[]", 11)
        assert server.connections == 1
    finally:
        connection.close()


def test_header_names_go_out_as_written(server, http):
    assert http.get(server.url + "/notes.json").headers["api_calls_left"] == "7"


def test_streamed_and_chunked_bodies_arrive(server, app, http):
    body = (part for part in (b'{"note": ', b'"chunked"}'))
    answer = http.post(server.url + "/notes.json", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    files = [("attachments[0]", ("ü.bin", b"\x00" * 300_000, "application/octet-stream"))]
    assert http.post(server.url + "/notes.json", data={"note": "file"}, files=files).json()["files"] == ["ü.bin"]
    assert app.notes == ["chunked", "file"]


def test_a_body_that_is_too_large_is_answered_before_it_was_read(server, http):
    assert http.post(server.url + "/notes.json", data=b"x" * (8 << 20)).status_code == 413


def test_a_short_body_is_400_and_the_connection_ends(server, app):
    with connect(server) as raw:
        raw.sendall(b"POST /notes.json HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{}")
        raw.shutdown(socket.SHUT_WR)
        answer = raw.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in answer
    assert app.notes == []


def test_a_broken_chunk_is_400(server):
    with connect(server) as raw:
        raw.sendall(b"POST /notes.json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        assert raw.recv(12) == b"HTTP/1.1 400"


def test_garbage_and_early_leavers_do_not_disturb_the_others(server, http, caplog):
    with connect(server) as raw:
        raw.sendall(b"\x16\x03\x01 not http\r\n\r\n")
        raw.recv(100)
    with connect(server) as raw:
        raw.sendall(b"GET /notes")
    assert http.get(server.url + "/notes.json").status_code == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_head_answer_does_not_shift_the_next_one(server, http):
    assert http.head(server.url + "/notes.json").text == ""
    assert http.delete(server.url + "/_sim/faults").status_code == 204
    assert http.get(server.url + "/notes.json").json() == []


def test_parallel_writers_are_all_recorded(server, app):
    def write(name):
        with requests.Session() as session:
            session.trust_env = False
            for number in range(20):
                session.post(server.url + "/notes.json", json={"note": f"{name}-{number}"})

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(app.notes)) == 160 == app.requests.total


def test_stop_ends_idle_and_hanging_connections_and_leaves_nothing(app):
    before = threading.active_count()
    server = SimulatorServer(app).start()
    app.faults.inject("hang", on="create_note", seconds=600)
    with connect(server) as idle, connect(server) as hanging:
        hanging.sendall(b"POST /notes.json HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        idle.sendall(b"GET /notes.json HTTP/1.1\r\nHost: x\r\n\r\n")
        idle.recv(1000)
        server.stop()
        assert hanging.recv(10) == b""
    assert threading.active_count() == before
    server.stop()
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.url


def test_it_can_be_started_again_but_not_twice(app, http):
    server = SimulatorServer(app)
    with server, pytest.raises(RuntimeError, match="already"):
        server.start()
    with server:
        assert http.get(server.url + "/notes.json").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "example.com", "192.168.0.1", "::"])  # noqa: S104 - it must be refused
def test_only_loopback_is_listened_on(app, host):
    with pytest.raises(SettingError, match="loopback"):
        SimulatorServer(app, host=host)


def test_a_taken_port_is_an_os_error(server, simulator_class):
    port = urlsplit(server.url).port
    with pytest.raises(OSError, match="in use"):
        SimulatorServer(simulator_class(Dataset()), port).start()


def answer_to(server, method, path, headers):
    """Return the status of a request whose headers are exactly these."""
    with connect(server) as sock:
        body = b'{"advance": 60}'
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        head = [*lines, "Content-Type: text/plain", f"Content-Length: {len(body)}", "Connection: close"]
        sock.sendall(("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body)
        answer = b""
        while part := sock.recv(65536):
            answer += part
    return int(answer.split(b" ", 2)[1])


ADMIN = [("GET", "/_sim/state"), ("POST", "/_sim/clock"), ("POST", "/_sim/reset"), ("DELETE", "/_sim/requests")]
FOREIGN = {
    "a name that was made to resolve here": [("Host", "evil.example:{port}")],
    "a name that begins like ours": [("Host", "localhost.evil.example:{port}")],
    "a name that begins like our address": [("Host", "127.0.0.1.nip.io:{port}")],
    "this machine's other address": [("Host", "192.168.0.7:{port}")],
    "every address": [("Host", "0.0.0.0:{port}")],
    "two hosts": [("Host", "127.0.0.1:{port}"), ("Host", "evil.example")],
    "userinfo": [("Host", "127.0.0.1:{port}@evil.example")],
    "a path": [("Host", "127.0.0.1/evil.example")],
    "a page elsewhere": [("Host", "127.0.0.1:{port}"), ("Origin", "https://evil.example")],
    "a page on another port": [("Host", "127.0.0.1:{port}"), ("Origin", "http://127.0.0.1:1")],
    "a page with TLS": [("Host", "127.0.0.1:{port}"), ("Origin", "https://127.0.0.1:{port}")],
    "a sandboxed page or a file": [("Host", "127.0.0.1:{port}"), ("Origin", "null")],
    "an empty origin": [("Host", "127.0.0.1:{port}"), ("Origin", "")],
    "a page without a host": [("Origin", "http://127.0.0.1:{port}")],
    "an image on a page": [("Host", "127.0.0.1:{port}"), ("Sec-Fetch-Site", "cross-site")],
    "a page of another port": [("Host", "127.0.0.1:{port}"), ("Sec-Fetch-Site", "same-site")],
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize(("method", "path"), ADMIN)
def test_the_admin_door_is_shut_to_web_pages(server, app, headers, method, path):
    app.notes.append("kept")
    port = str(urlsplit(server.url).port)
    sent = [(name, value.replace("{port}", port)) for name, value in headers]
    assert answer_to(server, method, path, sent) == 403
    assert app.clock.elapsed() < 30
    assert app.notes == ["kept"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "[::1]:{port}", "127.0.0.1", None]
)
def test_the_admin_door_is_open_to_this_machine(server, host):
    port = str(urlsplit(server.url).port)
    sent = [] if host is None else [("Host", host.replace("{port}", port))]
    assert answer_to(server, "GET", "/_sim/state", sent) == 200
    if host is not None:
        own = [*sent, ("Origin", f"http://{sent[0][1]}"), ("Sec-Fetch-Site", "same-origin")]
        assert answer_to(server, "GET", "/_sim/state", own) == 200
