"""What stands literally in Deskie's own paper, and what a foreign client of the real service sends, over sockets."""

from __future__ import annotations

import json
import re
import shlex

import pytest
import requests
from adapters.deskie.simulated import dataset

from helpdesk_bridge import open_desk
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_deskie.endpoints import CALLS
from helpdesk_bridge_deskie.policy import HEADERS, requests_per_minute
from helpdesk_bridge_deskie.settings import Subscription
from helpdesk_bridge_deskie.simulator import create
from helpdesk_bridge_deskie.simulator.limits import PLANS
from helpdesk_bridge_deskie.vendor_api.documents import Case
from helpdesk_bridge_deskie.wire.documents import WIRE, moment

CALCULATIONS = """\
- 10 agents and Basic plan → the limit is 10 * 5 = 50 RPM;
- 100 agents and Standard plan → the limit is 100 * 5 = 500 RPM;
- 200 agents and Standard plan → 200 * 5 > 750, so the limit is 750 RPM;
- 100 agents and Pro plan → the limit is 100 * 10 = 1 000 RPM.
"""
LIMITS = """\
- Basic — up to 50 RPM, but not less than 20 RPM;
- Standard — up to 750 RPM;
- Pro — up to 1 500 RPM.
"""
HEADER_LINES = """\
  • rate_limit_per_minute — maximum number of requests per minute;
  • api_calls_left — number of requests remaining in the current rate limit interval;
  • retry_after — numbers of seconds to wait until the rate limit is refreshed.
"""
CURL = 'curl -u [staff_email]:[api_key] -H "Content-Type: application/json" -X GET https://[domain]'
SEARCHES = """\
^string^ is searching for an exact string; ^string is searching for the strings that start with the entered value; \
string^ is searching for the strings that end with the entered value."""
ABILITIES = {
    "connecting your own request form": "POST /api/cases.json",
    "getting a list of cases": "GET /api/cases.json",
    "changing parameters of the cases": "PUT /api/cases/<ident>.json",
    "getting a list of users": "GET /api/users.json",
    "blocking users": "PUT /api/users/<int:user_id>/block.json",
    "creating and editing groups": "POST /api/groups.json, PUT /api/groups/<int:group_id>.json",
    "deactivating and deleting agents": "PUT /api/staff/<int:staff_id>/disable.json, DELETE /api/staff/<int:staff_id>.json",
}
# The example of the vendor page in docs/vendors; made up from the fields that clients of the service use.
CASE = """{"case":{"case_id":51230,"case_number":"130-000042","subject":"Invoice","user_id":8801,"staff_id":0,"group_id":14,\
"status":"open","priority":"normal","channel":"email","recipient":"help@acme.test","recipient_cc":"","recipient_bcc":"",\
"deleted":false,"spam":false,"created_at":"Tue, 03 Nov 2026 09:12:44 +0300","closed_at":"-",\
"updated_at":"Tue, 03 Nov 2026 09:12:44 +0300","last_response_at":"-","closing_speed":"-","language_id":2,\
"custom_fields":{"cf_25":"PO-7"},"labels":[101]}}"""


def number(text):
    return int(text.replace(" ", ""))


@pytest.mark.parametrize("line", CALCULATIONS.splitlines())
def test_the_four_calculations_by_adapter_and_simulator(line):
    agents, plan, limit = re.fullmatch(r"- (\d+) agents and (\w+) plan → .*?([\d ]+?) RPM[;.]", line).groups()
    assert requests_per_minute(Subscription(plan.lower()), int(agents)) == number(limit)
    assert PLANS[plan.lower()].limit(int(agents)) == number(limit)


@pytest.mark.parametrize("line", LIMITS.splitlines())
def test_caps_and_the_floor_by_adapter_and_simulator(line):
    plan, cap, floor = re.fullmatch(
        r"- (\w+) — up to ([\d ]+) RPM(?:, but not less than (\d+) RPM)?[;.]", line
    ).groups()
    for calculated in (
        lambda agents: requests_per_minute(Subscription(plan.lower()), agents),
        PLANS[plan.lower()].limit,
    ):
        assert calculated(10_000) == number(cap)
        assert calculated(1) == int(floor or calculated(1))


