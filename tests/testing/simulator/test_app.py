from __future__ import annotations

import base64
import io
import json
import logging

import pytest
from werkzeug.test import Client

from helpdesk_bridge.config import registry
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import RequestLog, RouteInfo, SettingError
from helpdesk_bridge.testing.simulator.app import Reply, route


@pytest.fixture
def client(app):
    return Client(app)


def test_a_handler_gets_its_path_arguments_and_answers(client):
    assert client.post("/notes.json", json={"note": "ä"}).json == {"id": 1, "files": []}
    shown = client.get("/notes/1.json")
    assert (shown.json, shown.status_code, shown.headers["Content-Type"]) == ("ä", 200, "application/json")


def test_stacked_rules_reach_the_same_handler(client, app):
    assert client.get("/old/notes.json").json == client.get("/notes.json").json == []
    assert [record.operation for record in app.requests] == ["list_notes", "list_notes"]


def test_unknown_path_is_404_and_known_path_with_another_method_is_405_with_allow(client):
    assert client.get("/nothing").status_code == 404
    refused = client.put("/notes.json")
    assert refused.status_code == 405
    assert refused.headers["Allow"] == "GET, HEAD, POST"
    assert client.open("/notes.json", method="BREW").status_code == 405


def test_a_number_that_no_server_can_hold_is_404(client):
    assert client.get(f"/notes/{'9' * 5000}.json").status_code == 404


def test_head_has_the_length_but_no_body_and_can_be_a_method_of_its_own(client, simulator_class):
    head = client.head("/notes.json")
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", "2")

    class Strict(simulator_class):
        HEAD_AS_GET = False

    refused = Client(Strict(Dataset())).head("/notes.json")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, POST")


def test_a_trailing_slash_is_another_path_unless_the_vendor_says_otherwise(client, simulator_class):
    assert client.get("/notes.json/").status_code == 404

    class Lenient(simulator_class):
        STRICT_SLASHES = False

    assert Client(Lenient(Dataset())).get("/notes.json/").status_code == 200


def test_before_sees_what_routing_found_and_its_refusal_still_passes_finish(client, app):
    seen = []
    app.before = lambda call: seen.append((call.matched and call.matched.operation, call.allowed_methods))
    client.get("/notes.json")
    client.put("/notes.json")
    client.get("/nothing")
    assert seen == [("list_notes", ("GET",)), (None, ("GET", "HEAD", "POST")), (None, ())]
    del app.before
    app.refuse_with = 401
    refused = client.get("/nothing")
    assert (refused.status_code, refused.headers["api_calls_left"]) == (401, "7")


@pytest.mark.parametrize("path", ["/notes.json", "/nothing", "/notes/99.json"])
def test_finish_sees_every_answer(client, path, caplog):
    caplog.set_level(logging.CRITICAL)
    assert client.get(path).headers["api_calls_left"] == "7"


def test_a_failing_handler_is_a_logged_500_and_the_simulator_lives_on(client, caplog):
    assert client.get("/notes/99.json").status_code == 500
    assert "show_note" in caplog.text
    assert client.get("/notes.json").status_code == 200


def test_refused_ends_a_handler_with_its_answer(client, app):
    assert client.post("/notes.json", json={}).status_code == 422
    assert app.notes == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"note": NaN}', "application/json", 400),
        (b'{"note": "\\ud800"}', "application/json", 400),
        (b"\xff\xfe\x00", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[1]", "application/json", 400),
        (b"<note/>", "text/xml", 415),
        (b"x", "multipart/form-data", 400),
        (b"x", "multipart/form-data; boundary=b", 400),
        (b"x" * ((1 << 20) + 1), "application/json", 413),
    ],
)
def test_unreadable_bodies_are_refused_before_anything_is_written(client, app, body, content_type, status):
    refused = client.post("/notes.json", data=body, content_type=content_type)
    assert refused.status_code == status
    assert app.notes == []
    assert refused.headers["api_calls_left"] == "7"


@pytest.mark.parametrize("length", ["-1", "abc", "1_0", "\u0661"])
def test_a_content_length_that_is_no_number_is_400(app, length):
    answer = Client(app).open("/notes.json", method="POST", environ_overrides={"CONTENT_LENGTH": length})
    assert answer.status_code == 400
    assert answer.headers["Connection"] == "close"


