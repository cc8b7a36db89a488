from __future__ import annotations

import json
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests
from werkzeug.test import Client

from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.testing.simulator import (
    Fault,
    FaultError,
    Reply,
    SimulatorClock,
    SimulatorServer,
    mock_simulator,
)

ORIGIN = "https://robotsrule.deskie.io"
FRONTS = ["server", "in process"]


@pytest.fixture(params=FRONTS)
def origin(request, app):
    if request.param == "server":
        with SimulatorServer(app) as server:
            yield server.url
    else:
        with mock_simulator(app, ORIGIN):
            yield ORIGIN


def post(http, origin, note="x"):
    return http.post(origin + "/notes.json", json={"note": note}, timeout=10)


def test_a_fault_strikes_its_operation_as_often_as_asked(origin, app, http):
    app.faults.inject("server_error", on="create_note", times=2, after=1)
    assert http.get(origin + "/notes.json").status_code == 200
    assert [post(http, origin).status_code for _ in range(4)] == [201, 503, 503, 201]
    assert len(app.notes) == 2
    assert app.faults.describe() == []


@pytest.mark.parametrize(
    ("on", "struck"),
    [
        (None, True), ("list_notes", True), ("create_note", False), ("/notes.json", True), ("/notes*", True),
        ("GET /notes*", True), ("POST /notes*", False), ("/old/*", False),
    ],
)  # fmt: skip
def test_a_fault_goes_by_operation_path_or_method_and_path(app, on, struck):
    app.faults.inject("server_error", on=on)
    assert (Client(app).get("/notes.json").status_code == 503) is struck


@pytest.mark.parametrize(
    ("record", "struck"),
    [("7", ["/notes/7.json"]), ("Broken", ["Broken door"]), ("Grüße aus", ["Grüße aus Bonn"]), ("roken", [])],
)
def test_a_fault_of_one_record_leaves_the_others_alone(app, record, struck):
    app.notes = [str(number) for number in range(80)]
    app.faults.inject("refused", times=None, record=record, status=403)
    client = Client(app)
    refused = [path for path in ("/notes/7.json", "/notes/77.json") if client.get(path).status_code == 403]
    for note in ("Broken door", "Grüße aus Bonn", "Mended"):
        for kind in ("json", "data"):
            answer = client.post("/notes.json", **{kind: {"note": note}})
            refused += [note] if answer.status_code == 403 and kind == "json" else []
            assert (answer.status_code == 403) is (note in struck)
    assert refused == struck
    assert len(app.notes) == 80 + 2 * (3 - len([one for one in struck if "/" not in one]))


@pytest.mark.parametrize("record", ["", " ", 7])
def test_a_record_that_names_nothing_is_told(app, record):
    with pytest.raises(FaultError, match="record is the text of an id"):
        app.faults.inject("refused", record=record)


@pytest.mark.parametrize("status", [0, 99, 600])
def test_a_status_that_is_none_is_told(app, status):
    with pytest.raises(FaultError, match="an HTTP status from 100 to 599"):
        app.faults.inject("refused", status=status)


def test_another_date_is_sent_and_nothing_else_changes(origin, app, http):
    def date_of(**options):
        with app.faults.inject("other_date", **options):
            answer = http.get(origin + "/notes.json")
        assert (answer.status_code, answer.json()) == (200, [])
        return answer.headers.get("Date")

    now = app.clock.now()
    for seconds in (7200, -7200, 172_800, -172_800):
        off = parsedate_to_datetime(date_of(seconds=seconds)) - now - timedelta(seconds=seconds)
        assert abs(off) < timedelta(minutes=1)
    assert date_of(date="tomorrow") == "tomorrow"
    assert date_of(date="") is None


def test_a_late_answer_is_given_up_on_and_what_was_asked_happens_after_all(app, http):
    app.faults.inject("late_answer", on="create_note", seconds=120)
    with SimulatorServer(app) as server:
        with pytest.raises(requests.ReadTimeout):
            http.post(server.url + "/notes.json", json={"note": "x"}, timeout=0.2)
        assert http.get(server.url + "/notes.json", timeout=10).json() == []
        app.clock.advance(120)
        assert http.get(server.url + "/notes.json", timeout=10).json() == ["x"]
    assert app.requests[0].status == 0


