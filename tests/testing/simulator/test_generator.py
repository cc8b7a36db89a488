from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from datetime import UTC, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_bridge.datasets.generator import generate


@pytest.fixture(scope="module")
def demo():
    return generate(60)


def messages_of(dataset):
    return [message for ticket in dataset.tickets for message in ticket.messages]


@given(st.integers(0, 130), st.integers(0, 2**40))
@settings(max_examples=25, deadline=None)
def test_any_size_and_seed_gives_a_sound_dataset_and_the_same_one_again(tickets, seed):
    made = generate(tickets, seed)
    assert made == generate(tickets, seed)
    assert len(made.tickets) == tickets
    keys = {ticket.key: ticket for ticket in made.tickets}
    assert len(keys) == tickets
    assert len({person.key for person in made.people}) == len(made.people)
    for ticket in made.tickets:
        assert made.person(ticket.requester).role == "contact"
        assert ticket.assignee is None or made.person(ticket.assignee).role == "agent"
        assert all(made.person(key).role == "contact" for key in ticket.cc)
        assert ticket.group is None or ticket.group in made.groups
        assert set(ticket.tags) <= set(made.tags)
        assert ticket.type is None or ticket.type in made.ticket_types
        assert ticket.subcategory is None or ticket.subcategory in made.categories[ticket.category]
        assert set(ticket.custom_fields) <= {field.name for field in made.fields if field.level == "ticket"}
        assert ticket.created_at == ticket.messages[0].created_at
        times = [message.created_at for message in ticket.messages]
        assert times == sorted(times)
        assert ticket.updated_at >= times[-1]
        assert all(time.tzinfo is UTC and time.microsecond == 0 for time in (*times, ticket.updated_at))
        if ticket.merged_into is not None:
            target = keys[ticket.merged_into]
            assert (target.requester, target.spam, target.deleted, target.merged_into) == (
                ticket.requester,
                False,
                False,
                None,
            )
        for message in ticket.messages:
            assert message.author is None or message.author in {person.key for person in made.people}
            assert message.text or message.html
            text = (message.text or "") + (message.html or "")
            assert "\x00" not in text
            text.encode()
            assert set(re.findall(r'src="cid:([^"]+)"', text)) == {f.content_id for f in message.files if f.inline}


def test_another_seed_is_another_helpdesk():
    assert generate(20, 1) != generate(20, 2)


def test_a_negative_number_is_refused():
    with pytest.raises(ValueError, match="negative"):
        generate(-1)


def test_no_tickets_means_nobody_who_asks_but_everything_else():
    empty = generate(0)
    assert (empty.tickets, empty.contacts, empty.companies) == ((), (), ())
    assert empty.agents
    assert empty.groups
    assert empty.tags
    assert {"Order No", "Migration marker"} <= {field.name for field in empty.fields}
    assert {field.type for field in empty.fields} == {"text", "select", "checkbox", "integer", "decimal", "date"}


def test_the_default_has_more_than_three_pages_and_one_thread_of_150():
    full = generate()
    assert len(full.tickets) == 320
    assert len(full.contacts) > 200
    assert sorted(len(ticket.messages) for ticket in full.tickets)[-2:] == [12, 150]
    assert max(len(ticket.messages) for ticket in generate(160).tickets) == 75
    assert max(len(ticket.messages) for ticket in generate(99).tickets) == 12


def test_the_demo_averages_five_messages(demo):
    assert 4.5 <= len(messages_of(demo)) / 60 <= 5.5


