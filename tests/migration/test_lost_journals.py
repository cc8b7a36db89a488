"""A journal that is lost, or that a colleague starts anew: what is there is found, compared, and never written again."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import timedelta
from itertools import product

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from migration.faulty_desk import START, Kill, destination, dump, message, person, small, source, ticket
from migration.simulators import served
from tiers import spread

from helpdesk_bridge import TicketChange, open_desk
from helpdesk_bridge.adapter import Marked, Opening, Page
from helpdesk_bridge.adapter.header_line import HeaderLine, sealing, split_marker, with_header, with_marker
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.migration import DecisionNeeded, ExitCode, Migration, Options, Threads
from helpdesk_bridge.migration.adoption import Adoption
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.marker import MarkerKey
from helpdesk_bridge.migration.outcome import WrongJournal
from helpdesk_bridge.model.drafts import MessageDraft
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.records import Message, Ticket
from helpdesk_bridge.model.secret import Secret
from helpdesk_bridge.model.values import Actor, Body, MessageKind, Visibility

ONE = Options(workers=1, yes=True)
YES = Options(yes=True)
PAIRS = [("deskie", "desk365"), ("desk365", "deskie"), ("deskie", "local"), ("local", "desk365")]


def migrate(old, new, path, options=YES):
    with Migration(old, new, path, options=options) as migration:
        return migration.migrate()


def everything(desk):
    """What stands at a desk: each ticket with how many messages it has."""
    found = desk.tickets.list(TicketQuery(include={"spam", "merged"}), resolve=False)
    return sorted((one.id, len(list(desk.messages.list(one.id, resolve=False)))) for one in found)


@pytest.fixture(params=spread([(pair,) for pair in PAIRS], quick=2), ids="-".join)
def moved(request, tmp_path):
    """Two desks after a migration whose journal is lost."""
    with served(request.param[0], 12) as old, served(request.param[1], 0) as new:
        summary = migrate(old.desk, new.desk, tmp_path / "lost")
        assert summary.exit_code is ExitCode.OK
        yield old.desk, new.desk, summary, everything(new.desk)


def test_a_lost_journal_writes_nothing_twice_and_the_plan_says_what_is_there(tmp_path, moved):
    old, new, first, there = moved
    with Migration(old, new, tmp_path / "another", options=YES) as migration:
        plan = migration.plan()
        assert plan.search.done
        assert plan.search.found == len(there) == first.counts[Kind.TICKET].migrated
        assert not plan.foreign_open
        summary = migration.migrate()
    assert everything(new) == there
    assert (summary.exit_code, summary.differences, summary.left_alone) == (ExitCode.OK, (), ())
    assert summary.counts == first.counts


@pytest.mark.slow
def test_a_run_that_stopped_for_a_decision_searches_again(tmp_path):
    with served("deskie", 6) as old, served("desk365", 0) as new:
        migrate(old.desk, new.desk, tmp_path / "lost")
        there = everything(new.desk)
        path = tmp_path / "another"
        with Migration(old.desk, new.desk, path) as careful, pytest.raises(DecisionNeeded):
            careful.run()
        assert migrate(old.desk, new.desk, path).exit_code is ExitCode.OK
        assert everything(new.desk) == there


@pytest.mark.parametrize("step", spread(range(1, 12), quick=4, slow=2))
def test_a_new_run_that_is_killed_while_it_searches_or_compares_doubles_nothing(tmp_path, step):
    old, new = source(), destination()
    migrate(old, new, tmp_path / "lost", ONE)
    before = dump(new)
    new.faults.steps, new.faults.kill_at = 0, step
    try:
        migrate(old, new, tmp_path / "another", ONE)
    except Kill:
        new.faults.kill_at = None
        summary = migrate(old, new, tmp_path / "another", ONE)
        assert summary.exit_code is ExitCode.OK
    assert dump(new) == before


@pytest.mark.slow
def test_tickets_that_agents_touched_since_are_found_and_left_as_they_are(tmp_path, moved):
    old, new, first, there = moved
    touched = [one for one, _ in there][:3]
    new.tickets.update(touched[0], TicketChange(subject="Renamed by an agent"))
    new.messages.note(touched[1], MessageDraft(body="An agent's own note"))
    summary = migrate(old, new, tmp_path / "another")
    assert [one for one, _ in everything(new)] == [one for one, _ in there]
    assert new.tickets.get(touched[0]).subject == "Renamed by an agent"
    assert summary.counts == first.counts
    assert {one.field for one in summary.differences} <= {"subject", "extra", "updated_at"}


@pytest.mark.slow
def test_a_run_that_was_killed_and_whose_journal_is_lost_is_finished_by_another(tmp_path):
    for step in (4, 7, 9, 11, 14, 17):
        folder = tmp_path / str(step)
        folder.mkdir()
        old, new = source(), destination()
        new.faults.kill_at = step
        with pytest.raises(Kill):
            migrate(old, new, folder / "lost", ONE)
        new.faults.kill_at = None
        summary = migrate(old, new, folder / "another", ONE)
        assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
        whole = destination()
        migrate(source(), whole, folder / "whole", ONE)
        assert dump(new) == dump(whole)


@pytest.mark.slow
@pytest.mark.parametrize("field", [True, False])
def test_deskie_finds_what_was_written_before_it_had_a_field_for_markers(tmp_path, field):
    with served("desk365", 8) as old, served("deskie", 0) as new:
        simulator = new.simulator
        fields = simulator.account.fields
        places = [one for one in fields.values() if one.title == "Migration marker"]
        assert places
        for one in places:
            fields.pop(one.field_id)
        new.desk.refresh()
        migrate(old.desk, new.desk, tmp_path / "lost")
        there = everything(new.desk)
        if field:
            fields.update({one.field_id: one for one in places})
            new.desk.refresh()
        with Migration(old.desk, new.desk, tmp_path / "another") as careful:
            plan = careful.plan()
            assert ("markers_not_listed" in plan.open_hazards) is not field
            assert plan.search.found == len(there)
        assert migrate(old.desk, new.desk, tmp_path / "another").exit_code is ExitCode.OK
        assert everything(new.desk) == there


def test_the_word_of_the_user_spares_the_search_and_is_recorded(tmp_path):
    old, new = source(), destination()
    migrate(old, new, tmp_path / "lost", ONE)
    new.faults.calls.clear()
    with Migration(old, new, tmp_path / "another", options=evolve(ONE, none_before=True)) as migration:
        assert migration.plan().search.spared
    with Migration(old, new, tmp_path / "another", options=ONE) as migration:
        assert migration.plan().search.spared
    assert new.faults.calls["marked"] == 0


def test_an_empty_destination_costs_one_call(tmp_path):
    old, new = source(), destination()
    migrate(old, new, tmp_path / "journal", ONE)
    assert new.faults.calls["marked"] == 1
    migrate(old, new, tmp_path / "journal", ONE)
    assert new.faults.calls["marked"] == 1


def test_an_empty_destination_costs_one_call_on_the_wire_besides_what_the_load_asks_anyway(tmp_path):
    with served("local", 2) as old, served("desk365", 0) as new:
        with Migration(old.desk, new.desk, tmp_path / "journal", options=YES) as migration:
            searched = migration._searched()
            asked = [one.operation for one in new.simulator.requests.snapshot()]
            assert (searched.done, searched.calls) == (True, 1)
            assert asked == ["list_tickets", "list_contacts"]
            migration.run()
        asked = [one.operation for one in new.simulator.requests.snapshot()]
    assert asked[: asked.index("create_contact")].count("list_contacts") == 1


@pytest.mark.slow
def test_a_search_that_takes_many_calls_is_announced_by_the_plan_and_done_by_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr("helpdesk_bridge.migration.migration.SEARCHED_AT_PLAN", 0)
    with served("deskie", 6) as old, served("desk365", 0) as new:
        migrate(old.desk, new.desk, tmp_path / "lost")
        there = everything(new.desk)
        with Migration(old.desk, new.desk, tmp_path / "another", options=YES) as migration:
            announced = migration.plan()
            assert (announced.search.done, announced.search.calls, announced.search.there) == (False, 1, len(there))
            migration.migrate()
            done = migration.plan()
        assert everything(new.desk) == there
    units = [next(iter(one.forecasts.values())).destination_units for one in (announced, done)]
    assert units[0] == units[1] + 1


@pytest.mark.slow
def test_a_search_of_another_day_is_done_again_if_tickets_came_since(tmp_path):
    with served("deskie", 6) as old, served("desk365", 0) as new:
        with Migration(old.desk, new.desk, tmp_path / "mine", options=YES) as mine:
            assert mine.plan().search.found == 0
        migrate(old.desk, new.desk, tmp_path / "a colleague's")
        there = everything(new.desk)
        assert migrate(old.desk, new.desk, tmp_path / "mine").exit_code is ExitCode.OK
        assert everything(new.desk) == there


# -- keys ----------------------------------------------------------------------------------------------------------

OLD_KEY = {"source": Secret("the key before")}


@pytest.mark.slow
def test_markers_of_another_key_stop_a_new_journal_until_the_key_is_given(tmp_path):
    with served("deskie", 6) as old, served("desk365", 0) as new:
        migrate(old.desk, new.desk, tmp_path / "lost", evolve(YES, recovered=OLD_KEY))
        there = everything(new.desk)
        path = tmp_path / "another"
        with Migration(old.desk, new.desk, path, options=YES) as migration:
            assert migration.plan().foreign_open
            with pytest.raises(DecisionNeeded, match=f"^{len(there)} tickets .* carry markers of another key") as stop:
                migration.run()
        assert stop.value.exit_code is ExitCode.DECISION
        assert stop.value.others == ("--foreign-markers ignore",)
        assert everything(new.desk) == there
        assert migrate(old.desk, new.desk, path, evolve(YES, recovered=OLD_KEY)).exit_code is ExitCode.OK
        assert everything(new.desk) == there
        with pytest.raises(WrongJournal, match="has written with a key of its own"):
            migrate(old.desk, new.desk, path, evolve(YES, recovered={"source": Secret("a third")}))


@pytest.mark.parametrize(("by_api", "stops"), [(False, False), (None, True), (True, True)])
def test_a_marker_that_somebody_made_up_in_a_mail_stops_nothing(tmp_path, by_api, stops):
    old, new = source(), destination()
    mail = Marked(ticket_id="99", marker="0123456789abcdef", by_api=by_api)
    new.importer.marked = lambda cursor=None: Page((mail,), None, 1)
    with Migration(old, new, tmp_path / "journal", options=ONE) as migration:
        if stops:
            with pytest.raises(DecisionNeeded, match=r"^1 ticket at .* carries a marker of another key"):
                migration.run()
        else:
            assert migration.migrate().exit_code is ExitCode.OK


def test_markers_of_another_key_can_be_ignored(tmp_path):
    with served("deskie", 6) as old, served("local", 0) as new:
        migrate(old.desk, new.desk, tmp_path / "other", evolve(YES, recovered=OLD_KEY))
        there = everything(new.desk)
        with Migration(old.desk, new.desk, tmp_path / "journal", options=YES) as migration:
            migration.ignore_foreign_markers()
            assert migration.migrate().exit_code is ExitCode.OK
        assert len(everything(new.desk)) == 2 * len(there)


def test_a_credential_that_is_rotated_in_mid_run_does_no_harm(tmp_path):
    old, new = source(), destination()
    new.faults.kill_at = 9
    with Migration(old, new, tmp_path / "journal", options=ONE) as migration:
        before = migration.journal.facts.marker_key
        with pytest.raises(Kill):
            migration.run()
        assert not migration.journal.untouched()
    new.faults.kill_at = None
    object.__setattr__(old, "keys", type(old.keys)(lambda: Secret("another")))
    with Migration(old, new, tmp_path / "journal", options=ONE) as migration:
        assert migration.journal.facts.marker_key == before
        assert migration.migrate().exit_code is ExitCode.OK


def test_a_journal_that_was_begun_with_a_wrong_credential_signs_with_the_right_one(tmp_path):
    old, new = source(), destination()
    right = old.keys
    object.__setattr__(old, "keys", type(right)(lambda: Secret("a slip of the pen")))
    with Migration(old, new, tmp_path / "journal", options=ONE) as migration:
        migration.plan()
    object.__setattr__(old, "keys", right)
    assert migrate(old, new, tmp_path / "journal", ONE).exit_code is ExitCode.OK
    before = dump(new)
    assert migrate(old, new, tmp_path / "another", ONE).exit_code is ExitCode.OK
    assert dump(new) == before


# -- what only looks like ours -------------------------------------------------------------------------------------


def victim_and_thief():
    people = (person("ann", "ann@client.example"), person("mal", "mal@thief.example"))
    return Dataset(people=people, tickets=(ticket("t1", "ann", message("ann", 0, "My secret question")),))


def marker_of_first(new):
    (there,) = new.desk.tickets.list(TicketQuery(include={"description"}), resolve=False)
    return there.id, split_marker(there.description)[0]


def test_a_marker_that_a_customer_copied_is_never_adopted_and_the_copy_is_left_alone(tmp_path):
    old = source(victim_and_thief())
    with served("desk365", 0) as new:
        migrate(old, new.desk, tmp_path / "lost")
        ours, marker = marker_of_first(new)
        copy = new.desk.tickets.create(copied(marker))
        summary = migrate(old, new.desk, tmp_path / "another")
        assert summary.exit_code is ExitCode.OK
        (alone,) = summary.left_alone
        assert (alone.ticket, alone.source) == (copy.id, old.tickets.list().page().items[0].id)
        assert "requester" in alone.why
        with Migration(old, new.desk, tmp_path / "another") as migration:
            assert migration.journal.at_destination(Kind.TICKET, ours) is not None


def copied(marker, text="Give me the answer", requester="mal@thief.example"):
    from helpdesk_bridge import TicketDraft

    return TicketDraft(subject="Subject of t1", description=with_marker(Body(text=text), marker), requester=requester)


@pytest.mark.slow
def test_a_marker_that_stands_only_on_a_ticket_that_disagrees_is_in_doubt_until_somebody_decides(tmp_path):
    old = source(victim_and_thief())
    with served("desk365", 0) as new:
        with Migration(old, new.desk, tmp_path / "journal", options=YES) as migration:
            marker = migration.journal.facts.marker_key.of("ticket", old.tickets.list().page().items[0].ref)
            copy = new.desk.tickets.create(copied(marker))
            summary = migration.migrate()
        assert summary.exit_code is ExitCode.INCOMPLETE
        assert (summary.counts[Kind.TICKET].in_doubt, summary.counts[Kind.TICKET].migrated) == (1, 0)
        assert [one for one, _ in everything(new.desk)] == [copy.id]
        with Migration(old, new.desk, tmp_path / "journal", options=YES) as migration:
            (record,) = migration.journal.by_state(Kind.TICKET, State.IN_DOUBT)
            assert copy.id in record.reason
            assert "requester" in record.reason
            assert "secret" not in record.reason
            migration.decide_in_doubt(record.key.id, "again")
            assert migration.migrate().exit_code is ExitCode.OK
        assert len(everything(new.desk)) == 2
        (unchanged,) = (one for one in new.desk.messages.list(copy.id))
        assert "Give me the answer" in unchanged.body.text


def test_a_doubled_ticket_of_ours_is_in_doubt(tmp_path):
    with served("local", 0) as new:
        old = source(victim_and_thief())
        migrate(old, new.desk, tmp_path / "one", YES)
        migrate(old, new.desk, tmp_path / "two", evolve(YES, none_before=True))
        summary = migrate(old, new.desk, tmp_path / "three")
        assert summary.counts[Kind.TICKET].in_doubt == 1
        assert len(everything(new.desk)) == 2


def test_a_decision_to_skip_is_kept_by_later_runs(tmp_path):
    with served("local", 0) as new:
        old = source(victim_and_thief())
        migrate(old, new.desk, tmp_path / "one")
        migrate(old, new.desk, tmp_path / "two", evolve(YES, none_before=True))
        migrate(old, new.desk, tmp_path / "three")
        with Migration(old, new.desk, tmp_path / "three", options=YES) as migration:
            (record,) = migration.journal.by_state(Kind.TICKET, State.IN_DOUBT)
            migration.decide_in_doubt(record.key.id, "skip")
        assert migrate(old, new.desk, tmp_path / "three").counts[Kind.TICKET].skipped == 1
        assert len(everything(new.desk)) == 2


def test_one_ticket_is_never_decided_to_be_two(tmp_path):
    with served("local", 0) as new:
        old = source()
        migrate(old, new.desk, tmp_path / "one")
        migrate(old, new.desk, tmp_path / "two", evolve(YES, none_before=True))
        migrate(old, new.desk, tmp_path / "three")
        with Migration(old, new.desk, tmp_path / "three", options=YES) as migration:
            first, second, *_ = migration.journal.by_state(Kind.TICKET, State.IN_DOUBT)
            migration.decide_in_doubt(first.key.id, f"found:{first.candidates[0]}")
            with pytest.raises(ValueError, match="already belongs to"):
                migration.decide_in_doubt(second.key.id, f"found:{first.candidates[0]}")


def test_a_decision_for_one_of_two_writes_no_message_again(tmp_path):
    old, new = source(), destination()
    migrate(old, new, tmp_path / "one", ONE)
    migrate(old, new, tmp_path / "two", evolve(ONE, none_before=True))
    migrate(old, new, tmp_path / "three", ONE)
    before = dump(new)
    with Migration(old, new, tmp_path / "three", options=ONE) as migration:
        for record in migration.journal.by_state(Kind.TICKET, State.IN_DOUBT):
            migration.decide_in_doubt(record.key.id, f"found:{record.candidates[0]}")
        summary = migration.migrate()
    assert dump(new) == before
    assert summary.counts[Kind.TICKET].in_doubt == 0
    assert {one.field for one in summary.differences} == {"duplicate"}


@pytest.mark.slow
@pytest.mark.parametrize("edited", ["", "an agent's words"])
def test_tickets_whose_marker_an_agent_edited_are_in_doubt_and_not_written_again(tmp_path, edited):
    with served("desk365", 8) as old, served("deskie", 0) as new:
        migrate(old.desk, new.desk, tmp_path / "lost")
        there = everything(new.desk)
        listing = new.desk.tickets.list(TicketQuery(include={"custom_fields"}), resolve=False)
        marked = [one.id for one in listing if one.custom_fields.get("Migration marker")][:2]
        assert marked
        for one in marked:
            new.desk.tickets.update(one, TicketChange(custom_fields={"Migration marker": edited or None}))
        summary = migrate(old.desk, new.desk, tmp_path / "another")
        assert summary.counts[Kind.TICKET].in_doubt == len(marked)
        assert summary.exit_code is ExitCode.INCOMPLETE
        assert everything(new.desk) == there
        with Migration(old.desk, new.desk, tmp_path / "another", options=YES) as migration:
            for record in migration.journal.by_state(Kind.TICKET, State.IN_DOUBT):
                assert "carries no marker" in record.reason
                (there_already,) = record.candidates
                migration.decide_in_doubt(record.key.id, f"found:{there_already}")
            summary = migration.migrate()
        assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
        assert everything(new.desk) == there


def test_a_stranger_that_was_created_in_the_same_second_keeps_nothing_from_being_written(tmp_path):
    with served("desk365", 6) as old, served("deskie", 0) as new:
        first = next(iter(old.desk.tickets.list(resolve=False)))
        stranger = Message(
            id="0", ticket_id="0", author=Actor.contact(email="else@where.example"), visibility=Visibility.PUBLIC,
            kind=MessageKind.REPLY, body=Body(text="Another matter"), opening=True, created_at=first.created_at,
        )  # fmt: skip
        ticket = evolve(
            first,
            id="0",
            subject="Else",
            requester=stranger.author,
            assignee=None,
            group=None,
            tags=(),
            custom_fields={},
        )
        new.desk.importer.ticket(ticket, Opening.of(stranger), (), "key:" + "0" * 16)
        summary = migrate(old.desk, new.desk, tmp_path / "journal")
        assert (summary.exit_code, summary.counts[Kind.TICKET].in_doubt) == (ExitCode.OK, 0)
        assert len(everything(new.desk)) == summary.counts[Kind.TICKET].migrated + 1


# -- rebuild, and what it costs ------------------------------------------------------------------------------------


def test_a_journal_is_rebuilt_without_a_write_and_a_run_writes_what_is_missing(tmp_path):
    old, new = source(), destination()
    first = migrate(old, new, tmp_path / "lost", ONE)
    before = dump(new)
    new.faults.calls.clear()
    with Migration(old, new, tmp_path / "rebuilt", options=ONE) as migration:
        migration.rebuild()
        assert migration.summary().counts[Kind.TICKET].migrated == 3
        assert migration.summary().counts[Kind.MESSAGE].migrated == 7
        with pytest.raises(WrongJournal, match="rebuild replaces a lost one"):
            migration.rebuild()
        assert not {"ticket", "message", "contact"} & set(new.faults.calls)
        summary = migration.migrate()
    assert dump(new) == before
    assert (summary.exit_code, summary.counts) == (ExitCode.OK, first.counts)


@pytest.mark.slow
def test_a_long_thread_is_looked_up_in_pages_once(tmp_path):
    data = small()
    thread = (message("ann", 0, "It broke"), *(message("ann", n, f"Part {n % 7}") for n in range(1, 300)))
    old, new = source(evolve(data, tickets=(ticket("t1", "ann", *thread),))), destination()
    migrate(old, new, tmp_path / "lost", ONE)
    before = dump(new)
    new.faults.calls.clear()
    with Migration(old, new, tmp_path / "another", options=ONE) as migration:
        migration.run()
    assert new.faults.calls["tail"] == 1
    assert not {"ticket", "message", "contact"} & set(new.faults.calls)
    assert dump(new) == before


# -- the way of writing threads is lost with the journal -----------------------------------------------------------


@pytest.mark.parametrize(("then", "now"), spread(product(Threads, repeat=2), quick=4))
def test_a_thread_that_was_written_in_another_way_is_recognised(tmp_path, then, now):
    old, new = source(), destination()
    migrate(old, new, tmp_path / "lost", evolve(ONE, threads=then))
    before = dump(new)
    summary = migrate(old, new, tmp_path / "another", evolve(ONE, threads=now))
    assert dump(new) == before
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())


def test_a_note_of_several_messages_that_cannot_be_told_apart_is_in_doubt_and_nothing_is_written_twice(tmp_path):
    old, new = source(), destination()
    migrate(old, new, tmp_path / "lost", evolve(ONE, threads=Threads.NOTE))
    first = next(one for one in old.all_tickets() if one.subject == "Subject of t1")
    old.messages.note(first.id, MessageDraft(body="One more since"))
    before = dump(new)
    summary = migrate(old, new, tmp_path / "another", ONE)
    assert dump(new) == before
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert summary.counts[Kind.MESSAGE].in_doubt == 4


# -- laws of adoption ----------------------------------------------------------------------------------------------

TEXT = "My lamp is broken & <b>dark</b>"
KEY = MarkerKey(bytes(32))
with sealing(KEY.seal):
    HEADED = with_header(Body(text=TEXT), HeaderLine(Actor.contact(email="ann@client.example"), START, Visibility.PUBLIC, MessageKind.REPLY))  # fmt: skip
MADE = Ticket(
    id="7", ref="desk365:acme/ticket/7", channel="api", requester=Actor.contact(email="ann@client.example"),
    description=with_marker(HEADED, "0" * 16), created_at=START + timedelta(days=90),
)  # fmt: skip
WANTED = expected.message(
    Message(
        id="1", ticket_id="1", author=Actor.contact(email="ann@client.example"), visibility=Visibility.PUBLIC,
        kind=MessageKind.REPLY, body=Body(text=TEXT), opening=True, created_at=START,
    ), (), KEY.seal,
)  # fmt: skip
ANN = expected.person(Actor.contact(email="ann@client.example"))


def differences(ticket):
    with open_desk({"vendor": "desk365", "subdomain": "acme", "api_key": Secret("k")}) as desk:
        return Adoption(MigrationDesk(desk), desk.importer, None, KEY.seal).differences(ticket, ANN, WANTED)


@given(st.sampled_from(["\n", "  ", "\r\n\r\n", "\t"]), st.booleans())
def test_white_space_and_markup_are_no_difference(space, as_html):
    text = MADE.description.text.replace("\n\n[ref", f"{space}\n\n[ref")
    body = Body(html=Body(text=text).as_html()) if as_html else Body(text=text)
    assert differences(evolve(MADE, description=body)) == ()


OTHER = {
    "requester": st.emails().map(lambda one: {"requester": Actor.contact(email=one)}),
    "text": st.text(alphabet="abcdef", min_size=1).map(
        lambda one: {"description": Body(text=MADE.description.text.replace(TEXT, one))}
    ),
    "time": st.integers(1, 10**6).map(
        lambda one: {"description": Body(text=MADE.description.text.replace("2025-03-01", f"20{26 + one % 60}-03-01"))}
    ),
    "origin than the API": st.sampled_from(["email", "portal", "phone", None]).map(lambda one: {"channel": one}),
}


@pytest.mark.parametrize("what", OTHER)
@given(data=st.data())
def test_whatever_disagrees_is_never_adopted(what, data):
    assert what in differences(evolve(MADE, **data.draw(OTHER[what])))


def test_a_contact_without_any_address_is_known_by_its_marker_when_the_journal_is_lost(tmp_path):
    nobody = person("nobody", None)
    data = evolve(small(), people=(*small().people, nobody))
    old, new = source(data), destination()
    first = migrate(old, new, tmp_path / "lost", ONE)
    there = dump(new)
    with Migration(old, new, tmp_path / "rebuilt", options=ONE) as migration:
        migration.rebuild()
        assert migration.summary().counts == first.counts
    migrate(old, new, tmp_path / "another", ONE)
    assert dump(new) == there


# -- copies ------------------------------------------------------------------------------------------------------------


def interrupted(tmp_path, step):
    """Return the desks of a migration that died at a call, and a copy of its journal."""
    old, new = source(), destination()
    new.faults.kill_at = step
    with suppress(Kill):
        migrate(old, new, tmp_path / "journal", ONE)
    new.faults.kill_at = None
    shutil.copy2(tmp_path / "journal", tmp_path / "copy")
    return old, new


@pytest.mark.parametrize("step", spread(range(2, 26, 3), quick=5, slow=2))
def test_a_copied_journal_that_is_claimed_after_its_original_ended_writes_nothing_twice(tmp_path, step):
    old, new = interrupted(tmp_path, step)
    migrate(old, new, tmp_path / "journal", ONE)
    there = dump(new)
    with pytest.raises(WrongJournal, match="--moved"):
        migrate(old, new, tmp_path / "copy", ONE)
    summary = migrate(old, new, tmp_path / "copy", evolve(ONE, moved=True, none_before=True))
    assert dump(new) == there
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())


@pytest.mark.parametrize("step", spread(range(2, 26, 3), quick=5, slow=2))
def test_a_journal_that_was_moved_and_is_claimed_goes_on_where_it_was(tmp_path, step):
    old, new = interrupted(tmp_path, step)
    (tmp_path / "journal").unlink()
    summary = migrate(old, new, tmp_path / "copy", evolve(ONE, moved=True))
    whole = destination()
    migrate(source(), whole, tmp_path / "whole", ONE)
    assert dump(new) == dump(whole)
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())


def test_a_claim_that_is_killed_before_it_has_searched_searches_again(tmp_path):
    old, new = interrupted(tmp_path, 8)
    migrate(old, new, tmp_path / "journal", ONE)
    there = dump(new)
    with Migration(old, new, tmp_path / "copy", options=evolve(ONE, moved=True)):
        pass
    summary = migrate(old, new, tmp_path / "copy", ONE)
    assert dump(new) == there
    assert summary.exit_code is ExitCode.OK