def test_the_headers_by_their_literal_names():
    names = re.findall(r"• (\w+) —", HEADER_LINES)
    assert names == [HEADERS.limit, HEADERS.remaining, HEADERS.retry_after]
    assert HEADERS.reset == "retry_after"
    with SimulatorServer(create(dataset(), time_scale=50)) as server:
        answer = foreign(server, "GET", "/api/languages.json")
        raw = [name for name, _ in answer.raw.headers.items()]
        assert [name for name in raw if name in names] == names
        assert all(answer.headers[name].isdigit() for name in names)


def foreign(server, method, path, **more):
    """Send what the vendor's own curl sample sends, as a client that knows nothing of this library."""
    connection = server.app.connection
    words = shlex.split(
        CURL.replace("[staff_email]:[api_key]", f"{connection['staff_email']}:{connection['api_key']}")
        .replace("https://[domain]", f"{server.url}{path}")
        .replace("-X GET", f"-X {method}")
    )
    user, _, password = words[words.index("-u") + 1].partition(":")
    name, _, value = words[words.index("-H") + 1].partition(": ")
    headers = {} if "files" in more or "data" in more else {name: value}
    with requests.Session() as session:
        session.trust_env = False
        return session.request(words[words.index("-X") + 1], words[-1], auth=(user, password), headers=headers, **more)


@pytest.fixture(scope="module")
def server():
    with SimulatorServer(create(dataset(), settings={"rate_limit": 100_000}, time_scale=50)) as server:
        yield server


