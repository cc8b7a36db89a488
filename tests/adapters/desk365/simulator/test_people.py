from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from attrs import evolve
from desk365_http import ACCOUNT, PEOPLE, START, Desk365Http, message, ticket, with_tickets

from helpdesk_bridge.datasets.dataset import Dataset, SeedMessage, SeedPerson, SeedTicket
from helpdesk_bridge.datasets.generator import generate

NEVER = "1970-01-01 00:00:00"


@pytest.fixture
def desk() -> Desk365Http:
    return Desk365Http()


def person(key: str, email: str | None, **facts) -> SeedPerson:
    return SeedPerson(key, facts.pop("name", key.title()), email, created_at=START, **facts)


def crowd(count: int) -> Dataset:
    people = tuple(person(f"p{number:03}", f"p{number:03}@x.example") for number in range(count))
    return evolve(ACCOUNT, people=(*PEOPLE[:2], *people))


def emails(desk: Desk365Http, **query) -> list[str]:
    return [row["primary_email"] for row in desk.get("/contacts", **query)["content"]]


def test_the_contact_list_has_pages_of_30_and_a_total():
    desk = Desk365Http(crowd(65))
    pages = [emails(desk, offset=offset, ticket_count=100) for offset in (0, 30, 60, 90)]
    assert [len(page) for page in pages] == [30, 30, 5, 0]
    assert len({email for page in pages for email in page}) == 65
    assert desk.get("/contacts")["count"] == 65
    assert set(desk.get("/contacts")) == {"count", "content", "next_page"}


def followed(desk, path, **query):
    """The rows of a list, read by its own next_page alone."""
    page = desk.get(path, **query)
    rows = list(page["content"])
    while page.get("next_page"):
        address = urlsplit(page["next_page"])
        assert address.path == f"/apis/v3{path}"
        page = desk.get(path, **dict(parse_qsl(address.query)))
        rows += page["content"]
    return rows


@pytest.mark.parametrize("last", ["null", "absent"])
def test_whoever_follows_next_page_reads_every_contact_and_company(last):
    desk = Desk365Http(evolve(crowd(65), companies=tuple(f"C & {number}" for number in range(31))), last_next_page=last)
    query = {"order_by": "4", "order_type": "desc"}
    found = [row["primary_email"] for row in followed(desk, "/contacts", **query)]
    assert found == sorted(found, key=str.casefold, reverse=True)
    assert len(set(found)) == len(found) == 65
    assert len({row["name"] for row in followed(desk, "/companies")}) == 31
    for number in range(31):
        desk.put("/contacts/update", {"company_name": "C & 1"}, primary_email=f"p{number:03}@x.example")
    assert len(followed(desk, "/contacts", company="C & 1")) == 31


def test_a_page_before_or_past_the_end_is_answered_too():
    desk = Desk365Http(crowd(31))
    assert len(emails(desk, offset=0, page=0)) == 30
    beyond = desk.get("/contacts", offset=60)
    assert (beyond["content"], beyond["count"], beyond["next_page"]) == ([], 31, None)


def test_contacts_are_ordered_by_four_columns(desk):
    desk.post("/contacts/create", {"primary_email": "a@x.example", "name": "Zoe", "title": "CEO"})
    assert emails(desk) == ["Mira@client.example", "tom@mail.example", "a@x.example"]
    assert emails(desk, order_type="desc") == emails(desk)[::-1]
    assert emails(desk, order_by=4)[0] == "a@x.example"
    assert emails(desk, order_by=2)[-1] == "a@x.example"
    assert emails(desk, order_by=3)[-1] == "Mira@client.example"
    assert emails(desk, company="Client Ltd") == ["Mira@client.example"]


def test_a_contact_row_has_one_of_two_sets_of_keys(desk):
    rest = ["title", "mobile", "phone", "company_name", "created_on", "updated_on"]
    row = desk.get("/contacts")["content"][0]
    assert list(row) == ["name", "primary_email", "secondary_emails", *rest]
    assert row["updated_on"] == NEVER
    other = Desk365Http(contact_list_keys="email").get("/contacts")["content"][0]
    assert list(other) == ["name", "email", "secondary_email", *rest]


def test_contact_details_by_any_case_of_the_email(desk):
    assert desk.get("/contacts/details", primary_email="MIRA@CLIENT.EXAMPLE") == {
        "name": "Mira",
        "primary_email": "Mira@client.example",
        "is_deleted": 0,
        "secondary_emails": None,
        "title": None,
        "mobile": None,
        "phone": "+49 30 1",
        "company_name": "Client Ltd",
        "created_on": "2025-01-01 08:00:00",
        "updated_on": NEVER,
    }
    assert desk.send("GET", "/contacts/details", primary_email="no@x.example").status_code == 404
    assert desk.send("GET", "/contacts/details").status_code == 405


