from __future__ import annotations

import json

import pytest
from desk365_http import Desk365Http, message, ticket, with_tickets

from helpdesk_bridge.datasets.dataset import SeedFile


@pytest.fixture
def desk() -> Desk365Http:
    return Desk365Http(with_tickets(*(ticket(number, assignee="ada") for number in range(1, 16))))


def test_time_entries_are_filtered_and_read_one_by_one(desk):
    entries = desk.get("/time_entries", time_entries_count=100)
    assert [entry["ticket_number"] for entry in entries["content"]] == [7, 14]
    assert entries["count"] == 2
    entry = entries["content"][0]
    assert set(entry) == {
        *("id", "ticket_number", "agent_email", "note", "billable", "created_time", "updated_time", "start_time"),
        *("time_spent_in_minutes", "timer_running", "additional_info"),
    }
    for query in (
        {"ticket_number": 7},
        {"billable": 0},
        {"started_before": "2025-01-01 08:10:00"},
        {"company_name": "Client Ltd", "ticket_number": 7},
    ):
        assert [one["id"] for one in desk.get("/time_entries", **query)["content"]] == [entry["id"]]
    assert desk.get("/time_entries", agent_email="bob@desk.example", offset=0)["count"] == 0
    assert desk.get("/time_entries", created_after="2025-01-01 08:10:00")["count"] == 1
    assert desk.get("/time_entries/details", id=entry["id"]) == entry
    assert desk.send("GET", "/time_entries/details", id=99).status_code == 404


def test_contracts_are_forbidden_without_entitlement(desk):
    for method, path in (("GET", ""), ("GET", "/details"), ("POST", "/create"), ("PUT", "/update")):
        assert desk.send(method, f"/contracts{path}", {} if method != "GET" else None).status_code == 403


HOURS = {
    "name": "Gold",
    "company": "Client Ltd",
    "start_date": "2026-01-01",
    "end_date": "2026-12-31",
    "reference_number": "R-1",
    "setup_fees": 500,
    "sla": "Standard sla",
    "contract_category": "Level 1",
    "is_active": True,
    "bill_cycle": 1,
    "after_hours_included": False,
    "contract_type": 2,
    "block_hours": {
        "contract_hours": 600,
        "min_increment": 15,
        "rollover_unused_hours": False,
        "rollover_type": 1,
        "rollover_value": 5,
    },
}
TICKETS = {"name": "Gold", "company": "Other Ltd", "contract_type": 3, "block_tickets": {"contract_tickets": 50}}


def test_contracts_of_an_entitled_account():
    desk = Desk365Http(contracts=True)
    assert desk.post("/contracts/create", HOURS) == HOURS
    assert desk.post("/contracts/create", TICKETS)["block_tickets"] == {"contract_tickets": 50}
    assert desk.send("POST", "/contracts/create", HOURS).status_code == 400  # the reference number is taken
    assert desk.get("/contracts", company="Client Ltd")["count"] == 1
    assert desk.get("/contracts", company="No Ltd") == {"count": 0, "contracts": []}
    found = desk.get("/contracts/details", reference_number="R-1")
    assert (found["category"], found["contract_hours"], found["rollover_unused_hours"]) == ("Level 1", 600, 0)
    assert {"contract_category", "block_hours"}.isdisjoint(found)
    several = desk.send("GET", "/contracts/details", contract_name="Gold")
    assert (several.status_code, several.json["errors"][0]["field"]) == (400, "reference_number")
    changed = desk.put(
        "/contracts/update",
        {"name": "Silver", "setup_fees": 1, "contract_category": "--", "block_hours": {"rollover_value": 7}},
        reference_number="R-1",
    )
    assert (changed["name"], changed["contract_category"], changed["block_hours"]["rollover_value"]) == (
        "Silver",
        None,
        7,
    )
    assert desk.get("/contracts/details", contract_name="Silver")["contract_hours"] == 600
    assert [one["name"] for one in desk.get("/contracts")["contracts"]] == ["Gold", "Silver"]
    assert desk.send("GET", "/contracts/details", contract_name="Tin").status_code == 404
    assert desk.send("GET", "/contracts/details").status_code == 405


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"contract_name": "x"}, "contract_name"),
        ({"company_name": "x"}, "company_name"),
        ({"company": "Nowhere"}, "company"),
        ({"name": ""}, "name"),
        ({"contract_type": 1}, "contract_type"),
        ({"contract_type": True}, "contract_type"),
        ({"contract_type": 3}, "block_hours"),
        ({"block_tickets": {"contract_tickets": 1}}, "block_tickets"),
        ({"block_hours": {"hours": 1}}, "hours"),
        ({"block_hours": [1]}, "block_hours"),
        ({"block_hours": {"contract_hours": "600"}}, "contract_hours"),
        ({"end_date": "31.12.2026"}, "end_date"),
        ({"is_active": 1}, "is_active"),
        ({"setup_fees": "500"}, "setup_fees"),
        ({"sla": "Gold"}, "sla"),
        ({"bill_cycle": 3}, "bill_cycle"),
    ],
)
def test_contracts_that_cannot_be_created(change, field):
    response = Desk365Http(contracts=True).send("POST", "/contracts/create", {**HOURS, **change})
    assert (response.status_code, response.json["errors"][0]["field"]) == (400, field)


