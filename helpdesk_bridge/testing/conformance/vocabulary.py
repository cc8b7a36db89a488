"""The vocabulary of an account: its agents, groups, tags, custom fields and other words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.adapter import MARKER_FIELD
from helpdesk_bridge.model.records import FieldDefinition, FieldType
from helpdesk_bridge.model.values import CustomValue
from helpdesk_bridge.ports import Helpdesk

_VALUES: Final[Mapping[FieldType, tuple[CustomValue, CustomValue]]] = {
    FieldType.TEXT: ("A-77", "İ & <b>"),
    FieldType.INTEGER: (7, 70),
    FieldType.DECIMAL: (Decimal("7.5"), Decimal("70.25")),
    FieldType.BOOLEAN: (True, False),
    FieldType.DATE: (date(2026, 3, 29), date(2026, 10, 25)),
    FieldType.DATETIME: (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
}


@frozen(kw_only=True)
class Vocabulary:
    """The words that may be written at this account besides free text: two of each kind, if it has them.

    ``agents`` are e-mails (or ids), ``custom_fields`` and ``contact_fields`` two values for each name, and
    ``categories`` a category with its subcategories. ``words`` are those of any other field that holds a word, by its
    name: two made-up ones unless the fixture names those that the account takes. If a desk's lists are not complete,
    the fixture ``vocabulary`` gives the words that they leave out.
    """

    agents: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    custom_fields: Mapping[str, tuple[CustomValue, CustomValue]] = field(factory=dict)
    contact_fields: Mapping[str, tuple[CustomValue, CustomValue]] = field(factory=dict)
    companies: tuple[str, ...] = ("Acme", "Globex & Sons")
    types: tuple[str, ...] = ("Question", "Problem")
    categories: Mapping[str, tuple[str, ...]] = field(factory=lambda: {"Billing": ("Refund",), "Delivery": ("Late",)})

    words: Mapping[str, tuple[str, ...]] = field(factory=dict)

    def words_of(self, name: str) -> tuple[str, ...]:
        """Return the words that a ticket's field of this name takes."""
        known = {
            "channel": ("email", "api"),
            "type": self.types,
            "category": tuple(self.categories),
            "subcategory": tuple(word for below in self.categories.values() for word in below),
        }
        return known[name] if name in known else self.words.get(name, ("First", "Second"))

    @classmethod
    def of(cls, desk: Helpdesk) -> Vocabulary:
        """Read the desk's own lists, as far as it has them."""
        found: dict[str, Any] = {}
        if agents := desk.agents:
            found["agents"] = tuple(agent.email or agent.id for agent in agents.list() if agent.active)[:2]
        if groups := desk.groups:
            found["groups"] = tuple(group.name for group in groups.list() if group.active)[:2]
        if tags := desk.tags:
            found["tags"] = tuple(tag.name for tag in tags.list())[:2]
        if fields := desk.custom_fields:
            active = [one for one in fields.list() if one.active]
            found["custom_fields"] = _fields(active, "ticket")
            found["contact_fields"] = _fields(active, "contact")
        return cls(**found)


def _fields(definitions: list[FieldDefinition], level: str) -> dict[str, tuple[CustomValue, CustomValue]]:
    # An import writes its markers there.
    found = {
        definition.name: _two(definition)
        for definition in definitions
        if definition.applies_to == level and definition.name != MARKER_FIELD
    }
    return {name: values for name, values in found.items() if values is not None}


def _two(definition: FieldDefinition) -> tuple[CustomValue, CustomValue] | None:
    options = definition.options
    if definition.type is FieldType.SELECT:
        return (options[0], options[-1]) if options else None
    if definition.type is FieldType.MULTISELECT:
        return ((options[0],), options[:2]) if options else None
    return _VALUES.get(definition.type)
