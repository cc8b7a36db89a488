"""Bad input on every endpoint: answers that are none, values that no call can carry, names that break things."""

from __future__ import annotations

import itertools
import json
import re
from io import BytesIO

import pytest
import responses
from adapters.desk365.opened import opened
from attrs import evolve
from desk365_http import ACCOUNT, message, ticket, with_tickets

from helpdesk_bridge import (
    Attachment,
    Body,
    ContactChange,
    ContactDraft,
    HelpdeskError,
    InDoubt,
    Invalid,
    MessageDraft,
    NotFound,
    TicketChange,
    TicketDraft,
    TicketQuery,
    Upload,
    open_desk,
)
from helpdesk_bridge.adapter import AuthenticationFailed, Conflict, RateLimited
from helpdesk_bridge.datasets.dataset import SeedFile
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.nasty import NASTY
from helpdesk_bridge_desk365.endpoints import CALLS
from helpdesk_bridge_desk365.vendor_api.documents import BlockTickets

CANARY = "c4n4ry"
ANY_URL = re.compile(r"https://.*")
_keys = itertools.count(1)
FILE = Upload.from_bytes("a.txt", b"x", "text/plain")
DRAFT = TicketDraft(subject=CANARY, description=CANARY, requester="a@x.example")
SAID = MessageDraft(body=CANARY)
STORED = Attachment(
    "a.txt",
    locator=json.dumps({"inline": "https://d365-inline-imgs.s3.amazonaws.com/a.txt"}),
)


def fetched(desk):
    with desk.attachments.open(STORED) as file:
        return file.read()


# One call of the library for each endpoint.
READS = {
    "GET ping": lambda desk: desk.vendor_api.ping(),
    "GET tickets": lambda desk: list(desk.tickets.list()),
    "GET tickets/details": lambda desk: desk.tickets.get("7"),
    "GET tickets/conversations": lambda desk: desk.vendor_api.conversation("7"),
    "GET tickets/search": lambda desk: desk.vendor_api.search_tickets("x"),
    "GET contacts": lambda desk: list(desk.contacts.list()),
    "GET contacts/details": lambda desk: desk.contacts.get("a@x.example"),
    "GET companies": lambda desk: list(desk.companies.list()),
    "GET companies/details": lambda desk: desk.vendor_api.company("x"),
    "GET time_entries": lambda desk: desk.vendor_api.time_entries(),
    "GET time_entries/details": lambda desk: desk.vendor_api.time_entry(7),
    "GET surveys": lambda desk: desk.vendor_api.surveys(),
    "GET surveys/details": lambda desk: desk.vendor_api.survey("x"),
    "GET surveys/ratings": lambda desk: desk.vendor_api.survey_ratings(),
    "GET kb/article/": lambda desk: desk.vendor_api.articles(),
    "GET kb/article/details": lambda desk: desk.vendor_api.article("x"),
    "GET kb/folder/details": lambda desk: desk.vendor_api.folder("x", "y"),
    "GET kb/category/details": lambda desk: desk.vendor_api.category("x"),
    "GET contracts": lambda desk: desk.vendor_api.contracts(),
    "GET contracts/details": lambda desk: desk.vendor_api.contract("x"),
    "GET agents": lambda desk: desk.vendor_api.agents(),
    "GET asset_mgmt/locations": lambda desk: desk.vendor_api.asset_locations(),
    "GET asset_mgmt/locations/details": lambda desk: desk.vendor_api.asset_location("x"),
    "GET /files/<key>/<path:name>": fetched,
    "GET /d365-inline-imgs/<key>/<path:name>": fetched,
}
SETS = {
    "PUT tickets/update": lambda desk: desk.tickets.update("7", TicketChange(subject=CANARY)),
    "PUT contacts/update": lambda desk: desk.contacts.update("a@x.example", ContactChange(name=CANARY)),
    "PUT companies/update": lambda desk: desk.vendor_api.update_company("x", city="y"),
    "PUT kb/article/update": lambda desk: desk.vendor_api.update_article("x", content=CANARY),
    "PUT kb/category/update": lambda desk: desk.vendor_api.update_category("x", description=CANARY),
    "PUT contracts/update": lambda desk: desk.vendor_api.update_contract("x", setup_fees=1),
}
CREATES = {
    "POST tickets/create": lambda desk: desk.vendor_api.create_ticket(DRAFT),
    "POST tickets/create_with_attachment": lambda desk: desk.vendor_api.create_ticket(
        evolve(DRAFT, attachments=(FILE,))
    ),
    "POST tickets/add_reply": lambda desk: desk.messages.reply("7", SAID),
    "POST tickets/add_reply_with_attachment": lambda desk: desk.messages.reply("7", evolve(SAID, attachments=(FILE,))),
    "POST tickets/add_note": lambda desk: desk.messages.note("7", SAID),
    "POST tickets/add_note_with_attachment": lambda desk: desk.messages.note("7", evolve(SAID, attachments=(FILE,))),
    "POST contacts/create": lambda desk: desk.contacts.create(ContactDraft(emails=("a@x.example",))),
    "POST companies/create": lambda desk: desk.vendor_api.create_company("x"),
    "POST kb/article/create": lambda desk: desk.vendor_api.create_article("x", "y", category="a", folder="b"),
    "DELETE kb/article/delete": lambda desk: desk.vendor_api.delete_article("x"),
    "POST kb/folder/create": lambda desk: desk.vendor_api.create_folder("x", "y"),
    "PUT kb/folder/update": lambda desk: desk.vendor_api.rename_folder("x", "y", "z"),
    "DELETE kb/folder/delete": lambda desk: desk.vendor_api.delete_folder("x", "y"),
    "POST kb/category/create": lambda desk: desk.vendor_api.create_category("x"),
    "DELETE kb/category/delete": lambda desk: desk.vendor_api.delete_category("x"),
    "POST contracts/create": lambda desk: desk.vendor_api.create_contract("x", company="y", block=BlockTickets(5)),
}
EVERY = {**READS, **SETS, **CREATES}
PLAIN = ("GET ping", "GET /files/<key>/<path:name>", "GET /d365-inline-imgs/<key>/<path:name>")
"""Calls whose answer is not JSON."""

