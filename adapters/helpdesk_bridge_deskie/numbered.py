"""Reads a list by page numbers where nothing better is left: within one second, or where rows have no times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from helpdesk_bridge.adapter import HelpdeskError
from helpdesk_bridge_deskie.client import LAST_PAGE, PAGE, Documents

D = TypeVar("D")
_SWEEPS: Final = 5


def read_numbered(ask: Callable[[int], Documents[D]], key: Callable[[D], int]) -> list[D]:
    """Return all rows, each once.

    The last page is read first: a row that is deleted moves the others to pages that are still to come, so that none
    is lost. A row that is added moves them the other way; then all is read again, a few times at most. Raises
    ``HelpdeskError`` for more rows than page numbers reach.
    """
    found, rows = ask(1), dict[int, D]()
    for _ in range(_SWEEPS):
        if not found.more_after(1, PAGE):
            rows.update((key(row), row) for row in found.items)
            break
        total, known = found.total, len(rows)
        if total is None:
            found = _forwards(ask, found, key, rows)
            if len(rows) == known:
                break
        else:
            _refuse(-(-total // PAGE))
            for page in range(-(-total // PAGE), 0, -1):
                found = ask(page)
                rows.update((key(row), row) for row in found.items)
            if found.total is None or found.total <= total:
                break
    return list(rows.values())


def _forwards(
    ask: Callable[[int], Documents[D]], first: Documents[D], key: Callable[[D], int], rows: dict[int, D]
) -> Documents[D]:
    # Without a total nobody knows the last page.
    found, page = first, 1
    rows.update((key(row), row) for row in found.items)
    while found.more_after(page, PAGE):
        page += 1
        _refuse(page)
        found = ask(page)
        rows.update((key(row), row) for row in found.items)
    return ask(1)


def _refuse(page: int) -> None:
    if page > LAST_PAGE:
        raise HelpdeskError("more than 50,000 records of one second cannot be listed; narrow the query")
