"""Threads and files over the simulator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from adapters.desk365.opened import FRONTS, opened
from desk365_http import START, message, ticket, with_tickets
from werkzeug.test import Client

from helpdesk_bridge import (
    ActorKind,
    Body,
    Invalid,
    MessageDraft,
    MessageKind,
    NotFound,
    Status,
    TicketChange,
    TicketDraft,
    TicketQuery,
    Upload,
    Visibility,
)
from helpdesk_bridge.adapter import IdKind, evolve
from helpdesk_bridge.datasets.dataset import SeedFile, SeedMessage

NAME = "Größe 100%/../a b.pdf"
LOGO = b"\x89PNG logo"
OPENING = SeedMessage(
    "mira",
    START,
    html='<p>See <img src="cid:logo@x"></p>',
    files=(
        SeedFile(NAME, "application/pdf", b"%PDF one"),
        SeedFile(NAME, "application/pdf", b"%PDF two"),
        SeedFile("logo.png", "image/png", LOGO, inline=True, content_id="logo@x"),
    ),
)
REPLY = SeedMessage(
    "ada", START + timedelta(hours=1), html="<p>Here</p>", files=(SeedFile("a.txt", "text/plain", b"reply"),)
)
LATER = (
    message("bob", "secret", 90, private=True, kind="note"),
    message("mira", "Thanks", 120),
    message("mira", "Thanks", 120),
    message("ada", "Please have a look", 150, kind="forward"),
)


def seeded():
    first = evolve(ticket(1), messages=(OPENING, REPLY, *LATER), assignee="ada")
    return with_tickets(first, ticket(2))


@pytest.fixture(params=[(front, docs) for front in FRONTS for docs in (False, True)], ids=str)
def account(request):
    front, docs_shape = request.param
    with opened(seeded(), front, docs_shape=docs_shape, rate_limit=10_000) as opened_desk:
        yield opened_desk


def test_a_thread_oldest_first_with_the_description_as_its_opening(account):
    thread = list(account.desk.messages.list("1"))
    assert [one.sequence for one in thread] == [0, 1, 2, 3, 4, 5]
    assert [one.opening for one in thread] == [True] + [False] * 5
    assert thread[0].id == "1:0"
    assert [one.author.kind for one in thread] == [
        *(ActorKind.CONTACT, ActorKind.AGENT, ActorKind.AGENT, ActorKind.CONTACT, ActorKind.CONTACT, ActorKind.AGENT)
    ]
    assert [one.visibility for one in thread[:4]] == [
        *(Visibility.PUBLIC, Visibility.PUBLIC, Visibility.INTERNAL, Visibility.PUBLIC)
    ]
    assert [one.kind for one in thread] == [
        *(
            MessageKind.REPLY,
            MessageKind.REPLY,
            MessageKind.NOTE,
            MessageKind.REPLY,
            MessageKind.REPLY,
            MessageKind.FORWARD,
        )
    ]
    assert thread[5].visibility is Visibility.INTERNAL
    assert [one.body.text for one in thread[1:4]] == ["Here", "secret", "Thanks"]
    assert thread[1].author.name == "Ada Agent"
    assert thread[1].author.email == "ada@desk.example"
    again = list(account.desk.messages.list("1"))
    assert [one.id for one in again] == [one.id for one in thread]
    assert len({one.id for one in thread}) == 6
    assert {one.id_kind for one in thread[1:]} == {IdKind.SYNTHETIC}


def test_names_of_agents_come_from_threads(account):
    assert {one.name for one in account.desk.agents.list()} == {None}
    list(account.desk.messages.list("1"))
    assert {one.name for one in account.desk.agents.list()} == {"Ada Agent", "Bob Agent"}


@pytest.mark.parametrize("front", FRONTS)
def test_ids_are_native_where_the_vendor_gives_them(front):
    with opened(seeded(), front, additions_2026=True) as account:
        thread = list(account.desk.messages.list("1"))
        assert {one.id_kind for one in thread} == {IdKind.NATIVE}
        sent = account.desk.messages.note("1", MessageDraft(body="more"))
        assert sent.ids == (list(account.desk.messages.list("1"))[-1].id,)


def contents(account, attachments):
    found = []
    for one in attachments:
        with account.desk.attachments.open(one) as stream:
            found.append(stream.read())
    return found


def test_files_stream_without_the_key(account):
    opening, reply, *_ = account.desk.messages.list("1")
    assert [one.filename for one in opening.attachments] == [NAME, NAME, "logo.png"]
    assert opening.body.html == f'<p>See <img src="cid:{opening.attachments[2].content_id}"></p>'
    assert contents(account, opening.attachments) == [b"%PDF one", b"%PDF two", LOGO]
    assert contents(account, reply.attachments) == [b"reply"]
    fetched = [one for one in account.simulator.requests if not one.path.startswith("/apis/")]
    assert len(fetched) == 4
    assert all("authorization" not in one.headers and one.status == 200 for one in fetched)
    assert account.desk.transport.stats.units == 2


def test_an_expired_address_is_asked_for_again_and_the_same_file_comes(account):
    opening, reply, *_ = account.desk.messages.list("1")
    account.clock.advance(4000)
    before = len(account.asked())
    assert contents(account, opening.attachments[1:2]) == [b"%PDF two"]
    assert contents(account, reply.attachments) == [b"reply"]
    operations = [one.operation for one in account.asked()[before:] if one.path.startswith("/apis/")]
    assert operations == ["ticket_details", "ticket_conversations"]


def test_a_file_that_is_gone_and_a_foreign_attachment_are_told(account):
    opening = next(iter(account.desk.messages.list("1")))
    account.clock.advance(4000)
    gone = evolve(opening.attachments[0], locator=opening.attachments[0].locator.replace('"size":8', '"size":9'))
    with pytest.raises(NotFound), account.desk.attachments.open(gone):
        pass
    for locator in ("", "[]", "{}", "https://evil.example"):
        with pytest.raises(Invalid), account.desk.attachments.open(evolve(gone, locator=locator)):
            pass


def test_no_signed_address_shows_in_a_repr(account):
    thread = list(account.desk.messages.list("1"))
    assert "X-Amz" not in repr(thread)


def test_a_ticket_that_was_read_spares_its_calls(account):
    adapter = account.desk._adapter
    full = account.desk.tickets.get("1")
    before = len(account.asked())
    page = adapter.messages.page("1", None, ticket=full)
    assert [one.operation for one in account.asked()[before:]] == ["ticket_conversations"]
    assert page.items == tuple(account.desk._adapter.messages.page("1", None).items)
    without_files = next(iter(account.desk.tickets.list(TicketQuery(limit=1, include={"description"}))))
    before = len(account.asked())
    adapter.messages.page("1", None, ticket=without_files)
    assert [one.operation for one in account.asked()[before:]] == ["ticket_details", "ticket_conversations"]


def test_reply_and_note_with_files_are_read_back(account):
    desk = account.desk
    desk.messages.reply(
        "2", MessageDraft(body=Body(html="<p>Hi</p>"), attachments=[Upload.from_bytes("ä.txt", b"one")])
    )
    many = [Upload.from_bytes(f"{number}.bin", bytes([number])) for number in range(10)]
    desk.messages.note("2", MessageDraft(body="line one\nline two", attachments=many))
    thread = list(desk.messages.list("2"))
    assert [one.kind for one in thread[1:]] == [MessageKind.REPLY, MessageKind.NOTE]
    assert thread[2].visibility is Visibility.INTERNAL
    assert thread[2].body.text.splitlines() == ["line one", "line two"]
    assert contents(account, thread[1].attachments) == [b"one"]
    assert contents(account, thread[2].attachments) == [bytes([number]) for number in range(10)]
    with pytest.raises(Invalid) as caught:
        desk.messages.note("2", MessageDraft(body="x", attachments=[*many, many[0]]))
    assert (caught.value.field, caught.value.limit) == ("attachments", 10)


def test_create_update_and_clear_are_read_back(account):
    desk = account.desk
    made = desk.tickets.create(
        TicketDraft(
            subject="VPN",
            description="Every hour",
            requester="New.One@client.example",
            assignee="ADA@desk.example",
            group="Network",
            status=Status.PENDING,
            priority="urgent",
            type="Customer's Request",
            category="Billing",
            subcategory="Refund",
            cc=("boss@client.example",),
            custom_fields={"Order No": "A-1", "Boxes": 3},
            attachments=[Upload.from_bytes("log.txt", b"log", "text/plain")],
        )
    )
    found = desk.tickets.get(made.id)
    assert found.status is Status.PENDING
    assert (found.priority_label, found.group.name, found.type) == ("Urgent", "Network", "Customer's Request")
    assert (found.category, found.subcategory) == ("Billing", "Refund")
    assert (found.custom_fields["Order No"], found.custom_fields["Boxes"]) == ("A-1", 3)
    assert found.assignee.email.lower() == "ada@desk.example"
    assert found.channel == "api"
    assert contents(account, found.attachments) == [b"log"]
    cleared = desk.tickets.update(
        made.id, TicketChange(assignee=None, group=None, category=None, subcategory=None, status="closed")
    )
    assert (cleared.assignee, cleared.group, cleared.category, cleared.subcategory) == (None, None, None, None)
    assert cleared.status is Status.CLOSED
    assert "attachments" in cleared.not_loaded
    assert desk.tickets.get(made.id).custom_fields["Order No"] == "A-1"


@pytest.mark.parametrize("shape", ["errors", "status"])
@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("status", {"status": "No such status"}),
        ("group", {"group": "Nowhere"}),
        ("type", {"type": "No such type"}),
        ("category", {"category": "No such category"}),
        ("assignee", {"assignee": "nobody@desk.example"}),
        ("custom_fields.Nowhere to be", {"custom_fields": {"Nowhere to be": "x"}}),
    ],
)
def test_a_refused_value_is_named_in_both_error_shapes(shape, field, values):
    with opened(seeded(), error_shape=shape) as account:
        with pytest.raises(Invalid) as caught:
            account.desk.tickets.create(
                TicketDraft(subject="S", description="d", requester="a@client.example", **values)
            )
        assert caught.value.field == field
        assert "o such" not in str(caught.value)
        assert "nobody" not in str(caught.value)


def test_a_bare_field_name_gets_its_prefix_once_and_its_own_spelling(account):
    desk = account.desk
    list(desk.tickets.list(TicketQuery(include={"custom_fields"})))
    draft = TicketDraft(subject="S", description="d", requester="a@client.example", custom_fields={"order no": "B-2"})
    assert desk.tickets.create(draft).custom_fields["Order No"] == "B-2"
    assert b'"cf_Order No"' in account.asked("create_ticket")[-1].body
    changed = desk.tickets.update("1", TicketChange(custom_fields={"cf_Order No": "B-3"}))
    assert changed.custom_fields["Order No"] == "B-3"
    assert b"cf_cf_" not in account.asked()[-1].body


def test_an_idempotency_key_adopts_what_an_earlier_call_made(account):
    draft = TicketDraft(subject="S", description="d", requester="A.B@client.example")
    first = account.desk.tickets.create(draft, idempotency_key="order-1")
    again = account.desk.tickets.create(draft, idempotency_key="order-1")
    other = account.desk.tickets.create(draft, idempotency_key="order-2")
    assert first.id == again.id != other.id
    assert len(account.asked("create_ticket")) == 2


def test_refs_lead_back(account):
    found = next(iter(account.desk.tickets.list(TicketQuery(limit=1))))
    assert found.ref == "desk365:acme/ticket/1"
    assert account.desk.tickets.get(found.ref).id == "1"
    assert Client(account.simulator).get("/_sim/outbox").json is not None
