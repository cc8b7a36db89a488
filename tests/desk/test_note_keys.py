"""Notes that are written once for a key."""

import pytest
from conformance.accounts import IN_PROCESS, simulated

from helpdesk_bridge import MessageDraft, TicketDraft
from helpdesk_bridge.errors import InDoubt, Unsupported
from helpdesk_bridge.model.values import Visibility
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
