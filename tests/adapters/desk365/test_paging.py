from __future__ import annotations

import random

import pytest
from attrs import define, evolve, field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_bridge.adapter import Invalid
from helpdesk_bridge_desk365.client.client import TICKET_COUNTS, Rows
from helpdesk_bridge_desk365.client.pages import OffsetScan, RowKey


@frozen
class Row:
    id: int
    created: int
    updated: int


@define
class Account:
    """Rows that a vendor sorts on every call, and what happens to them between two calls."""

    rows: list[Row]
    by_update: bool
    descending: bool
    between: list[str] = field(factory=list)
    seed: int = 0
    offsets: list[tuple[int, int]] = field(factory=list)
    clock: int = 100_000
    kept: set[int] = field(init=False)
    _random: random.Random = field(init=False)

    def __attrs_post_init__(self):
        self._random = random.Random(self.seed)
        self.kept = {row.id for row in self.rows}

    def fetch(self, offset, count):
        if self.offsets and self.between:
            self._happen(self.between.pop())
        self.offsets.append((offset, count))
        place = (lambda row: (row.updated, row.id)) if self.by_update else (lambda row: (row.created, row.id))
        rows = sorted(self.rows, key=place, reverse=self.descending)
        return Rows(tuple(rows[offset : offset + count]), len(rows))

    def _happen(self, what):
        self.clock += 1
        some = self._random.sample(self.rows, min(len(self.rows), self._random.choice((1, 3, 40, 120))))
        if what == "delete":
            self.rows = [row for row in self.rows if row not in some]
            self.kept -= {row.id for row in some}
        elif what == "insert":
            self.rows += [Row(self.clock * 1000 + number, self.clock, self.clock) for number in range(len(some))]
        elif what == "update":
            moved = {row.id for row in some}
            self.rows = [evolve(row, updated=self.clock) if row.id in moved else row for row in self.rows]

    def scan(self, **more):
        def key(row):
            return RowKey(str(row.id), f"{row.updated if self.by_update else row.created:09d}")

        facts = {
            "sizes": TICKET_COUNTS,
            "overlap": 5,
            "descending": self.descending,
            "fronted": self.by_update and self.descending,
        }
        return OffsetScan(fetch=self.fetch, key=key, **{**facts, **more})


def listed(scan, size=None):
    found, cursor, cursors = [], None, set()
    while True:
        page = scan.page(cursor, size)
        found += [row.id for row in page.items]
        if page.next is None:
            return found
        assert page.next not in cursors
        cursors.add(page.next)
        cursor = page.next