def test_the_curl_sample_is_answered(server):
    answer = foreign(server, "GET", "/api/cases.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    listed = answer.json()
    assert next(iter(listed)) == "0"
    assert list(listed)[-1] == "total_count"
    assert listed["total_count"] == len(listed) - 1
    assert answer.text.startswith('{\n    "0": {\n        "case": {\n')


def test_the_searches_of_the_paper(server):
    marks = re.findall(r"(\^?string\^?) is searching", SEARCHES)
    assert marks == ["^string^", "^string", "string^"]
    results = {}
    for mark in ("string", *marks):
        wanted = mark.replace("string", "ann@x.io")
        listed = foreign(server, "GET", "/api/users.json", params={"user_email": wanted}).json()
        results[mark] = sorted(listed[key]["user"]["user_email"] for key in listed if key.isdigit())
    assert results["string"] == ["ANN@X.io", "ann@x.io", "ann@x.io.tr", "joann@x.io"]
    assert results["^string^"] == ["ANN@X.io", "ann@x.io"]
    assert results["^string"] == ["ANN@X.io", "ann@x.io", "ann@x.io.tr"]
    assert results["string^"] == ["ANN@X.io", "ann@x.io", "joann@x.io"]


@pytest.mark.parametrize("ability", ABILITIES)
def test_every_ability_of_the_paper_has_a_call(ability):
    assert all(CALLS[rule].startswith("desk.") for rule in ABILITIES[ability].split(", "))


def test_the_vendors_samples_are_read():
    case = WIRE.read(Case, json.loads(CASE)["case"])
    assert (case.case_number, case.custom_fields, case.labels, case.closing_speed) == (
        "130-000042", {"cf_25": "PO-7"}, (101,), None,
    )  # fmt: skip
    assert case.created_at.isoformat() == "2026-11-03T06:12:44+00:00"
    assert moment("Mon, 05 May 2014 00:15:17 +0300").isoformat() == "2014-05-04T21:15:17+00:00"
    assert moment("Mon, 05 Jan 2015 00:15:17 +0200").isoformat() == "2015-01-04T22:15:17+00:00"


def test_the_example_case_is_written_by_the_simulator_key_by_key(server):

    made = foreign(server, "GET", "/api/cases/1.json").json()["case"]
    example = json.loads(CASE)["case"]
    missing = example.keys() - made.keys()
    assert missing == set()
    assert list(example) == [key for key in made if key in example]
    loose = {"staff_id", "closed_at", "last_response_at", "closing_speed", "custom_fields", "labels"}
    assert {key: type(value) for key, value in example.items() if key not in loose} == {
        key: type(made[key]) for key in example if key not in loose
    }


# ---- ten requests of foreign clients, as their code sends them


def test_what_clients_of_the_service_send_is_answered(server):
    created = foreign(server, "POST", "/api/cases.json", json={"case": {
        "user_email": "form@x.io", "user_full_name": "Form", "subject": "    ", "content": "Hello", "content_html": "<p>Hello</p>",
        "status": "open", "created_at": "2026-01-31 00:00:00", "labels": [1],
    }})  # fmt: skip
    assert created.status_code == 201
    case = created.json()["case"]
    assert case["created_at"].endswith(" +0200")
    form = {"message[content]": "an answer", "message[user_id]": str(case["user_id"])}
    answered = foreign(server, "POST", f"/api/cases/{case['case_number']}/messages.json", data=form)
    assert (answered.status_code, answered.json()["message"]["user_id"]) == (201, case["user_id"])
    files = {"note[attachments][0]": ("../x.txt", b"x", "text/plain")}
    noted = foreign(server, "POST", f"/api/cases/{case['case_id']}/note.json", data={"note[content]": "n"}, files=files)
    message = noted.json()["message"]
    assert (message["note"], message["attachments"][0]["file_name"]) == (True, "../x.txt")
    fetched = foreign(server, "GET", message["attachments"][0]["url"].removeprefix(server.url))
    assert fetched.content == b"x"
    assert requests.get(message["attachments"][0]["url"], timeout=5).status_code == 401
    for query in ("status[]=open&status[]=waiting", "status[0]=open&status[1]=waiting", "status=open"):
        listed = foreign(server, "GET", f"/api/cases.json/?{query}&show_active_chats=True&limit=100&page=0").json()
        assert listed["total_count"] > 0
    updated = foreign(
        server, "PUT", f"/api/cases/{case['case_id']}.json", json={"case": {"status": "closed", "add_labels": [2]}}
    )
    assert (updated.json()["case"]["status"], updated.json()["case"]["labels"]) == ("closed", [1, 2])
    rated = foreign(server, "PUT", f"/api/cases/{case['case_id']}/rate.json", json={"rate": {"rating": "high"}})
    assert rated.json()["case"]["rating"] == "high"
    bulk = foreign(server, "PUT", f"/api/cases/{case['case_id']},999999/trash.json", json=[])
    assert bulk.json() == {"case_success_id": [case["case_id"]]}
    gone = foreign(server, "DELETE", f"/api/cases/{case['case_id']}.json")
    assert (gone.status_code, gone.content) == (200, b"")
    lost = foreign(server, "GET", f"/api/cases/{case['case_id']}.json")
    assert (lost.status_code, lost.json()) == (404, {"error": "case_not_found"})


def test_a_header_that_was_not_encoded_is_refused(server):
    connection = server.app.connection
    plain = f"Basic {connection['staff_email']}:{connection['api_key']}"
    answer = requests.get(f"{server.url}/api/cases.json", headers={"Authorization": plain}, timeout=5)
    assert answer.status_code == 401


def test_the_library_and_the_foreign_client_see_the_same(server):
    table = {"vendor": "deskie", **server.app.connection, "base_url": server.url, "time_scale": 50, "max_wait": None}
    with open_desk(table) as desk:
        ours = {agent.email for agent in desk.agents.list()}
    theirs = foreign(server, "GET", "/api/staff.json").json()
    assert ours == {theirs[key]["staff"]["staff_email"] for key in theirs if key.isdigit()}
