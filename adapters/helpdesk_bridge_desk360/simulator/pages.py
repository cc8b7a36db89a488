"""Pages of 20 with the next one in ``Link``; documented: Desk360 API, "Pagination"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from helpdesk_bridge.testing.simulator.reply import Reply
from helpdesk_bridge_desk360.simulator.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from helpdesk_bridge.testing.simulator.app import Call

PAGE_SIZE: Final = 20
_PAGE: Final = re.compile(r"\A[1-9][0-9]{0,8}\Z")


@frozen
class ListForm:
    """How lists are answered, by the switches."""

    quoted: bool
    api_prefix: bool
    empty_on_last: bool
    envelope: bool

    def reply(self, call: Call, items: Sequence[Any], base_url: str) -> Reply:
        """Answer the page that the query asks for; one beyond the end is empty.

        assumed: ``page`` of 0, negative or text is a validation error, an empty one is the first page.
        """
        page = _page(call)
        shown = list(items[(page - 1) * PAGE_SIZE : page * PAGE_SIZE])
        return Reply.json({"data": shown} if self.envelope else shown, headers=self._link(call, items, page, base_url))

    def _link(self, call: Call, items: Sequence[Any], page: int, base_url: str) -> Mapping[str, str]:
        if page * PAGE_SIZE >= len(items):
            return {"Link": ""} if self.empty_on_last else {}
        path = call.path.rstrip("/")
        url = f"{base_url.rstrip('/')}{'/api' if self.api_prefix else ''}{path}?page={page + 1}"
        return {"Link": f'<{url}>; rel="next"' if self.quoted else f"<{url}>; rel=next"}


def _page(call: Call) -> int:
    given = call.query.get("page", "")
    if given == "":
        return 1
    if not _PAGE.match(given):
        raise invalid(
            "The page field must be at least 1."
            if given.lstrip("-").isdigit()
            else "The page field must be an integer."
        )
    return int(given)
