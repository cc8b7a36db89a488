"""A later run carries what changed at the source since, overwrites nobody's work, and lists what did not come along."""

from __future__ import annotations

import pytest
from attrs import evolve
from migration.faulty_desk import Faults, FaultyDesk, Kill, Rows, destination, message, person, source, ticket
from migration.simulators import served
from migration.test_verification import ONE, store
from tiers import quick_first

from helpdesk_bridge.datasets.dataset import Dataset, SeedField
from helpdesk_bridge.migration import DecisionNeeded, ExitCode, Migration
from helpdesk_bridge.migration.later.gone import CHOICES, KEEP, MARK
from helpdesk_bridge.migration.options import Threads
from helpdesk_bridge.model.drafts import MessageDraft
from helpdesk_bridge.model.values import Body, Visibility
from helpdesk_bridge.testing.clock import ManualClock


def account(*tickets):
    people = (
        person("ann", "ann@client.example", title="Buyer", company="Acme", custom_fields={"Customer No": "C-1"}),
        person("bob", "bob@client.example"),
        person("eve", "eve@desk.example", role="agent"),
        person("tom", "tom@desk.example", role="agent"),
    )
    return Dataset(
        people=people if tickets else people[2:],
        groups=("Sales", "Support"),
        tags=("vip", "other"),
        fields=(SeedField("Order No", "text"), SeedField("Shop", "text"), SeedField("Customer No", "text", level="contact")),
        tickets=tickets,
    )  # fmt: skip


def thread():
    values = {
        "group": "Sales", "assignee": "eve", "priority": "high", "type": "Question", "category": "Robots",
        "tags": ("vip",), "cc": ("bob",), "watchers": ("tom",), "custom_fields": {"Order No": "A-7", "Shop": "Kars"},
    }  # fmt: skip
    messages = (
        message("ann", 0, "It broke"),
        message("eve", 3, "We look"),
        message("eve", 5, "Lost?", private=True, kind="note"),
    )
    return account(ticket("t1", "ann", *messages, **values), ticket("t2", "bob", message("bob", 20, "Where?")))


class Dying:
    """A desk whose process is killed around one removal."""

    def __init__(self, desk, when):
        self._desk, self._when, self.removal = desk, when, Removal(self)

    def __getattr__(self, name):
        return getattr(self._desk, name)

    def kill(self, what, record_id):
        if self._when == "after":
            getattr(self._desk.removal, what)(record_id)
        raise Kill


class Removal:
    """The removal of a ``Dying`` desk, with a trash if that has one."""

    def __init__(self, dying):
        self._dying = dying

    def __getattr__(self, what):
        if not hasattr(self._dying._desk.removal, what):
            raise AttributeError(what)
        return lambda record_id: self._dying.kill(what, record_id)


class Pair:
    """Two desks, and a migration between them that was finished."""

    def __init__(self, old, new, path):
        self.old, self.new, self.path = old, new, path
        summary = self.again()
        assert summary.verified, summary.differences

    def again(self, *decisions, verify=True, gone=None):
        with Migration(self.old, self.new, self.path, options=ONE) as migration:
            if gone:
                migration.choose_gone(gone)
            for record_id, side in decisions:
                assert migration.decide_difference(record_id, side)
            migration.run()
            if verify:
                migration.verify()
            return migration.summary()

    def ticket(self, desk, subject="Subject of t1"):
        return next(one for one in desk.tickets.list(include={"spam", "custom_fields"}) if one.subject == subject)


def uncarried(summary):
    return {(one.record, one.field, one.outcome) for one in summary.uncarried}


@pytest.fixture(params=quick_first(["local", "deskie", "desk365"]))
def pair(request, tmp_path):
    with served("local", thread()) as old, served(request.param, account()) as new:
        yield Pair(old.desk, new.desk, tmp_path / "journal")


CARRIED = {
    "local": {"subject", "type", "category", "tags", "cc", "watchers"},
    "deskie": {"subject", "tags"},
    "desk365": {"subject", "type", "cc", "watchers"},
}