def test_create_and_update_echo_the_request_model(desk):
    made = desk.post(
        "/contacts/create",
        {
            "primary_email": "eve@x.example",
            "secondary_emails": "e1@x.example, e2@x.example",
            "company_name": "Other Ltd",
        },
    )
    assert made == {
        "name": "eve",
        "primary_email": "eve@x.example",
        "secondary_emails": "e1@x.example,e2@x.example",
        "title": None,
        "mobile": None,
        "phone": None,
        "company_name": "Other Ltd",
    }
    changed = desk.put(
        "/contacts/update",
        {"name": "Eve", "title": "", "company_name": None},
        primary_email="Eve@x.example",
    )
    assert (changed["name"], changed["primary_email"], changed["company_name"]) == ("Eve", "eve@x.example", None)
    assert desk.send("PUT", "/contacts/update", {}, primary_email="no@x.example").status_code == 404
    details = desk.get("/contacts/details", primary_email="eve@x.example")
    assert details["updated_on"] == "2026-03-02 09:15:00"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"primary_email": "MIRA@client.example"}, "primary_email"),
        ({"primary_email": "new@x.example", "secondary_emails": "tom@mail.example"}, "secondary_emails"),
        ({"name": "Nobody"}, "primary_email"),
        ({"primary_email": "new@x.example", "secondary_emails": ["a@x.example"]}, "secondary_emails"),
        ({"primary_email": "new@x.example", "company_name": "Nowhere"}, "company_name"),
    ],
)
def test_contacts_that_cannot_be_created(desk, body, field):
    response = desk.send("POST", "/contacts/create", body)
    assert response.status_code == 400
    assert response.json["errors"][0]["field"] == field
    assert "company" in response.text or field != "company_name"
    assert desk.get("/contacts")["count"] == 2


def test_what_is_taken_is_not_unique_in_productions_words(desk):
    for path, body, field, label in (
        ("/companies/create", {"name": "Client Ltd"}, "name", "Company Name"),
        ("/contacts/create", {"primary_email": "tom@mail.example"}, "primary_email", "Primary Email"),
    ):
        response = desk.send("POST", path, body)
        (error,) = response.json["errors"]
        assert (response.status_code, response.json["description"]) == (400, "Validation failed")
        assert (error["code"], error["field"]) == ("invalid_value", field)
        assert error["message"].startswith(f"{label} is not unique. Please choose a different ")
    renamed = desk.send("PUT", "/companies/update", {"name": "Other Ltd"}, company_name="Client Ltd")
    assert "is not unique" in renamed.text


@pytest.mark.parametrize(
    ("method", "path", "body", "query"),
    [
        ("POST", "/contacts/create", {"primary_email": "n@x.example", "email": "n@x.example"}, {}),
        (
            "PUT",
            "/contacts/update",
            {"name": "Tom", "primary_email": "n@x.example"},
            {"primary_email": "tom@mail.example"},
        ),
        ("POST", "/companies/create", {"name": "New", "departments": []}, {}),
        ("PUT", "/companies/update", {"city": "Izmir", "created_on": "x"}, {"company_name": "Client Ltd"}),
    ],
)
def test_a_member_that_is_no_field_is_refused(desk, method, path, body, query):
    assert desk.send(method, path, body, **query).status_code == 400
    lenient = Desk365Http(unknown_keys="ignore")
    assert lenient.send(method, path, body, **query).status_code == 200


def test_the_keys_of_a_company_are_in_the_recorded_order():
    desk = Desk365Http(additions_2026=True)
    facts = ["name", "description", "phone", "address", "city", "state", "country", "zipcode"]
    (row, *_) = desk.get("/companies")["content"]
    assert list(row) == [*facts, "domains", "departments", "created_on", "updated_on", "sla"]
    details = desk.get("/companies/details", name=row["name"])
    assert list(details) == [*facts, "sla", "domains", "created_on", "updated_on"]


def test_a_generated_account_has_titles_departments_and_agents_who_watch():
    desk = Desk365Http(generate(40), additions_2026=True)
    companies = followed(desk, "/companies")
    assert {type(one["departments"]) for one in companies} == {list, type(None)}
    contacts = followed(desk, "/contacts")
    assert len({one["title"] for one in contacts}) > 2
    details = [desk.get("/contacts/details", primary_email=one["primary_email"]) for one in contacts]
    departments = {(one["primary_department"], one["secondary_departments"]) for one in details}
    assert {(None, None), ("Purchasing", "Warehouse"), ("Warehouse", None)} == departments
    tickets = desk.get("/tickets", ticket_count=100)["tickets"]
    assert {len(one["watchers"]) for one in tickets} >= {0, 1, 2}


