"""Notes that are written once for a key, and events of desks that call nobody."""

from datetime import timedelta

import pytest
from conformance.accounts import IN_PROCESS, simulated

from helpdesk_bridge import MessageDraft, TicketChange, TicketDraft
from helpdesk_bridge.desk.polling import Polling
from helpdesk_bridge.errors import InDoubt, Unsupported
from helpdesk_bridge.model.values import Visibility
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.fake import FakeHelpdesk
from helpdesk_bridge.testing.faults import Fault

NEWS = MessageDraft(body="Refund is on its way")


@pytest.fixture(params=["deskie", "desk365"])
def account(request):
    with simulated(request.param, IN_PROCESS, settings={"rate_limit": 100_000}) as opened:
        yield opened


def ticket(desk, subject="Lamp"):
    return desk.tickets.create(TicketDraft(subject=subject, description="It is broken", requester="ann@example.com"))


def notes(desk, ticket_id):
    return [one for one in desk.messages.list(ticket_id) if one.visibility is Visibility.INTERNAL]


def test_a_note_whose_answer_was_lost_is_found_by_its_key_and_not_written_again(account):
    desk = account.desk
    known = ticket(desk)
    with account.simulator.faults.inject(Fault.RESPONSE_LOST(), on="messages.note"), pytest.raises(InDoubt) as caught:
        desk.messages.note(known.id, NEWS, idempotency_key="refund-7")
    assert caught.value.marker == "refund-7"
    found = desk.messages.note(known.id, NEWS, idempotency_key="refund-7")
    (written,) = notes(desk, known.id)
    assert found.ids == (written.id,)
    assert written.body.text.startswith("Refund is on its way")
    assert "refund-7" not in written.body.text


def test_another_key_another_ticket_or_no_key_writes_another_note(account):
    desk = account.desk
    first, second = ticket(desk), ticket(desk, "Chair")
    for known, key in ((first, "a"), (first, "b"), (first, None), (first, None), (second, "a"), (first, "a")):
        desk.messages.note(known.id, NEWS, idempotency_key=key)
    assert len(notes(desk, first.id)) == 4
    assert len(notes(desk, second.id)) == 1


def test_a_reply_has_no_place_for_a_key_that_the_customer_does_not_see(account):
    desk = account.desk
    known = ticket(desk)
    before = len(account.simulator.requests)
    with pytest.raises(Unsupported) as caught:
        desk.messages.reply(known.id, NEWS, idempotency_key="a")
    assert caught.value.capability == "idempotency:messages.reply"
    assert len(account.simulator.requests) == before


def test_events_tell_what_changed_and_where_to_look(account):
    desk = account.desk
    old = ticket(desk)
    account.clock.advance(600)
    since = account.clock.wall()
    account.clock.advance(60)
    new = ticket(desk, "Chair")
    desk.tickets.update(old.id, TicketChange(status="Closed" if account.table["vendor"] == "desk365" else "closed"))
    desk.messages.note(new.id, NEWS)
    (noted,) = (one.id for one in notes(desk, new.id))
    told = {(event.kind, event.id, event.ticket_id) for event in desk.events(since)}
    assert ("ticket.created", new.id, None) in told
    assert ("ticket.updated", old.id, None) in told
    assert ("message.created", noted, new.id) in told
    assert not any(kind == "message.created" and where == old.id for kind, _, where in told)
    assert list(desk.events(account.clock.wall() + timedelta(hours=1))) == []


def test_polling_a_desk_tells_what_its_own_events_tell():
    clock = ManualClock()
    with FakeHelpdesk(clock=clock) as desk:
        since = clock.wall()
        known = ticket(desk)
        clock.advance(1)
        desk.messages.note(known.id, NEWS)
        desk.tickets.update(known.id, TicketChange(subject="Lamps"))
        polled = {(event.kind, event.id) for event in Polling(desk.tickets, desk.messages).since(since)}
        own = {(event.kind, event.id) for event in desk.events(since)}
    assert polled == {one for one in own if not one[0].startswith("contact")}
    assert [kind for kind, _ in sorted(polled)] == ["message.created", "message.created", "ticket.created"]


def test_a_ticket_that_is_gone_before_its_thread_is_read_is_told_without_it():
    clock = ManualClock()
    with FakeHelpdesk(clock=clock) as desk:
        known = ticket(desk)

        class Gone:
            def list(self, ticket_id, *, resolve):
                return desk.messages.list("none", resolve=resolve)

        (event,) = Polling(desk.tickets, Gone()).since(clock.wall() - timedelta(hours=1))
    assert (event.kind, event.id) == ("ticket.created", known.id)
