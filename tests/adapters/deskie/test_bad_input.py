"""Bad input on every endpoint: answers that no vendor should give, requests that no client should send."""

from __future__ import annotations

import itertools
import json
import re

import pytest
import responses
from adapters.deskie.simulated import Desk, dataset, ticket

from helpdesk_bridge import (
    ContactChange,
    ContactDraft,
    MessageDraft,
    TicketChange,
    TicketDraft,
    TicketQuery,
    Upload,
    open_desk,
)
from helpdesk_bridge.adapter import (
    Attachment,
    BadResponse,
    HelpdeskError,
    InDoubt,
    Invalid,
    NotFound,
    Priority,
    Status,
    Unavailable,
)
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.nasty import FILE_NAMES, NASTY
from helpdesk_bridge_deskie.endpoints import CALLS
from helpdesk_bridge_deskie.simulator import DeskieSimulator

SECRET = "key-κ-secret"
TOLD = "what a customer wrote"
_numbers = itertools.count()
FILES = [Upload.from_bytes("../x", b"x")]

READS = {
    "desk.tickets.list": lambda d: list(d.tickets.list()),
    "desk.tickets.get": lambda d: d.tickets.get("5"),
    "desk.contacts.list": lambda d: list(d.contacts.list()),
    "desk.contacts.get": lambda d: d.contacts.get("5"),
    "desk.contacts.find": lambda d: d.contacts.find(email="ann@x.io"),
    "desk.messages.list": lambda d: list(d.messages.list("5")),
    "desk.agents.list": lambda d: d.agents.list(),
    "desk.groups.list": lambda d: d.groups.list(),
    "desk.companies.list": lambda d: d.companies.list(),
    "desk.tags.list": lambda d: d.tags.list(),
    "desk.custom_fields.list": lambda d: d.custom_fields.list(),
    "cases.get": lambda d: d.vendor_api.cases.get(5),
    "cases.page": lambda d: d.vendor_api.cases.page(),
    "cases.changelog": lambda d: d.vendor_api.cases.changelog(5),
    "messages.page": lambda d: d.vendor_api.messages.page(5),
    "users.get": lambda d: d.vendor_api.users.get(5),
    "users.page": lambda d: d.vendor_api.users.page(),
    "companies.get": lambda d: d.vendor_api.companies.get(5),
    "companies.page": lambda d: d.vendor_api.companies.page(),
    "staff.get": lambda d: d.vendor_api.staff.get(5),
    "staff.roles": lambda d: d.vendor_api.staff.roles(),
    "staff.presences": lambda d: d.vendor_api.staff.presences(),
    "groups.get": lambda d: d.vendor_api.groups.get(5),
    "custom_channels": lambda d: d.vendor_api.custom_channels(),
    "mailboxes": lambda d: d.vendor_api.mailboxes(),
    "languages": lambda d: d.vendor_api.languages(),
    "filters": lambda d: d.vendor_api.filters(),
    "macros": lambda d: d.vendor_api.macros(),
    "statistics.ratings": lambda d: d.vendor_api.statistics.ratings(period="today"),
    "knowledge_base.categories.page": lambda d: d.vendor_api.knowledge_base.categories.page(),
    "knowledge_base.sections.page": lambda d: d.vendor_api.knowledge_base.sections.page(1),
    "knowledge_base.articles.page": lambda d: d.vendor_api.knowledge_base.articles.page(),
    "knowledge_base.articles.get": lambda d: d.vendor_api.knowledge_base.articles.get(5),
    "idea_categories.page": lambda d: d.vendor_api.idea_categories.page(),
    "idea_categories.get": lambda d: d.vendor_api.idea_categories.get(5),
}
WRITES = {
    "desk.tickets.create": lambda d: d.tickets.create(TicketDraft(subject=TOLD, description=TOLD, requester="a@x.io")),
    "desk.tickets.update": lambda d: d.tickets.update("5", TicketChange(subject=TOLD)),
    "desk.contacts.create": lambda d: d.contacts.create(ContactDraft(emails=("a@x.io",))),
    "desk.contacts.update": lambda d: d.contacts.update("5", ContactChange(name=TOLD)),
    "desk.messages.reply": lambda d: d.messages.reply("5", MessageDraft(body=TOLD, attachments=FILES)),
    "desk.messages.note": lambda d: d.messages.note("5", MessageDraft(body=TOLD)),
    "desk.messages.add_from_contact": lambda d: d.messages.add_from_contact("5", MessageDraft(body=TOLD), "7"),
    "cases.create": lambda d: d.vendor_api.cases.create(subject=TOLD, body=TOLD, user_email="a@x.io"),
    "cases.update": lambda d: d.vendor_api.cases.update(5, language_id=2),
    "cases.rate": lambda d: d.vendor_api.cases.rate(5, "low"),
    "cases.trash": lambda d: d.vendor_api.cases.trash(5),
    "cases.trash_several": lambda d: d.vendor_api.cases.trash_several([5, 6]),
    "cases.set_idea": lambda d: d.vendor_api.cases.set_idea(5, content=TOLD),
    "messages.send": lambda d: d.vendor_api.messages.send(5, TOLD),
    "messages.edit": lambda d: d.vendor_api.messages.edit(5, 6, TOLD),
    "messages.rate": lambda d: d.vendor_api.messages.rate(5, 6, "low"),
    "messages.add_note": lambda d: d.vendor_api.messages.add_note(5, TOLD, attachments=FILES),
    "users.create": lambda d: d.vendor_api.users.create(user_email="a@x.io"),
    "users.block": lambda d: d.vendor_api.users.block(5),
    "users.link": lambda d: d.vendor_api.users.link(5, to_user_id=6),
    "users.identification_code": lambda d: d.vendor_api.users.identification_code(user_email="a@x.io"),
    "companies.create": lambda d: d.vendor_api.companies.create("Acme"),
    "staff.create": lambda d: d.vendor_api.staff.create("a@x.io"),
    "staff.disable": lambda d: d.vendor_api.staff.disable(5, replace_staff_id=6),
    "groups.create": lambda d: d.vendor_api.groups.create("Night"),
    "labels.create": lambda d: d.vendor_api.labels.create("vip"),
    "knowledge_base.categories.create": lambda d: d.vendor_api.knowledge_base.categories.create("General"),
    "knowledge_base.categories.move_up": lambda d: d.vendor_api.knowledge_base.categories.move_up(5),
    "idea_categories.create": lambda d: d.vendor_api.idea_categories.create("Wishes"),
}
DELETES = {
    "cases.delete": lambda d: d.vendor_api.cases.delete(5),
    "cases.delete_several": lambda d: d.vendor_api.cases.delete_several([5, 6]),
    "messages.delete": lambda d: d.vendor_api.messages.delete(5, 6),
    "users.delete": lambda d: d.vendor_api.users.delete(5),
    "staff.delete": lambda d: d.vendor_api.staff.delete(5, replace_staff_id=6),
    "groups.delete": lambda d: d.vendor_api.groups.delete(5),
    "labels.delete": lambda d: d.vendor_api.labels.delete(5),
    "removal.ticket": lambda d: d.removal.ticket("5"),
    "removal.contact": lambda d: d.removal.contact("5"),
}
UNREADABLE = {
    "HTML": "<html><body>Gateway</body></html>",
    "half a document": '{"0": {"case": {"case_id": 1, "subject": "' + TOLD,
    "another charset": json.dumps({"case": {"subject": TOLD + " é"}}, ensure_ascii=False).encode("latin-1"),
    "not JSON": "NaN",
    "a text": f'"{TOLD}"',
    "a number": "5",
    "rows of another kind": json.dumps({"0": TOLD, "total_count": 1}),
    "rows without their wrapper": json.dumps({"0": {"case_id": 1, "subject": TOLD}, "total_count": 1}),
    "a count of another kind": json.dumps({"total_count": {"a": 1}}),
    "an unheard wrapper": json.dumps({"ticket": {"id": 1, "subject": TOLD}, "more": 1}),
    "a list of lists": "[[1], [2]]",
}


