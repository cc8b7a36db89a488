"""What a running migration says of itself, who works with a journal, and the page's door."""

import json
import os
import socket
import threading

import pytest
import requests
from migration.simulators import served

from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.outage import RATE_LIMIT, Wait
from helpdesk_bridge.migration.watch.at_work import at_work
from helpdesk_bridge.migration.watch.live import LiveState, live_file, read_live
from helpdesk_bridge.migration.watch.notify import Notice, Notifier, deliverer
from helpdesk_bridge.migration.watch.server import WatchServer

YES = Options(yes=True)


def watched(old, new, journal, **options):
    live, seen = LiveState(journal, "run"), []

    def progress(done):
        live.progress(done)
        seen.append(done)

    with Migration(
        old.desk, new.desk, journal, options=Options(yes=True, **options), progress=progress, waits=live.waits
    ) as migration:
        live.begin(migration)
        migration.run()
        live.write()
        during = read_live(journal), at_work(journal)
    live.close(exit_code=0, why="done")
    return during, seen


def test_the_live_state_tells_phases_budgets_and_calls_and_nothing_of_anybody(tmp_path):
    journal = tmp_path / "move.db"
    with served("deskie", 12) as old, served("desk365", 0) as new:
        (state, worker), _ = watched(old, new, journal)
        words = {ticket.subject for ticket in old.desk.tickets.list() if len(ticket.subject or "") > 3}
        addresses = {contact.emails[0] for contact in old.desk.contacts.list() if contact.emails}
    phases = {phase["name"]: phase for phase in state["phases"]}
    assert phases["tickets"]["done"] == phases["tickets"]["total"] == 12
    assert phases["contacts"]["done"] == phases["contacts"]["total"]
    assert state["sides"]["destination"]["limit"] == 100
    assert (
        state["sides"]["destination"]["units"]
        == new.simulator.requests.total - state["sides"]["destination"]["refused"]
    )
    assert state["calls"]
    assert (worker.pid, worker.host) == (os.getpid(), socket.gethostname())
    text = live_file(journal).read_text()
    assert not [word for word in words | addresses if word in text]
    assert oct(live_file(journal).stat().st_mode)[-3:] == "600"
    assert read_live(journal)["result"] == {"exit_code": 0, "why": "done"}
    assert at_work(journal) is None


def test_a_resumed_run_counts_the_migration_and_not_itself(tmp_path):
    journal = tmp_path / "move.db"
    with served("deskie", 12) as old, served("local", 0) as new:
        stopped = []

        def stop_early(done):
            if done.phase == "tickets" and done.done >= 5 and not stopped:
                stopped.append(done.done)
                migration.stop()

        with Migration(
            old.desk, new.desk, journal, options=Options(yes=True, workers=1), progress=stop_early
        ) as migration:
            with pytest.raises(Exception, match="run again"):
                migration.run()
            loaded = migration.journal.loaded()
        _, seen = watched(old, new, journal)
    assert loaded["tickets"] >= 5
    first = next(one for one in seen if one.phase == "tickets")
    assert (first.done, first.total) == (loaded["tickets"], 12)
    last = [one for one in seen if one.phase == "tickets"][-1]
    assert (last.done, last.total) == (12, 12)


def test_whoever_works_is_known_without_disturbing_them(tmp_path):
    journal = tmp_path / "move.db"
    assert at_work(journal) is None
    with served("local", 3) as old, served("deskie", 0) as new:
        with Migration(old.desk, new.desk, journal, options=YES):
            for _ in range(50):
                assert at_work(journal).pid == os.getpid()
        assert at_work(journal) is None
        with Migration(old.desk, new.desk, journal, options=YES):
            pass
    (tmp_path / "move.db.lock").write_text(json.dumps({"pid": 1, "host": "another-host"}))
    assert at_work(journal).host == "another-host"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 99}', "null", "x" * (2 << 20)])
def test_a_live_file_that_cannot_be_read_is_none(tmp_path, content):
    live_file(tmp_path / "move.db").write_text(content)
    assert read_live(tmp_path / "move.db") is None


