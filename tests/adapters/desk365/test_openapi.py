"""The vendor's own OpenAPI document against both sides: what the simulator answers, and what the adapter asks.

The document is not part of the repository. Where a recording contradicts it, the recording is followed: each such place
is listed below, so that nothing departs from the document unsaid.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from adapters.desk365.opened import Opened, opened
from attrs import evolve
from desk365_http import ACCOUNT, NOW, START, Desk365Http, message, ticket

from helpdesk_bridge import (
    NONE,
    Actor,
    Add,
    Body,
    Contact,
    ContactChange,
    ContactDraft,
    ContactQuery,
    Message,
    MessageDraft,
    MessageKind,
    Ref,
    Remove,
    Status,
    Ticket,
    TicketChange,
    TicketDraft,
    TicketQuery,
    Upload,
    Visibility,
)
from helpdesk_bridge.adapter import Opening
from helpdesk_bridge.datasets.dataset import Dataset, SeedField, SeedPerson
from helpdesk_bridge_desk365.vendor_api.vendor_api import BlockHours, BlockTickets

SPEC = os.environ.get("HELPDESK_BRIDGE_SPEC")
DOCUMENT = Path(SPEC or "", "desk365-openapi.json")
pytestmark = pytest.mark.skipif(
    not SPEC, reason="HELPDESK_BRIDGE_SPEC names no folder: the vendor's documents are not part of the repository"
)

PREFIX = "/apis"
RECORDED_NAMES = {"assign_to": "assigned_to", "sub_category": "subcategory"}
AS_RECORDED = {
    "TicketDetailsModel": RECORDED_NAMES,
    "CompanyResponseModel": {"createdOn": "created_on", "updatedOn": "updated_on"},
}
"""Keys of answers that recordings write otherwise (schema: documented -> recorded)."""

ALSO = {
    "TicketList": {"next_page"},
    "ContactList": {"next_page"},
    "CompanyList": {"next_page"},
    "TicketDetailsModel": {"survey_rating"},  # the guide: include_survey_details
    "ConversationMessageModel": {"type", "public_note"},
    "AddReplyModel": {"to_email", "ticket_number", "attachments"},
    "AddNoteModel": {"to_email", "ticket_number", "attachments"},
    "TimeEntryModel": {"updated_time"},  # the document's own example of the list has it
    "UpdateContactRequestModel": {"primary_email", "secondary_emails"},
    "CompanyRequestModel": {"created_on", "updated_on"},
}
"""Keys of answers that the schema lacks and recordings, or the guide, have."""

LACKS = {
    "AddReplyModel": {"agent_email", "include_prev_ccs", "include_prev_messages"},
    "AddNoteModel": {"agent_email"},
}
"""Keys of the schema that recorded answers lack: the document gives the request's model for the answer."""

LACKS_IN = {
    "PUT /v3/tickets/update": {"attachments"},  # recorded
    "GET /v3/tickets": {"completed_within_sla", "attachments"},  # recorded
    "POST /v3/contracts/create": {"block_tickets"},  # the document: of the two blocks only that of the type
    "GET /v3/contacts": {"is_deleted"},  # the document's own example of the list
}
ANSWERS = {"POST /v3/tickets/create_with_attachment": "TicketDetailsModel"}
"""The document gives the request's model; clients read a ticket number from the answer."""

