"""The local desk through the port, in memory and in a file."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from helpdesk_bridge import (
    NONE,
    Actor,
    Add,
    Body,
    ContactChange,
    ContactDraft,
    ContactQuery,
    Match,
    MessageDraft,
    Priority,
    Ref,
    Remove,
    Status,
    TicketChange,
    TicketDraft,
    TicketQuery,
    Upload,
    open_desk,
)
from helpdesk_bridge.errors import Conflict, HelpdeskError, Invalid, NotFound, Unsupported, WrongDesk
from helpdesk_bridge.model.records import FieldType
from helpdesk_bridge.model.values import ActorKind, MessageKind, Visibility
from helpdesk_bridge.testing.fake import FakeHelpdesk


def _draft(**over):
    return TicketDraft(**{"subject": "Help", "description": "It broke", "requester": "ann@example.com", **over})


def test_a_ticket_has_everything_that_was_given(desk, clock):
    ticket = desk.tickets.create(
        _draft(
            description=Body(html="<p>It <b>broke</b></p>"),
            requester=Actor.contact(name="Ann", email="ann@example.com"),
            assignee="bob@desk.example",
            group="Sales",
            company="Acme",
            status="pending",
            priority=Priority.HIGH,
            type="Question",
            category="Shop",
            subcategory="Cart",
            tags=["vip", "VIP", "late"],
            custom_fields={
                "Order No": 17,
                "Price": Decimal("1.50"),
                "Day": date(2026, 1, 2),
                "Gift": True,
                "Sizes": ("S", "M"),
            },
            cc=["eve@example.com"],
            attachments=[Upload.from_bytes("a.txt", b"abc", "text/plain")],
        )
    )
    got = desk.tickets.get(ticket.ref)
    assert got == ticket
    assert (got.status, got.status_label, got.priority, got.priority_label) == (
        Status.PENDING, "Pending", Priority.HIGH, "High",
    )  # fmt: skip
    assert (got.requester.kind, got.requester.name, got.requester.email) == (
        ActorKind.CONTACT,
        "Ann",
        "ann@example.com",
    )
    assert (got.assignee.kind, got.assignee.email) == (ActorKind.AGENT, "bob@desk.example")
    assert (got.group.name, got.company.name) == ("Sales", "Acme")
    assert (got.type, got.category, got.subcategory, got.cc) == ("Question", "Shop", "Cart", ("eve@example.com",))
    assert got.tags == ("vip", "late")
    assert dict(got.custom_fields) == {
        "Order No": 17, "Price": Decimal("1.50"), "Day": date(2026, 1, 2), "Gift": True, "Sizes": ("S", "M"),
    }  # fmt: skip
    assert (got.created_at, got.updated_at) == (clock.wall(), clock.wall())
    assert got.description.html == "<p>It <b>broke</b></p>"
    assert got.not_loaded == frozenset()
    assert got.message_count == 1
    with desk.attachments.open(got.attachments[0]) as stream:
        assert stream.read() == b"abc"


def test_what_a_write_names_is_defined(desk):
    desk.tickets.create(
        _draft(assignee="bob@desk.example", group="Sales", tags=["vip"], custom_fields={"Order No": 17})
    )
    assert [agent.email for agent in desk.agents.list()] == ["bob@desk.example"]
    assert [group.name for group in desk.groups.list()] == ["Sales"]
    assert [tag.name for tag in desk.tags.list()] == ["vip"]
    (definition,) = desk.custom_fields.list()
    assert (definition.name, definition.type, definition.applies_to) == ("Order No", FieldType.INTEGER, "ticket")
    again = desk.tickets.create(_draft(assignee="BOB@desk.example", group="sales", custom_fields={"order no": 18}))
    assert again.group == Ref(desk.groups.list()[0].id, "Sales")
    assert dict(again.custom_fields) == {"Order No": 18}
    assert len(desk.agents.list()) == len(desk.custom_fields.list()) == 1
    assert desk.directory.group("SALES").name == "Sales"


def test_a_requester_is_found_by_email_id_ref_or_phone(desk):
    contact = desk.contacts.create(ContactDraft(name="Ann", emails=["ann@example.com"], phones=["+49 170 1234567"]))
    for person in (
        "ANN@example.com",
        contact.id,
        contact.ref,
        "+491701234567",
        Actor.contact(id=contact.id),
        contact.actor(),
    ):
        assert desk.tickets.create(_draft(requester=person)).requester == contact.actor()
    assert [one.id for one in desk.contacts.list()] == [contact.id]
    with pytest.raises(Invalid) as refused:
        desk.tickets.create(_draft(requester="404"))
    assert refused.value.field == "requester"
    with pytest.raises(Invalid):
        desk.tickets.create(_draft(requester="no at all@"))
    assert desk.vendor_api.counts()["tickets"] == 6


def test_an_agents_id_that_nobody_has_is_a_mistake_and_no_name(desk):
    for values in ({"assignee": "404"}, {"group": "404"}, {"assignee": Actor.agent(id="404")}):
        with pytest.raises(Invalid):
            desk.tickets.create(_draft(**values))
    assert desk.agents.list() == desk.groups.list() == ()
    assert desk.vendor_api.counts() == {"tickets": 0, "contacts": 0, "messages": 0}


def test_changes(desk, clock):
    ticket = desk.tickets.create(_draft(tags=["a", "b"], group="Sales", custom_fields={"X": 1, "Y": 2}, type="T"))
    clock.advance(60)
    changed = desk.tickets.update(
        ticket.id,
        TicketChange(subject="Other", tags=Add("c", "A"), group=None, type=None, custom_fields={"X": None, "Z": "3"}),
    )
    assert (changed.subject, changed.tags, changed.group, changed.type) == ("Other", ("a", "b", "c"), None, None)
    assert dict(changed.custom_fields) == {"Y": 2, "Z": "3"}
    assert changed.updated_at == ticket.updated_at + timedelta(seconds=60)
    assert desk.tickets.update(ticket.id, TicketChange(tags=Remove("B", "nobody"))).tags == ("a", "c")
    assert desk.tickets.update(ticket.id, TicketChange(tags=(), cc=("x@example.com",))).tags == ()
    with pytest.raises(Invalid):
        desk.tickets.update(ticket.id, TicketChange())
    with pytest.raises(Invalid) as refused:
        desk.tickets.update(ticket.id, TicketChange(custom_fields={"Price": 1.5}))
    assert "float" in str(refused.value)


def test_solving_closing_and_opening_again_keep_the_times(desk, clock):
    ticket = desk.tickets.create(_draft())
    assert (ticket.status, ticket.solved_at, ticket.closed_at) == (Status.OPEN, None, None)
    clock.advance(10)
    solved = desk.tickets.update(ticket.id, TicketChange(status=Status.SOLVED))
    clock.advance(10)
    closed = desk.tickets.update(ticket.id, TicketChange(status=Status.CLOSED))
    assert (closed.solved_at, closed.closed_at) == (solved.updated_at, closed.updated_at)
    again = desk.tickets.update(ticket.id, TicketChange(status="Open"))
    assert (again.status, again.solved_at, again.closed_at) == (Status.OPEN, None, None)
    own = desk.tickets.update(ticket.id, TicketChange(status="Waiting for parts"))
    assert (own.status, own.status_label) == (Status.UNKNOWN, "Waiting for parts")
    assert [one.id for one in desk.tickets.list(TicketQuery(statuses={"waiting FOR parts"}))] == [ticket.id]
    with pytest.raises(Unsupported):
        desk.tickets.update(ticket.id, TicketChange(priority="extreme"))


def test_a_thread_with_reply_note_and_the_customers_own_words(desk, clock):
    ticket = desk.tickets.create(_draft())
    clock.advance(60)
    sent = desk.messages.reply(ticket.id, MessageDraft(body="Which one?", cc=["eve@example.com"]))
    clock.advance(60)
    desk.messages.note(ticket.id, MessageDraft(body=Body(html="<p>angry</p>")))
    clock.advance(60)
    desk.messages.add_from_contact(ticket.id, MessageDraft(body="The blue one"), "ANN@example.com")
    thread = list(desk.messages.list(ticket.id))
    assert [(one.kind, one.visibility, one.author.kind, one.opening, one.sequence) for one in thread] == [
        (MessageKind.REPLY, Visibility.PUBLIC, ActorKind.CONTACT, True, 0),
        (MessageKind.REPLY, Visibility.PUBLIC, ActorKind.AGENT, False, 1),
        (MessageKind.NOTE, Visibility.INTERNAL, ActorKind.AGENT, False, 2),
        (MessageKind.REPLY, Visibility.PUBLIC, ActorKind.CONTACT, False, 3),
    ]
    assert sent.message == thread[1]
    assert sent.ids == (thread[1].id,)
    assert thread[3].author.id == ticket.requester.id
    got = desk.tickets.get(ticket.id)
    assert (got.message_count, got.first_response_at, got.updated_at) == (4, sent.at, clock.wall())
    (outgoing,) = desk.vendor_api.outbox
    assert outgoing == thread[1]
    assert (outgoing.to, outgoing.cc) == (("ann@example.com",), ("eve@example.com",))
    with pytest.raises(NotFound):
        desk.messages.reply("404", MessageDraft(body="x"))
    with pytest.raises(NotFound):
        list(desk.messages.list("404"))


def test_long_threads_come_page_by_page_once_each(desk):
    ticket = desk.tickets.create(_draft())
    for number in range(250):
        desk.messages.note(ticket.id, MessageDraft(body=f"note {number}"))
    thread = list(desk.messages.list(ticket.id))
    assert [message.sequence for message in thread] == list(range(251))
    assert [message.body.text for message in thread[1:]] == [f"note {number}" for number in range(250)]


def test_a_repeated_key_adopts_what_is_there(desk):
    first = desk.tickets.create(_draft(), idempotency_key="order-17")
    assert desk.tickets.create(_draft(subject="Other"), idempotency_key="order-17") == first
    assert desk.vendor_api.counts()["tickets"] == 1


def test_contacts(desk, clock):
    contact = desk.contacts.create(
        ContactDraft(
            name="Ann", emails=["Ann@Example.com", "a@x.io"], phones=["+49 (170) 12345678", "0170"], company="Acme",
            external_id="c-1", custom_fields={"Level": "gold"},
        )
    )  # fmt: skip
    assert desk.contacts.get(contact.ref) == contact
    assert [(phone.raw, phone.e164) for phone in contact.phones] == [
        ("+49 (170) 12345678", "+4917012345678"),
        ("0170", None),
    ]
    assert desk.contacts.find(email="ann@example.COM") == contact
    assert desk.contacts.find(phone="004917012345678") == contact
    assert desk.contacts.find(email="nn@example.com") is None
    with pytest.raises(Conflict):
        desk.contacts.create(ContactDraft(emails=["A@X.io"]))
    ticket = desk.tickets.create(_draft(requester=contact.id))
    clock.advance(5)
    changed = desk.contacts.update(
        contact.id, ContactChange(name="Anna", emails=Remove("ann@example.com"), phones=(), company=None, blocked=True)
    )
    assert (changed.name, changed.emails, changed.phones, changed.company) == ("Anna", ("a@x.io",), (), None)
    assert (changed.created_at, changed.updated_at) == (contact.created_at, clock.wall())
    shown = desk.tickets.get(ticket.id)
    assert shown.requester == changed.actor()
    assert shown.updated_at == ticket.updated_at
    assert [one.id for one in desk.tickets.list(TicketQuery(requester="a@x.io"))] == [ticket.id]
    assert list(desk.contacts.list()) == []
    assert [one.id for one in desk.contacts.list(ContactQuery(include="blocked", name=Match("ann", "prefix")))] == [
        contact.id
    ]
    with pytest.raises(Invalid):
        desk.contacts.create(ContactDraft(emails=["nobody"]))
    with pytest.raises(NotFound):
        desk.contacts.update("404", ContactChange(name="x"))


def test_a_region_makes_national_numbers_certain(clock):
    with open_desk({"vendor": "local", "path": ":memory:", "region": "DE"}, clock=clock) as desk:
        contact = desk.contacts.create(ContactDraft(phones=["0170 12345678"]))
        assert contact.phones[0].e164 == "+4917012345678"
        assert desk.contacts.find(phone="+4917012345678") == contact


def test_lists_page_count_and_limit(desk, clock):
    for number in range(7):
        clock.advance(1)
        desk.tickets.create(_draft(subject=f"t{number}", assignee="bob@desk.example" if number % 2 else NONE and None))
    listing = desk.tickets.list(TicketQuery(order="-created"))
    assert [ticket.subject for ticket in listing] == [f"t{number}" for number in range(6, -1, -1)]
    assert listing.count() == 7
    page = listing.page(size=3)
    assert ([ticket.subject for ticket in page.items], page.total) == (["t6", "t5", "t4"], 7)
    rest = listing.page(page.next, 10)
    assert ([ticket.subject for ticket in rest.items], rest.next) == (["t3", "t2", "t1", "t0"], None)
    assert desk.tickets.list(TicketQuery(assignee=NONE)).count() == 4
    assert len(list(desk.tickets.list(TicketQuery(limit=2)))) == 2
    for cursor in ("x", "{}", '{"key":[1],"mark":0}', '{"mark":"a"}', "[]", "null"):
        with pytest.raises(Invalid):
            listing.page(cursor)
    with pytest.raises(Invalid):
        desk.messages.list("1").page('{"key":["a"],"count":1}')


def test_refs_of_another_file_are_refused(desk, tmp_path):
    ticket = desk.tickets.create(_draft())
    with open_desk({"vendor": "local", "path": str(tmp_path / "other.db")}) as other:
        other.tickets.create(_draft())
        assert other.account != desk.account
        with pytest.raises(WrongDesk):
            other.tickets.get(ticket.ref)


def test_a_file_keeps_everything_until_it_is_opened_again(tmp_path):
    path = str(tmp_path / "desk.db")
    with open_desk({"vendor": "local", "path": path}) as desk:
        ticket = desk.tickets.create(_draft(attachments=[Upload.from_bytes("a", b"abc")]))
    with open_desk({"vendor": "local", "path": path}) as desk:
        got = desk.tickets.get(ticket.ref)
        assert got == ticket
        with desk.attachments.open(got.attachments[0]) as stream:
            assert stream.read() == b"abc"
        assert desk.tickets.create(_draft()).id == "2"


def test_opening_does_no_io(tmp_path):
    path = tmp_path / "desk.db"
    with open_desk({"vendor": "local", "path": str(path)}) as desk:
        assert desk.capabilities.supports("tickets.create")
        assert not path.exists()
        assert len(desk.account) == 16
        assert path.exists()


def test_a_closed_desk_says_so(desk):
    desk.tickets.create(_draft())
    desk.close()
    with pytest.raises(HelpdeskError, match="closed"):
        desk.tickets.get("1")
    desk.close()


def test_removal(desk):
    ticket = desk.tickets.create(_draft(attachments=[Upload.from_bytes("a", b"same")]))
    other = desk.tickets.create(_draft(attachments=[Upload.from_bytes("b", b"same"), Upload.from_bytes("c", b"own")]))
    with pytest.raises(Conflict):
        desk.removal.contact(ticket.requester.id)
    desk.messages.reply(other.id, MessageDraft(body="x"))
    desk.removal.ticket(other.id)
    with pytest.raises(NotFound):
        desk.tickets.get(other.id)
    with pytest.raises(NotFound):
        desk.attachments.open(other.attachments[1])
    with desk.attachments.open(ticket.attachments[0]) as stream:
        assert stream.read() == b"same"
    desk.removal.ticket(ticket.id)
    with pytest.raises(NotFound):
        desk.removal.ticket(ticket.id)
    desk.removal.contact(ticket.requester.id)
    with pytest.raises(NotFound):
        desk.removal.contact(ticket.requester.id)
    assert desk.vendor_api.counts() == {"tickets": 0, "contacts": 0, "messages": 0}
    assert desk.vendor_api.outbox == ()
    assert desk.tickets.create(_draft()).id not in (ticket.id, other.id)


def test_events_name_what_was_written_since(desk, clock):
    first = desk.tickets.create(_draft())
    clock.advance(10)
    since = clock.wall()
    second = desk.tickets.create(_draft(requester="eve@example.com"))
    sent = desk.messages.reply(first.id, MessageDraft(body="x"))
    desk.tickets.update(first.id, TicketChange(tags=("a",)))
    answer = desk.events(since)
    assert [(event.kind, event.id, event.ticket_id) for event in answer.items] == [
        ("contact.created", second.requester.id, None),
        ("ticket.created", second.id, None),
        ("message.created", "2", second.id),
        ("message.created", sent.ids[0], first.id),
        ("ticket.updated", first.id, None),
    ]
    assert desk.events(answer.cursor).items == ()


def test_keep_raw_gives_the_stored_document(clock):
    with open_desk({"vendor": "local", "path": ":memory:", "keep_raw": True}, clock=clock) as desk:
        ticket = desk.tickets.create(_draft())
        assert ticket.raw["subject"] == "Help"
        assert desk.contacts.get(ticket.requester.id).raw["emails"] == ["ann@example.com"]


def test_listed_tickets_say_what_they_left_out(desk):
    desk.tickets.create(_draft(attachments=[Upload.from_bytes("a", b"a")]))
    (ticket,) = desk.tickets.list()
    assert (ticket.not_loaded, ticket.description) == ({"description", "attachments"}, None)
    (ticket,) = desk.tickets.list(TicketQuery(include="description"))
    assert (ticket.not_loaded, ticket.description.text) == ({"attachments"}, "It broke")


def test_templates_and_webhooks_are_missing(desk):
    assert not desk.templates
    assert not desk.webhooks
    with pytest.raises(Unsupported):
        desk.webhooks.parse(b"", {}, "x")


def test_check_and_errors_never_show_a_customer(desk):
    desk.tickets.create(_draft())
    (finding,) = desk.check()
    assert finding.severity.value == "ok"
    assert "1 tickets, 1 contacts, 1 messages" in finding.detail
    with pytest.raises(Conflict) as taken:
        desk.contacts.create(ContactDraft(emails=["ann@example.com"]))
    assert "ann" not in str(taken.value)


def test_program_written_with_aliases_runs_on_a_local_desk(clock):
    table = {
        "vendor": "local", "path": ":memory:",
        "custom_fields": {"order": "Order No"}, "groups": {"first_line": "Support"},
        "statuses": {"on_hold": "Awaiting parts"}, "agents": {"bob": "bob@desk.example"}, "tags": {"important": "VIP"},
    }  # fmt: skip
    with open_desk(table, clock=clock) as desk:
        ticket = desk.tickets.create(
            _draft(group="first_line", assignee="bob", tags=["important"], custom_fields={"order": 1})
        )
        held = desk.tickets.update(ticket.id, TicketChange(status=Status.ON_HOLD))
        assert (held.status, held.status_label) == (Status.ON_HOLD, "on_hold")
        assert (held.group.name, held.tags, dict(held.custom_fields)) == ("first_line", ("important",), {"order": 1})
        assert held.assignee.email == "bob@desk.example"
        for query in (
            TicketQuery(groups="first_line"), TicketQuery(tags="important"), TicketQuery(assignee="bob"),
            TicketQuery(custom_fields={"order": 1}), TicketQuery(statuses="on_hold"), TicketQuery(statuses=Status.ON_HOLD),
        ):  # fmt: skip
            assert [one.id for one in desk.tickets.list(query)] == [ticket.id]


@pytest.mark.parametrize(
    "text", ["Ann Lee <ann@example.com>", '"Lee, Ann" <ann@example.com>', "<ann@example.com>", " ann@example.com "]
)
def test_people_may_be_named_as_in_the_head_of_a_mail(text):
    with FakeHelpdesk() as desk:
        made = desk.tickets.create(TicketDraft(subject="Hi", description="d", requester=text))
        assert made.requester.email == "ann@example.com"
        other = desk.contacts.create(ContactDraft(emails=(text.replace("ann@", "bob@"),)))
        assert other.emails == ("bob@example.com",)
        assert made.requester.name == other.name
        assert desk.contacts.find(email=text).id == made.requester.id


def test_one_number_is_one_customer_and_an_extension_another():
    with FakeHelpdesk() as desk:
        asked = ["+49 30 1234567", "0049 (30) 1234567", "+49 30 1234567 ext. 2", "+43 30 1234567"]
        found = [
            desk.tickets.create(
                TicketDraft(subject="Hi", description="d", requester=Actor.contact(phone=one))
            ).requester.id
            for one in asked
        ]
        assert found[0] == found[1]
        assert len(set(found)) == 3


def test_people_in_copy_who_only_look_alike_are_all_in_copy():
    alike = ("kim@x.io", "\u212aim@x.io", "ann@straße.example", "ann@strasse.example")
    with FakeHelpdesk() as desk:
        made = desk.tickets.create(
            TicketDraft(subject="Hi", description="d", requester="a@x.io", cc=(*alike, "KIM@x.io"))
        )
        assert made.cc == alike
        changed = desk.tickets.update(made.id, TicketChange(cc=Remove("KIM@x.io", "ann@xn--strae-oqa.example")))
        assert changed.cc == ("\u212aim@x.io", "ann@strasse.example")