ECHOES = (
    *("POST tickets/add_reply", "POST tickets/add_reply_with_attachment", "POST tickets/add_note"),
    *("POST tickets/add_note_with_attachment", "POST contacts/create"),
    *("DELETE kb/article/delete", "DELETE kb/folder/delete", "DELETE kb/category/delete"),
)
"""Calls that were carried out once they are answered with success: the answer tells nothing that is needed."""

LISTS = ("tickets", "content", "conversations", "surveys", "survey_ratings", "article_titles", "contracts", "locations")
JSON = "application/json"
ANSWERS = {
    "nothing": (200, b"", JSON),
    "no content": (204, b"", JSON),
    "a page": (200, f"<!doctype html><html>{CANARY}</html>".encode(), "text/html"),
    "a page that calls itself JSON": (200, f"<html>{CANARY}</html>".encode(), JSON),
    "another charset": (200, f'{{"x": "{CANARY}"}}'.encode("utf-16"), "application/json; charset=utf-16"),
    "bytes of none": (200, b'{"subject": "\xff\xfe' + CANARY.encode() + b'"}', JSON),
    "cut off": (200, f'{{"tickets": [{{"subject": "{CANARY}'.encode(), JSON),
    "null": (200, b"null", JSON),
    "an array": (200, f'[{{"subject": "{CANARY}"}}]'.encode(), JSON),
    "a text": (200, f'"{CANARY}"'.encode(), JSON),
    "a number that is none": (200, b'{"count": NaN}', JSON),
    "objects for lists": (200, json.dumps({name: {CANARY: 1} for name in LISTS}).encode(), JSON),
    "rows that are texts": (
        200,
        json.dumps({name: [CANARY, 7] for name in LISTS if name != "article_titles"}).encode(),
        JSON,
    ),
    "rows of nulls": (200, json.dumps({name: [None] for name in LISTS}).encode(), JSON),
    "an error of status 200": (200, json.dumps({"status": 200, "error": "OK", "message": CANARY}).encode(), JSON),
    "errors": (201, json.dumps({"description": CANARY, "errors": [{"message": CANARY}]}).encode(), JSON),
    "deep": (200, b"[" * 20_000 + b"]" * 20_000, JSON),
}
READABLE = (*("no content", "null", "an array", "a text", "objects for lists", "rows that are texts", "rows of nulls"),)
REFUSALS = {
    401: AuthenticationFailed,
    403: AuthenticationFailed,
    404: NotFound,
    405: HelpdeskError,
    409: Conflict,
    415: HelpdeskError,
    400: Invalid,
    413: Invalid,
    422: Invalid,
    429: RateLimited,
}
SHAPES = (
    {"description": "Validation failed", "errors": [{"field": "subject", "message": CANARY}]},
    {"status": 400, "error": "Bad Request", "message": CANARY},
    {"errors": CANARY, "message": [CANARY], "description": {"a": CANARY}},
    {"errors": [CANARY, None, {"message": 7}]},
    [CANARY],
    None,
)


