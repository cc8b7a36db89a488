"""Laws: queries agree with a plain filter, and what is sent and received is what was written, character by character."""

import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from adapters.desk360.simulated import TO, Desk
from adapters.desk360.wiretap import DIGITS, HOST
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk_bridge import (
    ContactChange,
    ContactQuery,
    MessageDraft,
    Status,
    TicketChange,
    TicketQuery,
    Upload,
    open_desk,
)
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.matching import sort_key
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.conformance.plain_filter import answers_contact, answers_ticket, ids
from helpdesk_bridge.testing.nasty import FILE_NAMES, NASTY, START
from helpdesk_bridge.testing.query_strategies import contact_queries, ticket_queries
from helpdesk_bridge.testing.simulator import mock_simulator
from helpdesk_bridge.testing.strategies import nasty_text, uploads
from helpdesk_bridge_desk360.simulator import API_KEY
from helpdesk_bridge_desk360.wire.cards import CardName, ContactCard
from helpdesk_bridge_desk360.wire.interactive import Button, Header, Interactive

CUSTOMERS = ("905551112233", "4917012345", "4917012346", "90555")
TEXTS = (
    "Where is my lamp?",
    "INVOICE Straße",
    "invoice strasse 2",
    "İade ﬁnal",
    "100% _sure_ 'quoted'",
    "",
    *NASTY.values(),
)
NAMES = ("Ann", "ANN", "Ängela ẞ", "ängela SS", "مرحبا", None)
KINDS = ("text", "image", "location", "contacts", "reaction")


def quick(examples):
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, database=None, suppress_health_check=checks)


@st.composite
def webhooks(draw):
    """What comes in: messages of a few customers in any order of their times, some of them twice."""
    count = draw(st.integers(0, 12))
    made = []
    for number in range(count):
        message = {
            "id": f"ABEG{draw(st.sampled_from([number, 0]))}",
            "from": draw(st.sampled_from(CUSTOMERS)),
            "timestamp": str(int((START + timedelta(seconds=draw(st.integers(-3, 3)))).timestamp())),
            "type": draw(st.sampled_from(KINDS)),
            "text": draw(st.sampled_from(TEXTS)),
            "name": draw(st.sampled_from(NAMES)),
        }
        made.append(json.dumps({"messages": {name: value for name, value in message.items() if value is not None}}))
    return made


def helpdesk(bodies, changes):
    """A desk whose inbox has taken these webhooks, and whose conversations then got these statuses."""
    clock = ManualClock(wall=START + timedelta(minutes=1))
    table = {"vendor": "desk360", "integration": 11, "api_key": "k", "inbox": ":memory:", "check_window": False}
    desk = open_desk(table, clock=clock)
    for body in bodies:
        desk.webhooks.receive(body)
    for number, (ticket, change) in enumerate(zip(list(desk.tickets.list()), changes, strict=False)):
        clock.advance(number % 2)
        desk.tickets.update(ticket.id, TicketChange(status=change))
    for contact in list(desk.contacts.list())[:1]:
        desk.contacts.update(contact.id, ContactChange(name="ǅenan ﬁ"))
    return desk


@quick(30)
@given(webhooks(), st.lists(st.sampled_from([Status.OPEN, Status.PENDING, Status.CLOSED]), max_size=4), st.data())
def test_ticket_queries_over_the_inbox_agree_with_a_plain_filter(bodies, changes, data):
    with helpdesk(bodies, changes) as desk:
        everything = list(desk.tickets.list(TicketQuery(include={"description"})))
        for _ in range(4):
            query = data.draw(ticket_queries(everything))
            plain = [one for one in everything if answers_ticket(query, one)]
            plain.sort(key=sort_key(query.order), reverse=query.order.descending)
            listing = desk.tickets.list(query)
            assert ids(list(listing)) == ids(plain[: query.limit]), query
            assert listing.count() in (None, len(plain[: query.limit]))
            explained = desk.tickets.explain(query)
            assert (explained.calls in (0, 1), explained.sorted_here) == (True, False)


@quick(30)
@given(webhooks(), st.data())
def test_contact_queries_over_the_inbox_agree_with_a_plain_filter(bodies, data):
    with helpdesk(bodies, ()) as desk:
        everything = list(desk.contacts.list(ContactQuery(include={"blocked", "deleted"})))
        for _ in range(4):
            query = data.draw(contact_queries(everything))
            plain = [one for one in everything if answers_contact(query, one)]
            plain.sort(key=sort_key(query.order), reverse=query.order.descending)
            assert ids(list(desk.contacts.list(query))) == ids(plain[: query.limit]), query


# ---- domain, wire, domain


class Pair:
    """One simulated account and a desk of it for all examples of a law."""

    def __init__(self, inbox):
        self.simulated = Desk(base_url=HOST)
        self.clock = ManualClock(wall=datetime(2026, 5, 4, 21, 15, 17, tzinfo=UTC))
        table = {"vendor": "desk360", "integration": 11, "api_key": API_KEY, "inbox": inbox}
        self.desk = open_desk({**table, "check_window": False, "max_wait": None}, clock=self.clock)

    def received(self, **given):
        return self.desk.webhooks.receive(
            json.dumps(self.simulated.sim("inbound", {"from": DIGITS, **given})["payload"])
        )

    def thread(self):
        return {one.id: one for one in self.desk.messages.list(DIGITS)}

    def last(self):
        return self.simulated.outbox()[-1]


@pytest.fixture
def pair(own_budget):
    pair = Pair(":memory:")
    with mock_simulator(pair.simulated.app, HOST), pair.desk:
        yield pair


