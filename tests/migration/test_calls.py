from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.adapter import ImportCost
from helpdesk_bridge.migration.cost import ReadCost, Thread, Work, pages, source_minimum, verify_minimum, write_minimum

WRITE = ImportCost(contact=2, ticket=2, message=2, finish=2, inline=2)


def test_an_empty_list_is_a_page_too():
    assert [pages(n, 100) for n in (0, 1, 100, 101)] == [1, 1, 1, 2]


def test_the_sample_of_the_performance_paper():
    # 10,000 tickets x 3 messages + 4,000 contacts = 44,000 writes, 88,000 units at 2 a write
    work = Work(contacts_written=4_000, tickets_written=10_000, messages_written=30_000)
    assert write_minimum(work, WRITE) == 88_000


def test_a_thread_read_for_the_first_time_and_read_back():
    paged, apart = ReadCost(), ReadCost(apart=True)
    assert [paged.source_thread(Thread(n)) for n in (1, 100, 101)] == [1, 1, 2]
    assert [apart.source_thread(Thread(n)) for n in (1, 2, 300)] == [1, 2, 2]
    assert [apart.verified_thread(Thread(n, files)) for n, files in ((1, False), (1, True), (5, True))] == [0, 1, 2]


def test_both_sides_of_a_small_migration():
    work = Work(
        source_tickets=250, source_contacts=40, source_threads=250, source_files=7, contacts_written=40,
        tickets_written=250, messages_written=500, tickets_finished=200, inline_written=3, destination_tickets=250,
        destination_contacts=40, destination_threads=250, destination_files=7,
    )  # fmt: skip
    assert source_minimum(work, ReadCost(file=1)) == 3 + 1 + 250 + 7
    assert write_minimum(work, WRITE) == 2 * (40 + 250 + 500 + 200 + 3)
    assert verify_minimum(work, ReadCost()) == 3 + 1 + 250


@given(st.integers(0, 10**6), st.integers(1, 500))
def test_pages_hold_everything_and_no_page_is_spare(records, size):
    found = pages(records, size)
    assert found * size >= records
    assert found == 1 or (found - 1) * size < records
