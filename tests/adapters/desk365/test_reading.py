from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from adapters.desk365.samples import sample
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.adapter import ActorKind, BadResponse, IdKind, MessageKind, Priority, Status, Visibility
from helpdesk_bridge.text import json_text
from helpdesk_bridge_desk365.wire import parsing
from helpdesk_bridge_desk365.wire import reading as convert
from helpdesk_bridge_desk365.wire.account import AccountContext
from helpdesk_bridge_desk365.wire.times import time_text
from helpdesk_bridge_desk365.wire.words import channel_of, priority_number, priority_of, sources_of, status_of

ORIGIN = "https://acme.desk365.io"
ACCOUNT = AccountContext("acme", ORIGIN)
BUCKET = "https://prod-eu1-d365-inline-imgs.s3.eu-central-1.amazonaws.com/t/a%20b.png"


def at(*numbers):
    return datetime(*numbers, tzinfo=UTC)


def test_the_documented_sample_is_read_literally():
    total, rows, where = parsing.read_rows(sample(), "tickets")
    assert (total, len(rows), where) == (150, 1, "$.tickets")
    wire = parsing.read_ticket(rows[0])
    plain = {
        "ticket_number": 10,
        "contact_email": "test@gmail.com",
        "subject": "Printer not working",
        "description": "<div>Please fix it</div>",
        "status": "open",
        "priority": 5,
        "type": "Question",
        "source": 1,
        "assigned_to": "agent@gmail.com",
        "group": "Sales",
        "category": "Billing",
        "subcategory": "Disputed Charge",
    }
    times = {
        "created_on": at(2023, 1, 1),
        "updated_on": at(2023, 1, 2),
        "resolved_on": at(2023, 1, 3),
        "closed_on": at(2023, 1, 4),
        "due_date": at(2023, 1, 3),
        "first_response_time": at(2023, 1, 2),
    }
    # Six further keys follow from these or have no field: nothing reads them, so they are not judged.
    assert len(plain) + len(times) == 18
    assert {name: getattr(wire, name) for name in plain} == plain
    assert {name: getattr(wire, name).at for name in times} == times
    assert wire.custom_fields == {"department": "string", "dob": "string", "employee_id": 0}
    survey = rows[0]["survey_rating"]
    assert len(survey) == 15
    read = ("sv_name", "sv_type", "sv_rating", "sv_additional_comments_response")
    assert {name: getattr(wire.survey_rating, name) for name in read} == {name: survey[name] for name in read}
    assert wire.survey_rating.sv_rated_on.at == at(2023, 10, 2, 0, 1, 30)


def test_the_sample_as_a_ticket_and_what_it_lacks():
    ticket = convert.ticket(parsing.read_ticket(sample()["tickets"][0]), ACCOUNT, rating_label="Excellent")
    assert (ticket.id, ticket.ref) == ("10", "desk365:acme/ticket/10")
    assert (ticket.status, ticket.status_label) == (Status.OPEN, "Open")
    assert (ticket.priority, ticket.priority_label, ticket.channel) == (Priority.NORMAL, "Medium", "email")
    assert ticket.requester.email == "test@gmail.com"
    assert ticket.requester.kind is ActorKind.CONTACT
    assert (ticket.assignee.email, ticket.group.name) == ("agent@gmail.com", "Sales")
    assert (ticket.category, ticket.subcategory) == ("Billing", "Disputed Charge")
    assert (ticket.rating.score, ticket.rating.label, ticket.rating.comment) == (
        3,
        "Excellent",
        "Good customer service",
    )
    assert ticket.description.text == "Please fix it"
    assert ticket.not_loaded == {"company", "sla", "cc", "watchers", "attachments", "message_count"}