def test_contracts_that_are_over_not_yet_begun_or_switched_off_can_be_left_out():
    desk = Desk365Http(contracts=True)  # it is March 2026
    for name, change in (
        ("now", {}),
        ("over", {"end_date": "2026-03-01"}),
        ("last day", {"end_date": "2026-03-02"}),
        ("soon", {"start_date": "2026-03-03"}),
        ("off", {"is_active": False}),
    ):
        desk.post("/contracts/create", {**HOURS, **change, "name": name, "reference_number": name})
    for parameter, left in (("inactive", "off"), ("expired", "over"), ("upcoming", "soon")):
        shown = desk.get("/contracts", **{f"include_{parameter}_contracts": 0})["contracts"]
        assert {"now", "over", "last day", "soon", "off"} - {one["name"] for one in shown} == {left}
    assert desk.get("/contracts")["count"] == 5


def test_a_folder_tells_its_own_name_as_the_categorys(desk):
    found = desk.get("/kb/folder/details", category_name="General", folder_name="Getting started")
    assert list(found) == ["category_name", "parent_category_name", "created_by_email", "created_on"]
    assert (found["category_name"], found["parent_category_name"]) == ("Getting started", "General")


def test_a_folder_moves_into_another_category_with_its_articles(desk):
    desk.post("/kb/category/create", {"category_name": "Net"})
    place = {"category_name": "General", "folder_name": "Getting started"}
    moved = desk.put("/kb/folder/update", {"category_name": "Net"}, **place)
    assert (moved["category_name"], moved["parent_category_name"]) == ("Getting started", "Net")
    assert desk.get("/kb/article/details", article_name="How to reach us")["category_name"] == "Net"
    assert desk.send("GET", "/kb/folder/details", **place).status_code == 404


def test_articles_with_and_without_the_trailing_slash(desk):
    assert desk.get("/kb/article/") == desk.get("/kb/article")
    body = {
        "article_title": "VPN",
        "article_content": "<p>Restart</p>",
        "category_name": "General",
        "folder_name": "Getting started",
        "status": 0,
    }
    made = desk.post("/kb/article/create", body)
    assert (made["created_by_email"], made["article_content_text"]) == ("ada@desk.example", "Restart")
    assert desk.get("/kb/article")["article_titles"] == ["How to reach us"]
    changed = desk.put("/kb/article/update", {"article_title": "VPN 2", "status": 1}, article_name="VPN")
    assert (changed["article_title"], changed["article_content"]) == ("VPN 2", "<p>Restart</p>")
    assert desk.get("/kb/article")["count"] == 2
    for wrong in (body | {"article_title": "VPN 2"}, body | {"folder_name": "None"}, body | {"status": 3}):
        assert desk.send("POST", "/kb/article/create", wrong).status_code == 400
    clash = {"article_title": "How to reach us"}
    assert desk.send("PUT", "/kb/article/update", clash, article_name="VPN 2").status_code == 400
    assert desk.send("DELETE", "/kb/article/delete", article_name="VPN 2").status_code == 200
    assert desk.send("GET", "/kb/article/details", article_name="VPN 2").status_code == 404