def account(number, **more):
    return Account(
        [Row(one, one // 3, one // 3) for one in range(1, number + 1)],
        **{"by_update": False, "descending": False, **more},
    )


def test_two_hundred_and_five_take_three_calls():
    desk = account(205)
    assert listed(desk.scan()) == list(range(1, 206))
    assert desk.offsets == [(0, 100), (95, 100), (190, 100)]


@pytest.mark.parametrize("number", [0, 1, 5, 30, 99, 100, 101, 195, 196, 1000])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("by_update", [False, True])
def test_an_account_at_rest_is_listed_once_each_in_order(number, descending, by_update):
    desk = account(number, descending=descending, by_update=by_update)
    found = listed(desk.scan())
    assert list(dict.fromkeys(found)) == sorted(range(1, number + 1), reverse=descending)
    if not (descending and by_update):
        assert len(found) == number
        assert len(desk.offsets) == 1 + max(0, -(-(number - 100) // 95))


@settings(max_examples=150, deadline=None)
@given(
    number=st.integers(0, 420),
    between=st.lists(st.sampled_from(["delete", "insert", "update", "rest"]), max_size=12),
    by_update=st.booleans(),
    descending=st.booleans(),
    size=st.sampled_from([None, 1, 20, 30, 64, 100, 1000]),
    seed=st.integers(0, 10_000),
)
def test_no_row_that_was_there_throughout_is_lost_whatever_moves_meanwhile(
    number, between, by_update, descending, size, seed
):
    desk = account(number, by_update=by_update, descending=descending, between=between, seed=seed)
    found = listed(desk.scan(), size)
    assert desk.kept <= set(found)


@settings(max_examples=60, deadline=None)
@given(
    number=st.integers(0, 200),
    between=st.lists(st.sampled_from(["delete", "insert", "rest"]), max_size=8),
    seed=st.integers(0, 10_000),
)
def test_nor_where_the_order_of_places_is_not_known(number, between, seed):
    desk = account(number, between=between, seed=seed)
    assert desk.kept <= set(listed(desk.scan(sizes=(30,), overlap=1, ordered=False)))


def test_the_walk_backs_up_when_the_overlap_is_gone():
    desk = account(400)
    scan = desk.scan()
    first = scan.page(None)
    desk.rows = desk.rows[60:]
    found = [row.id for row in first.items] + [row.id for row in scan.page(first.next).items]
    assert desk.offsets == [(0, 100), (95, 100), (0, 100)]
    assert set(range(61, 161)) <= set(found)


def test_pages_of_the_asked_size_do_not_repeat_the_overlap():
    desk = account(50)
    scan = desk.scan()
    first = scan.page(None, 20)
    second = scan.page(first.next, 20)
    assert [row.id for row in (*first.items, *second.items)] == list(range(1, 41))
    assert (first.total, [count for _, count in desk.offsets]) == (50, [30, 30])


def test_the_end_is_found_without_a_total_and_where_the_vendor_gives_fewer_rows():
    desk = account(95)

    def thirty_at_most(offset, count):
        return evolve(desk.fetch(offset, min(count, 30)), total=None)

    scan = evolve(desk.scan(), fetch=thirty_at_most)
    assert listed(scan) == list(range(1, 96))


def test_a_total_that_promises_more_than_there_is_ends_the_walk():
    desk = account(40)
    scan = evolve(desk.scan(), fetch=lambda offset, count: evolve(desk.fetch(offset, count), total=150))
    assert set(listed(scan)) == set(range(1, 41))
    assert len(desk.offsets) <= 3


def test_until_ends_the_walk_early():
    desk = account(1000)
    found = listed(desk.scan(until=f"{50:09d}"))
    assert set(range(1, 150)) <= set(found)
    assert len(desk.offsets) == 2
    newest_first = account(1000, descending=True)
    assert set(range(900, 1001)) <= set(listed(newest_first.scan(until=f"{300:09d}")))
    assert len(newest_first.offsets) == 2


@pytest.mark.parametrize("cursor", ["", "x", "[]", "{}", "[1,2,3]", '["a",[],0,null,null]'])
def test_a_foreign_cursor_is_refused_before_anything_is_asked(cursor):
    desk = account(10)
    with pytest.raises(Invalid, match="cursor"):
        desk.scan().page(cursor)
    assert desk.offsets == []


@pytest.mark.parametrize("told", [0, 1, 29, 30, 31, 99, 100, 101, 250])
@pytest.mark.parametrize("number", [0, 1, 30, 31, 100, 101, 250])
def test_a_count_that_tells_too_few_loses_nothing_where_the_vendor_tells_of_a_next_page(number, told):
    everything = [Row(one, one, one) for one in range(number)]

    def fetch(offset, count):
        return Rows(tuple(everything[offset : offset + count]), min(told, number), more=offset + count < number)

    scan = OffsetScan(fetch=fetch, key=lambda row: RowKey(str(row.id), f"{row.id:09d}"), sizes=TICKET_COUNTS, overlap=5)
    assert listed(scan) == list(range(number))


def test_a_vendor_that_tells_of_a_next_page_for_ever_is_asked_once_too_often():
    asked = []

    def fetch(offset, count):
        asked.append(offset)
        return Rows(tuple(Row(one, one, one) for one in range(offset, min(offset + count, 40))), 40, more=True)

    scan = OffsetScan(fetch=fetch, key=lambda row: RowKey(str(row.id), f"{row.id:09d}"), sizes=(30,), overlap=1)
    assert listed(scan) == list(range(40))
    assert len(asked) == 3
