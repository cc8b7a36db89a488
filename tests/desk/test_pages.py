"""Pages for web pages: a chain of ``page()`` goes forwards and back, and holds each record once."""

import json

import pytest
from conformance.accounts import IN_PROCESS, local, simulated

from helpdesk_bridge import Invalid, Order, Page, TicketDraft, WrongDesk, open_desk
from helpdesk_bridge.desk.chain import Chain

RECORDS = 36


def opened(vendor):
    if vendor == "local":
        return local(":memory:")
    return simulated(vendor, IN_PROCESS, settings={"rate_limit": 100_000})


def filled(account, records=RECORDS, step=1):
    """Create tickets, two or more in a second, and change some of them later."""
    ids = []
    for number in range(records):
        draft = TicketDraft(subject=f"Lamp {number}", description="Broken", requester=f"c{number % 7}@example.com")
        ids.append(account.desk.tickets.create(draft).id)
        if number % 2:
            account.clock.advance(step)
    account.clock.advance(10)
    for ticket_id in ids[::5]:
        account.desk.tickets.update(ticket_id, subject="Lamp, changed")
    account.clock.advance(100)
    return ids


@pytest.fixture(scope="module", params=["local", "deskie", "desk365"])
def account(request):
    with opened(request.param) as account:
        filled(account)
        yield account


def chain(listing, size, cursor=None, most=RECORDS):
    """Return the pages from a cursor to the end; each request has a listing of its own."""
    pages = [listing().page(cursor, size)]
    while pages[-1].next is not None:
        pages.append(listing().page(pages[-1].next, size))
        assert len(pages) <= most + 1
    return pages


def ids_of(page):
    return [one.id for one in page.items]


@pytest.mark.parametrize("order", list(Order), ids=lambda one: one.value)
@pytest.mark.parametrize("size", [1, 7, 20, 36])
def test_a_chain_of_pages_holds_each_ticket_once_in_pages_as_large_as_asked(account, order, size):
    listing = lambda: account.desk.tickets.list(order=order, resolve=False)  # noqa: E731
    pages = chain(listing, size)
    whole = [one.id for one in listing()]
    assert [one for page in pages for one in ids_of(page)] == whole
    assert len(whole) == RECORDS
    assert [len(page.items) for page in pages[:-1]] == [size] * (len(pages) - 1)
    assert pages[-1].items
    assert {page.total for page in pages} <= {None, RECORDS}


@pytest.mark.parametrize("order", list(Order), ids=lambda one: one.value)
@pytest.mark.parametrize("size", [7, 18])
def test_every_page_but_the_first_leads_to_the_one_before_it(account, order, size):
    listing = lambda: account.desk.tickets.list(order=order, resolve=False)  # noqa: E731
    pages = chain(listing, size)
    assert pages[0].previous is None
    page = pages[-1]
    for earlier in reversed(pages[:-1]):
        page = listing().page(page.previous, size)
        assert ids_of(page) == ids_of(earlier)
        assert (page.previous is None) == (earlier is pages[0])
    assert [one for page in chain(listing, size, pages[0].next) for one in ids_of(page)] == [
        one for page in pages[1:] for one in ids_of(page)
    ]


def test_forth_and_back_and_forth_again_is_the_same_page(account):
    listing = lambda: account.desk.tickets.list(order="-updated", resolve=False)  # noqa: E731
    first, second, third, *_ = chain(listing, 7)
    back = listing().page(third.previous, 7)
    assert ids_of(back) == ids_of(second)
    assert ids_of(listing().page(back.next, 7)) == ids_of(third)
    assert ids_of(listing().page(back.previous, 7)) == ids_of(first)


@pytest.mark.slow
@pytest.mark.parametrize("vendor", ["local", "deskie", "desk365"])
@pytest.mark.parametrize("order", list(Order), ids=lambda one: one.value)
def test_long_lists_go_forwards_and_back_in_any_size(vendor, order):
    with opened(vendor) as account:
        filled(account, 230)
        listing = lambda: account.desk.tickets.list(order=order, resolve=False)  # noqa: E731
        whole = [one.id for one in listing()]
        for size in (20, 60, 130):
            pages = chain(listing, size, most=230)
            assert [one for page in pages for one in ids_of(page)] == whole
            page = pages[-1]
            for earlier in reversed(pages[:-1]):
                page = listing().page(page.previous, size)
                assert ids_of(page) == ids_of(earlier)
            assert page.previous is None


def test_contacts_and_messages_have_pages_too(account):
    desk = account.desk
    ticket = desk.tickets.list(limit=1, order="-created").first()
    for number in range(5):
        desk.messages.note(ticket.id, f"Note {number}")
    for listing, size, count in (
        (desk.contacts.list, 3, 7),
        (lambda: desk.messages.list(ticket.id, resolve=False), 4, 6),
        (lambda: desk.messages.list(ticket.id, visibility="internal"), 2, 5),
    ):
        pages = chain(listing, size)
        assert sum(len(page.items) for page in pages) == len({one for page in pages for one in ids_of(page)}) == count
        page = pages[-1]
        for earlier in reversed(pages[:-1]):
            page = listing().page(page.previous, size)
            assert ids_of(page) == ids_of(earlier)
        assert page.previous is None


