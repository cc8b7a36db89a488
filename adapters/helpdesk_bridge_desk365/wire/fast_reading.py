"""Fast reading: a ticket in the recorded or the printed form is read in one pass; listings have thousands.

Whatever is not (a number as text, details flattened into the ticket, files) is left to ``reading``, which knows every
spelling and names the place of what cannot be read. Both give the same value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import contains, itemgetter
from typing import Any, Final, get_args, get_type_hints

from attrs import fields, frozen

from helpdesk_bridge_desk365.wire.documents import Moment, SurveyDocument, TicketDocument
from helpdesk_bridge_desk365.wire.keys import TICKET
from helpdesk_bridge_desk365.wire.times import read_moment
from helpdesk_bridge_desk365.wire.words import whole_number

CUSTOM_PREFIX: Final = "cf_"
SURVEY_PREFIX: Final = "sv_"
_PREFIX: Final = len(CUSTOM_PREFIX)

# Documented (Desk365 API, "Sample response body") -> observed.
_OTHER_NAMES: Final[Mapping[str, str]] = {"sub_category": "subcategory", "assign_to": "assigned_to"}
_ADDED: Final = frozenset({"present", "raw", "left"})
# Survey details may be in the ticket itself, and "email" and "survey_ratings" are spellings of others still.
_LEFT: Final = frozenset({"email", "survey_ratings"})

# What a wire field of another type than text, number or truth is in JSON; empty files are the only ones taken here.
_IN_JSON: Final[Mapping[Any, type[Any]]] = {
    Moment: str,
    SurveyDocument: dict,
    dict[str, Any]: dict,
    tuple[str, ...]: list,
}


@frozen(eq=False)
class _Fields:
    """The fields of a wire class that are sent: their names, the JSON types each may have, and where times are."""

    names: tuple[str, ...]
    allowed: tuple[frozenset[type[Any]], ...]
    times: tuple[int, ...]

    @classmethod
    def of(cls, type_: type[Any]) -> _Fields:
        hints = get_type_hints(type_)
        names = tuple(field.name for field in fields(type_) if field.name not in _ADDED)
        return cls(
            names,
            tuple(_allowed(hints[name]) for name in names),
            tuple(number for number, name in enumerate(names) if Moment in get_args(hints[name])),
        )

    def at(self, name: str) -> int:
        return self.names.index(name)


def _allowed(hint: Any) -> frozenset[type[Any]]:
    options = get_args(hint) if type(None) in get_args(hint) else (hint,)
    return frozenset(
        _IN_JSON.get(option, option) for option in options if isinstance(option, type) or option in _IN_JSON
    )


_TICKET: Final = _Fields.of(TicketDocument)
_SURVEY: Final = _Fields.of(SurveyDocument)
_CUSTOM_FIELDS: Final = _TICKET.at("custom_fields")
_FILES: Final = _TICKET.at("attachments")
_LISTS: Final = (_TICKET.at("watchers"), _TICKET.at("share_to"))
_RATING: Final = _TICKET.at("survey_rating")
_TEXT: Final = frozenset({str})
_SOURCE: Final = _TICKET.at("source")


@frozen
class _Plan:
    """How the values of documents with the same keys come into the order of the wire class's fields."""

    pick: Callable[[Any], tuple[Any, ...]]
    present: frozenset[str]


@lru_cache(maxsize=256)
def _plan(keys: tuple[str, ...], wire_fields: _Fields) -> _Plan | None:
    """Return the plan for these keys, the last value standing for whatever was not sent; None if they are unusual."""
    known = tuple(_OTHER_NAMES.get(key, key) for key in keys)
    places = {name: number for number, name in enumerate(known)}
    if len(places) != len(keys) or not _LEFT.isdisjoint(places):
        return None
    flat = (CUSTOM_PREFIX,) if wire_fields is _SURVEY else (CUSTOM_PREFIX, SURVEY_PREFIX)
    if any(name.startswith(flat) for name in known):
        return None
    missing = len(keys)
    return _Plan(itemgetter(*(places.get(name, missing) for name in wire_fields.names)), frozenset(known))


def _values(document: dict[str, Any], wire_fields: _Fields) -> tuple[list[Any], frozenset[str]] | None:
    """Return a document's values in the order of the fields, and which were sent; None for one of another type."""
    plan = _plan(tuple(document), wire_fields)
    if plan is None:
        return None
    values = [*plan.pick([*document.values(), None])]
    if not all(map(contains, wire_fields.allowed, map(type, values))):
        return None
    # A ticket shows the same second more than once: it is closed when it is resolved, and changed then.
    seen: dict[str | None, Moment | None] = {None: None}
    try:
        for number in wire_fields.times:
            text = values[number]
            if text in seen:
                values[number] = seen[text]
            else:
                values[number] = seen[text] = read_moment(text)
    except ValueError:
        return None
    return values, plan.present


def quick_ticket(document: Any) -> TicketDocument | None:
    """Return the ticket, or None if it needs the exact way."""
    read = _values(document, _TICKET) if type(document) is dict else None
    if read is None:
        return None
    values, present = read
    if values[_CUSTOM_FIELDS] is not None:
        values[_CUSTOM_FIELDS] = {
            (key[_PREFIX:] if key[:_PREFIX] == CUSTOM_PREFIX else key): value
            for key, value in values[_CUSTOM_FIELDS].items()
        }
    source = values[_SOURCE]
    if type(source) is str:
        # Documented: Desk365 API, "Sample response body": the source as text.
        number = whole_number(source)
        if number is None:
            return None
        values[_SOURCE] = number
    for place in _LISTS:
        words = values[place]
        if words is not None:
            if not _TEXT.issuperset(map(type, words)):
                return None
            values[place] = tuple(words)
    if values[_RATING] is not None:
        survey = _values(values[_RATING], _SURVEY)
        if survey is None:
            return None
        values[_RATING] = SurveyDocument(*survey[0])
    values += (present, document, TICKET.left(document))
    return TicketDocument(*values)