def test_contacts_have_custom_fields_only_with_the_additions_of_2026(desk):
    body = {
        "primary_email": "eve@x.example",
        "secondary_emails": "e1@x.example",
        "custom_fields": {"cf_Customer No": "7"},
    }
    older = desk.send("POST", "/contacts/create", body)
    assert (older.status_code, older.json["errors"][0]["field"]) == (400, "custom_fields")
    desk.post("/contacts/create", {key: value for key, value in body.items() if key != "custom_fields"})
    assert "custom_fields" not in desk.get("/contacts/details", primary_email="eve@x.example")
    new = Desk365Http(additions_2026=True)
    new.post("/contacts/create", body)
    assert new.get("/contacts/details", secondary_email="E1@x.example")["custom_fields"] == {"cf_Customer No": "7"}
    row = new.get("/contacts", include_custom_fields=1)["content"][0]
    assert row["custom_fields"] == {"cf_Customer No": "7"}
    bad = {"custom_fields": {"Customer No": "8"}}
    assert new.send("PUT", "/contacts/update", bad, primary_email="eve@x.example").status_code == 400


def test_a_secondary_email_belongs_to_its_contact(desk):
    desk.post("/contacts/create", {"primary_email": "eve@x.example", "secondary_emails": "e1@x.example"})
    assert desk.create(email="E1@x.example")["contact_email"] == "eve@x.example"


def test_emails_that_differ_in_case_are_one_contact():
    people = (person("a", "Kim@x.example"), person("b", "kim@X.example", phone="5", name="Other"))
    desk = Desk365Http(Dataset(people=people, tickets=(ticket(1, requester="a"), ticket(2, requester="b"))))
    assert emails(desk) == ["Kim@x.example"]
    assert desk.get("/contacts")["content"][0]["phone"] == "5"
    assert {row["contact_email"] for row in desk.get("/tickets")["tickets"]} == {"Kim@x.example"}


def test_people_without_an_email_exist_only_through_their_tickets():
    people = (person("lost", None), person("phone", None, name="Caller", phone="+1 555"))
    desk = Desk365Http(Dataset(people=people, tickets=(ticket(1, requester="phone"),)))
    assert emails(desk) == ["phone@no-email.invalid"]
    row = desk.get("/tickets")["tickets"][0]
    assert (row["contact_email"], row["contact_name"]) == ("phone@no-email.invalid", "Caller")


def test_an_opening_by_an_agent_is_held_as_the_requesters():
    opening = SeedMessage("ada", START, html="<p>Called us</p>")
    seed = SeedTicket("t", "Call", "mira", created_at=START, updated_at=START, messages=(opening,), channel="phone")
    details = Desk365Http(with_tickets(seed)).get("/tickets/details", ticket_number=1)
    assert (details["description"], details["contact_email"]) == ("<p>Called us</p>", "Mira@client.example")
    assert details["conversation_count"] == 0


def test_deleted_contacts_are_left_out_of_the_list_and_marked_in_details():
    gone = person("gone", "gone@x.example", deleted=True)
    desk = Desk365Http(Dataset(people=(gone,)))
    assert desk.get("/contacts")["count"] == 0
    assert desk.get("/contacts/details", primary_email="gone@x.example")["is_deleted"] == 1
    desk.create(email="gone@x.example")
    assert desk.get("/contacts")["count"] == 1


def test_people_in_copy_are_watchers_or_shares():
    details = Desk365Http(with_tickets(ticket(1, cc=("bob", "tom")))).get("/tickets/details", ticket_number=1)
    assert (details["watchers"], details["share_to"]) == (["Bob@desk.example"], ["tom@mail.example"])


@pytest.mark.parametrize(
    ("seed", "wire"),
    [
        ("new", "Open"),
        ("open", "Open"),
        ("pending", "Pending"),
        ("on_hold", "Pending"),
        ("solved", "Resolved"),
        ("closed", "Closed"),
    ],
)
def test_a_status_becomes_the_nearest(seed, wire):
    updated = START + timedelta(days=1)
    row = Desk365Http(with_tickets(ticket(1, status=seed, updated_at=updated))).get("/tickets")["tickets"][0]
    assert row["status"] == wire
    assert (row["closed_on"] is None) == (wire != "Closed")
    assert (row["resolved_on"] is None) == (wire not in ("Resolved", "Closed"))
    assert row["updated_on"] == "2025-01-02 08:00:00"


@pytest.mark.parametrize(
    ("channel", "source"),
    [("email", 1), ("teams", 5), ("portal", 6), ("phone", 7), ("web_form", 12), ("web_widget", 13), ("pigeon", 7)],
)
def test_channels_become_the_documented_numbers(channel, source):
    assert Desk365Http(with_tickets(ticket(1, channel=channel))).get("/tickets")["tickets"][0]["source"] == source


