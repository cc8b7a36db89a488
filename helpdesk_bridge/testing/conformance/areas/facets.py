"""Facets: what is declared is there, what is not is a ``Missing``; and what the desk tells of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from helpdesk_bridge.adapter import Severity
from helpdesk_bridge.errors import NotFound, Unsupported
from helpdesk_bridge.model.records import FieldType
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import contact_draft, make
from helpdesk_bridge.testing.conformance.fixtures import nothing_sent
from helpdesk_bridge.testing.conformance.selection import each, needs

FACETS = (
    "agents", "groups", "companies", "tags", "custom_fields", "templates", "attachments", "webhooks", "importer",
    "removal",
)  # fmt: skip
LISTS = ("agents", "groups", "companies", "tags", "custom_fields")


@pytest.mark.parametrize("name", FACETS)
def test_a_facet_is_there_exactly_where_it_is_declared(helpdesk: Helpdesk, calls: Callable[[], int], name: str) -> None:
    """A declared facet is truthy; one that is not is falsy, and any use raises ``Unsupported`` unsent."""
    with nothing_sent(calls):
        facet: Any = getattr(helpdesk, name)
        declared = helpdesk.capabilities.supports(name)
        assert bool(facet) is declared, f"capabilities say {declared}, the facet says {bool(facet)}"
        if not declared:
            with pytest.raises(Unsupported):
                facet.list()


@needs("{name}")
@each("name", LISTS)
def test_a_reference_list_holds_each_once_with_a_name(helpdesk: Helpdesk, name: str) -> None:
    """A list can be read twice, and its ids are unique and its names are there."""
    facet: Any = getattr(helpdesk, name)
    found = facet.list()
    assert [one.id if name != "custom_fields" else one.key for one in facet.list()] == [
        one.id if name != "custom_fields" else one.key for one in found
    ]
    ids = [one.key if name == "custom_fields" else one.id for one in found]
    assert len(set(ids)) == len(ids), "an id stands in the list twice"
    assert all(one.name or getattr(one, "email", None) for one in found), "one has no name"


@needs("custom_fields")
def test_the_definition_of_a_select_has_its_options(helpdesk: Helpdesk) -> None:
    """A custom field that is a select tells its words, parallel to its keys where it has keys."""
    assert helpdesk.custom_fields
    for one in helpdesk.custom_fields.list():
        if one.type in (FieldType.SELECT, FieldType.MULTISELECT):
            assert one.options
            assert len(one.option_keys) in (0, len(one.options))


@needs("removal", "tickets.create", "contacts.create")
def test_removal_removes_for_good(helpdesk: Helpdesk) -> None:
    """A removed ticket and a removed contact are not found any more."""
    assert helpdesk.removal
    ticket, kept = make(helpdesk, "ann"), make(helpdesk, "bob")
    helpdesk.removal.ticket(ticket.id)
    with pytest.raises(NotFound):
        helpdesk.tickets.get(ticket.id)
    assert [one.id for one in helpdesk.tickets.list()] == [kept.id]
    contact = helpdesk.contacts.create(contact_draft(helpdesk, "cem"))
    helpdesk.removal.contact(contact.id)
    with pytest.raises(NotFound):
        helpdesk.contacts.get(contact.id)


def test_check_finds_no_problem(helpdesk: Helpdesk) -> None:
    """A desk that works has no finding of severity PROBLEM, and every finding says what it is about."""
    findings = helpdesk.check()
    assert [one for one in findings if one.severity is Severity.PROBLEM] == []
    assert all(one.subject and one.detail for one in findings)


@needs("tickets.create", "tickets.get")
def test_refresh_forgets_and_everything_works_on(helpdesk: Helpdesk) -> None:
    """After ``refresh`` the directory asks again and tells the same."""
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