def test_everything_that_the_source_changed_is_carried(pair):
    there = pair.ticket(pair.new)
    changes = {
        "subject": "Now another", "status": "pending", "priority": "low", "assignee": "tom@desk.example",
        "group": "Support", "type": "Problem", "category": "Drones", "tags": ("other",), "cc": ("ann@client.example",),
        "watchers": ("eve@desk.example",), "custom_fields": {"Order No": "A-8", "Shop": None},
    }  # fmt: skip
    pair.old.tickets.update(pair.ticket(pair.old).id, **changes)
    summary = pair.again()
    assert summary.differences == ()
    assert summary.verified
    assert uncarried(summary) == set()
    now = pair.new.tickets.get(there.id)
    assert (now.status.value, now.priority.value) == ("pending", "low")
    assert now.assignee.email == "tom@desk.example"
    assert now.group.name == "Support"
    assert {name: value for name, value in now.custom_fields.items() if name in ("Order No", "Shop") and value} == {
        "Order No": "A-8"
    }
    for name in CARRIED[pair.new.vendor]:
        assert getattr(now, name) == changes[name], name


def test_fields_that_were_emptied_are_empty_there_too(pair):
    there = pair.ticket(pair.new)
    pair.old.tickets.update(
        pair.ticket(pair.old).id,
        assignee=None,
        tags=(),
        cc=(),
        watchers=(),
        category=None,
        custom_fields={"Order No": None},
    )
    summary = pair.again()
    assert summary.verified, summary.differences
    now = pair.new.tickets.get(there.id)
    assert (now.assignee, now.tags, now.category) == (None, (), None)
    if "cc" in CARRIED[pair.new.vendor]:
        assert (now.cc, now.watchers) == ((), ())
    assert not now.custom_fields.get("Order No")
    assert now.custom_fields["Shop"] == "Kars"


def test_what_somebody_changed_at_the_destination_is_not_written_over(pair):
    here, there = pair.ticket(pair.old), pair.ticket(pair.new)
    pair.new.tickets.update(there.id, priority="low", group="Support")
    pair.old.tickets.update(here.id, priority="normal", subject="Now another")
    pair.old.messages.note(here.id, MessageDraft(body="One more"))
    summary = pair.again()
    now = pair.new.tickets.get(there.id)
    assert (now.priority.value, now.group.name, now.subject) == ("low", "Support", "Now another")
    assert uncarried(summary) == {("ticket", "priority", "conflict")}
    (row,) = summary.uncarried
    assert (row.source, row.written, row.there) == ("normal", "high", "low")
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert {one.field for one in summary.differences} <= {"priority", "group", "updated_at"}
    summary = pair.again((here.id, "source"))
    assert uncarried(summary) == set()
    assert pair.new.tickets.get(there.id).priority.value == "normal"


def test_a_conflict_that_the_destination_wins_stays_as_it_is(pair):
    here, there = pair.ticket(pair.old), pair.ticket(pair.new)
    pair.new.tickets.update(there.id, priority="low")
    pair.old.tickets.update(here.id, priority="normal")
    pair.again(verify=False)
    summary = pair.again((here.id, "destination"))
    assert pair.new.tickets.get(there.id).priority.value == "low"
    assert uncarried(summary) == set()
    assert {one.field for one in summary.differences} <= {"updated_at"}


def test_a_customer_who_changed_is_carried_as_far_as_the_destination_can(pair):
    ann = pair.old.contacts.find(email="ann@client.example")
    pair.old.contacts.update(ann.id, name="Anna Lee", title=None, company="Other")
    summary = pair.again()
    assert summary.differences == ()
    assert summary.verified
    there = pair.new.contacts.find(email="ann@client.example")
    assert there.name == "Anna Lee"
    refused = {field for record, field, outcome in uncarried(summary) if (record, outcome) == ("contact", "not taken")}
    assert refused | {name for name in ("title", "company") if not getattr(there, name) or name == "company"} >= {
        "title"
    }
    pair.new.contacts.update(there.id, name="Annie")
    pair.old.contacts.update(ann.id, name="Ann")
    summary = pair.again()
    assert ("contact", "name", "conflict") in uncarried(summary)
    assert pair.new.contacts.get(there.id).name == "Annie"


def edited(desk, place, text):
    """Change a message of the first ticket behind a local desk's back, and move its ticket's time."""
    first = next(one for one in desk.tickets.list() if one.subject.startswith("Subject of t1"))
    one = list(desk.messages.list(first.id))[place]
    held = desk._adapter.importer._desk.store
    held.messages.rewrite(evolve(one, body=Body(text=text)))
    desk.tickets.update(first.id, tags=("other",))
    return one


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_edited_message_follows_where_the_destination_can_change_one(pair, place):
    edited(pair.old, place, "Said otherwise")
    summary = pair.again()
    thread = [one.body.text for one in pair.new.messages.list(pair.ticket(pair.new).id)]
    assert len(thread) == 3
    assert summary.differences == ()
    assert summary.verified
    if pair.new.vendor == "desk365":
        assert uncarried(summary) == {("message", "body", "not taken")}
        assert not any("Said otherwise" in one for one in thread)
    else:
        assert uncarried(summary) == set()
        assert "Said otherwise" in thread[place]
    assert pair.again().verified