def test_categories_and_folders_by_name(desk):
    made = desk.post("/kb/category/create", {"category_name": "Net", "support_portal_visibility": 3})
    assert (made["category_order"], made["support_portal_visibility"]) == (2, 3)
    assert desk.send("POST", "/kb/category/create", {"category_name": "Net"}).status_code == 400
    desk.post("/kb/folder/create", {"category_name": "Net", "folder_name": "VPN"})
    assert desk.send("POST", "/kb/folder/create", {"category_name": "Net", "folder_name": "VPN"}).status_code == 400
    assert desk.send("POST", "/kb/folder/create", {"category_name": "No", "folder_name": "V"}).status_code == 400
    article = {"article_title": "A", "article_content": "x", "category_name": "Net", "folder_name": "VPN"}
    desk.post("/kb/article/create", article)
    desk.put("/kb/folder/update", {"folder_name": "Tunnels"}, category_name="Net", folder_name="VPN")
    desk.put("/kb/category/update", {"category_name": "Network"}, category_name="Net")
    moved = desk.get("/kb/article/details", article_name="A")
    assert (moved["category_name"], moved["folder_name"]) == ("Network", "Tunnels")
    assert desk.get("/kb/folder/details", category_name="Network", folder_name="Tunnels")["created_by_email"]
    clash = {"category_name": "General"}
    assert desk.send("PUT", "/kb/category/update", clash, category_name="Network").status_code == 400
    place = {"category_name": "Network", "folder_name": "Tunnels"}
    assert desk.send("DELETE", "/kb/folder/delete", **place).status_code == 200
    assert desk.send("GET", "/kb/article/details", article_name="A").status_code == 404
    assert desk.send("GET", "/kb/folder/details", **place).status_code == 404
    assert desk.send("DELETE", "/kb/category/delete", category_name="Network").status_code == 200
    assert desk.send("GET", "/kb/category/details", category_name="Network").status_code == 404
    assert desk.get("/kb/category/details", category_name="General")["category_name"] == "General"


@pytest.fixture(scope="module")
def searchable() -> Desk365Http:
    said = message("ada", "Restart the <b>tunnel</b>", 9, files=(SeedFile("trace log.txt", "text/plain", b"x"),))
    return Desk365Http(
        with_tickets(
            ticket(1, messages=(said,), custom_fields={"Order No": "A-77"}),
            ticket(2, requester="tom"),
            ticket(12, merged_into="t1"),
        ),
        search_endpoint=True,
    )


def search(desk: Desk365Http, kind: int, query: dict, **more) -> list[int]:
    answer = desk.get("/tickets/search", search_type=kind, search_query=json.dumps(query), **more)
    assert answer["count"] == len(answer["tickets"])
    return [row["ticket_number"] for row in answer["tickets"]]


@pytest.mark.parametrize(
    ("query", "places", "numbers"),
    [
        ("subject 12", [1], [3]),
        ("2 subject", [1], [2]),
        ("ubject", [1], []),
        ("*ject", [1], [3, 2, 1]),
        ("subj*", [1], [3, 2, 1]),
        ("*bjec*", [1], [3, 2, 1]),
        ('"opening 2"', [2], [2]),
        ("tunnel", [3], [1]),
        ("trace", [4], [1]),
        ("A-77", [5], [1]),
        ("tom@mail.example", [6], [2]),
        ("tunnel", [1, 2, 7], []),
    ],
)
def test_search_anywhere(searchable, query, places, numbers):
    assert search(searchable, 1, {"query": query, "search_in": places}) == numbers


def test_search_by_terms_and_without_merged_tickets(searchable):
    terms = [{"query": "subject", "search_in": ["subject"]}, {"query": "1,3", "search_in": ["ticket_number"]}]
    assert search(searchable, 2, {"search_term": terms}) == [3, 1]
    assert search(searchable, 2, {"search_term": terms}, include_merged=0, order_by="updated_time") == [1]
    order = [{"query": "A-77", "search_in": ["cf_Order No"]}]
    assert search(searchable, 2, {"search_term": order}) == [1]


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        (3, {"query": "x"}),
        (1, {"query": ""}),
        (1, {"query": "x", "search_in": [9]}),
        (1, {"query": "x", "search_in": [[1]]}),
        (2, {}),
        (1, []),
    ],
)
def test_a_search_that_cannot_be_read_is_refused(searchable, kind, query):
    response = searchable.send("GET", "/tickets/search", search_type=kind, search_query=json.dumps(query))
    assert response.status_code == 400
    unknown = {"search_term": [{"query": "x", "search_in": ["cf_No"]}]}
    response = searchable.send("GET", "/tickets/search", search_type=2, search_query=json.dumps(unknown))
    assert response.status_code == 400


def test_a_search_costs_five_calls():
    desk = Desk365Http(with_tickets(ticket(1)), rate_limit=11, search_endpoint=True)
    query = {"search_type": 1, "search_query": '{"query": "subject"}'}
    left = [desk.send("GET", "/tickets/search", **query).headers["X-Rate-Limit-Remaining"] for _ in range(2)]
    assert left == ["6", "1"]
    assert desk.send("GET", "/tickets/search", **query).status_code == 429
    assert desk.send("GET", "/tickets").status_code == 200
