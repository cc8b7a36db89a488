"""The door: what callers may give for a field, and the error that says what is allowed where they give something else.

A converter takes every spelling that its type names and leaves anything else as it is; ``check_draft``, ``check_members``
and ``check_value`` then refuse it with the field's name. So a type checker knows what is allowed, and a program without one gets ``Invalid``
when the value is made, never a Python error later.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import cache, wraps
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

import attrs

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.fields import Field, Kind, Write
from helpdesk_bridge.model.values import UNSET, Actor, Add, Body, Ref, Remove, Upload
from helpdesk_bridge.text.decoding import judge

T = TypeVar("T")
C = TypeVar("C", bound=attrs.AttrsInstance)

_BYTES: Final = (bytes, bytearray)


def spread(value: Iterable[T]) -> tuple[T, ...]:
    """Return a collection as a tuple, a single value as a collection of one; what is neither is left as it is."""
    if isinstance(value, (str, enum.Enum, Actor, Ref)):
        return (value,)  # type: ignore[return-value]  # a text is an iterable of texts for a type checker
    if isinstance(value, Iterable) and not isinstance(value, _BYTES):
        return tuple(value)
    return value  # type: ignore[return-value]  # refused by the check, with the field's name


def any_of(value: Any) -> frozenset[Any] | None:
    """Return a value or a collection of values as a set; None and what cannot be a set are left as they are."""
    if value is None or isinstance(value, frozenset):
        return value
    members = spread(value)
    try:
        return frozenset(members) if isinstance(members, tuple) else members
    except TypeError:
        return members  # type: ignore[return-value]  # something in it has no hash: refused by the check


def _is(*types: type) -> Callable[[Any], bool]:
    # A truth value is an int to Python and never to a person.
    return lambda value: isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _custom_value(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(member, str) for member in value)
    return value is None or isinstance(value, (str, int, Decimal, bool, date, datetime))


_ALLOWED: Final[Mapping[Kind, tuple[Callable[[Any], bool], str]]] = {
    Kind.TEXT: (_is(str), "text"),
    Kind.WORD: (_is(str), "text"),
    Kind.PERSON: (_is(str, Actor), "an e-mail, an id or an Actor"),
    Kind.REFERENCE: (_is(str, Ref), "a name, an id or a Ref"),
    Kind.FLAG: (_is(bool), "True or False"),
    Kind.BODY: (_is(str, Body), "text or a Body"),
    Kind.WORDS: (_is(str), "text"),
    Kind.ADDRESSES: (_is(str), "text"),
    Kind.PHONES: (_is(str), "text"),
    Kind.FILES: (_is(Upload), "Uploads"),
}
_MADE_OF_PARTS: Final = frozenset({Actor, Ref, Body, Upload})
_SEVERAL: Final = frozenset({Kind.WORDS, Kind.ADDRESSES, Kind.PHONES, Kind.FILES})


def check_draft(value: Any, table: Mapping[str, Field]) -> None:
    """Raise ``Invalid`` for a draft or change that holds what its fields cannot be, or what no vendor can take."""
    for attribute in attrs.fields(type(value)):
        given = getattr(value, attribute.name)
        if given is not UNSET:
            _check_field(given, table[attribute.name])
    judge(value)


def _check_field(given: Any, field: Field) -> None:
    if given is None:
        if Write.CLEAR in field.write:
            return
        raise Invalid(f"{field.name} cannot be None; leave it out if you do not want to set it", field=field.name)
    if field.kind is Kind.CUSTOM_FIELDS:
        _check_custom_fields(given, field.name)
        return
    allowed, words = _choice(field) if field.kind is Kind.CHOICE else _ALLOWED[field.kind]
    if field.kind in _SEVERAL:
        members = given.values if isinstance(given, (Add, Remove)) else given
        if not isinstance(members, tuple):
            raise Invalid(f"{field.name} takes {words} or a collection of them, not {_named(given)}", field=field.name)
        for member in members:
            if not allowed(member):
                raise Invalid(f"{field.name} takes {words}; it holds {_named(member)}", field=field.name)
            _check_parts(field.name, member)
    elif not allowed(given):
        raise Invalid(f"{field.name} takes {words}, not {_named(given)}", field=field.name)
    else:
        _check_parts(field.name, given)


def _choice(field: Field) -> tuple[Callable[[Any], bool], str]:
    choices = field.choices or enum.Enum
    return _is(str, choices), f"a {choices.__name__} or the vendor's own word for it"


def _check_custom_fields(given: Any, name: str) -> None:
    if not isinstance(given, Mapping):
        raise Invalid(f"{name} takes a mapping of names to values, not {_named(given)}", field=name)
    for key, value in given.items():
        if not isinstance(key, str):
            raise Invalid(f"{name} are named by text, not by {_named(key)}", field=name)
        check_custom_value(f"{name}.{key}", value)


def check_custom_value(name: str, value: object) -> None:
    """Raise ``Invalid`` for what a custom field cannot hold."""
    if not _custom_value(value):
        raise Invalid(
            f"{name} takes text, a number (int or Decimal), True or False, a date, a time, a tuple of texts or None, not "
            f"{_named(value)}",
            field=name,
        )


def check_person(name: str, person: object) -> None:
    """Raise ``Invalid`` for what names no person."""
    allowed, words = _ALLOWED[Kind.PERSON]
    if not allowed(person) or person == "":
        raise Invalid(f"{name} takes {words}, not {'an empty text' if person == '' else _named(person)}", field=name)
    _check_parts(name, person)


@cache
def _parts(cls: Any) -> Mapping[str, tuple[str, tuple[type, ...]]]:
    """Return what a value of ours is made of: by the name of each field its name for callers, and the types it takes."""
    hints = get_type_hints(cls)
    return {attribute.name: (attribute.alias, _types(hints[attribute.name])) for attribute in attrs.fields(cls)}


def _types(hint: Any) -> tuple[type, ...]:
    return tuple(
        get_origin(member) or member for member in (get_args(hint) if isinstance(hint, UnionType) else (hint,))
    )


def _check_parts(field: str, value: Any) -> None:
    """Raise ``Invalid`` if an actor, a ref, a body or an upload is made of what it cannot hold."""
    if type(value) not in _MADE_OF_PARTS:
        return
    for name, (alias, types) in _parts(value.__class__).items():
        part = getattr(value, name)
        if not _is(*types)(part):
            raise Invalid(f"{field}.{alias} is not to be {_named(part)}", field=f"{field}.{alias}")


def check_members(name: str, members: object, types: tuple[type, ...], words: str) -> None:
    """Raise ``Invalid`` if a query's field is no set of those types. ``words`` say what is allowed."""
    if members is None:
        return
    if not isinstance(members, frozenset):
        raise Invalid(f"{name} takes {words}, or a collection of them, not {_named(members)}", field=name)
    for member in members:
        if not _is(*types)(member):
            raise Invalid(f"{name} takes {words}; it holds {_named(member)}", field=name)
        _check_parts(name, member)


