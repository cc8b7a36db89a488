from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
from adapters.desk360.simulated import BASE, TO, Desk
from werkzeug.test import Client

from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_desk360.simulator import create

DIGITS = TO.removeprefix("+")
HEAD = {"from": "905550000000", "name": "John Doe"}


class Receiver:
    """A webhook receiver on loopback; ``during`` runs while a delivery waits for its answer."""

    def __init__(self):
        self.received = []
        self.status = 200
        self.during = None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if receiver.during:
                    receiver.during()
                receiver.received.append((self.path, dict(self.headers), body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/secret"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def bodies(self):
        return [body for _, _, body in self.received]


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


def register(desk, receiver, **more):
    desk.sim("webhooks", {"integration": 11, "url": receiver.url, **more})


def inbound(desk, **given):
    return desk.sim("inbound", given)["payload"]["messages"]


def test_text_as_printed():
    given = {**HEAD, "id": "ABEGkFMIcyRoAgo-sGaD-H6MgPEt", "timestamp": "1630913975", "text": "Hello"}
    assert inbound(Desk(), **given) == {
        "id": "ABEGkFMIcyRoAgo-sGaD-H6MgPEt",
        "text": "Hello",
        "from": "905550000000",
        "timestamp": "1630913975",
        "name": "John Doe",
        "type": "text",
    }


def test_location_as_printed():
    message = inbound(Desk(), **HEAD, kind="location", timestamp=1700052659)
    assert message["text"] == (
        "Main Street Beach - Main Street Beach, Santa Cruz, CA, latitude: 38.9806263495, longitude: -131.9428612257"
    )
    assert message["location"] == {
        "address": "Main Street Beach, Santa Cruz, CA",
        "latitude": 38.9806263495,
        "longitude": -131.9428612257,
        "name": "Main Street Beach",
    }
    assert (message["timestamp"], message["type"]) == ("1700052659", "location")


def test_contacts_as_printed():
    message = inbound(Desk(), **HEAD, kind="contacts")
    assert "text" not in message
    assert message["type"] == "contacts"
    card = message["contacts"][0]
    assert card["ims"] == [{"service": "AIM", "user_id": "kfish"}]
    assert card["org"] == {"company": "Meta", "department": "WhatsApp"}
    assert card["name"]["formatted_name"] == "Kerry Fisher"


def test_image_as_printed():
    desk = Desk()
    file = {"name": "cat.jpeg", "content_type": "image/jpeg", "content": base64.b64encode(b"cat").decode()}
    message = inbound(desk, **HEAD, kind="image", file=file)
    assert "text" not in message
    assert message["image"] == {
        "message": None,
        "media_id": message["image"]["media_id"],
        "mime_type": "image/jpeg",
        "sha": hashlib.sha256(b"cat").hexdigest(),
    }
    (image,) = message["attachments"]["images"]
    assert set(image) == {"url", "name", "type", "aws"}
    assert image["url"].endswith(image["name"])
    assert desk.get(image["url"].removeprefix(BASE), token=None).data == b"cat"
    assert inbound(desk, kind="image", caption="Look")["image"]["message"] == "Look"


@pytest.mark.parametrize(
    ("kind", "group"),
    [("video", "videos"), ("audio", "others"), ("voice", "others"), ("document", "files"), ("sticker", "images")],
)
def test_files_of_other_kinds_go_by_analogy(kind, group):
    message = inbound(Desk(), kind=kind)
    assert message["type"] == kind
    assert message[kind]["media_id"]
    assert list(message["attachments"]) == [group]


def test_a_click_and_a_kind_that_nobody_knows():
    desk = Desk()
    click = inbound(desk, kind="button", button={"id": "ID 1.2", "title": "Button 2"})
    assert click["button"] == {"id": "ID 1.2", "title": "Button 2"}
    reaction = inbound(desk, kind="reaction", content={"emoji": "👍"})
    assert (reaction["type"], reaction["reaction"]) == ("reaction", {"emoji": "👍"})


@pytest.mark.parametrize("word", ["kind", "type"])
def test_the_kind_of_a_message_has_two_names_and_no_field_is_passed_over(word):
    desk = Desk()
    message = inbound(desk, **{word: "image"})
    assert message["type"] == "image"
    assert message["image"]["media_id"]
    answer = desk.client.post("/_sim/inbound", json={"tpye": "image"})
    assert answer.status_code == 400
    assert "'tpye'" in answer.text
    assert "caption, contact, contacts" in answer.text


def test_who_writes_is_a_contact_of_the_seed_or_anyone():
    desk = Desk()
    customers = desk.client.get("/_sim/customers").get_json()["customers"]
    assert customers == [
        {"key": "ann", "name": "Ann", "phone": TO},
        {"key": "bob", "name": "Bob", "phone": "+49301234567"},
    ]
    assert (inbound(desk)["from"], inbound(desk)["name"]) == (DIGITS, "Ann")
    assert inbound(desk, contact="bob")["from"] == "49301234567"
    assert inbound(desk, **{"from": "+49301234567"})["name"] == "Bob"
    stranger = inbound(desk, **{"from": "15550001111"})
    assert (stranger["from"], stranger["name"]) == ("15550001111", "John Doe")
    assert inbound(desk)["timestamp"] == str(int(desk.clock.now().timestamp()))
    first, second = inbound(desk)["id"], inbound(desk)["id"]
    assert first != second
    assert first.startswith("ABEG")


@pytest.mark.parametrize(
    "given",
    [
        {"contact": "mail"},
        {"contact": "gone"},
        {"from": "x"},
        {"timestamp": "soon"},
        {"timestamp": True},
        {"integration": 12},
        {"kind": "location", "location": "here"},
        {"kind": "contacts", "contacts": {}},
        {"kind": "image", "file": {"content": "*"}},
        {"copies": -1},
        {"copies": "2"},
        {"typ": "image"},
        {"kind": "image", "type": "text"},
        {"kind": 5},
        {"type": ["image"]},
    ],
)
def test_a_message_described_wrongly_is_refused(given):
    desk = Desk()
    desk.sim("inbound", given, 400)
    assert desk.webhooks() == []


@pytest.mark.parametrize(
    ("shape", "wrapped"),
    [("list", {"messages": [{}]}), ("body", {"body": {"messages": {}}}), ("object", {"messages": {}})],
)
def test_a_webhook_has_its_other_shapes(shape, wrapped):
    payload = Desk(webhook_shape=shape).sim("inbound", {})["payload"]
    assert list(payload) == list(wrapped)
    assert isinstance(payload[next(iter(payload))], type(wrapped[next(iter(wrapped))]))


def test_a_message_is_posted_to_its_integration_s_url_alone(receiver):
    desk = Desk()
    register(desk, receiver, token="hush")
    told = desk.sim("inbound", {"text": "Grüße"})
    desk.sim("inbound", {"integration": 22})
    ((path, headers, body),) = receiver.received
    assert path == "/hook/secret"
    assert body == told["payload"]
    assert headers["Authorization"] == told["headers"]["Authorization"] == "hush"
    assert headers["Content-Type"] == "application/json"
    assert [webhook["outcome"] for webhook in desk.webhooks()] == ["200", "unregistered"]
    assert "hush" not in desk.client.get("/_sim/webhooks").text


@pytest.mark.parametrize(
    ("place", "header", "value"),
    [
        ("bearer", "Authorization", "Bearer hush"),
        ("token", "Token", "hush"),
        ("x-token", "X-Token", "hush"),
        ("x-webhook-token", "X-Webhook-Token", "hush"),
    ],
)
def test_the_token_stands_where_it_is_asked_to(receiver, place, header, value):
    desk = Desk(webhook_token_place=place)
    register(desk, receiver, token="hush")
    desk.sim("inbound", {})
    assert receiver.received[0][1][header] == value


def test_the_token_may_stand_in_the_query_or_nowhere(receiver):
    desk = Desk()
    register(desk, receiver, token="hu sh", token_place="query")
    desk.sim("inbound", {})
    register(desk, receiver, token="hush", token_place="none")
    desk.sim("inbound", {})
    assert [path for path, _, _ in receiver.received] == ["/hook/secret?token=hu+sh", "/hook/secret"]
    assert "Authorization" not in receiver.received[1][1]


@pytest.mark.parametrize(
    "given",
    [
        {"url": "http://example.com/"},
        {"url": "http://10.0.0.1/"},
        {"url": "ftp://127.0.0.1/"},
        {"url": ""},
        {"url": "http://127.0.0.1/", "token_place": "cookie"},
        {"url": "http://127.0.0.1/", "integration": 12},
    ],
)
def test_a_webhook_that_leaves_the_machine_or_fits_nothing_is_refused(given):
    Desk().sim("webhooks", given, 400)


def test_unregistered_urls_get_nothing(receiver):
    desk = Desk()
    register(desk, receiver)
    assert desk.client.delete("/_sim/webhooks?integration=11").status_code == 204
    desk.sim("inbound", {})
    register(desk, receiver)
    desk.client.delete("/_sim/webhooks")
    desk.sim("inbound", {})
    assert receiver.received == []


def test_copies_losses_and_another_order(receiver):
    desk = Desk()
    register(desk, receiver)
    desk.sim("inbound", {"text": "twice", "copies": 2})
    desk.sim("inbound", {"text": "lost", "lose": True})
    for text in ("one", "two", "three"):
        desk.sim("inbound", {"text": text, "hold": True})
    assert [webhook["outcome"] for webhook in desk.webhooks()] == ["200", "200", "lost", "held", "held", "held"]
    desk.sim("release", {"newest_first": True}, 200)
    texts = [body["messages"]["text"] for body in receiver.bodies]
    assert texts == ["twice", "twice", "three", "two", "one"]


def test_losses_and_copies_can_be_the_rule(receiver):
    desk = Desk(webhook_copies=2, webhook_drop_every=3)
    register(desk, receiver)
    for text in ("one", "two", "three"):
        desk.sim("inbound", {"text": text})
    assert [body["messages"]["text"] for body in receiver.bodies] == ["one", "one", "two", "three"]


def test_a_receiver_that_fails_or_is_gone_is_not_asked_again(receiver):
    desk = Desk()
    register(desk, receiver)
    receiver.status = 500
    desk.sim("inbound", {})
    desk.sim("webhooks", {"url": "http://127.0.0.1:1/"})
    desk.sim("inbound", {})
    desk.sim("inbound", {"integration": 22})
    assert len(receiver.received) == 1
    assert [webhook["outcome"] for webhook in desk.webhooks()] == ["500", "NewConnectionError", "unregistered"]


def test_any_payload_can_be_sent(receiver):
    desk = Desk()
    register(desk, receiver)
    desk.sim("payloads", {"payload": {"surprise": 1}})
    desk.sim("payloads", {"payload": []}, 400)
    assert receiver.bodies == [{"surprise": 1}]


def sent(desk):
    return desk.accepted("messages", json={"to": TO, "text": "Hello"})["message_id"]


def test_statuses_name_the_message_and_the_customer():
    desk = Desk()
    message_id = sent(desk)
    for state in ("delivered", "read", "delivered"):
        (webhook,) = desk.sim("statuses", {"id": message_id, "status": state})["webhooks"]
        assert webhook["payload"] == {"statuses": {"id": message_id, "from": DIGITS, "status": state}}
    assert desk.outbox()[0]["state"] == "read"


def test_a_status_may_be_for_a_message_that_nobody_sent():
    desk = Desk()
    given = {"id": "gBEGunknown", "status": "read", "from": "+15550001111", "integration": 22}
    (webhook,) = desk.sim("statuses", given)["webhooks"]
    assert webhook["payload"] == {"statuses": {"id": "gBEGunknown", "from": "15550001111", "status": "read"}}
    assert webhook["integration"] == 22


@pytest.mark.parametrize(
    "given",
    [
        {"id": "gBEG", "status": "failed", "from": "1"},
        {"id": "gBEG", "status": "sent", "from": "1"},
        {"id": "gBEG", "status": "read"},
        {"status": "read", "from": "1"},
        {"id": "gBEG", "status": "read", "from": "1", "copies": "x"},
    ],
)
def test_there_is_no_other_status(given):
    Desk().sim("statuses", given, 400)


def test_statuses_follow_by_themselves_in_vendor_time():
    desk = Desk(delivery="read", delivered_after=2, read_after=5)
    message_id = sent(desk)
    told = []
    for _ in range(7):
        told.append([webhook["payload"]["statuses"]["status"] for webhook in desk.webhooks()])
        desk.clock.advance(1)
    assert told == [[], [], ["delivered"], ["delivered"], ["delivered"], ["delivered", "read"], ["delivered", "read"]]
    assert {webhook["payload"]["statuses"]["id"] for webhook in desk.webhooks()} == {message_id}


def test_delivered_alone_and_nothing_at_all():
    assert [w["payload"]["statuses"]["status"] for w in told_after(Desk(delivery="delivered"))] == ["delivered"]
    assert told_after(Desk()) == []


def told_after(desk):
    sent(desk)
    desk.clock.advance(1000)
    return desk.webhooks()


def test_bulk_messages_have_statuses_whose_ids_nobody_was_told():
    desk = Desk(delivery="delivered")
    request = {"template_id": 77, "language_id": 1, "destinations": [{"phone": TO}]}
    assert desk.accepted("templates/send/bulk", json=request) == {"phones": [TO]}
    (webhook,) = desk.webhooks()
    assert webhook["payload"]["statuses"]["id"] == desk.outbox()[0]["id"]


def test_due_statuses_may_come_newest_first(receiver):
    desk = Desk(delivery="read", delivered_after=1, read_after=1, webhook_reversed=True)
    register(desk, receiver)
    sent(desk)
    desk.clock.advance(1)
    desk.webhooks()
    assert [body["statuses"]["status"] for body in receiver.bodies] == ["read", "delivered"]


@pytest.mark.parametrize("before", [False, True])
def test_a_status_comes_after_the_answer_or_before_it(receiver, before):
    app = create(generate(0), settings={"delivery": "delivered", "status_before_response": before})
    Client(app).post("/_sim/webhooks", json={"url": receiver.url})
    order = []
    receiver.during = lambda: order.append("webhook")
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/integrations/11/conversations/messages",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len("to=%2B905551112233&text=x")),
        "HTTP_AUTHORIZATION": f"Bearer {app.connection['api_key']}",
        "wsgi.input": BytesIO(b"to=%2B905551112233&text=x"),
    }
    for _ in app(environ, lambda *_: None):
        order.append("answer")  # noqa: PERF401 - the other entry is added in between
    assert order == (["webhook", "answer"] if before else ["answer", "webhook"])


def test_a_receiver_may_call_the_simulator_back_while_it_is_told(receiver):
    app = create(generate(0))
    with SimulatorServer(app) as server:
        client = Client(app)
        client.post("/_sim/webhooks", json={"url": receiver.url})
        fetched = []
        receiver.during = lambda: fetched.append(Client(app).get("/_sim/state").status_code)
        assert client.post("/_sim/inbound", json={}).status_code == 201
        assert fetched == [200]
        assert server.url.startswith("http://127.0.0.1")


def test_statuses_wake_up_by_themselves_where_a_receiver_waits(receiver):
    app = create(generate(0), settings={"delivery": "read", "delivered_after": 5, "read_after": 10}, time_scale=1000.0)
    client = Client(app)
    client.post("/_sim/webhooks", json={"url": receiver.url})
    read = threading.Event()
    receiver.during = lambda: read.set() if len(receiver.received) == 1 else None
    headers = {"Authorization": f"Bearer {app.connection['api_key']}"}
    body = {"to": TO, "text": "Hello"}
    assert client.post("/v1/integrations/11/conversations/messages", json=body, headers=headers).status_code == 200
    assert read.wait(30)


def test_the_seed_s_customers_can_write_again_what_they_wrote():
    desk = Desk()
    told = desk.sim("replay", {})
    messages = [entry["payload"]["messages"] for entry in told["inbound"]]
    assert [message["type"] for message in messages] == ["text", "image", "text"]
    assert [message.get("text") for message in messages] == ["It is broken", None, "Thanks"]
    assert {message["from"] for message in messages} == {DIGITS}
    assert [message["timestamp"] for message in messages] == ["1768039200", "1768039200", "1768039320"]
    media_id = messages[1]["image"]["media_id"]
    assert desk.get(f"/v1/integrations/11/conversations/messages/medias/{media_id}").data == b"\x89PNG photo"
    assert desk.sim("replay", {"limit": 1, "integration": 22})["count"] == 1
    desk.sim("replay", {"limit": -1}, 400)
    desk.sim("replay", {"integration": 1}, 400)


def test_a_generated_helpdesk_has_customers_with_phones():
    desk = Desk(generate(60))
    customers = desk.client.get("/_sim/customers").get_json()["customers"]
    assert len(customers) > 5
    assert desk.sim("replay", {"limit": 50})["count"] > 5