@pytest.fixture
def page(tmp_path):
    journal = tmp_path / "move.db"
    with served("local", 3) as old, served("deskie", 0) as new:
        watched(old, new, journal)
    with WatchServer([journal, tmp_path / "missing.db"]) as server:
        yield server


def state(server, token=None, **headers):
    base = server.url.partition("#")[0]
    given = {} if token is None else {"Authorization": f"Bearer {token}"}
    return requests.get(f"{base}state", headers={**given, **headers}, timeout=10)


def test_the_page_shows_several_journals_to_who_has_the_token(page):
    answer = state(page, page.token)
    moved, missing = answer.json()["migrations"]
    assert moved["counts"]["tickets"]["planned"] == 3
    assert moved["live"]["result"]["exit_code"] == 0
    assert moved["at_work"] is None
    assert "does not exist" in missing["error"]
    html = requests.get(page.url.partition("#")[0], timeout=10)
    assert html.status_code == 200
    assert "default-src 'none'" in html.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        (None, {}, 401),
        ("wrong", {}, 401),
        ("", {"Host": "evil.example"}, 403),
        ("", {"Origin": "https://evil.example"}, 403),
        ("", {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_nobody_else_is_shown_anything(page, token, headers, status):
    answer = state(page, page.token if token == "" else token, **headers)
    assert answer.status_code == status
    assert "migrations" not in answer.text


def test_the_page_only_shows(page):
    base = page.url.partition("#")[0]
    headers = {"Authorization": f"Bearer {page.token}"}
    assert requests.post(f"{base}state", headers=headers, timeout=10).status_code == 405
    assert requests.get(f"{base}other", headers=headers, timeout=10).status_code == 404


def test_a_token_is_of_one_start(page, tmp_path):
    with WatchServer([tmp_path / "move.db"]) as other:
        assert other.token != page.token
        assert state(other, page.token).status_code == 401


def test_a_notice_reaches_a_url_and_a_mailbox(monkeypatch):
    import http.server

    got = []

    class Taken(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Taken) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        Notifier((deliverer(f"http://127.0.0.1:{server.server_port}/hook"),), "Migration move.db").tell(
            "ended", "it ended", 0
        )
        server.shutdown()
    assert got == [{"event": "ended", "migration": "Migration move.db", "text": "it ended", "exit_code": 0}]

    mails = []

    class Smtp:
        def __init__(self, host, port, timeout):
            mails.append((host, port))

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def has_extn(self, _):
            return False

        def send_message(self, message):
            mails.append((message["To"], message["Subject"], message.get_content().strip()))

    monkeypatch.setattr("smtplib.SMTP", Smtp)
    monkeypatch.setenv("HELPDESK_BRIDGE_SMTP", "smtp://mail.example:2525")
    deliverer("mailto:me@example.com")(Notice(event="outage", migration="Migration x", text="new does not answer"))
    assert mails == [("mail.example", 2525), ("me@example.com", "Migration x: outage", "new does not answer")]


@pytest.mark.parametrize(
    "target",
    ["ftp://x", "http://hooks.example/1", "mailto:", "mailto:a@b.example?cc=c@d.example", "nonsense", "https://"],
)
def test_a_target_that_is_none_is_refused_before_anything_is_sent(target):
    with pytest.raises(ConfigError, match="--notify"):
        deliverer(target)


def test_a_target_that_is_away_stops_nothing_and_keeps_its_address(caplog):
    Notifier((deliverer("https://127.0.0.1:9/secret-hook"),), "Migration x").tell("ended", "it ended", 0)
    assert "could not be delivered" in caplog.text
    assert "secret-hook" not in caplog.text


def test_an_outage_is_told_once_and_a_budget_never(monkeypatch):
    now, told = [0.0], []
    monkeypatch.setattr("helpdesk_bridge.migration.watch.notify.real_seconds", lambda: now[0])
    notifier = Notifier((told.append,), "Migration x")
    for _ in range(20):
        notifier.waits(Wait("new", 30.0, RATE_LIMIT))
        now[0] += 30
    assert told == []
    for _ in range(2):
        for _ in range(10):
            notifier.waits(Wait("new", 30.0, "HTTP 500"))
            now[0] += 30
        now[0] += 1000
    assert [notice.event for notice in told] == ["outage", "outage"]
