"""Fields of a ticket, one by one: a field that is declared for create, update or clear is read back."""

from __future__ import annotations

from typing import Any

import pytest

from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.drafts import TicketChange
from helpdesk_bridge.model.fields import TICKET, Kind, Write, writable
from helpdesk_bridge.model.values import Add, Remove, Upload
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import make, seen, values_of
from helpdesk_bridge.testing.conformance.selection import each, needs
from helpdesk_bridge.testing.conformance.vocabulary import Vocabulary

FIELDS = writable(TICKET, Write.KEEP)
LISTS = tuple(name for name in FIELDS if TICKET[name].kind in (Kind.WORDS, Kind.ADDRESSES))


def watchers_of(words: Vocabulary) -> tuple[str, ...]:
    """Return the agents who can watch a ticket: those with a known e-mail."""
    return tuple(agent for agent in words.agents if "@" in agent)


def _two_values(desk: Helpdesk, words: Vocabulary, name: str) -> tuple[Any, Any]:
    """Return two values of a field that this account takes, or skip."""
    capabilities = desk.capabilities
    known: dict[str, tuple[Any, ...]] = {
        "subject": ("A first subject", "Another subject"),
        "assignee": words.agents,
        "group": words.groups,
        "company": words.companies,
        "status": tuple(capabilities.statuses),
        "priority": tuple(capabilities.priorities),
        "tags": tuple((tag,) for tag in words.tags),
        "custom_fields": _field_values(words),
        "watchers": tuple((one,) for one in watchers_of(words)),
        "cc": (("cc1@copies.example",), ("cc1@copies.example", "cc2@copies.example")),
    }
    values = words.words_of(name) if TICKET[name].kind is Kind.WORD else known[name]
    if not values:
        pytest.skip(f"the fixture `vocabulary` knows no {name}")
    return values[0], values[-1]


def _field_values(words: Vocabulary) -> tuple[Any, ...]:
    if not words.custom_fields:
        return ()
    return tuple({name: values[index] for name, values in words.custom_fields.items()} for index in (0, 1))


def _beside(words: Vocabulary, name: str, value: Any) -> dict[str, Any]:
    """Return fields that a value needs beside it: a subcategory belongs to its category."""
    if name != "subcategory":
        return {}
    return {"category": next(category for category, subs in words.categories.items() if value in subs)}


def _assert_has(desk: Helpdesk, ticket_id: str, name: str, value: Any) -> None:
    ticket = desk.tickets.get(ticket_id)
    found = values_of(ticket, name)
    if name == "custom_fields":
        for field, wanted in value.items():
            assert ticket.custom_fields.get(field) == wanted, f"the custom field {field!r}"
    elif name == "subject":
        assert seen(found) == value
    elif name == "tags":
        assert found == frozenset(one.casefold() for one in value)
    elif name in ("cc", "watchers"):
        assert found == frozenset(map(email_key, value))
    elif name == "assignee":
        assert found is not None, "the ticket has no assignee"
        assert ticket.assignee is not None
        assert email_key(value) in (found, ticket.assignee.id)
    else:
        assert found == value


@needs("tickets.create", "tickets.get", "tickets.create:{name}")
@each("name", FIELDS)
def test_a_field_given_at_creating_is_read_back(helpdesk: Helpdesk, vocabulary: Vocabulary, name: str) -> None:
    """A field that is declared for creating is kept."""
    for number, value in enumerate(_two_values(helpdesk, vocabulary, name)):
        made = make(helpdesk, f"ann{number}", **{name: value}, **_beside(vocabulary, name, value))
        _assert_has(helpdesk, made.id, name, value)


@needs("tickets.create", "tickets.get", "tickets.update", "tickets.update:{name}")
@each("name", FIELDS)
def test_a_field_that_is_changed_is_read_back(helpdesk: Helpdesk, vocabulary: Vocabulary, name: str) -> None:
    """A field that is declared for changing is changed, by the answer and by the next read."""
    ticket_id = make(helpdesk).id
    for value in _two_values(helpdesk, vocabulary, name):
        change = TicketChange(**{name: value}, **_beside(vocabulary, name, value))
        answer = helpdesk.tickets.update(ticket_id, change)
        _assert_has(helpdesk, ticket_id, name, value)
        if name not in answer.not_loaded and name != "custom_fields":
            assert values_of(answer, name) == values_of(helpdesk.tickets.get(ticket_id), name)


