"""Queries that programs make, as plain dictionaries, and the answer of a plain filter over the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from helpdesk_bridge.model.fields import CONTACT, TICKET, Kind, filters
from helpdesk_bridge.model.queries import NONE, ContactQuery, How, Match, Order, TicketQuery
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import Actor, Phone, Ref
from helpdesk_bridge.testing.conformance.drafts import by_email
from helpdesk_bridge.testing.conformance.plain_filter import answers_contact, answers_ticket
from helpdesk_bridge.testing.machine.inputs import EMAILS, PHONES, SUBJECTS, Inputs, Values
from helpdesk_bridge.testing.machine.model import Model
from helpdesk_bridge.testing.machine.snapshots import CUSTOM

READS: Final[Mapping[str, str]] = {name: field.name for name, field in filters(TICKET).items()}
"""The field that each filter of tickets reads."""
_CONTACT_READS: Final[Mapping[str, str]] = {name: field.name for name, field in filters(CONTACT).items()}
_WORDS: Final = tuple(name for name, field in filters(TICKET).items() if field.kind is Kind.WORD)
_TIMES: Final = ("created", "updated")
_MOST: Final = 2


def _sets(words: Iterable[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    known = list(dict.fromkeys(words))
    return st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True).map(tuple)


def _spelled(words: Iterable[str]) -> list[Any]:
    known = list(words)
    return [*known, *(word.upper() for word in known), *(word.casefold() for word in known), "nobody's word", NONE]


def _matches(texts: Iterable[str]) -> st.SearchStrategy[tuple[str, str]]:
    """Return texts to look for: texts of the model, in other cases, and parts of them."""
    known = sorted({text for text in texts if text}) or list(SUBJECTS)
    spelled = [*known, *(text.upper() for text in known), *(text.casefold() for text in known)]
    parts = st.sampled_from([*dict.fromkeys(spelled), *(text[1:3] for text in known if text[1:3])])
    return st.tuples(parts, st.sampled_from([how.value for how in How]))


def _periods(began: datetime, moments: Iterable[datetime]) -> st.SearchStrategy[tuple[int | None, int | None]]:
    """Return spans in seconds since the program began, many of them beside something that happened."""
    known = sorted({int((moment - began).total_seconds()) for moment in moments} | {0})
    moment = st.builds(int.__add__, st.sampled_from(known), st.integers(-1, 2))
    both = st.tuples(moment, moment).map(lambda two: (min(two), max(two)))
    return both | st.tuples(moment, st.none()) | st.tuples(st.none(), moment)


def _queries(filters: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Values]:
    general: dict[Any, st.SearchStrategy[Any]] = {
        "order": st.sampled_from([order.value for order in Order]),
        "limit": st.integers(0, 4),
    }
    picked = st.lists(st.sampled_from(sorted(filters)), max_size=_MOST, unique=True)
    return picked.flatmap(
        lambda names: st.fixed_dictionaries({name: filters[name] for name in sorted(names)}, optional=general)
    )


def several(queries: st.SearchStrategy[Values]) -> st.SearchStrategy[list[Values]]:
    """Return the strategy for one to three queries at a time."""
    return st.lists(queries, min_size=1, max_size=3)


def ticket_queries(inputs: Inputs, model: Model, began: datetime) -> st.SearchStrategy[Values]:
    """Return queries for tickets by every field that the desk declares, mostly for values that tickets have."""
    capabilities, words, rows = inputs.capabilities, inputs.words, model.tickets.values()
    asked_by = sorted({_with_plus(model.address_of(row["requester"])) for row in rows}) or list(
        EMAILS if by_email(capabilities) else PHONES
    )
    spans = _periods(began, (row["since"] for row in rows))
    questions: dict[str, st.SearchStrategy[Any]] = {
        "statuses": _sets([*capabilities.statuses, *_spelled(capabilities.statuses.values())[:-1]]),
        "priorities": _sets([*capabilities.priorities, *_spelled(capabilities.priorities.values())[:-1]]),
        "requester": _sets(_spelled(asked_by)[:-1]),
        "assignee": _sets(_spelled(agent for agent in words.agents if "@" in agent)),
        "groups": _sets(_spelled(words.groups)),
        "tags": _sets(_spelled(words.tags)),
        **{name: _sets(_spelled(words.words_of(READS[name]))) for name in _WORDS},
        "channels": _sets(_spelled(("api", "whatsapp", "web_form"))),
        "subject": _matches(row["fields"]["subject"] for row in rows),
        "created": spans,
        "updated": spans,
    }
    if words.custom_fields:
        name = st.sampled_from(sorted(words.custom_fields))
        questions["custom_fields"] = name.flatmap(
            lambda one: st.fixed_dictionaries({one: _sets([*_single_values(words.custom_fields[one]), NONE])})
        )
    declared = capabilities.ticket_fields | {"subject", "status", "requester"}
    return _queries({name: one for name, one in questions.items() if READS[name] in declared})


def _single_values(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if not isinstance(value, tuple)]


def _with_plus(where: str) -> str:
    return where if "@" in where else f"+{where}"


def contact_queries(inputs: Inputs, model: Model, began: datetime) -> st.SearchStrategy[Values]:
    """Return queries for contacts by every field that the desk declares, mostly for values that contacts have."""
    rows = model.contacts.values()
    spans = _periods(began, (row["since"] for row in rows))
    questions: dict[str, st.SearchStrategy[Any]] = {
        "email": _sets(_spelled(EMAILS)),
        "phone": _sets([*PHONES, PHONES[0][:-1], NONE]),
        "name": _matches(row["fields"].get("name", "Ann") for row in rows),
        "company": _sets(_spelled(inputs.words.companies)),
        "created": spans,
        "updated": spans,
    }
    declared = inputs.capabilities.contact_fields
    found = _queries({name: one for name, one in questions.items() if _CONTACT_READS[name] in declared})
    return _with_blocked(found) if "blocked" in declared else found


@st.composite
def _with_blocked(draw: st.DrawFn, queries: st.SearchStrategy[Values]) -> Values:
    query = draw(queries)
    return {**query, "include": ("blocked",)} if draw(st.booleans()) else query


# ---- from plain values to the library's


def _query_arguments(values: Values, began: datetime) -> Values:
    found = dict(values)
    for name in _TIMES:
        if name in found:
            found[name] = tuple(None if at is None else began + timedelta(seconds=at) for at in found[name])
    for name in ("subject", "name"):
        if name in found:
            found[name] = Match(*found[name])
    if "custom_fields" in found:
        found["custom_fields"] = {name: frozenset(wanted) for name, wanted in found["custom_fields"].items()}
    return found


def ticket_query(values: Values, began: datetime) -> TicketQuery:
    """Return the query of plain values."""
    return TicketQuery(**_query_arguments(values, began))


def contact_query(values: Values, began: datetime) -> ContactQuery:
    """Return the query of plain values."""
    return ContactQuery(**_query_arguments(values, began))


# ---- what a plain filter answers


def fields_read(query: Values) -> frozenset[str]:
    """Return the fields of tickets that a query reads."""
    ordered = {"updated_at"} if str(query.get("order", "")).endswith("updated") else set()
    return frozenset({READS[name] for name in query if name in READS} | ordered)


def plain_ticket(record_id: str, values: Mapping[str, Any], who: Actor) -> Ticket:
    """Return a ticket of the model as a value, for the plain filter."""
    group, assignee = values.get("group"), values.get("assignee")
    return Ticket(
        id=record_id,
        ref="",
        subject=values["subject"],
        requester=who,
        assignee=Actor.agent(email=assignee) if assignee else None,
        group=Ref(name=group) if group else None,
        tags=tuple(sorted(values.get("tags", ()))),
        custom_fields={name.removeprefix(CUSTOM): one for name, one in values.items() if name.startswith(CUSTOM)},
        **{name: values[name] for name in _PLAIN if values.get(name) is not None},
    )


_PLAIN: Final = tuple(
    name
    for name, field in TICKET.items()
    if field.kind in (Kind.WORD, Kind.CHOICE, Kind.TIME, Kind.FLAG) or name == "merged_into"
)


def plain_contact(record_id: str, values: Mapping[str, Any]) -> Contact:
    """Return a contact of the model as a value, for the plain filter."""
    company = values.get("company")
    return Contact(
        id=record_id,
        ref="",
        name=values.get("name"),
        emails=values.get("emails", ()),
        phones=tuple(Phone(f"+{one}") for one in values.get("phones", ())),
        company=Ref(name=company) if company else None,
        blocked=values.get("blocked", False),
        deleted=values.get("deleted", False),
        created_at=values.get("created_at"),
        updated_at=values.get("updated_at"),
    )


def matching_tickets(query: TicketQuery, among: Iterable[Ticket]) -> list[str]:
    """Return the ids of the records that match, in the query's order, without its limit."""
    return _ordered([one for one in among if answers_ticket(query, one)], query.order)


def matching_contacts(query: ContactQuery, among: Iterable[Contact]) -> list[str]:
    """Return the ids of the records that match, in the query's order, without its limit."""
    return _ordered([one for one in among if answers_contact(query, one)], query.order)


def _ordered(found: list[Any], order: Order) -> list[str]:
    name = "updated_at" if order.value.endswith("updated") else "created_at"
    never = datetime.min.replace(tzinfo=UTC)

    def place(record: Any) -> tuple[datetime, int, str]:
        number = len(record.id) if record.id.isdigit() else 0
        return (getattr(record, name) or never, number, record.id)

    found.sort(key=place, reverse=order.value.startswith("-"))
    return [record.id for record in found]
