"""Reading of vendors' JSON: a value of another type is set aside and announced, or a ``BadResponse`` with its path.

What a record cannot be without, such as its id, has no default in its class and is always strict. With ``odd``, any
other value that cannot be read is left out and counted, so that one odd value does not take its record along.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import NoneType
from typing import Any, Final, TypeVar, cast, get_args, get_origin, get_type_hints

from attrs import NOTHING, Attribute, field, fields, frozen, has

from helpdesk_bridge.adapter.odd_values import UNREADABLE, OddValues
from helpdesk_bridge.errors import BadResponse
from helpdesk_bridge.model.values import FrozenDict
from helpdesk_bridge.portable.strict import Converter, Misread, StrictReader, WireTypeError

T = TypeVar("T")
R = TypeVar("R")


@frozen
class Leftover:
    """What a document holds and its record does not.

    ``behind`` has a reason by key, for people; ``odd`` the vendor's own values that cannot be read, by key.
    """

    behind: Mapping[str, str] = field(factory=FrozenDict)
    odd: Mapping[str, Any] = field(factory=FrozenDict)

    def with_odd(self, odd: Mapping[str, Any]) -> Leftover:
        """Return this with the values that cannot be read."""
        if not odd:
            return self
        behind = {**self.behind, **{_INDEX.sub("", place): UNREADABLE for place in odd}}
        return Leftover(FrozenDict(behind), FrozenDict({**self.odd, **odd}))


_INDEX: Final = re.compile(r"\[\d+\]")
NOTHING_LEFT: Final = Leftover()
LEFT: Final = "left"
"""The name of the field in which a document's class takes its ``Leftover``, if it has one."""


class Wire(StrictReader):
    """Structures vendor documents into attrs classes; ``configure`` registers the vendor's own hooks (dates, odd spellings)."""

    def __init__(self, configure: Callable[[Converter], None] | None = None) -> None:
        def all_hooks(converter: Converter) -> None:
            # What was not read from the document but put beside it.
            converter.register_structure_hook(
                Leftover, lambda value, _: value if isinstance(value, Leftover) else NOTHING_LEFT
            )
            if configure is not None:
                configure(converter)

        super().__init__(all_hooks)

    def read(self, type_: type[T], document: Any, *, at: str = "$", odd: OddValues | None = None) -> T:
        """Return ``document`` as ``type_``. Raises ``BadResponse`` naming the path below ``at``, never a value.

        With ``odd``, a value that cannot be read and has a default is left out, noted there and, if the class has a
        field ``left``, told in it. Without ``odd`` every value has to be readable.
        """
        if odd is None or not has(type_) or not isinstance(document, dict):
            return self._strictly(type_, document, at)
        try:
            return cast("T", self.quick.structure(document, type_))
        except Exception:  # noqa: BLE001 - hooks raise what they like; the pass below leaves out what they refuse
            aside: dict[str, Any] = {}
        value: T = self._tolerant(type_, document, at, aside)
        for place in aside:
            odd.value(f"{at}.{place}")
        return value

    def _strictly(self, type_: type[T], document: Any, at: str) -> T:
        try:
            return super().read(type_, document, at=at)
        except Misread as error:
            problem = error
        raise BadResponse(f"the vendor's answer cannot be read at {problem.path}", path=problem.path)

    def _tolerant(self, type_: Any, document: Mapping[str, Any], at: str, aside: dict[str, Any]) -> Any:
        """Read field by field; ``aside`` takes what cannot be read, by its place below ``at``."""
        values: dict[str, Any] = {}
        for attribute, hint in _fields_of(type_):
            if attribute.name not in document:
                if attribute.default is NOTHING:
                    raise BadResponse(f"the vendor's answer lacks {at}.{attribute.name}", path=f"{at}.{attribute.name}")
                continue
            given = document[attribute.name]
            try:
                values[attribute.name] = self.quick.structure(given, hint)
            except Exception:  # noqa: BLE001 - hooks raise what they like
                if attribute.default is NOTHING:
                    self._strictly(hint, given, f"{at}.{attribute.name}")
                values.update(self._partly(attribute, given, hint, at, aside))
        if aside and any(attribute.name == LEFT for attribute, _ in _fields_of(type_)):
            values[LEFT] = values.get(LEFT, NOTHING_LEFT).with_odd(aside)
        return type_(**values)

    def _partly(
        self, attribute: Attribute[Any], given: Any, hint: Any, at: str, aside: dict[str, Any]
    ) -> dict[str, Any]:
        """Return what of an object or a list can be read, by the field's name; nothing of any other value."""
        kind = next((option for option in get_args(hint) or (hint,) if option is not NoneType), hint)
        try:
            if has(kind) and isinstance(given, dict):
                return {attribute.name: self._nested(kind, given, attribute.name, at, aside)}
        except BadResponse:
            pass  # it lacks what it cannot be without: all of it is set aside
        origin = get_origin(kind)
        if origin not in (tuple, list) or not isinstance(given, list):
            aside[attribute.name] = given
            return {}
        item = next(option for option in get_args(kind) if option is not Ellipsis)
        kept = []
        for index, one in enumerate(given):
            place = f"{attribute.name}[{index}]"
            try:
                if has(item) and isinstance(one, dict):
                    kept.append(self._nested(item, one, place, at, aside))
                else:
                    kept.append(self.quick.structure(one, item))
            except Exception:  # noqa: BLE001 - hooks raise what they like
                aside[place] = one
        return {attribute.name: origin(kept)}

    def _nested(self, type_: type[Any], document: Mapping[str, Any], place: str, at: str, aside: dict[str, Any]) -> Any:
        inner: dict[str, Any] = {}
        value = self._tolerant(type_, document, f"{at}.{place}", inner)
        aside.update({f"{place}.{name}": one for name, one in inner.items()})
        return value


@cache
def _fields_of(type_: Any) -> tuple[tuple[Attribute[Any], Any], ...]:
    hints = get_type_hints(type_)
    return tuple((attribute, hints[attribute.name]) for attribute in fields(type_))


def readable(
    rows: Iterable[Any],
    read: Callable[[int, Any], R],
    odd: OddValues,
    *,
    kind: str,
    parent: str = "",
    named: bool = True,
) -> tuple[tuple[int, R], ...]:
    """Return what ``read`` makes of each row of a list, with the row's number; one without a readable id is left out.

    It is noted in ``odd``. Raises ``BadResponse`` where none of several can be read, or not the only one if that is no
    object or its list not ``named`` as one of this kind: then it is not a row that is odd but the vendor's form.
    """
    items: list[tuple[int, R]] = []
    unread: list[tuple[Any, BadResponse]] = []
    for number, row in enumerate(rows):
        try:
            items.append((number, read(number, row)))
        except BadResponse as error:
            unread.append((row, error))
    if unread and not items and (len(unread) > 1 or not named or not isinstance(unread[0][0], dict)):
        raise unread[0][1]
    for row, problem in unread:
        odd.row(kind, parent, row, problem)
    return tuple(items)


__all__ = ["LEFT", "NOTHING_LEFT", "Converter", "Leftover", "Wire", "WireTypeError", "readable"]
