"""A rollback removes what the migration created and nobody has touched since, and nothing else."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest
from attrs import evolve
from migration.faulty_desk import Kill
from migration.simulators import served
from migration.test_later_runs import Dying, account, thread
from migration.test_verification import ONE
from tiers import quick_first

from helpdesk_bridge.errors import PermissionDenied
from helpdesk_bridge.migration import DecisionNeeded, Migration
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.later.rollback import Fate, Rollback
from helpdesk_bridge.migration.outcome import Interrupted, WrongJournal
from helpdesk_bridge.model.drafts import MessageDraft, TicketDraft


class Moved:
    """Two desks, what the destination had before, and a migration between them that was finished."""

    def __init__(self, old, new, path):
        self.old, self.new, self.path = old.desk, new.desk, path
        self.before = self.there()
        with self.opened() as migration:
            migration.run()
            assert migration.verify() == []

    def opened(self, **options):
        return Migration(self.old, self.new, self.path, options=ONE, **options)

    def there(self):
        tickets = {one.id: one.subject for one in self.new.tickets.list(include={"spam", "deleted"})}
        return tickets, {one.id for one in self.new.contacts.list(include={"blocked", "deleted"})}

    def ticket(self, subject):
        return next(one for one in self.new.tickets.list() if one.subject == subject)

    def preview(self):
        with self.opened() as migration:
            return migration.preview_rollback()

    def rolled_back(self, **how):
        with self.opened() as migration:
            return list(migration.rollback(**how))


def fates(rows):
    return Counter((one.record, one.fate) for one in rows)


@pytest.fixture(params=quick_first(["local", "deskie"]))
def moved(request, tmp_path):
    with served("local", thread()) as old, served(request.param, account()) as new:
        yield Moved(old, new, tmp_path / "journal")


def test_what_nobody_touched_is_removed_and_a_later_run_writes_it_again(moved):
    written = moved.there()
    rows = moved.preview()
    assert fates(rows) == {("ticket", Fate.REMOVABLE): 2, ("contact", Fate.REMOVABLE): 2}
    assert moved.there() == written
    rows = moved.rolled_back()
    assert fates(rows) == {("ticket", Fate.REMOVED): 2, ("contact", Fate.REMOVED): 2}
    assert moved.there() == moved.before
    assert moved.rolled_back() == []
    with moved.opened() as migration:
        migration.run()
        assert migration.verify() == []
    assert sorted(moved.there()[0].values()) == sorted(written[0].values())


EDITS = {
    "note": lambda desk, ticket: desk.messages.note(ticket.id, MessageDraft(body="Mine")),
    "status": lambda desk, ticket: desk.tickets.update(ticket.id, status="closed"),
    "subject": lambda desk, ticket: desk.tickets.update(ticket.id, subject="Another"),
    "tag": lambda desk, ticket: desk.tickets.update(ticket.id, tags=("other",)),
    "field": lambda desk, ticket: desk.tickets.update(ticket.id, custom_fields={"Shop": "Ankara"}),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_somebody_touched_stays_with_its_customer(moved, edit):
    there = moved.ticket("Subject of t2")
    EDITS[edit](moved.new, there)
    moved.preview()
    rows = moved.rolled_back()
    assert fates(rows) == {
        ("ticket", Fate.REMOVED): 1, ("ticket", Fate.KEPT): 1, ("contact", Fate.REMOVED): 1, ("contact", Fate.KEPT): 1,
    }  # fmt: skip
    kept = next(one for one in rows if one.record == "ticket" and one.fate is Fate.KEPT)
    assert (kept.destination, kept.url) == (there.id, there.url)
    assert kept.why.startswith("changed since it was written: ")
    assert set(moved.there()[0]) - set(moved.before[0]) == {there.id}


def test_whoever_a_ticket_that_stays_names_stays_too(moved):
    bob = moved.ticket("Subject of t2").requester
    if not moved.new.tickets.get(moved.ticket("Subject of t1").id).cc:
        pytest.skip("this vendor keeps nobody in copy")
    EDITS["note"](moved.new, moved.ticket("Subject of t1"))  # its copies go to bob
    previewed = {one.destination: (one.fate, one.why) for one in moved.preview()}
    assert previewed[bob.id] == (Fate.KEPT, "a ticket that stays names it")
    rows = {one.destination: (one.fate, one.why) for one in moved.rolled_back()}
    assert rows[bob.id] == (Fate.KEPT, "a ticket that stays names it")
    assert bob.id in moved.there()[1]


def test_a_removal_that_is_done_and_not_confirmed_is_counted_by_the_next_rollback(moved, monkeypatch):
    remover = Rollback._remover

    def unconfirmed(self, removal, kind):
        def remove(record_id):
            remover(self, removal, kind)(record_id)
            raise PermissionDenied("no")

        return remove

    moved.preview()
    with monkeypatch.context() as patch:
        patch.setattr(Rollback, "_remover", unconfirmed)
        rows = moved.rolled_back()
    assert {one.fate for one in rows if one.record == "ticket"} == {Fate.KEPT}
    assert {one.fate for one in moved.rolled_back() if one.record == "ticket"} == {Fate.REMOVED}
    assert moved.there()[0] == moved.before[0]


def test_a_contact_that_somebody_completed_or_who_has_another_ticket_stays(moved):
    bob = moved.ticket("Subject of t2").requester
    ann = moved.ticket("Subject of t1").requester
    moved.new.contacts.update(bob.id, name="Robert")
    other = moved.new.tickets.create(TicketDraft(subject="New", description="Hello", requester=ann.id))
    moved.preview()
    rows = moved.rolled_back()
    whys = {one.destination: one.why for one in rows if one.fate is Fate.KEPT}
    assert whys.keys() == {ann.id, bob.id}
    assert whys[ann.id] == "it has tickets"
    assert "name" in whys[bob.id]
    tickets, contacts = moved.there()
    assert set(tickets) - set(moved.before[0]) == {other.id}
    assert contacts - moved.before[1] == {ann.id, bob.id}


def test_what_was_there_before_is_none_of_a_rollbacks_business(tmp_path):
    with served("local", thread()) as old, served("local", account()) as new:
        known = new.desk.contacts.create(name="Ann", emails=("ann@client.example",))
        moved = Moved(old, new, tmp_path / "journal")
        moved.preview()
        rows = moved.rolled_back()
        assert [(one.destination, one.why) for one in rows if one.fate is Fate.KEPT] == [
            (known.id, "it was there before this migration")
        ]
        assert moved.there() == moved.before


def test_a_rollback_wants_a_preview_first_and_again_when_more_was_written(moved):
    with pytest.raises(DecisionNeeded, match="nobody has looked"):
        moved.rolled_back()
    moved.preview()
    person_ = moved.old.tickets.create(
        TicketDraft(subject="Later", description="One more", requester="bob@client.example")
    )
    with moved.opened() as migration:
        migration.run()
    with pytest.raises(DecisionNeeded, match="more was written"):
        moved.rolled_back()
    assert person_.subject in moved.there()[0].values()


def test_an_emptied_destination_is_refused(moved):
    tickets, contacts = moved.there()
    moved.preview()
    for one in set(tickets) - set(moved.before[0]):
        moved.new.removal.ticket(one)
    for one in contacts - moved.before[1]:
        moved.new.removal.contact(one)
    for attempt in (moved.preview, moved.rolled_back):
        with pytest.raises(WrongJournal, match="emptied"):
            attempt()
    assert moved.there() == moved.before


def test_the_journal_of_another_pair_is_refused(moved):
    with served("local", account()) as other, pytest.raises(WrongJournal):
        Migration(moved.old, other.desk, moved.path, options=ONE)


def test_a_run_that_did_not_end_is_ended_first(moved):
    with moved.opened() as migration:
        record = next(migration.journal.written(Kind.TICKET))
        migration.journal.save(evolve(record, state=State.INTENT))
    there = moved.there()
    for attempt in (moved.preview, lambda: moved.rolled_back(only=[record.key])):
        with pytest.raises(Interrupted, match="migrate run finds out"):
            attempt()
    assert moved.there() == there


def test_a_set_of_records_is_removed_alone(moved):
    there = moved.ticket("Subject of t2")
    with moved.opened() as migration:
        record = migration.journal.at_destination(Kind.TICKET, there.id)
    tickets = moved.there()[0]
    assert fates(moved.rolled_back(only=[record.key])) == {("ticket", Fate.REMOVED): 1}
    assert moved.there()[0] == {one: subject for one, subject in tickets.items() if one != there.id}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_removal_is_made_good_by_the_next_rollback(moved, when):
    moved.preview()
    rows = []
    for kills in (True, False) * 4:
        with moved.opened() as migration:
            if kills:
                object.__setattr__(migration.destination, "desk", Dying(moved.new, when))
            with suppress(Kill):
                for row in migration.rollback():
                    rows.append(row)
                    if not kills:
                        break
    rows += moved.rolled_back()
    assert moved.there() == moved.before
    assert Counter((one.record, one.fate) for one in rows) == {
        ("ticket", Fate.REMOVED): 2, ("contact", Fate.REMOVED): 2,
    }  # fmt: skip
