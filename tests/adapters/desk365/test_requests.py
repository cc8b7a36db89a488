"""What goes over the wire: method, URL, headers and body, captured."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
import responses

from helpdesk_bridge import (
    Actor,
    Add,
    Body,
    Contact,
    ContactChange,
    ContactDraft,
    ContactQuery,
    Invalid,
    Message,
    MessageDraft,
    MessageKind,
    Priority,
    Ref,
    Remove,
    Status,
    Ticket,
    TicketChange,
    TicketDraft,
    TicketQuery,
    Unsupported,
    Upload,
    Visibility,
    open_desk,
)
from helpdesk_bridge.adapter import Conflict, InDoubt, NotFound
from helpdesk_bridge.testing.clock import ManualClock

KEY = "5f2d9c01b7e84a36d1c0fe5a92b8473e"
V3 = "https://acme.desk365.io/apis/v3"
TICKET = {"ticket_number": 7, "subject": "S", "status": "Open", "priority": 5, "share_to": ["old@x.io", "Keep@x.io"]}


@pytest.fixture
def wire():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def desk(wire):
    # A key of its own for each test, and so a budget of its own.
    with open_desk({"vendor": "desk365", "subdomain": "acme", "api_key": KEY}, clock=ManualClock()) as opened:
        yield opened


def sent(wire, number=-1):
    request = wire.calls[number].request
    parts = urlsplit(request.url)
    return (
        request.method,
        f"{parts.scheme}://{parts.netloc}{parts.path}",
        dict(parse_qsl(parts.query, keep_blank_values=True)),
    )


def body(wire, number=-1):
    return json.loads(wire.calls[number].request.body)


def raw_body(wire):
    data = wire.calls[-1].request.body
    return data if isinstance(data, bytes) else data.read()


def test_the_url_and_the_raw_key_of_a_listing(wire, desk):
    wire.get(f"{V3}/tickets", json={"count": 0, "tickets": []})
    assert list(desk.tickets.list()) == []
    assert sent(wire) == (
        "GET",
        f"{V3}/tickets",
        {"ticket_count": "100", "offset": "0", "order_by": "created_time", "order_type": "asc"},
    )
    assert wire.calls[0].request.headers["Authorization"] == KEY


def test_the_query_is_percent_encoded_utf_8(wire, desk):
    wire.get(f"{V3}/tickets", json={"count": 0, "tickets": []})
    list(desk.tickets.list(TicketQuery(category="Müşteri 🚚", order="-updated")))
    query = urlsplit(wire.calls[0].request.url).query
    assert "M%C3%BC%C5%9Fteri%20%F0%9F%9A%9A" in query
    assert query.isascii()
    assert " " not in query
    assert "order_by=updated_time&order_type=desc" in query


def test_a_refused_escape_is_asked_once_more_bare_and_remembered(wire, desk):
    wire.get(f"{V3}/tickets", status=400, json={"description": "Invalid filters"})
    wire.get(f"{V3}/tickets", json={"count": 0, "tickets": []})
    query = TicketQuery(type="Customer's Request")
    list(desk.tickets.list(query))
    list(desk.tickets.list(query))
    asked = [sent(wire, number)[2]["filters"] for number in range(3)]
    assert r"Customer\'s Request" in asked[0]
    assert "Customer's Request" in asked[1] == asked[2]
    assert r"\'" not in asked[1]
    assert len(wire.calls) == 3


def test_a_refused_filter_without_a_quote_is_told(wire, desk):
    wire.get(f"{V3}/tickets", status=400, json={"description": "Invalid filters"})
    with pytest.raises(Invalid) as caught:
        list(desk.tickets.list(TicketQuery(type="Question")))
    assert caught.value.field == "filters"
    assert len(wire.calls) == 1


def test_create_sends_the_documented_names(wire, desk):
    wire.post(f"{V3}/tickets/create", json=TICKET)
    draft = TicketDraft(
        subject="VPN",
        description="one\ntwo <b>",
        requester=Actor.contact(id="mira@client.example"),
        assignee="ada@desk.example",
        group="Network",
        status=Status.SOLVED,
        priority=Priority.URGENT,
        type="Question",
        category="Billing",
        subcategory="Refund",
        cc=("boss@client.example",),
        custom_fields={
            "department": "IT",
            "cf_dob": date(2001, 2, 3),
            "n": Decimal("1.50"),
            "k": Decimal(2),
            "no": None,
        },
    )
    assert desk.tickets.create(draft).id == "7"
    assert sent(wire) == ("POST", f"{V3}/tickets/create", {})
    assert body(wire) == {
        "email": "mira@client.example",
        "subject": "VPN",
        "description": "one<br>\ntwo &lt;b&gt;",
        "assign_to": "ada@desk.example",
        "group": "Network",
        "status": "Resolved",
        "priority": 20,
        "type": "Question",
        "category": "Billing",
        "sub_category": "Refund",
        "share_to": ["boss@client.example"],
        "custom_fields": {"cf_department": "IT", "cf_dob": "2001-02-03", "cf_n": 1.5, "cf_k": 2, "cf_no": None},
    }


CREATIONS = {
    "tickets.create": lambda desk, draft: desk.tickets.create(draft),
    "tickets.create with a key": lambda desk, draft: desk.tickets.create(draft, idempotency_key="k"),
    "vendor_api.create_ticket": lambda desk, draft: desk.vendor_api.create_ticket(draft),
    "importer.ticket": lambda desk, draft: desk.importer.ticket(
        *migrated(draft.subject), draft.attachments, "0123456789abcdef"
    ),
}


def migrated(subject):
    old = Ticket(id="1", ref="deskie:x/ticket/1", subject=subject, requester=Actor.contact(email="a@x.io"))
    opening = Message(
        id="1:0",
        ticket_id="1",
        author=Actor.contact(email="a@x.io"),
        visibility=Visibility.PUBLIC,
        kind=MessageKind.REPLY,
        body=Body(text="d"),
        opening=True,
    )
    return old, opening


def created(wire):
    """What the last request asked to create, whichever of the two calls it was."""
    data = raw_body(wire)
    return json.loads(data.split(b'name="ticket_object"\r\n\r\n')[1].split(b"\r\n--")[0] if b"\r\n" in data else data)


@pytest.mark.parametrize("files", [(), (Upload.from_bytes("a.txt", b"a", "text/plain"),)])
@pytest.mark.parametrize("call", CREATIONS)
@pytest.mark.parametrize(("setting", "status"), [({}, "Open"), ({"new_status": "Received"}, "Received")])
def test_whatever_creates_a_ticket_sends_a_status_and_a_priority(wire, call, files, setting, status):
    wire.post(f"{V3}/tickets/create", json=TICKET)
    wire.post(f"{V3}/tickets/create_with_attachment", json=TICKET)
    wire.get(f"{V3}/tickets", json={"count": 0, "tickets": []})
    draft = TicketDraft(subject="S", description="d", requester="a@x.io", attachments=files)
    table = {"vendor": "desk365", "subdomain": "acme", "api_key": KEY, **setting}
    with open_desk(table, clock=ManualClock()) as opened:
        CREATIONS[call](opened, draft)
    assert wire.calls[-1].request.method == "POST"
    assert (created(wire)["status"], created(wire)["priority"]) == (status, 5)


def test_what_the_draft_names_goes_before_the_defaults(wire):
    wire.post(f"{V3}/tickets/create", json=TICKET)
    table = {"vendor": "desk365", "subdomain": "acme", "api_key": KEY, "new_status": "Received"}
    draft = TicketDraft(
        subject="S", description="d", requester="a@x.io", status="Awaiting parts", priority=Priority.LOW
    )
    with open_desk(table, clock=ManualClock()) as opened:
        opened.tickets.create(draft)
    assert (body(wire)["status"], body(wire)["priority"]) == ("Awaiting parts", 1)


def test_a_file_goes_as_file_several_go_as_files(wire, desk):
    wire.post(f"{V3}/tickets/create_with_attachment", json={"ticket_number": 7})
    one = Upload.from_bytes("Rechnung März.pdf", b"%PDF", "application/pdf")
    draft = TicketDraft(subject="S", description="d", requester="a@x.io", attachments=[one])
    made = desk.tickets.create(draft)
    assert "status" in made.not_loaded
    data = raw_body(wire)
    assert b'name="ticket_object"' in data
    assert 'name="file"; filename="Rechnung März.pdf"'.encode() in data
    assert b"Content-Type: application/pdf" in data
    document = json.loads(data.split(b'name="ticket_object"\r\n\r\n')[1].split(b"\r\n--")[0])
    assert document == {"email": "a@x.io", "subject": "S", "description": "d", "status": "Open", "priority": 5}

    wire.post(f"{V3}/tickets/add_note_with_attachment", status=201, json={"ticket_number": 7, "id": 9})
    note = MessageDraft(body="see", attachments=[one, Upload.from_bytes("b.txt", b"b", "text/plain")])
    assert desk.messages.note("7", note).ids == ("9",)
    data = raw_body(wire)
    assert data.count(b'name="files"; filename=') == 2
    assert b'name="ticket_number"\r\n\r\n7\r\n' in data
    assert b'"private_note": 1' in data.split(b'name="note_object"')[1]
    assert sent(wire)[2] == {}


def test_update_clears_by_two_hyphens_and_leaves_the_rest_alone(wire, desk):
    wire.put(f"{V3}/tickets/update", json=TICKET)
    changed = desk.tickets.update(
        "7", TicketChange(assignee=None, group=None, category=None, subcategory=None, subject="New")
    )
    assert sent(wire) == ("PUT", f"{V3}/tickets/update", {"ticket_number": "7"})
    assert body(wire) == {"assign_to": "--", "group": "--", "category": "--", "sub_category": "--", "subject": "New"}
    assert {"attachments", "rating"} <= changed.not_loaded


@pytest.mark.parametrize(
    ("cc", "shared", "reads"),
    [
        (Add("new@x.io"), {"add": ["new@x.io"], "remove": []}, 0),
        (Remove("old@x.io"), {"add": [], "remove": ["old@x.io"]}, 0),
        (("keep@x.io", "new@x.io"), {"add": ["new@x.io"], "remove": ["old@x.io"]}, 1),
        ((), {"add": [], "remove": ["old@x.io", "Keep@x.io"]}, 1),
    ],
)
def test_cc_is_added_and_removed(wire, desk, cc, shared, reads):
    wire.get(f"{V3}/tickets/details", json=TICKET)
    wire.put(f"{V3}/tickets/update", json=TICKET)
    desk.tickets.update("7", TicketChange(cc=cc))
    assert body(wire) == {"share_to": shared}
    assert len(wire.calls) == reads + 1


def test_reply_and_note(wire, desk):
    wire.post(f"{V3}/tickets/add_reply", status=201, json={"body": "x", "ticket_number": 7, "attachments": []})
    wire.post(f"{V3}/tickets/add_note", status=201, json={"body": "x", "ticket_number": 7, "private_note": 1})
    assert desk.messages.reply("7", MessageDraft(body=Body(html="<p>Hi</p>"), cc=("a@x.io", "b@x.io"))).ids == ()
    assert sent(wire) == ("POST", f"{V3}/tickets/add_reply", {"ticket_number": "7"})
    assert body(wire) == {"body": "<p>Hi</p>", "cc_emails": "a@x.io,b@x.io"}
    assert desk.messages.note("7", MessageDraft(body="secret")).ids == ()
    assert sent(wire) == ("POST", f"{V3}/tickets/add_note", {"ticket_number": "7"})
    assert body(wire) == {"body": "secret", "private_note": 1}


def test_an_inline_image_is_named_where_it_stood(wire, desk):
    wire.post(f"{V3}/tickets/add_reply_with_attachment", status=201, json={})
    image = Upload("a<b>.png", "image/png", Upload.from_bytes("x", b"png").open, size=3, inline=True, content_id="c1")
    desk.messages.reply(
        "7",
        MessageDraft(body=Body(html='<p>See <img alt="x" src="cid:c1"> and <img src=cid:no></p>'), attachments=[image]),
    )
    data = raw_body(wire).decode()
    assert "<p>See [image: a&lt;b&gt;.png] and [image]</p>" in data


@pytest.mark.parametrize(
    ("field", "draft"),
    [
        ("requester", {"requester": "+49 30 1"}),
        ("subject", {"subject": " "}),
        ("subject", {"subject": "x" * 121}),
        ("priority", {"priority": "Blocker"}),
        ("assignee", {"assignee": Actor.agent(name="Ada")}),
    ],
)
def test_what_cannot_be_sent_is_refused_before(wire, desk, field, draft):
    good = {"subject": "S", "description": "d", "requester": "a@x.io"}
    with pytest.raises((Invalid, Unsupported)) as caught:
        desk.tickets.create(TicketDraft(**{**good, **draft}))
    assert getattr(caught.value, "field", None) == field or field in str(caught.value)
    assert len(wire.calls) == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda desk: desk.messages.add_from_contact("7", MessageDraft(body="x"), "a@x.io"),
        lambda desk: desk.tickets.create(TicketDraft(subject="S", description="d", requester="a@x.io", tags=["x"])),
        lambda desk: desk.tickets.update("7", TicketChange(company="Client Ltd")),
        lambda desk: desk.tickets.update("7", TicketChange(type=None)),
        lambda desk: desk.contacts.update("a@x.io", ContactChange(emails=("b@x.io",))),
        lambda desk: desk.messages.note("7", MessageDraft(body="x", cc=("a@x.io",))),
        lambda desk: desk.tags.list(),
        lambda desk: desk.removal.ticket("7"),
        lambda desk: desk.templates.list(),
    ],
)
def test_what_the_vendor_cannot_do_is_refused_before(wire, desk, call):
    with pytest.raises(Unsupported):
        call(desk)
    assert len(wire.calls) == 0


def test_an_id_that_can_be_none_is_not_found_without_a_call(wire, desk):
    for call in (
        lambda: desk.tickets.get("../x"),
        lambda: list(desk.messages.list("٣")),
        lambda: desk.contacts.get("7"),
    ):
        with pytest.raises(NotFound):
            call()
    assert len(wire.calls) == 0


def test_contacts_are_written_by_e_mail(wire, desk):
    wire.post(f"{V3}/contacts/create", json={"name": "Eve", "primary_email": "eve@x.io", "secondary_emails": "e@x.io"})
    made = desk.contacts.create(
        ContactDraft(name="Eve", emails=("eve@x.io", "e@x.io"), phones=("+49 30 1", "0170"), company="Client Ltd")
    )
    assert body(wire) == {
        "primary_email": "eve@x.io",
        "name": "Eve",
        "secondary_emails": "e@x.io",
        "phone": "+49 30 1",
        "mobile": "0170",
        "company_name": "Client Ltd",
    }
    assert (made.id, made.emails, made.company.name) == ("eve@x.io", ("eve@x.io", "e@x.io"), "Client Ltd")
    assert made.not_loaded == {"title", "custom_fields", "created_at", "updated_at"}

    wire.put(f"{V3}/contacts/update", json={"name": "E"})
    wire.get(
        f"{V3}/contacts/details", json={"name": "E", "primary_email": "eve@x.io", "phone": "+49 30 1", "mobile": None}
    )
    desk.contacts.update("eve@x.io", ContactChange(name="E", phones=Add("0171"), company=None))
    assert [call.request.method for call in wire.calls] == ["POST", "GET", "PUT", "GET"]
    assert sent(wire, 2) == ("PUT", f"{V3}/contacts/update", {"primary_email": "eve@x.io"})
    assert body(wire, 2) == {"name": "E", "phone": "+49 30 1", "mobile": "0171", "company_name": ""}


def test_find_asks_for_the_primary_then_the_secondary_e_mail(wire, desk):
    wire.get(f"{V3}/contacts/details", status=404, json={})
    wire.get(f"{V3}/contacts/details", json={"primary_email": "a@x.io", "secondary_emails": "b@x.io"})
    assert desk.contacts.find(email="B@x.io").id == "a@x.io"
    assert [sent(wire, number)[2] for number in (0, 1)] == [{"primary_email": "B@x.io"}, {"secondary_email": "B@x.io"}]


@pytest.mark.parametrize("status", [400, 404, 405])
def test_an_account_that_does_not_know_secondary_e_mails_has_no_such_contact(wire, desk, status):
    wire.get(f"{V3}/contacts/details", status=404, json={})
    wire.get(f"{V3}/contacts/details", status=status, json={})
    assert desk.contacts.find(email="b@x.io") is None


def test_another_contact_than_the_asked_one_is_not_found(wire, desk):
    wire.get(f"{V3}/contacts/details", json={"primary_email": "joann@x.io", "secondary_emails": None})
    assert desk.contacts.find(email="ann@x.io") is None


@pytest.mark.parametrize("answer", [[], {"status": "Open"}, "made"])
def test_a_created_ticket_whose_answer_cannot_be_read_is_in_doubt(wire, desk, answer):
    wire.post(f"{V3}/tickets/create", json=answer)
    with pytest.raises(InDoubt):
        desk.tickets.create(TicketDraft(subject="S", description="d", requester="a@x.io"))
    assert len(wire.calls) == 1


def test_a_note_that_was_taken_counts_whatever_its_answer_holds(wire, desk):
    wire.post(f"{V3}/tickets/add_note", status=201, json=["odd"])
    assert desk.messages.note("7", MessageDraft(body="x")).ids == ()


def test_vendor_api_reads_what_has_no_common_word(wire, desk):
    wire.get(f"{V3}/time_entries", json={"count": 0, "content": []})
    assert desk.vendor_api.get("/time_entries", ticket_number="7") == {"count": 0, "content": []}
    assert sent(wire)[2] == {"ticket_number": "7"}
    wire.get(f"{V3}/ping", body="All good! Desk365 APIs are running fine", content_type="application/json")
    before = desk.budget.remaining
    desk.vendor_api.ping()
    assert desk.budget.remaining == before


NOT_UNIQUE = {
    "description": "Validation failed",
    "errors": [
        {
            "code": "invalid_value",
            "field": "name",
            "message": "Company Name is not unique. Please choose a different name.",
        }
    ],
}
"""Recorded in production in June 2026."""


def refused_for(field, message):
    return {"description": "Validation failed", "errors": [{"field": field, "message": message}]}


def old_contact(company="Client Ltd"):
    return Contact(
        id="9",
        ref="deskie:x/contact/9",
        name="Mira",
        emails=("mira@client.example",),
        company=None if company is None else Ref(None, company),
    )


def test_a_company_name_that_is_taken_is_a_conflict_with_the_vendors_code(wire, desk):
    wire.post(f"{V3}/companies/create", status=400, json=NOT_UNIQUE)
    with pytest.raises(Conflict) as caught:
        desk.vendor_api.create_company("Contoso")
    assert (caught.value.field, caught.value.code, caught.value.status) == ("name", "invalid_value", 400)


def test_a_contact_whose_company_is_refused_says_so(wire, desk):
    wire.post(f"{V3}/contacts/create", status=400, json=NOT_UNIQUE)
    with pytest.raises(Conflict) as caught:
        desk.contacts.create(ContactDraft(name="Mira", emails=("mira@client.example",), company="Client Ltd"))
    assert (caught.value.field, caught.value.code) == ("company", "invalid_value")


@pytest.mark.parametrize(
    "answer",
    [
        NOT_UNIQUE,
        {"status": 400, "error": "Bad Request", "message": "Company Name is not unique."},
        {"status": 400, "error": "Bad Request", "message": "This is not unique."},
        {"description": "Validation failed", "errors": [{"message": "Name is not unique.", "field": "name"}]},
    ],
)
def test_an_imported_contact_is_written_without_the_company_that_is_refused_and_that_is_told(
    wire, desk, answer, caplog
):
    wire.get(f"{V3}/contacts/details", status=404, json={})
    wire.post(f"{V3}/contacts/create", status=400, json=answer)
    wire.post(f"{V3}/contacts/create", json={"primary_email": "mira@client.example"})
    assert desk.importer.contact(old_contact(), "m") == ("mira@client.example",)
    assert body(wire) == {"primary_email": "mira@client.example", "name": "Mira"}
    (told,) = [record.getMessage() for record in caplog.records if record.name == "helpdesk_bridge.desk365"]
    assert "without its company" in told
    assert "Client" not in told


def test_a_company_that_is_unknown_and_taken_at_once_is_left_out_too(wire, desk):
    unknown = refused_for("company_name", "The company does not exist.")
    wire.post(f"{V3}/contacts/create", status=400, json=unknown)
    for _ in range(2):
        wire.post(f"{V3}/companies/create", status=400, json=NOT_UNIQUE)
        wire.post(f"{V3}/contacts/create", status=400, json=unknown)
    wire.post(f"{V3}/contacts/create", json={"primary_email": "mira@client.example"})
    assert desk.importer.contact(old_contact(), "m") == ("mira@client.example",)
    assert "company_name" not in body(wire)
    assert [call.request.method for call in wire.calls] == ["POST"] * 6


def test_a_company_that_was_called_taken_once_and_is_not_there_is_created(wire, desk):
    unknown = refused_for("company_name", "The company does not exist.")
    for _ in range(2):
        wire.post(f"{V3}/contacts/create", status=400, json=unknown)
    wire.post(f"{V3}/companies/create", status=409, json=NOT_UNIQUE)
    wire.post(f"{V3}/companies/create", json={"name": "Client Ltd"})
    wire.post(f"{V3}/contacts/create", json={"primary_email": "mira@client.example"})
    assert desk.importer.contact(old_contact(), "m") == ("mira@client.example",)
    assert body(wire)["company_name"] == "Client Ltd"


@pytest.mark.parametrize(
    ("company", "answer"),
    [
        ("Client Ltd", refused_for("primary_email", "Primary Email is not unique.")),
        ("Client Ltd", {"status": 400, "error": "Bad Request", "message": "This is not unique."}),
        (None, {"status": 400, "error": "Bad Request", "message": "This is not unique."}),
    ],
)
def test_an_address_that_is_taken_stays_a_conflict(wire, desk, company, answer):
    wire.get(f"{V3}/contacts/details", json={"primary_email": "mira@client.example", "name": "M"})
    wire.post(f"{V3}/contacts/create", status=400, json=answer)
    with pytest.raises(Conflict):
        desk.importer.contact(old_contact(company), "m")
    assert [call.request.method for call in wire.calls].count("POST") == 1


def test_contacts_and_companies_are_read_whole_where_the_count_is_that_of_a_page(wire, desk):
    """Observed in production: who followed next_page read 169 contacts, 30 a page."""
    people = [{"primary_email": f"p{number:03}@x.io", "name": f"P {number}"} for number in range(69)]
    companies = [{"name": f"C {number:03}"} for number in range(69)]

    def page_of(rows):
        def answer(request):
            offset = int(parse_qsl(urlsplit(request.url).query)[0][1])
            page = {"count": 30, "content": rows[offset : offset + 30]}
            if offset + 30 < len(rows):
                page["next_page"] = f"https://elsewhere.example/apis/v3?offset={offset + 30}"
            return 200, {}, json.dumps(page)

        return answer

    wire.add_callback("GET", f"{V3}/contacts", page_of(people))
    wire.add_callback("GET", f"{V3}/companies", page_of(companies))
    assert [one.id for one in desk.contacts.list()] == [one["primary_email"] for one in people]
    assert [one.name for one in desk.companies.list()] == [one["name"] for one in companies]
    assert {urlsplit(call.request.url).hostname for call in wire.calls} == {"acme.desk365.io"}
    assert desk.vendor_api.contacts().more
    assert not desk.vendor_api.contacts(offset=60).more


def test_watchers_are_written_whole_added_and_removed(wire, desk):
    wire.post(f"{V3}/tickets/create", json=TICKET)
    desk.tickets.create(TicketDraft(subject="S", description="d", requester="a@x.io", watchers=("ada@x.io",)))
    assert body(wire)["watchers"] == ["ada@x.io"]
    wire.get(f"{V3}/tickets/details", json={**TICKET, "watchers": ["ada@x.io", "Bob@x.io"]})
    wire.put(f"{V3}/tickets/update", json=TICKET)
    for change, written in (
        (Add("eve@x.io"), {"add": ["eve@x.io"], "remove": []}),
        (Remove("ada@x.io"), {"add": [], "remove": ["ada@x.io"]}),
        (("bob@x.io", "eve@x.io"), {"add": ["eve@x.io"], "remove": ["ada@x.io"]}),
        ((), {"add": [], "remove": ["ada@x.io", "Bob@x.io"]}),
    ):
        desk.tickets.update("7", TicketChange(watchers=change))
        assert body(wire) == {"watchers": written}


def test_one_read_is_enough_for_copies_and_watchers_together(wire, desk):
    wire.get(f"{V3}/tickets/details", json={**TICKET, "watchers": ["ada@x.io"]})
    wire.put(f"{V3}/tickets/update", json=TICKET)
    desk.tickets.update("7", TicketChange(watchers=(), cc=()))
    assert [call.request.method for call in wire.calls] == ["GET", "PUT"]
    assert body(wire) == {
        "share_to": {"add": [], "remove": ["old@x.io", "Keep@x.io"]},
        "watchers": {"add": [], "remove": ["ada@x.io"]},
    }


def test_a_title_is_written_and_cleared(wire, desk):
    wire.post(f"{V3}/contacts/create", json={"primary_email": "a@x.io", "title": "Buyer"})
    assert desk.contacts.create(ContactDraft(emails=("a@x.io",), title="Buyer")).title == "Buyer"
    assert body(wire) == {"primary_email": "a@x.io", "title": "Buyer"}
    wire.put(f"{V3}/contacts/update", json={})
    wire.get(f"{V3}/contacts/details", json={"primary_email": "a@x.io", "title": None})
    assert desk.contacts.update("a@x.io", ContactChange(title=None)).title is None
    assert json.loads(wire.calls[-2].request.body) == {"title": ""}


def test_custom_fields_of_contacts_are_asked_for_where_they_are_wanted(wire, desk):
    row = {"primary_email": "a@x.io", "custom_fields": {"cf_Customer No": "7"}}
    wire.get(f"{V3}/contacts", json={"count": 1, "content": [row]})
    (found,) = desk.contacts.list(ContactQuery(include={"custom_fields"}))
    assert sent(wire)[2]["include_custom_fields"] == "1"
    assert found.custom_fields == {"Customer No": "7"}
    list(desk.contacts.list())
    assert "include_custom_fields" not in sent(wire)[2]
