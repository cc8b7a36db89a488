"""The desk as a whole: what it says of itself, its events, threads that share it, and how it is closed."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Final

import pytest

from helpdesk_bridge.adapter import Severity
from helpdesk_bridge.errors import HelpdeskError, Invalid, WrongDesk
from helpdesk_bridge.model.drafts import TicketChange
from helpdesk_bridge.portable.value import Portable
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import contact_draft, is_customer, make, now_at, seen, text
from helpdesk_bridge.testing.conformance.fixtures import nothing_sent
from helpdesk_bridge.testing.conformance.leaks import left_open
from helpdesk_bridge.testing.conformance.selection import needs

THREADS: Final = 8
_EACH: Final = 3


def test_check_finds_no_problem(helpdesk: Helpdesk) -> None:
    """A desk that works has no finding of severity PROBLEM, and each finding has a subject and details."""
    findings = helpdesk.check()
    assert [finding for finding in findings if finding.severity is Severity.PROBLEM] == []
    assert all(finding.subject and finding.detail for finding in findings)


@needs("tickets.create", "tickets.get")
def test_refresh_forgets_and_everything_works_on(helpdesk: Helpdesk) -> None:
    """After ``refresh`` the directory reads its lists again, and records are the same."""
    ticket = helpdesk.tickets.get(make(helpdesk).id)
    helpdesk.refresh()
    assert helpdesk.tickets.get(ticket.id) == ticket


@needs("tickets.create", "tickets.get")
def test_reference_lists_are_asked_once(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """Reading the same ticket again costs no more than the first time: lists are kept, tickets are not."""
    ticket_id = make(helpdesk).id
    costs = []
    for _ in range(3):
        before = calls()
        helpdesk.tickets.get(ticket_id)
        costs.append(calls() - before)
    assert costs[1] == costs[2] <= costs[0]


def test_the_desk_says_what_it_is(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """Name, vendor, title, account, capabilities, limits and budget cost no request."""
    with nothing_sent(calls):
        assert helpdesk.name
        assert helpdesk.vendor
        assert helpdesk.title
        assert helpdesk.account
        assert helpdesk.capabilities.missing() == ()
        assert (helpdesk.rate_limit is None) == (helpdesk.budget is None)


@needs("tickets.create", "tickets.get", "messages.list", "fixture:reopen")
def test_records_travel(reopen: Callable[..., Helpdesk]) -> None:
    """Tickets, contacts and messages come back from JSON as they were, with the vendor's own document."""
    helpdesk = reopen(keep_raw=True)
    ticket = helpdesk.tickets.get(make(helpdesk).id)
    records: list[Portable] = [ticket, *helpdesk.messages.list(ticket.id)]
    if helpdesk.capabilities.supports("contacts.list"):
        records += helpdesk.contacts.list(limit=1)
    for record in records:
        document = json.loads(json.dumps(record.to_dict()))
        read = type(record).from_dict(document)
        assert read == record
        assert read.to_dict() == document


@needs("events", "tickets.create", "messages.note")
def test_what_happened_is_told_once_by_id(helpdesk: Helpdesk) -> None:
    """A new ticket and a new message are events that name their records; the next cursor does not tell them again."""
    cursor = helpdesk.events().cursor
    ticket = make(helpdesk)
    sent = helpdesk.messages.note(ticket.id, text("News"))
    answer = helpdesk.events(cursor)
    told = [(one.kind, one.id) for one in answer.items]
    assert told.count(("ticket.created", ticket.id)) == 1
    assert all(told.count(("message.created", message_id)) == 1 for message_id in sent.ids)
    keys = {one.key for one in answer.items}
    assert len(keys) == len(answer.items)
    assert not keys & {one.key for one in helpdesk.events(answer.cursor).items}, "an event was told twice"
    assert helpdesk.events(now_at(helpdesk) + timedelta(days=1)).items == ()


@needs("events", "tickets.create", "tickets.update")
def test_the_last_state_of_a_ticket_is_told_although_its_creation_was(helpdesk: Helpdesk) -> None:
    """A change in the second of the creation is told, and so is the change after it."""
    if "status" not in helpdesk.capabilities.ticket_update or not helpdesk.capabilities.statuses:
        pytest.skip("this desk changes no status")
    answer = helpdesk.events()
    ticket = make(helpdesk)
    keys = []
    for status in (None, *helpdesk.capabilities.statuses):
        if status is not None and status is not helpdesk.tickets.get(ticket.id).status:
            helpdesk.tickets.update(ticket.id, TicketChange(status=status))
        elif status is not None:
            continue
        answer = helpdesk.events(answer.cursor)
        (key,) = (one.key for one in answer.items if one.id == ticket.id and one.kind.startswith("ticket."))
        keys.append(key)
    assert len(set(keys)) == len(keys)
    assert keys[0][0] == "ticket.created"