@pytest.fixture
def wire():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def desk(wire):
    # A key of its own for each test, and so a budget of its own.
    table = {"vendor": "desk365", "subdomain": "acme", "api_key": f"key{next(_keys)}", "max_wait": 60.0}
    with open_desk({**table, "rate_limit": 100_000}, clock=ManualClock()) as found:
        yield found


def answered(wire, status, body, content_type=JSON):
    wire.reset()
    for method in ("GET", "POST", "PUT", "DELETE"):
        wire.add(method, ANY_URL, body=body, status=status, content_type=content_type)


def failure(call, *arguments):
    """Return the typed error that a call ends in, or None; anything else fails the test."""
    try:
        call(*arguments)
    except HelpdeskError as error:
        return error
    return None


def told(error):
    return f"{error} {error!r} {error.__dict__}"


def test_every_endpoint_has_a_call_in_these_tables():
    named = {key if "<" in key else key.replace(" ", " /apis/v3/") for key in EVERY}
    assert named == set(CALLS) - {"GET /apis/v3/kb/article"}


@pytest.mark.parametrize("name", EVERY)
def test_an_answer_that_is_none_ends_in_a_typed_error(wire, desk, name):
    for kind, (status, body, content_type) in ANSWERS.items():
        answered(wire, status, body, content_type)
        error = failure(EVERY[name], desk)
        if error is None:
            assert name in PLAIN or (name in ECHOES and kind in READABLE), kind
        else:
            assert CANARY not in told(error), kind
            assert name not in CREATES or isinstance(error, InDoubt), kind
        assert name not in CREATES or len(wire.calls) == 1, kind


@pytest.mark.parametrize("name", EVERY)
def test_an_error_inside_of_a_success_is_an_error(wire, desk, name):
    document = {"status": 404, "error": "Not Found", "message": CANARY}
    answered(wire, 200, json.dumps(document))
    if name in PLAIN[1:]:
        # A file may well hold such a document.
        assert json.loads(fetched(desk)) == document
        return
    with pytest.raises(NotFound) as caught:
        EVERY[name](desk)
    assert CANARY not in told(caught.value)
    assert len(wire.calls) == 1


@pytest.mark.parametrize("name", EVERY)
def test_a_refusal_in_any_shape_is_the_same_typed_error(wire, desk, name):
    for status, refused in REFUSALS.items():
        # The address of a file that is refused has expired.
        expected = NotFound if name in PLAIN[1:] and status in (400, 401, 403) else refused
        for shape in SHAPES:
            answered(wire, status, "<html></html>" if shape is None else json.dumps(shape))
            with pytest.raises(HelpdeskError) as caught:
                EVERY[name](desk)
            assert isinstance(caught.value, (expected, Conflict) if expected is Invalid else expected), (status, shape)
            assert CANARY not in told(caught.value)
            assert status == 429 or len(wire.calls) == 1


# --- names that break things

NAMES = {
    "slashes": "a/b\\c",
    "what a query means": "a?b=c&d#e%2F",
    "line breaks": "a\nb\r\nc",
    "dots": "../../etc",
    "one dot": ".",
    "emoji": NASTY["emoji"],
    "right to left": NASTY["right to left"],
    "quotes": NASTY["quotes"],
    "HTML": NASTY["HTML"],
}


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_goes_there_and_back_whatever_it_holds(kind):
    name = NAMES[kind]
    with opened(ACCOUNT, contracts=True, rate_limit=100_000) as account:
        api = account.desk.vendor_api
        assert api.create_company(name).name == api.company(name).name == name
        api.create_category(name)
        api.create_folder(name, name)
        assert api.create_article(name, f"<p>{name}</p>", category=name, folder=name).article_title == name
        assert (api.category(name).category_name, api.folder(name, name).folder_name) == (name, name)
        assert api.article(name).article_content == f"<p>{name}</p>"
        assert api.create_contract(name, company=name, block=BlockTickets(5)).name == api.contract(name).name == name
        assert name in [one.name for one in account.desk.companies.list()]
        assert "\n" not in account.simulator.requests[-1].query
        assert all(one.path.startswith("/apis/v3/") for one in account.asked())
        api.delete_article(name)
        api.delete_category(name)


