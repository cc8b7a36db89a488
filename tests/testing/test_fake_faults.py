"""A fake meets faults as a desk over HTTP does: it waits, repeats and gives up alike, and refuses what it cannot act out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from testing.benches import opened

from helpdesk_bridge import MessageDraft, Status, TicketDraft, TicketQuery
from helpdesk_bridge.errors import (
    BadResponse,
    HelpdeskError,
    InDoubt,
    Invalid,
    PermissionDenied,
    RateLimited,
    Unavailable,
)
from helpdesk_bridge.http.request import Effect
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.fake import FakeHelpdesk
from helpdesk_bridge.testing.faults import EFFECTS, NAMES, OUTCOMES, ChaosHelpdesk, Fault, FaultError
from helpdesk_bridge.testing.faulty import PORT_KINDS

DRAFT = TicketDraft(subject="Broken", description="It smokes.", requester="ann@x.example")
COMPARED = [name for name in NAMES if Fault.named(name).kind in PORT_KINDS - {"page_drift", "duplicate_page"}]


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    with FakeHelpdesk(clock=clock) as opened_fake:
        yield opened_fake


def ended(call):
    try:
        call()
    except HelpdeskError as error:
        return type(error)
    return None


def calls_of(desk):
    return {
        "tickets.list": lambda: list(desk.tickets.list()),
        "tickets.create": lambda: desk.tickets.create(DRAFT),
        "tickets.get": lambda: desk.tickets.get(next(iter(desk.tickets.list())).id),
    }


@pytest.fixture(scope="module")
def both():
    """A desk over its simulator and a fake of the same vendor, each with the plan of its faults."""
    with opened("deskie", max_wait=10) as bench, FakeHelpdesk(capabilities="deskie", clock=ManualClock()) as fake:
        for desk in (bench.desk, fake):
            desk.tickets.create(DRAFT)
            list(desk.tickets.list())  # a desk that was never reached gives up sooner, over HTTP
        yield ((bench.desk, bench.app.faults, bench.clock), (fake, fake.faults, fake.clock))


@pytest.mark.parametrize("name", COMPARED)
def test_a_call_ends_on_the_fake_as_on_a_desk_over_its_simulator(both, name):
    ends = []
    for desk, plan, clock in both:
        found = {}
        for times in (1, None):
            for operation, call in calls_of(desk).items():
                try:
                    injection = plan.inject(Fault.named(name), on=operation, times=times)
                except FaultError:
                    continue
                with injection:
                    found[operation, times] = ended(call)
                clock.advance(3601)
        ends.append(found)
    for found in ends if name == "EMPTY_RESPONSE" else ():  # observed: Deskie's empty lists come without a body
        found.pop(("tickets.list", 1))
        found.pop(("tickets.list", None))
    assert ends[0] == ends[1] != {}


def test_a_limit_is_waited_for_up_to_max_wait(fake, clock):
    fake.faults.inject(Fault.RATE_LIMITED(retry_after=3), on="tickets.create", times=2)
    fake.tickets.create(DRAFT)
    assert 6 <= sum(clock.slept) < 8
    fake.faults.inject(Fault.RATE_LIMITED(retry_after=60), on="tickets.list")
    with pytest.raises(RateLimited) as caught:
        list(fake.tickets.list())
    assert caught.value.retry_after > 10
    clock.advance(60)
    assert len(list(fake.tickets.list())) == 1


def test_without_a_clock_of_the_test_waits_take_no_time_and_have_passed():
    with FakeHelpdesk() as fake:
        before = fake.clock.wall()
        fake.faults.inject(Fault.RATE_LIMITED(retry_after=9), on="tickets.create")
        ticket = fake.tickets.create(DRAFT)
        assert ticket.created_at - before >= timedelta(seconds=9)
        assert 9 <= sum(fake.clock.slept) < 10


def test_one_failure_is_repeated_and_an_outage_is_not_hidden(fake):
    fake.faults.inject(Fault.SERVER_ERROR(status=503), on="tickets.list")
    assert list(fake.tickets.list()) == []
    with fake.faults.inject(Fault.SERVER_ERROR(), on="tickets.list", times=None), pytest.raises(Unavailable):
        list(fake.tickets.list())
    with fake.faults.inject(Fault.SERVER_ERROR(), on="tickets.create"), pytest.raises(InDoubt):
        fake.tickets.create(DRAFT)
    assert fake.all_tickets() == ()


def test_what_the_desk_refuses_meets_no_fault(fake):
    fake.faults.inject(Fault.RESPONSE_LOST(), on="tickets.create")
    with pytest.raises(Invalid):
        fake.tickets.create(subject="No requester", description="x", requester="")
    assert fake.faults.unhit


@pytest.mark.parametrize("kind", ["LATE_COMMIT", "LATE_ANSWER"])
def test_a_late_write_is_there_when_it_is_due_whoever_looks(fake, clock, kind):
    fake.faults.inject(Fault.named(kind, seconds=90), on="tickets.create")
    with pytest.raises(InDoubt):
        fake.tickets.create(DRAFT)
    due = clock.wall() + timedelta(seconds=90)
    assert fake.inspection.counts()["tickets"] == 0
    clock.advance(600)
    assert fake.inspection.counts()["tickets"] == 1
    (ticket,) = fake.all_tickets()
    assert ticket.created_at == due


def test_a_late_write_is_there_for_who_looks_past_the_port(fake, clock):
    fake.faults.inject(Fault.LATE_COMMIT(seconds=5), on="tickets.create")
    with pytest.raises(InDoubt):
        fake.tickets.create(DRAFT)
    clock.advance(5)
    assert fake.vendor_api.counts()["tickets"] == 1


def test_a_late_reply_is_in_the_outbox_when_it_is_due(fake, clock):
    ticket = fake.tickets.create(DRAFT)
    fake.faults.inject(Fault.LATE_COMMIT(seconds=5), on="messages.reply")
    with pytest.raises(InDoubt):
        fake.messages.reply(ticket.id, "Sorry")
    assert fake.outbox == ()
    clock.advance(5)
    assert [message.body.text for message in fake.outbox] == ["Sorry"]


@pytest.mark.parametrize(
    ("fault", "where", "said"),
    [
        (Fault.SERVER_ERROR(), "GET /api/*", "no request with a path is made here"),
        (Fault.SERVER_ERROR(), "/api/*", "no request with a path is made here"),
        (Fault.OTHER_DATE(), None, "unknown fault 'other_date'; known here"),
        (Fault.FOREIGN_NEXT_LINK(), None, "unknown fault 'foreign_next_link'; known here"),
        (Fault.SERVER_ERROR(), "templates.send", "unknown operation 'templates.send'; known here"),
        (Fault.SERVER_ERROR(), "login", "unknown operation 'login'; known here"),
        (Fault.SKIPPED_PAGE(), "tickets.create", "cannot act it out; what can"),
    ],
)
def test_a_fault_that_the_fake_cannot_act_out_is_refused(fake, fault, where, said):
    with pytest.raises(FaultError, match=said):
        fake.faults.inject(fault, on=where)


def test_a_fault_on_what_the_imitated_vendor_lacks_is_refused():
    with (
        FakeHelpdesk(capabilities="desk365") as fake,
        pytest.raises(FaultError, match=r"unknown operation 'tags\.list'"),
    ):
        fake.faults.inject(Fault.SERVER_ERROR(), on="tags.list")


def test_every_operation_that_a_fake_has_can_be_struck(fake):
    lacking = ("login", "templates.list", "templates.send")
    assert set(fake.faults.operations) == {name for name in EFFECTS if name not in lacking}


def test_pages_repeat_skip_move_lag_and_vanish_on_the_fake(fake, clock):
    fake.seed(250)
    query = TicketQuery(include={"spam", "deleted", "merged"})
    whole = [ticket.id for ticket in fake.tickets.list(query)]
    with fake.faults.inject(Fault.SKIPPED_PAGE(), on="tickets.list", after=1):
        assert [ticket.id for ticket in fake.tickets.list(query)] == [*whole[:100], *whole[200:]]
    with fake.faults.inject(Fault.EMPTY_LIST(), on="tickets.list"):
        assert list(fake.tickets.list(query)) == []
    with fake.faults.inject(Fault.DUPLICATE_PAGE(), on="tickets.list", after=1), pytest.raises(BadResponse):
        list(fake.tickets.list(query))
    new = fake.tickets.create(DRAFT).id
    with fake.faults.inject(Fault.STALE_SEARCH(seconds=20), times=None):
        assert new not in [ticket.id for ticket in fake.tickets.list(query)]
        assert fake.tickets.get(new).subject == "Broken"
        clock.advance(20)
        assert new in [ticket.id for ticket in fake.tickets.list(query)]


def test_one_record_fails_for_ever_and_the_others_go_on(fake):
    one, two = fake.tickets.create(DRAFT), fake.tickets.create(DRAFT)
    fake.faults.inject(Fault.REFUSED(status=403, record=one.id), times=None)
    for _ in range(3):
        with pytest.raises(PermissionDenied):
            fake.tickets.get(one.id)
    assert fake.tickets.get(two.id).id == two.id
    fake.faults.clear()
    fake.faults.inject(Fault.SERVER_ERROR(status=500, record="It smokes."), on="tickets.create", times=None)
    with pytest.raises(InDoubt):
        fake.tickets.create(DRAFT)
    assert fake.tickets.create(subject="Fine", description="It smokes no more.", requester="ann@x.example")


def test_the_second_call_is_refused(fake):
    fake.faults.inject(Fault.REFUSED(), on="tickets.update")
    ticket = fake.tickets.create(DRAFT)
    with pytest.raises(Invalid):
        fake.tickets.update(ticket.id, status=Status.SOLVED)
    assert fake.tickets.get(ticket.id).status is Status.OPEN


def test_a_plan_says_in_one_line_which_faults_were_not_hit(fake):
    fake.faults.inject(Fault.SERVER_ERROR(), on="tickets.list", times=2)
    fake.faults.inject(Fault.REFUSED(record="51230"), on="tickets.get", times=None)
    list(fake.tickets.list())
    with pytest.raises(AssertionError, match=r"not hit: refused on tickets\.get, record 51230: 0 of 1$"):
        fake.faults.assert_all_hit()
    with pytest.raises(Invalid):
        fake.tickets.get("51230")
    fake.faults.assert_all_hit()
    with fake.faults.inject(Fault.SERVER_ERROR(), on="tickets.update"):
        pass
    with pytest.raises(AssertionError, match=r"server_error on tickets\.update: 0 of 1"):
        fake.faults.assert_all_hit()
    fake.faults.clear()
    fake.faults.assert_all_hit()


def test_a_wrapper_around_a_fake_uses_the_fakes_own_faults(fake):
    chaos = ChaosHelpdesk(fake)
    assert chaos.faults is fake.faults
    chaos.faults.inject(Fault.SERVER_ERROR(), on="tickets.create")
    with pytest.raises(InDoubt):
        chaos.tickets.create(DRAFT)


def test_a_wrapper_around_any_other_desk_waits_and_repeats_too():
    with opened("deskie") as bench:
        chaos = ChaosHelpdesk(bench.desk)
        chaos.faults.inject(Fault.SERVER_ERROR(), on="tickets.list")
        assert [ticket.id for ticket in chaos.tickets.list()] == [ticket.id for ticket in bench.desk.tickets.list()]
        chaos.faults.assert_all_hit()
        with pytest.raises(FaultError, match="unknown fault 'duplicate_page'"):
            chaos.faults.inject(Fault.DUPLICATE_PAGE())


@pytest.mark.parametrize("name", [name for name in NAMES if Fault.named(name).kind in PORT_KINDS])
def test_without_retries_a_wrapper_ends_a_call_as_documented(name):
    with FakeHelpdesk(clock=ManualClock()) as fake:
        chaos = ChaosHelpdesk(fake, retries=False)
        fault = Fault.named(name)
        for operation, call in calls_of(chaos).items():
            if fault.kind not in chaos.faults.kinds or fault.kind in chaos.faults.page_faults:
                continue
            fake.reset()
            fake.tickets.create(DRAFT)
            with chaos.faults.inject(fault, on=operation):
                assert ended(call) is OUTCOMES[fault.kind].of(EFFECTS[operation])
            assert EFFECTS[operation] in Effect


def test_a_customers_answer_reopens_where_the_vendor_reopens(clock):
    for vendor, status in (("deskie", Status.OPEN), (None, Status.PENDING)):
        with FakeHelpdesk(capabilities=vendor, clock=clock) as fake:
            ticket = fake.tickets.create(subject="Hot", description="x", requester="ann@x.example", status="pending")
            fake.messages.reply(ticket.id, "Any news?")
            assert fake.tickets.get(ticket.id).status is Status.PENDING
            fake.messages.add_from_contact(ticket.id, MessageDraft(body="Yes"), "ann@x.example")
            assert fake.tickets.get(ticket.id).status is status


def test_an_answer_to_a_closed_ticket_opens_it_on_the_fake_and_on_the_simulator():
    states = []
    with opened("deskie") as bench, FakeHelpdesk(capabilities="deskie", clock=ManualClock()) as fake:
        for desk in (bench.desk, fake):
            ticket = desk.tickets.create(subject="Hot", description="x", requester="ann@x.example")
            desk.tickets.update(ticket.id, status=Status.CLOSED)
            desk.messages.add_from_contact(ticket.id, MessageDraft(body="Not yet"), "ann@x.example")
            now = desk.tickets.get(ticket.id)
            states.append((now.status, now.status_label, now.closed_at))
    assert states[0] == states[1] == (Status.OPEN, "open", None)


def test_an_idempotency_key_leaves_no_trace_in_what_is_read(fake):
    ticket = fake.tickets.create(DRAFT, idempotency_key="order-1")
    sent = fake.messages.note(ticket.id, "Look at the fuse.", idempotency_key="note-1")
    assert sent.message.body.text == "Look at the fuse."
    again = fake.messages.note(ticket.id, "Look at the fuse.", idempotency_key="note-1")
    assert (again.ids, again.message.body.text) == (sent.ids, "Look at the fuse.")
    texts = [message.body.text for message in fake.messages.list(ticket.id)]
    assert texts == ["It smokes.", "Look at the fuse."]


@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_an_idempotency_key_leaves_no_trace_in_what_is_read_from_a_vendor(vendor):
    with opened(vendor) as bench:
        ticket = bench.desk.tickets.create(DRAFT, idempotency_key="order-1")
        bench.desk.messages.note(ticket.id, "Look at the fuse.", idempotency_key="note-1")
        thread = list(bench.desk.messages.list(ticket.id))
        assert [message.body.text.strip() for message in thread] == ["It smokes.", "Look at the fuse."]
        assert "[ref:" not in bench.desk.tickets.get(ticket.id).description.text
        before = len(bench.app.requests)
        again = bench.desk.tickets.create(DRAFT, idempotency_key="order-1")
        assert again.id == ticket.id
        assert len(bench.app.requests) > before


def test_a_message_and_the_outbox_show_who_writes_to_whom_and_the_first_words(fake):
    ticket = fake.tickets.create(DRAFT)
    fake.messages.reply(ticket.id, "Is there any news?\nWe wait " + "and wait " * 20)
    fake.messages.note(ticket.id, "Grumpy.")
    shown = repr(fake.outbox)
    assert shown.startswith("<1 outgoing message:\n  <Message public reply 2 of ticket 1 by ")
    assert " to ann@x.example: 'Is there any news? We wait and wait" in shown
    assert len(shown) < 200
    assert repr(list(fake.messages.list(ticket.id))[-1]).endswith(": 'Grumpy.'>")
    assert "internal note" in repr(list(fake.messages.list(ticket.id))[-1])
    raw = fake.vendor_api.outbox
    assert fake.outbox == raw == tuple(fake.outbox)
    assert raw == fake.outbox
    assert hash(fake.outbox[0]) == hash(raw[0])
    assert "news" not in repr(raw)
    fake.reset()
    assert repr(fake.outbox) == "<0 outgoing messages>"


def test_calls_keep_their_arguments(fake):
    ticket = fake.tickets.create(DRAFT)
    fake.messages.reply(ticket.id, "Hello")
    fake.tickets.update(ticket.id, status="solved")
    list(fake.tickets.list(status="open"))
    fake.contacts.find(email="ann@x.example")
    given = {call.operation: call.arguments for call in fake.calls}
    assert given["tickets.create"]["draft"].subject == "Broken"
    assert given["messages.reply"]["draft"].body == "Hello"
    assert given["tickets.update"]["change"].status == "Solved"
    assert given["tickets.list"]["query"].statuses == {"open"}
    assert given["contacts.find"] == {"email": "ann@x.example"}


def test_a_desk_in_a_file_keeps_no_arguments(tmp_path):
    from helpdesk_bridge import open_desk

    with open_desk({"vendor": "local", "path": str(tmp_path / "desk.sqlite")}) as desk:
        desk.tickets.create(DRAFT)
        assert [(call.operation, dict(call.arguments)) for call in desk.vendor_api.calls] == [("tickets.create", {})]
