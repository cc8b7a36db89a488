"""Lists: an object keyed "0", "1", … with `total_count`, and the forms of older answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import frozen

from helpdesk_bridge_deskie.simulator.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from helpdesk_bridge_deskie.simulator.parameters import Params

LONGEST_PAGE = 100
LAST_PAGE = 500
"""observed: `page` 1…500, `limit` 1…100, default 1 and 100, so 50,000 rows of a query at most."""
_INDENT = "    "


@frozen
class Page:
    """The requested page of a list."""

    number: int
    size: int

    @property
    def start(self) -> int:
        """Return the position of the first row."""
        return (self.number - 1) * self.size

    @property
    def stop(self) -> int:
        """Return the position after the last row."""
        return self.start + self.size


def page_of(params: Params, *, over: str) -> Page:
    """Read `page` and `limit`.

    assumed: a page below 1 counts as 1, a limit outside 1…100 as the nearest; a page above 500 is refused with 400
    `wrong_page`, or is empty if `over` is "empty".
    """
    number = max(1, params.integer("page") or 1)
    given = params.integer("limit")
    size = LONGEST_PAGE if given is None else min(LONGEST_PAGE, max(1, given))
    if number > LAST_PAGE:
        if over == "error":
            raise invalid("wrong_page")
        return Page(number, 0)
    return Page(number, size)


def pretty(document: Any) -> str:
    """Write a document as Deskie prints it (observed: by 4 spaces)."""
    return json.dumps(document, indent=4, ensure_ascii=False)


def list_item(kind: str, document: Mapping[str, Any]) -> str:
    """Write `{"case": {…}}` as an item of a list."""
    return pretty({kind: document}).replace("\n", "\n" + _INDENT)


@frozen
class ListForm:
    """The form of this account's lists; the names are those of the switches."""

    empty: str
    shape: str
    omit_total: bool

    def text(self, kind: str, items: Sequence[str], total: int, *, count: str = "total_count") -> str:
        """Write a list of items made by `list_item`; `total` counts all matches, not those of the page."""
        if not items and self.empty != "total_count":
            return {"case": pretty({kind: []}), "array": "[]"}.get(self.empty, "")
        if self.shape == "array":
            return "[\n" + ",\n".join(_INDENT + item for item in items) + "\n]" if items else "[]"
        lines = [f'{_INDENT}"{position}": {item}' for position, item in enumerate(items)]
        if not self.omit_total:
            lines.append(f'{_INDENT}"{count}": {total}')
        return "{\n" + ",\n".join(lines) + "\n}" if lines else "[]"
