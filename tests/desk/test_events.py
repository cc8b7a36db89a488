"""Events after a cursor: nothing lost and nothing twice, whatever changes between two calls and within one second."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from conformance.accounts import IN_PROCESS, local, simulated
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpdesk_bridge import MessageDraft, Status, TicketDraft, open_desk
from helpdesk_bridge.desk.polling import Polling
from helpdesk_bridge.errors import HelpdeskError, Invalid, WrongDesk
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.fake import FakeHelpdesk
from helpdesk_bridge.testing.faults import Fault

VENDORS = ["local", "deskie", "desk365"]


def opened(vendor):
    if vendor == "local":
        return local(":memory:")
    return simulated(vendor, IN_PROCESS, settings={"rate_limit": 100_000})


@pytest.fixture(params=VENDORS)
def account(request):
    with opened(request.param) as account:
        yield account


def new(desk, subject="Lamp"):
    return desk.tickets.create(TicketDraft(subject=subject, description="It is broken", requester="ann@example.com"))


class Follower:
    """An application that follows a desk as the how-to says, and remembers what it was told."""

    def __init__(self, account):
        self.account, self.desk = account, account.desk
        self.cursor = self.desk.events().cursor
        self.keys = Counter()
        self.known = {}
        self.messages = set()

    def poll(self, limit=None):
        more = True
        while more:
            answer = self.desk.events(self.cursor, limit=limit)
            for event in answer.items:
                self.keys[event.key] += 1
                if event.kind.startswith("ticket."):
                    self.known[event.id] = state_of(self.desk.tickets.get(event.id))
                elif event.kind == "message.created":
                    self.messages.add((event.ticket_id, event.id))
            self.cursor, more = answer.cursor, answer.more
        return answer.items

    def crash(self):
        """Ask and forget the answer, as a worker does that is killed before it stores the cursor."""
        self.desk.events(self.cursor)

    def check(self):
        assert self.known == {ticket.id: state_of(ticket) for ticket in self.desk.tickets.list()}
        assert self.messages == {(one.ticket_id, one.id) for key in self.known for one in self.desk.messages.list(key)}
        assert set(self.keys.values()) <= {1}, [key for key, times in self.keys.items() if times > 1]


def state_of(ticket):
    return ticket.status_label, ticket.subject, ticket.priority_label, ticket.group and ticket.group.name


class History:
    """The steps that a helpdesk and who follows it can take; the clock stands still between them."""

    def __init__(self, account):
        self.account, self.desk = account, account.desk
        self.follower = Follower(account)
        self.ids = []
        self.words = list(self.desk.capabilities.statuses)

    def step(self, name, number):
        act = getattr(self, name)
        if name not in ("create", "advance", "poll", "poll_by_one", "crash", "lag"):
            act(self.ids[number % len(self.ids)], number)
        else:
            act(number)

    def create(self, number):
        self.ids.append(new(self.desk, f"Lamp {number}").id)

    def close(self, ticket_id, _):
        self.desk.tickets.update(ticket_id, status=self.words[-1])

    def update(self, ticket_id, number):
        self.desk.tickets.update(ticket_id, status=self.words[number % len(self.words)], subject=f"Lamp {number % 3}")

    def note(self, ticket_id, number):
        self.desk.messages.note(ticket_id, f"Note {number}")

    def reply(self, ticket_id, number):
        self.desk.messages.reply(ticket_id, f"Answer {number}")

    def advance(self, number):
        self.account.clock.advance((0.3, 1, 5, 61, 300)[number % 5])

    def poll(self, _):
        self.follower.poll()

    def poll_by_one(self, _):
        self.follower.poll(limit=1)

    def crash(self, _):
        self.follower.crash()

    def lag(self, _):
        if self.account.simulator is not None:
            self.account.simulator.faults.inject(Fault.STALE_SEARCH(), on="tickets.list", times=1)


STEPS = ["create", "close", "update", "note", "reply", "advance", "poll", "poll_by_one", "crash", "lag"]


HISTORIES = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 60)), min_size=10, max_size=40)


def follow(vendor, steps):
    with opened(vendor) as account:
        history = History(account)
        history.create(0)
        for name, number in steps:
            history.step(name, number)
        if account.simulator is not None:
            account.simulator.faults.clear()
        history.follower.poll()
        history.follower.check()
        account.clock.advance(300)
        assert history.follower.poll(limit=1) == ()
        history.follower.check()


@pytest.mark.parametrize("vendor", VENDORS)
@settings(max_examples=2, deadline=None)
@given(HISTORIES)
@example([("poll", 0), ("update", 0), ("close", 0), ("poll", 0), ("update", 0), ("poll", 0), ("close", 0)])
@example([("poll", 0), ("note", 1), ("poll_by_one", 0), ("note", 2), ("advance", 4), ("create", 1), ("note", 3)])
@example([("create", 1), ("poll", 0), ("note", 1), ("advance", 4), ("poll_by_one", 0)])
def test_whoever_follows_a_random_history_knows_the_last_state_of_each_record_and_is_told_none_twice(vendor, steps):
    follow(vendor, steps)


@pytest.mark.slow
@pytest.mark.parametrize("vendor", VENDORS)
@settings(max_examples=100, deadline=None)
@given(HISTORIES)
def test_whoever_follows_many_random_histories_loses_nothing(vendor, steps):
    follow(vendor, steps)


def test_events_tell_what_changed_and_where_to_look(account):
    desk = account.desk
    old = new(desk)
    account.clock.advance(600)
    cursor = desk.events().cursor
    ticket = new(desk, "Chair")
    desk.tickets.update(old.id, status=list(desk.capabilities.statuses)[-1])
    (noted,) = desk.messages.note(ticket.id, "Refund is on its way").ids or [None]
    told = [(event.kind, event.id, event.ticket_id) for event in desk.events(cursor).items]
    assert ("ticket.created", ticket.id, None) in told
    assert ("ticket.updated", old.id, None) in told
    (opening, note) = (one.id for one in desk.messages.list(ticket.id))
    assert noted in (None, note)
    assert [one for one in told if one[0] == "message.created"] == [
        ("message.created", opening, ticket.id),
        ("message.created", note, ticket.id),
    ]
    assert told.index(("ticket.created", ticket.id, None)) < told.index(("message.created", opening, ticket.id))


def test_a_closing_after_the_creation_was_told_is_told_too(account):
    desk = account.desk
    cursor = desk.events().cursor
    ticket = new(desk)
    first = desk.events(cursor)
    desk.tickets.update(ticket.id, status=list(desk.capabilities.statuses)[-1])
    second = desk.events(first.cursor)
    assert [one.kind for one in first.items if one.id == ticket.id and "ticket" in one.kind] == ["ticket.created"]
    assert [one.kind for one in second.items if one.id == ticket.id and "ticket" in one.kind] == ["ticket.updated"]


def test_events_begin_a_minute_ago_or_at_a_time(account):
    desk = account.desk
    began = account.clock.wall()
    old = new(desk)
    account.clock.advance(600)
    recent = new(desk)
    tickets = lambda answer: [one.id for one in answer.items if one.kind == "ticket.created"]  # noqa: E731
    assert tickets(desk.events()) == [recent.id]
    assert tickets(desk.events(began - timedelta(seconds=1))) == [old.id, recent.id]
    assert desk.events(account.clock.wall() + timedelta(days=1)).items == ()


def test_a_quiet_desk_costs_one_call_a_time_and_its_cursor_stays_small():
    with opened("desk365") as account:
        cursor = account.desk.events().cursor
        for number in range(5):
            new(account.desk, f"Lamp {number}")
        for _ in range(3):
            cursor = account.desk.events(cursor).cursor
            account.clock.advance(60)
        before = account.desk.transport.stats.calls
        for _ in range(5):
            answer = account.desk.events(cursor)
            cursor = answer.cursor
            assert (answer.items, answer.more) == ((), False)
        assert account.desk.transport.stats.calls - before == 5
        assert len(cursor) < 150


def test_a_limit_lets_a_backlog_be_read_in_turns():
    with opened("deskie") as account:
        began = account.clock.wall()
        created = [new(account.desk, f"Lamp {number}").id for number in range(7)]
        account.clock.advance(300)
        calls, told, cursor, more = [], [], began, True
        while more:
            before = account.desk.transport.stats.calls
            answer = account.desk.events(cursor, limit=2)
            calls.append(account.desk.transport.stats.calls - before)
            told += answer.items
            cursor, more = answer.cursor, answer.more
        assert [one.id for one in told if one.kind == "ticket.created"] == created
        assert sorted(one.ticket_id for one in told if one.kind == "message.created") == created
        assert max(calls) <= 3  # a page, and two threads
        assert len(calls) == 4


@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_what_fails_in_mid_read_is_asked_for_again_by_the_same_cursor(vendor):
    with opened(vendor) as account:
        desk = account.desk
        cursor = desk.events().cursor
        desk.messages.note(new(desk).id, "Note")
        with (
            account.simulator.faults.inject(Fault.MALFORMED_JSON(), on="messages.list", times=None),
            pytest.raises(HelpdeskError),
        ):
            desk.events(cursor)
        told = [one.kind for one in desk.events(cursor).items]
    assert told == ["ticket.created", "message.created", "message.created"]


def test_a_cursor_can_be_stored_and_read_by_another_process(account):
    cursor = account.desk.events().cursor
    ticket = new(account.desk)
    assert json.loads(json.dumps(cursor)) == cursor
    desk = account.desk if account.simulator is None else account.reopen()
    assert ticket.id in {one.id for one in desk.events(cursor).items}


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "{}", "[]", "null", '{"v":1}', '{"v":true}', '{"v":0}', 5, b"", 1.5]
)
def test_what_is_no_cursor_is_refused(account, cursor):
    calls = account.simulator and len(account.simulator.requests)
    with pytest.raises((Invalid, WrongDesk)):
        account.desk.events(cursor)
    assert calls == (account.simulator and len(account.simulator.requests))


def test_a_damaged_cursor_is_refused_wherever_it_is_damaged(account):
    new(account.desk)
    whole = json.loads(account.desk.events().cursor)
    for name in set(whole) - {"v", "desk"}:
        for wrong in ("x", -(10**30), 1.5, [1], {"1": "x"}, {"1": [1, 2]}, {"1": ["a", "b", "c"]}, True):
            with pytest.raises(Invalid) as caught:
                account.desk.events(json.dumps({**whole, name: wrong}))
            assert caught.value.field == "cursor", (name, wrong)
        less = {key: value for key, value in whole.items() if key != name}
        with pytest.raises(Invalid):
            account.desk.events(json.dumps(less))


def test_a_cursor_of_another_desk_or_of_a_newer_version_says_so(account):
    with FakeHelpdesk() as other, pytest.raises(WrongDesk):
        account.desk.events(other.events().cursor)
    newer = {**json.loads(account.desk.events().cursor), "v": 2}
    with pytest.raises(Invalid, match="newer"):
        account.desk.events(json.dumps(newer))


def test_a_wrong_start_or_limit_is_refused(account):
    with pytest.raises(Invalid, match="time zone"):
        account.desk.events(datetime(2026, 1, 1))  # noqa: DTZ001 - the point
    for limit in (0, -1, True, "5", 1.5):
        with pytest.raises(Invalid) as caught:
            account.desk.events(limit=limit)
        assert caught.value.field == "limit"


def test_a_cursor_from_before_older_content_was_put_back_is_refused():
    with FakeHelpdesk() as desk:
        before = desk.snapshot()
        new(desk)
        cursor = desk.events().cursor
        desk.restore(before)
        with pytest.raises(Invalid, match="put back"):
            desk.events(cursor)


def test_a_message_is_told_although_the_one_before_it_was_removed(tmp_path):
    with open_desk({"vendor": "local", "path": str(tmp_path / "desk.db")}) as desk:
        stays, goes = new(desk), new(desk)
        cursor = desk.events().cursor
        desk.removal.ticket(goes.id)
        noted = desk.messages.note(stays.id, "Note")
        assert ("message.created", noted.ids[0]) in {(one.kind, one.id) for one in desk.events(cursor).items}


def test_polling_tells_what_a_desks_own_events_tell():
    clock = ManualClock(wall=datetime(2026, 1, 1, tzinfo=UTC))
    with FakeHelpdesk(clock=clock) as desk:
        polling = Polling(desk.tickets, desk.messages, clock, None)
        position, cursor = polling.begin(None), desk.events().cursor
        known = new(desk)
        clock.advance(1)
        desk.messages.note(known.id, MessageDraft(body="Note"))
        desk.tickets.update(known.id, status=Status.CLOSED)
        polled = [(one.kind, one.id) for one in polling.after(position, None).items]
        own = [(one.kind, one.id) for one in desk.events(cursor).items]
    assert polled == [one for one in own if not one[0].startswith("contact")]
    assert [kind for kind, _ in polled] == ["ticket.created", "message.created", "message.created"]


def test_a_ticket_that_is_gone_before_its_thread_is_read_is_told_without_it():
    clock = ManualClock()
    with FakeHelpdesk(clock=clock) as desk:
        known = new(desk)

        class Gone:
            def list(self, ticket_id, *, resolve):
                return desk.messages.list("none", resolve=resolve)

        polling = Polling(desk.tickets, Gone(), clock, None)
        (event,) = polling.after(polling.begin(clock.wall() - timedelta(hours=1)), None).items
    assert (event.kind, event.id) == ("ticket.created", known.id)
