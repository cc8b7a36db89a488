"""The names that an application stores or chooses: refs, and aliases of groups, tags, statuses, agents and fields."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from helpdesk_bridge.errors import WrongDesk
from helpdesk_bridge.model.drafts import ContactChange, TicketChange
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.refs import format_ref, parse_ref
from helpdesk_bridge.model.values import Status
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import contact_draft, make, text
from helpdesk_bridge.testing.conformance.fixtures import nothing_sent
from helpdesk_bridge.testing.conformance.selection import each, needs
from helpdesk_bridge.testing.conformance.vocabulary import Vocabulary

Reopen = Callable[..., Helpdesk]


@needs("tickets.create", "contacts.create")
def test_a_ref_names_vendor_account_kind_and_id(helpdesk: Helpdesk) -> None:
    """A ref is parsed into its parts and formats back to the same text."""
    records: dict[str, Ticket | Contact] = {
        "ticket": make(helpdesk),
        "contact": helpdesk.contacts.create(contact_draft(helpdesk, "bob")),
    }
    for kind, record in records.items():
        ref = parse_ref(record.ref)
        assert (ref.vendor, ref.account, ref.kind, ref.id) == (helpdesk.vendor, helpdesk.account, kind, record.id)
        assert str(ref) == record.ref


@needs("tickets.create", "tickets.get", "messages.list", "messages.note", "contacts.get")
def test_a_ref_does_wherever_an_id_does(helpdesk: Helpdesk) -> None:
    """Reading, changing and answering take a ref."""
    ticket = make(helpdesk)
    assert helpdesk.tickets.get(ticket.ref).id == ticket.id
    helpdesk.messages.note(ticket.ref, text("By ref"))
    assert len(list(helpdesk.messages.list(ticket.ref))) == 2  # noqa: PLR2004 - the opening and the note
    if "status" in helpdesk.capabilities.ticket_update:
        status = next(iter(helpdesk.capabilities.statuses))
        assert helpdesk.tickets.update(ticket.ref, TicketChange(status=status)).id == ticket.id
    contact = helpdesk.contacts.create(contact_draft(helpdesk, "bob"))
    assert helpdesk.contacts.get(contact.ref) == helpdesk.contacts.get(contact.id)


@needs("tickets.create", "tickets.get", "tickets.update", "messages.list", "messages.reply")
def test_a_foreign_ref_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """A ref of another account, vendor or kind raises ``WrongDesk``: its number could be another customer's ticket here."""
    own, account, vendor = make(helpdesk).id, helpdesk.account, helpdesk.vendor
    strangers = (
        format_ref(vendor, f"{account}x", "ticket", own),
        format_ref("another", account, "ticket", own),
        format_ref(vendor, account, "contact", own),
    )
    for ref in strangers:
        operations: tuple[Callable[[], Any], ...] = (
            partial(helpdesk.tickets.get, ref),
            partial(helpdesk.tickets.update, ref, TicketChange(status=Status.OPEN)),
            partial(_read, helpdesk, ref),
            partial(helpdesk.messages.reply, ref, text("Hello")),
            partial(helpdesk.messages.note, ref, text("Hello")),
        )
        for call in operations:
            with nothing_sent(calls), pytest.raises(WrongDesk):
                call()
    foreign = format_ref(vendor, f"{account}x", "contact", own)
    contact_calls: tuple[Callable[[], Any], ...] = (
        lambda: helpdesk.contacts.get(foreign),
        lambda: helpdesk.contacts.update(foreign, ContactChange(name="x")),
    )
    for call in contact_calls:
        with nothing_sent(calls), pytest.raises(WrongDesk):
            call()


def _read(desk: Helpdesk, ticket_id: str) -> list[Message]:
    return list(desk.messages.list(ticket_id))


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
    """A second desk of the account reads what the first wrote, changes included."""
    desk = reopen()
    ticket = make(helpdesk)
    assert desk.tickets.get(ticket.ref).id == ticket.id
    last = list(helpdesk.capabilities.statuses)[-1]
    assert isinstance(last, Status)
    desk.tickets.update(ticket.id, TicketChange(status=last))
    assert helpdesk.tickets.get(ticket.id).status is last
