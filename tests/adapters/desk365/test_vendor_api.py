"""``desk.vendor_api`` over the simulator: what it asks, what it returns, what it refuses before anything is sent."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from adapters.desk365.opened import opened
from attrs import evolve
from desk365_http import NOW, START, message, ticket, with_tickets
from werkzeug.test import Client

from helpdesk_bridge import Add, Body, Invalid, NotFound, Remove, TicketDraft, Upload
from helpdesk_bridge.adapter import Agent, AuthenticationFailed, Conflict, HelpdeskError, InDoubt
from helpdesk_bridge.datasets.dataset import SeedFile
from helpdesk_bridge_desk365.vendor_api.documents import TicketSurvey
from helpdesk_bridge_desk365.vendor_api.search import Term
from helpdesk_bridge_desk365.vendor_api.vendor_api import (
    AgentVisibility,
    ArticleStatus,
    BillCycle,
    BlockHours,
    BlockTickets,
    ContactOrder,
    ContractType,
    Place,
    RolloverType,
    SupportVisibility,
)

NEWER = {"additions_2026": True, "agents_endpoint": True, "search_endpoint": True, "asset_management": True}


def account_of(*tickets, **switches):
    return opened(with_tickets(*tickets), rate_limit=100_000, **switches)


@pytest.fixture
def account():
    with account_of(*(ticket(number, assignee="ada") for number in range(1, 16)), contracts=True, **NEWER) as found:
        yield found


@pytest.fixture
def api(account):
    return account.desk.vendor_api


def outbox(account):
    return [(one["audience"], tuple(one["to"])) for one in Client(account.simulator).get("/_sim/outbox").json["mails"]]


def contract(api, **more):
    return api.create_contract("Gold", **{"company": "Client Ltd", "block": BlockTickets(50), **more})


def body_of(account):
    return json.loads(account.simulator.requests[-1].body)


# --- time entries, surveys, agents, assets


def test_time_entries_by_every_parameter(account, api):
    everything = api.time_entries(count=100)
    assert everything.total == 2
    first, second = everything.items
    assert (first.ticket_number, first.agent_email, first.billable, first.timer_running) == (
        7,
        "ada@desk.example",
        False,
        False,
    )
    assert (first.time_spent_in_minutes, second.billable) == (15, True)
    assert first.start_time == START.replace(minute=7)
    assert api.time_entry(first.id) == first
    for only in (
        {"ticket": "7"},
        {"ticket": 7},
        {"agent": "ADA@desk.example", "billable": False},
        {"company": "Client Ltd", "ticket": 7},
        {"started_before": START.replace(minute=10)},
    ):
        assert api.time_entries(**only).items == (first,), only
    assert api.time_entries(started_after=START.replace(minute=10), timer_running=False).items == (second,)
    assert api.time_entries(created_after=START.replace(minute=10), updated_after=START).items == (second,)
    assert api.time_entries(offset=1).items == (second,)
    assert account.query()["time_entries_count"] == "30"
    with pytest.raises(NotFound):
        api.time_entry(99)


def test_surveys_ratings_and_the_words_of_a_survey(account, api):
    deleted, satisfaction, stars, recommendation = api.surveys()
    assert (deleted.is_deleted, deleted.is_active, satisfaction.is_deleted) == (True, False, False)
    assert api.survey("Customer satisfaction") == satisfaction
    assert satisfaction.cs_scale_point_map["-3"] == "Extremely dissatisfied"
    assert satisfaction.questions["cs_question_2"] == "How would you rate our expertise?"
    assert satisfaction.include_additional_comments is True
    assert [one.survey_type for one in (satisfaction, stars, recommendation)] == [1, 2, 3]
    client = Client(account.simulator)
    client.post("/_sim/surveys", json={"ticket_number": 1, "rating": 3, "comment": "Fine"})
    (answer,) = api.survey_ratings().items
    assert (answer.ticket_number, answer.contact_email, answer.agent_assigned) == (
        1,
        "Mira@client.example",
        "ada@desk.example",
    )
    assert (answer.ratings["rating"], answer.additional_comments_response) == (3, "Fine")
    assert answer.sent_on == NOW < answer.rated_on
    assert "Fine" not in repr(answer)
    for name in ("First survey", "no such survey"):
        with pytest.raises(NotFound):
            api.survey(name)


def test_agents_of_an_account_that_lists_them(account, api):
    listed = (Agent(id="ada@desk.example", email="ada@desk.example", name="Ada Agent"),)
    assert api.agents()[:1] == listed
    before = len(account.asked("list_tickets"))
    assert [one.name for one in account.desk.agents.list()] == ["Ada Agent", "Bob Agent"]
    assert len(account.asked("list_tickets")) == before


@pytest.mark.parametrize("docs_shape", [False, True])
def test_agents_that_only_tickets_show_stand_beside_the_listed_ones(docs_shape):
    with account_of(ticket(1, assignee="ada"), agents_endpoint=True, docs_shape=docs_shape) as account:
        account.simulator.account.agents.pop("ada@desk.example")
        list(account.desk.tickets.list())
        found = account.desk.agents.list()
        assert [(one.email, one.name) for one in found] == [
            ("ada@desk.example", None),
            ("Bob@desk.example", "Bob Agent"),
        ]
        assert account.desk.capabilities.complete_lists == frozenset()


def test_an_account_without_the_call_is_asked_once():
    with account_of(ticket(1, assignee="ada")) as account:
        with pytest.raises(NotFound):
            account.desk.vendor_api.agents()
        for _ in range(3):
            assert [one.email for one in account.desk.agents.list()] == ["ada@desk.example"]
        assert len(account.asked("list_agents")) == 2


def test_asset_locations(api):
    found = api.asset_locations()
    assert (found.total, [one.location_name for one in found.items]) == (2, ["Client Ltd", "Other Ltd"])
    assert api.asset_location("Other Ltd") == found.items[1]
    with pytest.raises(NotFound):
        api.asset_location("Nowhere")


def test_ping_is_free_and_any_other_document_can_be_read(account, api):
    left = account.desk.budget.remaining
    api.ping()
    assert account.desk.budget.remaining == left
    assert api.get("/time_entries", ticket_number="7")["count"] == 1
    for path in ("time_entries", "/../v2/tickets", "//evil.example/x", "/tickets?x=1", "/a#b", "/{x}", "", "/a b"):
        with pytest.raises(Invalid) as caught:
            api.get(path)
        assert caught.value.field == "path"
    with pytest.raises(Invalid):
        api.get("/tickets", offset=3)
    assert len(account.asked()) == 2


# --- knowledge base


def test_articles_from_creation_to_deletion(api):
    made = api.create_article(
        "VPN", "<p>Restart</p>", category="General", folder="Getting started", status=ArticleStatus.UNPUBLISHED
    )
    assert (made.created_by_email, made.article_content, made.status) == ("ada@desk.example", "<p>Restart</p>", 0)
    assert (made.created_on, made.updated_on, made.has_attachments) == (NOW, None, False)
    assert api.articles() == ("How to reach us",)
    assert api.article("VPN") == made
    changed = api.update_article("VPN", new_title="VPN 2 / “über” 🚚", status=1)
    assert (changed.article_title, changed.article_content) == ("VPN 2 / “über” 🚚", "<p>Restart</p>")
    assert changed.updated_on == NOW
    assert api.articles() == ("How to reach us", "VPN 2 / “über” 🚚")
    with pytest.raises(Conflict):
        api.create_article("How to reach us", "x", category="General", folder="Getting started")
    with pytest.raises(Invalid):
        api.create_article("Lost", "x", category="General", folder="None")
    api.delete_article("VPN 2 / “über” 🚚")
    with pytest.raises(NotFound):
        api.article("VPN 2 / “über” 🚚")


def test_categories_and_folders(account, api):
    made = api.create_category(
        "Net",
        description="All nets",
        created_by="bob@desk.example",
        support_visibility=SupportVisibility.COMPANIES,
        companies=["Client Ltd"],
        agent_visibility=AgentVisibility.GROUPS,
        groups=["Network"],
    )
    assert (made.category_order, made.company_list, made.agent_group_list) == (2, ("Client Ltd",), ("Network",))
    assert body_of(account)["support_portal_visibility"] == 4
    assert api.category("Net") == made
    folder = api.create_folder("Net", "VPN", created_by="bob@desk.example")
    assert (folder.category_name, folder.folder_name, folder.created_by_email) == ("Net", "VPN", "bob@desk.example")
    assert api.folder("Net", "VPN") == folder
    assert api.rename_folder("Net", "VPN", "Tunnels").folder_name == "Tunnels"
    assert api.update_category("Net", description="Other").category_description == "Other"
    assert api.update_category("Net", new_name="Network").category_name == "Network"
    api.delete_folder("Network", "Tunnels")
    with pytest.raises(NotFound):
        api.folder("Network", "Tunnels")
    api.delete_category("Network")
    with pytest.raises(NotFound):
        api.category("Network")


# --- contracts


def test_contracts_of_an_entitled_account(account, api):
    made = api.create_contract(
        "Gold",
        company="Client Ltd",
        block=BlockHours(600, 15, rollover_unused_hours=True, rollover_type=RolloverType.MONTHLY, rollover_value=5),
        reference_number="R-1",
        category="Support",
        setup_fees=500,
        sla="No SLA Policy",
        bill_cycle=BillCycle.MONTHLY,
        start=date(2026, 1, 1),
        end=date(2026, 12, 31),
        active=True,
        after_hours=False,
    )
    assert (made.name, made.company, made.category, made.contract_type) == ("Gold", "Client Ltd", "Support", 2)
    assert (made.contract_hours, made.rollover_unused_hours, made.rollover_value) == (600, True, 5)
    assert (made.start_date, made.end_date) == (date(2026, 1, 1), date(2026, 12, 31))
    assert body_of(account)["start_date"] == "2026-01-01"
    assert body_of(account)["block_hours"]["contract_hours"] == 600
    (listed,) = api.contracts(company="Client Ltd", expired=False).items
    assert listed == api.contract(reference_number="R-1") == api.contract("Gold")
    for name in (
        "name",
        "company",
        "category",
        "sla",
        "setup_fees",
        "contract_hours",
        "rollover_unused_hours",
        "end_date",
    ):
        assert getattr(listed, name) == getattr(made, name), name
    assert api.contracts(category="Other").items == ()
    changed = api.update_contract("Gold", end=date(2027, 1, 1), category=None, rollover_value=7)
    assert (changed.end_date, changed.category, changed.rollover_value) == (date(2027, 1, 1), None, 7)
    assert body_of(account) == {
        "end_date": "2027-01-01", "contract_category": "--", "block_hours": {"rollover_value": 7},
    }  # fmt: skip
    assert api.update_contract("Gold", new_name="Silver", new_reference_number="R-2").name == "Silver"
    tickets = api.create_contract("Tickets", company="Other Ltd", block=BlockTickets(50))
    assert (tickets.contract_type, tickets.contract_tickets) == (ContractType.BLOCK_TICKETS, 50)
    with pytest.raises(Conflict) as taken:
        api.create_contract("Other", company="Other Ltd", block=BlockTickets(50), reference_number="R-2")
    assert taken.value.code == "invalid_value"
    with pytest.raises(NotFound):
        api.contract("Tin")


def test_a_ticket_under_the_vendors_own_names_is_the_same_however_it_is_written(account, api):
    details = api.ticket(1)
    assert (details.ticket_number, details.assigned_to, details.custom_fields["Order No"]) == (
        1,
        "ada@desk.example",
        None,
    )
    assert details.created_on.tzinfo is not None
    nested = api.tickets(custom_fields=True, survey=True, description=True, count=50)
    flat = api.tickets(custom_fields=True, survey=True, description=True, count=50, nested_fields=True)
    assert flat.total == nested.total == 15
    assert [evolve(one, document={}) for one in flat.items] == [evolve(one, document={}) for one in nested.items]
    assert any(key.startswith("cf_") for key in flat.items[0].document)
    rated = [one.survey_rating for one in flat.items if one.survey_rating is not None]
    assert all(isinstance(one, TicketSurvey) for one in rated)
    newest = api.tickets(filters={"assigned_to": ["ada@desk.example"]}, updated_since=NOW, order_by="updated_time")
    assert newest.items == ()
    with pytest.raises(NotFound):
        api.ticket(999)


def test_contracts_without_entitlement():
    with account_of() as account, pytest.raises(AuthenticationFailed):
        account.desk.vendor_api.contracts()


# --- companies and contacts


def test_companies_in_detail(account, api):
    made = api.create_company("Dots & Sons", city="Izmir", domains=["Dots.example", "dots.example.org"])
    assert (made.name, made.city, made.phone) == ("Dots & Sons", "Izmir", None)
    assert made.domains == ("dots.example", "dots.example.org")
    assert made.created_on == NOW
    assert made.updated_on is None
    assert api.company("Dots & Sons") == made
    changed = api.update_company("Dots & Sons", city=None, sla="No SLA Policy", domains=[])
    assert (changed.city, changed.sla, changed.domains) == (None, "No SLA Policy", None)
    assert changed.updated_on == NOW
    assert account.query() == {"company_name": "Dots & Sons"}
    assert body_of(account) == {"name": "Dots & Sons", "city": "", "sla": "No SLA Policy", "domains": ""}
    renamed = api.update_company("Client Ltd", new_name="Client & Co")
    assert renamed.name == "Client & Co"
    assert api.contact("Mira@client.example").company_name == "Client & Co"
    for clash in (
        lambda: api.create_company("Client & Co"),
        lambda: api.update_company("Other Ltd", new_name="Client & Co"),
    ):
        with pytest.raises(Conflict):
            clash()
    with pytest.raises(NotFound):
        api.company("Nobody")


def test_contacts_with_title_and_custom_fields(account, api):
    made = api.create_contact(
        "New@client.example", name="New", secondary_emails=["n@x.example"], title="Boss", company="Client Ltd"
    )
    assert (made.primary_email, made.title, made.secondary_emails) == ("New@client.example", "Boss", ("n@x.example",))
    found = api.contact(secondary_email="n@x.example")
    assert (found.name, found.company_name, found.is_deleted, found.updated_on) == (
        "New",
        "Client Ltd",
        False,
        None,
    )
    assert found.custom_fields == {"Customer No": None}
    assert api.update_contact("New@client.example", title=None, mobile="+49 30 1").mobile == "+49 30 1"
    assert body_of(account) == {"title": "", "mobile": "+49 30 1"}
    assert api.contact("new@client.example").title is None
    listed = api.contacts(company="Client Ltd", order_by=ContactOrder.EMAIL, descending=True, custom_fields=True)
    assert [one.primary_email for one in listed.items] == ["New@client.example", "Mira@client.example"]
    assert listed.total == 2
    assert api.contacts(offset=2).items[0].name == "Tom"
    assert "New" not in repr(found)


@pytest.mark.parametrize("keys", ["primary_email", "email"])
def test_contacts_are_read_in_both_spellings(keys):
    with account_of(contact_list_keys=keys) as account:
        assert [one.primary_email for one in account.desk.vendor_api.contacts().items] == [
            "Mira@client.example",
            "tom@mail.example",
        ]


# --- tickets


@pytest.mark.parametrize("docs_shape", [False, True])
def test_tickets_with_a_form_watchers_and_another_requester(docs_shape):
    with account_of(ticket(1), additions_2026=True, docs_shape=docs_shape) as account:
        api = account.desk.vendor_api
        draft = TicketDraft(subject="S", description="d", requester="tom@mail.example", custom_fields={"Order No": "7"})
        made = api.create_ticket(draft, form="Create Ticket", watchers=["ada@desk.example"])
        sent = body_of(account)
        assert (sent["form_name"], sent["watchers"]) == ("Create Ticket", ["ada@desk.example"])
        assert (made.subject, made.custom_fields["Order No"]) == ("S", "7")
        held = account.simulator.account.tickets[int(made.id)]
        api.update_ticket(made.id, watchers=Add("Bob@desk.example"))
        assert held.watchers == ["ada@desk.example", "Bob@desk.example"]
        api.update_ticket(made.id, watchers=Remove("ADA@desk.example"), sla="No SLA Policy", description="new\nlines")
        assert (held.watchers, held.sla, held.due_date) == (["Bob@desk.example"], "No SLA Policy", None)
        assert account.desk.tickets.get(made.id).description.text == "new\nlines"
        assert api.update_ticket(made.id, requester="mira@client.example").requester.email == "Mira@client.example"


def test_a_reply_with_everything_that_it_can_carry(account, api):
    sent = api.reply(
        "1",
        Body(html="<p>Done</p>"),
        cc=["c@x.example"],
        bcc=["b@x.example", "d@x.example"],
        agent="bob@desk.example",
        sender="support@acme.desk365.example",
        include_previous_cc=True,
        attachments=[Upload.from_bytes("ü.txt", b"hi", "text/plain")],
    )
    (held,) = account.simulator.account.tickets[1].messages
    assert sent.ids == (str(held.id),)
    assert (held.cc, held.bcc, held.email) == ("c@x.example", "b@x.example,d@x.example", "Bob@desk.example")
    assert held.files[0].filename == "ü.txt"
    assert len(outbox(account)) == 1
    found = api.conversation("1")
    assert (found.count, found.agent_reply_count, found.private_note_count) == (1, 1, 0)
    (message_,) = found.messages
    assert (message_.bcc_address, message_.delivery_failed) == (("b@x.example", "d@x.example"), False)


def test_notes_by_other_agents_private_and_public(account, api):
    api.note("1", "quiet", agent="bob@desk.example", notify=["ada@desk.example"])
    assert outbox(account) == [("agent", ("ada@desk.example",))]
    assert body_of(account) == {
        "body": "quiet",
        "private_note": 1,
        "agent_email": "bob@desk.example",
        "notify_emails": "ada@desk.example",
    }
    api.public_note("1", "loud")
    assert outbox(account)[1:] == [("contact", ("Mira@client.example",))]
    newest, oldest = api.conversation("1", newest_first=True).messages
    assert (newest.public_note, oldest.public_note, oldest.notified_agents) == (True, False, ("ada@desk.example",))
    assert [one.body for one in api.conversation("1", private_notes=False).messages] == ["loud"]


def test_search_in_places_and_by_terms():
    said = message("ada", "Restart the <b>tunnel</b>", 9, files=(SeedFile("trace log.txt", "text/plain", b"x"),))
    tickets = (
        ticket(1, messages=(said,), custom_fields={"Order No": "A-77"}),
        ticket(2, requester="tom"),
        ticket(12, merged_into="t1"),
    )
    with account_of(*tickets, search_endpoint=True) as account:
        api, left = account.desk.vendor_api, account.desk.budget.remaining
        assert [one.id for one in api.search_tickets("tunnel", places=[Place.CONVERSATIONS]).items] == ["1"]
        # Observed: one search costs five calls.
        assert left is None or left - account.desk.budget.remaining == 5
        found = api.search_tickets("subject", description=True, custom_fields=True, merged=False, count=50)
        assert (found.total, [one.id for one in found.items]) == (2, ["2", "1"])
        assert found.items[1].description.text == "Opening 1"
        terms = (Term("subject"), Term("A-77", ("Order No",)))
        assert [one.id for one in api.search_terms(*terms, order_by="updated_time").items] == ["1"]
        assert json.loads(account.query()["search_query"])["search_term"][1]["search_in"] == ["cf_Order No"]
        assert [one.id for one in api.search_terms(Term("1,3", ("ticket_number",))).items] == ["3", "1"]


# --- what is refused before anything is sent

FILES = [Upload.from_bytes(f"{number}.txt", b"x") for number in range(11)]
REFUSED = {
    "a blank name": (lambda api: api.survey(" "), "name", None),
    "a name that is none": (lambda api: api.survey(7), "name", None),
    "an offset below": (lambda api: api.survey_ratings(-1), "offset", 0),
    "an offset as text": (lambda api: api.survey_ratings("0"), "offset", None),
    "an offset that is a flag": (lambda api: api.survey_ratings(True), "offset", None),
    "a page of 10": (lambda api: api.time_entries(count=10), "count", "30, 50, 100"),
    "a time without a zone": (
        lambda api: api.time_entries(started_after=datetime(2026, 1, 1)),  # noqa: DTZ001 - that is the point
        "started_after",
        None,
    ),
    "a flag as number": (lambda api: api.time_entries(billable=1), "billable", None),
    "an agent without an e-mail": (lambda api: api.time_entries(agent="ada"), "agent", None),
    "an id below": (lambda api: api.time_entry(-1), "entry_id", 0),
    "an unknown status": (
        lambda api: api.create_article("a", "b", category="c", folder="d", status=3),
        "status",
        "0, 1, 2",
    ),
    "an empty article": (lambda api: api.create_article("a", "", category="c", folder="d"), "content", None),
    "nothing to change in an article": (lambda api: api.update_article("a"), "article", None),
    "companies that nobody asked for": (
        lambda api: api.create_category("a", companies=["Client Ltd"], support_visibility=2),
        "companies",
        None,
    ),
    "one text for several": (
        lambda api: api.create_category("a", groups="Network", agent_visibility=2),
        "groups",
        None,
    ),
    "an unknown visibility": (
        lambda api: api.create_category("a", support_visibility=5),
        "support_visibility",
        "1, 2, 3, 4",
    ),
    "a category left alone": (lambda api: api.update_category("a"), "category", None),
    "a contract without a name": (lambda api: api.contract(), "name", None),
    "an unknown bill cycle": (lambda api: contract(api, bill_cycle=3), "bill_cycle", "1, 2"),
    "a contract's time": (lambda api: contract(api, start=datetime.now(UTC)), "start", None),
    "a contract of nothing": (lambda api: contract(api, block=50), "block", None),
    "hours that are no number": (lambda api: contract(api, block=BlockHours("600")), "contract_hours", None),
    "a flag that is a number": (lambda api: contract(api, active=1), "active", None),
    "an unknown rollover": (lambda api: contract(api, block=BlockHours(1, rollover_type=2)), "rollover_type", "1"),
    "a filter that is one text": (lambda api: api.tickets(filters={"status": "Open"}), "filters.status", None),
    "an order of no list": (lambda api: api.tickets(order_by="due"), "order_by", "created_time, updated_time"),
    "a page of no size": (lambda api: api.tickets(count=20), "count", "30, 50, 100"),
    "a folder left alone": (lambda api: api.rename_folder("a", "b"), "folder", None),
    "a contract left alone": (lambda api: api.update_contract("a"), "contract", None),
    "a company without a name": (lambda api: api.create_company(""), "name", None),
    "a company left alone": (lambda api: api.update_company("a"), "company", None),
    "no SLA at all": (lambda api: api.update_company("a", sla=None), "sla", None),
    "domains in one text": (lambda api: api.create_company("a", domains="a.example,b.example"), "domains", None),
    "an unknown order": (lambda api: api.contacts(order_by=5), "order_by", "1, 2, 3, 4"),
    "two e-mails at once": (lambda api: api.contact("a@x.example", secondary_email="b@x.example"), "email", None),
    "an e-mail with a comma": (lambda api: api.create_contact("a@x.example,b@x.example"), "email", None),
    "secondary e-mails in one text": (
        lambda api: api.create_contact("a@x.example", secondary_emails="b@x.example"),
        "secondary_emails",
        None,
    ),
    "a contact left alone": (lambda api: api.update_contact("a@x.example"), "contact", None),
    "a subject too long": (
        lambda api: api.create_ticket(TicketDraft(subject="x" * 121, description="d", requester="a@x.example")),
        "subject",
        120,
    ),
    "a watcher without an e-mail": (
        lambda api: api.create_ticket(
            TicketDraft(subject="x", description="d", requester="a@x.example"), watchers=["ada"]
        ),
        "watchers",
        None,
    ),
    "watchers as a whole": (lambda api: api.update_ticket("1", watchers=("ada@desk.example",)), "watchers", None),
    "nobody to add": (lambda api: api.update_ticket("1", watchers=Add()), "watchers", None),
    "a ticket left alone": (lambda api: api.update_ticket("1"), "ticket", None),
    "an empty reply": (lambda api: api.reply("1", "  "), "body", None),
    "a reply that is bytes": (lambda api: api.reply("1", b"x"), "body", None),
    "copies in one text": (lambda api: api.reply("1", "x", cc="a@x.example"), "cc", None),
    "too many files": (lambda api: api.note("1", "x", attachments=FILES), "attachments", 10),
    "files too large": (
        lambda api: api.note("1", "x", attachments=[Upload("a", "b/c", lambda: None, size=20 * 1024 * 1024 + 1)]),
        "attachments",
        20 * 1024 * 1024,
    ),
    "half a character": (lambda api: api.survey("half \ud83d"), "query", None),
    "nothing to search": (lambda api: api.search_tickets(""), "query", None),
    "an unknown place": (lambda api: api.search_tickets("x", places=[8]), "places", "1, 2, 3, 4, 5, 6, 7"),
    "nowhere": (lambda api: api.search_tickets("x", places=[]), "places", None),
    "further than search reaches": (lambda api: api.search_tickets("x", offset=1001), "offset", 1000),
    "no terms": (lambda api: api.search_terms(), "terms", None),
    "a term that is none": (lambda api: api.search_terms("x"), "terms", None),
    "an unknown order of search": (lambda api: api.search_tickets("x", order_by="name"), "order_by", None),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_sent_is_refused_and_names_its_field(account, api, what):
    call, field, limit = REFUSED[what]
    with pytest.raises(Invalid) as caught:
        call(api)
    assert caught.value.field == field
    assert limit is None or caught.value.limit == limit
    assert account.asked() == []


@pytest.mark.parametrize("number", ["", "x", "1/2", "../1", "-1", "٣", True, None, 1.5])
def test_a_ticket_that_can_be_none_is_not_found_without_a_call(account, api, number):
    for call in (api.conversation, lambda one: api.note(one, "x"), lambda one: api.update_ticket(one, sla="a")):
        with pytest.raises(NotFound):
            call(number)
    assert account.asked() == []


def test_limits_are_taken_up_to_the_last_one(account, api):
    draft = TicketDraft(subject="x" * 120, description="d", requester="a@x.example", attachments=FILES[:10])
    assert len(api.create_ticket(draft).subject) == 120
    assert len(account.simulator.account.tickets[account.simulator.account.last_number].files) == 10


# --- what a fault does to them

ADDING = {
    "create_article": lambda api: api.create_article("a", "b", category="General", folder="Getting started"),
    "delete_article": lambda api: api.delete_article("How to reach us"),
    "update_folder": lambda api: api.rename_folder("General", "Getting started", "Other"),
    "update_company": lambda api: api.update_company("Client Ltd", new_name="Client & Co"),
    "create_contract": lambda api: contract(api),
    "update_contract": lambda api: api.update_contract("Gold", new_name="Silver"),
    "create_contact": lambda api: api.create_contact("n@x.example"),
    "add_reply": lambda api: api.reply("1", "x"),
    "add_note": lambda api: api.public_note("1", "x"),
    "create_ticket": lambda api: api.create_ticket(TicketDraft(subject="s", description="d", requester="a@x.example")),
}
REPEATED = {
    "update_article": lambda api: api.update_article("How to reach us", content="new"),
    "update_category": lambda api: api.update_category("General", description="new"),
    "update_contact": lambda api: api.update_contact("tom@mail.example", title="Boss"),
    "update_company": lambda api: api.update_company("Client Ltd", city="Izmir"),
    "update_ticket": lambda api: api.update_ticket("1", sla="No SLA Policy"),
    "list_time_entries": lambda api: api.time_entries(),
    "article_details": lambda api: api.article("How to reach us"),
}


def lose(account, operation, **facts):
    fault = {"kind": "response_lost", "on": operation, **facts}
    assert Client(account.simulator).post("/_sim/faults", json=fault).status_code < 300


@pytest.mark.parametrize("operation", ADDING)
def test_what_adds_or_renames_is_in_doubt_and_never_sent_twice(account, api, operation):
    lose(account, operation)
    with pytest.raises(InDoubt):
        ADDING[operation](api)
    assert len(account.asked(operation)) == 1


@pytest.mark.parametrize("operation", REPEATED)
def test_what_reads_or_sets_is_repeated(account, api, operation):
    lose(account, operation)
    REPEATED[operation](api)
    assert len(account.asked(operation)) == 2


def test_a_value_that_cannot_be_read_is_left_out_and_announced_by_its_place(account, api, caplog):
    account.simulator.account.time_entries[0]["start_time"] = "yesterday"
    entries = api.time_entries().items
    assert entries[0].start_time is None
    assert account.desk.unread == {"content.start_time": 1}
    assert "yesterday" not in caplog.text


def test_errors_name_the_desk_and_the_operation(api):
    with pytest.raises(HelpdeskError) as caught:
        api.article("no such article")
    assert (caught.value.vendor or caught.value.desk, caught.value.operation) == ("desk365", "kb.article")
