"""Filters: the part of a query that Deskie answers itself.

A filter is sent only if Deskie is known to return at least all matches; the desk compares the rest. Texts
with letters are not filtered by subject: whether Deskie minds upper and lower case is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import fields, frozen

from helpdesk_bridge.adapter import (
    NONE,
    Actor,
    ContactQuery,
    Directory,
    FieldType,
    How,
    Invalid,
    Match,
    Order,
    Priority,
    QuerySplit,
    Ref,
    Status,
    TicketQuery,
    email_spellings,
    fold,
)
from helpdesk_bridge_deskie.client.client import Params
from helpdesk_bridge_deskie.client.ticket_scan import Bounds, bounds_of
from helpdesk_bridge_deskie.port.names import Names
from helpdesk_bridge_deskie.wire.reading import PRIORITIES, STATUSES, vendor_channels

_SHORTEST_SUBJECT: Final = 4
"""observed: searches by e-mail, phone and subject of cases need 4 characters."""
_SHORTEST_EMAIL: Final = 4


@frozen
class NativeTickets:
    """The native part of a tickets query: ``params`` are final, the names in ``query`` still need their ids."""

    query: TicketQuery
    params: Params
    bounds: Bounds


@frozen
class NativeContacts:
    """The native part of a contacts query."""

    query: ContactQuery
    params: Params
    bounds: Bounds


def exact_searches(text: str) -> tuple[str, ...]:
    """Return the searches for exactly the e-mail ``text``. documented: Deskie API, `^string^`.

    Whether Deskie minds upper and lower case is not known, so both spellings are asked for, and both forms of a domain
    with letters of its own. A text that contains ``^`` has no such search: the paper names no escape.
    """
    if "^" in text:
        return ()
    return tuple(f"^{spelling}^" for spelling in email_spellings(text))


def list_param(name: str, values: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Return a parameter with one value plainly, with several as `name[]=`, as PHP reads them (observed)."""
    listed = sorted(set(values))
    yield from ((name if len(listed) == 1 else f"{name}[]", value) for value in listed)


def split_tickets(query: TicketQuery) -> QuerySplit:
    """Divide a query, sending nothing; names are looked up when the first page is asked for."""
    params: list[tuple[str, str]] = [("show_active_chats", "true")]
    narrowed: set[str] = set()
    empty = any(_never(getattr(query, name)) for name in ("category", "subcategory", "type"))
    for name, words, of_label in (("statuses", STATUSES, "status"), ("priorities", PRIORITIES, "priority")):
        wanted = getattr(query, name)
        vendor_words = None if wanted is None else _words(wanted, words)
        if vendor_words is not None:
            params += list_param(of_label, vendor_words)
            narrowed.add(name)
            empty = empty or not vendor_words
    for name, made in (
        ("channels", _channels(query)),
        ("subject", _subject(query.subject)),
        ("requester", _requester(query)),
    ):
        if made:
            params += made
            narrowed.add(name)
    narrowed |= {name for name, can in _LOOKED_UP.items() if can(getattr(query, name))}
    if "merged" in query.include:
        params.append(("show_merged_cases", "true"))
    bounds, more = _times(query, query.order)
    params += more
    narrowed |= {name for name in ("created", "updated") if getattr(query, name) is not None}
    return QuerySplit(
        NativeTickets(query, tuple(params), bounds),
        fields=frozenset(narrowed),
        described=_described(query, params, bounds, narrowed),
        exact=not narrowed and not empty and {"spam", "deleted"} <= query.include and not _filtered(query),
        empty=empty,
    )


def _filtered(query: TicketQuery | ContactQuery) -> bool:
    plain = {"include", "order", "limit"}
    return any(
        getattr(query, attribute.name) is not None for attribute in fields(type(query)) if attribute.name not in plain
    )


def _never(wanted: frozenset[Any] | None) -> bool:
    return wanted is not None and NONE not in wanted


def _words(wanted: frozenset[Any], words: Mapping[str, Any]) -> list[str] | None:
    """Return Deskie's words for what is wanted; None if an unknown value is wanted, which Deskie cannot filter by."""
    vendor_words: list[str] = []
    for value in wanted:
        if value in (Status.UNKNOWN, Priority.UNKNOWN) or (isinstance(value, str) and fold(value) not in words):
            return None
        vendor_words += [
            word
            for word, meaning in words.items()
            if value is meaning or (isinstance(value, str) and fold(value) == word)
        ]
    return vendor_words


def _channels(query: TicketQuery) -> list[tuple[str, str]]:
    wanted = query.channels
    if wanted is None or NONE in wanted:
        return []
    return list(list_param("channel", (name for channel in wanted for name in vendor_channels(fold(str(channel))))))


def _subject(match: Match | None) -> list[tuple[str, str]]:
    if match is None or len(match.text) < _SHORTEST_SUBJECT or "^" in match.text:
        return []
    if not match.text.isascii() or any(letter.isalpha() for letter in match.text):
        return []
    before = "^" if match.how in (How.EXACT, How.PREFIX) else ""
    after = "^" if match.how in (How.EXACT, How.SUFFIX) else ""
    return [("subject", f"{before}{match.text}{after}")]


