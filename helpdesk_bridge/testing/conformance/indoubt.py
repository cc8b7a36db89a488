"""Writes whose outcome is unknown, and reads that are disturbed: with the desk's fault switch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from helpdesk_bridge.errors import HelpdeskError, InDoubt
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.query import TicketQuery
from helpdesk_bridge.testing.conformance.fixtures import FaultSwitch, SuiteFixtures, skip_without
from helpdesk_bridge.testing.conformance.making import contact_draft, customer, draft, make, seen, text

LOST: Final = ("response_lost", "truncated", "malformed_json", "empty")
"""The vendor did it, and the answer cannot be read."""
UNCLEAR: Final = ("connection_reset", "server_error", "html_page")
"""Whether the vendor did it cannot be told."""
WRITES: Final = ("tickets.create", "contacts.create", "messages.reply", "messages.note", "messages.add_from_contact")
READS: Final = ("tickets.list", "tickets.get", "messages.list", "contacts.list", "contacts.get", "contacts.find")


class _Scene:
    """A ticket, the operation under test, and how many records it has made."""

    def __init__(self, desk: Helpdesk, operation: str) -> None:
        self.desk, self.operation = desk, operation
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

    def made(self) -> int:
        if self.operation == "tickets.create":
            return sum(seen(one.subject) == "Once" for one in self.desk.tickets.list(TicketQuery(subject="Once")))
        if self.operation == "contacts.create":
            return len(list(self.desk.contacts.list()))
        assert self.ticket is not None
        return sum(seen(one.body.text) == "Once" for one in self.desk.messages.list(self.ticket.id))

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


class InDoubtTests(SuiteFixtures):
    """No write is ever repeated blindly; every read is repeated until it is told."""

    @pytest.mark.parametrize("operation", WRITES)
    @pytest.mark.parametrize("kind", [*LOST, *UNCLEAR])
    def test_a_write_whose_outcome_is_unknown_is_in_doubt_and_not_sent_again(
        self, helpdesk: Helpdesk, faults: FaultSwitch | None, calls: Callable[[], int], kind: str, operation: str
    ) -> None:
        """Such a write raises ``InDoubt``, and the record is there at most once."""
        skip_without(helpdesk, operation)
        scene = self._scene(helpdesk, faults, calls, operation)
        assert faults is not None
        faults.inject(kind, on=operation, times=1)
        with pytest.raises(InDoubt) as caught:
            scene.write()
        assert caught.value.settle_seconds >= 0
        assert caught.value.operation
        if operation != "tickets.create" or "tickets.list" in helpdesk.capabilities.operations:
            self._assert_once(helpdesk, scene, kind, operation)

    @staticmethod
    def _scene(desk: Helpdesk, faults: FaultSwitch | None, calls: Callable[[], int], operation: str) -> _Scene:
        if faults is None:
            pytest.skip("the fixture `faults` is not given")
        scene = _Scene(desk, operation)
        if operation in WRITES:
            trial = _Scene(desk, operation) if operation.startswith("messages") else scene
            if operation.startswith("messages"):
                before = calls()
                trial.write()
                if calls() == before:
                    pytest.skip("this operation sends nothing")
                return _Scene(desk, operation)
            before = calls()
            if operation == "contacts.create":
                desk.contacts.create(contact_draft(desk, "trial"))
            else:
                make(desk, "trial")
            if calls() == before:
                pytest.skip("this operation sends nothing")
        return scene

    @staticmethod
    def _assert_once(desk: Helpdesk, scene: _Scene, kind: str, operation: str) -> None:
        before = {"contacts.create": 1}.get(operation, 0)
        made = scene.made() - before
        assert made <= 1, f"{operation} was sent {made} times"
        if kind in LOST and _read_from_vendor(desk):
            assert made == 1, "the vendor did it, and it is not there"

    def test_a_write_that_was_refused_for_now_is_sent_once_more(
        self, helpdesk: Helpdesk, faults: FaultSwitch | None
    ) -> None:
        """A limit's refusal is definite: the create waits, goes out again and makes one ticket."""
        skip_without(helpdesk, "tickets.create", "tickets.list")
        if faults is None:
            pytest.skip("the fixture `faults` is not given")
        faults.inject("rate_limited", on="tickets.create", times=2)
        made = helpdesk.tickets.create(draft(helpdesk, "cem", subject="Once"))
        assert [one.id for one in helpdesk.tickets.list()] == [made.id]

    @pytest.mark.parametrize("operation", READS)
    @pytest.mark.parametrize("kind", ["rate_limited", "server_error", "connection_reset", "response_lost", "html_page"])
    def test_a_read_that_was_disturbed_is_repeated(
        self, helpdesk: Helpdesk, faults: FaultSwitch | None, calls: Callable[[], int], kind: str, operation: str
    ) -> None:
        """One disturbance on the way, and the read succeeds all the same."""
        skip_without(helpdesk, operation, "tickets.create")
        if faults is None:
            pytest.skip("the fixture `faults` is not given")
        scene = _Scene(helpdesk, operation)
        before = calls()
        calm = scene.read()
        if calls() == before:
            pytest.skip("this operation sends nothing")
        faults.inject(kind, on=operation, times=1)
        disturbed = scene.read()
        assert disturbed == calm

    @pytest.mark.parametrize("operation", READS)
    @pytest.mark.parametrize("kind", [*LOST, *UNCLEAR, "rate_limited"])
    def test_a_vendor_that_stays_broken_gives_a_typed_error(
        self, helpdesk: Helpdesk, faults: FaultSwitch | None, calls: Callable[[], int], kind: str, operation: str
    ) -> None:
        """Nothing of requests, json or cattrs escapes: the caller gets a ``HelpdeskError`` that says where."""
        skip_without(helpdesk, operation, "tickets.create")
        if faults is None:
            pytest.skip("the fixture `faults` is not given")
        scene = _Scene(helpdesk, operation)
        before = calls()
        scene.read()
        if calls() == before:
            pytest.skip("this operation sends nothing")
        faults.inject(kind, on=operation, times=12)
        try:
            scene.read()
        except HelpdeskError as error:
            assert error.operation  # noqa: PT017 - it may also succeed, after waiting
            assert error.desk == helpdesk.name  # noqa: PT017 - it may also succeed, after waiting

    def test_a_key_finds_what_the_lost_answer_had_made(self, helpdesk: Helpdesk, faults: FaultSwitch | None) -> None:
        """After ``InDoubt`` the same call with the same key adopts the ticket instead of making a second."""
        skip_without(helpdesk, "tickets.create", "tickets.list")
        if faults is None:
            pytest.skip("the fixture `faults` is not given")
        if "tickets.create" not in helpdesk.capabilities.idempotency:
            pytest.skip("this desk has no place for a key on tickets.create")
        faults.inject("response_lost", on="tickets.create", times=1)
        with pytest.raises(InDoubt):
            helpdesk.tickets.create(draft(helpdesk, "cem"), idempotency_key="order-1")
        adopted = helpdesk.tickets.create(draft(helpdesk, "cem"), idempotency_key="order-1")
        assert [one.id for one in helpdesk.tickets.list()] == [adopted.id]


def _read_from_vendor(desk: Helpdesk) -> bool:
    """Whether a read shows what the vendor has; a desk that keeps what it sent itself cannot tell."""
    return not desk.webhooks
