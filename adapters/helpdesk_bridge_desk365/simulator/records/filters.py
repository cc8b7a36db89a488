"""The `filters` parameter of the ticket list: its JSON, and the tickets that pass it."""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from helpdesk_bridge_desk365.simulator.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from helpdesk_bridge_desk365.simulator.records.records import CustomField, Ticket

UNSET: Final = frozenset({"--", "- -"})
"""Marks of "no value": `--` documented in OpenAPI, "- -" in the specification's prose; both are taken."""

_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


def _fold(value: str | None) -> str | None:
    return None if value is None else value.casefold()


_FOLDED: Final = frozenset({"status", "assigned_to", "contact"})
"""Attributes compared without case. assumed for the list; observed for a status on create, dossier section 2."""

_VALUES: Final[Mapping[str, Callable[[Ticket], str | None]]] = MappingProxyType(
    {
        "status": lambda ticket: _fold(ticket.status),
        "priority": lambda ticket: str(ticket.priority),
        "type": lambda ticket: ticket.type,
        "group": lambda ticket: ticket.group,
        "assigned_to": lambda ticket: _fold(ticket.assigned_to),
        "category": lambda ticket: ticket.category,
        "subcategory": lambda ticket: ticket.subcategory,
        "source": lambda ticket: str(ticket.source),
        "contact": lambda ticket: _fold(ticket.contact.email),
    }
)
"""documented: Desk365 API, "Filters overview", the nine attributes."""

_COMPANY: Final = "company_name"
_CUSTOM: Final = "custom_fields"
_MERGED: Final = "include_merged"
"""observed: a client of 2026, dossier section 4.2; only with the additions of 2026."""


@frozen
class Condition:
    """An attribute and its values that pass; None among them means "no value"."""

    value: Callable[[Ticket], str | None]
    wanted: frozenset[str | None]

    def passes(self, ticket: Ticket) -> bool:
        """Whether the ticket has one of the wanted values."""
        return self.value(ticket) in self.wanted


def read_filters(
    text: str, *, quotes: str, additions: bool, fields: Mapping[str, CustomField]
) -> tuple[Condition, ...]:
    """Return the conditions of a `filters` text; values of one attribute are alternatives, attributes all hold.

    `quotes` says what the account makes of a backslash before a single quote: accept (both forms), refuse (legal JSON
    only) or require (a bare single quote is refused). Unknown attributes are ignored: assumed, as unknown parameters.
    """
    document = _parse(text, quotes)
    conditions = [
        _condition(attribute, getter, document[attribute])
        for attribute, getter in _VALUES.items()
        if document.get(attribute)
    ]
    if additions:
        conditions.extend(_conditions_of_2026(document, fields))
    return tuple(conditions)


def _parse(text: str, quotes: str) -> dict[str, Any]:
    if quotes == "require" and "'" in _ESCAPE.sub("", text):
        raise invalid("A single quote in filters must be escaped with a backslash.", "filters")
    if quotes != "refuse":
        text = _ESCAPE.sub(lambda match: "'" if match[1] == "'" else match[0], text)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise invalid("filters is not valid JSON.", "filters") from None
    if not isinstance(document, dict):
        raise invalid("filters must be a JSON object.", "filters")
    return document


def _texts(attribute: str, values: Any) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise invalid(f"The filter {attribute} must be an array of strings.", "filters")
    return values


def _condition(attribute: str, getter: Callable[[Ticket], str | None], values: Any) -> Condition:
    folds = attribute in _FOLDED
    wanted = (None if text in UNSET else text.casefold() if folds else text for text in _texts(attribute, values))
    return Condition(getter, frozenset(wanted))


def _conditions_of_2026(document: dict[str, Any], fields: Mapping[str, CustomField]) -> list[Condition]:
    conditions = []
    if document.get(_COMPANY):
        conditions.append(_condition(_COMPANY, lambda ticket: ticket.contact.company, document[_COMPANY]))
    custom = document.get(_CUSTOM) or {}
    if not isinstance(custom, dict):
        raise invalid("The filter custom_fields must be an object.", "filters")
    for key, values in custom.items():
        field = fields.get(key)
        if field is None or field.type != "select":
            raise invalid("Only dropdown fields can be filtered by.", "filters")
        conditions.append(_condition(key, _custom_value(field.name), values))
    if document.get(_MERGED) in (0, "0"):
        conditions.append(Condition(lambda ticket: None if ticket.merged else "", frozenset({""})))
    return conditions


def _custom_value(name: str) -> Callable[[Ticket], str | None]:
    return lambda ticket: ticket.custom_fields.get(name)
