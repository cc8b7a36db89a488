"""``walk``: read once what the port reads of an account, so that a cassette holds an answer of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, Final

from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.errors import HelpdeskError

TICKETS: Final = 5
_ROWS: Final = 500
_LISTS: Final = ("agents", "groups", "companies", "tags", "custom_fields", "templates")


def walk(desk: Desk) -> Iterator[tuple[str, str | None]]:
    """Read a page or two of each list, and some records with threads and a file.

    Yields what was read, with the error's name where the account refused it. Writes nothing, and asks for nothing that
    the vendor does not have.
    """
    can, rows = desk.capabilities.operations, _Rows()
    yield _tried("check", desk.check)
    if "tickets.list" in can:
        yield _tried("tickets.list", partial(rows.two_pages, desk.tickets.list(resolve=False)))
        for ticket in rows.taken(TICKETS):
            yield _tried("tickets.get", partial(desk.tickets.get, ticket.id))
            yield _tried("messages.list", partial(rows.all, desk.messages.list(ticket.id)))
            files = [file for message in rows.taken(_ROWS) for file in message.attachments]
            for file in files[:1]:
                yield _tried("attachments.open", partial(_opened, desk, file))
    if "contacts.list" in can:
        yield _tried("contacts.list", partial(rows.two_pages, desk.contacts.list()))
        for contact in rows.taken(1):
            yield _tried("contacts.get", partial(desk.contacts.get, contact.id))
    for name in _LISTS:
        if getattr(desk, name):
            yield _tried(f"{name}.list", partial(_listed, desk, name, rows))


class _Rows:
    """What was read last."""

    def __init__(self) -> None:
        self._rows: list[Any] = []

    def two_pages(self, listing: Any) -> None:
        page = listing.page()
        self._rows = list(page.items)
        if page.next:
            self._rows += listing.page(page.next).items

    def all(self, listing: Any) -> None:
        self._rows = list(islice(listing, _ROWS))

    def taken(self, count: int) -> list[Any]:
        rows, self._rows = self._rows[:count], []
        return rows


def _listed(desk: Desk, name: str, rows: _Rows) -> None:
    rows.all(getattr(desk, name).list())


def _opened(desk: Desk, file: Any) -> None:
    if desk.attachments:
        with desk.attachments.open(file) as stream:
            stream.read(1)


def _tried(name: str, read: Callable[[], Any]) -> tuple[str, str | None]:
    try:
        read()
    except HelpdeskError as error:
        return name, type(error).__name__
    return name, None
