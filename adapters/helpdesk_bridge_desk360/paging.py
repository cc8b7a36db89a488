"""Pages of 20, followed by their number only. documented: Desk360 API, "Pagination"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from requests.utils import parse_header_links

from helpdesk_bridge.adapter import BadResponse, Request, evolve
from helpdesk_bridge_desk360.login import Connection

MOST_PAGES: Final = 1000
_LONGEST_NUMBER: Final = 6


def rows(connection: Connection, request: Request) -> Iterator[Any]:
    """Yield the rows of all pages of a list.

    Only the page number is taken out of ``Link``: the samples mix `/v1` and `/api/v1`, and no URL of an answer shall
    decide where the token goes.
    """
    page = 1
    for _ in range(MOST_PAGES):
        response = connection.send(evolve(request, params=(("page", str(page)),)))
        found = _items(response.json())
        yield from found
        following = next_page(response.headers.get("Link", ""))
        if not found or following is None or following <= page:
            return
        page = following


def next_page(link: str) -> int | None:
    """Return the page number that a ``Link`` header calls the next, None on the last page.

    documented: the header "will not be filled" there, so it may be absent or empty; `rel` comes without quotes.
    """
    for one in parse_header_links(link):
        if one.get("rel") == "next":
            try:
                numbers = parse_qs(urlsplit(one.get("url", "")).query).get("page", [])
            except ValueError:
                return None
            text = numbers[-1] if numbers else ""
            return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else None
    return None


def _items(document: Any) -> list[Any]:
    # documented: a bare list; observed: a client also expects {"data": […]}.
    items = document.get("data") if isinstance(document, dict) else document
    if not isinstance(items, list):
        raise BadResponse("the vendor's answer is no list", path="$")
    return items