RECORDED = {
    "ticket_number": 4127,
    "contact_email": "mira@client.example",
    "contact_name": "mira",
    "subject": "VPN drops",
    "description": "<div>Every hour</div>",
    "description_text": "Every hour",
    "status": "Open",
    "priority": 10,
    "type": "Incident",
    "source": 15,
    "form_name": "Create Ticket",
    "form_is_deleted": 0,
    "assigned_to": None,
    "company_name": None,
    "sla": "Standard",
    "completed_within_sla": None,
    "group": "Network",
    "category": "Remote access",
    "subcategory": None,
    "created_on": "2026-03-02 09:15:00",
    "updated_on": "2026-03-02 09:15:02",
    "resolved_on": None,
    "closed_on": None,
    "due_date": "2026-03-04 16:00:00",
    "first_response_time": None,
    "first_assigned_time": None,
    "first_assigned_duration": None,
    "resolved_duration": None,
    "first_replied_duration": None,
    "closed_duration": None,
    "custom_fields": {"cf_Order No": "A-77", "cf_Escalated": False, "cf_Region": None, "cf_Amount": 1.25, "cf_📦": ""},
    "attachments": [
        {
            "file_name": "a.txt",
            "file_size": 3,
            "file_type": "text/plain",
            "created_on": "2026-03-02 09:15:01",
            "attachment_url": "https://s3.amazonaws.com/prod-attachment-files/a.txt?X-Amz-Signature=canary",
        }
    ],
    "watchers": [],
    "share_to": ["boss@client.example"],
    "conversation_count": 2,
}


def ticket_of(**changes):
    return convert.ticket(parsing.read_ticket({**RECORDED, **changes}), ACCOUNT)


def test_a_recorded_answer_has_its_sla_and_everything_loaded_but_the_rating():
    ticket = ticket_of()
    assert ticket.sla.name == "Standard"
    assert ticket.not_loaded == {"rating"}
    assert ticket.message_count == 3
    assert ticket.cc == ("boss@client.example",)
    assert ticket.custom_fields == {
        "Order No": "A-77",
        "Escalated": False,
        "Region": None,
        "Amount": Decimal("1.25"),
        "📦": None,
    }
    assert ticket.created_at == at(2026, 3, 2, 9, 15)
    assert ticket.requester.name == "mira"
    assert ticket.url == "https://acme.desk365.io/app/tickets/ticketdetails?tktNum=4127"


def test_null_is_none_and_loaded_a_missing_key_is_not_loaded():
    loaded = ticket_of(group=None)
    assert loaded.group is None
    assert "group" not in loaded.not_loaded
    without = {key: value for key, value in RECORDED.items() if key != "group"}
    assert "group" in convert.ticket(parsing.read_ticket(without), ACCOUNT).not_loaded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"subcategory": "VPN"}, {"subcategory": None, "sub_category": "VPN"}),
        ({"assigned_to": "a@x.io"}, {"assigned_to": None, "assign_to": "a@x.io"}),
        ({"source": 1}, {"source": "1"}),
        ({"status": "Resolved"}, {"status": "resolved"}),
        ({"custom_fields": {"cf_Order No": "A"}}, {"custom_fields": {"Order No": "A"}}),
        ({"survey_rating": {"sv_rating": 2}}, {"survey_ratings": {"sv_rating": 2}}),
        (
            {"watchers": ["a@x.io"], "share_to": ["b@x.io", "c@x.io"]},
            {"watchers": "a@x.io", "share_to": "b@x.io, c@x.io"},
        ),
    ],
)
def test_both_spellings_give_the_same_ticket(one, other):
    assert ticket_of(**one) == ticket_of(**other)


def test_the_flat_form_gives_the_same_ticket_as_the_nested_one():
    nested = {
        **RECORDED,
        "survey_rating": {"sv_name": "S", "sv_type": 1, "sv_rating": -2, "sv_rated_on": "2026-03-03 00:00:00"},
    }
    flat = {key: value for key, value in nested.items() if key not in ("custom_fields", "survey_rating")}
    flat |= {**nested["custom_fields"], **nested["survey_rating"]}
    assert convert.ticket(parsing.read_ticket(flat), ACCOUNT) == convert.ticket(parsing.read_ticket(nested), ACCOUNT)


