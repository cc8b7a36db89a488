"""Redirects: from the addresses that tickets had at the old helpdesk to those that they have now.

An address is a pattern with ``{id}`` or ``{number}`` in it. Numbers, and the addresses that a vendor tells itself, come from
the lists of the desks; ids are in the journal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from string import Formatter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from attrs import frozen

from helpdesk_bridge.errors import ConfigError, Invalid, NotFound
from helpdesk_bridge.http.origin import NotAUrl, Origin
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.ports import Helpdesk

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PARTS: Final = ("id", "number")
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!&'()*+,;=%-]+")


@frozen
class Known:
    """A ticket's number and address, as its desk tells them; None for what it does not tell."""

    number: str | None = None
    url: str | None = None


@frozen
class Address:
    """A pattern of addresses. Raises ``ConfigError`` for what is no http address with ``{id}`` or ``{number}`` in it."""

    pattern: str

    def __attrs_post_init__(self) -> None:
        try:
            parts = {name for _, name, spec, how in Formatter().parse(self.pattern) if name is not None or spec or how}
            origin = Origin.parse(self.pattern.partition("{")[0])
        except (ValueError, NotAUrl):
            parts, origin = set(), None
        if origin is None or not parts or not parts <= set(_PARTS) or not _PLAIN.fullmatch(self.of("1", "1") or ""):
            raise ConfigError(
                f"{self.pattern!r} is no pattern of addresses: write https://HOST/PATH with {{id}} or {{number}} in the path"
            )

    @property
    def needs_number(self) -> bool:
        """Whether the desk has to be asked for its tickets' numbers."""
        return "{number}" in self.pattern

    @staticmethod
    def place(value: str) -> str:
        """Return an id or number as it stands in an address."""
        return quote(value, safe="")

    def of(self, ticket_id: str, number: str | None) -> str | None:
        """Return the address of a ticket; None if it needs a number that is not known."""
        if self.needs_number and number is None:
            return None
        return self.pattern.replace("{id}", quote(ticket_id, safe="")).replace("{number}", quote(number or "", safe=""))


def known_of(desk: Helpdesk) -> dict[str, Known]:
    """Return number and address of every ticket of a desk: one call a page of its list."""
    listed: Iterable[Ticket] = desk.tickets.list(resolve=False)
    return {ticket.id: Known(ticket.number, ticket.url) for ticket in listed}


@frozen(kw_only=True)
class Side:
    """What is known of one side's addresses: a pattern, or what its desk tells."""

    pattern: Address | None = None
    known: Mapping[str, Known]

    def address(self, ticket_id: str) -> str | None:
        """Return the address of a ticket, None if nothing tells it."""
        known = self.known.get(ticket_id, Known())
        return known.url if self.pattern is None else self.pattern.of(ticket_id, known.number)


def redirects(rows: Iterable[Mapping[str, Any]], old: Side, new: Side) -> Iterator[tuple[str, str]]:
    """Yield the old and the new address of each ticket that was migrated and of which both are known."""
    for row in rows:
        if not row["destination"]:
            continue
        before, after = old.address(row["source"]), new.address(row["destination"][0])
        if before is not None and after is not None:
            yield before, after


def nginx_map(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the lines of a ``map`` for nginx, from the path of a request to where its ticket is now.

    Raises ``Invalid`` for an old address with a query, which a map over ``$uri`` cannot see.
    """
    yield "# In the server of the old address: if ($moved_ticket) { return 302 $moved_ticket; }"
    yield "map $uri $moved_ticket {"
    yield '    default "";'
    for before, after in pairs:
        parts = urlsplit(before)
        if parts.query or parts.fragment:
            raise Invalid(
                "nginx looks at the path alone, and the old addresses have a query: use csv or --serve",
                field="from-url",
            )
        yield f'    "{_quoted(parts.path)}" "{_quoted(after)}";'
    yield "}"


def _quoted(text: str) -> str:
    # A pattern has no $, and ids are percent-encoded: nothing in it is a variable of nginx.
    return text.replace("\\", "\\\\").replace('"', '\\"')


class RedirectApp:
    """A WSGI application that answers old addresses with their new ones, by path and query; 404 for any other."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._targets = {_place(urlsplit(before)): after for before, after in pairs}

    def __len__(self) -> int:
        return len(self._targets)

    def target(self, path: str, query: str = "") -> str:
        """Return the new address. Raises ``NotFound``."""
        try:
            return self._targets[path, query]
        except KeyError:
            raise NotFound("no ticket had this address") from None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request with 302 or 404."""
        path = quote(environ.get("PATH_INFO", "").encode("latin-1"), safe="/:@!$&'()*+,;=-._~")
        text = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
        try:
            target = self.target(path, environ.get("QUERY_STRING", ""))
        except NotFound:
            body = b"No ticket had this address.\n"
            start_response("404 Not Found", [*text.items(), ("Content-Length", str(len(body)))])
            return [body]
        body = f"{target}\n".encode()
        start_response("302 Found", [*text.items(), ("Location", target), ("Content-Length", str(len(body)))])
        return [body]


def _place(parts: Any) -> tuple[str, str]:
    return quote(parts.path, safe="/%:@!$&'()*+,;=-._~"), parts.query
