from __future__ import annotations

import io

import pytest
import requests
import responses

from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.testing.simulator import SettingError, mock_simulator
from helpdesk_bridge.testing.simulator.in_process import _mock

ORIGIN = "https://robotsrule.deskie.io"


@pytest.fixture
def desk(app):
    with mock_simulator(app):
        yield app


def test_requests_to_the_origin_are_answered_in_process(desk, http):
    assert http.post(ORIGIN + "/notes.json?x=ü", json={"note": "é"}).status_code == 201
    answer = http.get("HTTPS://RobotsRule.deskie.io/notes/1.json")
    assert (answer.json(), answer.headers["api_calls_left"], answer.reason) == ("é", "7", "OK")
    assert desk.base_url == ORIGIN
    assert desk.requests[0].query == "x=%C3%BC"


@pytest.mark.parametrize(
    "url",
    ["https://robotsrule.deskie.io.evil.example/notes.json", "http://robotsrule.deskie.io/", "https://other.example/"],
)
def test_any_other_origin_is_refused(desk, http, url):
    with pytest.raises(requests.exceptions.ConnectionError):
        http.get(url)
    assert desk.requests.total == 0


def test_bodies_of_every_kind_pass_through(desk, http):
    kind = {"Content-Type": "application/json"}
    http.post(ORIGIN + "/notes.json", data=io.BytesIO(b'{"note": "file"}'), headers=kind)
    http.post(ORIGIN + "/notes.json", data=iter([b'{"note": ', b'"chunks"}']), headers=kind)
    http.post(ORIGIN + "/notes.json", data='{"note": "tèxt"}'.encode(), headers=kind)
    files = [("attachments[0]", ("ж.png", b"\x89PNG", "image/png"))]
    assert http.post(ORIGIN + "/notes.json", data={"note": "form"}, files=files).json()["files"] == ["ж.png"]
    assert desk.notes == ["file", "chunks", "tèxt", "form"]


def test_the_answer_can_be_streamed(desk, http):
    desk.notes = ["x" * 100_000]
    with http.get(ORIGIN + "/notes.json", stream=True) as answer:
        read = b""
        while piece := answer.raw.read1(4096):
            read += piece
    assert len(read) == 100_004


def test_blocks_nest_each_with_its_own_origin(app, simulator_class, http):
    other = simulator_class(Dataset())
    with mock_simulator(app):
        with mock_simulator(other, "https://acme.desk365.io"):
            http.post(ORIGIN + "/notes.json", json={"note": 1})
            http.post("https://acme.desk365.io/notes.json", json={"note": 2})
        with pytest.raises(requests.exceptions.ConnectionError):
            http.get("https://acme.desk365.io/notes.json")
        assert http.get(ORIGIN + "/notes.json").json() == [1]
    assert other.notes == [2]


def test_no_request_is_kept_by_the_mock(desk, http):
    for _ in range(10):
        http.get(ORIGIN + "/notes.json")
    assert isinstance(_mock._mock, responses.RequestsMock)
    assert len(_mock._mock.calls) <= 1


def test_after_the_block_requests_are_real_again(app):
    before = requests.adapters.HTTPAdapter.send
    with mock_simulator(app):
        assert requests.adapters.HTTPAdapter.send is not before
    assert requests.adapters.HTTPAdapter.send is before


def test_a_base_url_that_is_no_origin_is_refused(app):
    with pytest.raises(SettingError, match="base_url"), mock_simulator(app, "robotsrule"):
        pass