def test_no_survey_an_unanswered_one_and_an_answered_one():
    assert ticket_of(survey_rating=None).rating is None
    assert "rating" not in ticket_of(survey_rating=None).not_loaded
    unanswered = ticket_of(survey_rating={"sv_name": "S", "sv_answered": False, "sv_rating": None, "sv_rated_on": None})
    assert (unanswered.rating.score, unanswered.rating.at) == (None, None)
    answered = ticket_of(
        survey_rating={"sv_name": "S", "sv_answered": True, "sv_rating": -3, "sv_rated_on": "2026-03-03 10:00:00"}
    )
    assert (answered.rating.score, answered.rating.at) == (-3, at(2026, 3, 3, 10))
    flat_nulls = RECORDED | {"sv_name": None, "sv_rating": None}
    assert convert.ticket(parsing.read_ticket(flat_nulls), ACCOUNT).rating is None


@pytest.mark.parametrize(
    ("number", "priority"), [(1, Priority.LOW), (5, Priority.NORMAL), (10, Priority.HIGH), (20, Priority.URGENT)]
)
def test_priorities_there_and_back(number, priority):
    found, label = priority_of(number)
    assert found is priority
    assert priority_number(priority) == priority_number(label) == priority_number(str(number)) == number


@pytest.mark.parametrize(
    ("source", "channel"),
    [(1, "email"), (5, "teams"), (6, "portal"), (7, "phone"), (12, "web_form"), (13, "web_widget")],
)
def test_sources_there_and_back(source, channel):
    assert channel_of(source) == channel
    assert str(source) in sources_of(channel)


@given(st.integers(), st.integers())
def test_unknown_numbers_do_not_crash_a_read(priority, source):
    ticket = ticket_of(priority=priority, source=source)
    assert ticket.priority_label in ("Low", "Medium", "High", "Urgent") or ticket.priority_label == str(priority)
    assert source in (1, 5, 6, 7, 12, 13, 15, 16, 17, 18) or ticket.channel == str(source)
    assert priority < 0 or str(priority) == str(priority_number(ticket.priority_label))


def test_a_tenants_own_status_is_unknown_under_its_own_word():
    assert status_of("Waiting on parts 🔧") == (Status.UNKNOWN, "Waiting on parts 🔧")
    assert status_of("CLOSED") == (Status.CLOSED, "Closed")


