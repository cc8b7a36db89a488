"""Loss is counted over the source's documents: each key that no record carries is announced by its name and count."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from migration.simulators import served
from migration.test_odd_values import odd_desk

from helpdesk_bridge import open_desk
from helpdesk_bridge.adapter.keys import UNKNOWN
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.report.report import write_report
from helpdesk_bridge.model.values import Identity

KINDS = {"deskie": {"ticket": "case", "contact": "user", "message": "message"},
         "desk365": {"ticket": "tickets", "contact": "content", "message": "conversations"}}  # fmt: skip
MADE_UP = {"ticket": "zz_weather", "contact": "zz_star_sign", "message": "zz_mood"}


def with_made_up_keys(vendor):
    """Return what gives every second row of a kind a key that no one knows, and the rows that got it."""
    seen: dict[str, set[str]] = {area: set() for area in MADE_UP}

    def choose(kind, row):
        for area, name in KINDS[vendor].items():
            mine = kind == name and not (area == "contact" and "primary_email" not in row and "user_id" not in row)
            own = ("case_id", "user_id", "message_id", "ticket_number", "primary_email", "created_on")
            text = next(str(row[key]) for key in own if key in row) if mine else ""
            if mine and sum(map(ord, text)) % 2:
                seen[area].add(text)
                return MADE_UP[area], {"of": ["c4n4ry"]}
        return None

    return choose, seen


@pytest.mark.parametrize("vendor", KINDS)
def test_keys_that_no_one_knows_are_announced_by_name_and_count(tmp_path, vendor):
    choose, seen = with_made_up_keys(vendor)
    with odd_desk(vendor, choose, 8) as (old, _), served("local", 0) as new:
        with Migration(old, new.desk, tmp_path / "journal", options=Options(yes=True)) as migration:
            planned = migration.plan(full=True)
            migration.run()
            summary = migration.summary()
            report = Path(write_report(migration, tmp_path).report).read_text()
        left = {ticket.id for ticket in old.tickets.list(include={"spam", "deleted"}) if ticket.spam or ticket.deleted}
        listed = [one for one in old.tickets.list(include={"spam", "deleted", "merged"}) if one.id not in left]
        counts = {
            "ticket": sum(MADE_UP["ticket"] in ticket.left_behind for ticket in listed),
            "contact": sum(
                MADE_UP["contact"] in contact.left_behind
                for contact in old.contacts.list(include={"blocked", "deleted"})
                if not contact.deleted
            ),
            "message": sum(
                MADE_UP["message"] in message.left_behind
                for ticket in listed
                for message in old.messages.list(ticket.id)
            ),
        }
    assert all(counts.values())
    assert all(seen.values())
    for changes in (planned.fidelity, summary.changed):
        announced = {one.field: (one.change, one.why, one.records) for one in changes}
        for area, name in MADE_UP.items():
            if area == "message" and changes is planned.fidelity:
                assert announced["message.zz_mood"][:2] == ("lost", UNKNOWN)
            else:
                assert announced[f"{area}.{name}"] == ("lost", UNKNOWN, counts[area]), area
    assert all(name in report for name in MADE_UP.values())
    assert "c4n4ry" not in report + json.dumps(summary.as_json())


def received(number, **more):
    entry = {
        "id": f"wamid.{number}",
        "from": "905551112233",
        "type": "text",
        "timestamp": "1780000000",
        "name": "Ann",
        "text": "Hi",
    }
    return json.dumps({"messages": {**entry, **more}})


@contextmanager
def inbox_desk(tmp_path):
    table = {"vendor": "desk360", "api_key": "x" * 40, "integration": 11, "inbox": str(tmp_path / "inbox.db")}
    with open_desk(table, name="wa") as desk:
        yield desk


def test_a_webhook_with_a_key_that_no_one_knows_is_announced_when_its_message_is_moved(tmp_path):
    with inbox_desk(tmp_path) as old, served("local", 0) as new:
        old.webhooks.receive(received(1))
        old.webhooks.receive(received(2, zz_mood="sunny", timestamp=["soon"]))
        old.webhooks.receive(received(3, zz_mood="rainy"))
        with Migration(old, new.desk, tmp_path / "journal", options=Options(yes=True)) as migration:
            migration.run()
            announced = {one.field: (one.change, one.records) for one in migration.summary().changed}
    assert announced["message.zz_mood"] == ("lost", 2)
    assert announced["message.timestamp"] == ("lost", 1)


def test_what_is_deliberately_not_carried_has_words_for_people(tmp_path):
    def choose(kind, row):
        return ("user_note", "Pays late") if kind == "user" and row["user_id"] == 3 else None

    with odd_desk("deskie", choose, 8) as (old, _), served("local", 0) as new:
        with Migration(old, new.desk, tmp_path / "journal", options=Options(yes=True)) as migration:
            fidelity = {one.field: one for one in migration.plan(sampled=0).fidelity}
    note = fidelity["contact.user_note"]
    assert (note.change, note.why) == ("lost", "the note about the customer")
    assert note.records >= 1
    assert "contact.type" not in fidelity  # it follows from the identity that the contact has


def test_a_contact_known_by_a_network_alone_keeps_that_identity(tmp_path):
    def choose(kind, row):
        return ("telegram_id", 4711) if kind == "user" and row["user_id"] == 3 else None

    with odd_desk("deskie", choose, 8) as (old, _), served("local", 0) as new:
        contact = next(one for one in old.contacts.list() if one.id == "3")
        assert contact.identities == (Identity("telegram", "4711"),)
        with Migration(old, new.desk, tmp_path / "journal", options=Options(yes=True)) as migration:
            assert migration.migrate().differences == ()
        assert contact.identities in [one.identities for one in new.desk.contacts.list()]
    with odd_desk("deskie", choose, 8) as (old, _), served("desk365", 0) as new:
        with Migration(old, new.desk, tmp_path / "other", options=Options(yes=True)) as migration:
            assert "contact.identities" in {one.field for one in migration.plan(sampled=0).fidelity}


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(keys=st.dictionaries(st.text(min_size=1, max_size=200), st.integers(1, 9), max_size=120))
def test_whatever_keys_a_document_has_the_announcement_stays_short(keys):
    from helpdesk_bridge_deskie.wire.documents import CaseDocument
    from helpdesk_bridge_deskie.wire.keys import KEYS

    behind = KEYS[CaseDocument].behind({"case_id": 1, **{f"zz{key}": value for key, value in keys.items()}})
    assert len(behind) <= 51
    assert bool(behind) == bool(keys)
    assert all(len(key) <= 80 and "\n" not in key and "\x1f" not in key for key in behind)
