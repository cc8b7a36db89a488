"""The newer faults on each vendor's simulator, told in the vendor's own words."""

from __future__ import annotations

import pytest
from testing.benches import SERVER, VENDORS, opened, operations

from helpdesk_bridge import TicketDraft
from helpdesk_bridge.errors import AuthenticationFailed, InDoubt, Invalid, NotFound, PermissionDenied
from helpdesk_bridge.testing.faults import Fault

DRAFT = TicketDraft(subject="Broken", description="It smokes.", requester="ann@x.example")
WITH_LISTS = ("deskie", "desk365")


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(("status", "error"), [(400, Invalid), (403, PermissionDenied), (404, NotFound)])
def test_a_refusal_is_understood_by_the_adapter(vendor, status, error):
    if (vendor, status) == ("desk365", 403):
        error = AuthenticationFailed  # documented: OpenAPI, "forbidden for your API key"
    with opened(vendor) as bench:
        bench.app.faults.inject(Fault.REFUSED(status=status))
        with pytest.raises(error):
            operations(bench)["messages.reply"]()


@pytest.mark.parametrize("vendor", WITH_LISTS)
@pytest.mark.parametrize("operation", ["tickets.list", "contacts.list", "messages.list"])
def test_an_empty_list_is_there_once_and_has_no_total(vendor, operation):
    with opened(vendor) as bench:
        desk = bench.desk
        ticket = next(iter(desk.tickets.list()))
        listing = {
            "tickets.list": lambda: desk.tickets.list(resolve=False),
            "contacts.list": lambda: desk.contacts.list(),
            "messages.list": lambda: desk.messages.list(ticket.id, resolve=False),
        }[operation]
        whole = [one.id for one in listing()]
        bench.app.faults.inject(Fault.EMPTY_LIST(), on=operation)
        fewer = [one.id for one in listing()]
        assert len(fewer) <= 1 < len(whole)  # Desk365 has the opening on the ticket
        bench.app.faults.assert_all_hit()
        assert [one.id for one in listing()] == whole


@pytest.mark.parametrize("vendor", WITH_LISTS)
def test_one_source_thread_can_be_refused_for_ever(vendor):
    with opened(vendor) as bench:
        first, *others = [ticket.id for ticket in bench.desk.tickets.list()]
        bench.app.faults.inject(Fault.REFUSED(status=404, record=first), on="messages.list", times=None)
        for _ in range(2):
            with pytest.raises(NotFound):
                list(bench.desk.messages.list(first))
        for other in others:
            assert len(list(bench.desk.messages.list(other))) == 2


@pytest.mark.parametrize("vendor", WITH_LISTS)
def test_one_create_can_fail_for_ever(vendor):
    with opened(vendor) as bench:
        bench.app.faults.inject(Fault.SERVER_ERROR(status=500, record="Broken"), on="tickets.create", times=None)
        for _ in range(2):
            with pytest.raises(InDoubt):
                bench.desk.tickets.create(DRAFT)
        assert bench.desk.tickets.create(subject="Fine", description="x", requester="ann@x.example").subject == "Fine"


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_answer_later_than_writes_take_to_settle_leaves_a_create_in_doubt_and_done(vendor):
    with opened(vendor) as bench:
        reply = operations(bench)["messages.reply"]
        bench.app.faults.inject(Fault.LATE_ANSWER(), on="messages.reply")
        with pytest.raises(InDoubt) as caught:
            reply()
        before = bench.processed()
        assert bench.desk.rate_limit.settle_seconds <= 120 <= caught.value.settle_seconds + 120
        bench.clock.advance(120)
        bench.app.commit_due()
        assert bench.processed() == before + 1


@pytest.mark.slow
def test_over_sockets_a_late_answer_is_one_too():
    with opened("deskie", SERVER, timeout=0.3) as bench:
        bench.app.faults.inject(Fault.LATE_ANSWER(), on="tickets.create")
        with pytest.raises(InDoubt):
            bench.desk.tickets.create(DRAFT)
        assert len(bench.app.account.cases) == 3
        bench.clock.advance(120)
        bench.app.commit_due()
        assert len(bench.app.account.cases) == 4