@pytest.mark.parametrize("place", [0, 1])
def test_an_edit_of_what_was_written_together_is_listed_and_takes_nothing_away(tmp_path, place):
    with served("local", thread()) as old, served("local", account()) as new:
        options = evolve(ONE, threads=Threads.DESCRIPTION)
        with Migration(old.desk, new.desk, tmp_path / "journal", options=options) as migration:
            assert migration.migrate().verified
        edited(old.desk, place, "Said otherwise")
        with Migration(old.desk, new.desk, tmp_path / "journal", options=options) as migration:
            summary = migration.migrate()
        assert uncarried(summary) == {("message", "body", "not taken")}
        there = next(one for one in new.desk.tickets.list() if one.subject == "Subject of t1")
        opening = next(iter(new.desk.messages.list(there.id))).body.text
        assert "It broke" in opening
        assert "We look" in opening


def test_an_edit_is_not_written_over_what_an_agent_wrote_there(tmp_path):
    with served("local", thread()) as old, served("local", account()) as new:
        pair = Pair(old.desk, new.desk, tmp_path / "journal")
        edited(new.desk, 1, "Ours")
        one = edited(old.desk, 1, "Theirs")
        summary = pair.again()
        assert ("message", "body", "conflict") in uncarried(summary)
        text = list(new.desk.messages.list(pair.ticket(new.desk).id))[1].body.text
        assert text == "Ours"
        pair.again((one.id, "source"))
        assert list(new.desk.messages.list(pair.ticket(new.desk).id))[1].body.text == "Theirs"


def test_an_edit_that_makes_a_message_internal_never_shows_its_text_to_customers(pair):
    one = edited(pair.old, 1, "Secret")
    store(pair.old).messages.rewrite(evolve(one, body=Body(text="Secret"), visibility=Visibility.INTERNAL))
    summary = pair.again()
    shown = [one for one in pair.new.messages.list(pair.ticket(pair.new).id) if one.visibility is Visibility.PUBLIC]
    assert not any("Secret" in one.body.text for one in shown)
    assert uncarried(summary) == {("message", "body", "not taken")}


# -- gone ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("how", ["removed", "spam"])
def test_what_the_source_deletes_is_decided_and_removed_only_if_that_is_said(pair, choice, how):
    here = pair.ticket(pair.old, "Subject of t2")
    if how == "removed":
        pair.old.removal.ticket(here.id)
    else:
        store(pair.old).tickets.put(evolve(here, spam=True))
    with pytest.raises(DecisionNeeded) as asked:
        pair.again()
    removes = () if pair.new.vendor == "desk365" else ("--gone remove=1",)
    assert asked.value.others == ("--gone keep", "--gone mark", *removes)
    summary = pair.again(gone=choice)
    assert summary.verified, summary.differences
    assert summary.exit_code is ExitCode.OK
    assert [(one["record"], one["id"], one["outcome"]) for one in summary.gone] == [
        ("ticket", here.id, "kept" if choice == KEEP else "marked")
    ]
    thread = list(pair.new.messages.list(pair.ticket(pair.new, "Subject of t2").id))
    notes = [one for one in thread if "source" in one.body.text]
    assert len(notes) == (choice == MARK)
    assert all(one.visibility is Visibility.INTERNAL for one in notes)
    assert pair.again().verified
    assert len(list(pair.new.messages.list(pair.ticket(pair.new, "Subject of t2").id))) == len(thread)


