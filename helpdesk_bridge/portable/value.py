"""``Portable``: a value that pickles, copies, and goes through JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from inspect import isclass
from typing import Any, Final, Self, TypeVar

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.portable.kinds import kind_of

T = TypeVar("T")

VERSION: Final = 1
"""The version of the form. A new field or word does not change it: a reader that lacks it refuses it by name."""
_NEWER: Final = "a newer version of this package wrote it, or it was changed since"


class Portable:
    """A value that travels: through pickle, through JSON by ``to_dict`` and ``from_dict``, and between processes."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return this value as plain JSON types, with every field; ``from_dict`` reads it back exactly.

        Raises ``Invalid`` for a value that cannot travel, such as an ``Upload`` from an open stream.
        """
        return {"object": kind_of(type(self)), "version": VERSION, **_written(self, type(self), short=False)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the value of ``to_dict``; a field that is missing has its default.

        Raises ``Invalid`` for another kind of value, and for what a newer version of this package wrote.
        """
        return read(cls, document)

    def __reduce__(self) -> tuple[Any, ...]:
        # By name: a class that this version lacks is a clear error, which no class could be asked for.
        return restored, (
            f"{type(self).__module__}:{type(self).__qualname__}",
            VERSION,
            _written(self, type(self), short=True),
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self


def short_document(value: Portable, cls: type[Portable] | None = None) -> dict[str, Any]:
    """Return a value as plain JSON types, without the fields that have their defaults in ``cls``, its own or one above."""
    cls = cls or type(value)
    return {"object": kind_of(cls), **_written(value, cls, short=True)}


def read(cls: type[T], document: Mapping[str, Any]) -> T:
    """Return what ``to_dict`` or ``short_document`` wrote of a value of ``cls``."""
    kind = kind_of(cls)
    if not isinstance(document, Mapping):
        raise Invalid(f"a {kind} is read from a mapping, not from a value of type {type(document).__name__}")
    fields = dict(document)
    if fields.pop("object", kind) != kind:
        raise Invalid(f"the document is no {kind}: it holds another kind of value", field="object")
    _check_version(fields.pop("version", VERSION))
    return _made(cls, fields, kind)


def restored(name: str, version: int, document: dict[str, Any]) -> Any:
    """Return the value of a pickle."""
    _check_version(version)
    module, _, qualname = name.partition(":")
    try:
        cls = getattr(import_module(module), qualname)
    except (ImportError, AttributeError):
        cls = None
    if not (isclass(cls) and issubclass(cls, Portable)):
        raise Invalid(f"this version has no {name}: {_NEWER}", field="object")
    return _made(cls, document, kind_of(cls))


def _check_version(version: object) -> None:
    if type(version) is not int or version < 1:
        raise Invalid("the version of a value is a whole number from 1", field="version")
    if version > VERSION:
        raise Invalid(f"the value is of version {version}, and this version reads {VERSION}: {_NEWER}", field="version")


def _written(value: Portable, cls: type[Portable], *, short: bool) -> dict[str, Any]:
    from helpdesk_bridge.portable.codec import writer

    document: dict[str, Any] = writer(short=short).unstructure(value, cls)
    return document


def _made(cls: type[T], document: dict[str, Any], kind: str) -> T:
    from helpdesk_bridge.portable.codec import reader
    from helpdesk_bridge.portable.strict import Misread

    try:
        return reader().read(cls, document, at="")
    except Misread as error:
        problem = _refusal(error, kind)
    raise problem


def _refusal(misread: Any, kind: str) -> Invalid:
    from helpdesk_bridge.portable.strict import ForbiddenExtraKeysError, WireTypeError

    error, place = misread.error, misread.path.removeprefix(".")
    if isinstance(error, Invalid):
        return error
    if isinstance(error, ForbiddenExtraKeysError):
        name = ".".join(filter(None, (place, min(map(str, error.extra_fields)))))
        return Invalid(f"a {kind} of this version has no field {name}: {_NEWER}", field=name)
    if isinstance(error, KeyError):
        return Invalid(f"a {kind} needs the field {place}", field=place)
    if isinstance(error, WireTypeError):
        return Invalid(f"{place or kind}: {error}", field=place or None)
    problem = (
        f"holds a word that this version does not know: {_NEWER}" if isinstance(error, ValueError) else "cannot be read"
    )
    return Invalid(f"{place or kind} {problem}", field=place or None)
