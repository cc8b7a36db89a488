"""Documents that nobody foresaw: they are read, or refused by their place; they never crash, and are never quoted."""

from __future__ import annotations

import copy

import pytest
from adapters.desk365.samples import sample
from attrs import evolve
from desk365_http import Desk365Http, message, ticket, with_tickets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk_bridge.adapter import BadResponse, MessageKind, Priority, Status, Visibility
from helpdesk_bridge.datasets.dataset import SeedFile
from helpdesk_bridge_desk365.vendor_api import documents, reading
from helpdesk_bridge_desk365.wire import parsing
from helpdesk_bridge_desk365.wire import reading as convert
from helpdesk_bridge_desk365.wire.account import AccountContext
from helpdesk_bridge_desk365.wire.fast_reading import quick_ticket

ACCOUNT = AccountContext("acme", "https://acme.desk365.io")
FEW = settings(
    max_examples=20,
    deadline=None,
    database=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)
CANARY = "c4n4ry"


def recorded():
    """Return one document of each kind, as the simulator writes them."""
    file = SeedFile("a.txt", "text/plain", b"abc")
    said = message("ada", "Hi <b>there</b>", 5, files=(file,))
    rated = ticket(
        1, status="closed", rating=(1, "Fine"), messages=[said], assignee="ada", custom_fields={"Order No": "A-7"}
    )
    desk = Desk365Http(
        with_tickets(rated, *(ticket(n, assignee="ada") for n in range(2, 8))), additions_2026=True, contracts=True
    )
    includes = {"include_description": 1, "include_custom_fields": 1, "include_survey_details": 1}
    rows = desk.get("/tickets", **includes, order_type="asc")["tickets"]
    return {
        "row": rows[0],
        "flat row": desk.get("/tickets", **includes, nested_fields=1, order_type="asc")["tickets"][0],
        "sample": sample()["tickets"][0],
        "details": desk.get("/tickets/details", ticket_number=1),
        "message": desk.get("/tickets/conversations", ticket_number=1)["conversations"][0],
        "contact": desk.get("/contacts/details", primary_email="Mira@client.example"),
        "company": desk.get("/companies/details", name="Client Ltd"),
        "company row": desk.get("/companies")["content"][0],
        "survey": desk.get("/surveys")["surveys"][1],
        "answer": desk.get("/surveys/ratings")["survey_ratings"][0],
        "entry": desk.get("/time_entries")["content"][0],
        "article": desk.get("/kb/article/details", article_name="How to reach us"),
        "category": desk.get("/kb/category/details", category_name="General"),
        "folder": desk.get("/kb/folder/details", category_name="General", folder_name="Getting started"),
    }


DOCUMENTS = recorded()
TICKETS = ("row", "flat row", "sample", "details")


def as_ticket(document):
    return convert.ticket(parsing.read_ticket(document), ACCOUNT)


READERS = {
    **dict.fromkeys(TICKETS, as_ticket),
    "message": lambda document: convert.messages([parsing.read_message(document)], "1", ACCOUNT),
    "contact": lambda document: (
        convert.contact(parsing.read_contact(document), ACCOUNT),
        reading.read(documents.ContactDetails, document),
    ),
    "company": lambda document: (parsing.read_company(document), reading.read(documents.CompanyDetails, document)),
    "company row": lambda document: (parsing.read_company(document), reading.read(documents.CompanyDetails, document)),
    "survey": lambda document: reading.read(documents.Survey, document),
    "answer": lambda document: reading.read(documents.SurveyAnswer, document),
    "entry": lambda document: reading.read(documents.TimeEntry, document),
    "article": lambda document: reading.read(documents.Article, document),
    "category": lambda document: reading.read(documents.Category, document),
    "folder": lambda document: reading.read(documents.Folder, document),
}
KINDS = pytest.mark.parametrize("kind", READERS)

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | st.sampled_from(
        ["", " ", "7", "-1", "1970-01-01 00:00:00", "2026-02-30 00:00:00", "x,y", f"{CANARY} ﷽ 😀", "\x00"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "cf_x", "file_name"]), inner, max_size=3)
    ),
    max_leaves=6,
)
new_keys = st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=4, max_size=12).map("new_".__add__), anything)


@KINDS
def test_what_the_vendor_writes_is_read(kind):
    READERS[kind](DOCUMENTS[kind])


