"""Headers of an answer, looked up in any case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Headers(Mapping[str, str]):
    """A read-only, case-insensitive mapping that leaves the names as the vendor wrote them.

    Underscores stay underscores: Deskie's ``retry_after`` is another name than ``Retry-After``.
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, str] | None = None) -> None:
        self._items = {name.lower(): (name, value) for name, value in (items or {}).items()}

    def __getitem__(self, name: str) -> str:
        return self._items[name.lower()][1]

    def get(self, name: str, default: Any = None) -> Any:  # the mixin's one raises and catches for every miss
        """Return the value of a header, or the default."""
        found = self._items.get(name.lower())
        return default if found is None else found[1]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._items

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        # Values may hold cookies or signed locations.
        return f"Headers({sorted(self._items)})"


def headers(items: Mapping[str, str]) -> Headers:
    """Return the same headers as :class:`Headers`."""
    return items if isinstance(items, Headers) else Headers(items)
