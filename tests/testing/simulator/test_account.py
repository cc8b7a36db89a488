"""An account file makes a simulator anybody's account; what it says wrongly is one line, and nothing is served."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from helpdesk_bridge import Status, open_desk
from helpdesk_bridge.datasets.account import AccountError, load_account
from helpdesk_bridge.datasets.corpus import CorpusError, load_corpus
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import mock_simulator

DESKIE = """
groups = ["Zentrale", "Werkstatt"]
roles = ["Boss", "Helper"]
labels = ["dringend", "VIP"]
companies = ["Räder GmbH"]
plan = "standard"

[[agents]]
name = "Jo Berg"
email = "Jo@raeder.example"
role = "Boss"

[[agents]]
email = "gone@raeder.example"
active = false

[[custom_fields]]
name = "Rahmennummer"
type = "text"

[[custom_fields]]
name = "Größe"
type = "select"
options = ["S", "M", "L"]

[[custom_fields]]
name = "Kundennummer"
type = "text"
level = "contact"

[limits]
rate_limit = 77
"""
DESK365 = """
groups = ["Zentrale", "Werkstatt"]
types = ["Reparatur", "Verkauf"]
slas = ["Gold", "Silber"]
forms = ["Werkstattauftrag"]
plan = "plus"

[categories]
Rad = ["Bremse", "Licht"]
Laden = []

[statuses]
"Wartet auf Teile" = "on_hold"

[[agents]]
name = "Jo Berg"
email = "jo@raeder.example"

[[custom_fields]]
name = "Rahmennummer"
type = "text"

[[custom_fields]]
name = "Größe"
type = "select"
options = ["S", "M", "L"]

[limits]
rate_limit = 40
rate_window = 60
"""
DESK360 = """
[[integrations]]
id = 501
name = "Räder"
phone = "+4930123456"

[[integrations]]
id = 502
name = "Werkstatt"
phone = "+4930123457"

[[templates]]
id = 9
name = "abholbereit"
language = "Deutsch"
body = "Hallo {{1}}, Ihr Rad {{2}} ist fertig."
header = "Werkstatt"
buttons = ["Danke"]

[[templates]]
id = 9
name = "abholbereit"
language = "Polski"
body = "Cześć {{1}}"
status = "in_review"

[[templates]]
id = 10
name = "nur_werkstatt"
body = "Only here."
integration = 502

