"""The importer: silence, authors, times, header lines, markers, and what the account looks like afterwards."""

from __future__ import annotations

import io
import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from adapters.deskie.simulated import dataset

from helpdesk_bridge.adapter import (
    SYSTEM,
    Actor,
    Body,
    Conflict,
    Contact,
    InDoubt,
    Invalid,
    Message,
    MessageClass,
    MessageKind,
    NotFound,
    Phone,
    Priority,
    Rating,
    Ref,
    Status,
    Ticket,
    Upload,
    Visibility,
    split_header,
    split_marker,
)
from helpdesk_bridge.datasets.corpus import load_corpus

OLD = datetime(2019, 3, 2, 9, 15, tzinfo=UTC)
MARKER = "0123456789abcdef"
ANN = Actor.contact(name="Ann", email="ann@x.io")
MEG = Actor.agent(name="Meg", email="meg@robotsrule.example")
CORPUS = os.environ.get("HELPDESK_BRIDGE_CORPUS")


def outbox(app):
    from werkzeug.test import Client

    return Client(app).get("/_sim/outbox").json["outbox"]


def bodies(app):
    return [
        json.loads(request.body)
        for request in app.requests.snapshot()
        if request.method == "POST" and request.body.startswith(b"{")
    ]


def old_ticket(**more):
    values = {
        "id": "77", "ref": "local:x/ticket/77", "subject": "Old", "status": Status.SOLVED, "priority": Priority.HIGH,
        "requester": ANN, "assignee": MEG, "group": Ref(name="Sales"), "tags": ("vip", "imported"),
        "custom_fields": {"Order No": "PO-1"}, "created_at": OLD,
    }  # fmt: skip
    return Ticket(**{**values, **more})


def old_message(author=ANN, *, at=0, **more):
    values = {
        "id": str(at), "ticket_id": "77", "author": author, "visibility": Visibility.PUBLIC, "kind": MessageKind.REPLY,
        "body": Body(html="<p>text</p>"), "created_at": OLD + timedelta(minutes=at),
    }  # fmt: skip
    return Message(**{**values, **more})


def opening(author=ANN, **more):
    return old_message(author, opening=True, **more)


@pytest.mark.parametrize("field", [True, False])
def test_a_ticket_keeps_what_the_importer_says(deskie_account, field):
    desk, app = deskie_account(dataset(), settings={"marker_field": field})
    before = len(outbox(app))
    imported = desk.importer.ticket(old_ticket(), opening(), (), MARKER)
    desk.importer.message(imported.ticket_id, old_message(MEG, at=5), ())
    desk.importer.finish(imported.ticket_id, old_ticket())
    ticket = desk.tickets.get(imported.ticket_id)
    assert (ticket.status, ticket.priority) == (Status.CLOSED, Priority.HIGH)
    assert (ticket.requester.email, ticket.assignee.email, ticket.group.name) == (ANN.email, MEG.email, "Sales")
    assert (sorted(ticket.tags), ticket.custom_fields["Order No"]) == (["imported", "vip"], "PO-1")
    assert ticket.created_at == OLD
    thread = list(desk.messages.list(imported.ticket_id))
    assert [message.created_at for message in thread] == [OLD, OLD + timedelta(minutes=5)]
    assert [message.author.email for message in thread] == [ANN.email, MEG.email]
    assert thread[1].body.html == "<p>text</p>"
    marker, rest = split_marker(thread[0].body)
    assert (marker, rest.html) == ((None, "<p>text</p>") if field else (MARKER, "<p>text</p>"))
    if field:
        assert ticket.custom_fields["Migration marker"] == MARKER
    assert len(outbox(app)) == before
    assert all(next(iter(body.values())).get("do_not_send_email") for body in bodies(app) if "label" not in body)


def test_the_cost_is_what_is_announced(deskie_account):
    desk, app = deskie_account(dataset())
    desk.importer.ticket(
        old_ticket(), opening(), (), MARKER
    )  # the reference lists and the new label are read and made here
    cost = desk.importer.cost

    def units(call):
        start = desk.transport.stats.units
        result = call()
        return desk.transport.stats.units - start, result

    spent, imported = units(lambda: desk.importer.ticket(old_ticket(), opening(), (), MARKER))
    assert spent == cost.ticket
    for message in (old_message(MEG), old_message(MEG, visibility=Visibility.INTERNAL, kind=MessageKind.NOTE)):
        assert units(lambda message=message: desk.importer.message(imported.ticket_id, message, ()))[0] == cost.message
    ann = Actor.contact(id=str(app.seeded.users["ann"]), email="ann@x.io")
    assert units(lambda: desk.importer.message(imported.ticket_id, old_message(ann), ()))[0] == cost.message
    assert units(lambda: desk.importer.finish(imported.ticket_id, old_ticket()))[0] == cost.finish
    contact = Contact(id="1", ref="r", emails=("fresh@x.io",))
    assert units(lambda: desk.importer.contact(contact, MARKER))[0] == cost.contact


