"""How values are written as plain JSON and read back, by the types of their fields.

Times are ISO 8601, aware ones in UTC. A field that may hold several types says which it holds:

======================================  ==================================================================
a status or a priority                  ``"open"``; the vendor's own word is ``{"label": "Open"}``
a decimal, date or time of a custom     ``{"decimal": "1.50"}``, ``{"date": "2026-03-01"}``,
field                                   ``{"datetime": "2026-03-01T09:30:00+00:00"}``
one of several classes of values        ``{"object": "add", "values": ["vip"]}``
``NONE`` in a query                     null
======================================  ==================================================================

``UNSET`` is never written: the field is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from inspect import isclass
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.portable.kinds import kind_of
from helpdesk_bridge.portable.strict import StrictReader, WireTypeError

JSON: Final = "json"
"""Metadata of a field that is written otherwise than by its type: its name there, and the functions that write and read it."""
_LABEL: Final = "label"

Hook = Callable[[Any, Any], Any]


def time_text(moment: datetime) -> str:
    """Return a time as ISO 8601, in UTC if it has a zone."""
    try:
        return (moment.astimezone(UTC) if moment.tzinfo else moment).isoformat()
    except OverflowError:  # a zone beyond the first or the last day that Python knows
        return moment.isoformat()


_TEXTS: Final[Mapping[type, tuple[str, Callable[[Any], str], Callable[[str], Any]]]] = {
    Decimal: ("decimal", str, Decimal),
    datetime: ("datetime", time_text, datetime.fromisoformat),
    date: ("date", date.isoformat, date.fromisoformat),
}
"""What JSON has no type for. A ``datetime`` is a ``date`` too, so it comes before."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise WireTypeError(f"expected str, not {type(value).__name__}")
    return value


def _parsed(type_: type, value: object) -> Any:
    try:
        return _TEXTS[type_][2](_text(value))
    except (ValueError, InvalidOperation):
        raise WireTypeError(f"expected a {_TEXTS[type_][0]}, not another text") from None