def _requester(query: TicketQuery) -> list[tuple[str, str]]:
    """Return the filter by requester if all are ids, or all are e-mails: Deskie would combine the two with and."""
    wanted = query.requester
    if wanted is None:
        return []
    ids = [person.id if isinstance(person, Actor) else person for person in wanted]
    if all(person is not None and person.isdecimal() for person in ids):
        return list(list_param("user_id", [person for person in ids if person is not None]))
    emails = [person.email if isinstance(person, Actor) and person.id is None else person for person in wanted]
    if all(
        isinstance(person, str) and "@" in person and len(person) >= _SHORTEST_EMAIL and "^" not in person
        for person in emails
    ):
        return list(list_param("user_email", [search for person in emails for search in exact_searches(str(person))]))
    return []


_LOOKED_UP: Final[Mapping[str, Callable[[Any], bool]]] = {
    "assignee": lambda wanted: wanted is not None,
    "groups": lambda wanted: wanted is not None and NONE not in wanted,
    # Whether several labels mean all or any of them is not known; one means the same either way.
    "tags": lambda wanted: wanted is not None and NONE not in wanted and len(wanted) == 1,
}


def _times(query: TicketQuery | ContactQuery, order: Order) -> tuple[Bounds, Params]:
    """Return the bounds of the time that orders, and the other time's as parameters."""
    created, updated = bounds_of(query.created), bounds_of(query.updated)
    if order.by_update:
        return updated, created.params(updated=False)
    return created, updated.params(updated=True)


def _described(query: Any, params: Iterable[tuple[str, str]], bounds: Bounds, narrowed: set[str]) -> dict[str, str]:
    described = dict(params)
    described.update(bounds.params(updated=query.order.by_update))
    by = "updated_at" if query.order.by_update else "created_at"
    described["sort"] = f"{by}_{'desc' if query.order.descending else 'asc'}"
    for field, param in (("assignee", "staff_id"), ("groups", "group_id"), ("tags", "labels")):
        if field in narrowed:
            described[param] = ", ".join(sorted(str(value) for value in getattr(query, field)))
    return described


def resolved_params(query: TicketQuery, names: Names, directory: Directory) -> Params | None:
    """Return the filters that need ids; None if a name is unknown, so that nothing can match."""
    params: list[tuple[str, str]] = []
    resolvers: tuple[tuple[str, str, Callable[[Any], str | None]], ...] = (
        ("assignee", "staff_id", lambda value: _agent_id(value, directory)),
        ("groups", "group_id", lambda value: _group_id(value, directory)),
        ("tags", "labels[]", lambda value: next((str(label) for label in names.known_labels([str(value)])), None)),
    )
    for name, param, resolve in resolvers:
        wanted = getattr(query, name)
        if not _LOOKED_UP[name](wanted):
            continue
        identifiers = {identifier for value in wanted if (identifier := resolve(value)) is not None}
        if not identifiers:
            return None
        params += (
            [(param, identifier) for identifier in identifiers]
            if param.endswith("[]")
            else list(list_param(param, identifiers))
        )
    return (*params, *_custom(query, names))


def _agent_id(wanted: Any, directory: Directory) -> str | None:
    if wanted is NONE:
        return "0"  # observed: 0 asks for the unassigned
    given = wanted.id if isinstance(wanted, Actor) else wanted
    if isinstance(given, str) and given.isdecimal():
        return given
    try:
        return directory.agent(wanted).id
    except Invalid:
        return None


def _group_id(wanted: Any, directory: Directory) -> str | None:
    if isinstance(wanted, Ref) and wanted.id is not None:
        return wanted.id
    try:
        return directory.group(wanted).id
    except Invalid:
        return wanted if isinstance(wanted, str) and wanted.isdecimal() else None


def _custom(query: TicketQuery, names: Names) -> Iterator[tuple[str, str]]:
    # observed: a list equals the key of its option; how text compares is not known.
    for name, wanted in (query.custom_fields or {}).items():
        field = names.field(name)
        if field is None or field.type is not FieldType.SELECT or len(wanted) != 1:
            continue
        folded = {fold(str(value)) for value in wanted if isinstance(value, str)}
        keys = [key for key, word in zip(field.option_keys, field.options, strict=True) if fold(word) in folded]
        if len(keys) == 1:
            yield f"custom_fields[{field.key}]", keys[0]


def split_contacts(query: ContactQuery) -> QuerySplit:
    """Divide a query, sending nothing."""
    params: list[tuple[str, str]] = []
    narrowed = {name for name in ("created", "updated") if getattr(query, name) is not None}
    # One only: that the list of users takes several, as the list of cases does, is not known. With A to Z in lower case, as
    # addresses are mostly stored: whether Deskie minds upper and lower case is not known either.
    emails = [email for email in query.email or () if isinstance(email, str) and "@" in email and "^" not in email]
    spellings = email_spellings(emails[0]) if query.email is not None and len(emails) == len(query.email) == 1 else ()
    if spellings and len(email_spellings(emails[0], case=False)) == 1:
        params.append(("user_email", f"^{spellings[-1]}^"))
        narrowed.add("email")
    bounds, more = _times(query, query.order)
    params += more
    return QuerySplit(
        NativeContacts(query, tuple(params), bounds),
        fields=frozenset(narrowed),
        described=_described(query, params, bounds, set()),
        exact={"blocked", "deleted"} <= query.include and not _filtered(query),
    )