def written(desk, imported):
    return list(desk.messages.list(imported.ticket_id))[-1]


@pytest.mark.parametrize(
    ("message", "author"),
    [
        (old_message(Actor.agent(name="Old", email="old@robotsrule.example")), None),  # disabled here
        (old_message(Actor.agent(name="Zed", email="zed@elsewhere.example")), None),  # unknown here
        (old_message(Actor.contact(name="Who", email="who@elsewhere.example")), None),
        (old_message(SYSTEM, kind=MessageKind.AUTOMATIC), None),
        (old_message(MEG, kind=MessageKind.FORWARD), MEG.email),
        (old_message(MEG, kind=MessageKind.NOTE, visibility=Visibility.INTERNAL), None),
        (old_message(ANN, kind=MessageKind.REPLY, visibility=Visibility.INTERNAL), None),
    ],
)
def test_what_deskie_cannot_say_stands_in_a_header_line(deskie_account, message, author):
    desk, app = deskie_account(dataset())
    imported = desk.importer.ticket(old_ticket(), opening(), (), MARKER)
    before = len(outbox(app))
    desk.importer.message(imported.ticket_id, message, ())
    messages = written(desk, imported)
    assert messages.author.email == (author or app.connection["staff_email"])
    header, rest = split_header(messages.body)
    assert rest.html == "<p>text</p>"
    assert (header.author.name, header.author.kind) == (message.author.name, message.author.kind)
    assert (header.created_at, header.visibility, header.kind) == (OLD, message.visibility, message.kind)
    assert messages.visibility is message.visibility
    assert messages.created_at == OLD
    assert len(outbox(app)) == before


def test_a_note_of_the_keys_own_agent_needs_no_line(deskie_account):
    desk, app = deskie_account(dataset())
    imported = desk.importer.ticket(old_ticket(), opening(), (), MARKER)
    own = Actor.agent(email=str(app.connection["staff_email"]))
    desk.importer.message(
        imported.ticket_id, old_message(own, kind=MessageKind.NOTE, visibility=Visibility.INTERNAL), ()
    )
    assert split_header(written(desk, imported).body)[0] is None


@pytest.mark.parametrize("author", [MEG, Actor.contact(name="Jo", email="joann@x.io"), SYSTEM])
def test_an_opening_by_somebody_else_than_the_customer_has_a_header_line(deskie_account, author):
    desk, _ = deskie_account(dataset())
    imported = desk.importer.ticket(old_ticket(), opening(author), (), MARKER)
    first = next(iter(desk.messages.list(imported.ticket_id)))
    header, _ = split_header(split_marker(first.body)[1])
    assert (header.author.kind, header.author.email) == (author.kind, author.email)
    assert first.author.email == ANN.email


def test_an_assignee_who_is_disabled_or_unknown_is_left_out(deskie_account):
    desk, _ = deskie_account(dataset())
    for email in ("old@robotsrule.example", "zed@elsewhere.example"):
        imported = desk.importer.ticket(old_ticket(assignee=Actor.agent(email=email)), opening(), (), MARKER)
        assert desk.tickets.get(imported.ticket_id).assignee is None


def test_files_and_inline_pictures_are_carried(deskie_account):
    desk, _ = deskie_account(dataset())
    picture = Upload("a.png", "image/png", lambda: io.BytesIO(b"PNG"), size=3, inline=True, content_id="p@q")
    document = Upload.from_bytes("a.pdf", b"%PDF", "application/pdf")
    body = Body(html='<p>see <img src="cid:p@q"></p>')
    first, files = opening(body=body), (document, picture)
    imported = desk.importer.ticket(old_ticket(), first, files, MARKER)
    (step,) = desk.importer.message_steps(imported.ticket_id, (), first, files, look=False)
    (opened,) = step.send()
    note = old_message(MEG, body=body, visibility=Visibility.INTERNAL, kind=MessageKind.NOTE)
    ids = desk.importer.message(imported.ticket_id, note, files[::-1])
    (step,) = desk.importer.message_steps(imported.ticket_id, ids, note, files[::-1], look=False)
    assert step.send() == ids
    thread = list(desk.messages.list(imported.ticket_id))
    assert [opened, *ids] == [message.id for message in thread]
    for message in thread:
        inline = [file for file in message.attachments if file.inline]
        assert [file.filename for file in inline] == ["a.png"]
        assert f'src="cid:{inline[0].content_id}"' in message.body.html
        assert [file.filename for file in message.attachments if not file.inline] == ["a.pdf"]