def _aware(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise Invalid("the times of a record need a time zone", field="time")
    return moment


@cache
def reader() -> StrictReader:
    """Return what reads values, strictly."""

    def configure(converter: Converter) -> None:
        for type_ in _TEXTS:
            converter.register_structure_hook(type_, lambda value, type_: _parsed(type_, value))
        converter.register_structure_hook(datetime, lambda value, _: _aware(_parsed(datetime, value)))
        converter.register_structure_hook_factory(_is_mapping, _read_mapping)
        converter.register_structure_hook_factory(_is_value, _read_value)
        converter.register_structure_hook_factory(_is_union, _read_union)

    return StrictReader(configure)


@cache
def writer(*, short: bool) -> Converter:
    """Return what writes values; ``short`` leaves out the fields that have their defaults."""
    converter = Converter()
    for type_, (_, text, _) in _TEXTS.items():
        converter.register_unstructure_hook(type_, text)
    converter.register_unstructure_hook(datetime, lambda moment: time_text(_aware(moment)))
    converter.register_unstructure_hook_factory(
        _is_value, lambda cls, converter: _write_value(cls, converter, short=short)
    )
    converter.register_unstructure_hook_factory(_is_union, _write_union)
    converter.register_unstructure_hook_factory(_is_collection, _write_collection)
    converter.register_unstructure_hook_func(
        lambda cls: isclass(cls) and issubclass(cls, Mapping), _write_mapping(converter)
    )
    return converter


def _is_value(type_: Any) -> bool:
    return isclass(type_) and attrs.has(type_)


def _is_union(type_: Any) -> bool:
    return get_origin(type_) in (Union, UnionType)


def _is_mapping(type_: Any) -> bool:
    return get_origin(type_) is Mapping


def _is_collection(type_: Any) -> bool:
    return get_origin(type_) in (tuple, frozenset) or type_ in (tuple, frozenset)


# ---- classes of values


def _ignoring_type(read: Callable[[Any], Any]) -> Hook:
    return lambda value, _: read(value)


def _overrides(cls: Any) -> dict[str, Any]:
    overrides: dict[str, Any] = {}
    for attribute in attrs.fields(cls):
        if JSON in attribute.metadata:
            name, write, read = attribute.metadata[JSON]
            overrides[attribute.name] = override(rename=name, unstruct_hook=write, struct_hook=_ignoring_type(read))
        elif attribute.name == "raw" or _is_marker(type(attribute.default)):
            overrides[attribute.name] = override(omit_if_default=True)
    return overrides


def _write_value(cls: Any, converter: Converter, *, short: bool) -> Callable[[Any], dict[str, Any]]:
    write = make_dict_unstructure_fn(
        cls, converter, _cattrs_use_alias=True, _cattrs_omit_if_default=short, **_overrides(cls)
    )
    finish = getattr(cls, "__to_document__", None)
    return write if short or finish is None else lambda value: finish(value, write(value))


def _read_value(cls: Any, converter: Converter) -> Hook:
    read = make_dict_structure_fn(
        cls[Any] if getattr(cls, "__parameters__", ()) else cls,
        converter,
        _cattrs_use_alias=True,
        _cattrs_forbid_extra_keys=True,
        **_overrides(cls),
    )

    prepare = getattr(cls, "__from_document__", lambda document: document)

    def checked(document: Any, type_: Any) -> Any:
        fields = prepare(_object(document))
        return read(fields, type_) if isinstance(fields, dict) else fields

    return checked


def _write_mapping(converter: Converter) -> Callable[[Mapping[Any, Any]], dict[str, Any]]:
    return lambda mapping: {
        converter.unstructure(name): converter.unstructure(value) for name, value in mapping.items()
    }


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WireTypeError(f"expected an object, not {type(value).__name__}")
    return value


def _read_mapping(type_: Any, converter: Converter) -> Hook:
    read = converter.gen_structure_mapping(type_)
    return lambda document, type_: read(_object(document), type_)


def _write_collection(type_: Any, converter: Converter) -> Callable[[Any], list[Any]]:
    item = next((member for member in get_args(type_) if member is not Ellipsis), Any)
    write = converter.get_unstructure_hook(item)
    if get_origin(type_) is frozenset or type_ is frozenset:
        return lambda values: sorted(map(write, values), key=lambda written: json.dumps(written, sort_keys=True))
    return lambda values: [write(value) for value in values]


# ---- fields of several types


def _is_marker(type_: Any) -> bool:
    """Whether a type has one value, which says that there is none: that of ``UNSET`` and of ``NONE``."""
    return isclass(type_) and issubclass(type_, Enum) and len(type_) == 1


def _is_choice(type_: Any) -> bool:
    return isclass(type_) and issubclass(type_, Enum) and not _is_marker(type_)


def _members(union: Any) -> list[Any]:
    return [member for member in get_args(union) if member is not NoneType and not _is_marker(member)]


def _write_union(union: Any, converter: Converter) -> Callable[[Any], Any]:
    members = _members(union)
    if len(members) == 1:
        write_member = converter.get_unstructure_hook(members[0])
        return lambda value: None if value is None or _is_marker(type(value)) else write_member(value)
    has_choice = any(map(_is_choice, members))
    several = sum(map(_is_value, members)) > 1

    def write(value: Any) -> Any:
        if isinstance(value, str):
            return {_LABEL: value} if has_choice else value
        if value is None or _is_marker(type(value)):
            return None
        if several and _is_value(type(value)):
            return {"object": kind_of(type(value)), **converter.unstructure(value)}
        for cls, (name, text, _) in _TEXTS.items():
            if isinstance(value, cls):
                return {name: text(value)}
        return converter.unstructure(value)

    return write


class _Union:
    """Reads a field of several types: what the JSON looks like says which it is."""

    def __init__(self, union: Any, converter: Converter) -> None:
        members = _members(union)
        self._hooks = {member: converter.get_structure_hook(member) for member in members}
        self._texts = {_TEXTS[member][0]: member for member in members if member in _TEXTS}
        self._choice = next(filter(_is_choice, members), None)
        self._classes = {kind_of(member): member for member in members if _is_value(member)}
        self._list = next((member for member in members if get_origin(member) in (tuple, frozenset)), None)
        self._mapping = next((member for member in members if get_origin(member) is Mapping), None)

    def read(self, value: Any, _: Any) -> Any:
        member, rest = self._in_object(value) if isinstance(value, dict) else (self._as_it_is(value), value)
        if member in _TEXTS:
            return _parsed(member, rest)  # a time without a zone too, as a custom field may have it
        if member not in self._hooks:
            raise WireTypeError(f"no {type(value).__name__} can be here")
        return self._hooks[member](rest, member)

    def _as_it_is(self, value: Any) -> Any:
        if isinstance(value, list):
            return self._list
        return self._choice if self._choice is not None and isinstance(value, str) else type(value)

    def _in_object(self, value: dict[str, Any]) -> tuple[Any, Any]:
        """Return the type of what an object holds, and what is left to read of it."""
        name = next(iter(value)) if len(value) == 1 else ""
        if name in self._texts:
            return self._texts[name], value[name]
        if name == _LABEL and self._choice is not None:
            return str, value[name]
        if len(self._classes) > 1:
            rest = dict(value)
            return self._classes.get(rest.pop("object", "")), rest
        return next(iter(self._classes.values()), self._mapping), value


def _read_union(union: Any, converter: Converter) -> Hook:
    args, members = get_args(union), _members(union)
    # NONE is null in JSON; UNSET is never there.
    nulls = (
        [None]
        if NoneType in args
        else [marker for kind in filter(_is_marker, args) for marker in kind if marker.value is None]
    )
    read = converter.get_structure_hook(members[0]) if len(members) == 1 else _Union(union, converter).read
    type_ = members[0] if len(members) == 1 else union
    return lambda value, _: nulls[0] if value is None and nulls else read(value, type_)


def read_fields(cls: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return some fields of a record, each read by itself."""
    return {name: _field_hooks(cls)[name](value) for name, value in document.items()}


@cache
def _field_hooks(cls: Any) -> dict[str, Callable[[Any], Any]]:
    converter, hints = reader().quick, get_type_hints(cls)

    def hook(type_: Any) -> Callable[[Any], Any]:
        read = converter.get_structure_hook(type_)
        return lambda value: read(value, type_)

    return {attribute.name: hook(hints[attribute.name]) for attribute in attrs.fields(cls)}
