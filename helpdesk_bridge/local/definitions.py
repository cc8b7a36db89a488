"""Custom fields and tags of a local desk: each is defined by the first write that names it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.door import check_custom_value
from helpdesk_bridge.model.records import FieldDefinition, FieldType
from helpdesk_bridge.model.values import CustomValue
from helpdesk_bridge.store.store import LocalStore
from helpdesk_bridge.text.plain import fold

# bool before int and datetime before date: the one is also the other.
_TYPES: Final[tuple[tuple[type, FieldType], ...]] = (
    (bool, FieldType.BOOLEAN),
    (int, FieldType.INTEGER),
    (Decimal, FieldType.DECIMAL),
    (datetime, FieldType.DATETIME),
    (date, FieldType.DATE),
    (tuple, FieldType.MULTISELECT),
)


def field_key(name: str, applies_to: str) -> str:
    """Return the key of a custom field: its name for a ticket's field, otherwise ``contact:name``."""
    return name if applies_to == "ticket" else f"{applies_to}:{name}"


@frozen(eq=False)
class Definitions:
    """Defines custom fields and tags within the transaction of the write that uses them."""

    _store: LocalStore

    def fields(
        self, values: Mapping[str, Any] | None, applies_to: str, *, exact: bool = False
    ) -> dict[str, CustomValue]:
        """Return ``values`` by the names of the desk's fields; a field that it lacks is defined.

        ``exact`` takes "order no" and "Order No" for two fields, as an import must; otherwise the known spelling wins.
        """
        found: dict[str, CustomValue] = {}
        for name, value in (values or {}).items():
            if not isinstance(name, str) or not name:
                raise Invalid("a custom field needs a name", field="custom_fields")
            given = tuple(value) if isinstance(value, list) else value
            check_custom_value(f"custom_fields.{name}", given)
            known = self._known(name, applies_to, exact=exact) or self._define(name, given, applies_to)
            found[known] = given
        return found

    def _known(self, name: str, applies_to: str, *, exact: bool) -> str | None:
        definitions = self._store.lists.custom_fields
        if definitions.by_id(field_key(name, applies_to)) is not None:
            return name
        if exact:
            return None
        for definition in definitions.list():
            if definition.applies_to == applies_to and fold(definition.name) == fold(name):
                return definition.name
        return None

    def _define(self, name: str, value: Any, applies_to: str) -> str:
        kind = next((kind for python, kind in _TYPES if isinstance(value, python)), FieldType.TEXT)
        definition = FieldDefinition(key=field_key(name, applies_to), name=name, type=kind, applies_to=applies_to)
        return self._store.lists.custom_fields.put(definition).name

    def tags(self, words: Iterable[str]) -> None:
        """Add the tags that the desk's list does not have yet."""
        for word in words:
            if self._store.lists.tags.by_name(word) is None:
                self._store.lists.tags.add({"name": word})
