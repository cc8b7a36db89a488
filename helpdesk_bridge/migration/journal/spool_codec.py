"""Spool codec: tickets and contacts as JSON text and back, exactly."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, TypeVar

import attrs

from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import (
    Actor,
    ActorKind,
    Attachment,
    Body,
    IdKind,
    MessageKind,
    Phone,
    Priority,
    Rating,
    Ref,
    Status,
    Visibility,
)

T = TypeVar("T")

_TAG: Final = "$"
_CLASSES: Final[Mapping[str, type[Any]]] = {
    cls.__name__: cls for cls in (Actor, Attachment, Body, Contact, Message, Phone, Rating, Ref, Ticket)
}
_ENUMS: Final[Mapping[str, type[Enum]]] = {
    cls.__name__: cls for cls in (ActorKind, IdKind, MessageKind, Priority, Status, Visibility)
}
_SCALARS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
    "tuple": lambda values: tuple(_plain(value) for value in values),
    "set": lambda values: frozenset(_plain(value) for value in values),
    "map": lambda pairs: MappingProxyType({key: _plain(value) for key, value in pairs}),
}


def encode(value: Any) -> str:
    """Return a ticket, contact or message as JSON text."""
    return json.dumps(_tree(value), ensure_ascii=False, separators=(",", ":"))


def decode(text: str, wanted: type[T]) -> T:
    """Return what ``encode`` wrote. Raises ``ValueError`` if the text holds something else."""
    value = _plain(json.loads(text))
    if not isinstance(value, wanted):
        raise ValueError(f"the spool does not hold a {wanted.__name__} here")  # noqa: TRY004 - the text is wrong, not a type
    return value


def _tree(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Enum):
        return {_TAG: type(value).__name__, "v": value.value}
    if isinstance(value, datetime):
        return {_TAG: "datetime", "v": value.isoformat()}
    if isinstance(value, date):
        return {_TAG: "date", "v": value.isoformat()}
    if isinstance(value, Decimal):
        return {_TAG: "decimal", "v": str(value)}
    if isinstance(value, tuple):
        return {_TAG: "tuple", "v": [_tree(element) for element in value]}
    if isinstance(value, frozenset):
        return {_TAG: "set", "v": sorted(_tree(element) for element in value)}
    if isinstance(value, Mapping):
        return {_TAG: "map", "v": [[key, _tree(one)] for key, one in value.items()]}
    if type(value).__name__ in _CLASSES:
        return {_TAG: type(value).__name__, "v": _fields(value)}
    raise TypeError(f"the spool cannot hold a {type(value).__name__}")


def _fields(value: Any) -> dict[str, Any]:
    trees = {}
    for attribute in attrs.fields(type(value)):
        given = getattr(value, attribute.name)
        if (attribute.name == "raw" and not attribute.eq) or (
            attribute.default is not attrs.NOTHING and given == attribute.default
        ):
            continue
        trees[attribute.alias] = _tree(given)
    return trees


def _plain(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    name, value = tree[_TAG], tree["v"]
    if name in _CLASSES:
        return _CLASSES[name](**{key: _plain(one) for key, one in value.items()})
    if name in _ENUMS:
        return _ENUMS[name](value)
    return _SCALARS[name](value)
