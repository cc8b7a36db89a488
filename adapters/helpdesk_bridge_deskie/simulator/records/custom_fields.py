"""Custom-field values of a write, checked against the definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpdesk_bridge_deskie.simulator.parameters import as_flag
from helpdesk_bridge_deskie.simulator.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpdesk_bridge_deskie.simulator.records.account import Account


def checked_values(account: Account, level: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as the account keeps them, by `cf_<id>`.

    observed: a text is text, a checkbox a boolean, a select the key of its option. assumed: keys without a
    definition at this level are ignored, a key that no option has is refused with 400 `wrong_custom_fields`.
    """
    kept: dict[str, Any] = {}
    for key, value in given.items():
        definition = account.field_named(key)
        if definition is None or definition.level != level:
            continue
        if isinstance(value, dict | list):
            raise invalid("wrong_custom_fields")
        if definition.field_type == "checkbox":
            kept[key] = as_flag("custom_fields", "" if value is None else value)
            continue
        text = "" if value is None else str(value)
        if definition.field_type == "select" and text and text not in definition.options:
            raise invalid("wrong_custom_fields")
        kept[key] = text
    return kept