def test_a_message_of_files_alone_and_one_of_nothing_are_written(deskie_account):
    desk, _ = deskie_account(dataset())
    imported = desk.importer.ticket(old_ticket(), opening(body=Body(text="")), (), MARKER)
    desk.importer.message(imported.ticket_id, old_message(body=Body(text="")), (Upload.from_bytes("a.txt", b"a"),))
    thread = list(desk.messages.list(imported.ticket_id))
    assert thread[1].body.text.strip("\u200b") == ""
    assert len(thread[1].attachments) == 1


def test_plain_text_comes_back_as_it_was(deskie_account):
    desk, _ = deskie_account(dataset())
    text = "a <b> & c\n\n  indented\tşğ 🎉 it's 5 < 6"
    imported = desk.importer.ticket(old_ticket(), opening(body=Body(text="x < y")), (), MARKER)
    desk.importer.message(imported.ticket_id, old_message(body=Body(text=text)), ())
    thread = list(desk.messages.list(imported.ticket_id))
    assert split_marker(thread[0].body)[1].text == "x < y"
    assert thread[1].body.text == text


def test_ratings_in_deskies_words_are_kept(deskie_account):
    desk, _ = deskie_account(dataset())
    old = old_ticket(rating=Rating(score=2, label="middle", comment="so so"))
    imported = desk.importer.ticket(old, opening(), (), MARKER)
    desk.importer.finish(imported.ticket_id, old)
    ticket = desk.tickets.get(imported.ticket_id)
    assert (ticket.rating.label, ticket.rating.comment, ticket.status) == ("middle", "so so", Status.CLOSED)


def test_contacts_are_written_and_blocked_and_a_taken_address_is_told(deskie_account):
    desk, app = deskie_account(dataset(), settings={"marker_field": True})
    old = Contact(
        id="9", ref="r", name="Two", emails=("two@x.io", "second@x.io"), phones=(Phone("0170 1", None),), external_id="E-9",
        company=Ref(name="Globex"), blocked=True, custom_fields={"Tier": "gold"},
    )  # fmt: skip
    (made,) = desk.importer.contact(old, MARKER)
    (step,) = desk.importer.contact_steps(made, old, look=False)
    assert (step.sets, step.send(), desk.importer.contact_steps(made, old, look=True)) == (True, (), ())
    contact = desk.contacts.get(made)
    assert (contact.name, contact.emails, contact.company.name, contact.blocked) == (
        "Two",
        ("two@x.io",),
        "Globex",
        True,
    )
    assert (contact.custom_fields["Tier"], contact.custom_fields["Migration marker"]) == ("gold", MARKER)
    assert bodies(app)[0]["user"]["user_note"] == "E-mail: second@x.io\nPhone: 0170 1\nExternal id: E-9"
    for taken in (old, Contact(id="1", ref="r", emails=("ANN@X.io",))):
        with pytest.raises(Conflict):
            desk.importer.contact(taken, MARKER)
    assert desk.importer.find("contact", MARKER, OLD, old) == (made,)
    assert desk.importer.find("contact", MARKER, OLD, Contact(id="2", ref="r", emails=("nobody@x.io",))) == ()
    with pytest.raises(Invalid):
        desk.importer.contact(Contact(id="3", ref="r", name="No address"), MARKER)


def test_a_ticket_of_a_customer_who_is_blocked_already_is_no_spam_in_the_end(deskie_account):
    desk, _ = deskie_account(dataset())
    old = old_ticket()
    assert not desk.importer.ticket(old, opening(), (), MARKER).unfinished
    desk.contacts.update(desk.contacts.find(email=old.requester.email).id, blocked=True)
    imported = desk.importer.ticket(old, opening(), (), MARKER)
    assert imported.unfinished
    desk.importer.finish(imported.ticket_id, old)
    assert not desk.tickets.get(imported.ticket_id).spam


def test_what_an_agent_called_spam_stays_spam(deskie_account):
    desk, _ = deskie_account(dataset())
    imported = desk.importer.ticket(old_ticket(), opening(), (), MARKER)
    desk.vendor_api.cases.spam(imported.ticket_id)
    desk.importer.finish(imported.ticket_id, old_ticket())
    assert desk.tickets.get(imported.ticket_id).spam