def test_the_demo_has_every_kind_of_ticket(demo):
    tickets = demo.tickets
    assert {ticket.status for ticket in tickets} == {"new", "open", "pending", "on_hold", "solved", "closed"}
    assert {ticket.priority for ticket in tickets} == {"low", "normal", "high", "urgent"}
    assert any(ticket.spam for ticket in tickets)
    assert any(ticket.deleted for ticket in tickets)
    assert any(ticket.merged_into for ticket in tickets)
    assert any(ticket.subject == "" for ticket in tickets)
    assert any(ticket.cc for ticket in tickets)
    assert {ticket.rating[0] for ticket in tickets if ticket.rating} >= {1, -1}
    assert any(ticket.assignee is None for ticket in tickets)
    assert any(demo.person(ticket.assignee).deleted for ticket in tickets if ticket.assignee)
    assert any(demo.person(ticket.messages[0].author).role == "agent" for ticket in tickets)
    assert any(len(ticket.messages) == 1 for ticket in tickets)
    used = {name for ticket in tickets for name in ticket.custom_fields}
    assert used == {"Order No", "Product", "Refund wanted", "Quantity", "Amount", "Delivery date"}
    opened = Counter(ticket.created_at for ticket in tickets)
    assert max(opened.values()) >= 2
    assert max(opened) - min(opened) > timedelta(days=365)


def test_the_demo_has_every_kind_of_contact(demo):
    contacts = demo.contacts
    asking = {ticket.requester for ticket in demo.tickets}
    phone_only = {person.key for person in contacts if person.email is None and not person.identities}
    assert phone_only & asking
    assert all(demo.person(key).phone for key in phone_only)
    assert any(person.identities and not (person.email or person.phone) for person in contacts)
    folded = Counter(person.email.lower() for person in contacts if person.email)
    twins = {person.key for person in contacts if person.email and folded[person.email.lower()] == 2}
    assert len({demo.person(key).email for key in twins}) == 2
    assert twins <= asking
    assert {person.key for person in contacts} - asking
    assert any(person.blocked for person in contacts)
    assert any(person.deleted for person in contacts)
    assert any(person.name is None for person in contacts)
    assert any(person.company for person in contacts)
    assert any(person.custom_fields for person in contacts)


def test_the_demo_has_every_kind_of_message(demo):
    messages = messages_of(demo)
    assert {message.kind for message in messages} == {"reply", "note", "forward", "automatic"}
    assert all(message.private == (message.kind in {"note", "forward"}) for message in messages)
    assert any(message.html is None for message in messages)
    assert any(message.text is None for message in messages)
    everything = "\n".join((message.text or "") + (message.html or "") for message in messages)
    for needle in (
        "<script>",
        "<blockquote>",
        "ğ",
        "ё",
        "ü",
        "م",
        "🎉",
        "e\u0301",
        "\u200f",
        "=cmd|",
        "%s",
        "0123456789 " * 200,
    ):
        assert needle in everything, needle


def test_the_demo_has_exact_duplicates_and_equal_times(demo):
    duplicates = equal_times = 0
    for ticket in demo.tickets:
        duplicates += any(count > 1 for count in Counter(map(repr, ticket.messages)).values()) and len(
            {(m.author, m.created_at, m.text, m.html) for m in ticket.messages}
        ) < len(ticket.messages)
        texts = {(m.created_at, m.text, m.html) for m in ticket.messages}
        equal_times += len({time for time, _, _ in texts}) < len(texts)
    assert duplicates
    assert equal_times


def test_the_demos_files_are_what_they_claim(demo):
    files = [file for message in messages_of(demo) for file in message.files]
    assert {file.content_type for file in files} >= {
        "application/pdf", "image/png", "text/csv", "text/plain", "application/zip",
    }  # fmt: skip
    for file in files:
        if file.content_type == "image/png":
            assert file.content.startswith(b"\x89PNG\r\n\x1a\n")
            assert file.content.endswith(b"IEND\xaeB`\x82")
        if file.content_type == "application/zip":
            assert zipfile.ZipFile(io.BytesIO(file.content)).testzip() is None
    names = {file.filename for file in files}
    assert any(not name.isascii() for name in names)
    assert any('"' in name for name in names)
    assert any(file.content == b"" for file in files)


def test_two_openings_stand_beside_the_clock_changes(demo):
    opened = {ticket.created_at.isoformat() for ticket in demo.tickets}
    assert {"2025-10-26T00:30:00+00:00", "2025-03-30T00:45:00+00:00"} <= opened
