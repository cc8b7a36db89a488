"""Strategies for every public value, made from the types of its fields: a new field or class is tested without being named."""

import enum
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from zoneinfo import ZoneInfo

import attrs
from hypothesis import strategies as st

from helpdesk_bridge.adapter import Finding
from helpdesk_bridge.adapter.odd_values import UnreadRow
from helpdesk_bridge.http.events import Attempt, BudgetBack, BudgetLost, Refused, ShadowRead, Waiting
from helpdesk_bridge.model.capabilities import Capabilities, FileLimits
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, Sent, TicketChange, TicketDraft
from helpdesk_bridge.model.paging import Events, Page, RecordEvent
from helpdesk_bridge.model.queries import INCLUDES, ContactQuery, Match, Period, TicketQuery
from helpdesk_bridge.model.records import Agent, Company, Contact, FieldDefinition, Group, Message, Tag, Ticket
from helpdesk_bridge.model.refs import RecordRef
from helpdesk_bridge.model.shadow import ShadowStatus
from helpdesk_bridge.model.values import Actor, Add, Attachment, Body, Identity, Phone, Rating, Ref, Remove, Upload
from helpdesk_bridge.ports import Explanation
from helpdesk_bridge.text.decoding import TextMended

RECORDS = (Ticket, Contact, Message, Agent, Company, FieldDefinition, Group, Tag)
WRITTEN = (TicketDraft, TicketChange, ContactDraft, ContactChange, MessageDraft, TicketQuery, ContactQuery)
PARTS = (Actor, Add, Attachment, Body, Identity, Match, Period, Phone, Rating, RecordRef, Ref, Remove, Upload)
ANSWERS = (Capabilities, Events, Explanation, FileLimits, Finding, Page, RecordEvent, Sent, ShadowStatus, UnreadRow)
EVENTS = tuple(
    getattr(import_module(f"helpdesk_bridge_{module}"), name)
    for module, names in {
        "deskie.port.events": "AgentAnswered RuleFired UnknownEvent",
        "desk360.wire.events": "DeliveryChanged InboundFile Location MessageReceived UnknownEvent",
    }.items()
    for name in names.split()
)
TOLD = (Attempt, BudgetBack, BudgetLost, Refused, ShadowRead, TextMended, Waiting)
VALUES = (*RECORDS, *WRITTEN, *PARTS, *ANSWERS, *EVENTS, *TOLD)

PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
ODD = st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
"""What vendors send, halves of characters included; no draft and no query takes that."""
ZONES = st.sampled_from([UTC, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")])
AWARE = st.datetimes(timezones=ZONES).filter(lambda moment: _same_in_utc(moment))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ODD,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ODD, inner, max_size=2),
    max_leaves=4,
)


def _same_in_utc(moment):
    """Whether Python compares a time as its moment: one that a zone has twice equals no other time (PEP 495)."""
    try:
        return moment.astimezone(UTC) == moment
    except OverflowError:
        return True


def _of(hint, text):
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        # A custom field may hold a time without a zone; times of records have one.
        naive = [st.datetimes()] if Decimal in args else []
        return st.one_of(*naive, *(_of(member, text) for member in args))
    if origin is tuple:
        return st.lists(_of(args[0], text), max_size=2).map(tuple)
    if origin is frozenset:
        return st.frozensets(_of(args[0], text), max_size=2)
    if origin is Mapping:
        return st.dictionaries(_of(args[0], text), _of(args[1], text), max_size=2)
    if origin is Callable:
        return st.binary(max_size=8).map(lambda content: Upload.from_bytes("x", content).open)
    if isinstance(hint, typing.TypeVar):
        return st.one_of(*map(values_of, (Ticket, Contact, Message)))
    if attrs.has(hint):
        return values_of(hint)
    if issubclass(hint, enum.Enum):
        return st.sampled_from(hint)
    return {
        str: text,
        int: st.integers(-(2**53), 2**53),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
        Decimal: st.decimals(-(10**6), 10**6, places=2),
        date: st.dates(),
        datetime: AWARE,
        type(None): st.none(),
    }[hint]


def _field(cls, attribute, hint, text):
    special = {
        (TicketQuery, "include"): st.frozensets(st.sampled_from(sorted(INCLUDES)), max_size=2),
        (ContactQuery, "include"): st.frozensets(st.sampled_from(sorted(INCLUDES)), max_size=2),
        (TicketQuery, "limit"): st.none() | st.integers(0, 2**53),
        (ContactQuery, "limit"): st.none() | st.integers(0, 2**53),
    }
    if (cls, attribute.name) in special:
        return special[cls, attribute.name]
    if attribute.name == "raw" and hint is not str:
        documents = st.dictionaries(ODD, JSON, max_size=2)
        return st.none() | documents if attribute.default is None else documents
    return _of(hint, text)


@cache
def values_of(cls):
    """Return a strategy for any value of a public class."""
    if cls is Period:
        pairs = st.tuples(st.none() | AWARE, st.none() | AWARE)
        return pairs.filter(lambda pair: None in pair or pair[0] <= pair[1]).map(lambda pair: Period(*pair))
    if cls in (Add, Remove):
        return st.lists(PLAIN, max_size=2).map(lambda words: cls(*words))
    text = PLAIN if cls in (*WRITTEN, Match, Period, Actor, Ref, Body, Upload) else ODD
    hints = typing.get_type_hints(cls)
    return st.builds(
        cls,
        **{
            attribute.alias: _field(cls, attribute, hints[attribute.name], text)
            for attribute in attrs.fields(cls)
            if attribute.init
        },
    )