@pytest.mark.parametrize("field", [True, False])
def test_a_ticket_in_doubt_is_found_by_its_marker(deskie_account, field):
    desk, app = deskie_account(dataset(), settings={"marker_field": field})
    since = datetime.now(UTC)
    desk.importer.ticket(old_ticket(), opening(), (), "f" * 16)
    app.faults.inject("response_lost", on="POST /api/cases.json")
    with pytest.raises(InDoubt):
        desk.importer.ticket(old_ticket(), opening(), (), MARKER)
    (ticket_id,) = desk.importer.find("ticket", MARKER, since, old_ticket())
    assert desk.tickets.get(ticket_id).created_at == OLD
    assert desk.importer.find("ticket", "a" * 16, since, old_ticket()) == ()
    assert desk.importer.find("ticket", MARKER, since, old_ticket(requester=None)) == (ticket_id,)


def test_the_tail_is_the_end_of_the_thread(deskie_account):
    desk, _ = deskie_account(dataset())
    imported = desk.importer.ticket(old_ticket(), opening(), (), MARKER)
    for number in range(1, 130):
        desk.importer.message(imported.ticket_id, old_message(at=number, body=Body(text=f"line {number}")), ())
    tail = desk.importer.tail(imported.ticket_id, 3)
    assert [message.body.text for message in tail] == ["line 127", "line 128", "line 129"]
    assert [message.sequence for message in tail] == [127, 128, 129]
    everything = desk.importer.tail(imported.ticket_id, 500)
    assert [message.sequence for message in everything] == list(range(130))
    assert everything[0].opening


def test_a_configured_marker_field_that_is_missing_is_refused(in_process_account):
    with in_process_account(dataset(), table={"custom_fields": {"migration_marker": "Nowhere"}}) as (desk, _):
        with pytest.raises(Invalid) as caught:
            desk.importer.ticket(old_ticket(), opening(), (), MARKER)
        assert caught.value.field == "custom_fields.migration_marker"
    with in_process_account(dataset(), table={"custom_fields": {"migration_marker": "Order No"}}) as (desk, _):
        imported = desk.importer.ticket(old_ticket(custom_fields={}), opening(), (), MARKER)
        assert desk.tickets.get(imported.ticket_id).custom_fields["migration_marker"] == MARKER


@pytest.mark.parametrize("needs_trash", [True, False])
def test_removal_is_for_good_and_can_be_repeated(deskie_account, needs_trash):
    desk, _app = deskie_account(dataset(), settings={"delete_needs_trash": needs_trash})
    imported = desk.importer.ticket(old_ticket(), opening(), (), MARKER)
    (contact,) = desk.importer.contact(Contact(id="1", ref="r", emails=("canary@x.io",)), MARKER)
    for _ in range(2):
        desk.removal.ticket(imported.ticket_id)
        desk.removal.contact(contact)
    for call in (lambda: desk.tickets.get(imported.ticket_id), lambda: desk.contacts.get(contact)):
        with pytest.raises(NotFound):
            call()


def test_the_importers_promises_are_complete(deskie_account):
    desk, _ = deskie_account(dataset())
    assert set(desk.importer.fidelity.messages) == set(MessageClass)
    assert {hazard.id for hazard in desk.importer.hazards} >= {"auto_reply", "satisfaction_survey"}
    assert set(desk.importer.fidelity.ticket) <= desk.capabilities.ticket_fields
    assert desk.importer.settle == 60


@pytest.mark.skipif(not CORPUS, reason="HELPDESK_BRIDGE_CORPUS does not name the corpus of real tickets")
def test_the_corpus_of_real_tickets_is_read_whole_and_imports_without_a_mail(in_process_account):
    seed = load_corpus(CORPUS)
    with in_process_account(seed) as (source, _), in_process_account(dataset()) as (target, app):
        tickets = list(source.tickets.list())
        assert len(tickets) == len(seed.tickets)
        assert sum(len(list(source.messages.list(ticket.id, resolve=False))) for ticket in tickets) == sum(
            len(ticket.messages) for ticket in seed.tickets
        )
        sample = max(tickets, key=lambda ticket: ticket.custom_fields is not None and int(ticket.id) % 50)
        thread = list(source.messages.list(sample.id))
        old = source.tickets.get(sample.id)
        from attrs import evolve

        plain = evolve(old, group=None, tags=(), custom_fields={})
        imported = target.importer.ticket(plain, thread[0], (), MARKER)
        for message in thread[1:]:
            target.importer.message(imported.ticket_id, message, ())
        target.importer.finish(imported.ticket_id, plain)
        copied = list(target.messages.list(imported.ticket_id))
        assert [split_header(split_marker(message.body)[1])[1].text.split() for message in copied] == [
            message.body.text.split() for message in thread
        ]
        assert [message.created_at for message in copied] == [message.created_at for message in thread]
        assert [message.visibility for message in copied] == [message.visibility for message in thread]
        assert outbox(app) == []