def test_what_is_gone_and_nobody_touched_is_removed_up_to_the_number_that_was_decided(pair):
    removable = pair.new.vendor != "desk365"
    for subject in ("Subject of t1", "Subject of t2"):
        pair.old.removal.ticket(pair.ticket(pair.old, subject).id)
    there = pair.ticket(pair.new, "Subject of t2")
    pair.new.messages.note(pair.ticket(pair.new).id, MessageDraft(body="Mine"))
    for decided in (None, *(["remove=0"] if removable else [])):
        with pytest.raises(DecisionNeeded) as asked:
            pair.again(gone=decided)
        assert ("--gone remove=1" in asked.value.others) is removable
        assert pair.ticket(pair.new, "Subject of t2").id == there.id
    for _ in range(2):
        summary = pair.again(gone="remove=1")
        outcomes = [one["outcome"].partition(":")[0] for one in summary.gone]
        assert sorted(outcomes) == ["kept", "removed" if removable else "kept"]
        assert ("Subject of t2" in {one.subject for one in pair.new.tickets.list()}) is not removable
        assert pair.ticket(pair.new).subject == "Subject of t1"
    if pair.new.vendor == "deskie":
        assert pair.new.tickets.get(there.id).deleted


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_removal_of_what_is_gone_that_was_killed_is_ended_by_the_next_run(pair, when):
    if pair.new.vendor == "desk365":
        pytest.skip("it removes nothing")
    pair.old.removal.ticket(pair.ticket(pair.old, "Subject of t2").id)
    with Migration(pair.old, pair.new, pair.path, options=ONE) as migration:
        object.__setattr__(migration.destination, "desk", Dying(pair.new, when))
        migration.choose_gone("remove=1")
        with pytest.raises(Kill):
            migration.run()
    summary = pair.again()
    assert [one["outcome"] for one in summary.gone] == ["removed"]
    assert [one.subject for one in pair.new.tickets.list()] == ["Subject of t1"]


@pytest.mark.parametrize("text", ["remove", "remove=", "remove=-1", "remove=x", "keep=1", "all"])
def test_another_word_about_what_is_gone_is_refused(tmp_path, text):
    with (
        Migration(source(), destination(), tmp_path / "journal") as migration,
        pytest.raises(ValueError, match="use keep"),
    ):
        migration.choose_gone(text)


@pytest.mark.parametrize("choice", CHOICES)
def test_a_message_that_the_source_deletes_is_decided_and_never_removed(tmp_path, choice):
    with served("deskie", thread()) as old, served("local", account()) as new:
        pair = Pair(old.desk, new.desk, tmp_path / "journal")
        here = pair.ticket(old.desk)
        before = list(old.desk.messages.list(here.id))
        last = next(one for one in reversed(before) if one.visibility is Visibility.PUBLIC)
        old.desk.vendor_api.messages.delete(here.id, last.id)
        with pytest.raises(DecisionNeeded) as asked:
            pair.again()
        assert asked.value.others == ("--gone keep", "--gone mark")
        for _ in range(2):
            summary = pair.again(gone=choice)
            assert summary.verified, summary.differences
            told = [(one["record"], one["id"], one["outcome"]) for one in summary.gone]
            assert told == [("message", last.id, "kept" if choice == KEEP else "marked")]
            there = list(new.desk.messages.list(pair.ticket(new.desk).id))
            assert len(there) == len(before) + (choice == MARK)
            notes = [one.visibility for one in there if "deleted at its source" in one.body.text]
            assert notes == ([Visibility.INTERNAL] if choice == MARK else [])


@pytest.mark.parametrize("fault", ["lost", "swallowed"])
def test_a_mark_whose_answer_was_lost_is_written_once(tmp_path, fault):
    old, new, path = source(), destination(), tmp_path / "journal"
    pair = Pair(old, new, path)
    gone = pair.ticket(old, "Subject of t2")
    old.removal.ticket(gone.id)
    written = new.faults.calls["message"]
    new.importer._faults = new.faults = evolve(Faults(calls=new.faults.calls), **{fault: {("message", written + 1)}})
    summary = pair.again(gone=MARK)
    assert [one["outcome"] for one in summary.gone] == ["marked"]
    there = pair.ticket(new.fake, "Subject of t2")
    assert sum("source" in one.body.text for one in new.fake.messages.list(there.id)) == 1
    assert summary.verified


def test_a_record_that_a_list_lacks_and_a_call_finds_is_not_gone(tmp_path):
    old, new, path = source(), destination(), tmp_path / "journal"
    pair = Pair(old, new, path)
    real = old.tickets.list
    hidden = pair.ticket(old, "Subject of t3").id

    class Tickets:
        def list(self, *query, **values):
            rows = [one for one in real(*query, **values) if one.id != hidden]
            return Rows(rows)

        def __getattr__(self, name):
            return getattr(old.tickets, name)

    pair.old = FaultyDesk(old, ManualClock(), tickets=Tickets())
    summary = pair.again()
    assert summary.gone == ()
    assert summary.extent.source.rows == ()
