"""What a caller gives is taken in every spelling that means something, and refused when it is made where it means nothing."""

import datetime as dt
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge import (
    NONE,
    UNSET,
    Actor,
    ActorKind,
    Add,
    Body,
    ContactChange,
    ContactDraft,
    ContactQuery,
    Invalid,
    Match,
    MessageDraft,
    Order,
    Period,
    Priority,
    Ref,
    Remove,
    Status,
    TicketChange,
    TicketDraft,
    TicketQuery,
)
from helpdesk_bridge.model import fields
from helpdesk_bridge.model.fields import Kind

NEEDED = {
    TicketDraft: {"subject": "s", "description": "d", "requester": "ann@example.com"},
    MessageDraft: {"body": "b"},
}
WRITTEN = {
    TicketDraft: fields.TICKET,
    TicketChange: fields.TICKET,
    MessageDraft: fields.MESSAGE,
    ContactDraft: fields.CONTACT,
    ContactChange: fields.CONTACT,
}
SEVERAL = {Kind.WORDS, Kind.ADDRESSES, Kind.PHONES}
COLLECTIONS = [
    (cls, name)
    for cls, table in WRITTEN.items()
    for name in attrs.fields_dict(cls)
    if table[name].kind in SEVERAL
]  # fmt: skip
SETS = [
    (cls, name)
    for cls, table in ((TicketQuery, fields.TICKET), (ContactQuery, fields.CONTACT))
    for name, field in fields.filters(table).items()
    if field.kind not in (Kind.CUSTOM_FIELDS, Kind.TEXT, Kind.TIME)
]
# What no field of a draft, change or query can be.
STRANGE = [5.5, b"bytes", object(), {1: "a"}, [None], [["nested"]], {"x"}.__iter__, print, Ellipsis, [5], (b"x",), type]


def made(cls, **values):
    return cls(**NEEDED.get(cls, {}) | values)


@pytest.mark.parametrize(("cls", "name"), COLLECTIONS)
@given(word=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_a_text_is_one_word_and_never_its_letters(cls, name, word):
    assert getattr(made(cls, **{name: word}), name) == (word,)


@pytest.mark.parametrize(("cls", "name"), COLLECTIONS)
@pytest.mark.parametrize(
    "collect", [list, tuple, set, frozenset, iter, dict.fromkeys, lambda words: (w for w in words)]
)
def test_every_collection_of_words_is_taken(cls, name, collect):
    assert sorted(getattr(made(cls, **{name: collect(["vip", "late"])}), name)) == ["late", "vip"]


@pytest.mark.parametrize(("cls", "name"), SETS)
def test_one_value_of_a_query_means_the_set_of_it(cls, name):
    assert getattr(cls(**{name: "vip"}), name) == frozenset({"vip"})
    assert getattr(cls(**{name: ["vip", "late"]}), name) == frozenset({"vip", "late"})
    assert getattr(cls(**{name: iter(["vip"])}), name) == frozenset({"vip"})


@pytest.mark.parametrize("cls", [*WRITTEN, TicketQuery, ContactQuery])
@pytest.mark.parametrize("value", STRANGE, ids=lambda value: type(value).__name__ + repr(value)[:12])
def test_a_value_of_the_wrong_type_is_refused_with_the_name_of_its_field(cls, value):
    for name in attrs.fields_dict(cls):
        if name == "custom_fields" and isinstance(value, dict):
            continue
        with pytest.raises(Invalid) as refused:
            made(cls, **{name: value})
        assert (refused.value.field or "").split(".")[0] in {name, "text", "custom_fields"}, name
        assert "takes" in str(refused.value) or "unknown" in str(refused.value) or "finite" in str(refused.value), name


@pytest.mark.parametrize("cls", [TicketDraft, MessageDraft])
def test_what_is_needed_cannot_be_none(cls):
    for name in NEEDED[cls]:
        with pytest.raises(Invalid, match=f"{name} cannot be None"):
            made(cls, **{name: None})


def test_none_clears_what_can_be_cleared_and_nothing_else():
    for cls, table in ((TicketChange, fields.TICKET), (ContactChange, fields.CONTACT)):
        for name in attrs.fields_dict(cls):
            if fields.Write.CLEAR in table[name].write or table[name].kind in SEVERAL:
                assert getattr(cls(**{name: None}), name) in (None, ())
            else:
                with pytest.raises(Invalid) as refused:
                    cls(**{name: None})
                assert refused.value.field == name


def test_a_refusal_never_repeats_what_was_given():
    for value in ("secret words", 77001, b"77001"):
        with pytest.raises(Invalid) as refused:
            TicketDraft(subject=[value], description="d", requester="ann@example.com")
        assert "secret" not in str(refused.value)
        assert "77001" not in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"order": "created_at"}, "order"),
        ({"order": None}, "order"),
        ({"created": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, "created"),
        ({"created": "2026-01-01"}, "created"),
        ({"created": (dt.datetime(2026, 1, 1), None)}, "start"),  # noqa: DTZ001 - that it is bare is the point
        ({"created": ("a", "b")}, "start"),
        ({"created": (1, 2, 3)}, "created"),
        ({"limit": "5"}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": 5.0}, "limit"),
        ({"limit": -1}, "limit"),
        ({"subject": 3}, "subject"),
        ({"statuses": 5}, "statuses"),
        ({"statuses": {5}}, "statuses"),
        ({"tags": 7}, "tags"),
        ({"include": "everything"}, "include"),
        ({"include": None}, "include"),
        ({"include": 5}, "include"),
        ({"custom_fields": "x"}, "custom_fields"),
        ({"custom_fields": {1: "x"}}, "custom_fields"),
        ({"custom_fields": {"a": {}}}, "custom_fields.a"),
    ],
)
def test_a_wrong_value_of_a_query_names_its_field(wrong, field):
    with pytest.raises(Invalid) as refused:
        TicketQuery(**wrong)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "values",
    [
        {"assignee": Actor(ActorKind.AGENT, id="7"), "group": Ref("3", "Sales"), "company": "Acme"},
        {"status": Status.OPEN, "priority": Priority.HIGH},
        {"status": "Waiting", "priority": "very high"},
        {
            "custom_fields": {
                "a": None,
                "b": Decimal("1.5"),
                "c": dt.date(2026, 1, 1),
                "d": ("x", "y"),
                "e": True,
                "f": 3,
            }
        },
        {"tags": Add("vip", "late"), "cc": Remove("b@x.io"), "watchers": None},
        {"assignee": None, "group": None, "type": None, "category": UNSET},
    ],
)
def test_every_spelling_that_a_change_documents_is_taken(values):
    change = TicketChange(**values)
    assert {name: getattr(change, name) for name in values} == {
        **values,
        **({"watchers": ()} if "watchers" in values else {}),
    }


