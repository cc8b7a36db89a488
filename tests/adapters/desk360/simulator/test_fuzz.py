from __future__ import annotations

import pytest
import requests
from adapters.desk360.simulated import BASE, TO, Desk
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import SimulatorServer, mock_simulator
from helpdesk_bridge_desk360.simulator import Desk360Simulator, create

DESK = Desk(login_enabled=True, chats_enabled=True)
PATHS = [
    route.rule.replace("<integration_id>", "11").replace("<media_id>", "x")
    for route in Desk360Simulator.routes()
    if route.method == "POST"
]
NAMES = st.sampled_from(
    [
        "to", "text", "location", "longitude", "latitude", "name", "address", "contacts", "formatted_name", "first_name",
        "last_name", "birthday", "org", "phones", "attachments", "attachment", "body", "header", "type", "image", "link",
        "footer", "buttons", "id", "title", "message_ids", "template_id", "language_id", "destinations", "phone",
        "parameters", "header-1", "body-1", "destinations_file", "email", "password",
    ]
)  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9)
)
VALUES = st.recursive(
    SCALARS | st.sampled_from([TO, "75", 75, 2, "image", "text", "2012-08-18"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(PATHS), body=st.dictionaries(NAMES, VALUES, max_size=8))
def test_no_json_makes_the_simulator_fail(path, body):
    answer = DESK.post(path, json=body)
    assert answer.status_code in (200, 400, 401, 429), answer.text
    assert ("error" in answer.get_json()) == (answer.status_code != 200)


@settings(max_examples=150, deadline=None)
@given(
    path=st.sampled_from(PATHS),
    fields=st.dictionaries(
        st.builds(
            "{}{}".format,
            NAMES,
            st.sampled_from(["", "[]", "[0]", "[0][phone]", "[x][y]", "[", "[0][parameters][body-1]"]),
        ),
        st.text(max_size=9) | st.just(TO) | st.just("75"),
        max_size=8,
    ),
)
def test_no_form_makes_the_simulator_fail(path, fields):
    answer = DESK.post(path, data=fields, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (200, 400, 401, 429), answer.text


@settings(max_examples=100, deadline=None)
@given(
    given=st.dictionaries(
        st.sampled_from(
            [
                "kind",
                "from",
                "contact",
                "file",
                "location",
                "contacts",
                "button",
                "caption",
                "text",
                "timestamp",
                "copies",
            ]
        ),
        VALUES,
        max_size=5,
    )
)
def test_no_description_makes_the_control_door_fail(given):
    answer = DESK.client.post("/_sim/inbound", json=given)
    assert answer.status_code in (201, 400), answer.text


def talk(url: str) -> None:
    """Send a file and a text and fetch the file from both hosts, as any client would."""
    with requests.Session() as session:
        session.trust_env = False
        token = session.post(f"{url}/v1/login", json=dict(Desk360Simulator.login), timeout=10).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        root = f"{url}/v1/integrations/11/conversations/messages"
        files = [
            ("attachments[]", ("größe.png", b"\x89PNG", "image/png")),
            ("attachments[]", ("b.pdf", b"%PDF", "application/pdf")),
        ]
        medias = session.post(f"{root}/medias", data={"to": TO}, files=files, timeout=10).json()["medias"]
        assert [len(medias[group]) for group in ("images", "files")] == [1, 1]
        image = medias["images"][0]
        assert image["name"] == "größe.png"
        fetched = session.get(f"{root}/medias/{image['media_id']}", timeout=10)
        assert (fetched.content, fetched.headers["Content-Type"]) == (b"\x89PNG", "image/png")
        assert image["url"].startswith(url)
        del session.headers["Authorization"]
        assert session.get(image["url"], timeout=10).content == b"\x89PNG"


def test_the_account_answers_on_a_real_socket():
    with SimulatorServer(create(generate(0))) as server:
        talk(server.url)


def test_the_account_answers_in_process():
    with mock_simulator(create(generate(0)), BASE):
        talk(BASE)


@pytest.mark.parametrize(("switch", "told"), [("always", True), ("never", False), ("limited", False)])
def test_the_end_of_the_window_is_told_by_switch(switch, told):
    answer = Desk(rate_limit_reset=switch).get("/v1/integrations")
    assert ("X-RateLimit-Reset" in answer.headers) == told
