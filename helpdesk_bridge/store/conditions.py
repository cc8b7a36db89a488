"""Queries as SQL conditions. SQL never selects less than the query means; ``exact`` says whether it is the same."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from helpdesk_bridge.model import fields
from helpdesk_bridge.model.addresses import email_key, phone_digits
from helpdesk_bridge.model.fields import Field, Kind
from helpdesk_bridge.model.paging import QuerySplit
from helpdesk_bridge.model.queries import NONE, ContactQuery, How, Match, Order, Period, TicketQuery
from helpdesk_bridge.model.values import Actor, Ref
from helpdesk_bridge.store.columns import SEARCHED, custom_needle, tag_needle
from helpdesk_bridge.store.values import folded, micros
from helpdesk_bridge.text.plain import fold

SPACE: Final = object()  # stands among the parameters for the space that is asked
_MANY: Final = 500  # values of one set; SQLite takes 32,766 parameters in a statement


@frozen
class Condition:
    """One condition: SQL with its parameters. Without SQL it is compared in Python only."""

    sql: str | None
    params: tuple[Any, ...] = field(default=(), repr=False)
    exact: bool = True


@frozen
class Native:
    """The native part of a query: ``flags`` are columns that must be 0, ``where`` is SQL over the columns of one table.

    ``query`` is the whole query, for those who look at the calls.
    """

    flags: tuple[str, ...]
    where: str
    params: tuple[Any, ...] = field(repr=False)
    order: Order
    include: frozenset[str]
    query: TicketQuery | ContactQuery | None = field(default=None, eq=False, repr=False)


Test: TypeAlias = Callable[[str, Any], Condition]
_PYTHON_ALONE: Final = Condition(None, (), exact=False)


def _either(parts: Iterable[tuple[str, tuple[Any, ...]]], *, exact: bool = True) -> Condition:
    listed = list(parts)
    if len(listed) > _MANY:
        return _PYTHON_ALONE
    params = tuple(param for _, values in listed for param in values)
    return Condition("(" + " OR ".join(sql for sql, _ in listed) + ")", params, exact)


def _one_of(column: str, values: Iterable[str]) -> tuple[str, tuple[Any, ...]]:
    listed = tuple(values)
    return f"{column} IN ({', '.join('?' * len(listed))})", listed


def _enum(column: str, wanted: frozenset[Any]) -> Condition:
    if len(wanted) > _MANY:
        return _PYTHON_ALONE
    members = [wanted_value.value for wanted_value in wanted if isinstance(wanted_value, enum.Enum)]
    labels = [fold(wanted_value) for wanted_value in wanted if isinstance(wanted_value, str)]
    return _either((_one_of(column, members), _one_of(f"{column}_fold", labels)))


def _words(column: str, wanted: frozenset[Any]) -> Condition:
    if len(wanted) > _MANY:
        return _PYTHON_ALONE
    # An empty word is no word: it is compared again in Python.
    parts = [_one_of(column, {fold(wanted_value) for wanted_value in wanted if wanted_value is not NONE})]
    if NONE in wanted:
        parts.append((f"{column} IS NULL OR {column} = ''", ()))
    return _either(parts, exact="" not in wanted)


def _person(role: str, wanted: frozenset[Any]) -> Condition:
    parts: list[tuple[str, tuple[Any, ...]]] = []
    exact = True
    for wanted_value in wanted:
        if wanted_value is NONE:
            parts.append((f"{role}_kind IS NULL", ()))
        elif isinstance(wanted_value, Actor):
            exact = False
            email = email_key(wanted_value.email) if wanted_value.email else None
            parts.append((f"{role}_id = ? OR {role}_email = ?", (wanted_value.id, email)))
        else:
            parts.append((f"{role}_id = ? OR {role}_email = ?", (wanted_value, email_key(wanted_value))))
            digits = phone_digits(wanted_value)
            if "@" not in wanted_value and digits:
                exact = False  # whose number it is, its country and extension say too
                parts.append((f"{role}_phone = ?", (digits,)))
    return _either(parts, exact=exact)


def _ref(role: str, wanted: frozenset[Any]) -> Condition:
    parts: list[tuple[str, tuple[Any, ...]]] = []
    for wanted_value in wanted:
        if wanted_value is NONE:
            parts.append((f"{role}_id IS NULL AND {role}_fold IS NULL", ()))
        elif isinstance(wanted_value, Ref):
            named = fold(wanted_value.name) if wanted_value.name and wanted_value.id is None else None
            parts.append((f"{role}_id = ? OR {role}_fold = ?", (wanted_value.id, named)))
        else:
            parts.append((f"{role}_id = ? OR {role}_fold = ?", (wanted_value, fold(wanted_value))))
    return _either(parts)


def _tags(_: str, wanted: frozenset[Any]) -> Condition:
    parts: list[tuple[str, tuple[Any, ...]]] = [
        ("tags_fold = ''", ()) if wanted_value is NONE else ("instr(tags_fold, ?)", (tag_needle(wanted_value),))
        for wanted_value in wanted
    ]
    # A tag that holds the separator could pretend to be two.
    return _either(parts, exact=False)


def _custom(_: str, wanted: Mapping[str, frozenset[Any]]) -> Condition:
    clauses: list[Condition] = []
    for name, values in wanted.items():
        if values and all(isinstance(value, str) for value in values):
            parts = [("instr(custom_fold, ?)", (custom_needle(name, value),)) for value in values]
            clauses.append(_either(parts))
    told = [clause for clause in clauses if clause.sql is not None]
    if not told:
        return _PYTHON_ALONE
    params = tuple(param for condition in told for param in condition.params)
    return Condition(" AND ".join(str(condition.sql) for condition in told), params, exact=False)


def _text(column: str, match: Match) -> Condition:
    wanted = folded(match.text)
    if match.how is How.EXACT:
        return Condition(f"{column} = ?", (wanted,))
    if match.how is How.PREFIX:
        return Condition(f"instr({column}, ?) = 1", (wanted,))
    return Condition(f"instr({column}, ?)", (wanted,), exact=match.how is How.CONTAINS)


def _period(column: str, period: Period) -> Condition:
    sql, params = [f"{column}_at IS NOT NULL"], []
    if period.start is not None:
        sql.append(f"{column}_key >= ?")
        params.append(micros(period.start))
    if period.end is not None:
        sql.append(f"{column}_key < ?")
        params.append(micros(period.end))
    return Condition(" AND ".join(sql), tuple(params))


def _keys(kind: str, wanted: frozenset[Any]) -> Condition:
    if len(wanted) > _MANY:
        return _PYTHON_ALONE
    key = email_key if kind == "email" else phone_digits
    held = "SELECT contact_id FROM contact_keys WHERE space = ? AND kind = ?"
    sql, values = _one_of("key", {key(wanted_value) for wanted_value in wanted if wanted_value is not NONE})
    parts: list[tuple[str, tuple[Any, ...]]] = [(f"id IN ({held} AND {sql})", (SPACE, kind, *values))]
    if NONE in wanted:
        parts.append((f"id NOT IN ({held})", (SPACE, kind)))
    return _either(parts, exact=False)


_TESTS: Final[Mapping[Kind, Test]] = {
    Kind.CHOICE: _enum,
    Kind.PERSON: _person,
    Kind.REFERENCE: _ref,
    Kind.WORD: _words,
    Kind.WORDS: _tags,
    Kind.CUSTOM_FIELDS: _custom,
    Kind.TEXT: _text,
    Kind.TIME: _period,
    Kind.ADDRESSES: _keys,
    Kind.PHONES: _keys,
}
_KEYS: Final = ("email", "phone")
"""Kinds of keys, and the filters that they answer."""


def _test(name: str, field: Field, columns: Mapping[str, str]) -> tuple[str, Test]:
    """Return the condition of a filter, and what it is about: a column, the stem of several, a kind of key."""
    test = _TESTS[field.kind]
    if name in _KEYS or (field.kind is Kind.TIME and field.name in columns):
        return name, test
    if field.name not in columns:
        return "", lambda *_: _PYTHON_ALONE
    return (columns[field.name] if field.kind in (Kind.WORD, Kind.TEXT) else field.name), test


def _tests(table: Mapping[str, Field], columns: Mapping[str, str]) -> Mapping[str, tuple[str, Test]]:
    return {name: _test(name, field, columns) for name, field in fields.filters(table).items()}


_TICKET: Final = _tests(fields.TICKET, SEARCHED["tickets"])
_CONTACT: Final = _tests(fields.CONTACT, SEARCHED["contacts"])


def _divide(
    query: TicketQuery | ContactQuery, tests: Mapping[str, tuple[str, Test]], flags: tuple[str, ...]
) -> QuerySplit:
    left_out = tuple(flag for flag in flags if flag not in query.include)
    sql: list[str] = []
    params: list[Any] = []
    described: dict[str, str] = {}
    exact, empty = True, False
    for name, (column, test) in tests.items():
        wanted = getattr(query, name)
        if wanted is None:
            continue
        if wanted == frozenset() or (isinstance(wanted, Mapping) and frozenset() in wanted.values()):
            empty = True
            continue
        condition = test(column, wanted)
        exact = exact and condition.exact
        if condition.sql is not None:
            sql.append(condition.sql)
            params += condition.params
            described[name] = condition.sql
    native = Native(left_out, " AND ".join(sql) or "1", tuple(params), query.order, query.include, query)
    return QuerySplit(native, frozenset(described), described, exact=exact, empty=empty)


def divide_tickets(query: TicketQuery) -> QuerySplit:
    """Divide a query for tickets; SQL answers nearly all of it."""
    return _divide(query, _TICKET, ("spam", "deleted", "merged"))


def divide_contacts(query: ContactQuery) -> QuerySplit:
    """Divide a query for contacts; SQL answers nearly all of it."""
    return _divide(query, _CONTACT, ("deleted", "blocked"))