TYPES: Mapping[str, tuple[type[Any], ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}
AGENTS = (
    *("agent@gmail.com", "agent@example.com", "johndoe@contoso.com", "agent@desk365.io"),
    *("agent1@example.com", "agent2@example.com"),
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(DOCUMENT.read_text("utf-8"))


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def account_of_the_examples() -> Dataset:
    """An account in which everything exists that the document's examples name."""
    people = (
        *(SeedPerson(email, email.partition("@")[0], email, role="agent", created_at=START) for email in AGENTS),
        SeedPerson("test", "John Doe", "test@gmail.com", company="Contoso Company", created_at=START),
        SeedPerson("other", "Other", "other@contoso.onmicrosoft.com", company="Company2", created_at=START),
    )
    tickets = (
        ticket(
            number,
            "test",
            [message("agent@gmail.com", "answer", number), message("agent@gmail.com", "note", number, private=True)],
            assignee="agent@gmail.com",
            status="closed",
            rating=(1, "Excellent Support"),
        )
        for number in range(1, 15)
    )
    return evolve(
        ACCOUNT,
        people=people,
        groups=("Sales", "Group1", "Group2"),
        companies=("Contoso Company", "Company1", "Company2"),
        ticket_types=("Question",),
        categories={"Billing": ("Disputed Charge",)},
        fields=(SeedField("employee_id", "integer"), SeedField("department", "text"), SeedField("DOB", "date")),
        tickets=tuple(tickets),
    )


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return name, document["components"]["schemas"][name] if name else schema


def example_of(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """The document's own example of a schema, property by property."""
    _, known = resolved(document, schema)
    if "example" in known:
        return known["example"]
    if "properties" in known:
        found = {name: example_of(document, one) for name, one in known["properties"].items()}
        return {name: one for name, one in found.items() if one is not None}
    return None


def departures(document: dict[str, Any], schema: dict[str, Any], value: Any, at: str, lacks: set[str]) -> list[str]:
    """Where a value is not as its schema says: a key more, a key less, a value of another type."""
    name, known = resolved(document, schema)
    if value is None:
        return []
    allowed = TYPES[known.get("type", "object")]
    if isinstance(value, bool) and bool not in allowed:
        return [f"{at}: a boolean, documented as {known.get('type')}"]
    if not isinstance(value, allowed):
        return [f"{at}: {type(value).__name__}, documented as {known.get('type')}"]
    if isinstance(value, list) and known["items"].get("type") != "object":
        return [
            one
            for number, row in enumerate(value)
            for one in departures(document, known["items"], row, f"{at}[{number}]", lacks)
        ]
    properties = known.get("properties")
    if not isinstance(value, dict) or properties is None or name == "CustomFields":
        return []
    renamed = AS_RECORDED.get(name, {})
    documented = {renamed.get(key, key): one for key, one in properties.items()}
    found = [f"{at}.{key}: not in {name}" for key in value.keys() - documented.keys() - ALSO.get(name, set())]
    found += [f"{at}.{key}: missing" for key in documented.keys() - value.keys() - LACKS.get(name, set()) - lacks]
    for key in value.keys() & documented.keys():
        if (name, key, type(value[key])) == ("CompanyResponseModel", "domains", list):
            continue  # recorded: an array in lists
        found += departures(document, documented[key], value[key], f"{at}.{key}", lacks)
    return found


QUERIES: dict[str, dict[str, Any]] = {
    "GET /v3/tickets": {"include_description": 1, "include_custom_fields": 1, "ticket_count": 30},
    "GET /v3/tickets/details": {"ticket_number": 10},
    "GET /v3/tickets/conversations": {"ticket_number": 10},
    "PUT /v3/tickets/update": {"ticket_number": 10},
    "POST /v3/tickets/add_reply": {"ticket_number": 10},
    "POST /v3/tickets/add_note": {"ticket_number": 10},
    "GET /v3/contacts/details": {"primary_email": "contact@contoso.com"},
    "PUT /v3/contacts/update": {"primary_email": "contact@contoso.com"},
    "GET /v3/companies/details": {"name": "Contoso"},
    "PUT /v3/companies/update": {"company_name": "Contoso"},
    "GET /v3/time_entries/details": {"id": 1},
    "GET /v3/surveys/details": {"survey_name": "Customer satisfaction"},
    "GET /v3/kb/category/details": {"category_name": "Help Center"},
    "PUT /v3/kb/category/update": {"category_name": "Help Center"},
    "DELETE /v3/kb/category/delete": {"category_name": "Help Center"},
    "GET /v3/kb/folder/details": {"category_name": "Help Center", "folder_name": "Teams Bot"},
    "PUT /v3/kb/folder/update": {"category_name": "Help Center", "folder_name": "Teams Bot"},
    "DELETE /v3/kb/folder/delete": {"category_name": "Help Center", "folder_name": "Teams Bot"},
    "GET /v3/kb/article/details": {"article_name": "How to use the Help Center"},
    "PUT /v3/kb/article/update": {"article_name": "How to use the Help Center"},
    "DELETE /v3/kb/article/delete": {"article_name": "How to use the Help Center"},
    "GET /v3/contracts/details": {"reference_number": "#6532"},
    "PUT /v3/contracts/update": {"contract_name": "Sample contract"},
}
WITHOUT = {"POST /v3/contracts/create": {"block_tickets"}}
"""The document: contract_type 2 goes with block_hours alone."""


def in_order(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    def place(found: tuple[str, dict[str, Any]]) -> tuple[int, int]:
        name = found[0]
        kind = ("POST", "GET", "PUT", "DELETE").index(name.split()[0])
        # Categories before their folders, folders before their articles; the other way round when they are deleted.
        part = next((n for n, word in enumerate(("category", "folder", "article"), 1) if f"/kb/{word}" in name), 0)
        company = "/companies/" in name
        return kind, -part if kind == 3 else part - (5 if company else 0)

    return sorted(operations(document), key=place)


def test_each_operation_of_the_document_is_answered_as_it_says(document):
    desk = Desk365Http(account_of_the_examples(), contracts=True)
    found: dict[str, list[str]] = {}
    answered = set()
    for name, operation in in_order(document):
        method, path = name.split()
        query = dict(QUERIES.get(name, {}))
        body = operation.get("requestBody", {}).get("content", {})
        address = path.removeprefix("/v3")
        if "application/json" in body:
            sent = example_of(document, body["application/json"]["schema"])
            sent = {key: value for key, value in sent.items() if key not in WITHOUT.get(name, set())}
            if address == "/kb/article/create":
                desk.post("/kb/folder/create", {"category_name": "Help Center", "folder_name": sent["folder_name"]})
            response = desk.send(method, address, sent, **query)
        elif "multipart/form-data" in body:
            plain = name.replace("_with_attachment", "")
            schema = document["paths"][plain.split()[1]]["post"]["requestBody"]["content"]["application/json"]["schema"]
            part = next(one["name"] for one in operation["parameters"] if one["name"].endswith("_object"))
            fields = {part: json.dumps(example_of(document, schema))}
            if any(one["name"] == "ticket_number" for one in operation["parameters"]):
                fields["ticket_number"] = "10"
            response = desk.multipart(address, fields, [("file", "test.jpeg", b"x")])
        else:
            response = desk.send(method, address, **query)
        assert response.status_code in (200, 201), f"{name}: {response.status_code} {response.text}"
        answered.add(name)
        (content,) = operation["responses"]["200"]["content"].values()
        schema = content["schema"]
        if schema.get("type") == "string":
            assert "example" not in schema or response.json == schema["example"], name
            continue
        if name in ANSWERS:
            schema = {"$ref": f"#/components/schemas/{ANSWERS[name]}"}
        found[name] = departures(document, schema, response.json, "$", LACKS_IN.get(name, set()))
    assert len(answered) == 41
    assert {name: one for name, one in found.items() if one} == {}


# --- the adapter's requests


def old_ticket() -> tuple[Ticket, Opening]:
    old = Ticket(
        id="1",
        ref="deskie:x/ticket/1",
        subject="S",
        requester=Actor.contact(email="test@gmail.com"),
        assignee=Actor.agent(id="agent@gmail.com", email="agent@gmail.com"),
        status=Status.CLOSED,
        status_label="Closed",
        group=Ref(None, "Sales"),
        category="Billing",
        subcategory="Disputed Charge",
        type="Question",
        cc=("johndoe@contoso.com",),
        custom_fields={"department": "IT", "employee_id": 7},
    )
    opening = Opening(
        id="1:0",
        ticket_id="1",
        author=Actor.contact(email="test@gmail.com"),
        visibility=Visibility.PUBLIC,
        kind=MessageKind.REPLY,
        body=Body(html="<p>Please</p>"),
        created_at=START,
    )
    return old, opening


def tickets_and_contacts_are_asked(account: Opened) -> None:
    desk, api, file = account.desk, account.desk.vendor_api, Upload.from_bytes("a.txt", b"a", "text/plain")
    draft = TicketDraft(
        subject="S",
        description="d",
        requester="test@gmail.com",
        assignee="agent@gmail.com",
        group="Sales",
        status=Status.OPEN,
        type="Question",
        category="Billing",
        subcategory="Disputed Charge",
        custom_fields={"department": "IT"},
        cc=("johndoe@contoso.com",),
    )
    api.ping()
    made = desk.tickets.create(draft)
    desk.tickets.create(evolve(draft, attachments=(file,)))
    api.create_ticket(draft, form="Create Ticket", watchers=["agent@gmail.com"])
    old, opening = old_ticket()
    said = Message(
        id="2", ticket_id="1", author=opening.author, visibility=Visibility.PUBLIC, kind=MessageKind.REPLY,
        body=opening.body, created_at=START,
    )  # fmt: skip
    importer = desk.importer
    assert importer
    written = importer.ticket(old, opening, [file], "0123456789abcdef")
    importer.message(written.ticket_id, said, [file])
    importer.finish(written.ticket_id, evolve(old, assignee=None, group=None, category=None, subcategory=None))
    importer.find("ticket", "0123456789abcdef", NOW, old)
    importer.contact(
        Contact(
            id="1", ref="x:y/contact/1", name="N", emails=("n@contoso.com", "o@contoso.com"), company=Ref(None, "New")
        ),
        "m",
    )
    desk.tickets.update(
        made.id, TicketChange(subject="T", cc=("o@contoso.com",), group=None, custom_fields={"DOB": None})
    )
    api.update_ticket(made.id, description="d", sla="No SLA Policy", watchers=Add("agent@gmail.com"))
    api.update_ticket(made.id, watchers=Remove("agent@gmail.com"))
    list(desk.tickets.list(TicketQuery(statuses={Status.OPEN}, assignee=NONE, include={"description", "rating"})))
    api.tickets(custom_fields=True, survey=True, nested_fields=True, updated_since=NOW)
    desk.tickets.get(made.id)
    list(desk.messages.list(made.id))
    api.conversation(made.id, newest_first=True, forwards=False)
    for files in ((), (file,)):
        desk.messages.reply(made.id, MessageDraft(body="r", cc=("a@contoso.com",), attachments=files))
        desk.messages.note(made.id, MessageDraft(body="n", attachments=files))
    api.reply(
        made.id, "r", bcc=["b@contoso.com"], agent="agent@gmail.com", sender="support@acme.desk365.io",
        include_previous_cc=True, include_previous_messages=True,
    )  # fmt: skip
    api.note(made.id, "n", agent="agent@gmail.com", notify=["agent@example.com"])
    desk.contacts.create(
        ContactDraft(name="P", emails=("p@contoso.com",), phones=("+1", "+2"), company="Contoso Company")
    )
    desk.contacts.update("p@contoso.com", ContactChange(name="Q", phones=("+3",), company=None))
    api.update_contact("p@contoso.com", title="CEO")
    list(desk.contacts.list(ContactQuery(include={"custom_fields"})))
    api.contacts(company="Contoso Company", descending=True)


def everything_else_is_asked(account: Opened) -> None:
    desk, api = account.desk, account.desk.vendor_api
    companies = desk.companies
    assert companies
    list(companies.list())
    api.create_company("Dots", description="d", phone="1", address="a", city="c", state="s", country="t", zipcode="z")
    api.update_company("Dots", sla="helpdesk default", domains=["dots.example"])
    api.company("Dots")
    entry = api.time_entries(agent="agent@gmail.com", billable=True, started_before=NOW).items[0]
    api.time_entry(entry.id)
    api.survey(api.surveys()[-1].survey_name)
    api.survey_ratings()
    api.create_category(
        "Help", description="d", created_by="agent@gmail.com", support_visibility=4, companies=["Contoso Company"],
        agent_visibility=2, groups=["Sales"],
    )  # fmt: skip
    api.update_category("Help", new_name="Help Center")
    api.category("Help Center")
    api.create_folder("Help Center", "Bots", created_by="agent@gmail.com")
    api.rename_folder("Help Center", "Bots", "Teams Bot")
    api.folder("Help Center", "Teams Bot")
    api.create_article(
        "A", "<p>a</p>", category="Help Center", folder="Teams Bot", created_by="agent@gmail.com", status=0
    )
    api.update_article("A", new_title="B", content="b", category="Help Center", folder="Teams Bot", status=1)
    api.article(api.articles()[-1])
    api.create_contract(
        "Gold", company="Contoso Company", block=BlockHours(600, 15, rollover_type=1, rollover_value=5), category="Level 1",
        start=date(2026, 1, 1), end=date(2026, 12, 31), reference_number="#1", setup_fees=5, sla="Standard sla", active=True,
        after_hours=False, bill_cycle=1,
    )  # fmt: skip
    api.create_contract("Silver", company="Contoso Company", block=BlockTickets(50))
    api.update_contract("Gold", new_name="Gold 2", category=None, rollover_unused_hours=True)
    api.contracts(company="Contoso Company", category="Level 1", inactive=False, expired=False, upcoming=False)
    api.contract(reference_number="#1")
    api.delete_article("B")
    api.delete_folder("Help Center", "Teams Bot")
    api.delete_category("Help Center")


ADDED_2026 = {"GET /v3/contacts": {"include_custom_fields"}, "GET /v3/contacts/details": {"secondary_email"}}
"""Parameters that clients of 2026 send."""

UNLISTED = {"GET /v3/agents"}
"""Observed: a client of 2026 asks for it."""


def form_of(body: bytes) -> dict[str, str]:
    """The plain parts of a multipart body."""
    found = {}
    for part in body.split(b"\r\n--"):
        head, _, value = part.partition(b"\r\n\r\n")
        if b"filename" not in head and b'name="' in head:
            found[head.split(b'name="')[1].split(b'"')[0].decode()] = value.decode()
    return found


def test_the_adapter_asks_each_operation_as_the_document_says(document):
    known = dict(operations(document))
    found: list[str] = []
    with opened(account_of_the_examples(), contracts=True, rate_limit=100_000) as account:
        tickets_and_contacts_are_asked(account)
        everything_else_is_asked(account)
        requests = list(account.simulator.requests)
    asked = set()
    for request in requests:
        name = f"{request.method} {request.path.removeprefix(PREFIX)}"
        if name in UNLISTED:
            continue
        operation = known.get(name)
        assert operation is not None, f"{name} is no operation of the document"
        asked.add(name)
        named = {one["name"] for one in operation.get("parameters", ())}
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        found += [f"{name}: query {one}" for one in query.keys() - named - ADDED_2026.get(name, set())]
        required = {one["name"] for one in operation.get("parameters", ()) if one.get("required")}
        body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
        content = operation.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in content:
            # The document has these in the query, its own sample and every client in the form: long texts break a URL.
            form = form_of(body)
            assert required <= form.keys(), name
            plain = known[name.replace("_with_attachment", "")]
            schema = plain["requestBody"]["content"]["application/json"]["schema"]
            value = json.loads(next(text for key, text in form.items() if key.endswith("_object")))
        elif content:
            assert required <= query.keys(), name
            schema, value = content["application/json"]["schema"], json.loads(body)
        else:
            assert required <= query.keys(), name
            continue
        # What is not sent stays as it is: the document marks nothing as needed.
        found += [
            f"{name} {one}" for one in departures(document, schema, value, "$", set()) if not one.endswith(": missing")
        ]
    assert found == []
    assert {name for name in known if name not in asked} == set()
    assert len(asked) == 41
