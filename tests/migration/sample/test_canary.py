"""The canary is written once before any customer's ticket, asks what arrived, and is taken away or closed."""

import pytest
from migration.faulty_desk import Faults, Kill, destination, source
from migration.sample.imap_server import serving

from helpdesk_bridge.adapter import Hazard, Provenance
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.outcome import DecisionNeeded
from helpdesk_bridge.migration.sample.canary import (
    ARRIVED,
    CLOSED,
    NOTHING,
    REMOVED,
    Canary,
    CanaryState,
    NoCanary,
    check_arrived,
)
from helpdesk_bridge.migration.sample.mailbox import Mailbox
from helpdesk_bridge.ports import Missing

YES = Options(yes=True, workers=1)
ADDRESS = "me@own.example"
HAZARDS = tuple(
    Hazard(name, f"{name} is sent", "always", f"switch {name} off", Provenance.ASSUMED)
    for name in ("welcome", "survey")
)


class Stage:
    """A migration whose destination has two hazards, with a canary before its sample."""

    def __init__(self, folder, *, faults=None, removes=True, answer=(), mailbox=None):
        overrides = {} if removes else {"removal": Missing("removal", "test")}
        self.old, self.new = source(), destination(faults=faults or Faults(), **overrides)
        self.new.importer.hazards = HAZARDS
        self.folder, self.answer, self.mailbox, self.told, self.asked = folder, answer, mailbox, [], []

    def ask(self, asked):
        self.asked.append(asked)
        return self.answer

    def sample(self, address=ADDRESS):
        with Migration(self.old, self.new, self.folder / "move.db", options=YES) as migration:
            choice = migration.choose_sample(2)

            def before(context):
                canary = Canary(context, address, self.ask, self.told.append, self.mailbox, 20.0)
                try:
                    canary.run()
                finally:
                    self.state = CanaryState.kept(migration.journal.facts)

            migration.run_sample(choice, before)
            self.new.importer.commit_due()
            return migration.journal.counts()

    def canaries(self):
        return [one for one in self.new.fake.all_tickets() if one.subject.startswith("Canary")]

    def others(self):
        return [one for one in self.new.fake.all_tickets() if not one.subject.startswith("Canary")]


def test_nothing_arrived_is_recorded_for_each_hazard_and_the_canary_goes(tmp_path):
    stage = Stage(tmp_path)
    stage.sample()
    assert {name: one["outcome"] for name, one in stage.state.answers.items()} == {
        "welcome": NOTHING,
        "survey": NOTHING,
    }
    assert stage.state.ended == REMOVED
    assert not stage.canaries()
    assert len(stage.others()) == 2
    assert ADDRESS not in {contact.email for contact in stage.new.fake.contacts.list()}
    asked = len(stage.asked)
    stage.sample()
    assert (len(stage.asked), stage.canaries()) == (asked, [])  # it is asked once


def test_it_is_written_as_an_old_ticket_is_before_any_customers(tmp_path):
    stage = Stage(tmp_path, answer=None)
    with pytest.raises(DecisionNeeded, match="--arrived nothing, or with --arrived and a hazard: welcome, survey"):
        stage.sample()
    (canary,) = stage.canaries()
    assert (canary.requester.email, canary.status.value) == (ADDRESS, "closed")
    assert [one.visibility.value for one in stage.new.fake.messages.list(canary)] == ["public", "public", "internal"]
    assert not stage.others()
    stage.answer = ()
    stage.sample()
    assert len(stage.others()) == 2


def test_where_nothing_can_be_removed_it_says_so_first_and_closes(tmp_path):
    stage = Stage(tmp_path, removes=False, answer=None)
    with pytest.raises(DecisionNeeded):
        stage.sample()
    assert "cannot be taken away" in stage.told[0]
    stage.answer = ()
    stage.sample()
    (canary,) = stage.canaries()
    assert (stage.state.ended, canary.status.value) == (CLOSED, "closed")


def test_mail_that_arrived_stops_before_the_first_customer_and_a_new_canary_follows(tmp_path):
    stage = Stage(tmp_path, answer=["survey"])
    with pytest.raises(DecisionNeeded, match="survey: switch survey off") as raised:
        stage.sample()
    assert ADDRESS not in str(raised.value)
    assert stage.state.answers["survey"]["outcome"] == ARRIVED
    assert not stage.others()
    stage.answer = []
    stage.sample()
    assert stage.state.number == 2
    assert len(stage.others()) == 2


def test_a_second_canary_takes_the_contact_of_the_first_that_could_not_be_removed(tmp_path):
    stage = Stage(tmp_path, removes=False, answer=["survey"])
    with pytest.raises(DecisionNeeded):
        stage.sample()
    stage.answer = []
    stage.sample()
    assert len(stage.canaries()) == 2
    assert [one.email for one in stage.new.fake.all_contacts()].count(ADDRESS) == 1
    assert len(stage.others()) == 2


