"""Search (`GET /tickets/search`): its two kinds of queries and their matches. observed: clients of 2026."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from helpdesk_bridge_desk365.simulator.refusals import invalid
from helpdesk_bridge_desk365.simulator.text import lossy_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from werkzeug.datastructures import MultiDict

    from helpdesk_bridge_desk365.simulator.records.account import Account
    from helpdesk_bridge_desk365.simulator.records.records import Ticket

MOST_REACHABLE: Final = 1000
"""Tickets that a search can reach, whatever the offset."""

_TERM: Final = re.compile(r'"([^"]*)"|(\S+)')
_WORD: Final = re.compile(r"\w+")

_PLACES: Final[dict[int, Callable[[Ticket], Iterable[str]]]] = {
    1: lambda ticket: (ticket.subject, str(ticket.number)),
    2: lambda ticket: (lossy_text(ticket.description),),
    3: lambda ticket: (lossy_text(message.body) for message in ticket.messages),
    4: lambda ticket: (file.filename for file in (*ticket.files, *(f for m in ticket.messages for f in m.files))),
    5: lambda ticket: (value for value in ticket.custom_fields.values() if isinstance(value, str)),
    6: lambda ticket: (ticket.contact.email, ticket.contact.name, ticket.contact.company or ""),
    7: lambda _ticket: (),
}
"""7 would search archived tickets too, of which the simulator has none."""


@frozen
class Search:
    """What must hold of a ticket, all of it, and the order of what is found."""

    tests: tuple[Callable[[Ticket], bool], ...]
    order_by: str

    def finds(self, ticket: Ticket) -> bool:
        """Whether the ticket passes every test."""
        return all(test(ticket) for test in self.tests)


def read_search(query: MultiDict[str, str], account: Account) -> Search:
    """Return the search that the parameters describe; 400 for what cannot be read."""
    try:
        document = json.loads(query.get("search_query", ""))
    except (ValueError, RecursionError):
        document = None
    kind = query.get("search_type")
    if kind not in ("1", "2") or not isinstance(document, dict):
        raise invalid("search_type must be 1 or 2 and search_query a JSON object.", "search_query")
    tests = [_anywhere(document)] if kind == "1" else _terms(document, account)
    if query.get("include_merged", "1") == "0":
        tests.append(lambda ticket: not ticket.merged)
    order_by = "updated_time" if query.get("order_by") == "updated_time" else "created_time"
    return Search(tuple(tests), order_by)


def _anywhere(document: dict[str, Any]) -> Callable[[Ticket], bool]:
    places = document.get("search_in") or [1]
    if not isinstance(places, list) or not all(type(place) is int and place in _PLACES for place in places):
        raise invalid("search_in must be an array of numbers from 1 to 7.", "search_query")
    matches = _matcher(document.get("query"))
    return lambda ticket: matches(" ".join(text for place in places for text in _PLACES[place](ticket)))


def _terms(document: dict[str, Any], account: Account) -> list[Callable[[Ticket], bool]]:
    terms = document.get("search_term")
    if not isinstance(terms, list) or not terms or not all(isinstance(term, dict) for term in terms):
        raise invalid("search_term must be an array of objects.", "search_query")
    return [_term(term, str(name), account) for term in terms for name in term.get("search_in") or ["subject"]]


def _term(term: dict[str, Any], name: str, account: Account) -> Callable[[Ticket], bool]:
    if name == "ticket_number":
        numbers = {part.strip() for part in str(term.get("query", "")).split(",")}
        return lambda ticket: str(ticket.number) in numbers
    matches = _matcher(term.get("query"))
    if name == "subject":
        return lambda ticket: matches(ticket.subject)
    if name not in account.fields:
        raise invalid(f"Unknown field in search_in: {name}.", "search_query")
    field = account.fields[name].name
    return lambda ticket: matches(str(ticket.custom_fields.get(field) or ""))


def _matcher(query: Any) -> Callable[[str], bool]:
    """All words in any order; "a phrase" literally; `*x` a word's end, `x*` its start, `*x*` anywhere in it."""
    if not isinstance(query, str) or not query.strip():
        raise invalid("query must be a text.", "search_query")
    terms = [(match[1], match[2]) for match in _TERM.finditer(query.casefold())]
    tests = [_phrase(phrase) if phrase else _word(word) for phrase, word in terms if phrase or word]
    return lambda text: all(test(text.casefold()) for test in tests)


def _phrase(phrase: str) -> Callable[[str], bool]:
    return lambda text: phrase in text


def _word(word: str) -> Callable[[str], bool]:
    bare = word.strip("*")
    if word.startswith("*") and word.endswith("*"):
        return lambda text: bare in text
    if word.startswith("*"):
        return lambda text: any(text_word.endswith(bare) for text_word in _WORD.findall(text))
    if word.endswith("*"):
        return lambda text: any(text_word.startswith(bare) for text_word in _WORD.findall(text))
    if _WORD.fullmatch(bare):
        return lambda text: bare in _WORD.findall(text)
    return lambda text: bare in text.split()
