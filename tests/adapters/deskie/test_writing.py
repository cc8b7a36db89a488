"""What the adapter writes: captured over the simulator, read back, and counted in the simulator's outbox."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
from adapters.deskie.simulated import dataset
from attrs import evolve

from helpdesk_bridge import Add, Body, ContactDraft, MessageDraft, Remove, TicketChange, TicketDraft, Upload
from helpdesk_bridge.adapter import (
    ActorKind,
    Conflict,
    ContactChange,
    InDoubt,
    Invalid,
    MessageKind,
    Priority,
    Ref,
    Status,
    Unsupported,
    Visibility,
)


def outbox(app):
    from werkzeug.test import Client

    return Client(app).get("/_sim/outbox").json["outbox"]


def last_body(app, method):
    last = [request for request in app.requests.snapshot() if request.method == method][-1]
    return json.loads(last.body)


def main_id(app):
    return str(app.seeded.cases["main"])


def test_a_ticket_with_everything(deskie_account):
    desk, app = deskie_account(dataset())
    draft = TicketDraft(
        subject="New chair", description=Body(html="<p>It <b>creaks</b></p>"), requester="ann@x.io",
        assignee="meg@robotsrule.example", group="sales", status=Status.PENDING, priority=Priority.URGENT,
        tags=("vip", "brand new"), custom_fields={"Product": "chair", "Urgent": True, "Order No": 17, "Due": date(2026, 5, 1)},
    )  # fmt: skip
    created = desk.tickets.create(draft)
    body = last_body(app, "POST")["case"]
    assert body["status"] == "waiting"
    assert body["priority"] == "critical"
    assert isinstance(body["labels"][0], int)
    ticket = desk.tickets.get(created.id)
    assert (ticket.subject, ticket.status, ticket.priority) == ("New chair", Status.PENDING, Priority.URGENT)
    assert (ticket.requester.email, ticket.assignee.email, ticket.group.name) == (
        "ann@x.io",
        "meg@robotsrule.example",
        "Sales",
    )
    assert ticket.tags == ("vip", "brand new")
    assert ticket.description.html == "<p>It <b>creaks</b></p>"
    assert dict(ticket.custom_fields) == {"Product": "Chair", "Urgent": True, "Order No": "17", "Due": date(2026, 5, 1)}
    assert ticket.requester.id == str(app.seeded.users["ann"])


def test_plain_text_stays_plain_and_a_missing_subject_is_four_blanks(deskie_account):
    desk, app = deskie_account(dataset())
    created = desk.tickets.create(TicketDraft(subject="", description="a < b\n  c", requester="ann@x.io"))
    body = last_body(app, "POST")["case"]
    assert (body["subject"], body["content"], body["status"]) == ("    ", "a < b\n  c", "open")
    assert "content_html" not in body
    ticket = desk.tickets.get(created.id)
    assert (ticket.subject, ticket.description.text) == ("", "a < b\n  c")


def test_files_go_as_multipart_with_every_field(deskie_account):
    desk, app = deskie_account(dataset())
    files = (Upload.from_bytes("Größe.txt", b"one", "text/plain"), Upload.from_bytes("b.bin", b"\x00\xff"))
    draft = TicketDraft(
        subject="Files",
        description="See",
        requester="ann@x.io",
        tags=("vip",),
        custom_fields={"Urgent": True},
        attachments=files,
    )
    ticket = desk.tickets.get(desk.tickets.create(draft).id)
    assert [file.filename for file in ticket.attachments] == ["Größe.txt", "b.bin"]
    assert (ticket.tags, ticket.custom_fields["Urgent"]) == (("vip",), True)
    with desk.attachments.open(ticket.attachments[1]) as stream:
        assert stream.read() == b"\x00\xff"
    assert b'name="case[attachments][1]"' in app.requests.snapshot()[-4].body or any(
        b'name="case[attachments][1]"' in (request.body or b"") for request in app.requests.snapshot()
    )


def test_updates_send_only_what_changes(deskie_account):
    desk, app = deskie_account(dataset())
    changed = desk.tickets.update(main_id(app), TicketChange(status="closed", assignee=None, subject="Done"))
    assert last_body(app, "PUT") == {"case": {"staff_id": 0, "subject": "Done", "status": "closed"}}
    assert (changed.status, changed.assignee, changed.subject) == (Status.CLOSED, None, "Done")
    assert changed.closed_at is not None
    again = desk.tickets.update(
        main_id(app), TicketChange(assignee=str(app.seeded.staff["rob"]), group=Ref(name="Sales"))
    )
    assert (again.assignee.email, again.group.name) == ("rob@robotsrule.example", "Sales")
    assert (
        desk.tickets.update(main_id(app), TicketChange(custom_fields={"Product": None})).custom_fields["Product"]
        is None
    )


def test_tags_as_a_whole_added_and_removed(deskie_account):
    desk, app = deskie_account(dataset())

    def tags(change):
        return set(desk.tickets.update(main_id(app), TicketChange(tags=change)).tags)

    assert tags(Add("late")) == {"vip", "bug", "late"}
    assert set(last_body(app, "PUT")["case"]) == {"add_labels"}
    assert tags(Remove("BUG", "never there")) == {"vip", "late"}
    assert set(last_body(app, "PUT")["case"]) == {"delete_labels"}
    assert tags(("vip", "x")) == {"vip", "x"}
    assert tags(()) == set()
    assert [tag.name for tag in desk.tags.list()].count("late") == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"assignee": "nobody@robotsrule.example"}, "assignee"),
        ({"group": "No such group"}, "group"),
        ({"custom_fields": {"Product": "Sofa"}}, "custom_fields.Product"),
        ({"custom_fields": {"Urgent": "yes"}}, "custom_fields.Urgent"),
        ({"custom_fields": {"Unheard of": 1}}, "custom_fields.Unheard of"),
        ({"custom_fields": {"Tier": "a contact's field"}}, "custom_fields.Tier"),
        ({"tags": ("",)}, "tags"),
    ],
)
def test_names_that_are_nobodys_are_refused_before_anything_is_written(deskie_account, change, field):
    desk, app = deskie_account(dataset())
    with pytest.raises(Invalid) as caught:
        desk.tickets.update(main_id(app), TicketChange(**change))
    assert caught.value.field == field
    with pytest.raises(Invalid):
        desk.tickets.create(TicketDraft(subject="s", description="d", requester="ann@x.io", **change))
    assert {request.method for request in app.requests.snapshot()} == {"GET"}


def test_statuses_that_deskie_lacks_are_refused(deskie_account):
    desk, app = deskie_account(dataset())
    with pytest.raises(Unsupported, match="nearest is closed"):
        desk.tickets.update(main_id(app), TicketChange(status=Status.SOLVED))


def test_reply_is_mailed_note_is_not(deskie_account):
    desk, app = deskie_account(dataset())
    before = len(outbox(app))
    note = desk.messages.note(main_id(app), MessageDraft(body="only us"))
    assert len(outbox(app)) == before
    reply = desk.messages.reply(main_id(app), MessageDraft(body=Body(html="<p>Hello</p>")))
    assert len(outbox(app)) == before + 1
    thread = {message.id: message for message in desk.messages.list(main_id(app))}
    noted, replied = thread[note.ids[0]], thread[reply.ids[0]]
    assert (noted.visibility, noted.kind, noted.body.text) == (Visibility.INTERNAL, MessageKind.NOTE, "only us")
    assert (replied.visibility, replied.body.html) == (Visibility.PUBLIC, "<p>Hello</p>")
    assert replied.author.email == noted.author.email == app.connection["staff_email"]
    assert (reply.message.opening, reply.message.kind, reply.at) == (False, MessageKind.REPLY, replied.created_at)


def test_what_a_customer_wrote_elsewhere_mails_nobody(deskie_account):
    desk, app = deskie_account(dataset())
    before = len(outbox(app))
    for author in ("joann@x.io", str(app.seeded.users["joann"]), desk.contacts.find(email="joann@x.io").actor()):
        sent = desk.messages.add_from_contact(main_id(app), MessageDraft(body="from the portal"), author)
        written = next(message for message in desk.messages.list(main_id(app)) if message.id == sent.ids[0])
        assert (written.author.kind, written.author.email) == (ActorKind.CONTACT, "joann@x.io")
    assert len(outbox(app)) == before
    with pytest.raises(Invalid):
        desk.messages.add_from_contact(main_id(app), MessageDraft(body="x"), "stranger@x.io")


def test_a_message_with_cc_is_refused(deskie_account):
    desk, app = deskie_account(dataset())
    with pytest.raises(Unsupported):
        desk.messages.reply(main_id(app), MessageDraft(body="x", cc=("joann@x.io",)))


PICTURE = Upload(
    "logo.png", "image/png", lambda: __import__("io").BytesIO(b"\x89PNG"), size=4, inline=True, content_id="logo@here"
)
SHOWN = Body(html='<p>See <img alt="x" src="cid:logo@here"> and more</p>')


@pytest.mark.parametrize("kind", ["create", "reply", "note"])
def test_inline_pictures_are_shown_in_the_thread(deskie_account, kind):
    desk, app = deskie_account(dataset())
    if kind == "create":
        number = desk.tickets.create(
            TicketDraft(subject="s", description=SHOWN, requester="ann@x.io", attachments=(PICTURE,))
        ).id
    else:
        number = main_id(app)
        getattr(desk.messages, kind)(number, MessageDraft(body=SHOWN, attachments=(PICTURE,)))
    written = list(desk.messages.list(number))[-1]
    inline = [file for file in written.attachments if file.inline]
    assert len(inline) == 1
    assert f'<img alt="x" src="cid:{inline[0].content_id}">' in written.body.html
    with desk.attachments.open(inline[0]) as stream:
        assert stream.read() == b"\x89PNG"
    if kind == "reply":
        assert "cid:" not in json.dumps(outbox(app)[-1], ensure_ascii=False)


def test_too_large_files_are_refused_unsent(deskie_account):
    desk, app = deskie_account(dataset())
    large = Upload(
        "large.bin", "application/octet-stream", lambda: __import__("io").BytesIO(b""), size=25 * 1024 * 1024 + 1
    )
    with pytest.raises(Invalid):
        desk.messages.note(main_id(app), MessageDraft(body="x", attachments=(large,)))
    assert len(app.requests.snapshot()) == 0


def test_contacts_are_created_changed_and_conflict(deskie_account):
    desk, _app = deskie_account(dataset())
    made = desk.contacts.create(
        ContactDraft(name="New One", emails=("new@x.io",), company="Globex", custom_fields={"Tier": "silver"})
    )
    read = desk.contacts.get(made.id)
    assert (read.name, read.emails, read.company.name, read.custom_fields["Tier"]) == (
        "New One",
        ("new@x.io",),
        "Globex",
        "silver",
    )
    changed = desk.contacts.update(made.id, ContactChange(name="Renamed", company=None, blocked=True))
    assert (changed.name, changed.company, changed.blocked) == ("Renamed", None, True)
    with pytest.raises(Conflict):
        desk.contacts.create(ContactDraft(emails=("ann@x.io",)))
    assert desk.contacts.create(ContactDraft(phones=("+49 30 123456",))).phones[0].raw
    with pytest.raises(Unsupported):
        desk.contacts.create(ContactDraft(emails=("a@x.io", "b@x.io")))
    with pytest.raises(Unsupported):
        desk.contacts.update(made.id, ContactChange(emails=Add("b@x.io")))


@pytest.mark.parametrize("field", [True, False])
def test_an_idempotency_key_adopts_what_is_there(deskie_account, field):
    desk, app = deskie_account(dataset(), settings={"marker_field": field})
    draft = TicketDraft(subject="Order 7", description=Body(html="<p>please</p>"), requester="ann@x.io")
    app.faults.inject("response_lost", on="POST /api/*")
    with pytest.raises(InDoubt):
        desk.tickets.create(draft, idempotency_key="order-7")
    again = desk.tickets.create(draft, idempotency_key="order-7")
    other = desk.tickets.create(draft, idempotency_key="order-8")
    assert again.id != other.id
    assert sum(ticket.subject == "Order 7" for ticket in desk.tickets.list(resolve=False)) == 2
    fresh = desk.tickets.create(TicketDraft(subject="x", description="d", requester="first@x.io"), idempotency_key="k")
    assert desk.tickets.get(fresh.id).requester.email == "first@x.io"


def test_an_idempotency_key_that_was_copied_into_another_text_is_never_adopted(deskie_account):
    desk, _ = deskie_account(dataset(), settings={"marker_field": False})
    draft = TicketDraft(subject="Order 7", description="please", requester="ann@x.io")
    first = desk.tickets.create(draft, idempotency_key="order-7")
    (opening,) = desk.vendor_api.messages.page(int(first.id))
    line = re.search(r"\[ref:key:[0-9a-f]{16}\]", opening.content).group()
    copied = desk.tickets.create(evolve(draft, description=f"another\n\n{line}"))
    assert desk.tickets.create(draft, idempotency_key="order-7").id == first.id != copied.id
    before = len(list(desk.tickets.list(resolve=False)))
    with pytest.raises(Conflict, match="says something else"):
        desk.tickets.create(evolve(draft, description="a third"), idempotency_key="order-7")
    assert len(list(desk.tickets.list(resolve=False))) == before


def test_a_label_in_doubt_is_looked_for_and_not_made_twice(deskie_account):
    desk, app = deskie_account(dataset())
    app.faults.inject("response_lost", on="POST /api/labels.json")
    change = TicketChange(tags=Add("fragile"))
    from helpdesk_bridge.adapter import Unavailable

    with pytest.raises(Unavailable):
        desk.tickets.update(main_id(app), change)
    assert "fragile" in desk.tickets.update(main_id(app), change).tags
    assert [tag.name for tag in desk.tags.list()].count("fragile") == 1


def test_aliases_of_this_configuration_are_written_and_read(in_process_account):
    table = {
        "custom_fields": {"order_number": "Order No"},
        "groups": {"tier1": "Support"},
        "tags": {"important": "vip"},
    }
    with in_process_account(dataset(), table=table) as (desk, _):
        draft = TicketDraft(
            subject="s",
            description="d",
            requester="ann@x.io",
            group="tier1",
            tags=("important",),
            custom_fields={"order_number": "5"},
        )
        ticket = desk.tickets.get(desk.tickets.create(draft).id)
        assert (ticket.group.name, ticket.tags, dict(ticket.custom_fields)) == (
            "tier1",
            ("important",),
            {"order_number": "5"},
        )
