"""An account file of a real account: what its lists tell, read once, in the form that a simulator takes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.records import Agent, FieldDefinition, FieldType
from helpdesk_bridge.ports import Helpdesk

_TYPES: Final[Mapping[FieldType, str]] = MappingProxyType(
    {
        FieldType.TEXT: "text",
        FieldType.INTEGER: "integer",
        FieldType.DECIMAL: "decimal",
        FieldType.BOOLEAN: "checkbox",
        FieldType.DATE: "date",
        FieldType.SELECT: "select",
        FieldType.MULTISELECT: "select",
    }
)
INCOMPLETE: Final = (
    "# The vendor does not list all of these: complete the next lines, and remove the marks before them."
)
_LEVELS: Final = ("ticket", "contact")


def account_text(desk: Helpdesk, keys: Collection[str]) -> str:
    """Return the account file of a desk: its groups, agents, tags, fields and companies, as far as ``keys`` has them.

    Reads each list once. A list that the vendor does not tell whole (``capabilities.complete_lists``) is a comment, for
    somebody to complete: a simulator that took a part for all would refuse what the account takes.
    """
    lines: list[str] = []
    for key, name in (("groups", "groups"), ("labels", "tags"), ("companies", "companies")):
        if key in keys:
            known = f"{key} = {_value(_names(one.name for one in _listed(desk, name)))}"
            lines += [known] if name in desk.capabilities.complete_lists else [INCOMPLETE, f"# {known}"]
    for key, written in (("agents", _agents), ("custom_fields", _fields)):
        if key in keys:
            tables = _tables(key, written(_listed(desk, key)))
            whole = key in desk.capabilities.complete_lists
            lines += tables if whole else [INCOMPLETE, *(f"# {line}".rstrip() for line in tables)]
    return "\n".join([*lines, ""])


def _listed(desk: Helpdesk, name: str) -> tuple[Any, ...]:
    facet = getattr(desk, name)
    return tuple(facet.list()) if facet else ()


def _names(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name and name.strip()))


def _agents(agents: Iterable[Agent]) -> list[dict[str, Any]]:
    known = {email_key(one.email): one for one in agents if one.email}
    return [
        {"email": one.email, **({"name": one.name} if one.name else {}), "active": one.active} for one in known.values()
    ]


def _fields(fields: Iterable[FieldDefinition]) -> list[dict[str, Any]]:
    known = {(one.applies_to, one.name): one for one in fields if one.applies_to in _LEVELS and one.name.strip()}
    return [_field(one) for one in known.values()]


def _field(one: FieldDefinition) -> dict[str, Any]:
    options, kind = _names(one.options), _TYPES.get(one.type, "text")
    if kind == "select" and not options:
        kind = "text"
    told: dict[str, Any] = {"name": one.name, "type": kind, "level": one.applies_to}
    return {**told, "options": options} if kind == "select" else told


def _tables(name: str, tables: list[dict[str, Any]]) -> list[str]:
    if not tables:
        return [f"{name} = []"]
    return [
        line
        for table in tables
        for line in ("", f"[[{name}]]", *(f"{key} = {_value(one)}" for key, one in table.items()))
    ]


def _value(value: Any) -> str:
    # Strings, flags and lists of them are those of JSON, but for DEL, which JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


__all__ = ["INCOMPLETE", "account_text"]
