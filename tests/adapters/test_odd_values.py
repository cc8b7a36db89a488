"""One odd value: its record goes without it, keeps the vendor's word, and says so once; what protects stays strict."""

from __future__ import annotations

import logging

import pytest
from migration.test_odd_values import odd_desk

from helpdesk_bridge import ActorKind, BadResponse, Status, Visibility
from helpdesk_bridge.adapter.odd_values import RowUnread, ValueUnread

ODD = {"a": [{"b": "c4n4ry"}]}


def one_key(kind, key, value):
    return lambda of, row: (key, value) if of == kind and key in row else None


@pytest.mark.parametrize(
    ("vendor", "kind", "key", "field", "absent"),
    [
        ("deskie", "case", "status", "status", Status.UNKNOWN),
        ("deskie", "case", "labels", "tags", ()),
        ("deskie", "case", "created_at", "created_at", None),
        ("deskie", "case", "staff_id", "assignee", None),
        ("deskie", "case", "user_id", "requester", None),
        ("desk365", "tickets", "status", "status", Status.UNKNOWN),
        ("desk365", "tickets", "resolved_on", "solved_at", None),
        ("desk365", "tickets", "watchers", "watchers", ()),
        ("desk365", "tickets", "contact_email", "requester", None),
    ],
)
def test_a_ticket_goes_without_an_odd_value_and_keeps_the_vendors_word(caplog, vendor, kind, key, field, absent):
    events = []
    with odd_desk(vendor, one_key(kind, key, ODD), 4) as (desk, _), caplog.at_level(logging.WARNING):
        desk.subscribe(events.append)
        tickets = [*desk.tickets.list(resolve=False), *desk.tickets.list(resolve=False)]
        assert len(tickets) >= 6
        for ticket in tickets:
            assert getattr(ticket, field) == absent
            assert dict(ticket.raw) == {key: ODD} or ticket.raw[key]["a"][0]["b"] == "c4n4ry"
            assert field in ticket.not_loaded
        (place,) = desk.unread
        assert place.endswith(key)
        assert desk.unread[place] == len(tickets)
    assert [event.kind for event in events if isinstance(event, ValueUnread)] == [place]
    assert len([record for record in caplog.records if record.name == "helpdesk_bridge.adapter.wire"]) == 1
    assert "c4n4ry" not in caplog.text


@pytest.mark.parametrize(
    ("vendor", "kind", "key"),
    [
        ("deskie", "message", "note"),
        ("deskie", "message", "message_type"),
        ("desk365", "conversations", "type"),
        ("desk365", "conversations", "public_note"),
        ("desk365", "conversations", "sender_type"),
    ],
)
@pytest.mark.parametrize("value", [ODD, [], ["note"], 5.5])
def test_a_message_whose_visibility_cannot_be_read_is_internal(vendor, kind, key, value):
    with odd_desk(vendor, one_key(kind, key, value), 6) as (desk, _):
        seen = 0
        for ticket in desk.tickets.list():
            for message in desk.messages.list(ticket.id):
                if vendor == "deskie" or not message.opening:
                    assert message.visibility is Visibility.INTERNAL
                    seen += 1
        assert seen


@pytest.mark.parametrize(
    ("vendor", "kind", "key"), [("deskie", "message", "user_id"), ("desk365", "conversations", "created_by")]
)
def test_who_cannot_be_read_is_not_taken_for_the_system(vendor, kind, key):
    spoil = one_key(kind, key, ODD)
    with odd_desk(vendor, lambda of, row: spoil(of, {**row, "staff_id": 0}), 6) as (desk, odd):
        threads = [list(desk.messages.list(ticket.id, resolve=False)) for ticket in desk.tickets.list()]
    spoiled = len(odd.spoiled)
    assert spoiled
    assert sum(message.author.kind is ActorKind.UNKNOWN for thread in threads for message in thread) > 0


@pytest.mark.parametrize(
    ("vendor", "kind", "key"), [("deskie", "case", "case_id"), ("desk365", "tickets", "ticket_number")]
)
def test_a_row_without_an_id_is_left_out_named_and_announced_once(caplog, vendor, kind, key):
    events, chosen = [], []

    def choose(of, row):
        if of == kind and not chosen:
            chosen.append(row[key])
        return (key, ODD) if of == kind and row[key] in chosen else None

    with odd_desk(vendor, choose, 6) as (desk, _), caplog.at_level(logging.WARNING):
        desk.subscribe(events.append)
        ids = [ticket.id for ticket in desk.tickets.list()]
        assert [ticket.id for ticket in desk.tickets.list()] == ids
        (row,) = desk.unread_rows("ticket")
    assert str(chosen[0]) not in ids
    assert len(ids) >= 4
    assert key in row.reason
    assert "c4n4ry" not in row.reason + caplog.text
    assert [event.kind for event in events if isinstance(event, RowUnread)] == ["ticket"]


@pytest.mark.parametrize(
    ("vendor", "kind", "key"), [("deskie", "case", "case_id"), ("desk365", "tickets", "ticket_number")]
)
def test_a_list_of_which_no_row_can_be_read_is_an_error(vendor, kind, key):
    with odd_desk(vendor, one_key(kind, key, ODD), 6) as (desk, _), pytest.raises(BadResponse) as caught:
        list(desk.tickets.list())
    assert caught.value.path.endswith(key)


def test_an_unreadable_answer_about_one_record_names_it():
    with odd_desk("deskie", one_key("message", "message_id", ODD), 6) as (desk, _):
        longest = max(desk.tickets.list(include={"description"}), key=lambda ticket: ticket.message_count or 0)
        with pytest.raises(BadResponse, match=f"of ticket {longest.id}$") as caught:
            list(desk.messages.list(longest.id))
    assert caught.value.record == f"ticket {longest.id}"
