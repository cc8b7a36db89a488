"""Aliases: an application's own names for groups, tags, statuses, agents and custom fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from helpdesk_bridge.model.drafts import TicketChange
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.values import Status
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import make
from helpdesk_bridge.testing.conformance.selection import each, needs
from helpdesk_bridge.testing.conformance.vocabulary import Vocabulary

Reopen = Callable[..., Helpdesk]


@needs("tickets.create", "tickets.get", "tickets.list", "tickets.create:{field}", "fixture:reopen")
@each("field", ["group", "tags", "custom_fields"])
def test_an_alias_is_written_read_and_asked_for(
    helpdesk: Helpdesk, vocabulary: Vocabulary, reopen: Reopen, field: str
) -> None:
    """A group, a tag and a custom field by the application's own name."""
    kind = {"group": "groups"}.get(field, field)
    names = list(getattr(vocabulary, kind))
    if not names:
        pytest.skip(f"the fixture `vocabulary` knows no {kind}")
    desk = reopen(**{kind: {"our_name": names[0]}})
    value = vocabulary.custom_fields[names[0]][0] if kind == "custom_fields" else None
    words: dict[str, Any] = {"groups": "our_name", "tags": ("our_name",), "custom_fields": {"our_name": value}}
    theirs: dict[str, Any] = {"groups": names[0], "tags": (names[0],), "custom_fields": {names[0]: value}}
    ticket = desk.tickets.get(make(desk, **{field: words[kind]}).id)
    shown = {
        "groups": ticket.group.name if ticket.group else None,
        "tags": ticket.tags,
        "custom_fields": {name: one for name, one in ticket.custom_fields.items() if name == "our_name"},
    }
    assert shown[kind] == words[kind]
    for asked in (words[kind], theirs[kind]):
        wanted: Any = set(asked) if kind == "tags" else asked
        assert [one.id for one in desk.tickets.list(TicketQuery(**{kind: wanted}))] == [ticket.id]
    plain = helpdesk.tickets.get(ticket.id)
    assert (plain.group.name if plain.group else None) != "our_name"


@needs("tickets.create", "tickets.update", "tickets.update:status", "tickets.list", "fixture:reopen")
def test_an_alias_of_a_status_is_its_label(helpdesk: Helpdesk, reopen: Reopen) -> None:
    """A status by the application's own word: read as ``status_label``, written and asked for."""
    status, word = list(helpdesk.capabilities.statuses.items())[-1]
    desk = reopen(statuses={"our_word": word})
    ticket = make(desk)
    changed = desk.tickets.update(ticket.id, TicketChange(status="our_word"))
    assert (changed.status, changed.status_label) == (status, "our_word")
    for asked in ("our_word", word, status):
        assert [one.id for one in desk.tickets.list(TicketQuery(statuses=asked))] == [ticket.id]
    assert helpdesk.tickets.get(ticket.id).status is status


@needs("tickets.create", "tickets.create:assignee", "tickets.list", "fixture:reopen")
def test_an_alias_of_an_agent_is_written_and_asked_for(vocabulary: Vocabulary, reopen: Reopen) -> None:
    """An agent by the application's own name."""
    if not vocabulary.agents:
        pytest.skip("the fixture `vocabulary` knows no agents")
    desk = reopen(agents={"first_line": vocabulary.agents[0]})
    ticket = desk.tickets.get(make(desk, assignee="first_line").id)
    assert ticket.assignee is not None
    assert vocabulary.agents[0] in (ticket.assignee.email, ticket.assignee.id)
    assert [one.id for one in desk.tickets.list(TicketQuery(assignee="first_line"))] == [ticket.id]


@needs("tickets.create", "tickets.get", "tickets.update", "tickets.update:status", "fixture:reopen")
def test_a_second_desk_sees_what_the_first_wrote(helpdesk: Helpdesk, reopen: Reopen) -> None:
    """What one desk wrote another desk of the account reads, changes included."""
    desk = reopen()
    ticket = make(helpdesk)
    assert desk.tickets.get(ticket.ref).id == ticket.id
    last = list(helpdesk.capabilities.statuses)[-1]
    assert isinstance(last, Status)
    desk.tickets.update(ticket.id, TicketChange(status=last))
    assert helpdesk.tickets.get(ticket.id).status is last