@needs("tickets.create", "tickets.get", "tickets.update", "tickets.update:{name}")
@each("name", FIELDS)
def test_a_change_leaves_all_other_fields_alone(helpdesk: Helpdesk, vocabulary: Vocabulary, name: str) -> None:
    """``UNSET`` is not sent: fields that a change does not name stay unchanged."""
    given: dict[str, Any] = {}
    for other in ("assignee", "group", "type", "tags", "custom_fields", "priority"):
        if other != name and other in helpdesk.capabilities.ticket_create:
            given[other] = _two_values(helpdesk, vocabulary, other)[0]
    ticket_id = make(helpdesk, **given).id
    before = helpdesk.tickets.get(ticket_id)
    value = _two_values(helpdesk, vocabulary, name)[1]
    helpdesk.tickets.update(ticket_id, TicketChange(**{name: value}, **_beside(vocabulary, name, value)))
    after = helpdesk.tickets.get(ticket_id)
    for other in given:
        assert values_of(after, other) == values_of(before, other), f"changing {name} changed {other}"


@needs("tickets.create", "tickets.get", "tickets.update", "clear:{name}")
@each("name", FIELDS)
def test_none_clears_a_field(helpdesk: Helpdesk, vocabulary: Vocabulary, name: str) -> None:
    """A field that is declared in ``ticket_clear`` is empty after ``None``."""
    value = _two_values(helpdesk, vocabulary, name)[0]
    ticket_id = make(helpdesk, **{name: value}, **_beside(vocabulary, name, value)).id
    assert values_of(helpdesk.tickets.get(ticket_id), name)
    nothing: dict[str, Any] = {name: None}
    helpdesk.tickets.update(ticket_id, TicketChange(**nothing))
    assert not values_of(helpdesk.tickets.get(ticket_id), name)


@needs("tickets.create", "tickets.get", "tickets.update", "tickets.update:{name}")
@each("name", LISTS)
def test_words_are_added_removed_and_set_as_a_whole(helpdesk: Helpdesk, vocabulary: Vocabulary, name: str) -> None:
    """``Add`` and ``Remove`` leave other words alone; a tuple replaces all words."""
    copies = ("cc1@copies.example", "cc2@copies.example")
    words = {"tags": vocabulary.tags, "cc": copies, "watchers": watchers_of(vocabulary)}[name]
    if len(words) < 2:  # noqa: PLR2004 - two words, so that one can stay
        pytest.skip(f"the fixture `vocabulary` knows fewer than two {name}")
    one, other = words[:2]
    ticket_id = make(helpdesk).id
    steps: tuple[tuple[Any, set[str]], ...] = (
        (Add(one), {one}),
        (Add(other), {one, other}),
        (Add(other), {one, other}),
        (Remove(one), {other}),
        ((one,), {one}),
        ((one, other), {one, other}),
        ((), set()),
    )
    for change, wanted in steps:
        written: Any = {name: change}
        helpdesk.tickets.update(ticket_id, TicketChange(**written))
        ticket = values_of(helpdesk.tickets.get(ticket_id), name)
        assert ticket == frozenset(word.casefold() for word in wanted), change


@needs("tickets.create", "tickets.get")
def test_all_declared_fields_together_are_read_back(helpdesk: Helpdesk, vocabulary: Vocabulary) -> None:
    """A draft with all fields that this desk takes keeps all of them."""
    capabilities = helpdesk.capabilities
    given: dict[str, Any] = {}
    for name in FIELDS:
        if name in capabilities.ticket_create and name not in ("subject", "category"):
            try:
                value = _two_values(helpdesk, vocabulary, name)[1]
            except pytest.skip.Exception:
                continue
            given |= {name: value, **_beside(vocabulary, name, value)}
    files = [Upload.from_bytes("a.txt", b"a")] if "attachments" in capabilities.ticket_create else []
    made = make(helpdesk, **given, attachments=files)
    for name, value in given.items():
        _assert_has(helpdesk, made.id, name, value)