def said(most):
    """Texts that can be sent: not blank, and no halves of characters, which UTF-8 cannot carry."""
    return nasty_text(min_size=1, max_size=most).filter(
        lambda text: text.strip() and text.encode("utf-8", "replace").decode() == text
    )


SAID = said(4096)
MOMENTS = st.integers(0, 99_999_999_999)


def test_a_reply_arrives_as_it_was_written_and_stands_so_in_the_thread(pair):
    pair.received()

    @quick(30)
    @given(SAID)
    def holds(text):
        sent = pair.desk.messages.reply(DIGITS, MessageDraft(body=text))
        assert (pair.last()["id"], pair.last()["body"]) == (sent.ids[0], {"text": text})
        assert pair.thread()[sent.ids[0]].body.text == text

    holds()


def test_what_a_customer_writes_stands_in_the_thread_as_it_was_written(pair):
    @quick(40)
    @given(SAID, said(60), MOMENTS)
    def holds(text, name, at):
        (event,) = pair.received(text=text, name=name, timestamp=at)
        message = pair.thread()[event.id]
        assert (message.body.text, message.created_at) == (text, datetime.fromtimestamp(at, UTC))
        assert pair.desk.contacts.get(DIGITS).name == name

    holds()


def test_files_come_back_byte_by_byte_under_their_names_in_both_directions(pair):
    pair.received()

    @quick(20)
    @given(st.lists(uploads(), min_size=1, max_size=5))
    def holds(files):
        sent = pair.desk.messages.reply(DIGITS, MessageDraft(body="", attachments=files))
        thread = pair.thread()
        told = [attachment for one in sent.ids for attachment in thread[one].attachments]
        assert sorted(one.filename for one in told) == sorted(file.filename for file in files)
        assert sorted(map(content, told)) == sorted(file.open().read() for file in files)

    def content(attachment):
        with pair.desk.attachments.open(attachment) as stream:
            return stream.read()

    holds()


def test_messages_with_buttons_places_and_templates_arrive_as_they_were_written(pair):
    titles = st.lists(said(20), min_size=1, max_size=10, unique=True)
    short = said(60)

    @quick(30)
    @given(said(1024), titles, st.none() | short, st.none() | short)
    def holds(body, named, header, footer):
        api = pair.desk.vendor_api
        buttons = [Button(f"{place}/?#\n{title[:9]}", title) for place, title in enumerate(named)]
        above = Header(type="text", text=header) if header is not None else None
        api.send_interactive(TO, body, buttons, header=above, footer=footer)
        assert pair.last()["body"] == Interactive(body=body, buttons=buttons, header=above, footer=footer).document()
        pair.desk.templates.send(75, TO, parameters={"header-1": header or "h", "body-1": body, "body-2": named[0]})
        assert pair.last()["body"]["parameters"] == {"header-1": header or "h", "body-1": body, "body-2": named[0]}

    holds()


def test_half_a_character_is_mended_or_refused_and_never_breaks(pair):
    half = "half \ud83d of an emoji"
    body = json.dumps(
        {"messages": {"id": "ABEGh", "from": DIGITS, "timestamp": "1", "type": half, "text": half, "name": half}}
    )
    assert len(pair.desk.webhooks.receive(body)) == 1
    assert pair.desk.webhooks.receive(body) == ()
    assert pair.thread()["ABEGh"].body.text.startswith("half ")
    api = pair.desk.vendor_api
    card = ContactCard(name=CardName(formatted_name=half, first_name=half, last_name=half))
    for send in (
        lambda: pair.desk.messages.reply(DIGITS, MessageDraft(body=half)),
        lambda: api.send_location(TO, latitude=1, longitude=2, name=half, address=half),
        lambda: api.send_contacts(TO, [card]),
        lambda: api.send_interactive(TO, half, [Button(half, half[:9])], footer=half),
        lambda: api.request_location(TO, half),
        lambda: api.send_media(TO, [Upload.from_bytes(half, b"x")]),
        lambda: api.mark_read(TO, [half]),
        lambda: pair.desk.templates.send(75, TO, parameters={"header-1": half, "body-1": half, "body-2": half}),
    ):
        with contextlib.suppress(Invalid):
            send()
    assert len(pair.thread()) == len(pair.simulated.outbox()) + 1


@pytest.mark.parametrize(("latitude", "longitude"), [(37.758056, -122.425332), (0, 0), (-90.0, 180.0), (1e-9, 5)])
def test_a_place_that_is_sent_and_one_that_is_received_are_the_same(pair, latitude, longitude):
    place = {"latitude": latitude, "longitude": longitude, "name": "Hân “HQ”", "address": "1 Hacker Way, 🏳️‍🌈"}
    pair.desk.vendor_api.send_location(TO, **place)
    assert pair.last()["body"] == {"location": place}
    (event,) = pair.received(kind="location", location=place)
    assert {name: getattr(event.location, name) for name in place} == place
    assert len({message.body.text for message in pair.thread().values()}) == 1


@pytest.mark.parametrize(
    "name", [*FILE_NAMES, "../x", "..\\x", "/etc/passwd", "C:\\x", "a\x00b", "\u202egpj.exe", "CON", "x" * 300]
)
def test_the_name_of_a_received_file_is_data_and_never_a_path(pair, tmp_path, name):
    attachment = {"images": [{"url": "https://cdn.example/f", "name": name, "type": "image", "aws": True}]}
    message = {"id": "ABEGf", "from": DIGITS, "timestamp": "1630913975", "type": "image", "attachments": attachment}
    before = sorted(tmp_path.iterdir())
    pair.desk.webhooks.receive(json.dumps({"messages": message}))
    (file,) = pair.thread()["ABEGf"].attachments
    assert file.filename == name.replace("\x00", "\ufffd")
    assert sorted(tmp_path.iterdir()) == before
