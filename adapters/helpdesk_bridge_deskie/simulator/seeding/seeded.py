"""Seeded ids: the ids that the keys of the seed got in the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpdesk_bridge_deskie.simulator.records.records import FieldDefinition


@frozen
class Seeded:
    """The ids in the account, by the keys (or names) of the seed."""

    users: dict[str, int]
    staff: dict[str, int]
    groups: dict[str, int]
    labels: dict[str, int]
    fields: dict[tuple[str, str], FieldDefinition]
    cases: dict[str, int]

    def values(self, level: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return custom-field values as Deskie keeps them, by `cf_<id>`; a name without a definition is left out."""
        kept: dict[str, Any] = {}
        for name, value in given.items():
            definition = self.fields.get((level, name))
            if definition is not None and value is not None:
                kept[definition.key] = wire_value(definition, value)
        return kept


def wire_value(definition: FieldDefinition, value: Any) -> Any:
    """Return a value in its wire form (observed): a checkbox is a boolean, a select its option's key, the rest text."""
    if definition.field_type == "checkbox":
        return bool(value)
    if definition.field_type == "select":
        keys = {title: key for key, title in definition.options.items()}
        return keys.get(str(value), "")
    return str(value)