def test_a_late_answer_comes_to_who_waits_for_it(simulator_class, http):
    app = simulator_class(Dataset(), clock=SimulatorClock(time_scale=600.0))
    app.faults.inject("late_answer", on="create_note", seconds=120)
    with SimulatorServer(app) as server:
        answer = http.post(server.url + "/notes.json", json={"note": "x"}, timeout=10)
        assert (answer.status_code, answer.json()["id"]) == (201, 1)
        assert app.clock.elapsed() >= 120


def test_what_is_carried_out_late_has_the_time_at_which_it_was_due(app):
    due = app.clock.now() + timedelta(seconds=5)
    stamps = []
    app._handlers = {**app._handlers, "create_note": lambda _: stamps.append(app.clock.now()) or Reply(201)}
    app.faults.inject("late_commit", on="create_note", seconds=5)
    with mock_simulator(app, ORIGIN), pytest.raises(requests.ConnectionError):
        requests.post(ORIGIN + "/notes.json", json={"note": "x"}, timeout=10)
    app.clock.advance(3600)
    app.commit_due()
    assert abs(stamps[0] - due) < timedelta(seconds=5)


def test_every_and_probability_choose_among_requests_repeatably(app):
    app.faults.inject("server_error", times=None, every=3)
    client = Client(app)
    assert [client.get("/notes.json").status_code for _ in range(6)] == [200, 200, 503, 200, 200, 503]
    runs = []
    for _ in range(2):
        app.faults.clear()
        app.faults.inject("server_error", times=None, probability=0.5, seed=4)
        runs.append([client.get("/notes.json").status_code for _ in range(40)])
    assert runs[0] == runs[1]
    assert {200, 503} == set(runs[0])


def test_an_injection_ends_with_its_block_and_counts_its_hits(app):
    client = Client(app)
    with app.faults.inject("server_error", times=None) as injection:
        assert client.get("/notes.json").status_code == 503
    assert injection.hits == 1
    assert client.get("/notes.json").status_code == 200


