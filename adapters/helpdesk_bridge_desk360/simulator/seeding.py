"""Seeding: an account from a dataset, with made-up integrations, the templates, and contacts who have a phone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from helpdesk_bridge_desk360.simulator.parameters import is_phone
from helpdesk_bridge_desk360.simulator.records.records import Account, Customer, Integration
from helpdesk_bridge_desk360.simulator.records.templates import given_templates, own_template, templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpdesk_bridge.datasets.dataset import Dataset

FIRST_INTEGRATION: Final = 11
_STEP: Final = 11
"""documented: Desk360 API, "View Integration List": the sample's ids are 11 and 22."""
_NAMES: Final = ("Robots Rule Support", "Robots Rule Sales")
_PHONES: Final = ("+905554443322", "+905555555555")
_NO_DIGITS: Final = re.compile(r"[^0-9]")


def load_account(dataset: Dataset, *, integrations: int, templates_of_first: int) -> Account:
    """Build the records; every customer has a conversation with the first integration, none a message yet."""
    account = Account(customers=_customers(dataset))
    for made in _own(dataset) or [_integration(number, templates_of_first) for number in range(max(1, integrations))]:
        account.integrations[made.id] = evolve(made, templates=_templates(dataset, made))
    first = account.first_integration.id
    last_activity = {ticket.requester: ticket.updated_at for ticket in dataset.tickets}
    for customer in account.customers:
        chat = account.chat(first, customer.phone.removeprefix("+"))
        chat.name = chat.name or customer.name or None
        chat.last_message_at = last_activity.get(customer.key)
    return account


def _own(dataset: Dataset) -> list[Integration]:
    return [Integration(each.id, each.name, each.phone, {}) for each in dataset.integrations]


def _templates(dataset: Dataset, integration: Integration) -> Mapping[int, Mapping[str, Any]]:
    """Return the templates of an account file for an integration; those that name none belong to all of them."""
    if not dataset.templates:
        return integration.templates
    return given_templates(each for each in dataset.templates if each.integration in (None, integration.id))


def _integration(number: int, templates_of_first: int) -> Integration:
    number_id = FIRST_INTEGRATION + number * _STEP
    name = _NAMES[number] if number < len(_NAMES) else f"Robots Rule Branch {number + 1}"
    phone = _PHONES[number] if number < len(_PHONES) else f"+90555600{number:04d}"
    own = templates(templates_of_first) if number == 0 else own_template(number_id * 100)
    return Integration(number_id, name, phone, own)


def _customers(dataset: Dataset) -> tuple[Customer, ...]:
    customers: list[Customer] = []
    for person in dataset.contacts:
        phone = "+" + _NO_DIGITS.sub("", person.phone or "").removeprefix("00")
        if not person.deleted and is_phone(phone):
            customers.append(Customer(person.key, person.name or "", phone))
    return tuple(customers)