@pytest.fixture
def vendor():
    """A desk whose vendor answers everything alike: ``vendor(body, status)`` gives the desk."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        desks = []

        def answering(body, status=200, content_type="application/json"):
            name = f"bad-{next(_numbers)}"
            origin = f"https://{name}.deskie.io"
            for method in ("GET", "POST", "PUT", "DELETE"):
                url = re.compile(rf"{origin}/.*")
                mock.add(method, url, body=body, status=status, content_type=content_type)
            table = {
                "vendor": "deskie",
                "account": name,
                "staff_email": "bot@x.io",
                "api_key": SECRET,
                "max_wait": None,
            }
            desk = open_desk(table, clock=ManualClock())
            desks.append(desk)
            return desk

        yield answering
        for desk in desks:
            desk.close()


def refused(call, desk, kinds):
    with pytest.raises(HelpdeskError) as caught:
        call(desk)
    assert isinstance(caught.value, kinds), caught.value
    shown = str(caught.value) + repr(caught.value)
    assert SECRET not in shown
    assert TOLD not in shown
    return caught.value


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_answer_is_a_typed_error_on_every_read(vendor, body):
    desk = vendor(body)
    for call in READS.values():
        refused(call, desk, (BadResponse, Unavailable))


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_answer_to_a_write_is_in_doubt_or_unreadable_and_never_a_success(vendor, body):
    desk = vendor(body)
    for call in WRITES.values():
        refused(call, desk, (BadResponse, InDoubt, Unavailable))


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_without_a_body(vendor, status):
    desk = vendor("", status)
    listed = {name for name in READS if name.endswith((".list", ".page", "roles", "presences", "find"))}
    for name, call in READS.items():
        if name in listed or name in {"statistics.ratings", "custom_channels", "mailboxes", "languages", "filters"}:
            # observed: an empty list may come as no body at all.
            assert not call(desk)
        else:
            refused(call, desk, (BadResponse, Unavailable, InDoubt))
    for call in WRITES.values():
        refused(call, desk, (BadResponse, Unavailable, InDoubt))
    for name, call in DELETES.items():
        if name != "cases.delete_several":
            assert name == "removal.ticket" or call(desk) is None


@pytest.mark.parametrize("code", ["wrong_thing", "case_not_found", TOLD])
def test_an_error_on_a_200_is_an_error_on_every_call(vendor, code):
    desk = vendor(json.dumps({"error": code}))
    for name, call in {**READS, **WRITES, **DELETES}.items():
        if code == "case_not_found" and name.startswith("removal"):
            continue
        # Of a read, an error that says nothing known is the vendor's fault.
        unsaid = name in READS and code != "case_not_found"
        error = refused(call, desk, Unavailable if unsaid else (Invalid, NotFound))
        assert error.code == (code if code != TOLD else "unknown")


@pytest.mark.parametrize(("status", "kind"), [(500, Unavailable), (502, Unavailable), (503, Unavailable)])
def test_a_page_of_a_proxy_is_unavailable_or_in_doubt(vendor, status, kind):
    desk = vendor("<html>Bad gateway</html>", status, "text/html")
    for call in READS.values():
        refused(call, desk, kind)
    for call in WRITES.values():
        refused(call, desk, (InDoubt, Unavailable))


WRONG_TYPES = {
    "case_id": [None, "x", True, [], {}, 1.5],
    "subject": [[], {}, True, 1.5],
    "user_id": ["x", [], True],
    "labels": ["5,6", {"x": 5}, [["5"]], 5],
    "custom_fields": ["x", 5, True],
    "created_at": [5, "soon", [], "Mon, 99 May 2014 00:15:17 +0300"],
    "deleted": ["maybe", [], 7],
    "status": [[], {}, True],
    "attachments": ["x", {"file_id": 1}, [5]],
}


def test_a_value_of_another_type_is_left_out_and_named_by_its_place(vendor):
    for name, values in WRONG_TYPES.items():
        for value in values:
            case = {"case_id": 5, "subject": TOLD, name: value}
            desk = vendor(json.dumps({"0": {"case": case}, "total_count": 1}))
            tickets = list(desk.tickets.list(resolve=False))
            if name == "case_id":
                assert tickets == []
                assert [f"$.0.case.{name}" in row.reason for row in desk.unread_rows("ticket")] == [True], value
            else:
                assert [ticket.id for ticket in tickets] == ["5"]
                assert [place.partition("[")[0] for place in desk.unread] == [f"case.{name}"], value


def test_what_is_missing_new_or_spelled_otherwise_is_read(vendor):
    rows = [
        {"case": {"case_id": 1}},
        {"case": {"case_id": "2", "user_id": "7", "deleted": 0, "spam": "false", "labels": [], "custom_fields": [],
                  "created_at": "Mon, 05 May 2014 00:15:17 +0300", "closed_at": "-", "closing_speed": "12"}},
        {"case": {"case_id": 3, "status": "brand_new", "priority": "gigantic", "channel": "smoke", "new_field": {"a": [1]},
                  "subject": NASTY["right to left"], "recipient_cc": " a@x.io , ,b@x.io"}},
    ]  # fmt: skip
    for body in (rows, {str(place): row for place, row in enumerate(rows)} | {"total_count": "3", "pages": 1}):
        if isinstance(body, dict):
            body.pop("pages")
        desk = vendor(json.dumps(body))
        first, second, third = desk.vendor_api.cases.page().items
        assert (first.case_id, second.case_id, third.case_id) == (1, 2, 3)
        tickets = {ticket.id: ticket for ticket in desk.tickets.list(TicketQuery(include={"spam"}), resolve=False)}
        assert {"subject", "status", "tags"} <= tickets["1"].not_loaded
        assert tickets["2"].created_at.isoformat() == "2014-05-04T21:15:17+00:00"
        assert (tickets["3"].status, tickets["3"].status_label) == (Status.UNKNOWN, "brand_new")
        assert (tickets["3"].priority, tickets["3"].channel) == (Priority.UNKNOWN, "smoke")
        assert tickets["3"].cc == ("a@x.io", "b@x.io")
        assert tickets["3"].subject == NASTY["right to left"]


ODD_IDS = ["a/b", "a?b=c", "a#b", "a\nb", "a\r\nX-Evil: 1", "%2e%2e", "а", "1 or 1=1", "-", "10" * 20]


def test_an_id_never_leaves_its_place_in_the_path(in_process_account):
    with in_process_account(dataset()) as (desk, app):
        calls = [
            lambda record_id: desk.tickets.get(record_id),
            lambda record_id: desk.tickets.update(record_id, TicketChange(subject="x")),
            lambda record_id: list(desk.messages.list(record_id)),
            lambda record_id: desk.messages.note(record_id, MessageDraft(body="x")),
            lambda record_id: desk.messages.reply(record_id, MessageDraft(body="x")),
            lambda record_id: desk.contacts.get(record_id),
            lambda record_id: desk.contacts.update(record_id, ContactChange(name="x")),
            lambda record_id: desk.vendor_api.call("GET", "/cases/{id}.json", args={"id": record_id}),
        ]
        before = {key: case.updated_at for key, case in app.account.cases.items()}
        for odd in ODD_IDS:
            for call in calls:
                with pytest.raises((NotFound, Invalid, HelpdeskError)):
                    call(odd)
        for empty in ("", ".", ".."):
            for call in calls:
                with pytest.raises(Invalid):
                    call(empty)
        assert {key: case.updated_at for key, case in app.account.cases.items()} == before
        asked = {request.path for request in app.requests.snapshot()}
        assert all(
            path.startswith(("/api/cases/", "/api/users/")) and "X-Evil: 1" not in path.split("\n")[0] for path in asked
        )


def test_names_of_files_come_back_as_data(in_process_account):
    names = [*FILE_NAMES, "../x", "/etc/passwd", "CON", "a\u202egpj.exe"]
    with in_process_account(dataset()) as (desk, _):
        files = tuple(Upload.from_bytes(name, name.encode()) for name in names)
        made = desk.tickets.create(TicketDraft(subject="s", description="d", requester="a@x.io", attachments=files))
        attachments = desk.tickets.get(made.id).attachments
        assert [file.filename for file in attachments] == names
        for file in attachments:
            with desk.attachments.open(file) as stream:
                assert stream.read() == file.filename.encode()
        with pytest.raises(NotFound):
            desk.attachments.open(Attachment("x", locator="")).__enter__()


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_nasty_texts_in_every_field(in_process_account, text):
    with in_process_account(dataset(ticket("wish", channel="idea"))) as (desk, app):
        api, wish = desk.vendor_api, app.seeded.cases["wish"]
        assert api.companies.create(text, company_note=text, company_address=text).company_note == text
        assert api.groups.create(text, group_signature=text).group_signature == text
        assert api.labels.create(text).label_title == text.strip()
        assert api.staff.create("n@x.io", staff_full_name=text).staff_full_name == text
        user = api.users.create(user_email="m@x.io", user_full_name=text, user_note=text, company_position=text)
        assert (user.user_full_name, user.user_note, user.company_position) == (text, text, text)
        assert api.cases.rate(wish, "low", comment=text).rating_comment == text
        assert api.cases.set_idea(wish, content=text).idea.content == text
        assert api.cases.set_official_response(wish, text).idea.official_response == text
        assert api.messages.add_note(wish, text).content == text
        article = api.knowledge_base.categories.create({"2": text})
        assert article.category_title == {"2": text}


# ---- the simulator's side

BODIES = [
    (b"", None), (b"{", "application/json"), (b"[]", "application/json"), (b"[1]", "application/json"),
    (b'"x"', "application/json"), (b"5", "application/json"), (b"NaN", "application/json"),
    (b'{"case":[],"message":[],"note":5,"user":"x","staff":null,"group":{},"label":[],"company":1,"rate":{}}',
     "application/json"),
    (b"<xml/>", "text/xml"), (b"\xff\xfe{", "application/json"), (b"a=b&case=c&case[x]=y", "application/x-www-form-urlencoded"),
    (b"--x\r\nbroken", "multipart/form-data; boundary=x"), (b"[" * 5000, "application/json"),
    ((b'{"case":{"subject":{"a":1},"staff_id":"x","labels":"a","created_at":[],"custom_fields":5,"user_email":[1]},'
     b'"user":{"user_email":{},"language_id":"x","custom_fields":"x"},"rate":{"rating":["low"]},'
     b'"message":{"content":[],"stage":{},"user_id":"x"},"note":{"content":{}},"staff":{"staff_email":[]},'
     b'"group":{"group_title":{}},"label":{"label_title":[]},"company":{"company_name":[]},'
     b'"kb_category":{"category_title":[]},"kb_section":{"category_id":"x","section_title":5},'
     b'"kb_article":{"section_id":"x","article_title":{}},"ideas_category":{"category_title":{}},"user_id":"x"}'),
     "application/json"),
]  # fmt: skip


def test_the_simulator_answers_every_bad_body_with_an_error_and_never_breaks():
    account = Desk(dataset(ticket("wish", channel="idea")))
    for rule in CALLS:
        method, _, path = rule.partition(" ")
        if method == "GET":
            continue
        target = _filled(path)
        for body, kind in BODIES:
            answer = account.send(method, target, data=body, headers={"Content-Type": kind} if kind else {})
            assert answer.status_code < 500, (rule, body[:40])
            assert answer.status_code < 300 or isinstance(answer.json["error"], str), (rule, body[:40])


QUERIES = ["page=x", "page=501", "limit=-5", "page=99999999999999999999", "labels[]=x&labels[0][1]=y", "created=%ff",
           "user_email=a", "subject=^^^^", "from_time=soon", "custom_fields=5", "custom_fields[cf_1][]=x", "filter=99",
           "sort=sideways", "status=new", "a[b=c", "&&&", "search=a", "language_id=xx", "show_merged_cases=perhaps"]  # fmt: skip


def test_the_simulator_answers_every_bad_query_with_an_error_or_ignores_it():
    account = Desk(dataset(ticket("wish", channel="idea")))
    for rule in CALLS:
        method, _, path = rule.partition(" ")
        if method != "GET":
            continue
        for query in QUERIES:
            answer = account.send("GET", _filled(path), query)
            assert answer.status_code < 500, (rule, query)
            assert answer.status_code < 300 or isinstance(answer.json["error"], str), (rule, query)


def test_wrong_methods_and_unknown_paths_say_so():
    account = Desk()
    rules = [route for route in DeskieSimulator.routes() if not route.admin]
    for path in {_filled(route.rule) for route in rules}:
        answer = account.send("PATCH", path)
        assert (answer.status_code, list(answer.json)) == (405, ["error"]), path
    assert account.send("GET", "/api/nothing.json").status_code == 404


def _filled(rule):
    for name in ("ident", "idents", "int:message_id", "int:user_id", "int:company_id", "int:staff_id", "int:group_id",
                 "int:label_id", "int:entry_id", "int:category_id", "int:file_id"):  # fmt: skip
        rule = rule.replace(f"<{name}>", "3")
    return rule.replace("<path:name>", "x")