def test_every_spelling_that_a_query_documents_is_taken():
    when = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    query = TicketQuery(
        statuses=[Status.OPEN, "Waiting"], assignee=NONE, groups={Ref("3"), "Sales", NONE}, subject="Invoice",
        created=(when, None), updated=Period(None, when), order="-updated", include="spam", limit=0,
        custom_fields={"a": {"x", NONE}, "b": 3},
    )  # fmt: skip
    assert query.assignee == frozenset({NONE})
    assert query.subject == Match("Invoice")
    assert query.created == Period(when)
    assert query.order is Order.UPDATED_DESC
    assert query.include == frozenset({"spam"})
    assert query.custom_fields == {"a": frozenset({"x", NONE}), "b": frozenset({3})}


@pytest.mark.parametrize("wrong", [("vip", 3), (["vip"],), (None,)])
@pytest.mark.parametrize("how", [Add, Remove])
def test_what_is_added_or_removed_is_text_each_by_itself(how, wrong):
    with pytest.raises(Invalid, match=f"{how.__name__} takes texts"):
        how(*wrong)


def test_a_body_is_text_or_a_body():
    assert MessageDraft(body=Body(html="<p>x</p>")).body.text == "x"
    with pytest.raises(Invalid, match="body takes text or a Body"):
        MessageDraft(body=["x"])


@pytest.mark.parametrize("cls", [*WRITTEN, TicketQuery, ContactQuery])
def test_arguments_that_do_not_fit_are_invalid_as_values_are(cls):
    with pytest.raises(Invalid, match="unknown field subjekt"):
        cls(subjekt="x")
    with pytest.raises(Invalid, match="by name"):
        cls("x")
    for name in NEEDED.get(cls, ()):
        with pytest.raises(Invalid) as refused:
            cls(**{name: None})
        assert refused.value.field == name
        with pytest.raises(Invalid, match="is missing"):
            cls(**{name: "x"}) if len(NEEDED[cls]) > 1 else cls()
