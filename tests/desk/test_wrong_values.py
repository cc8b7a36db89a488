"""Whatever is passed to a call, a wrong value is ``Invalid`` before anything is asked for, never an error of Python's."""

from datetime import UTC, datetime

import pytest

from helpdesk_bridge import (
    Actor,
    ActorKind,
    Body,
    Capabilities,
    ConfigError,
    Invalid,
    Ref,
    TicketQuery,
    Upload,
    open_desk,
)
from helpdesk_bridge.testing.fake import FakeHelpdesk

DRAFT = {"subject": "a", "description": "b", "requester": "ann@x.example"}
WRONG = {
    "a number as key": ("idempotency_key", lambda desk: desk.tickets.create(**DRAFT, idempotency_key=5)),
    "an empty key": ("idempotency_key", lambda desk: desk.tickets.create(**DRAFT, idempotency_key="")),
    "half a character as key": ("idempotency_key", lambda desk: desk.messages.note("1", "x", idempotency_key="\ud800")),
    "a number as key of a note": ("idempotency_key", lambda desk: desk.messages.note("1", "x", idempotency_key=5)),
    "a number as e-mail": ("email", lambda desk: desk.contacts.find(email=5)),
    "several e-mails": ("email", lambda desk: desk.contacts.find(email=["a@x.example"])),
    "an empty e-mail": ("email", lambda desk: desk.contacts.find(email="")),
    "a number as phone": ("phone", lambda desk: desk.contacts.find(phone=5)),
    "a number as author": ("author", lambda desk: desk.messages.add_from_contact("1", "x", 5)),
    "no author": ("author", lambda desk: desk.messages.add_from_contact("1", "x", None)),
    "an empty author": ("author", lambda desk: desk.messages.add_from_contact("1", "x", "")),
    "an author with a wrong e-mail": (
        "author.email", lambda desk: desk.messages.add_from_contact("1", "x", Actor(ActorKind.CONTACT, email=5)),
    ),
    "a kind of actor as text": ("requester.kind", lambda desk: desk.tickets.create(**{**DRAFT, "requester": Actor("contact")})),
    "an actor with a wrong name": (
        "requester.name", lambda desk: desk.tickets.create(**{**DRAFT, "requester": Actor.contact(id="1", name=5)}),
    ),
    "a ref with a number": ("group.id", lambda desk: desk.tickets.update("1", group=Ref(5))),
    "a ref with a number in a query": ("groups.id", lambda desk: desk.tickets.list(groups={Ref(5)})),
    "an actor with a wrong id in a query": ("requester.id", lambda desk: desk.tickets.list(requester=Actor.contact(id=5))),
    "a body with a number": ("body.text", lambda desk: desk.messages.note("1", Body(text=5))),
    "a body with wrong HTML": ("body.html", lambda desk: desk.messages.note("1", Body(html=b"x"))),
    "an upload without a name": (
        "attachments.filename", lambda desk: desk.messages.note("1", "x", attachments=Upload(None, "a/b", open)),
    ),
    "an upload of bytes": (
        "attachments.open", lambda desk: desk.messages.note("1", "x", attachments=Upload("a", "a/b", b"x")),
    ),
    "an upload with a size as text": (
        "attachments.size", lambda desk: desk.messages.note("1", "x", attachments=Upload("a", "a/b", open, size="1")),
    ),
    "text as content": ("content", lambda desk: Upload.from_bytes("a", "text")),
    "no path": ("path", lambda desk: Upload.from_path(None)),
    "no message": ("body", lambda desk: desk.messages.reply("1")),
    "a message twice": ("body", lambda desk: desk.messages.reply("1", "x", body="y")),
    "text as an attachment": ("attachment", lambda desk: desk.attachments.open("a.txt")),
    "no attachment": ("attachment", lambda desk: desk.attachments.open(None)),
    "no function to call": ("callback", lambda desk: desk.subscribe(5)),
    "an unknown capability": ("name", lambda desk: desk.capabilities.supports("tickets.craete")),
    "an unknown field of a capability": ("name", lambda desk: desk.capabilities.missing("agents:name")),
    "a number as a capability": ("name", lambda desk: desk.capabilities.supports(5)),
    "a fraction in a query": ("custom_fields.a", lambda desk: TicketQuery(custom_fields={"a": 1.5})),
}  # fmt: skip


@pytest.fixture(scope="module")
def desk():
    desk = FakeHelpdesk()
    desk.tickets.create(**DRAFT)
    return desk


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_value_is_invalid_with_its_name_and_reaches_nobody(desk, wrong):
    field, call = wrong
    before = desk.calls
    with pytest.raises(Invalid) as refused:
        call(desk)
    assert refused.value.field == field
    assert desk.calls == before


def test_a_filter_that_is_given_twice_is_named_as_it_was_given(desk):
    for filters in ({"status": "open", "statuses": "new"}, {"statuses": "new", "status": "open"}):
        with pytest.raises(Invalid, match=r"status and statuses|statuses and status"):
            desk.tickets.list(**filters)


def test_a_period_may_be_any_pair(desk):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert TicketQuery(created=[start, None]) == TicketQuery(created=(start, None))


def test_a_message_may_be_given_by_its_fields(desk):
    sent = desk.messages.note("1", body="Seen.", cc="bo@x.example")
    message = next(one for one in desk.messages.list("1") if one.id in sent.ids)
    assert (message.body.text, message.cc) == ("Seen.", ("bo@x.example",))


@pytest.mark.parametrize("table", [5, "local", None, [("vendor", "local")]])
def test_a_table_that_is_none_is_a_wrong_configuration(table):
    with pytest.raises(ConfigError):
        open_desk(table)


def test_capabilities_are_asked_by_names_that_exist():
    assert Capabilities(vendor="v").missing("tickets.create:tags", "agents") == ("tickets.create:tags", "agents")