def check_value(name: str, value: object, types: tuple[type, ...], words: str) -> None:
    """Raise ``Invalid`` if a value is neither None nor of those types. ``words`` say what is allowed."""
    if value is not None:
        check_given(name, value, types, words)


def check_given(name: str, value: object, types: tuple[type, ...], words: str) -> None:
    """Raise ``Invalid`` if a value is not of those types. ``words`` say what is allowed."""
    if not _is(*types)(value):
        raise Invalid(f"{name} takes {words}, not {_named(value)}", field=name)


def _named(value: object) -> str:
    """Name what was given by its type alone: the value may be a customer's."""
    return "None" if value is None else f"a value of type {type(value).__name__}"


def by_fields(cls: type[C]) -> type[C]:
    """Make a call of an attrs class with missing, unknown or positional arguments ``Invalid``, as wrong values are."""
    made = cls.__init__
    fields = attrs.fields_dict(cls)
    needed = [name for name, attribute in fields.items() if attribute.default is attrs.NOTHING]

    @wraps(made)
    def init(self: C, *given: Any, **named: Any) -> None:
        if given:
            raise Invalid(f"a {cls.__name__} takes its fields by name")
        for name in named:
            if name not in fields:
                raise unknown_field(name, fields)
        for name in needed:
            if name in named and named[name] is None:
                raise Invalid(f"{name} cannot be None: a {cls.__name__} needs it", field=name)
        for name in needed:
            if name not in named:
                raise Invalid(f"{name} is missing: a {cls.__name__} needs it", field=name)
        made(self, **named)

    setattr(cls, "__init__", init)  # noqa: B010 - an assignment is what a type checker refuses
    return cls


def unknown_field(name: str, known: Iterable[str]) -> Invalid:
    """Return the error for a field that is not known, with the nearest one that is."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
    return Invalid(f"unknown field {name}; {hint}", field=name)