def test_json_forms_and_multipart_give_the_same_object(client, app):
    client.post("/notes.json", json={"note": {"labels": ["1", "2"]}})
    client.post(
        "/notes.json", data="note[labels][]=1&note[labels][]=2", content_type="application/x-www-form-urlencoded"
    )
    file = (io.BytesIO(b"x"), "şubat №5.txt")
    answer = client.post("/notes.json", data={"note[labels][0]": "1", "note[labels][1]": "2", "attachments[0]": file})
    assert app.notes == [{"labels": ["1", "2"]}] * 3
    assert answer.json["files"] == ["şubat №5.txt"]


def test_an_empty_body_and_phps_empty_array_are_empty_objects(client):
    assert client.post("/notes.json").status_code == 422
    assert client.post("/notes.json", data="[]", content_type="application/json").status_code == 422


def test_switches_are_coerced_from_text_and_unknown_ones_name_the_known(simulator_class):
    app = simulator_class(Dataset(), settings={"loud": "yes", "most": "12", "style": "fancy"})
    assert (app.flag("loud"), app.number("most"), app.choice("style")) == (True, 12, "fancy")
    with pytest.raises(SettingError, match=r"'quiet'.*loud, most, style"):
        simulator_class(Dataset(), settings={"quiet": True})
    for name, value in (("loud", "perhaps"), ("most", "many"), ("style", "baroque")):
        with pytest.raises(SettingError, match=name):
            simulator_class(Dataset(), settings={name: value})


def test_routes_tell_their_provenance_and_leave_the_admin_door_out(simulator_class):
    routes = simulator_class.routes()
    assert len(routes) == 5
    listing = next(info for info in routes if info.rule == "/notes.json" and info.method == "GET")
    assert listing == RouteInfo("GET", "/notes.json", "documented", 'Notes API, "List"', "list_notes")


class Labels:
    def __init__(self, labels):
        self.labels = labels

    @route("GET", "/labels.json")
    def list_labels(self, _call):
        return Reply.json(self.labels)

    @route("POST", "/labels.json")
    def create_label(self, call):
        self.labels.append(call.body_tree["label"])
        return Reply.json(self.labels, 201)


def with_labels(simulator_class, *groups):
    class WithGroups(simulator_class):
        ROUTE_GROUPS = groups

        def load(self, dataset):
            super().load(dataset)
            self.register(Labels(["seeded"]))

    return WithGroups


def test_route_groups_answer_besides_the_application_and_a_reset_makes_them_anew(simulator_class):
    cls = with_labels(simulator_class, Labels)
    app = cls(Dataset())
    client = Client(app)
    assert len(cls.routes()) == len(simulator_class.routes()) + 2
    assert client.get("/notes.json").json == []
    assert client.post("/labels.json", json={"label": "new"}).json == ["seeded", "new"]
    assert [record.operation for record in app.requests] == ["list_notes", "create_label"]
    app.reset()
    assert client.get("/labels.json").json == ["seeded"]


def test_a_route_group_that_is_not_declared_and_a_handler_of_two_groups_are_refused(simulator_class):
    with pytest.raises(TypeError, match="ROUTE_GROUPS"):
        with_labels(simulator_class)(Dataset())

    class Same(Labels):
        pass

    with pytest.raises(TypeError, match="create_label, list_labels"):
        with_labels(simulator_class, Labels, Same).routes()


def test_requests_are_recorded_with_bodies_and_headers_but_not_shown_in_their_repr(client, app):
    client.post("/notes.json?a=1", json={"note": "secret text"}, headers={"Authorization": "secret key"})
    record = app.requests[-1]
    assert (record.method, record.path, record.query, record.status) == ("POST", "/notes.json", "a=1", 201)
    assert b"secret text" in record.body
    assert record.headers["authorization"] == "secret key"
    assert "secret" not in repr(record)