def test_priorities_become_the_documented_numbers():
    seeds = [ticket(number, priority=name) for number, name in enumerate(("low", "normal", "high", "urgent"), 1)]
    rows = Desk365Http(with_tickets(*seeds)).get("/tickets", order_type="asc")["tickets"]
    assert [row["priority"] for row in rows] == [1, 5, 10, 20]


def test_agents_are_listed_only_behind_their_switch(desk):
    assert desk.send("GET", "/agents").status_code == 404
    agents = Desk365Http(agents_endpoint=True).get("/agents")["content"]
    assert agents[1] == {"email": "Bob@desk.example", "name": "Bob Agent"}


def test_an_account_without_tickets_knows_its_agents_groups_and_fields():
    desk = Desk365Http(generate(tickets=0))
    assert desk.get("/tickets") == {"count": 0, "tickets": [], "next_page": None}
    assert desk.get("/contacts")["count"] == 0
    agent = desk.simulator.dataset.agents[0].email
    made = desk.create(assign_to=agent, group="Billing", custom_fields={"cf_Migration marker": "ab"})
    assert set(made["custom_fields"]) >= {"cf_Order No", "cf_Migration marker", "cf_Refund wanted"}
    assert desk.send("PUT", "/tickets/update", {"group": "Nowhere"}, ticket_number=1).status_code == 400


def test_a_generated_account_loads_and_every_ticket_can_be_read():
    data = generate(tickets=120)
    desk = Desk365Http(data)
    visible = [seed for seed in data.tickets if not (seed.spam or seed.deleted)]
    rows = [row for offset in (0, 100) for row in desk.get("/tickets", ticket_count=100, offset=offset)["tickets"]]
    assert len(rows) == len(visible)
    assert sum(row["conversation_count"] for row in rows) == sum(len(seed.messages) - 1 for seed in visible)
    for row in rows:
        details = desk.get("/tickets/details", ticket_number=row["ticket_number"])
        answer = desk.get("/tickets/conversations", ticket_number=row["ticket_number"])
        assert answer["count"] == len(answer["conversations"]) == details["conversation_count"]
        assert "cid:" not in (details["description"] or "")
        assert [one["created_on"] for one in answer["conversations"]] == sorted(
            one["created_on"] for one in answer["conversations"]
        )


def test_reset_starts_over(desk):
    desk.create()
    desk.client.post("/_sim/reset")
    assert desk.get("/tickets")["count"] == 0
    assert desk.client.get("/_sim/state").json["records"]["contacts"] == 2


def test_companies_write_their_domains_in_two_ways(desk):
    (row,) = [row for row in desk.get("/companies")["content"] if row["name"] == "Client Ltd"]
    assert row["domains"] == ["client.example"]
    assert row["updated_on"] == NEVER
    details = desk.get("/companies/details", name="Client Ltd")
    assert details["domains"] == "client.example"
    assert set(details) == set(row)
    assert list(details) != list(row)
    assert desk.send("GET", "/companies/details", name="Nowhere").status_code == 404


def test_a_contact_gets_the_company_of_its_domain(desk):
    made = desk.post("/companies/create", {"name": "New Ltd", "domains": "New.example, alt.example", "city": "Bonn"})
    assert (made["domains"], made["city"], made["zipcode"]) == ("new.example,alt.example", "Bonn", None)
    assert desk.create(email="x@NEW.example")["company_name"] == "New Ltd"
    assert desk.send("POST", "/companies/create", {"name": "New Ltd"}).status_code == 400
    assert desk.send("POST", "/companies/create", {"city": "Bonn"}).status_code == 400
    changed = desk.put("/companies/update", {"city": "", "domains": ""}, company_name="New Ltd")
    assert (changed["city"], changed["domains"], changed["updated_on"]) == (None, None, "2026-03-02 09:15:00")
    assert desk.send("PUT", "/companies/update", {"sla": "Gold"}, company_name="New Ltd").status_code == 400
    assert desk.put("/companies/update", {"sla": "helpdesk default"}, company_name="New Ltd")["sla"] == "Standard sla"


def test_companies_have_pages_of_30():
    desk = Desk365Http(evolve(ACCOUNT, companies=tuple(f"C{number:02}" for number in range(40))))
    assert len(desk.get("/companies")["content"]) == 30
    assert desk.get("/companies")["count"] == 41
    assert desk.send("PUT", "/companies/update", {}, company_name="Nowhere").status_code == 404
    assert len(desk.get("/companies", offset=30)["content"]) == 11


def test_messages_of_people_without_an_email_keep_an_author():
    people = (*PEOPLE, person("anon", None))
    data = evolve(with_tickets(ticket(1, messages=(message("anon", minutes=3),))), people=people)
    (said,) = Desk365Http(data).get("/tickets/conversations", ticket_number=1)["conversations"]
    assert (said["created_by"], said["sender_type"]) == ("anon@no-email.invalid", "contact")