@pytest.mark.parametrize("ident", ["1/2", "1?x=1", "1#2", "1\n2", "../1", "1 ", "-1", "٣", "9" * 5000, "😀"])
def test_an_id_that_breaks_out_of_its_place_is_not_found(ident):
    with opened(with_tickets(ticket(1)), rate_limit=100_000) as account:
        desk = account.desk
        for call in (
            lambda: desk.tickets.get(ident),
            lambda: list(desk.messages.list(ident)),
            lambda: desk.messages.note(ident, SAID),
            lambda: desk.tickets.update(ident, TicketChange(subject="x")),
        ):
            with pytest.raises(NotFound):
                call()
        with pytest.raises(Invalid):
            desk.tickets.get("")
        assert account.asked() == []


@pytest.mark.parametrize(
    "email", ["a/b@x.example", "a?b@x.example", "a#b@x.example", "ü+1@x.example", "a&b=c@x.example"]
)
def test_a_contact_is_found_by_whatever_its_e_mail_holds(email):
    with opened(ACCOUNT, rate_limit=100_000) as account:
        contacts = account.desk.contacts
        made = contacts.create(ContactDraft(emails=(email,), name="N"))
        assert contacts.get(made.id).email == contacts.get(made.ref).email == contacts.find(email=email).email == email
        for wrong in (f"{email}x", "no e-mail", "a\nb"):
            with pytest.raises(NotFound):
                contacts.get(wrong)


@pytest.mark.parametrize("kind", NASTY)
def test_texts_that_break_things_are_read_back_from_every_field_or_refused(kind):
    text = NASTY[kind][:100]
    with opened(with_tickets(ticket(1)), rate_limit=100_000) as account:
        desk = account.desk
        draft = TicketDraft(subject=text, description=text, requester="new@x.example", custom_fields={"Order No": text})
        made = desk.tickets.get(desk.tickets.create(draft).id)
        assert (made.subject, made.custom_fields["Order No"]) == (text, text)
        assert made.description.text == Body(html=Body(text=text).as_html()).text
        changed = desk.contacts.update("new@x.example", ContactChange(name=text, phones=(text,)))
        assert (changed.name, changed.phones[0].raw) == (text, text)
        desk.messages.note(made.id, MessageDraft(body=text))
        assert list(desk.messages.list(made.id))[-1].body.text == made.description.text
        found = desk.tickets.list(TicketQuery(subject=text, include={"custom_fields"}))
        assert made.id in [one.id for one in found]
        for name in ("group", "type", "category", "assignee", "status"):
            value = f"{text}@x.example".replace("\n", "") if name == "assignee" else text
            with pytest.raises(HelpdeskError) as caught:
                desk.tickets.update(made.id, TicketChange(**{name: value}))
            assert isinstance(caught.value, Invalid)
            assert text not in told(caught.value)


# --- files


@pytest.mark.parametrize(
    "filename", ["../x", "/etc/passwd", "C:\\x.exe", "a\x00b", "CON", "x" * 300, "a\u202ecod.exe", "", "."]
)
def test_a_files_name_is_never_more_than_a_name(filename):
    opening = message("mira", "Look", 1, files=(SeedFile(filename, "text/plain", b"bytes"),))
    seeded = evolve(ticket(1), messages=(opening,))
    with opened(with_tickets(seeded), rate_limit=100_000) as account:
        (first,) = list(account.desk.messages.list("1"))
        (found,) = first.attachments
        assert found.filename == (filename.replace("\x00", "\ufffd") or "file")
        with account.desk.attachments.open(found) as file:
            assert file.read() == b"bytes"
        sent = Upload(filename, "text/plain", lambda: BytesIO(b"again"), size=5)
        refused = failure(lambda: account.desk.messages.note("1", MessageDraft(body="x", attachments=(sent,))))
        if refused is not None:
            assert isinstance(refused, Invalid)
            assert refused.field
            return
        (back,) = list(account.desk.messages.list("1"))[-1].attachments
        with account.desk.attachments.open(back) as file:
            assert file.read() == b"again"


