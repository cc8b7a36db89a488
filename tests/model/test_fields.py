"""The table of fields agrees with the records, drafts, changes and queries: whoever adds a field adds it to both."""

import enum
import types
import typing
from collections.abc import Mapping
from datetime import datetime

import attrs
import pytest

from helpdesk_bridge.model import fields
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, TicketChange, TicketDraft
from helpdesk_bridge.model.fields import Kind, Travel, Write
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, Body, Phone, Rating, Ref

RECORDS = {"ticket": Ticket, "contact": Contact, "message": Message}
DRAFTS = {"ticket": TicketDraft, "contact": ContactDraft, "message": MessageDraft}
CHANGES = {"ticket": TicketChange, "contact": ContactChange}
QUERIES = {"ticket": TicketQuery, "contact": ContactQuery}
OF_A_QUERY_ITSELF = {"include", "order", "limit"}
HOLDS = {
    Kind.ID: {str},
    Kind.TEXT: {str},
    Kind.WORD: {str},
    Kind.PERSON: {Actor},
    Kind.REFERENCE: {Ref},
    Kind.TIME: {datetime},
    Kind.FLAG: {bool},
    Kind.NUMBER: {int},
    Kind.WORDS: {tuple},
    Kind.ADDRESSES: {tuple},
    Kind.PHONES: {tuple},
    Kind.IDENTITIES: {tuple},
    Kind.CUSTOM_FIELDS: {Mapping},
    Kind.BODY: {Body},
    Kind.FILES: {tuple},
    Kind.RATING: {Rating},
    Kind.ANSWER: {frozenset, Mapping},
}


def names(of):
    return {attribute.name for attribute in attrs.fields(of)}


def held(annotation):
    """The classes that an annotation allows, without ``None``."""
    union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    parts = typing.get_args(annotation) if union else (annotation,)
    return {typing.get_origin(part) or part for part in parts} - {type(None)}


@pytest.mark.parametrize("area", RECORDS)
def test_every_field_of_a_record_is_in_the_table_and_no_other(area):
    missing = names(RECORDS[area]) ^ set(fields.RECORDS[area])
    assert not missing, f"add to helpdesk_bridge/model/fields.py, or to the record: {missing}"
    assert all(name == field.name for name, field in fields.RECORDS[area].items())


@pytest.mark.parametrize("area", RECORDS)
def test_a_field_holds_what_its_kind_says(area):
    hints = typing.get_type_hints(RECORDS[area])
    for name, field in fields.RECORDS[area].items():
        if field.kind is Kind.CHOICE:
            assert held(hints[name]) == {field.choices}, name
            assert issubclass(field.choices, enum.Enum)
        else:
            assert field.choices is None, name
            assert held(hints[name]) <= HOLDS[field.kind], name


def test_a_table_of_phones_holds_phones():
    assert typing.get_args(typing.get_type_hints(Contact)["phones"])[0] is Phone


@pytest.mark.parametrize("area", DRAFTS)
def test_a_draft_has_the_fields_that_can_be_given(area):
    assert names(DRAFTS[area]) == set(fields.writable(fields.RECORDS[area], Write.DRAFT))


@pytest.mark.parametrize("area", RECORDS)
def test_a_change_has_the_fields_that_can_be_changed(area):
    changes = names(CHANGES[area]) if area in CHANGES else set()
    assert changes == set(fields.writable(fields.RECORDS[area], Write.CHANGE))


@pytest.mark.parametrize("area", CHANGES)
def test_a_change_takes_none_for_the_single_values_that_can_be_cleared(area):
    hints = typing.get_type_hints(CHANGES[area])
    for name in fields.writable(fields.RECORDS[area], Write.CHANGE):
        field = fields.RECORDS[area][name]
        if field.kind in fields.SINGLE | {Kind.TEXT, Kind.FLAG}:
            takes_none = type(None) in typing.get_args(hints[name])
            assert takes_none == (Write.CLEAR in field.write), name


@pytest.mark.parametrize("area", QUERIES)
def test_a_query_has_the_fields_that_can_be_filtered(area):
    assert names(QUERIES[area]) - OF_A_QUERY_ITSELF == set(fields.filters(fields.RECORDS[area]))


def test_a_decision_belongs_to_one_field_and_only_to_one_that_is_mapped():
    every = [field for table in fields.RECORDS.values() for field in table.values()]
    for field in every:
        assert field.decision is None or field.travel is Travel.MAPPED, field.name
    decisions = [field.decision for field in every if field.decision]
    assert len(set(decisions)) == len(decisions)


def test_words_are_for_names_that_the_field_has():
    for table in fields.RECORDS.values():
        for field in table.values():
            assert set(field.words) <= {field.name, field.decision, *field.parts}, field.name
