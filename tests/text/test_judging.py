"""What a caller writes is judged where it is made: what no vendor can take as it is never gets further."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge import (
    Body,
    ContactChange,
    ContactDraft,
    ContactQuery,
    MessageDraft,
    TicketChange,
    TicketDraft,
    TicketQuery,
    Upload,
    open_desk,
)
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.queries import Match
from helpdesk_bridge.model.values import Actor, Add, Ref, Remove
from helpdesk_bridge.testing.nasty import NASTY, UNFIT
from helpdesk_bridge.text import json_text

NEEDED = {"subject": "s", "description": "d", "requester": "ann@x.example"}
TEXTS = {
    "subject": (TicketDraft, lambda x: {**NEEDED, "subject": x}, "subject"),
    "description": (TicketDraft, lambda x: {**NEEDED, "description": x}, "description"),
    "HTML": (TicketDraft, lambda x: {**NEEDED, "description": Body(html=x)}, "description"),
    "plain body": (TicketDraft, lambda x: {**NEEDED, "description": Body(text=x)}, "description"),
    "requester": (TicketDraft, lambda x: {**NEEDED, "requester": Actor.contact(name=x)}, "requester"),
    "group": (TicketDraft, lambda x: {**NEEDED, "group": Ref(name=x)}, "group"),
    "tag": (TicketDraft, lambda x: {**NEEDED, "tags": ["a", x]}, "tags"),
    "field": (TicketDraft, lambda x: {**NEEDED, "custom_fields": {"a": x}}, "custom_fields.a"),
    "words": (TicketDraft, lambda x: {**NEEDED, "custom_fields": {"a": ("b", x)}}, "custom_fields.a"),
    "field name": (TicketDraft, lambda x: {**NEEDED, "custom_fields": {x: 1}}, "custom_fields"),
    "file name": (TicketDraft, lambda x: {**NEEDED, "attachments": [Upload.from_bytes(x, b"")]}, "attachments"),
    "status": (TicketDraft, lambda x: {**NEEDED, "status": x}, "status"),
    "new subject": (TicketChange, lambda x: {"subject": x}, "subject"),
    "added tag": (TicketChange, lambda x: {"tags": Add(x)}, "tags"),
    "removed copy": (TicketChange, lambda x: {"cc": Remove(x)}, "cc"),
    "message": (MessageDraft, lambda x: {"body": x}, "body"),
    "name": (ContactDraft, lambda x: {"name": x}, "name"),
    "e-mail": (ContactDraft, lambda x: {"emails": x}, "emails"),
    "new name": (ContactChange, lambda x: {"name": x}, "name"),
    "asked subject": (TicketQuery, lambda x: {"subject": x}, "text"),
    "asked tag": (TicketQuery, lambda x: {"tags": {x}}, "tags"),
    "asked person": (TicketQuery, lambda x: {"requester": Actor.contact(email=x)}, "requester"),
    "asked field": (TicketQuery, lambda x: {"custom_fields": {"a": x}}, "custom_fields.a"),
    "asked e-mail": (ContactQuery, lambda x: {"email": x}, "email"),
}


@pytest.mark.parametrize("unfit", UNFIT)
@pytest.mark.parametrize("place", TEXTS)
def test_what_no_text_can_hold_is_invalid_at_once_and_not_quoted(place, unfit):
    kind, values, field = TEXTS[place]
    with pytest.raises(Invalid) as caught:
        kind(**values(f"Kanarienvogel {UNFIT[unfit]}"))
    assert caught.value.field == field
    assert "Kanarienvogel" not in str(caught.value)


@pytest.mark.parametrize("place", list(TEXTS))
@pytest.mark.parametrize("nasty", NASTY)
def test_every_other_text_is_taken(place, nasty):
    kind, values, _ = TEXTS[place]
    assert kind(**values(NASTY[nasty]))


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x]], ids=["one", "several"])
@pytest.mark.parametrize(
    "number",
    [Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), float("nan"), float("inf"), 2**53 + 1, -(10**30) - 1, 10**400,
     Decimal("0.12345678901234567890"), Decimal(2**64 + 1), Decimal("1e400"), Decimal("1e-400")],
    ids=repr,
)  # fmt: skip
def test_a_number_that_is_none_or_that_json_would_round_is_invalid(wrap, number):
    values = {"amount": wrap(number)}
    for make in (lambda: TicketDraft(**NEEDED, custom_fields=values), lambda: TicketQuery(custom_fields=values)):
        with pytest.raises(Invalid) as caught:
            make()
        assert caught.value.field == "custom_fields.amount"


@given(st.integers() | st.decimals() | st.floats())
def test_a_number_that_is_taken_comes_back_from_json_as_it_was(number):
    try:
        TicketDraft(**NEEDED, custom_fields={"amount": number})
    except Invalid:
        return
    as_json = float(number) if isinstance(number, Decimal) else number
    back, _ = json_text.parse(json_text.dumps(as_json))
    assert (Decimal(repr(back)) if isinstance(number, Decimal) else float(back)) == number


def test_prices_counts_and_order_numbers_are_taken():
    values = {
        "a": Decimal("19.90"),
        "b": 2**53,
        "c": -0,
        "d": Decimal("0.1"),
        "e": True,
        "f": Decimal("1E+3"),
        "g": 10**22,
    }
    assert TicketDraft(**NEEDED, custom_fields=values).custom_fields == values


@pytest.mark.parametrize("unfit", UNFIT.values())
def test_ids_and_words_to_look_for_are_judged_too(unfit):
    with open_desk({"vendor": "local", "path": ":memory:"}) as desk:
        for call in (
            lambda: desk.tickets.get(unfit),
            lambda: desk.messages.list(unfit),
            lambda: desk.contacts.find(email=unfit),
            lambda: desk.messages.add_from_contact("1", MessageDraft(body="x"), unfit),
            lambda: Match(unfit),
        ):
            with pytest.raises(Invalid):
                call()