def test_a_page_costs_a_call_or_two(account):
    if account.desk.transport is None:
        pytest.skip("a local desk sends nothing")
    listing = lambda: account.desk.tickets.list(order="-created", resolve=False)  # noqa: E731
    chain(listing, 9)  # the reference lists are read once
    costs, page, cursor = [], None, None
    for way in ("next", "next", "next", "previous", "previous"):
        before = account.desk.transport.stats.calls
        page = listing().page(cursor, 9)
        costs.append(account.desk.transport.stats.calls - before)
        cursor = getattr(page, way)
    assert max(costs) <= 2
    assert sum(costs) <= 7


def test_a_record_that_others_filter_out_leaves_no_gap_in_a_page(account):
    listing = lambda: account.desk.tickets.list(subject="changed", resolve=False)  # noqa: E731
    pages = chain(listing, 3)
    assert [one for page in pages for one in ids_of(page)] == [one.id for one in listing()]
    assert [len(page.items) for page in pages] == [3, 3, 2]


def test_no_cursor_holds_an_address(account):
    for page in (*chain(account.desk.contacts.list, 3), *chain(account.desk.tickets.list, 20)):
        assert "example.com" not in f"{page.next}{page.previous}"


@pytest.mark.parametrize("wrong", [0, -1, True, "5", 2.5])
def test_a_wrong_size_is_refused(account, wrong):
    with pytest.raises(Invalid) as caught:
        account.desk.tickets.list().page(size=wrong)
    assert caught.value.field == "size"


def test_a_cursor_of_another_listing_or_desk_is_refused(account):
    desk = account.desk
    tickets, contacts = (listing().page(size=2).next for listing in (desk.tickets.list, desk.contacts.list))
    assert tickets
    for listing, cursor in (
        (desk.contacts.list(), tickets),
        (desk.tickets.list(), contacts),
        (desk.tickets.list(order="-created"), tickets),
        (desk.tickets.list(status="closed"), tickets),
    ):
        with pytest.raises(Invalid) as caught:
            listing.page(cursor, 2)
        assert caught.value.field == "cursor"
    with open_desk({"vendor": "local", "path": ":memory:"}) as other, pytest.raises((Invalid, WrongDesk)):
        other.tickets.list().page(tickets, 2)


def test_a_damaged_cursor_is_refused(account):
    whole = json.loads(account.desk.tickets.list().page(size=2).next)
    for name in whole:
        for wrong in (5.5, [], {"a": 1}, [1, [2]], "x", [["a"], ["b"]]):
            if wrong == whole[name] or (name, wrong) == ("c", "x"):
                continue
            with pytest.raises(Invalid):
                account.desk.tickets.list().page(json.dumps({**whole, name: wrong}), 2)


@pytest.mark.parametrize("vendor", ["local", "deskie", "desk365"])
def test_a_chain_holds_each_record_once_while_others_change(vendor):
    with opened(vendor) as account:
        filled(account)
        listing = lambda: account.desk.tickets.list(order="-updated", resolve=False)  # noqa: E731
        whole, seen, cursor, more = {one.id for one in listing()}, [], None, True
        moved = set()
        while more:
            page = listing().page(cursor, 8)
            seen += ids_of(page)
            victim = next((one for one in sorted(whole) if one not in seen), None)
            if victim is not None:
                account.desk.tickets.update(victim, subject="Moved")
                moved.add(victim)
            account.clock.advance(2)
            cursor, more = page.next, page.next is not None
    assert len(seen) == len(set(seen))
    assert whole - moved <= set(seen)


def test_the_command_lists_in_the_order_of_the_port():
    from helpdesk_bridge.cli.commands.tickets import list_tickets
    from helpdesk_bridge.model.queries import TicketQuery

    (order,) = (one for one in list_tickets.params if one.name == "order")
    assert order.default == TicketQuery().order.value


@pytest.mark.parametrize("ordered", [True, False])
def test_an_adapter_that_knows_no_way_back_has_previous_pages_too(ordered):
    """A third party's adapter gives pages in its own order, and no way back."""
    rows, fetched = tuple(range(23)), []

    def fetch(cursor, size):
        fetched.append(cursor)
        start = int(cursor or 0)
        items = rows[start : start + min(size or 4, 4)]
        return Page(items, str(start + len(items)) if start + len(items) < len(rows) else None)

    chain = Chain(
        listing=lambda: "x",
        fetch=fetch,
        keep=lambda row: row,
        shown=lambda row: row,
        expect=None,
        key=str,
        place=int if ordered else None,
        descending=False,
        exact=ordered,
    )
    pages = [chain.page(None, 5)]
    while pages[-1].next is not None:
        pages.append(chain.page(pages[-1].next, 5))
    assert [row for page in pages for row in page.items] == list(rows)
    page = pages[-1]
    for earlier in reversed(pages[:-1]):
        page = chain.page(page.previous, 5)
        assert page.items == earlier.items
    assert page.previous is None