@pytest.mark.parametrize("retry_after", [None, "garbage", 99_999_999, "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_rate_limited_sends_any_retry_after_and_processes_nothing(origin, app, http, retry_after):
    app.faults.inject("rate_limited", retry_after=retry_after)
    answer = post(http, origin)
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == (None if retry_after is None else str(retry_after))
    assert app.notes == []


def test_what_the_vendor_refuses_does_not_spend_a_fault(app):
    app.refuse_with = 401
    app.faults.inject("server_error")
    client = Client(app)
    assert client.get("/notes.json").status_code == 401
    app.refuse_with = None
    assert client.get("/notes.json").status_code == 503


@pytest.mark.parametrize("kind", ["response_lost", "connection_reset", "late_commit"])
def test_a_broken_connection_is_a_connection_error_on_both_fronts(origin, app, http, kind):
    app.faults.inject(kind, on="create_note")
    with pytest.raises(requests.exceptions.ConnectionError):
        post(http, origin)
    assert app.notes == (["x"] if kind == "response_lost" else [])
    assert app.requests[-1].status == 0
    assert http.get(origin + "/notes.json").status_code == 200


def test_a_late_commit_is_processed_once_its_vendor_seconds_are_over(origin, app, http):
    app.faults.inject("late_commit", on="create_note", seconds=30)
    with pytest.raises(requests.exceptions.ConnectionError):
        post(http, origin, "late")
    app.clock.advance(29)
    assert http.get(origin + "/notes.json").json() == []
    app.clock.advance(1)
    assert http.get(origin + "/notes.json").json() == ["late"]
    assert http.get(origin + "/notes.json").json() == ["late"]


@pytest.mark.parametrize(("kind", "notes"), [("hang", []), ("read_timeout", ["x"])])
def test_silence_ends_in_a_read_timeout(origin, app, http, kind, notes):
    app.faults.inject(kind, on="create_note")
    with pytest.raises(requests.exceptions.ReadTimeout):
        http.post(origin + "/notes.json", json={"note": "x"}, timeout=0.5)
    assert app.notes == notes
    assert http.get(origin + "/notes.json", timeout=10).status_code == 200


def test_silence_that_is_over_is_a_lost_connection(app, http):
    app.faults.inject("hang", seconds=0.05)
    with SimulatorServer(app) as server, pytest.raises(requests.exceptions.ConnectionError):
        http.get(server.url + "/notes.json", timeout=10)


def test_a_truncated_answer_is_shorter_than_announced(origin, app, http):
    app.notes = ["a long enough note"]
    app.faults.inject("truncated")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        http.get(origin + "/notes.json")
    assert http.get(origin + "/notes.json").json() == ["a long enough note"]


def test_a_slow_drip_sends_byte_by_byte(app, http):
    with SimulatorServer(app) as server:
        app.faults.inject("slow_drip", seconds=0.001)
        with http.get(server.url + "/notes.json", stream=True) as answer:
            assert b"".join(answer.iter_content(1)) == b"[]"
        assert http.get(server.url + "/notes.json").json() == []
        app.faults.inject("slow_drip", seconds=60)
        with http.get(server.url + "/notes.json", stream=True, timeout=10) as answer:
            assert answer.raw.read(1) == b"["


@pytest.mark.parametrize("processed", [False, True])
@pytest.mark.parametrize("kind", ["html_page", "server_error"])
def test_a_failure_may_come_before_or_after_the_write(origin, app, http, kind, processed):
    app.faults.inject(kind, status=502, processed=processed)
    answer = post(http, origin)
    assert answer.status_code == 502
    assert ("<html>" in answer.text) is (kind == "html_page")
    assert ("api_calls_left" in answer.headers) is (kind == "server_error")
    assert app.notes == (["x"] if processed else [])


def test_damaged_answers(origin, app, http):
    app.notes = ["note"]
    app.faults.inject("malformed_json")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        http.get(origin + "/notes.json").json()
    app.faults.inject("empty")
    assert http.get(origin + "/notes.json").content == b""
    app.faults.inject("gzip_bomb", size=3_000_000)
    bomb = http.get(origin + "/notes.json")
    assert len(bomb.content) == 3_000_000 > 100 * int(bomb.headers["Content-Length"])
    app.faults.inject("token_expired")
    assert http.get(origin + "/notes.json").status_code == 401


def test_foreign_redirect_and_foreign_next_link_lead_elsewhere(origin, app, http):
    app.faults.inject("foreign_redirect", location="https://evil.invalid/")
    redirected = http.get(origin + "/notes.json", allow_redirects=False)
    assert (redirected.status_code, redirected.headers["Location"]) == (302, "https://evil.invalid/")
    app.faults.inject("foreign_next_link", location="https://evil.invalid/notes.json")
    assert http.get(origin + "/notes.json").links["next"]["url"] == "https://evil.invalid/notes.json?page=2"


def test_duplicate_page_repeats_the_operations_previous_answer(app):
    client = Client(app)
    client.get("/notes.json")
    app.notes.append("new")
    app.faults.inject("duplicate_page", on="list_notes")
    assert client.get("/notes.json").json == []
    assert client.get("/notes.json").json == ["new"]


def test_a_vendors_own_fault_reaches_its_handler(app):
    app.notes = ["x"]
    app.faults.inject("stale_search")
    client = Client(app)
    assert client.get("/notes.json").json == []
    assert client.get("/notes.json").json == ["x"]


def test_faults_that_cannot_be_acted_out_are_refused(app):
    for wrong in ({"kind": "earthquake"}, {"kind": "hang", "every": 0}, {"kind": "hang", "color": "red"}):
        with pytest.raises(FaultError):
            app.faults.inject(**{"fault": wrong.pop("kind"), **wrong})
    assert app.faults.inject(Fault("hang")).fault.seconds == 60.0


def test_faults_are_injected_listed_and_ended_over_http(app):
    client = Client(app)
    made = client.post("/_sim/faults", json={"kind": "server_error", "status": 500, "times": 5})
    assert made.status_code == 201
    assert client.get("/notes.json").status_code == 500
    listed = client.get("/_sim/faults").json
    assert (listed["faults"][0]["hits"], "stale_search" in listed["kinds"]) == (1, True)
    assert client.delete("/_sim/faults").status_code == 204
    assert client.get("/notes.json").status_code == 200
    refused = client.post("/_sim/faults", data=json.dumps({"kind": "?"}), content_type="application/json")
    assert refused.status_code == 400
