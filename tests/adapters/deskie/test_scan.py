"""Scans against a list in memory that changes between the calls, with every reading of the time bounds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_bridge.adapter import HelpdeskError, Order
from helpdesk_bridge_deskie.client.client import DocumentPage
from helpdesk_bridge_deskie.client.contact_scan import UserScan
from helpdesk_bridge_deskie.client.ticket_scan import Bounds, CaseScan
from helpdesk_bridge_deskie.wire.documents import CaseDocument, UserDocument

START = 1_700_000_000


def at(second):
    return datetime.fromtimestamp(START + second, UTC)


class Account:
    """Rows in memory behind Deskie's list parameters; ``between`` runs before every call but the first."""

    def __init__(self, rows, *, bounds="inclusive", totals=True, sort=True, between=lambda _account: None):
        self.rows = {self.id(row): row for row in rows}
        self.bounds, self.totals, self.sort, self.between = bounds, totals, sort, between
        self.calls = []

    @staticmethod
    def id(row):
        return row.case_id if isinstance(row, CaseDocument) else row.user_id

    def fetch(self, params):
        if self.calls:
            self.between(self)
        given_ = dict(params)
        self.calls.append(given_)
        rows = [row for row in self.rows.values() if self._inside(row, given_)]
        sort = given_.get("sort", "created_at_asc") if self.sort else "created_at_asc"
        field, descending = sort.rsplit("_", 1)[0], sort.endswith("desc")
        rows.sort(key=lambda row: (getattr(row, field), self.id(row) % 7), reverse=descending)
        if not self.sort:
            rows.sort(key=lambda row: (self.id(row) * 7919) % 10_007)
        page, limit = int(given_["page"]), int(given_["limit"])
        assert 1 <= page <= 500
        assert 1 <= limit <= 100
        return DocumentPage(tuple(rows[(page - 1) * limit : page * limit]), len(rows) if self.totals else None)

    def _inside(self, row, params):
        for field, infix in (("created_at", ""), ("updated_at", "_updated")):
            time = int(getattr(row, field).timestamp())
            low, high = params.get(f"from{infix}_time"), params.get(f"to{infix}_time")
            strict_low, strict_high = self.bounds == "exclusive", self.bounds != "inclusive"
            if low is not None and (time < int(low) or (strict_low and time == int(low))):
                return False
            if high is not None and (time > int(high) or (strict_high and time == int(high))):
                return False
        return True


def case(number, created, updated=None):
    return CaseDocument(case_id=number, created_at=at(created), updated_at=at(created if updated is None else updated))


def user(number, created, updated=None):
    return UserDocument(user_id=number, created_at=at(created), updated_at=at(created if updated is None else updated))


def read(scan, most=2000):
    """Follow the cursors as a listing does: no cursor twice, no page twice in a row."""
    rows, cursor, seen, before = [], None, set(), ()
    for _ in range(most):
        page = scan.page(cursor)
        keys = tuple(Account.id(row) for row in page.items)
        assert page.next is None or not keys or keys != before
        rows += page.items
        if page.next is None:
            return rows
        assert page.next not in seen
        seen.add(page.next)
        cursor, before = page.next, keys
    raise AssertionError("the scan does not end")


def ids(rows):
    return list(dict.fromkeys(Account.id(row) for row in rows))


BOUNDS = st.sampled_from(["inclusive", "exclusive_end", "exclusive"])
SECONDS = st.one_of(
    st.lists(st.integers(0, 4000), min_size=0, max_size=330),
    # Bursts: hundreds of rows in a few seconds, as bulk work leaves them.
    st.lists(st.integers(0, 3), min_size=150, max_size=330),
)


@settings(max_examples=40, deadline=None)
@given(SECONDS, BOUNDS, st.sampled_from(Order), st.booleans())
def test_a_quiet_list_is_read_once_in_order(seconds, bounds, order, totals):
    rows = [case(number, second, second * 3 % 1000) for number, second in enumerate(seconds, start=1)]
    result = read(CaseScan(fetch=Account(rows, bounds=bounds, totals=totals).fetch, order=order))
    field = "updated_at" if order.by_update else "created_at"
    wanted = sorted(rows, key=lambda row: (getattr(row, field), row.case_id), reverse=order.descending)
    assert ids(result) == [row.case_id for row in wanted]


@settings(max_examples=40, deadline=None)
@given(SECONDS, BOUNDS, st.sampled_from(Order), st.randoms(use_true_random=False))
def test_nothing_that_stays_is_lost_while_rows_come_go_and_change(seconds, bounds, order, random):
    rows = [case(number, second) for number, second in enumerate(seconds, start=1)]
    staying = {row.case_id for row in rows if row.case_id % 3}
    later = iter(range(5000, 9000))

    def between(account):
        going = [number for number in account.rows if number < 5000 and number not in staying]
        for number in random.sample(going, min(2, len(going))):
            del account.rows[number]
        now = next(later)
        account.rows[now] = case(now, now)
        for number in random.sample(sorted(staying), min(2, len(staying))):
            account.rows[number] = evolve(account.rows[number], updated_at=at(now))

    result = read(CaseScan(fetch=Account(rows, bounds=bounds, between=between).fetch, order=order))
    assert staying <= set(ids(result))