@pytest.mark.parametrize("address", ["ann@client.example", "Ann@Client.Example", "eve@desk.example", "nobody", "a@b@c"])
def test_an_address_that_is_somebodys_or_none_is_refused_before_anything_is_written(tmp_path, address):
    stage = Stage(tmp_path)
    with pytest.raises(NoCanary):
        stage.sample(address)
    assert not stage.new.fake.all_tickets()
    assert not stage.new.fake.all_contacts()


def test_an_address_of_a_customer_of_the_destination_is_refused(tmp_path):
    stage = Stage(tmp_path)
    stage.new.fake.contacts.create(name="Me", emails=(ADDRESS,))
    with pytest.raises(NoCanary, match="belongs to a customer"):
        stage.sample()
    assert not stage.new.fake.all_tickets()


def test_another_address_does_not_take_over_a_canary_under_way(tmp_path):
    stage = Stage(tmp_path, answer=None)
    with pytest.raises(DecisionNeeded):
        stage.sample()
    with pytest.raises(NoCanary, match="another address"):
        stage.sample("other@own.example")


@pytest.mark.parametrize(("operation", "number"), [("contact", 1), ("ticket", 1), ("message", 1), ("message", 2)])
@pytest.mark.parametrize("kind", ["lost", "swallowed"])
def test_a_create_without_an_answer_is_written_once(tmp_path, operation, number, kind):
    stage = Stage(tmp_path, answer=None, faults=Faults(**{kind: {(operation, number)}}))
    with pytest.raises(DecisionNeeded):
        stage.sample()
    (canary,) = stage.canaries()
    assert len(stage.new.fake.messages.list(canary).all()) == 3
    assert len(stage.new.fake.all_contacts()) == 1


@pytest.mark.slow
def test_a_process_that_dies_at_any_point_leaves_one_canary(tmp_path):
    points = 0
    for kill_at in range(1, 40):
        folder = tmp_path / str(kill_at)
        folder.mkdir()
        stage = Stage(folder, answer=None, faults=Faults(kill_at=kill_at))
        try:
            stage.sample()
        except Kill:
            points += 1
        except DecisionNeeded:
            break
        stage.new.faults.kill_at = None
        with pytest.raises(DecisionNeeded):
            stage.sample()
        (canary,) = stage.canaries()
        assert len(stage.new.fake.messages.list(canary).all()) == 3, kill_at
    assert points > 8


def test_a_mailbox_answers_for_itself(tmp_path):
    with serving() as server:
        server.arrive("before")
        stage = Stage(tmp_path, mailbox=Mailbox.of(server.url, "x"), answer=None)
        stage.sample()
        assert not stage.asked
        assert {one["by"] for one in stage.state.answers.values()} == {"mailbox"}
        assert stage.state.ended == REMOVED


@pytest.mark.parametrize(("answer", "arrived"), [(None, {"welcome", "survey"}), (["welcome"], {"welcome"})])
def test_a_mail_in_the_mailbox_is_anybodys_until_somebody_says_whose(tmp_path, answer, arrived):
    with serving() as server:
        stage = Stage(tmp_path, mailbox=Mailbox.of(server.url, "x"), answer=answer)
        real = stage.new.importer.finish

        def finish(*args):
            real(*args)
            server.arrive("We have your ticket")

        stage.new.importer.finish = finish
        with pytest.raises(DecisionNeeded):
            stage.sample()
        assert [mail.subject for mail in stage.asked[0].mails] == ["We have your ticket"]
        assert set(stage.state.arrived) == arrived


def test_a_mailbox_that_cannot_be_read_stops_before_anything_is_written(tmp_path):
    stage = Stage(tmp_path, mailbox=Mailbox.of("imap://u:p@127.0.0.1:1/INBOX", "x"))
    with pytest.raises(NoCanary, match="cannot be reached"):
        stage.sample()
    assert not stage.new.fake.all_tickets()


def test_a_canary_is_no_ticket_of_an_earlier_migration(tmp_path):
    stage = Stage(tmp_path, removes=False)
    stage.sample()
    with Migration(stage.old, stage.new, tmp_path / "other.db", options=YES) as other:
        other.run()
        other.verify()
        assert other.summary().verified
        assert not other.journal.facts.left_alone()
    assert len(stage.others()) == 3
    assert len(stage.canaries()) == 1


@pytest.mark.parametrize("words", [["elsewhere"], [NOTHING, "survey"]])
def test_an_answer_names_hazards_or_nothing(words):
    with pytest.raises(Invalid, match="--arrived takes nothing, or hazards: welcome, survey"):
        check_arrived(words, HAZARDS)
    assert check_arrived(["survey", "survey"], HAZARDS) == ["survey"]
    assert check_arrived([NOTHING], HAZARDS) == []