[limits]
rate_limit = 30
"""
FILES = {"deskie": DESKIE, "desk365": DESK365, "desk360": DESK360}
TICKET: dict[str, Any] = {
    "id": "R-1",
    "subject": "Bremse quietscht",
    "status": "open",
    "requester": {"name": "Ann", "email": "ann@example.com", "phone": "+49 170 1234567", "company": "Räder GmbH"},
    "assignee": "jo@RAEDER.example",
    "group": "Werkstatt",
    "custom_fields": {"Rahmennummer": "WX-77", "Größe": "M"},
    "cc": ["bob@example.com"],
    "rating": {"score": 1, "comment": "schnell"},
    "messages": [
        {"author": {"role": "contact", "email": "ann@example.com"}, "created_at": "2026-01-05T09:00:00Z",
         "html": '<p>Hallo <img src="cid:foto"></p>',
         "files": ["papers/rechnung.pdf", {"path": "foto.png", "content_id": "foto"}]},
        {"author": {"role": "agent", "email": "jo@raeder.example"}, "created_at": "2026-01-05T10:00:00Z", "text": "Klar",
         "private": True},
    ],
}  # fmt: skip


def simulator(vendor: str) -> Any:
    return import_module(f"helpdesk_bridge_{vendor}.simulator")


def keys(vendor: str) -> frozenset[str]:
    return simulator(vendor).create(generate(0)).ACCOUNT_KEYS


def account(folder: Path, vendor: str, text: str | None = None) -> Any:
    file = folder / "account.toml"
    file.write_text(FILES[vendor] if text is None else text, "utf-8")
    return load_account(file, keys(vendor), vendor.title())


def corpus(folder: Path, *tickets: dict[str, Any], statuses: Any = None) -> Any:
    (folder / "papers").mkdir(exist_ok=True)
    (folder / "papers" / "rechnung.pdf").write_bytes(b"%PDF 1")
    (folder / "foto.png").write_bytes(b"\x89PNG")
    file = folder / "tickets.jsonl"
    file.write_text("\n".join(json.dumps(ticket) for ticket in tickets), "utf-8")
    return load_corpus(file, statuses)


def opened(vendor: str, dataset: Any, **more: Any) -> Any:
    app = simulator(vendor).create(dataset, settings={"rate_limit": 100_000})
    base = {"deskie": "https://own.deskie.io", "desk365": "https://acme.desk365.io"}[vendor]
    return (
        app,
        mock_simulator(app, base),
        {"vendor": vendor, **app.connection, "base_url": base, "max_wait": None, **more},
    )


def test_a_deskie_account_is_the_files(tmp_path):
    own = account(tmp_path, "deskie")
    assert (own.plan, own.limits) == ("standard", {"rate_limit": 77})
    tags = {**TICKET, "tags": ["VIP"]}
    app, mocked, table = opened("deskie", own.with_tickets(corpus(tmp_path, tags)))
    with mocked, open_desk(table) as desk:
        assert [group.name for group in desk.groups.list()] == ["Zentrale", "Werkstatt"]
        assert [tag.name for tag in desk.tags.list()] == ["dringend", "VIP"]
        assert [role.role for role in desk.vendor_api.staff.roles()] == ["Boss", "Helper"]
        agents = {agent.email: agent.active for agent in desk.agents.list()}
        assert (agents["Jo@raeder.example"], agents["gone@raeder.example"]) == (True, False)
        assert {field.name for field in desk.custom_fields.list()} == {"Rahmennummer", "Größe", "Kundennummer"}
        (ticket,) = desk.tickets.list(include={"custom_fields"})
        assert (ticket.group.name, ticket.assignee.email, ticket.tags) == ("Werkstatt", "Jo@raeder.example", ("VIP",))
        assert (ticket.custom_fields, ticket.cc) == ({"Rahmennummer": "WX-77", "Größe": "M"}, ("bob@example.com",))
        assert (ticket.rating.label, ticket.rating.comment) == ("high", "schnell")
        opening, note = desk.messages.list(ticket.id)
        assert (note.visibility.value, note.body.text) == ("internal", "Klar")
        files = {file.filename: file for file in opening.attachments}
        assert set(files) == {"rechnung.pdf", "foto.png"}
        with desk.attachments.open(files["rechnung.pdf"]) as stream:
            assert stream.read() == b"%PDF 1"
        assert desk.contacts.get(ticket.requester.id).company.name == "Räder GmbH"
        app.reset()
        assert len(list(desk.tickets.list())) == 1


def test_a_desk365_account_is_the_files(tmp_path):
    own = account(tmp_path, "desk365")
    named = {**TICKET, "status": "Wartet auf Teile", "type": "Reparatur", "category": "Rad", "subcategory": "Bremse",
             "watchers": ["jo@raeder.example"]}  # fmt: skip
    app, mocked, table = opened("desk365", own.with_tickets(corpus(tmp_path, named, statuses=own.dataset.statuses)))
    table["statuses"] = {"waiting": "Wartet auf Teile"}
    with mocked, open_desk(table) as desk:
        (ticket,) = desk.tickets.list(include={"custom_fields", "description"})
        assert (ticket.type, ticket.category, ticket.subcategory) == ("Reparatur", "Rad", "Bremse")
        assert (ticket.status, ticket.status_label, ticket.group.name) == (Status.UNKNOWN, "waiting", "Werkstatt")
        assert (ticket.sla.name, ticket.watchers) == ("Silber", ("jo@raeder.example",))
        assert dict(ticket.custom_fields) == {"Rahmennummer": "WX-77", "Größe": "M"}
        made = desk.tickets.create(subject="Neu", requester="ann@example.com", description="x", group="Zentrale")
        raw = app.account.tickets[int(made.id)]
        assert (raw.form_name, raw.sla) == ("Werkstattauftrag", "Gold")
        updated = desk.tickets.update(made.id, status="Wartet auf Teile", type="Verkauf")
        assert (updated.status_label, updated.type) == ("waiting", "Verkauf")


def test_a_desk360_account_is_the_files(tmp_path):
    app = simulator("desk360").create(account(tmp_path, "desk360").fitted(generate(6)))
    assert app.connection["integration"] == 501
    here, there = app.account.integrations.values()
    assert (here.name, here.phone, list(here.templates), list(there.templates)) == (
        "Räder",
        "+4930123456",
        [9],
        [9, 10],
    )
    german, polish = here.templates[9]["translations"]
    assert (german["language"], german["variables"], german["status"]) == (
        "Deutsch", ["body-1", "body-2"], "template-messages.active",
    )  # fmt: skip
    assert (polish["language"], polish["status_value"]) == ("Polski", 1)
    base = "https://public-api.desk360.com"
    with mock_simulator(app, base), open_desk({"vendor": "desk360", **app.connection, "base_url": base}) as desk:
        assert desk.check()
        (template,) = desk.templates.list()
        assert [translation.language for translation in template.translations] == ["Deutsch", "Polski"]


@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_generated_tickets_take_the_accounts_own_words(tmp_path, vendor):
    own = account(tmp_path, vendor)
    made = own.fitted(generate(60))
    assert {ticket.group for ticket in made.tickets} <= {None, "Zentrale", "Werkstatt"}
    assert {ticket.group for ticket in made.tickets} > {"Zentrale"}
    agents = {person.key for person in made.agents}
    assert {ticket.assignee for ticket in made.tickets} <= {None, *agents}
    assert {name for ticket in made.tickets for name in ticket.custom_fields} == {"Rahmennummer", "Größe"}
    app, mocked, table = opened(vendor, made)
    with mocked, open_desk(table) as desk:
        assert {ticket.group.name for ticket in desk.tickets.list() if ticket.group} == {"Zentrale", "Werkstatt"}
    if vendor == "desk365":
        assert {ticket.category for ticket in made.tickets} <= {None, "Rad", "Laden"}
        assert "Wartet auf Teile" in {ticket.status for ticket in app.account.tickets.values()}
    assert len(made.tickets) == 60


def test_an_account_without_tickets_keeps_its_lists(tmp_path):
    for vendor in ("deskie", "desk365"):
        made = account(tmp_path, vendor).fitted(generate(0))
        assert made.groups == ("Zentrale", "Werkstatt")
        assert next(agent.email.casefold() for agent in made.agents) == "jo@raeder.example"
        assert not made.tickets


@pytest.mark.parametrize("vendor", FILES)
def test_an_account_file_of_nothing_leaves_the_account_as_it_is(tmp_path, vendor):
    assert account(tmp_path, vendor, "").fitted(generate(12)) == generate(12)


WRONG = [
    ("deskie", 'grups = ["x"]', "unknown key 'grups'; an account of Deskie has agents, companies"),
    ("deskie", "[categories]", "Deskie has no categories; remove that key"),
    ("desk365", 'labels = ["x"]', "Desk365 has no labels; remove that key"),
    ("desk360", 'groups = ["x"]', "Desk360 has no groups; remove that key"),
    ("deskie", 'groups = "x"', "groups: expected a list of texts"),
    ("deskie", 'groups = ["x", ""]', "groups[1]: expected a text that is not empty"),
    ("deskie", 'groups = ["x", "x"]', "groups: one of them is there twice"),
    ("deskie", '[[agents]]\nname = "x"', "agents[0]: email is missing"),
    ("deskie", '[[agents]]\nemail = "x"', "agents[0].email: expected an e-mail address"),
    ("deskie", '[[agents]]\nemail = "a@x.io"\nmail = 1', "agents[0]: unknown key 'mail'; it has active, email"),
    ("deskie", '[[agents]]\nemail = "a@x.io"\nrole = "King"', "agents[0].role: roles does not have 'King'"),
    ("deskie", '[[agents]]\nemail = "a@x.io"\n[[agents]]\nemail = "A@X.io"', "agents: two of them are the same"),
    ("deskie", "agents = 5", "agents: expected tables, each headed [[agents]]"),
    ("deskie", '[[custom_fields]]\nname = "F"\ntype = "number"', "custom_fields[0].type: expected one of text"),
    ("deskie", '[[custom_fields]]\nname = "F"\ntype = "select"', "'F' needs options if it is a select"),
    ("desk365", '[statuses]\nX = "odd"', "statuses.X: expected one of new, open"),
    ("desk365", "[limits]\nrate_limit = true", "limits.rate_limit: expected a number"),
    (
        "desk360",
        '[[integrations]]\nid = 0\nname = "x"\nphone = "+49301"',
        "integrations[0].id: expected a whole number",
    ),
    ("desk360", '[[integrations]]\nid = 1\nname = "x"\nphone = "030"', "expected a number such as +905551112233"),
    ("desk360", '[[templates]]\nid = 1\nname = "x"\nbody = "b"\nintegration = 7', "integrations does not have 7"),
    ("deskie", "groups = [", "it is not TOML"),
]


@pytest.mark.parametrize(("vendor", "text", "said"), WRONG)
def test_a_wrong_file_is_one_line_that_says_where(tmp_path, vendor, text, said):
    with pytest.raises(AccountError) as caught:
        account(tmp_path, vendor, text)
    message = str(caught.value)
    assert message.startswith("account.toml: ")
    assert said in message
    assert "\n" not in message


NAMED = [
    ({"group": "Nowhere"}, "ticket R-1: the account has no group 'Nowhere'; it has 'Zentrale', 'Werkstatt'"),
    ({"type": "Kauf"}, "ticket R-1: the account has no type 'Kauf'"),
    ({"category": "Auto"}, "ticket R-1: the account has no category 'Auto'"),
    ({"category": "Laden", "subcategory": "Kasse"}, "the account has no subcategory 'Kasse'; it has none"),
    ({"custom_fields": {"Farbe": "rot"}}, "ticket R-1: the account has no custom field 'Farbe'"),
    ({"custom_fields": {"Größe": "XL"}}, "the value of 'Größe' is none of a select field"),
    ({"assignee": "who@raeder.example"}, "ticket R-1: an agent whom the account does not have"),
    ({"watchers": ["who@raeder.example"]}, "ticket R-1: an agent whom the account does not have"),
]


@pytest.mark.parametrize(("change", "said"), NAMED)
def test_what_a_ticket_names_and_nobody_has_is_one_line(tmp_path, change, said):
    own = account(tmp_path, "desk365")
    with pytest.raises(AccountError) as caught:
        own.with_tickets(corpus(tmp_path, {**TICKET, **change}))
    assert said in str(caught.value)
    assert "who@" not in str(caught.value)


# ---- the corpus


def test_a_corpus_alone_is_the_account_that_its_tickets_name(tmp_path):
    other = {**TICKET, "id": 2, "group": "Zentrale", "tags": ["a", "b"], "type": "T", "category": "C",
             "custom_fields": {"Menge": 3, "Preis": 2.5, "Eilig": True, "Am": "2026-02-28", "Rahmennummer": 5}}  # fmt: skip
    made = corpus(tmp_path, TICKET, other)
    assert (made.groups, made.tags, made.ticket_types) == (("Werkstatt", "Zentrale"), ("a", "b"), ("T",))
    assert dict(made.categories) == {"C": ()}
    assert {field.name: field.type for field in made.fields} == {
        "Rahmennummer": "text", "Größe": "text", "Menge": "integer", "Preis": "decimal", "Eilig": "checkbox", "Am": "date",
        "Migration marker": "text",
    }  # fmt: skip
    assert made.companies == ("Räder GmbH",)


def test_a_thread_may_begin_with_an_internal_message(tmp_path):
    opening = {**TICKET["messages"][1], "created_at": "2026-01-05T08:00:00Z"}
    made = corpus(tmp_path, {**TICKET, "messages": [opening, *TICKET["messages"]]})
    own = evolve(made, groups=("Werkstatt",))
    app, mocked, table = opened("deskie", own)
    with mocked, open_desk(table) as desk:
        first = next(iter(desk.messages.list(str(next(iter(app.account.cases))))))
        assert (first.opening, first.visibility.value) == (True, "internal")


BAD_LINES = [
    ({"tags": "vip"}, "tags must be a list of texts"),
    ({"cc": ["nobody"]}, "cc must be a list of e-mail addresses"),
    ({"watchers": [5]}, "watchers must be a list of texts"),
    ({"rating": 5}, "rating.score must be -1, 0 or 1"),
    ({"rating": {"score": True}}, "rating.score must be -1, 0 or 1"),
    ({"custom_fields": []}, "custom_fields must be an object"),
    ({"custom_fields": {"A": ["x"]}}, "custom_fields must hold texts"),
    ({"subcategory": "S"}, "subcategory needs a category"),
    ({"group": 5}, "group must be text"),
    ({"status": "Wartet auf Teile"}, "status must be one of new"),
]


@pytest.mark.parametrize(("change", "said"), BAD_LINES)
def test_a_bad_member_of_a_line_is_named(tmp_path, change, said):
    with pytest.raises(CorpusError, match="line 1: ") as caught:
        corpus(tmp_path, {**TICKET, **change})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("gone.pdf", "files[0].path cannot be read: No such file"),
        ("../outside.txt", "must name a file below the folder"),
        ("/etc/hostname", "must name a file below the folder"),
        ("", "must name a file below the folder"),
        ({"name": "x"}, "must name a file below the folder"),
        ({"path": 5}, "files[0].path must be text"),
        (5, "files[0] must be an object"),
        ("link", "must name a file below the folder"),
        ("papers", "cannot be read"),
    ],
)
def test_files_are_those_below_the_corpus(tmp_path, file, said):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (tmp_path / "outside.txt").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "outside.txt")
    message = {**TICKET["messages"][0], "files": [file]}
    with pytest.raises(CorpusError) as caught:
        corpus(folder, {**TICKET, "messages": [message]})
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
