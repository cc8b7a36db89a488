"""Faults on the way: no write is repeated blindly, every read is repeated. Needs the fixture ``faults``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from helpdesk_bridge.errors import HelpdeskError, InDoubt
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import contact_draft, customer, draft, make, seen, text
from helpdesk_bridge.testing.conformance.fixtures import FaultSwitch
from helpdesk_bridge.testing.conformance.selection import each, needs

LOST: Final = ("response_lost", "truncated", "malformed_json", "empty")
"""The vendor did it, and the answer cannot be read."""
UNCLEAR: Final = ("connection_reset", "server_error", "html_page")
"""Whether the vendor did it cannot be told."""
WRITES: Final = ("tickets.create", "contacts.create", "messages.reply", "messages.note", "messages.add_from_contact")
READS: Final = ("tickets.list", "tickets.get", "messages.list", "contacts.list", "contacts.get", "contacts.find")
_SENDS_NOTHING: Final = "this operation sends nothing; name those that do in `sends` of the class"


class _Scene:
    """A ticket, the operation under test, and how many records it has made."""

    def __init__(self, desk: Helpdesk, operation: str) -> None:
        self.desk, self.operation = desk, operation
        self.there = len(list(desk.contacts.list())) if operation == "contacts.create" else 0
        self.ticket = None if operation in ("tickets.create", "contacts.create") else make(desk, "ann")

    def write(self) -> Any:
        desk = self.desk
        if self.operation == "tickets.create":
            return desk.tickets.create(draft(desk, "cem", subject="Once"))
        if self.operation == "contacts.create":
            return desk.contacts.create(contact_draft(desk, "cem"))
        assert self.ticket is not None
        more = (customer(desk, "ann"),) if self.operation == "messages.add_from_contact" else ()
        return getattr(desk.messages, self.operation.partition(".")[2])(self.ticket.id, text("Once"), *more)

    def sent(self, calls: Callable[[], int]) -> None:
        before = calls()
        self.write()
        if calls() == before:
            pytest.skip(_SENDS_NOTHING)

    def made(self) -> int:
        if self.operation == "tickets.create":
            return sum(seen(ticket.subject) == "Once" for ticket in self.desk.tickets.list(TicketQuery(subject="Once")))
        if self.operation == "contacts.create":
            return len(list(self.desk.contacts.list())) - self.there
        assert self.ticket is not None
        return sum(seen(message.body.text) == "Once" for message in self.desk.messages.list(self.ticket.id))

    def read(self) -> Any:
        desk, area, verb = self.desk, *self.operation.split(".")
        assert self.ticket is not None
        assert self.ticket.requester is not None
        if self.operation == "contacts.find":
            return desk.contacts.find(
                **({"email": customer(desk)} if "@" in customer(desk) else {"phone": customer(desk)})
            )
        if verb == "get":
            record = self.ticket.id if area == "tickets" else self.ticket.requester.id
            return getattr(desk, area).get(record)
        return list(getattr(desk, area).list(*((self.ticket.id,) if area == "messages" else ())))


def test_an_operation_that_is_not_said_to_send_sends_nothing(
    request: pytest.FixtureRequest, helpdesk: Helpdesk, calls: Callable[[], int]
) -> None:
    """If the class names the operations that send, the others send nothing: they meet no fault."""
    sends = getattr(request.cls, "sends", None)
    said = (*WRITES, *READS) if sends is None else sends
    silent = [one for one in (*WRITES, *READS) if one not in said and helpdesk.capabilities.supports(one)]
    for operation in silent if getattr(helpdesk, "transport", None) is not None else ():
        scene, before = _Scene(helpdesk, operation), calls()
        (scene.write if operation in WRITES else scene.read)()
        assert calls() == before, f"{operation} sends, and is not in `sends`"


@needs("{operation}", "sends:{operation}", "fixture:faults")
@each("operation", WRITES)
@pytest.mark.parametrize("kind", [*LOST, *UNCLEAR])
def test_a_write_whose_outcome_is_unknown_is_in_doubt_and_not_sent_again(
    helpdesk: Helpdesk, faults: FaultSwitch, calls: Callable[[], int], kind: str, operation: str
) -> None:
    """Such a write raises ``InDoubt``, and the record is there at most once."""
    scene = _Scene(helpdesk, operation)
    faults.inject(kind, on=operation, times=1)
    with pytest.raises(InDoubt) as caught:
        scene.sent(calls)
    assert caught.value.settle_seconds >= 0
    assert caught.value.operation
    if operation != "tickets.create" or "tickets.list" in helpdesk.capabilities.operations:
        _assert_once(helpdesk, scene, kind, operation)


def _assert_once(desk: Helpdesk, scene: _Scene, kind: str, operation: str) -> None:
    made = scene.made()
    assert made <= 1, f"{operation} was sent {made} times"
    if kind in LOST and _read_from_vendor(desk):
        assert made == 1, "the vendor carried the call out, and its record is missing"


@needs("tickets.create", "tickets.list", "sends:tickets.create", "fixture:faults")
def test_a_write_that_was_refused_for_now_is_sent_once_more(helpdesk: Helpdesk, faults: FaultSwitch) -> None:
    """A refusal by the rate limit is definite: the create waits, is sent again and makes one ticket."""
    faults.inject("rate_limited", on="tickets.create", times=2)
    made = helpdesk.tickets.create(draft(helpdesk, "cem", subject="Once"))
    assert [ticket.id for ticket in helpdesk.tickets.list()] == [made.id]


@needs("{operation}", "tickets.create", "sends:{operation}", "fixture:faults")
@each("operation", READS)
@pytest.mark.parametrize("kind", ["rate_limited", "server_error", "connection_reset", "response_lost", "html_page"])
def test_a_read_that_was_disturbed_is_repeated(
    helpdesk: Helpdesk, faults: FaultSwitch, calls: Callable[[], int], kind: str, operation: str
) -> None:
    """A read succeeds in spite of one fault on the way."""
    scene = _Scene(helpdesk, operation)
    before = calls()
    calm = scene.read()
    if calls() == before:
        pytest.skip(_SENDS_NOTHING)
    faults.inject(kind, on=operation, times=1)
    disturbed = scene.read()
    assert disturbed == calm


@needs("{operation}", "tickets.create", "sends:{operation}", "fixture:faults")
@each("operation", READS)
@pytest.mark.parametrize("kind", [*LOST, *UNCLEAR, "rate_limited"])
def test_a_vendor_that_stays_broken_gives_a_typed_error(
    helpdesk: Helpdesk, faults: FaultSwitch, calls: Callable[[], int], kind: str, operation: str
) -> None:
    """Nothing of requests, json or cattrs escapes: the caller gets a ``HelpdeskError`` that says where."""
    scene = _Scene(helpdesk, operation)
    before = calls()
    scene.read()
    if calls() == before:
        pytest.skip(_SENDS_NOTHING)
    faults.inject(kind, on=operation, times=12)
    try:
        scene.read()
    except HelpdeskError as error:
        assert error.operation  # noqa: PT017 - it may also succeed, after waiting
        assert error.desk == helpdesk.name  # noqa: PT017 - it may also succeed, after waiting


@needs("tickets.create", "tickets.list", "sends:tickets.create", "fixture:faults", "key:tickets.create")
def test_a_key_finds_what_the_lost_answer_had_made(helpdesk: Helpdesk, faults: FaultSwitch) -> None:
    """After ``InDoubt`` the same call with the same key adopts the ticket instead of creating a second."""
    faults.inject("response_lost", on="tickets.create", times=1)
    with pytest.raises(InDoubt):
        helpdesk.tickets.create(draft(helpdesk, "cem"), idempotency_key="order-1")
    adopted = helpdesk.tickets.create(draft(helpdesk, "cem"), idempotency_key="order-1")
    assert [ticket.id for ticket in helpdesk.tickets.list()] == [adopted.id]


def _read_from_vendor(desk: Helpdesk) -> bool:
    """Whether a read shows the vendor's records; a desk that keeps its own copy of what it sent cannot show them."""
    return not desk.webhooks
