"""Lists in all the forms that Deskie sends. observed, also the object keyed "0", "1", … of Deskie's own pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.adapter import BadResponse

_COUNTS: Final = ("total_count", "count")


@frozen
class Rows:
    """The documents of one page without their wrappers; ``total`` counts all matches, None if Deskie does not say."""

    items: tuple[Mapping[str, Any], ...]
    total: int | None = None


def rows(document: Any, key: str) -> Rows:
    """Read a list of ``{key: {…}}``; with an empty key its rows have no wrapper. Raises ``BadResponse`` naming the place.

    Empty lists come as ``{"total_count": 0}``, ``{"<key>": []}``, ``[]``, ``{}`` and as nothing at all.
    """
    if document is None or document == "":
        return Rows((), 0)
    if isinstance(document, list):
        return Rows(tuple(_unwrapped(item, key, str(index)) for index, item in enumerate(document)))
    if not isinstance(document, dict):
        raise BadResponse(f"expected a list of {key}, found {type(document).__name__}", path="$")
    total = next((_count(document[name], name) for name in _COUNTS if name in document), None)
    items = tuple(_unwrapped(item, key, place) for place, item in _numbered(document, key))
    return Rows(items, total if total is not None or items else 0)


def _numbered(document: Mapping[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    places = sorted((name for name in document if name.isdecimal()), key=int)
    yield from ((place, document[place]) for place in places)
    unknown = [name for name in document if not name.isdecimal() and name not in _COUNTS]
    if unknown and (unknown != [key] or document[key]):
        raise BadResponse(f"expected a list of {key}, found an object", path="$")


def _unwrapped(item: Any, key: str, place: str) -> Mapping[str, Any]:
    inner = (item.get(key) if key else item) if isinstance(item, dict) else None
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
