"""Strict reading of JSON into attrs classes: each value has the declared type, or the error names its place.

cattrs as it comes reads the text "5" as a number, "false" as True and None as the text "None"; the hooks here do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from attrs import has
from cattrs import ClassValidationError, Converter, IterableValidationError
from cattrs.errors import ForbiddenExtraKeysError, IterableValidationNote
from cattrs.v import transform_error

T = TypeVar("T")


class WireTypeError(TypeError):
    """A JSON value has another type than it should; the message never holds the value."""


class Misread(Exception):
    """A document is not what was expected at ``path``; ``error`` says why."""

    def __init__(self, path: str, error: BaseException) -> None:
        super().__init__(f"{path}: {type(error).__name__}")
        self.path = path
        self.error = error


def _strict(expected: type[Any]) -> Callable[[Any, Any], Any]:
    def hook(value: Any, _: Any) -> Any:
        if type(value) is not expected:
            raise WireTypeError(f"expected {expected.__name__}, not {type(value).__name__}")
        return value

    return hook


def _number(value: Any, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise WireTypeError(f"expected a number, not {type(value).__name__}")
    return float(value)


def _is_sequence(type_: Any) -> bool:
    return getattr(type_, "__origin__", None) in (tuple, list, frozenset)


def _converter(configure: Callable[[Converter], None] | None, *, detailed: bool) -> Converter:
    converter = Converter(detailed_validation=detailed, prefer_attrib_converters=False)
    for expected in (str, int, bool):
        converter.register_structure_hook(expected, _strict(expected))
    converter.register_structure_hook(float, _number)
    _guard_sequences(converter)
    if configure is not None:
        configure(converter)
    return converter


def _guard_sequences(converter: Converter) -> None:
    # cattrs reads the text "abc" as the sequence ("a", "b", "c").
    @converter.register_structure_hook_factory(_is_sequence)
    def _(type_: Any, converter: Converter) -> Callable[[Any, Any], Any]:
        item = next(member for member in type_.__args__ if member is not Ellipsis)
        make = type_.__origin__
        hook = converter.get_structure_hook(item)

        def read(value: Any, _: Any) -> Any:
            if not isinstance(value, list):
                raise WireTypeError(f"expected a list, not {type(value).__name__}")
            return make(hook(member, item) for member in value)

        def read_with_places(value: Any, _: Any) -> Any:
            if not isinstance(value, list):
                raise WireTypeError(f"expected a list, not {type(value).__name__}")
            return make(_each(value, hook, item))

        return read_with_places if converter.detailed_validation else read


def _each(values: list[Any], hook: Callable[[Any, Any], Any], item: Any) -> list[Any]:
    read, errors = [], []
    for index, value in enumerate(values):
        try:
            read.append(hook(value, item))
        except Exception as error:  # noqa: BLE001 - collected, as cattrs does, so that every place is known
            error.add_note(IterableValidationNote("in a list", index, item))
            errors.append(error)
    if errors:
        # An exception group with a __new__ of its own, which pyright does not see.
        raise IterableValidationError("in a list", errors, item)  # pyright: ignore[reportCallIssue]
    return read


class StrictReader:
    """Reads JSON documents into attrs classes.

    ``configure`` registers hooks for further types. The quick converter has no paths; if it fails, a second pass with
    paths finds out where.
    """

    def __init__(self, configure: Callable[[Converter], None] | None = None) -> None:
        self.quick = _converter(configure, detailed=False)
        self._exact = _converter(configure, detailed=True)

    def read(self, type_: type[T], document: Any, *, at: str = "$") -> T:
        """Return ``document`` as ``type_``. Raises ``Misread`` naming the path below ``at``, never a value."""
        if has(type_) and not isinstance(document, dict):
            raise Misread(at, WireTypeError(f"expected an object, not {type(document).__name__}"))
        try:
            return self.quick.structure(document, type_)
        except Exception as error:  # noqa: BLE001 - hooks raise what they like; the exact pass below names the place
            problem = error
        raise self._located(type_, document, at, problem) from None

    def _located(self, type_: type[Any], document: Any, at: str, problem: Exception) -> Misread:
        errors: list[BaseException] = [problem]
        lines = [at]
        try:
            self._exact.structure(document, type_)
        except (ClassValidationError, IterableValidationError) as error:
            errors.clear()

            def kind(leaf: BaseException, _: type | None) -> str:
                errors.append(leaf)
                return type(leaf).__name__

            lines = [line.rpartition(" @ ")[2] for line in transform_error(error, path=at, format_exception=kind)]
        except Exception as error:  # noqa: BLE001 - one value without a place of its own
            errors = [error]
        return Misread(lines[0], errors[0])


__all__ = ["Converter", "ForbiddenExtraKeysError", "Misread", "StrictReader", "WireTypeError"]