@pytest.mark.parametrize("order", Order)
def test_calls_stay_near_the_fewest(order):
    account = Account([case(number, 7 * number) for number in range(1, 1001)])
    assert len(ids(read(CaseScan(fetch=account.fetch, order=order)))) == 1000
    assert len(account.calls) <= 13


def test_one_page_is_one_call():
    for order in Order:
        account = Account([case(number, number) for number in range(100)])
        assert len(read(CaseScan(fetch=account.fetch, order=order))) == 100
        assert len(account.calls) == 1


def test_the_counting_call_is_one_row():
    account = Account([case(number, number) for number in range(230)])
    assert CaseScan(fetch=account.fetch).page(None, 1).total == 230
    assert account.calls == [{"sort": "created_at_asc", "page": "1", "limit": "1"}]


def test_the_querys_own_bounds_hold_through_all_pages():
    account = Account([case(number, number) for number in range(500)])
    scan = CaseScan(fetch=account.fetch, bounds=Bounds(START + 100, START + 350))
    assert ids(read(scan)) == list(range(100, 351))
    assert all(call["to_time"] == str(START + 350) for call in account.calls)
    assert all(int(call["from_time"]) >= START + 100 for call in account.calls)


def test_rows_without_times_are_read_by_page_numbers():
    bare = [CaseDocument(case_id=number) for number in range(1, 251)]

    def fetch(params):
        page = int(dict(params)["page"])
        return DocumentPage(tuple(bare[(page - 1) * 100 : page * 100]), 250)

    assert ids(read(CaseScan(fetch=fetch))) == list(range(1, 251))


def test_more_than_50000_rows_in_a_second_are_refused_and_not_cut():
    def fetch(params):
        page = int(dict(params)["page"])
        return DocumentPage(tuple(case(page * 100 + index, 5) for index in range(100)), 60_000)

    with pytest.raises(HelpdeskError, match="50,000"):
        read(CaseScan(fetch=fetch))


@settings(max_examples=40, deadline=None)
@given(SECONDS, BOUNDS, st.sampled_from(Order), st.booleans())
def test_users_are_read_once_in_order_though_their_list_has_no_sort(seconds, bounds, order, totals):
    rows = [user(number, second, second * 3 % 1000) for number, second in enumerate(seconds, start=1)]
    account = Account(rows, bounds=bounds, totals=totals, sort=False)
    result = read(UserScan(fetch=account.fetch, now=lambda: START + 5000, order=order))
    field = "updated_at" if order.by_update else "created_at"
    wanted = sorted(rows, key=lambda row: (getattr(row, field), row.user_id), reverse=order.descending)
    assert ids(result) == [row.user_id for row in wanted]


@settings(max_examples=40, deadline=None)
@given(SECONDS, BOUNDS, st.sampled_from(Order), st.randoms(use_true_random=False))
def test_no_user_that_stays_is_lost_while_users_come_go_and_change(seconds, bounds, order, random):
    rows = [user(number, second) for number, second in enumerate(seconds, start=1)]
    staying = {row.user_id for row in rows if row.user_id % 3}
    later = iter(range(5000, 50_000))

    def between(account):
        now = next(later)
        going = [number for number in account.rows if number < 5000 and number not in staying]
        # A window that cannot be made smaller is read again while it changes, but not for ever.
        if now % 11 == 0:
            for number in random.sample(going, min(2, len(going))):
                del account.rows[number]
        account.rows[now] = user(now, now)
        for number in random.sample(sorted(staying), min(1, len(staying))):
            account.rows[number] = evolve(account.rows[number], updated_at=at(now))

    scan = UserScan(
        fetch=Account(rows, bounds=bounds, sort=False, between=between).fetch, now=lambda: START + 4999, order=order
    )
    assert staying <= set(ids(read(scan)))


@pytest.mark.parametrize("order", Order)
def test_users_cost_less_than_twice_the_pages(order):
    account = Account([user(number, 600 * number + number % 97) for number in range(1, 3001)], sort=False)
    result = read(UserScan(fetch=account.fetch, now=lambda: START + 600 * 3001, order=order))
    assert len(ids(result)) == 3000
    assert len(account.calls) <= 55


def test_users_that_fit_on_one_page_are_one_call():
    account = Account([user(number, number) for number in range(100)])
    assert len(read(UserScan(fetch=account.fetch, now=lambda: START + 200))) == 100
    assert len(account.calls) == 1


def test_users_without_times_are_read_by_page_numbers():
    bare = [UserDocument(user_id=number) for number in range(1, 251)]

    def fetch(params):
        page = int(dict(params)["page"])
        return DocumentPage(tuple(bare[(page - 1) * 100 : page * 100]), 250)

    assert sorted(ids(read(UserScan(fetch=fetch, now=lambda: START)))) == list(range(1, 251))
