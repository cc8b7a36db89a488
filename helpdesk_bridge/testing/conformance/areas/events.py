"""Events by polling, where a desk has them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import make, now_at, text
from helpdesk_bridge.testing.conformance.selection import needs


@needs("events", "tickets.create", "messages.note")
def test_what_happened_is_told_once_by_id(helpdesk: Helpdesk) -> None:
    """A new ticket and a new message are events that name their records; later ones start where asked."""
    before = now_at(helpdesk) - timedelta(seconds=1)
    ticket = make(helpdesk)
    sent = helpdesk.messages.note(ticket.id, text("News"))
    found = list(helpdesk.events(before))
    told = [(one.kind.partition(".")[0], one.id) for one in found]
    assert told.count(("ticket", ticket.id)) == 1
    assert all(told.count(("message", message_id)) == 1 for message_id in sent.ids)
    assert list(helpdesk.events(now_at(helpdesk) + timedelta(days=1))) == []


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
