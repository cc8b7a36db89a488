"""``serve``: a process of its own that takes webhooks over real HTTP, from the vendor's simulator and from strangers."""

import json
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest
import requests

from helpdesk_bridge import connect, open_desk
from helpdesk_bridge.cli import webhook_server
from helpdesk_bridge.cli.app import run
from helpdesk_bridge.cli.webhook_server import WebhookServer
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.desk.webhook_receiver import WebhookReceiver
from helpdesk_bridge.http.origin import is_loopback
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_desk360.simulator import create

READ = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM messages').fetchone(); c.close()"
COMMAND = [sys.executable, "-m", "helpdesk_bridge.cli"]
SECRET = "canary-path-secret-0123456789abcdef"
TOKEN = "canary-webhook-token"
DIGITS = "905551112233"


def message(number, text="Hello"):
    fields = {"id": f"ABEG{number}", "from": DIGITS, "timestamp": "1630913975", "name": "Canary Name", "type": "text"}
    return {"messages": {**fields, "text": f"{text} {number}"}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HELPDESK_BRIDGE_CONFIG", raising=False)
    for name, value in (("HOOK_SECRET", SECRET), ("HOOK_TOKEN", TOKEN), ("SHORT", "short"), ("DESK_KEY", "made-up")):
        monkeypatch.setenv(name, value)
    return tmp_path


def configure(folder, **table):
    given = {"vendor": "desk360", "integration": 11, "api_key": "env:DESK_KEY", "inbox": "inbox.db", **table}
    lines = [f"{key} = {json.dumps(value)}" for key, value in given.items() if value is not None]
    (folder / "helpdesk.toml").write_text("\n".join(["[desks.whatsapp]", *lines]))


class Serving:
    """The command in a process; ``url`` is the address that the vendor is given."""

    def __init__(self, folder, *arguments, before=()):
        self._log = (folder / "stderr").open("w+b")
        self.process = subprocess.Popen(
            [*COMMAND, *before, "serve", "whatsapp", "--port", "0", *arguments],
            stdout=subprocess.PIPE, stderr=self._log, cwd=folder,
        )  # fmt: skip
        self.told = json.loads(self.process.stdout.readline())
        self.url = self.told["url"] + SECRET
        self.port = int(self.told["url"].rstrip("/").rpartition(":")[2])
        self.session = requests.Session()
        self.session.trust_env = False

    def post(self, document, url=None, **more):
        return self.session.post(url or self.url, json=document, timeout=20, **more).status_code

    def stop(self, number=signal.SIGTERM):
        """Send a signal; return the exit code, the rest of stdout, and stderr."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self):
        code = self.process.wait(30)
        self._log.seek(0)
        return code, self.process.stdout.read().decode(), self._log.read().decode()

    def close(self):
        self.session.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self._log.close()


@contextmanager
def serving(folder, *arguments, **more):
    with closing(Serving(folder, *(arguments or ("--path-secret", "env:HOOK_SECRET")), **more)) as server:
        yield server


def stored(folder):
    with connect("whatsapp", folder / "helpdesk.toml") as desk:
        assert desk.webhooks.inbox.store.problems() == ()
        return {one.id for ticket in desk.tickets.list() for one in desk.messages.list(ticket.id)}


def test_what_the_simulated_vendor_sends_stands_in_the_inbox_and_nothing_of_it_in_any_output(
    folder, capsys, monkeypatch
):
    # One that is merely found takes no secret by reference to a simulator on this machine.
    monkeypatch.setenv("HELPDESK_BRIDGE_CONFIG", "helpdesk.toml")
    with ExitStack() as stack:
        simulator = stack.enter_context(SimulatorServer(create(generate(0))))
        configure(
            folder,
            **simulator.app.connection,
            base_url=simulator.url,
            webhook_token="env:HOOK_TOKEN",
            check_window=False,
        )
        server = stack.enter_context(serving(folder, "--path-secret", "env:HOOK_SECRET", before=("--debug",)))
        assert server.told == {
            "desk": "whatsapp",
            "vendor": "desk360",
            "account": "11",
            "url": f"http://127.0.0.1:{server.port}/",
        }

        def sim(path, **body):
            answer = server.session.post(f"{simulator.url}/_sim/{path}", json=body, timeout=20)
            assert answer.status_code in (200, 201), answer.text
            return answer.json()

        sim("webhooks", integration=11, url=server.url, token=TOKEN, token_place="x-webhook-token")
        for kind in ("text", "location", "contacts", "image", "document", "button", "reaction"):
            sim("inbound", kind=kind, text=f"canary {kind}", **{"from": DIGITS}, copies=2)
        for held in range(3):
            sim("inbound", text=f"held {held}", **{"from": DIGITS}, timestamp=1630913975 + held, hold=True)
        sim("release", newest_first=True)
        sim("payloads", payload={"calls": [{"id": "canary"}]})
        stranger = server.post(message(1), url=server.told["url"] + "canary-path-secret")
        with connect("whatsapp", folder / "helpdesk.toml") as desk:
            sent = desk.vendor_api.send_text(f"+{DIGITS}", "canary reply")
            for state in ("read", "delivered", "read"):
                sim("statuses", id=sent.ids[0], status=state)
            assert desk.vendor_api.delivery(sent.ids[0]) == "read"
            (ticket,) = desk.tickets.list()
            thread = [one.body.text for one in desk.messages.list(ticket.id)]
            assert thread[:3] == ["held 0", "held 1", "held 2"]
            assert sorted(thread[3:]) == sorted(
                [
                    "canary text",
                    "Main Street Beach - Main Street Beach, Santa Cruz, CA, latitude: 38.9806263495, longitude: -131.9428612257",
                    "Kerry Fisher\n+1 (650) 555-1234\nkfish@fb.com",
                    "",
                    "",
                    "Button 1",
                    "[reaction]",
                    "canary reply",
                ]
            )
            assert desk.vendor_api.unread_webhooks() == ({"calls": [{"id": "canary"}]},)
        webhooks = server.session.get(f"{simulator.url}/_sim/webhooks", timeout=20).json()["webhooks"]
        assert {one["outcome"] for one in webhooks} == {"200"}
        code, out, err = server.stop()
    assert (code, out, stranger) == (0, "", 404)
    assert "requests answered: 21 with 200, 1 with 404; new events: 12" in err
    assert "webhook was answered with 200" in err
    for word in ("canary", DIGITS, SECRET, "Kerry"):
        assert word not in err
    assert run(["tickets", "list", "whatsapp", "--json"]) == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == [DIGITS]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_loses_nothing_that_was_answered_with_200(folder, number):
    configure(folder)
    with serving(folder) as server:
        answered, many = [], threading.Event()

        def send(worker):
            for count in range(1000):
                try:
                    status = requests.post(server.url, json=message(f"{worker}-{count}"), timeout=20).status_code
                except requests.ConnectionError:
                    return
                answered.append((f"ABEG{worker}-{count}", status))
                if len(answered) >= 24:
                    many.set()

        workers = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
        for worker in workers:
            worker.start()
        assert many.wait(60)
        # Whoever lists tickets meanwhile must not take the inbox's journal away.
        subprocess.run([sys.executable, "-c", READ, str(folder / "inbox.db")], check=True)
        later = len(answered) + 24
        while len(answered) < later:
            many.clear()
            assert many.wait(60)
        code, out, err = server.stop(number)
        for worker in workers:
            worker.join()
    assert (code, out) == (0, "")
    assert "Traceback" not in err
    assert {status for _, status in answered} == {200}
    assert {one for one, _ in answered} <= stored(folder)
    assert len(stored(folder)) < 4000


def half_sent(server):
    """Open a connection and send a request but for its last byte, which is returned."""
    body = json.dumps(message(1)).encode()
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    head = f"POST /{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    connection.sendall(head.encode())
    assert connection.recv(100).startswith(b"HTTP/1.1 100")
    connection.sendall(body[:-1])
    return connection, body[-1:]


def until_it_listens_no_more(server):
    while True:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=20).close()
        except ConnectionRefusedError:
            return


def stopping_is_said(folder):
    while "stopping after the calls in flight" not in (folder / "stderr").read_text():
        pass


def test_what_is_in_flight_at_a_signal_is_answered_and_stored(folder):
    configure(folder)
    with serving(folder) as server:
        connection, rest = half_sent(server)
        with connection:
            server.process.send_signal(signal.SIGTERM)
            stopping_is_said(folder)
            connection.sendall(rest)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        assert server.ended()[0] == 0
    assert stored(folder) == {"ABEG1"}


def test_the_second_signal_ends_at_once(folder):
    configure(folder)
    with serving(folder) as server:
        connection, _ = half_sent(server)
        with connection:
            server.process.send_signal(signal.SIGTERM)
            stopping_is_said(folder)
            assert server.stop(signal.SIGINT)[0] == 130
    assert stored(folder) == set()


NOTHING = dict.fromkeys(("integration", "api_key", "inbox"))


@pytest.mark.parametrize(
    ("table", "reference", "code", "says"),
    [
        ({**NOTHING, "vendor": "local", "path": "x.db"}, "env:HOOK_SECRET", 2, "sends no webhooks"),
        ({"inbox": None}, "env:HOOK_SECRET", 2, "set inbox = PATH"),
        ({}, None, 2, "webhook_token"),
        ({}, "env:SHORT", 2, "at least 16"),
        ({}, "env:NOT_SET_ANYWHERE", 2, "NOT_SET_ANYWHERE is not set"),
        ({}, "file:nowhere", 2, "cannot be read"),
        ({}, "file:helpdesk.toml", 2, "can be read by others"),
        ({"inbox": "helpdesk.toml"}, "env:HOOK_SECRET", 4, "helpdesk.toml"),
        ({"inbox": "nowhere/inbox.db"}, "env:HOOK_SECRET", 4, "nowhere"),
    ],
)
def test_what_cannot_be_served_is_told_before_anything_listens(folder, capsys, table, reference, code, says):
    configure(folder, **table)
    (folder / "helpdesk.toml").chmod(0o644)
    found = run(["serve", "whatsapp", "--port", "0", *(["--path-secret", reference] if reference else [])])
    out, err = capsys.readouterr()
    assert (found, out) == (code, "")
    assert says in err
    assert SECRET not in err
    assert "Traceback" not in err


def test_events_of_a_vendor_that_needs_no_inbox_are_printed_as_they_come(folder):
    table = {"vendor": "deskie", "account": "robotsrule", "staff_email": "bot@robotsrule.example"}
    configure(folder, **table, integration=None, inbox=None)
    with serving(folder) as server:
        told = {"type": "message_new", "object": {"message_id": 7, "case_id": 5, "content": "Good day", "note": False}}
        assert server.post(told) == 200
        assert server.post({"what": "ever"}) == 200
        assert server.post(told, url=server.told["url"] + "x") == 404
        code, out, err = server.stop()
    first, second = (json.loads(line) for line in out.splitlines())
    assert (code, first["event"], first["ticket"], first["text"]) == (
        0,
        "AgentAnswered",
        "deskie:robotsrule/ticket/5",
        "Good day",
    )
    assert second["event"] == "UnknownEvent"
    assert second["raw"] == {"what": "ever"}
    assert "Good day" not in err


@pytest.mark.filterwarnings("default")
def test_a_secret_on_the_command_line_is_taken_with_a_warning(folder, capsys):
    configure(folder, inbox=None)
    assert run(["serve", "whatsapp", "--port", "0", "--path-secret", SECRET]) == 2
    err = capsys.readouterr().err
    assert "--path-secret holds a secret as it is" in err
    assert SECRET not in err


def test_a_port_that_is_taken_is_a_usage_error(folder, capsys):
    configure(folder)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["serve", "whatsapp", "--port", str(port), "--path-secret", "env:HOOK_SECRET"]) == 2
    assert f"cannot listen on 127.0.0.1, port {port}" in capsys.readouterr().err


@pytest.fixture
def here():
    table = {"vendor": "desk360", "integration": 11, "api_key": "k", "inbox": ":memory:"}
    with open_desk(table) as desk:
        server = WebhookServer(WebhookReceiver(desk, [SECRET]), "127.0.0.1", 0)
        yield server, server.start(), desk
        server.stop()


def address(url):
    return "127.0.0.1", int(url.rstrip("/").rpartition(":")[2])


def test_a_client_that_stops_sending_is_told_so_and_let_go(here, monkeypatch):
    server, url, desk = here
    monkeypatch.setattr(webhook_server, "REQUEST_SECONDS", 0.05)
    with socket.create_connection(address(url), timeout=20) as connection:
        connection.sendall(f"POST /{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n".encode() + b'{"mess')
        assert connection.recv(4096).startswith(b"HTTP/1.1 408")
    assert list(desk.tickets.list()) == []
    server.stop()
    server.stop()


BODY = f"POST /{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n".encode()
CHUNKS = f"POST /{SECRET} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n".encode()
DRIPS = {
    "nothing": (b"", b""),
    "the request line": (b"POST /", b"x"),
    "a header": (b"POST / HTTP/1.1\r\nX: ", b"y"),
    "headers": (b"POST / HTTP/1.1\r\n", b"X: y\r\n"),
    "a body": (BODY, b" "),
    "a body of a stranger": (BODY.replace(b"canary", b"guess!"), b" "),
    "chunks": (CHUNKS, b" "),
}


class Dripping:
    """Connections over which bytes come one at a time, from one of the addresses of this machine each in turn."""

    def __init__(self, url, count, head, drop, sources=("127.0.0.1",)):
        self._drop, self._stopped = drop, threading.Event()
        self.connections = []
        for number in range(count):
            source = (sources[number % len(sources)], 0)
            connection = socket.create_connection(address(url), timeout=20, source_address=source)
            connection.sendall(head)
            self.connections.append(connection)
        self._thread = threading.Thread(target=self._drip)
        self._thread.start()

    def _drip(self):
        while not self._stopped.wait(0.02):
            for connection in self.connections:
                with suppress(OSError):  # hung up on, which is what the tests wait for
                    connection.sendall(self._drop)

    def until_all_are_let_go(self):
        for connection in self.connections:
            with suppress(ConnectionError):
                while connection.recv(4096):
                    pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._thread.join()
        for connection in self.connections:
            connection.close()


@pytest.mark.parametrize("drip", DRIPS)
def test_forty_dripping_connections_keep_no_webhook_out(here, drip):
    _, url, desk = here
    with Dripping(url, 40, *DRIPS[drip]):
        for number in range(5):
            assert requests.post(url + SECRET, json=message(number), timeout=5).status_code == 200
    (ticket,) = desk.tickets.list()
    assert len(list(desk.messages.list(ticket.id))) == 5


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")
def test_many_addresses_that_drip_keep_no_webhook_out(here, monkeypatch):
    _, url, _ = here
    monkeypatch.setattr(webhook_server, "MOST_AT_ONCE", 24)
    sources = [f"127.0.0.{number}" for number in range(2, 42)]
    with Dripping(url, 120, *DRIPS["a body"], sources=sources):
        for number in range(5):
            assert requests.post(url + SECRET, json=message(number), timeout=5).status_code == 200


@pytest.mark.parametrize("drip", DRIPS)
def test_a_request_has_a_deadline_as_a_whole(here, monkeypatch, drip):
    _, url, _ = here
    monkeypatch.setattr(webhook_server, "REQUEST_SECONDS", 0.2)
    with Dripping(url, 3, *DRIPS[drip]) as dripping:
        dripping.until_all_are_let_go()
    assert requests.post(url + SECRET, json=message(1), timeout=20).status_code == 200


def test_what_is_being_answered_is_never_hung_up_on_and_one_too_many_is_told_to_come_back(here, monkeypatch):
    server, url, desk = here
    monkeypatch.setattr(webhook_server, "MOST_OF_AN_ADDRESS", 2)
    entered, go_on = threading.Semaphore(0), threading.Event()
    receive = desk.webhooks.receive

    def slow(*args):
        entered.release()
        assert go_on.wait(20)
        return receive(*args)

    receiver = server._app
    monkeypatch.setattr(receiver, "_receive", slow)
    answers = []
    busy = [threading.Thread(target=lambda number=number: answers.append(requests.post(url + SECRET, json=message(number), timeout=20).status_code)) for number in range(2)]  # fmt: skip
    for one in busy:
        one.start()
        assert entered.acquire(timeout=20)
    refused = requests.post(url + SECRET, json=message(9), timeout=20)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
    go_on.set()
    for one in busy:
        one.join()
    assert answers == [200, 200]
    assert requests.post(url + SECRET, json=message(9), timeout=20).status_code == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET\r\n\r\n",
        f"GET /{SECRET} HTTP/9.9\r\n\r\n".encode(),
        b"POST / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"POST /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_http_is_never_logged_and_harms_nobody(here, request_bytes, caplog, capfd):
    _, url, _ = here
    with socket.create_connection(("127.0.0.1", int(url.rstrip("/").rpartition(":")[2])), timeout=20) as connection:
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert requests.post(url + SECRET, json=message(1), timeout=20).status_code == 200
    assert capfd.readouterr() == ("", "")
    assert SECRET not in caplog.text


def test_a_request_split_over_chunks_is_taken(here):
    _, url, desk = here
    pieces = iter([json.dumps(message(1))[:20].encode(), json.dumps(message(1))[20:].encode()])
    assert requests.post(url + SECRET, data=pieces, timeout=20).status_code == 200
    assert [ticket.id for ticket in desk.tickets.list()] == [DIGITS]


def test_it_listens_on_ipv6_as_well_and_tells_what_stays_here(here):
    _, _, desk = here
    server = WebhookServer(WebhookReceiver(desk, [SECRET]), "::1", 0)
    try:
        url = server.start()
    except OSError:
        pytest.skip("no IPv6 here")
    try:
        assert url.startswith("http://[::1]:")
        assert requests.get(url + SECRET, timeout=20).status_code == 200
    finally:
        server.stop()
    hosts = ("127.0.0.1", "::1", "localhost", "192.0.2.1", "::", "hooks.example")
    assert [is_loopback(one) for one in hosts] == [True, True, True, False, False, False]
