"""The port over the inbox: conversations, replies that reach the phone once, notes that never do."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
import requests
from adapters.desk360 import samples
from adapters.desk360.test_webhooks import inbound, status
from adapters.desk360.wiretap import DIGITS, TO, said

from helpdesk_bridge import (
    Actor,
    Body,
    ContactChange,
    ContactDraft,
    ContactQuery,
    MessageDraft,
    Status,
    TicketChange,
    TicketDraft,
    TicketQuery,
    Upload,
)
from helpdesk_bridge.errors import (
    Conflict,
    InDoubt,
    Invalid,
    NotFound,
    RateLimited,
    Unavailable,
    Unsupported,
    WrongDesk,
)

TEXTS = "/v1/integrations/11/conversations/messages"
MEDIAS = f"{TEXTS}/medias"
FILE = Upload.from_bytes("desk360.png", b"png", "image/png")


@pytest.fixture
def desk(wire, inbox):
    desk = wire.open(inbox=inbox)
    desk.webhooks.receive(inbound(timestamp=str(int(wire.clock.wall().timestamp()))))
    wire.answer(TEXTS, {"message_id": "gBEG1"})
    wire.answer(MEDIAS, samples.MEDIA)
    return desk


def bodies(desk):
    return [one.body.text for one in desk.messages.list(DIGITS)]


def test_a_reply_reaches_the_phone_once_and_stands_in_the_thread(wire, desk):
    sent = desk.messages.reply(DIGITS, MessageDraft(body="Good day"))
    assert (sent.ids, sent.at) == (("gBEG1",), wire.clock.wall())
    assert wire.sent[0].form == [("to", TO), ("text", "Good day")]
    opening, reply = desk.messages.list(DIGITS)
    assert (reply.id, reply.author.kind.value, reply.visibility.value, reply.sequence) == (
        "gBEG1",
        "agent",
        "public",
        1,
    )
    assert opening.opening
    assert desk.tickets.get(DIGITS).status is Status.PENDING
    desk.webhooks.receive(status("gBEG1", "delivered"))
    assert desk.vendor_api.delivery("gBEG1") == "delivered"
    assert len(wire.sent) == 1


def test_a_delivery_that_comes_before_the_answer_is_not_lost(wire, desk):
    def slow(request):
        desk.webhooks.receive(status("gBEG9", "read"))
        return 200, {}, {"message_id": "gBEG9"}

    wire.answer(TEXTS, slow)
    desk.messages.reply(DIGITS, MessageDraft(body="Hi"))
    assert desk.vendor_api.delivery("gBEG9") == "read"


def test_files_are_messages_of_their_own(wire, desk):
    sent = desk.messages.reply(DIGITS, MessageDraft(body=Body(html="<p>See <b>this</b></p>"), attachments=[FILE]))
    assert sent.ids == ("gBEG1", "gBEGkFBXUQRnAgkEg3us4YW8UJE")
    assert [one.path for one in wire.sent] == [TEXTS, MEDIAS]
    assert dict(wire.sent[0].form)["text"] == "See this"
    assert [[file.filename for file in one.attachments] for one in desk.messages.list(DIGITS)] == [
        [],
        [],
        ["desk360.png"],
    ]
    wire.sent.clear()
    assert desk.messages.reply(DIGITS, MessageDraft(body="", attachments=[FILE])).ids == (
        "gBEGkFBXUQRnAgkEg3us4YW8UJE",
    )
    assert wire.paths() == [MEDIAS]


@pytest.mark.parametrize(
    "draft",
    [
        MessageDraft(body="x" * 4097),
        MessageDraft(body=" "),
        MessageDraft(body="Hi", attachments=[FILE] * 6),
        MessageDraft(body="Hi", attachments=[Upload.from_bytes("a", bytes(20 * 1024 * 1024 + 1))]),
        MessageDraft(
            body="Hi", attachments=[Upload("a", "text/plain", Upload.from_bytes("a", bytes(20 * 1024 * 1024 + 1)).open)]
        ),
        MessageDraft(body=Body(html="<p> </p>")),
    ],
)
def test_a_reply_that_cannot_be_sent_whole_is_refused_before_any_of_it(wire, desk, draft):
    with pytest.raises(Invalid):
        desk.messages.reply(DIGITS, draft)
    assert wire.sent == []
    assert bodies(desk) == ["Hello"]


def test_a_reply_in_doubt_is_never_repeated_and_not_noted(wire, desk):
    for problem in (
        requests.ReadTimeout(),
        (500, {}, ""),
        (502, {}, "<html>"),
        (200, {}, "cut {"),
        (200, {}, {"ok": 1}),
    ):
        wire.answer(TEXTS, problem)
        wire.sent.clear()
        with pytest.raises(InDoubt):
            desk.messages.reply(DIGITS, MessageDraft(body="Hi"))
        assert len(wire.sent) == 1
    assert bodies(desk) == ["Hello"]


@pytest.mark.parametrize(
    "problem",
    [
        (400, {}, said("failed_validation")),
        (500, {}, ""),
        (429, {"Retry-After": "3600"}, said("too_many_requests_exception")),
    ],
)
def test_when_the_files_fail_the_text_is_noted_and_the_whole_is_in_doubt(wire, desk, problem):
    wire.answer(MEDIAS, problem)
    with pytest.raises(InDoubt, match="the text was sent"):
        desk.messages.reply(DIGITS, MessageDraft(body="Hi", attachments=[FILE]))
    assert bodies(desk) == ["Hello", "Hi"]


@pytest.mark.parametrize(("named", "field"), [("to", "ticket"), ("text", "body")])
def test_a_refused_text_names_what_the_caller_gave(wire, desk, named, field):
    wire.answer(TEXTS, (400, {}, said("failed_validation", f"The {named} field is wrong.")))
    with pytest.raises(Invalid) as refused:
        desk.messages.reply(DIGITS, MessageDraft(body="Hi"))
    assert refused.value.field == field
    with pytest.raises(Invalid) as refused:
        desk.vendor_api.send_text(TO, "Hi")
    assert refused.value.field == named


def test_a_spent_budget_before_anything_was_sent_stays_a_rate_limit(wire, desk):
    wire.answer(TEXTS, (429, {"Retry-After": "3600"}, said("too_many_requests_exception")))
    with pytest.raises(RateLimited):
        desk.messages.reply(DIGITS, MessageDraft(body="Hi", attachments=[FILE]))
    assert bodies(desk) == ["Hello"]


def test_after_24_hours_only_a_template_goes_out_unless_the_check_is_off(wire, inbox, desk):
    assert desk.vendor_api.window(TO).open
    wire.clock.advance(24 * 3600 - 1)
    desk.messages.reply(DIGITS, MessageDraft(body="in time"))
    wire.clock.advance(1)
    wire.sent.clear()
    with pytest.raises(Unsupported, match=r"24 hours.*templates\.send"):
        desk.messages.reply(DIGITS, MessageDraft(body="late"))
    assert not desk.vendor_api.window(TO).open
    assert wire.sent == []
    wire.answer(TEXTS, {"message_id": "gBEG2"})
    wire.open(inbox=inbox, check_window=False).messages.reply(DIGITS, MessageDraft(body="all the same"))
    assert bodies(desk) == ["Hello", "in time", "all the same"]
    desk.webhooks.receive(inbound(id="A2", timestamp=str(int(wire.clock.wall().timestamp()))))
    desk.messages.reply(DIGITS, MessageDraft(body="again"))


def test_a_note_sends_nothing(wire, desk):
    desk.messages.reply(DIGITS, MessageDraft(body="Hi"))
    wire.sent.clear()
    sent = desk.messages.note(DIGITS, MessageDraft(body="He is angry", attachments=[FILE]))
    assert wire.sent == []
    note = list(desk.messages.list(DIGITS))[-1]
    assert ((note.id,), note.visibility.value, note.kind.value) == (sent.ids, "internal", "note")
    with desk.attachments.open(note.attachments[0]) as file:
        assert file.read() == b"png"
    assert desk.tickets.get(DIGITS).status is Status.PENDING
    with pytest.raises(NotFound):
        desk.messages.note("905550000000", MessageDraft(body="nobody"))


def test_status_is_the_inboxs_own_and_a_new_message_opens_again(wire, desk):
    assert desk.tickets.update(DIGITS, TicketChange(status=Status.CLOSED)).status_label == "closed"
    assert desk.tickets.get(DIGITS).closed_at == wire.clock.wall()
    assert [one.id for one in desk.tickets.list(TicketQuery(statuses={Status.CLOSED}))] == [DIGITS]
    with pytest.raises(Unsupported, match="nearest is closed"):
        desk.tickets.update(DIGITS, TicketChange(status=Status.SOLVED))
    for change in ({"subject": "x"}, {"assignee": "x"}, {"tags": ("x",)}):
        with pytest.raises(Unsupported):
            desk.tickets.update(DIGITS, TicketChange(**change))
    desk.webhooks.receive(inbound(id="A2"))
    ticket = desk.tickets.get(DIGITS)
    assert (ticket.status, ticket.closed_at) == (Status.OPEN, None)
    assert wire.sent == []


def test_queries_are_answered_by_the_inbox(wire, desk):
    start = datetime(2026, 2, 1, tzinfo=UTC)
    for number in range(1, 8):
        at = start + timedelta(days=number)
        desk.webhooks.receive(
            inbound(
                **{
                    "id": f"B{number}",
                    "from": f"9055500000{number:02}",
                    "text": f"Order {number}",
                    "timestamp": str(int(at.timestamp())),
                }
            )
        )
    found = desk.tickets.list(
        TicketQuery(subject="order", created=(start, start + timedelta(days=4)), order="-created")
    )
    assert [one.subject for one in found] == ["Order 3", "Order 2", "Order 1"]
    assert desk.tickets.list(TicketQuery(statuses={Status.OPEN})).count() == 8
    assert [one.id for one in desk.tickets.list(TicketQuery(requester="+90 555 00000 05"))] == ["905550000005"]
    assert list(desk.tickets.list(TicketQuery(custom_fields={"last_inbound_at": "x"}))) == []
    page = desk.tickets.list(TicketQuery()).page(size=3)
    assert (len(page.items), page.next is not None) == (3, True)
    assert desk.contacts.list(ContactQuery(phone="+905550000005")).count() in (1, None)
    assert desk.contacts.find(email="a@b.example") is None
    assert wire.sent == []


def test_a_ticket_is_a_text_within_the_window_and_points_to_templates_after_it(wire, inbox, desk):
    draft = TicketDraft(subject="Your order", description="It has left.", requester=TO, attachments=[FILE])
    ticket = desk.tickets.create(draft)
    assert (ticket.id, ticket.subject, bodies(desk)) == (DIGITS, "Your order", ["Hello", "It has left.", ""])
    wire.sent.clear()
    with pytest.raises(Unsupported, match="template"):
        desk.tickets.create(TicketDraft(subject="", description="Hi", requester=Actor.contact(phone="+905550000001")))
    with pytest.raises(Invalid, match="phone"):
        desk.tickets.create(TicketDraft(subject="s", description="Hi", requester="ann@x.example"))
    with pytest.raises(Unsupported):
        desk.tickets.create(TicketDraft(subject="s", description="Hi", requester=TO, tags=("vip",)))
    with pytest.raises(Unsupported):
        desk.tickets.create(draft, idempotency_key="k")
    assert wire.sent == []
    wire.answer(TEXTS, {"message_id": "gBEG2"})
    started = wire.open(inbox=inbox, check_window=False).tickets.create(
        TicketDraft(subject=" ", description="Hi", requester="905550000001")
    )
    assert (started.id, started.subject, started.requester.phone) == ("905550000001", "Hi", "+905550000001")


def test_contacts_live_here_only(wire, desk):
    contact = desk.contacts.create(ContactDraft(name="Ann", phones=("+905550000001",)))
    assert (contact.id, contact.ref) == ("905550000001", "desk360:11/contact/905550000001")
    with pytest.raises(Conflict):
        desk.contacts.create(ContactDraft(phones=("+905550000001",)))
    with pytest.raises(Unsupported):
        desk.contacts.create(ContactDraft(emails=("a@b.example",), phones=("+905550000002",)))
    for phones in (("05550000001",), ("+905550000003", "+905550000004")):
        with pytest.raises(Invalid):
            desk.contacts.create(ContactDraft(phones=phones))
    assert desk.contacts.update(DIGITS, ContactChange(name="Johnny")).name == "Johnny"
    assert desk.tickets.get(DIGITS).requester.name == "Johnny"
    assert desk.contacts.get(f"desk360:11/contact/{DIGITS}").name == "Johnny"
    assert wire.sent == []


def test_refs_of_another_account_and_unknown_conversations_are_refused(wire, desk):
    with pytest.raises(WrongDesk):
        desk.messages.reply(f"desk360:22/ticket/{DIGITS}", MessageDraft(body="Hi"))
    for call in (
        lambda: desk.messages.reply("905550000000", MessageDraft(body="Hi")),
        lambda: desk.tickets.get("905550000000"),
        lambda: list(desk.messages.list("905550000000")),
    ):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(Unsupported):
        desk.messages.add_from_contact(DIGITS, MessageDraft(body="Hi"), TO)
    with pytest.raises(Unsupported):
        desk.messages.reply(DIGITS, MessageDraft(body="Hi", cc=("a@b.example",)))
    assert wire.sent == []


def test_a_masked_number_can_be_read_and_never_written_to(wire, desk):
    desk.webhooks.receive(samples.WEBHOOK_TEXT)
    (message,) = desk.messages.list("90xxxxxxxxxx")
    assert message.body.text == "Hello"
    wire.clock.advance(1)
    with pytest.raises(Invalid):
        desk.messages.reply("90xxxxxxxxxx", MessageDraft(body="Hi"))
    assert wire.sent == []


def test_a_sent_message_that_cannot_be_noted_is_logged_and_not_raised(wire, desk, monkeypatch, caplog):
    def full(*_, **__):
        raise Unavailable("the disk is full")

    monkeypatch.setattr(type(desk._adapter.inbox), "sent", full)
    with caplog.at_level(logging.ERROR):
        assert desk.messages.reply(DIGITS, MessageDraft(body="canary")).ids == ("gBEG1",)
    assert "could not be noted" in caplog.text
    assert "canary" not in caplog.text


def test_an_inbox_that_cannot_be_opened_fails_before_anything_is_sent(wire, tmp_path):
    from helpdesk_bridge.errors import ConfigError

    (tmp_path / "other.db").write_text("not a desk", "utf-8")
    desk = wire.open(inbox=str(tmp_path / "other.db"))
    for call in (lambda: desk.vendor_api.send_text(TO, "Hi", anyway=True), lambda: list(desk.tickets.list())):
        with pytest.raises(ConfigError):
            call()
    assert wire.sent == []


def test_the_inbox_survives_being_closed(wire, inbox, desk):
    desk.close()
    again = wire.open(inbox=inbox)
    assert [json.loads(one.id) for one in again.tickets.list()] == [int(DIGITS)]
