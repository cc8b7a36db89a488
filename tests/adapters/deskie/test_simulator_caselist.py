"""The list of cases: filters, searches, time bounds, order, pages."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from adapters.deskie.simulated import SEEDED, Desk, dataset, ticket
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_bridge.datasets.dataset import Dataset

ALL = ("main", "sales", "done", "junk", "bin", "call", "chat")


@pytest.fixture
def desk():
    return Desk()


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ({}, ALL),
        ({"status": "waiting"}, ("main", "bin")),
        ({"status[]": ["open", "closed"]}, ("sales", "done", "junk", "call", "chat")),
        ({"status[0]": "open", "status[1]": "closed"}, ("sales", "done", "junk", "call", "chat")),
        ({"status": ""}, ALL),
        ({"priority": "critical"}, ("main",)),
        ({"priority[]": ["low", "critical"]}, ("main", "bin")),
        ({"channel": "call"}, ("call",)),
        ({"channel[]": ["call", "live_chat", "unheard_of"]}, ("call", "chat")),
        ({"subject": "subject s"}, ("sales",)),
        ({"subject": "^subject sales^"}, ("sales",)),
        ({"subject": "^ject sales"}, ()),
        ({"filter": "2"}, ("main", "bin")),
        ({"filter": "3", "status": "open"}, ()),
        ({"show_merged_cases": "true"}, (*ALL, "twin")),
        ({"show_merged_cases": "True"}, (*ALL, "twin")),
        ({"show_merged_cases": "1"}, (*ALL, "twin")),
        ({"show_merged_cases": "0"}, ALL),
        ({"staff_id": "0"}, ("sales", "junk", "bin", "call", "chat")),
        ({"custom_fields[cf_1]": "o-7"}, ("main",)),
        ({"custom_fields[cf_1]": "^PO^"}, ()),
        ({"custom_fields[cf_2]": "1"}, ("main",)),
        ({"custom_fields[cf_2]": "false"}, ("sales", "done", "junk", "bin", "call", "chat")),
        ({"custom_fields[cf_3]": "2"}, ("main",)),
        ({"custom_fields[cf_3]": "Chair"}, ()),
        ({"custom_fields[cf_4]": "2026-03-01"}, ("main",)),
        ({"custom_fields[cf_5]": "old"}, ("main", "bin")),
        ({"custom_fields[cf_99]": "x", "unknown": "y"}, ALL),
        ({"labels": "2"}, ("main", "sales")),
        ({"labels[]": ["1", "2"]}, ("main", "sales")),
        ({"user_custom_id": "nobody"}, ("chat",)),
        ({"user_phone": "+49 170"}, ("call",)),
    ],
)
def test_filters(desk, query, keys):
    assert desk.found(query) == sorted(desk.ids(*keys))


def test_filters_by_ids(desk):
    assert desk.found({"user_id": desk.user("joann")}) == desk.ids("sales", "junk")
    assert desk.found({"user_id[]": [desk.user("ann"), desk.user("turk")]}) == desk.ids("main", "done", "bin")
    assert desk.found({"staff_id": desk.staff("rob"), "status": "closed"}) == desk.ids("done")
    assert desk.found({"group_id": desk.app.seeded.groups["Sales"]}) == desk.ids("sales", "done")


def test_email_search_is_inclusion_unless_marked(desk):
    assert desk.found({"user_email": "ann@x.io"}) == desk.ids("main", "sales", "done", "junk", "bin")
    assert desk.found({"user_email": "^ann@x.io^"}) == desk.ids("main", "bin")
    assert desk.found({"user_email": "^ann@x.io"}) == desk.ids("main", "done", "bin")
    assert desk.found({"user_email": "ann@x.io^"}) == desk.ids("main", "sales", "junk", "bin")


def test_a_short_search_is_refused_ignored_or_searched(desk):
    assert desk.refused("GET", "cases.json", query={"subject": "^sub"}) == (400, "subject_too_short")
    assert Desk(short_search="ignore").found({"subject": "xyz"}) == sorted(desk.ids(*ALL))
    assert Desk(short_search="search").found({"subject": "les"}) == desk.ids("sales")


def test_labels_may_have_to_match_all():
    desk = Desk(labels_match="all")
    assert desk.found({"labels[]": ["1", "2"]}) == desk.ids("main")


def test_trash_and_spam_are_listed_with_their_flags_unless_switched_off(desk):
    flags = {case["case_id"]: (case["deleted"], case["spam"]) for case in desk.list("cases.json", "case")}
    assert (flags[desk.case("bin")], flags[desk.case("junk")]) == ((True, False), (False, True))
    assert Desk(list_removed=False).found() == sorted(desk.ids("main", "sales", "done", "call", "chat"))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"status": "new"}, "wrong_status"),
        ({"priority": "urgent"}, "wrong_priority"),
        ({"staff_id": "meg"}, "wrong_staff_id"),
        ({"from_time": "soon"}, "wrong_from_time"),
        ({"from_time": "9" * 12}, "wrong_from_time"),
        ({"show_merged_cases": "maybe"}, "wrong_show_merged_cases"),
        ({"page": "501"}, "wrong_page"),
        ({"page": "x"}, "wrong_page"),
        ({"custom_fields": "x"}, "wrong_custom_fields"),
    ],
)
def test_bad_values_are_refused(desk, query, code):
    assert desk.refused("GET", "cases.json", query=query) == (400, code)


def test_an_unknown_filter_is_not_found(desk):
    assert desk.refused("GET", "cases.json", query={"filter": "99"}) == (404, "filter_not_found")


@pytest.mark.parametrize(
    "text",
    [
        "1768040400",  # 10:20 UTC, when "done" was created
        "2026-01-10 12:20:00",
        "2026-01-10T12:20:00",
        "2026-01-10T10:20:00Z",
        "10.01.2026 12:20",
        "10.01.2026 12:20:00",
        "Sat, 10 Jan 2026 12:20:00 +0200",
        "Sat, 10 Jan 2026 10:20:00 +0000",
    ],
)
def test_times_come_in_many_forms_and_local_ones_in_the_accounts_zone(desk, text):
    assert desk.found({"from_time": text, "to_time": text}) == desk.ids("done")


def test_days_without_a_time_start_at_local_midnight(desk):
    assert desk.found({"from_time": "2026-01-11"}) == []
    assert len(desk.found({"from_time": "10.01.2026", "to_time": "2026-01-11"})) == len(ALL)


@pytest.mark.parametrize(
    ("bounds", "keys"),
    [
        ("inclusive", ("sales", "done", "junk")),
        ("exclusive_end", ("sales", "done")),
        ("exclusive", ("done",)),
    ],
)
def test_time_bounds_are_switchable(bounds, keys):
    desk = Desk(time_bounds=bounds)
    low, high = (str(int((SEEDED + timedelta(minutes=minutes)).timestamp())) for minutes in (10, 30))
    assert desk.found({"from_time": low, "to_time": high}) == desk.ids(*keys)


def test_the_updated_window_follows_writes(desk):
    now = str(desk.app.now())
    assert desk.found({"from_updated_time": now}) == []
    desk.write("PUT", f"cases/{desk.case('sales')}.json", {"case": {"priority": "high"}})
    assert desk.found({"from_updated_time": now}) == desk.ids("sales")
    assert desk.found({"from_updated_time": now, "from_time": now}) == []
    assert desk.ids("sales")[0] not in desk.found({"to_updated_time": str(desk.app.now() - 1)})


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [
        ("created_at_asc", "main", "chat"),
        ("created_at_desc", "chat", "main"),
        ("updated_at_asc", "main", "chat"),
        ("updated_at_desc", "chat", "main"),
        ("priority_desc", "main", "bin"),
        ("priority_asc", "bin", "main"),
        ("status_asc", "sales", "done"),
        ("status_desc", "done", "sales"),
        ("response_desc", "main", "sales"),
        ("created_at", "chat", "main"),
    ],
)
def test_sort(desk, sort, first, last):
    order = [case["case_id"] for case in desk.list("cases.json", "case", {"sort": sort})]
    assert (order[0], order[-1]) == (desk.case(first), desk.case(last))


def test_pages_of_a_list_and_its_total(desk):
    pages = [desk.get("cases.json", {"sort": "created_at_asc", "limit": 3, "page": page}) for page in (0, 1, 2, 3, 4)]
    assert [page["total_count"] for page in pages] == [7] * 5
    assert [len(page) - 1 for page in pages] == [3, 3, 3, 1, 0]
    assert pages[0] == pages[1]
    assert pages[4] == {"total_count": 7}
    assert Desk(page_over_500="empty").get("cases.json", {"page": 501}) == {"total_count": 7}


def test_limit_is_capped_at_100():
    desk = Desk(dataset(*(ticket(f"t{n}", minutes=100 + n) for n in range(120))))
    for query in ({}, {"limit": 1000}, {"limit": 100, "page": 1}):
        page = desk.get("cases.json", query)
        assert (len(page) - 1, page["total_count"]) == (100, 127)
    assert len(desk.get("cases.json", {"limit": "0"})) == 2
    assert len(desk.get("cases.json", {"page": 2})) == 28


@settings(deadline=None)
@given(
    created=st.lists(st.integers(0, 20), min_size=1, max_size=25),
    window=st.tuples(st.integers(-1, 21), st.integers(-1, 21)),
    sort=st.sampled_from(["created_at_asc", "created_at_desc", "updated_at_asc", "updated_at_desc"]),
    filtered=st.booleans(),
    size=st.integers(1, 7),
)
def test_indexed_lists_equal_a_plain_filter_and_sort(created, window, sort, filtered, size):
    tickets = tuple(
        ticket(f"t{n}", minutes=minute, priority="low" if n % 3 else "high") for n, minute in enumerate(created)
    )
    desk = Desk(Dataset(people=dataset().people, tickets=tickets))
    low, high = (int(SEEDED.timestamp()) + 60 * minute for minute in window)
    query = {"sort": sort, "limit": size, "from_time": low, "to_updated_time": high + 3600}
    if filtered:
        query["priority"] = "low"
    expected = sorted(
        (
            case
            for case in desk.app.account.cases.values()
            if case.created_at >= low and case.updated_at <= high + 3600 and (not filtered or case.priority == "low")
        ),
        key=lambda case: (getattr(case, sort.rpartition("_")[0]), case.case_id),
        reverse=sort.endswith("desc"),
    )
    seen = []
    for page in range(1, len(created) // size + 2):
        document = desk.get("cases.json", {**query, "page": page})
        assert document["total_count"] == len(expected)
        seen += [document[key]["case"]["case_id"] for key in document if key != "total_count"]
    assert seen == [case.case_id for case in expected]


def test_a_scan_by_key_meets_every_case_once_while_cases_change():
    desk = Desk(dataset(*(ticket(f"t{n}", minutes=100 + n // 4) for n in range(60))))
    seen: dict[int, None] = {}
    since = None
    while True:
        query = {"sort": "created_at_asc", "limit": 10, **({} if since is None else {"from_time": since - 1})}
        page = desk.list("cases.json", "case", query)
        fresh = [case for case in page if case["case_id"] not in seen]
        seen.update(dict.fromkeys(case["case_id"] for case in fresh))
        desk.write("PUT", f"cases/{page[0]['case_id']}.json", {"case": {"priority": "high"}})
        if not fresh:
            break
        since = int(parsedate_to_datetime(page[-1]["created_at"]).timestamp())
    assert len(seen) == 67