@KINDS
@FEW
@given(data=st.data())
def test_unknown_keys_change_nothing(kind, data):
    known = DOCUMENTS[kind]
    assert READERS[kind]({**known, **data.draw(new_keys)}) == READERS[kind](known)


@KINDS
@FEW
@given(data=st.data())
def test_a_missing_key_is_never_missed(kind, data):
    needed = {
        "ticket_number",
        "survey_name",
        "id",
        "article_title",
        "category_name",
        "folder_name",
        "parent_category_name",
        "name",
        "primary_email",
    }
    dropped = data.draw(st.sets(st.sampled_from(sorted(set(DOCUMENTS[kind]) - needed)), min_size=1))
    READERS[kind]({key: value for key, value in DOCUMENTS[kind].items() if key not in dropped})


@KINDS
@FEW
@given(data=st.data())
def test_any_value_anywhere_is_read_or_refused_by_its_place(kind, data):
    document = copy.deepcopy(DOCUMENTS[kind])
    for key in data.draw(st.lists(st.sampled_from(sorted(document)), min_size=1, max_size=4)):
        document[key] = data.draw(anything)
    refused = refusal(READERS[kind], document)
    if refused is not None:
        assert refused.path.startswith("$")
        assert CANARY not in str(refused)


@pytest.mark.parametrize("document", [None, [], "text", 7, True, [{}]])
def test_what_is_no_object_is_told_so(document):
    for read in READERS.values():
        with pytest.raises(BadResponse):
            read(document)


def refusal(read, document):
    """Return what a document is refused with, or None; anything else fails the test."""
    try:
        read(document)
    except BadResponse as refused:
        return refused
    return None


# --- the quick way and the exact way


def altered(draw, document):
    document = copy.deepcopy(document)
    for key in draw(st.lists(st.sampled_from(sorted(document)), max_size=3)):
        document[key] = draw(anything)
    for name in draw(
        st.lists(st.sampled_from(["sub_category", "assign_to", "email", "survey_ratings", "cf_x", "sv_y"]), max_size=2)
    ):
        document[name] = draw(anything)
    return document


@settings(parent=FEW, max_examples=120)
@given(data=st.data())
def test_the_quick_way_reads_what_the_exact_way_reads(data):
    document = altered(data.draw, DOCUMENTS[data.draw(st.sampled_from(TICKETS))])
    quick = quick_ticket(document)
    if quick is not None:
        assert quick == parsing.exact_ticket(document)


@pytest.mark.parametrize("kind", ["row", "sample"])
def test_rows_of_both_shapes_go_the_quick_way(kind):
    quick = quick_ticket(DOCUMENTS[kind])
    assert quick is not None
    assert quick == parsing.exact_ticket(DOCUMENTS[kind])


# --- words and numbers that are still unknown


@FEW
@given(st.text(min_size=1), st.integers(0, 10**6), st.integers() | st.text())
def test_unknown_words_and_numbers_stand_as_their_own_labels(status, priority, source):
    found = as_ticket({**DOCUMENTS["row"], "status": status, "priority": priority, "source": source})
    assert isinstance(found.status, Status)
    assert isinstance(found.priority, Priority)
    assert found.status is not Status.UNKNOWN or found.status_label == status
    assert found.priority is not Priority.UNKNOWN or found.priority_label == str(priority)
    assert found.channel is not None


@FEW
@given(st.none() | st.text(), st.none() | st.booleans(), st.none() | st.text())
def test_an_unknown_kind_of_message_is_read_and_is_internal(kind, public, sender):
    document = {**DOCUMENTS["message"], "type": kind, "public_note": public, "sender_type": sender}
    (found,) = convert.messages([parsing.read_message(document)], "1", ACCOUNT)
    assert isinstance(found.kind, MessageKind)
    word = (kind or "").strip().lower()
    if word == "note":
        assert found.visibility is (Visibility.PUBLIC if public else Visibility.INTERNAL)
    elif word not in ("", "reply") or public is False:
        assert found.visibility is Visibility.INTERNAL


def test_custom_fields_with_and_without_their_prefix_are_the_same_field():
    bare, prefixed = ({**DOCUMENTS["row"], "custom_fields": {f"{head}Order No": "A-7"}} for head in ("", "cf_"))
    assert as_ticket(bare) == as_ticket(prefixed)
    assert as_ticket(bare).custom_fields == {"Order No": "A-7"}
    assert evolve(as_ticket(bare), custom_fields={}) == evolve(as_ticket(prefixed), custom_fields={})