@pytest.mark.parametrize("write", ["create", "reply", "note"])
def test_files_too_many_or_too_large_are_refused_before_anything_is_sent(write):
    most = 20 * 1024 * 1024

    def large(size):
        return Upload("a.bin", "application/octet-stream", lambda: BytesIO(b""), size=size)

    with opened(with_tickets(ticket(1)), rate_limit=100_000) as account:
        desk = account.desk
        calls = {
            "create": lambda files: desk.tickets.create(evolve(DRAFT, attachments=files)),
            "reply": lambda files: desk.messages.reply("1", MessageDraft(body="x", attachments=files)),
            "note": lambda files: desk.messages.note("1", MessageDraft(body="x", attachments=files)),
        }
        for files, limit in (((FILE,) * 11, 10), ((large(most + 1),), most), ((large(most), large(1)), most)):
            with pytest.raises(Invalid) as caught:
                calls[write](files)
            assert (caught.value.field, caught.value.limit) == ("attachments", limit)
        assert account.asked() == []
        calls[write]((FILE,) * 10)
        assert len(account.asked()) == 1


def test_a_subject_over_120_characters_is_refused_and_120_pass():
    with opened(ACCOUNT, rate_limit=100_000) as account:
        with pytest.raises(Invalid) as caught:
            account.desk.tickets.create(TicketDraft(subject="x" * 121, description="d", requester="a@x.example"))
        assert (caught.value.field, caught.value.limit) == ("subject", 120)
        assert account.asked() == []
        made = account.desk.tickets.create(TicketDraft(subject="x" * 120, description="d", requester="a@x.example"))
        assert made.subject == "x" * 120
        with pytest.raises(Invalid) as caught:
            account.desk.tickets.update(made.id, TicketChange(subject="x" * 121))
        assert (caught.value.field, caught.value.limit) == ("subject", 120)


def test_a_page_that_points_elsewhere_is_not_followed(wire, desk):
    rows = [{"ticket_number": number, "created_on": "2026-01-01 00:00:00"} for number in range(1, 101)]
    elsewhere = "https://evil.example/apis/v3/tickets?offset=100"

    def page(request):
        offset = int(request.params["offset"])
        return 200, {}, json.dumps({"count": 100, "tickets": rows[offset:], "next_page": elsewhere})

    wire.add_callback("GET", ANY_URL, page)
    assert len(list(desk.tickets.list())) == 100
    # It is a word that there may be more, and is asked for at the account's own address.
    assert {call.request.url.partition("/apis")[0] for call in wire.calls} == {"https://acme.desk365.io"}
    assert len(wire.calls) == 2


def test_files_of_an_article_are_fetched_without_the_key_and_one_without_an_address_is_told(wire, desk):
    url = "https://s3.amazonaws.com/prod-attachment-files/a.pdf?X-Amz-Signature=signed"
    files = [{"file_name": "../a.pdf", "file_size": 3, "file_type": "application/pdf", "attachment_url": url}, {}]
    wire.get("https://acme.desk365.io/apis/v3/kb/article/details", json={"article_title": "x", "attachments": files})
    article = desk.vendor_api.article("x")
    first, second = article.attachments
    assert (first.filename, first.size, second.filename) == ("../a.pdf", 3, "file")
    assert "signed" not in f"{article!r} {article.document}"
    wire.get(url, body=b"pdf")
    with desk.attachments.open(first) as file:
        assert file.read() == b"pdf"
    assert "Authorization" not in wire.calls[-1].request.headers
    with pytest.raises(NotFound), desk.attachments.open(second):
        pytest.fail("there is nothing to read")
    assert len(wire.calls) == 2


def test_numbers_as_texts_are_read(wire, desk):
    row = {"ticket_number": "7", "source": "1", "priority": "20", "status": "open"}
    wire.get(ANY_URL, json={"count": "1", "tickets": [row]})
    (found,) = desk.tickets.list()
    assert (found.id, found.channel, found.priority_label) == ("7", "email", "Urgent")
