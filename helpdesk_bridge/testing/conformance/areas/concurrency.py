"""One desk, shared by eight threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import contact_draft, is_customer, make, seen, text
from helpdesk_bridge.testing.conformance.selection import needs

THREADS: Final = 8
_EACH: Final = 3


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
            assert [seen(one.body.text) for one in thread] == [f"Opening of {name}", f"Note of {name}"]
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
        return [one.id for one in helpdesk.tickets.list()], [one.id for one in helpdesk.contacts.list()]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(work, range(THREADS)))
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0][0]) == 5  # noqa: PLR2004 - those above
