"""Whatever somebody changes at a destination of what the plan announced as kept, verification finds it on the wire."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack

import pytest
from attrs import evolve
from e2e.tampering import Proxy
from migration.faulty_desk import message, person, ticket
from migration.simulators import SCALES, served, settings_for
from tiers import quick_first

from helpdesk_bridge import open_desk
from helpdesk_bridge.datasets.dataset import Dataset, SeedField, SeedFile
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.journal.expected import native
from helpdesk_bridge.model import fields
from helpdesk_bridge.model.values import Rating

ONE = Options(workers=1, yes=True)
MARKUP = (
    '<p>See <a href="https://shop.example/a">https://shop.example/a</a> and <a href="https://shop.example/b">this</a>.</p>'
    '<ul><li>one</li><li>two</li></ul><p><img src="cid:shot%401"><img src="https://pics.example/1.png"></p>'
)
SHOT = SeedFile("shot.png", "image/png", b"\x89PNG shot", inline=True, content_id="shot@1")
REPORT = SeedFile("report.pdf", "application/pdf", b"%PDF-1.4")


def account(*tickets):
    people = (
        person("ann", "ann@client.example", phone="+905551112233", company="Acme", title="Buyer",
               custom_fields={"Customer No": "C-1"}),
        person("bob", "bob@client.example", blocked=True),
        person("eve", "eve@desk.example", role="agent"),
        person("tom", "tom@desk.example", role="agent"),
    )  # fmt: skip
    return Dataset(
        people=people if tickets else people[2:],
        groups=("Sales", "Support"),
        tags=("vip", "other"),
        fields=(SeedField("Order No", "text"), SeedField("Customer No", "text", level="contact")),
        tickets=tickets,
    )


def rich():
    thread = (
        evolve(message("ann", 0, "", files=(SHOT, REPORT)), text=None, html=f"<p>It broke</p>{MARKUP}"),
        evolve(message("eve", 3, "", files=(REPORT,)), text=None, html=f"<p>We look</p>{MARKUP}"),
        message("eve", 5, "Lost?", private=True, kind="note"),
        message("ann", 7, "Thanks"),
    )
    values = {
        "group": "Sales", "assignee": "eve", "priority": "high", "status": "pending", "type": "Question",
        "category": "Robots", "subcategory": "Arms", "tags": ("vip",), "cc": ("bob",), "watchers": ("tom",),
        "custom_fields": {"Order No": "A-7"}, "rating": (1, "Good"),
    }  # fmt: skip
    return account(ticket("t1", "ann", *thread, **values), ticket("t2", "bob", message("bob", 20, "Where?")))


def in_text(old, new):
    """A mutant of what an answer says, wherever it says it; ``old`` is a pattern over the JSON text."""
    return lambda _path, text: re.sub(old, new, text)


def of_key(key, value):
    """A mutant of every value under a key."""

    def spoiled(_path, text):
        def walked(node):
            if isinstance(node, dict):
                return {name: value if name == key else walked(one) for name, one in node.items()}
            return [walked(one) for one in node] if isinstance(node, list) else node

        return json.dumps(walked(json.loads(text)))

    return spoiled


def on(part, mutant):
    return lambda path, text: mutant(path, text) if re.search(part, path) else text


def reversed_thread(_path, text):
    document = json.loads(text)
    if "conversations" in document:
        document["conversations"] = document["conversations"][::-1]
    elif len(rows := [key for key in document if key.isdecimal()]) > 2:
        moved = [document[key] for key in rows[1:]]
        document |= dict(zip(rows[1:], moved[::-1], strict=True))
    return json.dumps(document)


WORDS = {
    "text": in_text("It broke", "It works"),
    "link that its label shows": in_text(r"href=\\\"https://shop.example/a", r'href=\\"https://evil.example/a'),
    "link": in_text(r"https://shop.example/b", "https://evil.example/b"),
    "link removed": in_text(r'<a href=\\"https://shop.example/b\\">this</a>', "this"),
    "image elsewhere": in_text(r"https://pics.example/1.png", "https://pics.example/2.png"),
    "image removed": in_text(r'<img src=\\"https://pics.example/1.png\\">', ""),
    "formatting": in_text(r"<li>(one|two)</li>", r"<p>\1</p>"),
    "order": reversed_thread,
}
DESKIE = {
    **WORDS,
    "ticket.subject": of_key("subject", "Another"),
    "ticket.status": on("cases", of_key("status", "open")),
    "ticket.priority": of_key("priority", "low"),
    "ticket.requester": on(r"cases.json", of_key("user_id", 2)),
    "ticket.assignee": on(r"cases.json", of_key("staff_id", 3)),
    "ticket.group": of_key("group_id", 2),
    "ticket.tags": of_key("labels", [2]),
    "ticket.custom_fields": in_text("A-7", "A-8"),
    "ticket.created_at": on(r"cases.json", of_key("created_at", "Sat, 01 Mar 2025 11:01:00 +0200")),
    "ticket.rating": of_key("rating", "low"),
    "contact.name": of_key("user_full_name", "Rob"),
    "contact.emails": on("users", of_key("user_email", "mallory@client.example")),
    "contact.company": of_key("company_name", "Other"),
    "contact.title": of_key("company_position", "Boss"),
    "contact.blocked": of_key("active", True),
    "contact.custom_fields": in_text("C-1", "C-2"),
    "message.author": on("messages", in_text(r'"user_id": ?1,', '"user_id": 2,')),
    "message.created_at": on("messages", of_key("created_at", "Sat, 01 Mar 2025 11:59:00 +0200")),
    "message.visibility": of_key("note", False),
    "message.attachments": on("messages", of_key("attachments", [])),
    "name of a file": in_text(r'"file_name": ?"report.pdf"', '"file_name": "other.pdf"'),
    "type of a file": of_key("mime_type", "text/html"),
}
DESK365 = {
    **WORDS,
    "ticket.subject": of_key("subject", "Another"),
    "ticket.status": of_key("status", "Open"),
    "ticket.priority": of_key("priority", 1),
    "ticket.type": of_key("type", "Problem"),
    "ticket.requester": of_key("contact_email", "bob@client.example"),
    "ticket.assignee": of_key("assigned_to", "tom@desk.example"),
    "ticket.group": of_key("group", "Support"),
    "ticket.category": of_key("category", "Other"),
    "ticket.subcategory": of_key("subcategory", "Legs"),
    "ticket.custom_fields": in_text("A-7", "A-8"),
    "ticket.cc": of_key("share_to", []),
    "ticket.watchers": of_key("watchers", []),
    "contact.name": on("contacts", of_key("name", "Rob")),
    "contact.emails": of_key("primary_email", "mallory@client.example"),
    "contact.phones": in_text("905551112233", "905551112234"),
    "contact.title": of_key("title", "Boss"),
    "contact.company": of_key("company_name", "Other"),
    "message.author": in_text(r"Eve &lt;eve@desk", "Tom &lt;tom@desk"),
    "message.created_at": in_text(r"T09:03:00Z", "T09:04:00Z"),
    "message.visibility": of_key("public_note", True),
    "message.attachments": on("conversations", of_key("attachments", [])),
    "name of a file": of_key("file_name", "other.pdf"),
    "type of a file": of_key("file_type", "text/html"),
}
MUTANTS = {"deskie": DESKIE, "desk365": DESK365}
NOT_ON_THE_WIRE = {"ticket.description", "ticket.message_count", "ticket.attachments", "message.body", "message.kind"}
"""What is compared as part of the opening, or as the text."""


def rate(desk):
    """Give the first ticket a rating with a word: seeds have only its score."""
    first = next(one for one in desk.tickets.list(include={"rating"}) if one.rating is not None)
    desk._adapter.importer._desk.store.tickets.put(evolve(first, rating=Rating(score=1, label="high", comment="Good")))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    with ExitStack() as stack:
        kept = {}
        for vendor in MUTANTS:
            old = stack.enter_context(served("local", rich()))
            rate(old.desk)
            new = stack.enter_context(served(vendor, account()))
            path = tmp_path_factory.mktemp(vendor) / "journal"
            with Migration(old.desk, new.desk, path, options=ONE) as migration:
                summary = migration.migrate()
            assert summary.verified, summary.differences
            kept[vendor] = old, new, path
        yield kept


def found(finished, vendor, mutant):
    old, new, path = finished[vendor]
    touched = []

    def spoil(_method, place, text):
        spoiled = mutant(place, text)
        if json.loads(spoiled) != json.loads(text):
            touched.append(place)
        return spoiled

    with Proxy(new.url, spoil) as proxy, ExitStack() as stack:
        settings = settings_for(new.simulator, proxy.url, SCALES[vendor])
        desk = open_desk({"vendor": vendor, **settings}, name=vendor)
        stack.callback(desk.close)
        migration = stack.enter_context(Migration(old.desk, desk, path, options=ONE))
        differences = migration.verify()
        summary = migration.summary()
    assert touched, "the mutant changed nothing on the wire"
    assert bool(differences) is not summary.verified
    return {(one.record, one.field) for one in differences}


CASES = [(vendor, name) for vendor, mutants in MUTANTS.items() for name in mutants]


@pytest.mark.parametrize("case", quick_first(CASES, 3), ids=str)
def test_each_tampering_is_found(finished, case):
    vendor, name = case
    differences = found(finished, vendor, MUTANTS[vendor][name])
    assert differences, name
    area, _, field = name.partition(".")
    if field and area != "message" and name != "contact.emails":  # whoever has another address is another contact
        assert (area, field) in differences


def test_no_tampering_is_no_difference(finished):
    for vendor in MUTANTS:
        old, new, path = finished[vendor]
        with Migration(old.desk, new.desk, path, options=ONE) as migration:
            assert migration.verify() == []


@pytest.mark.parametrize("vendor", MUTANTS)
def test_every_field_that_a_vendor_keeps_has_its_mutant(finished, vendor):
    fidelity = finished[vendor][1].desk.importer.fidelity
    kept = {
        f"{area}.{name}"
        for area, table in (("ticket", fidelity.ticket), ("contact", fidelity.contact))
        for name in table
        if native(table, name) and fields.RECORDS[area][name].travels
    }
    kept |= {f"message.{name}" for table in fidelity.messages.values() for name in table if native(table, name)}
    missing = kept - set(MUTANTS[vendor]) - NOT_ON_THE_WIRE - {"message.inline"}
    assert missing == set()
