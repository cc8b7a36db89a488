"""Lists in all the forms that Deskie sends. observed, also the object keyed "0", "1", … of Deskie's own pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.adapter import BadResponse

_COUNTS: Final = ("total_count", "count")


@frozen
class Rows:
    """The rows of one page in their wrappers; ``total`` counts all matches, None if Deskie does not say.

    ``size`` is that of the answer in bytes.
    """

    items: tuple[Any, ...]
    total: int | None = None
    size: int = 0


def rows(document: Any, key: str) -> Rows:
    """Read a list of ``{key: {…}}``; see ``unwrapped`` for its rows. Raises ``BadResponse`` for what is no list.

    Empty lists come as ``{"total_count": 0}``, ``{"<key>": []}``, ``[]``, ``{}`` and as nothing at all.
    """
    if document is None or document == "":
        return Rows((), 0)
    if isinstance(document, list):
        return Rows(_of_kind(enumerate(document), key))
    if not isinstance(document, dict):
        raise BadResponse(f"expected a list of {key}, found {type(document).__name__}", path="$")
    total = next((_count(document[name], name) for name in _COUNTS if name in document), None)
    items = _of_kind(_numbered(document, key), key)
    return Rows(items, total if total is not None or items else 0)


def _numbered(document: Mapping[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    places = sorted((name for name in document if name.isdecimal()), key=int)
    yield from ((place, document[place]) for place in places)
    unknown = [name for name in document if not name.isdecimal() and name not in _COUNTS]
    if unknown and (unknown != [key] or document[key]):
        raise BadResponse(f"expected a list of {key}, found an object", path="$")


def _of_kind(numbered: Iterable[tuple[object, Any]], key: str) -> tuple[Any, ...]:
    """Return the rows, of which one may be odd. Raises ``BadResponse`` for rows of another kind: another call's answer."""
    rows = dict(numbered)
    wrapped = any(isinstance(row, dict) and (not key or key in row) for row in rows.values())
    for place, row in rows.items():
        if (not wrapped) or (key and isinstance(row, dict) and key not in row):
            raise BadResponse(f"expected {key or 'an object'} in a row of the list", path=f"$.{place}.{key}")
    return tuple(rows.values())


def unwrapped(row: Any, key: str, place: str) -> Mapping[str, Any]:
    """Return the document of a row; with an empty key it has no wrapper. Raises ``BadResponse`` naming its place."""
    inner = row.get(key) if key and isinstance(row, dict) else row
    if not isinstance(inner, dict):
        raise BadResponse(f"expected {key or 'an object'} in a row of the list", path=f"$.{place}.{key}")
    return inner


def _count(value: Any, name: str) -> int:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadResponse("expected the number of matches", path=f"$.{name}")
    return value


def record(document: Any, key: str) -> Mapping[str, Any]:
    """Read ``{key: {…}}``. Raises ``BadResponse`` for anything else."""
    inner = document.get(key) if isinstance(document, dict) else None
    if not isinstance(inner, dict):
        raise BadResponse(f"expected {key} in the answer", path=f"$.{key}")
    return inner
