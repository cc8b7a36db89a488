"""Threads: whole where they are small, else in pages of few messages; the same messages either way, and each once."""

from __future__ import annotations

import pytest
from adapters.deskie.conftest import in_process
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_bridge.adapter import HelpdeskError, Invalid
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge_deskie.client import threads

LARGE = 8_000


@pytest.fixture(autouse=True)
def small_room(monkeypatch):
    """Answers of 20 kB instead of 8 MB are too large to be read together."""
    monkeypatch.setattr(threads, "WHOLE", 20_000)


def account_of(sizes):
    """Return an account of one ticket with messages of so many characters."""
    data = generate(1, 5)
    ticket = data.tickets[0]
    model = evolve(ticket.messages[0], files=())
    thread = tuple(
        evolve(model, html=None, text=f"{number} " + "x" * size, created_at=model.created_at)
        for number, size in enumerate(sizes)
    )
    return evolve(data, tickets=(evolve(ticket, messages=thread),))


def numbers(listing):
    return [int(message.body.text.split()[0]) for message in listing]


@settings(max_examples=20)
@given(sizes=st.lists(st.sampled_from([10, 900, LARGE, 3 * LARGE]), min_size=1, max_size=25))
def test_a_thread_is_the_same_however_large_its_messages_are(sizes):
    with in_process(account_of(sizes)) as (desk, _):
        thread = list(desk.messages.list("1"))
        assert numbers(thread) == list(range(len(sizes)))
        assert [message.sequence for message in thread] == list(range(len(sizes)))
        assert [message.opening for message in thread] == [True] + [False] * (len(sizes) - 1)


def test_no_page_holds_two_large_messages():
    with in_process(account_of([3 * LARGE] * 4)) as (desk, _):
        cursor, pages = None, []
        while True:
            page = desk._adapter.messages.page("1", cursor)
            pages.append(len(page.items))
            cursor = page.next
            if cursor is None:
                break
        assert pages == [1, 1, 1, 1]


def test_a_small_thread_costs_one_call():
    with in_process(account_of([10] * 30)) as (desk, _):
        before = desk._adapter.transport.stats.calls
        assert numbers(desk.messages.list("1", resolve=False)) == list(range(30))
        assert desk._adapter.transport.stats.calls - before == 1


@pytest.mark.parametrize("gone", [0, 2, 3, 4])
def test_a_message_that_is_deleted_meanwhile_hides_no_other(gone):
    with in_process(account_of([3 * LARGE] * 6)) as (desk, _):
        ids = [message.id for message in desk.messages.list("1", resolve=False)]
        reading = iter(desk.messages.list("1", resolve=False))
        seen = [next(reading).id for _ in range(3)]
        desk.vendor_api.messages.delete(1, int(ids[gone]))
        seen += [message.id for message in reading]
        assert [one for one in ids if one in seen and one != ids[gone]] == [one for one in ids if one != ids[gone]]
        assert len(seen) == len(set(seen))


def test_what_no_thread_wrote_is_no_cursor():
    with in_process(account_of([10])) as (desk, _):
        page = desk._adapter.messages.page
        for odd in ("", "5", '{"at": 1}', '{"at": 505, "total": 9, "last": 1}', '{"at": "1", "total": 9, "last": 1}'):
            with pytest.raises(Invalid):
                page("1", odd)
        with pytest.raises(HelpdeskError, match="50,000"):
            page("1", '{"at": 50000, "total": 9, "last": 1}')