@needs("events")
def test_a_cursor_that_is_none_of_its_events_is_refused(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """A text that is no cursor raises ``Invalid``, another desk's ``WrongDesk``; nothing is sent."""
    cursor = helpdesk.events().cursor
    other = cursor.replace(cursor.partition('"desk":"')[2][:4], "0000", 1)
    with nothing_sent(calls):
        for wrong in ("", "nonsense", "{}", "[]", cursor[:-2]):
            with pytest.raises(Invalid):
                helpdesk.events(wrong)
        with pytest.raises(WrongDesk):
            helpdesk.events(other)


@needs("tickets.create")
def test_a_subscription_ends(helpdesk: Helpdesk) -> None:
    """What ``subscribe`` returns ends it."""
    heard: list[Any] = []
    end = helpdesk.subscribe(heard.append)
    make(helpdesk, "ann")
    end()
    before = len(heard)
    make(helpdesk, "bob")
    assert len(heard) == before


@needs("tickets.create", "tickets.get", "tickets.list", "messages.list", "messages.note")
def test_eight_threads_write_and_read_without_mixing_up(helpdesk: Helpdesk) -> None:
    """Each thread gets its own tickets and messages back, and none is lost or written twice."""

    def work(worker: int) -> list[str]:
        made = []
        for number in range(_EACH):
            name = f"t{worker}n{number}"
            ticket = make(helpdesk, name)
            helpdesk.messages.note(ticket.id, text(f"Note of {name}"))
            found = helpdesk.tickets.get(ticket.id)
            assert seen(found.subject) == f"About {name}"
            assert is_customer(found.requester, helpdesk, name)
            thread = list(helpdesk.messages.list(ticket.id))
            assert [seen(message.body.text) for message in thread] == [f"Opening of {name}", f"Note of {name}"]
            made.append(ticket.id)
        return made

    with ThreadPoolExecutor(THREADS) as pool:
        created = [ticket_id for made in pool.map(work, range(THREADS)) for ticket_id in made]
    assert sorted(one.id for one in helpdesk.tickets.list()) == sorted(created)
    assert len(set(created)) == THREADS * _EACH


@needs("tickets.create", "tickets.list", "contacts.create", "contacts.list")
def test_eight_threads_read_the_same_list(helpdesk: Helpdesk) -> None:
    """Each thread reads with a listing of its own, and all see the same."""
    for number in range(5):
        make(helpdesk, f"c{number}")
    helpdesk.contacts.create(contact_draft(helpdesk, "zoe"))

    def work(_: int) -> tuple[list[str], list[str]]:
        return [ticket.id for ticket in helpdesk.tickets.list()], [contact.id for contact in helpdesk.contacts.list()]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(work, range(THREADS)))
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0][0]) == 5  # noqa: PLR2004 - those above


def test_opening_a_desk_sends_nothing(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """No I/O happens before the first call."""
    assert calls() == 0
    with nothing_sent(calls):
        assert helpdesk.capabilities.vendor


@needs("tickets.create", "tickets.list")
def test_closing_leaves_no_socket_and_no_thread(helpdesk: Helpdesk) -> None:
    """After ``close`` everything that the desk opened is given back."""
    with left_open() as left:
        make(helpdesk)
        list(helpdesk.tickets.list())
        helpdesk.close()
    open_still = left()
    assert not open_still, (
        f"open after close(): {', '.join(open_still)}; Adapter.close() has to close its transport (Stack.close "
        "does) and end its threads"
    )


def test_closing_twice_is_harmless(helpdesk: Helpdesk) -> None:
    """``close`` may be called again, before any use and after."""
    helpdesk.close()
    helpdesk.close()


@needs("tickets.create", "tickets.get")
def test_a_closed_desk_says_so(helpdesk: Helpdesk) -> None:
    """A call after ``close`` raises ``HelpdeskError``."""
    ticket = make(helpdesk)
    helpdesk.close()
    with pytest.raises(HelpdeskError):
        helpdesk.tickets.get(ticket.id)
