"""The desk against the simulator: in process, and over real sockets."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from adapters.desk360 import samples
from adapters.desk360.simulated import Desk as Simulated
from adapters.desk360.wiretap import DIGITS, HOST, TO
from werkzeug.test import Client

from helpdesk_bridge import MessageDraft, Status, TicketQuery, Upload, open_desk
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.errors import (
    AuthenticationFailed,
    ConfigError,
    HelpdeskError,
    InDoubt,
    Invalid,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unsupported,
)
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.simulator import SimulatorClock, SimulatorServer, mock_simulator
from helpdesk_bridge_desk360.simulator import API_KEY, LOGIN_EMAIL, LOGIN_PASSWORD, create
from helpdesk_bridge_desk360.wire.cards import CardName, ContactCard
from helpdesk_bridge_desk360.wire.interactive import Button

FILE = Upload.from_bytes("desk360.png", b"\x89PNG", "image/png")
TOKEN = "a-token-that-nobody-guesses"


class Pair:
    """A simulated account and a desk of it."""

    def __init__(self, stack, front, inbox, **settings):
        self.simulated = Simulated(**settings)
        self.stack = stack
        self.inbox = inbox
        if front == "in process":
            stack.enter_context(mock_simulator(self.simulated.app, HOST))
            self.base_url = HOST
        else:
            self.base_url = stack.enter_context(SimulatorServer(self.simulated.app)).url
        # The simulator stands still at a time of its own, and so does the desk.
        self.clock = ManualClock(wall=self.simulated.clock.now())

    def open(self, **table):
        credentials = {} if {"api_key", "email"} & table.keys() else {"api_key": API_KEY}
        given = {"vendor": "desk360", "integration": 11, "base_url": self.base_url, "inbox": self.inbox, **credentials}
        return self.stack.enter_context(open_desk({**given, **table}, clock=self.clock))

    def webhook(self, desk, name="inbound", **given):
        told = self.simulated.sim(name, given)
        (one,) = told.get("webhooks", [told])
        return desk.webhooks.receive(json.dumps(one["payload"]))

    def fault(self, **given):
        assert Client(self.simulated.app).post("/_sim/faults", json=given).status_code in (200, 201, 204)

    def calls(self):
        return [one.path for one in self.simulated.app.requests]


@pytest.fixture(params=["in process", "socket"])
def pair(request, own_budget, inbox):
    with ExitStack() as stack:
        yield lambda **settings: Pair(stack, request.param, inbox, **settings)


def test_a_customer_writes_is_listed_and_answered_once(pair):
    here = pair()
    desk = here.open()
    (event,) = here.webhook(desk, text="Where is my lamp?")
    assert here.webhook(desk, "inbound", text="Hello?", id=event.id) == ()
    (ticket,) = desk.tickets.list(TicketQuery(statuses={Status.OPEN}))
    assert (ticket.id, ticket.subject, ticket.requester.name) == (DIGITS, "Where is my lamp?", "Ann")
    sent = desk.messages.reply(ticket.ref, MessageDraft(body="On its way", attachments=[FILE]))
    desk.messages.note(ticket.id, MessageDraft(body="a note"))
    outbox = here.simulated.outbox()
    assert [one["to"] for one in outbox] == [TO, TO]
    assert tuple(one["id"] for one in outbox) == sent.ids
    assert [one.body.text for one in desk.messages.list(ticket.id)] == ["Where is my lamp?", "On its way", "", "a note"]
    for state, new in (("delivered", 1), ("read", 1), ("delivered", 0)):
        assert len(here.webhook(desk, "statuses", id=sent.ids[0], status=state)) == new
    assert desk.vendor_api.delivery(sent.ids[0]) == "read"
    assert desk.vendor_api.mark_read(TO, [event.id]) == (event.id,)


@pytest.mark.parametrize(
    "kind",
    ["text", "location", "contacts", "image", "video", "audio", "voice", "document", "sticker", "button", "reaction"],
)
@pytest.mark.parametrize("shape", ["object", "list", "body"])
def test_every_kind_in_every_shape_is_stored(pair, kind, shape):
    here = pair(webhook_shape=shape)
    desk = here.open()
    (event,) = here.webhook(desk, kind=kind)
    assert event.type == kind
    (message,) = desk.messages.list(DIGITS)
    assert message.body.text or message.attachments
    for attachment in message.attachments:
        with desk.attachments.open(attachment) as file:
            assert file.read()


@pytest.mark.parametrize("as_json", [False, True])
def test_a_received_file_comes_from_the_cdn_and_by_its_id(pair, as_json):
    here = pair(media_as_json=as_json)
    desk = here.open()
    content = base64.b64encode(b"a cat").decode()
    (event,) = here.webhook(
        desk, kind="image", caption="Look", file={"name": "cat.jpeg", "content_type": "image/jpeg", "content": content}
    )
    (message,) = desk.messages.list(DIGITS)
    with desk.attachments.open(message.attachments[0]) as file:
        assert file.read() == b"a cat"
    request = here.simulated.app.requests[-1]
    assert (request.path.startswith("/cdn/"), "Authorization" in request.headers) == (True, False)
    with desk.vendor_api.media(event.files[0].media_id) as file:
        assert file.read() == b"a cat"


def test_a_file_whose_url_has_expired_is_fetched_by_its_id(pair):
    here = pair(cdn_lifetime=300)
    desk = here.open(check_window=False)
    here.webhook(desk, kind="image")
    desk.vendor_api.send_media(TO, [FILE])
    files = [file for message in desk.messages.list(DIGITS) for file in message.attachments]
    here.simulated.clock.advance(301)
    for file in files:
        with desk.attachments.open(file) as stream:
            assert stream.read().startswith(b"\x89PNG")
    assert ["/cdn/" in path for path in here.calls()[-4:]] == [True, False, True, False]


def test_the_24_hour_window_is_kept_here_and_where_it_is_not_the_vendor_s_refusal_is_told(pair):
    here = pair(enforce_window=True)
    desk = here.open()
    for closed in ("never", "more than 24 hours ago"):
        sent = len(here.simulated.outbox())
        with pytest.raises(Unsupported, match=closed):
            desk.vendor_api.send_text(TO, "Hello")
        calls = len(here.calls())
        with pytest.raises(Invalid):
            desk.vendor_api.send_text(TO, "Hello", anyway=True)
        assert len(here.calls()) == calls + 1
        desk.templates.send(77, TO)
        assert len(here.simulated.outbox()) == sent + 1
        here.webhook(desk, text="Hello", timestamp=int(here.clock.wall().timestamp()))
        assert desk.vendor_api.window(TO).open
        desk.vendor_api.send_text(TO, "Good day")
        here.clock.advance(24 * 3600)
        here.simulated.clock.advance(24 * 3600)
        assert not desk.vendor_api.window(TO).open


def test_every_kind_of_message_is_taken(pair):
    here = pair(enforce_window=False)
    desk = here.open(check_window=False)
    api = desk.vendor_api
    api.send_text(TO, "Hello 👋")
    api.send_location(TO, latitude=37.758056, longitude=-122.425332, name="HQ", address="1 Hacker Way")
    api.send_contacts(TO, [ContactCard(name=CardName(formatted_name="J S", first_name="J", last_name="S"))])
    api.send_interactive(TO, "<p>Hi</p>", [Button("1", "Yes")])
    api.request_location(TO, "Where?")
    assert len(api.send_media(TO, [FILE, Upload.from_bytes("a.txt", b"text", "text/plain")]).ids) == 2
    assert len(here.simulated.outbox()) == 7
    thread = list(desk.messages.list(DIGITS))
    assert {one.id for one in thread} == {one["id"] for one in here.simulated.outbox()}
    contents = {}
    for attachment in (one for message in thread for one in message.attachments):
        with desk.attachments.open(attachment) as file:
            contents[attachment.filename] = file.read()
    assert contents == {"desk360.png": b"\x89PNG", "a.txt": b"text"}


def test_templates_are_listed_sent_and_sent_in_bulk(pair):
    here = pair()
    desk = here.open()
    sendable = next(
        one for one in desk.templates.list() if one.sendable and any(t.active and t.variables for t in one.translations)
    )
    translation = next(one for one in sendable.translations if one.active and one.variables)
    values = {key: f"Value {key}" for key in translation.variables}
    options = {"language": translation.language_id, "parameters": values}
    assert desk.templates.send(sendable, TO, **options).ids == (here.simulated.outbox()[0]["id"],)
    assert set(desk.templates.send_bulk(sendable, [TO, "+49301234567"], **options).phones) == {TO, "+49301234567"}
    numbers = Upload.from_bytes("n.csv", f"{TO}\n".encode(), "text/csv")
    assert desk.templates.send_bulk(sendable.id, file=numbers, **options).phones == (TO,)
    calls = len(here.calls())
    with pytest.raises(Invalid):
        desk.templates.send(sendable, TO, language=translation.language_id, parameters={})
    assert len(here.calls()) == calls
    assert desk.tickets.get(DIGITS).status is Status.PENDING


@pytest.mark.parametrize(
    "quirk",
    [
        "link_quoted",
        "link_api_v1",
        "link_empty_on_last",
        "data_envelope",
        "integration_second_shape",
        "integration_nulls",
    ],
)
def test_41_integrations_in_three_calls_whatever_the_quirk(pair, quirk):
    here = pair(integrations=41, **{quirk: True})
    desk = here.open()
    assert len({one.id for one in desk.vendor_api.integrations()}) == 41
    assert here.calls() == ["/v1/integrations"] * 3
    assert desk.check()[0].severity.value == "ok"


def test_login_lists_with_its_token(pair):
    here = pair()
    with pytest.raises(AuthenticationFailed) as caught:
        here.open(email=LOGIN_EMAIL, password="wrong").vendor_api.integrations()
    assert caught.value.code == "invalid_credentials"
    desk = here.open(email=LOGIN_EMAIL, password=LOGIN_PASSWORD)
    assert {one.id for one in desk.vendor_api.integrations()} >= {11}
    desk.check()
    assert here.calls() == ["/v1/login", "/v1/login", "/v1/integrations", "/v1/integrations"]


def test_a_wrong_key_is_refused(pair):
    with pytest.raises(AuthenticationFailed) as caught:
        pair().open(api_key="1|wrong").vendor_api.integrations()
    assert caught.value.code == "authentication_exception"


def test_a_server_that_wants_https_says_so(pair):
    here = pair(require_https=True)
    desk = here.open()
    if here.base_url == HOST:
        desk.vendor_api.integrations()
        return
    with pytest.raises(ConfigError, match="https"):
        desk.vendor_api.integrations()


def test_an_unknown_integration_is_not_found(pair):
    with pytest.raises(NotFound):
        pair().open(integration=404).templates.list()


def test_a_read_only_integration_refuses_a_send(pair):
    with pytest.raises(PermissionDenied):
        pair(read_only_integration=11).open(check_window=False).vendor_api.send_text(TO, "Hello")


@pytest.mark.parametrize("body", ["documented", "empty", "message", "text", "printed"])
@pytest.mark.parametrize("status", [False, True])
def test_errors_in_every_form_are_typed_and_nothing_is_sent(pair, body, status):
    here = pair(error_body=body, error_in_200=status, inactive_numbers=TO)
    with pytest.raises(HelpdeskError) as caught:
        here.open(check_window=False).vendor_api.send_text(TO, "Hello")
    told = body in ("documented", "printed")
    assert isinstance(caught.value, Invalid) == (told or not status)
    assert isinstance(caught.value, InDoubt) == (status and not told)
    assert here.calls() == ["/v1/integrations/11/conversations/messages"]


@pytest.mark.parametrize("status", [429, 200])
def test_the_governor_keeps_the_limit_and_obeys_the_server(pair, status):
    here = pair(rate_limit=60, rate_limit_status=status)
    desk = here.open(max_wait=0)
    for _ in range(60):
        desk.check()
    with pytest.raises(RateLimited):
        desk.check()
    assert len(here.calls()) == 60


@pytest.mark.parametrize("body", ["documented", "message"])
@pytest.mark.parametrize("status", [429, 200])
def test_a_limit_that_others_spent_is_waited_for_once(pair, status, body):
    here = pair(rate_limit=2, rate_limit_status=status, error_body=body)
    for _ in range(2):
        here.simulated.get("/v1/integrations")
    desk = here.open(max_wait=120)
    advanced = []
    sleep = here.clock.sleep

    def both(seconds):
        advanced.append(seconds)
        here.simulated.clock.advance(seconds)
        sleep(seconds)

    here.clock.sleep = both
    assert desk.vendor_api.integrations()
    assert sum(advanced) == pytest.approx(60, abs=1.5)
    assert len(here.calls()) == 4


def test_a_lost_answer_is_in_doubt_and_the_message_went_out_once(pair):
    here = pair()
    desk = here.open(check_window=False)
    here.fault(kind="response_lost")
    with pytest.raises(InDoubt):
        desk.vendor_api.send_text(TO, "Hello")
    (message,) = here.simulated.outbox()
    # Whatever comes of it later is kept under the id that nobody was told.
    here.webhook(desk, "statuses", id=message["id"], status="delivered")
    assert desk.vendor_api.delivery(message["id"]) == "delivered"


@pytest.mark.parametrize(
    "kind", ["server_error", "html_page", "malformed_json", "truncated", "empty", "foreign_redirect"]
)
def test_whatever_breaks_a_read_is_repeated_and_a_send_is_not(pair, kind):
    here = pair()
    desk = here.open(check_window=False)
    here.fault(kind=kind)
    if kind == "foreign_redirect":
        with pytest.raises(HelpdeskError):
            desk.vendor_api.integrations()
    else:
        assert desk.vendor_api.integrations()
    here.fault(kind=kind)
    before = len(here.calls())
    with pytest.raises(HelpdeskError) as caught:
        desk.vendor_api.send_text(TO, "Hello")
    assert isinstance(caught.value, InDoubt)
    assert len(here.calls()) == before + 1


def test_the_chat_list_is_there_when_it_is_on(pair):
    with pytest.raises(Unsupported):
        pair().open().vendor_api.chats()


def test_chats_have_numbers_with_a_plus(pair):
    chats = pair(chats_enabled=True).open().vendor_api.chats()
    assert all(chat.phone is None or chat.phone.startswith("+") for chat in chats)


@pytest.mark.parametrize("place", ["authorization", "bearer", "token", "x-token", "x-webhook-token"])
def test_the_token_of_a_webhook_is_found_in_every_place(pair, place):
    here = pair(webhook_token_place=place)
    desk = here.open(webhook_token=TOKEN)
    here.simulated.sim("webhooks", {"integration": 11, "url": "http://127.0.0.1:9/hook", "token": TOKEN})
    told = here.simulated.sim("inbound", {})
    body = json.dumps(told["payload"])
    assert len(desk.webhooks.receive(body, told["headers"])) == 1
    with pytest.raises(AuthenticationFailed):
        desk.webhooks.receive(body, {})


@pytest.mark.parametrize("status", [429, 200])
def test_a_send_that_was_limited_without_an_error_object_is_refused_and_not_in_doubt(pair, status):
    here = pair(rate_limit=1, rate_limit_status=status, error_body="message")
    here.simulated.get("/v1/integrations")
    desk = here.open(max_wait=0, check_window=False)
    with pytest.raises(RateLimited) as caught:
        desk.vendor_api.send_text(TO, "Hello")
    assert 0 < caught.value.retry_after <= 61
    assert here.simulated.outbox() == []


def test_a_desk_takes_the_printed_prefix_and_the_login_of_the_settings(pair):
    here = pair()
    given = dict(here.simulated.app.connection)
    del given["api_key"]
    desk = here.open(base_url=f"{here.base_url}/api/v1", **given)
    assert desk.check()
    assert here.calls()[0] == "/v1/login"


def test_the_printed_samples_and_the_simulators_webhooks_are_read_alike(pair):
    here = pair()
    desk = here.open()
    (printed,) = desk.webhooks.parse(samples.WEBHOOK_LOCATION)
    (told,) = here.webhook(desk, kind="location")
    assert type(printed.location) is type(told.location)
    assert told.location.latitude is not None


def test_eight_threads_alone_are_never_refused(own_budget):
    app = create(generate(tickets=0), clock=SimulatorClock(200.0), settings={}, time_scale=200.0)
    with SimulatorServer(app) as server, ThreadPoolExecutor(8) as threads:
        table = {**app.connection, "vendor": "desk360", "base_url": server.url, "time_scale": 200.0, "max_wait": None}
        with open_desk(table) as desk:
            assert all(threads.map(lambda _: desk.check(), range(150)))
            assert (desk.transport.stats.calls, desk.transport.stats.refused) == (150, 0)
