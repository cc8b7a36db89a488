"""Pages of 20, followed only by number. documented: Desk360 API, "Pagination"."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from requests.utils import parse_header_links

from helpdesk_bridge.adapter import BadResponse, Request, evolve
from helpdesk_bridge_desk360.client.login import Connection

MOST_PAGES: Final = 1000
_LONGEST_NUMBER: Final = 6
_SWEEPS: Final = 4


def rows(connection: Connection, request: Request) -> Iterator[Any]:
    """Yield the rows of all pages of a list; a row that moves meanwhile may come twice.

    Only the page number is taken from ``Link``: the samples mix `/v1` and `/api/v1`, and no URL of an answer may decide
    where the token goes. If pages do not fit together, the list is read again until two readings agree, a few times at
    most. Deletions meanwhile move rows to pages that were already read, unnoticed; those rows come the next time.
    """
    known: dict[str, Any] = {}
    before: dict[str, Any] | None = None
    for _ in range(_SWEEPS):
        swept, sound = _sweep(connection, request)
        yield from (row for text, row in swept.items() if text not in known)
        known |= swept
        if sound or swept == before:
            return
        before = swept


def _sweep(connection: Connection, request: Request) -> tuple[dict[str, Any], bool]:
    """Return the rows of all pages, and whether each page was the requested one and had only new rows."""
    rows_by_text: dict[str, Any] = {}
    sound, page = True, 1
    for _ in range(MOST_PAGES):
        response = connection.send(evolve(request, params=(("page", str(page)),)))
        answered = {json.dumps(row, sort_keys=True): row for row in _items(response.json())}
        following = next_page(response.headers.get("Link", ""))
        sound = sound and rows_by_text.keys().isdisjoint(answered) and (bool(answered) or page == 1)
        rows_by_text |= answered
        if not answered or following is None or following <= page:
            return rows_by_text, sound and (following is None or following > page)
        sound = sound and following == page + 1
        page = following
    return rows_by_text, True


def next_page(link: str) -> int | None:
    """Return the page number that a ``Link`` header calls the next, None on the last page.

    documented: the header "will not be filled" there, so it may be absent or empty; `rel` comes without quotes.
    """
    for found in parse_header_links(link):
        # Names of parameters and kinds of relation do not depend on case (RFC 8288), and one link may have several kinds.
        target = {name.strip().lower(): value for name, value in found.items()}
        if "next" in target.get("rel", "").lower().split():
            try:
                numbers = parse_qs(urlsplit(target.get("url", "")).query).get("page", [])
            except ValueError:
                return None
            text = numbers[-1] if numbers else ""
            return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else None
    return None


def _items(document: Any) -> list[Any]:
    # documented: Desk360 API, "API responses that return a list of objects are paginated", a bare list; observed: a client also expects {"data": […]}.
    items = document.get("data") if isinstance(document, dict) else document
    if not isinstance(items, list):
        raise BadResponse("Desk360's answer is not a list", path="$")
    return items
