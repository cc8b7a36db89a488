from __future__ import annotations

import re

import pytest
from attrs import evolve
from migration.faulty_desk import destination, source

from helpdesk_bridge.migration import ExitCode, Level, Migration, Options
from helpdesk_bridge.model.drafts import ContactChange, MessageDraft, TicketChange
from helpdesk_bridge.model.values import ActorKind, Body, Status, Visibility

ONE = Options(workers=1, yes=True)


@pytest.fixture
def moved(tmp_path):
    old, new = source(), destination()
    with Migration(old, new, tmp_path / "journal", options=ONE) as migration:
        migration.migrate()
        first = next(one for one in new.fake.all_tickets() if one.subject == "Subject of t1")
        yield new.fake, first, migration


def found(migration):
    return {(one.record, one.field) for one in migration.verify()}


def test_what_is_as_it_was_written_is_no_difference(moved):
    assert found(moved[2]) == set()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (TicketChange(status=Status.CLOSED), "status"),
        (TicketChange(subject="Another"), "subject"),
        (TicketChange(tags=("other",)), "tags"),
        (TicketChange(assignee="eve@desk.example"), "assignee"),
        (TicketChange(group="Sales"), "group"),
    ],
)
def test_a_field_that_differs_is_told(moved, change, field):
    fake, first, migration = moved
    fake.tickets.update(first.id, change)
    told = {name for record, name in found(migration) if record == "ticket"}
    assert field in told
    assert told <= {field, "updated_at", "closed_at"}


def test_a_message_that_nobody_wrote_is_told(moved):
    fake, first, migration = moved
    fake.messages.note(first.id, MessageDraft(body="Who said that?"))
    assert ("message", "extra") in found(migration)


def store(fake):
    return fake._adapter.importer._desk.store


def rewritten(fake, message, **changes):
    """Change a stored message behind the desk's back."""
    with store(fake).database.write() as connection:
        connection.execute("DELETE FROM messages WHERE id = ?", (message.id,))
        store(fake).messages.add(evolve(message, **changes))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"body": Body(text="We do not look")}, "body"),
        ({"visibility": Visibility.INTERNAL}, "visibility"),
    ],
)
def test_a_message_that_differs_is_told(moved, changes, field):
    fake, first, migration = moved
    third = list(fake.messages.list(first.id))[2]
    rewritten(fake, third, **changes)
    assert ("message", field) in found(migration)


def test_a_message_by_somebody_else_is_told(moved):
    fake, first, migration = moved
    third = list(fake.messages.list(first.id))[2]
    rewritten(fake, third, author=evolve(third.author, id="x", email="mallory@desk.example", kind=ActorKind.AGENT))
    assert ("message", "author") in found(migration)


def test_a_message_that_is_gone_is_told(moved):
    fake, first, migration = moved
    last = list(fake.messages.list(first.id))[-1]
    with store(fake).database.write() as connection:
        connection.execute("DELETE FROM messages WHERE id = ?", (last.id,))
    assert ("message", "message") in found(migration)


def test_a_file_with_other_bytes_is_told(moved):
    _, _, migration = moved

    class Files:
        def open(self, attachment):
            from io import BytesIO

            return BytesIO(b"not the report")

    migration.destination.desk._overrides["attachments"] = Files()
    assert found(migration) == {("attachment", "content")}


def test_a_ticket_and_a_contact_that_are_gone_are_told(moved):
    fake, first, migration = moved
    fake.removal.ticket(first.id)
    bob = next(one for one in fake.all_contacts() if one.email == "bob@client.example")
    fake.contacts.update(bob.id, ContactChange(name="Rob"))
    told = migration.verify()
    assert {(one.record, one.field, one.found) for one in told if one.field == "ticket"} == {
        ("ticket", "ticket", "missing")
    }
    assert ("contact", "name") in {(one.record, one.field) for one in told}


def test_no_text_or_address_of_a_customer_stands_in_a_difference(moved):
    fake, first, migration = moved
    fake.tickets.update(first.id, TicketChange(subject="Private words", tags=("secret",)))
    bob = next(one for one in fake.all_contacts() if one.email == "bob@client.example")
    fake.contacts.update(bob.id, ContactChange(name="Rob Private"))
    told = repr([one.as_json() for one in migration.verify()])
    assert told.count("'field'") >= 3
    assert not re.search(r"Private|secret|Rob|Bob|example|Subject|broke", told)


def test_differences_end_a_migration_with_3_and_are_kept(moved):
    fake, first, migration = moved
    fake.tickets.update(first.id, TicketChange(status=Status.CLOSED))
    migration.verify()
    summary = migration.summary()
    assert (summary.exit_code, summary.verified) == (ExitCode.INCOMPLETE, False)
    assert "status" in {one.field for one in summary.differences}


def threads_read(new, migration, **options):
    calls = len(new.calls)
    migration.options = evolve(migration.options, **options)
    migration.verify()
    return sum(one.operation == "messages.list" for one in new.calls[calls:])


def test_levels_read_as_much_as_they_say(moved):
    fake, _, migration = moved
    before = len(fake.calls)
    migration.options = evolve(ONE, level=Level.ECHO)
    migration.verify()
    assert len(fake.calls) == before
    whole = threads_read(fake, migration, level=Level.FULL)
    assert threads_read(fake, migration, level=Level.LIST) == 0
    assert 0 < threads_read(fake, migration, level=Level.FULL, sample=1) < whole