def test_the_admin_door_is_neither_refused_nor_recorded(client, app):
    app.refuse_with = 401
    assert client.get("/_sim/state").json["records"] == {"notes": 0}
    client.get("/notes.json")
    listed = client.get("/_sim/requests").json
    assert listed["total"] == 1
    assert listed["requests"] == [
        {"method": "GET", "path": "/notes.json", "query": "", "status": 401, "operation": "list_notes"}
    ]
    assert client.get("/_sim/requests?limit=0").json["requests"] == []
    assert client.delete("/_sim/requests").status_code == 204
    assert client.get("/_sim/state").json["requests"] == 0


def test_requests_can_be_read_whole_from_any_language_but_for_credentials(client, app):
    client.post("/notes.json?a=1", json={"note": "Grüße"}, headers={"Authorization": "a real key"})
    client.post("/notes.json", data=b"\xff\x00", content_type="application/octet-stream")
    client.get("/notes.json")
    listed = client.get("/_sim/requests?bodies=true&operation=create_note").json
    assert listed["total"] == 3
    text, binary = listed["requests"]
    assert json.loads(text["body"]) == {"note": "Grüße"}
    assert text["headers"]["content-type"] == "application/json"
    assert text["headers"]["authorization"] == "***"
    assert base64.b64decode(binary["body_base64"]) == b"\xff\x00"
    assert "a real key" not in client.get("/_sim/requests?bodies=true").text


def test_a_body_that_was_cut_says_so(client, app):
    app.requests._body_bytes = 4
    client.post("/notes.json", data="abcdef", content_type="text/plain")
    (only,) = client.get("/_sim/requests?bodies=true").json["requests"]
    assert (only["body"], only["cut"]) == ("abcd", True)


def test_the_admin_door_names_the_faults_that_did_not_strike(client, app):
    client.post("/_sim/faults", json={"kind": "server_error", "on": "create_note", "times": 2})
    client.post("/notes.json", json={"note": "x"})
    (unhit,) = client.get("/_sim/faults").json["unhit"]
    assert (unhit["kind"], unhit["hits"], unhit["times"]) == ("server_error", 1, 2)
    client.post("/notes.json", json={"note": "x"})
    assert client.get("/_sim/faults").json["unhit"] == []


def test_the_admin_door_moves_the_clock_forward_only(client, app):
    assert client.post("/_sim/clock", json={"advance": 90}).json["elapsed"] == 90
    for wrong in (-1, "60", None, True):
        assert client.post("/_sim/clock", json={"advance": wrong}).status_code == 400
    assert app.clock.elapsed() == 90


def test_reset_brings_the_seed_back_and_ends_faults(simulator_class):
    app = simulator_class(generate(3))
    client = Client(app)
    client.post("/notes.json", json={"note": "new"})
    client.post("/_sim/faults", json={"kind": "server_error", "times": None})
    assert client.get("/notes.json").status_code == 503
    assert client.post("/_sim/reset").status_code == 204
    assert len(client.get("/notes.json").json) == 3
    assert app.requests.total == 1


def test_the_log_is_bounded_in_number_and_bytes(app):
    log = RequestLog(keep=5, keep_bytes=100, body_bytes=40)
    for number in range(20):
        log.add("GET", f"/{number}", "", {}, b"x" * 1000, status=200, operation="op")
    assert (log.total, len(log)) == (20, 2)
    assert [record.path for record in log] == ["/18", "/19"] == [record.path for record in log[-2:]]
    assert all(len(record.body) == 40 for record in log)


def test_every_answer_has_a_date_of_the_simulators_clock(client, app):
    first = client.get("/notes.json").headers["Date"]
    app.clock.advance(3600)
    assert client.get("/notes.json").headers["Date"] != first


@pytest.mark.parametrize("vendor", ["desk360", "desk365", "deskie"])
def test_every_simulator_says_what_is_wrong_with_a_body_of_its_admin_routes(vendor):
    client = Client(registry.load(registry.vendor(vendor).simulator)(generate(0)))
    refused = client.post("/_sim/faults", json={"kind": "?"})
    assert (refused.status_code, refused.json["error"]) == (400, "bad_body")
    assert "unknown fault '?'; known here: " in refused.json["message"]
    assert client.post("/_sim/clock", json={"advance": "far"}).json["message"] == "advance must be a number of seconds"
    assert client.post("/_sim/clock", data="{", content_type="application/json").json["error"] == "bad_body"
