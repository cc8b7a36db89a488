"""Fast reading of cases: one pass for a case in its usual form, because a listing has thousands of them.

Any other form (numbers as text, flags as 0 and 1, PHP's empty lists, files) is left to ``documents``, which knows every
spelling and names the place of an unreadable value. Both give the same value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from operator import contains, itemgetter
from types import NoneType
from typing import Any, Final, get_args, get_type_hints

from attrs import fields

from helpdesk_bridge.adapter import WireTypeError
from helpdesk_bridge_deskie.wire.documents import CaseDocument, FileDocument, moment

# What a field of another type than text, number or truth is in JSON. Files stand in one answer only (observed).
_IN_JSON: Final[Mapping[Any, type[Any]]] = {
    datetime: str,
    dict[str, Any]: dict,
    tuple[int, ...]: list,
    tuple[FileDocument, ...]: NoneType,
}
ADDED: Final = frozenset({"raw", "left"})
"""Fields of a document that are put beside what the vendor sends."""
_NAMES: Final = tuple(attribute.name for attribute in fields(CaseDocument) if attribute.name not in ADDED)
_HINTS: Final = get_type_hints(CaseDocument)


def _options(name: str) -> tuple[Any, ...]:
    hint = _HINTS[name]
    types = get_args(hint) if NoneType in get_args(hint) else (hint,)
    return tuple(getattr(type_, "__supertype__", type_) for type_ in types)


_ALLOWED: Final = tuple(frozenset(_IN_JSON.get(type_, type_) for type_ in _options(name)) for name in _NAMES)
_TIMES: Final = tuple(number for number, name in enumerate(_NAMES) if datetime in _options(name))
_WHOLE: Final = frozenset({int})
_LABELS: Final = _NAMES.index("labels")


@lru_cache(maxsize=256)
def _pick(keys: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what brings the values of a document with these keys into the order of the fields.

    The value after the last is the one of an absent field.
    """
    places = {name: number for number, name in enumerate(keys)}
    return itemgetter(*(places.get(name, len(keys)) for name in _NAMES))


def read_case_fast(document: Any) -> CaseDocument | None:
    """Return the case, or None if the slow reader must read it."""
    if type(document) is not dict:
        return None
    values = [*_pick(tuple(document))([*document.values(), None])]
    if not all(map(contains, _ALLOWED, map(type, values))):
        return None
    try:
        # A case shows the same second more than once: it is changed when it is answered, and closed then.
        seen: dict[str | None, datetime | None] = {None: None, "-": None}
        for number in _TIMES:
            text = values[number]
            if text in seen:
                values[number] = seen[text]
            else:
                values[number] = seen[text] = moment(text)
    except WireTypeError:
        return None
    labels = values[_LABELS]
    if labels is not None:
        if not _WHOLE.issuperset(map(type, labels)):
            return None
        values[_LABELS] = tuple(labels)
    return CaseDocument(*values)