@given(st.integers(86_400, 253_370_764_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_times_go_there_and_back(moment):
    assert ticket_of(created_on=time_text(moment)).created_at == moment


def test_the_vendors_word_for_never_is_none():
    assert ticket_of(updated_on="1970-01-01 00:00:00").updated_at is None


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"ticket_number": None}, "$.ticket_number"),
        ({"created_on": "secret-canary"}, "$.created_on"),
        ({"subject": ["secret-canary"]}, "$.subject"),
        ({"custom_fields": "secret-canary"}, "$.custom_fields"),
        ({"attachments": [{"file_size": "secret-canary"}]}, "$.attachments[0].file_size"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_place_and_never_quoted(changes, path):
    with pytest.raises(BadResponse) as caught:
        parsing.read_ticket({**RECORDED, **changes})
    assert caught.value.path == path
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("answer", [None, [], "x", {}, {"tickets": None}, {"tickets": {}}])
def test_an_answer_without_its_list_is_a_bad_response(answer):
    with pytest.raises(BadResponse):
        parsing.read_rows(answer, "tickets")


def test_raw_is_kept_on_demand_without_the_signed_address():
    kept = convert.ticket(parsing.read_ticket(RECORDED), AccountContext("acme", ORIGIN, keep_raw=True))
    assert kept.raw["form_name"] == "Create Ticket"
    assert kept.raw["attachments"][0]["file_name"] == "a.txt"
    assert "canary" not in repr(kept.raw)
    assert ticket_of().raw is None
    assert kept == ticket_of()


MESSAGE = {
    "ticket_number": 4127,
    "created_by": "ada@desk.example",
    "creator_name": "Ada",
    "type": "reply",
    "public_note": None,
    "sender_type": "agent",
    "cc_address": "a@x.io, b@x.io",
    "bcc_address": None,
    "to_address": None,
    "notified_agents": None,
    "body": "<p>Hello</p>",
    "body_text": "Hello",
    "attachments_count": 0,
    "attachments": [],
    "created_on": "2026-03-02 09:20:00",
    "is_email_deliveribility_failiure": False,
    "email_bounce_type": None,
    "email_bounce_status": None,
}


def messages_of(*changes, **more):
    wires = [parsing.read_message({**MESSAGE, **one}) for one in changes]
    return convert.messages(wires, "4127", ACCOUNT, **more)


def test_kinds_and_visibility_of_messages():
    found = messages_of(
        {},
        {"type": "note", "public_note": False},
        {"type": "note", "public_note": True},
        {"type": "note", "public_note": None},
        {"type": "forward"},
        {"type": None, "public_note": 0},
    )
    assert [(one.kind, one.visibility) for one in found] == [
        (MessageKind.REPLY, Visibility.PUBLIC),
        (MessageKind.NOTE, Visibility.INTERNAL),
        (MessageKind.NOTE, Visibility.PUBLIC),
        (MessageKind.NOTE, Visibility.INTERNAL),
        (MessageKind.FORWARD, Visibility.INTERNAL),
        (MessageKind.NOTE, Visibility.INTERNAL),
    ]
    assert [one.sequence for one in found] == [1, 2, 3, 4, 5, 6]
    assert found[0].cc == ("a@x.io", "b@x.io")


WORDS = [
    None,
    "",
    "reply",
    "Reply ",
    "note",
    "Note",
    "private_note",
    "public_note",
    "forward",
    "whisper",
    "call",
    "reply2",
]
SAID = [None, False, True, 0, 1, "0", "1", "true", "False", "maybe", [], {}, 2]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("said", SAID, ids=repr)
@pytest.mark.parametrize("sender", [None, "agent", "contact", "bot"])
def test_a_message_is_public_only_where_known_words_say_so(word, said, sender):
    (found,) = messages_of({"type": word, "public_note": said, "sender_type": sender})
    known = (word or "").strip().lower()
    public = said in (True, 1, "1", "true")
    reply = known == "reply" and (said is None or public)
    asked = not known and said is None and sender == "contact"
    note = known in ("note", "") and public
    assert (found.visibility is Visibility.PUBLIC) is (reply or asked or note)
    if found.kind is MessageKind.REPLY:
        assert found.visibility is Visibility.PUBLIC


def test_who_wrote_a_message():
    found = messages_of(
        {},
        {"sender_type": "contact"},
        {"sender_type": None, "created_by": "Mira@Client.example"},
        {"sender_type": None},
        {"created_by": None, "creator_name": None},
        {"created_by": "System", "creator_name": None},
        requester="mira@client.example",
    )
    kinds = [one.author.kind for one in found]
    assert kinds == [
        ActorKind.AGENT,
        ActorKind.CONTACT,
        ActorKind.CONTACT,
        ActorKind.UNKNOWN,
        ActorKind.SYSTEM,
        ActorKind.UNKNOWN,
    ]
    assert found[0].author.email == "ada@desk.example"
    assert found[5].author.name == "System"


def test_ids_are_the_vendors_where_it_gives_them_and_stable_digests_where_not():
    native, one, same, other = messages_of({"id": 77}, {}, {}, {"body": "<p>Bye</p>"})
    assert (native.id, native.id_kind) == ("77", IdKind.NATIVE)
    assert one.id_kind is IdKind.SYNTHETIC
    assert one.id.endswith("-1")
    assert same.id == one.id.removesuffix("1") + "2"
    assert other.id not in (one.id, same.id)
    assert [message.id for message in messages_of({}, {})] == [one.id, same.id]


def test_equal_files_of_a_thread_are_told_apart_by_their_order():
    file = {
        "file_name": "a",
        "file_size": 1,
        "file_type": None,
        "created_on": "2026-03-02 09:15:01",
        "attachment_url": "https://x/1",
    }
    first, second = messages_of(
        {"attachments": [file, file]}, {"attachments": [{**file, "attachment_url": "https://x/2"}]}
    )
    places = [json_text.loads(one.locator.encode())["number"] for one in (*first.attachments, *second.attachments)]
    assert places == [0, 1, 2]
    assert first.attachments[0] == second.attachments[0]


def test_the_vendors_inline_images_become_files_of_the_body():
    markup = f"<p>See</p><IMG alt='x' src=\"{BUCKET}\"><img src='https://elsewhere.example/x.png'><img src='{BUCKET}'/>"
    ticket = ticket_of(description=markup)
    inline = [one for one in ticket.attachments if one.inline]
    assert [one.filename for one in inline] == ["a b.png"]
    assert ticket.description.html.count(f"cid:{inline[0].content_id}") == 2
    assert "https://elsewhere.example/x.png" in ticket.description.html
    assert BUCKET not in ticket.description.html


def test_the_opening_is_the_description():
    opening = convert.opening(ticket_of())
    assert (opening.id, opening.opening, opening.sequence) == ("4127:0", True, 0)
    assert opening.author.email == "mira@client.example"
    assert (opening.visibility, opening.kind) == (Visibility.PUBLIC, MessageKind.REPLY)
    assert opening.body.text == "Every hour"
    assert opening.created_at == at(2026, 3, 2, 9, 15)
    assert [one.filename for one in opening.attachments] == ["a.txt"]


@pytest.mark.parametrize(
    "row",
    [
        {"primary_email": "Mira@client.example", "secondary_emails": "m@x.io, MIRA@client.example"},
        {"email": "Mira@client.example", "secondary_email": ["m@x.io"]},
    ],
)
def test_contacts_in_both_spellings(row):
    known = {
        "name": "Mira",
        "title": "Buyer",
        "mobile": "0170 1",
        "phone": "+49 170 1234567",
        "company_name": "Client Ltd",
    }
    wire = parsing.read_contact(
        {**row, **known, "created_on": "2025-01-01 08:00:00", "updated_on": "1970-01-01 00:00:00"}
    )
    contact = convert.contact(wire, ACCOUNT)
    assert contact.emails == ("Mira@client.example", "m@x.io")
    assert (contact.id, contact.id_kind) == ("Mira@client.example", IdKind.NATURAL)
    assert contact.ref == "desk365:acme/contact/Mira@client.example"
    assert [(one.raw, one.e164) for one in contact.phones] == [("+49 170 1234567", "+491701234567"), ("0170 1", None)]
    assert contact.company.name == "Client Ltd"
    assert contact.title == "Buyer"
    assert contact.updated_at is None
    assert contact.not_loaded == {"custom_fields"}
    assert convert.contact(parsing.read_contact(row), ACCOUNT).not_loaded == {
        *("name", "title", "phones", "company", "custom_fields", "created_at", "updated_at"),
    }


def test_custom_fields_of_a_contact_are_named_as_people_see_them():
    """They are shown since 2026; elsewhere they are not loaded."""
    row = {
        "primary_email": "mira@client.example",
        "custom_fields": {"cf_Customer No": "7", "cf_VIP": False, "cf_x": ""},
    }
    contact = convert.contact(parsing.read_contact(row), ACCOUNT)
    assert contact.custom_fields == {"Customer No": "7", "VIP": False, "x": None}
    assert "custom_fields" not in contact.not_loaded
    assert "7" not in repr(parsing.read_contact(row))


@pytest.mark.parametrize("domains", [["a.example", "b.example"], "a.example, b.example"])
def test_a_companys_domains_are_a_list_or_a_text(domains):
    assert convert.company(parsing.read_company({"name": "C", "domains": domains})).domains == (
        "a.example",
        "b.example",
    )
