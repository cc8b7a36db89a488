"""Lists that come short or empty: read again, proved whole, or put to a decision."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from e2e.tampering import Proxy
from hypothesis import given
from hypothesis import strategies as st
from migration.faulty_desk import destination, source
from migration.simulators import served
from migration.test_ownership import without_files
from tiers import quick_first

from helpdesk_bridge import open_desk
from helpdesk_bridge.adapter import Page
from helpdesk_bridge.migration import DecisionNeeded, ExitCode, Migration, Options
from helpdesk_bridge.migration.completeness import contradicted, prove
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.report.facts import read_facts
from helpdesk_bridge.migration.report.report import report_of_journal
from helpdesk_bridge.model.queries import TicketQuery

YES = Options(yes=True)


@given(st.lists(st.integers(0, 30)), st.lists(st.integers(0, 30)), st.booleans())
def test_a_list_is_whole_only_if_as_many_came_as_the_vendor_told(first, second, tells):
    told, seen = len(set(first) | set(second)) if tells else None, set()

    def look(rows):
        return lambda: seen.update(rows) or told

    proof = prove("contacts", look(first), look(second), lambda: len(seen))
    if tells:
        assert proof.complete is (len(seen) >= told)
    assert proof.rows == len(set(first))
    if proof.again is None:
        assert first
        assert told is None or len(set(first)) >= told
    else:
        assert proof.moved == len(set(second) - set(first))
    denied = contradicted(proof, lambda: "it is there")
    assert denied.complete is (proof.complete and bool(seen))


def counts(summary):
    return {kind: summary.counts[kind].migrated for kind in Kind}


def migrated(old, new, path):
    with Migration(old.desk, new.desk, path, options=YES) as migration:
        return migration.migrate()


@pytest.mark.parametrize(
    ("vendor", "times"),
    [("deskie", 1), *(pytest.param(*one, marks=pytest.mark.slow) for one in (("desk365", 1), ("deskie", 2), ("desk365", 2)))],
)  # fmt: skip
@pytest.mark.parametrize("on", ["contacts.list", "tickets.list", "messages.list"])
def test_a_list_that_came_empty_once_or_twice_is_read_again_or_asked_about(tmp_path, vendor, times, on):
    with served(vendor, 6) as old, served("local", 0) as whole, served("local", 0) as new:
        expected = counts(migrated(old, whole, tmp_path / "whole"))
        with old.simulator.faults.inject("empty_list", on=on, times=times):
            with suppress(DecisionNeeded):
                migrated(old, new, tmp_path / "journal")
        summary = migrated(old, new, tmp_path / "journal")
        assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
        assert counts(summary) == expected


@pytest.mark.parametrize("on", ["contacts.list", "tickets.list", "messages.list"])
def test_a_list_of_deskie_that_came_empty_once_asks_nothing(tmp_path, on):
    with served("deskie", 3) as old, served("local", 0) as new:
        fault = old.simulator.faults.inject("empty_list", on=on, times=1)
        assert migrated(old, new, tmp_path / "journal").exit_code is ExitCode.OK
        assert fault.spent


@pytest.mark.parametrize("vendor", ["deskie", pytest.param("desk365", marks=pytest.mark.slow)])
def test_contacts_that_never_come_stop_a_run_before_anything_is_written(tmp_path, vendor):
    with served(vendor, 6) as old, served("local", 0) as new:
        with old.simulator.faults.inject("empty_list", on="contacts.list", times=None):
            with Migration(old.desk, new.desk, tmp_path / "journal", options=YES) as migration:
                plan = migration.plan()
                assert [one.scan for one in plan.incomplete] == ["contacts"]
                assert plan.needs_decision
                with pytest.raises(DecisionNeeded, match=r"contacts.*nothing was written") as asked:
                    migration.run()
                assert asked.value.others == ("--incomplete contacts=accept",)
                assert not list(new.desk.tickets.list())
                migration.accept_incomplete("contacts")
                migration.run()
        assert list(new.desk.tickets.list())
    facts = read_facts(tmp_path / "journal")
    assert [(one.scan, one.complete) for one in facts.scans] == [("contacts", False), ("tickets", True)]
    assert [(one.field, one.old, one.new) for one in facts.decisions if one.field == "incomplete"] == [
        ("incomplete", "contacts", "accept")
    ]


def test_threads_that_never_come_fail_their_tickets_and_are_asked_about_when_the_rest_is_written(tmp_path):
    with served("deskie", 6) as old, served("local", 0) as new:
        lost = next(one for one in old.desk.tickets.list(resolve=False) if not one.spam).id
        with Migration(old.desk, new.desk, tmp_path / "journal", options=YES) as migration:
            with old.simulator.faults.inject("empty_list", on="messages.list", record=lost, times=None):
                with pytest.raises(DecisionNeeded, match="the thread of 1 ticket") as asked:
                    migration.run()
                assert asked.value.others == (f"--incomplete thread:{lost}=accept",)
                (failed,) = migration.journal.by_state(Kind.TICKET, State.FAILED)
                assert (failed.key.id, failed.reason) == (
                    lost,
                    "its thread came incomplete: it came without its opening, twice",
                )
                assert len(list(new.desk.tickets.list())) >= 4
            assert migration.migrate().exit_code is ExitCode.OK


THREADS_OF = {"deskie": "/messages.json", "desk365": "/conversations"}


@pytest.mark.parametrize("times", [1, None])
@pytest.mark.parametrize("vendor", quick_first(THREADS_OF))
def test_a_thread_that_lacks_messages_which_its_answer_counts_is_read_again_or_asked_about(tmp_path, vendor, times):
    path = THREADS_OF[vendor]
    spoilt = []

    def spoil(_method, asked, text):
        document = json.loads(text)
        rows = document.get("conversations", [row for name, row in document.items() if name.isdigit()])
        if path not in asked or len(rows) < 2 or (times is not None and len(spoilt) >= times):
            return text
        spoilt.append(asked)
        if "conversations" in document:
            return json.dumps({**document, "conversations": rows[:1]})
        return json.dumps({name: row for name, row in document.items() if name in {"0", "total_count"}})

    with served(vendor, without_files()) as old, served("local", 0) as new, Proxy(old.url, spoil) as proxy:
        table = {**old.settings, "base_url": proxy.url}
        with open_desk(table, name="old") as desk:
            with Migration(desk, new.desk, tmp_path / "journal", options=YES) as migration:
                if times is None:
                    with pytest.raises(DecisionNeeded, match=r"the threads? of"):
                        migration.run()
                    return
                assert migration.migrate().exit_code is ExitCode.OK
        assert spoilt
        wanted = {one.subject: len(list(old.desk.messages.list(one.id))) for one in old.desk.tickets.list()}
        found = {one.subject: len(list(new.desk.messages.list(one.id))) for one in new.desk.tickets.list()}
        assert found == wanted


def test_a_thread_that_is_accepted_as_it_came_is_written(tmp_path):
    with served("deskie", 3) as old, served("local", 0) as new:
        with old.simulator.faults.inject("empty_list", on="messages.list", times=None):
            with Migration(old.desk, new.desk, tmp_path / "journal", options=YES) as migration:
                with pytest.raises(ValueError, match="--incomplete nonsense"):
                    migration.accept_incomplete("nonsense")
                migration.accept_incomplete("threads")
                migration.run()
        assert len(list(new.desk.tickets.list())) >= 2


def test_the_report_holds_the_proof_of_each_scan(tmp_path):
    with served("desk365", 6) as old, served("local", 0) as new:
        old.simulator.faults.inject("empty_list", on="contacts.list", times=1)
        with Migration(old.desk, new.desk, tmp_path / "journal", options=YES) as migration:
            migration.migrate()
    tickets = next(one for one in read_facts(tmp_path / "journal").scans if one.scan == "tickets")
    assert (tickets.told, tickets.rows, tickets.again) == (tickets.rows, tickets.told, None)
    page = Path(report_of_journal(tmp_path / "journal", tmp_path / "out").report)
    assert "read again" in page.read_text("utf-8")


def test_an_empty_source_is_whole_after_a_second_look_and_a_neutral_call(tmp_path):
    with served("deskie", 0) as old, served("local", 0) as new:
        with Migration(old.desk, new.desk, tmp_path / "journal", options=YES) as migration:
            assert migration.plan().incomplete == ()
            assert migration.migrate().exit_code is ExitCode.OK
            assert old.desk.transport.stats.calls <= 20


def test_a_ticket_without_any_message_is_no_short_thread(tmp_path):
    with Migration(source(), destination(), tmp_path / "journal", options=Options(workers=1, yes=True)) as migration:
        assert migration.migrate().exit_code is ExitCode.OK


# -- the destination ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", ["desk365", pytest.param("deskie", marks=pytest.mark.slow)])
def test_a_lost_journal_and_a_list_of_markers_that_came_empty_write_nothing_twice(tmp_path, vendor):
    with served("local", 3) as old, served(vendor, 0) as new:
        assert migrated(old, new, tmp_path / "lost").exit_code is ExitCode.OK
        there = len(list(new.desk.tickets.list()))
        with new.simulator.faults.inject("empty_list", on="tickets.list", after=0, times=1):
            assert migrated(old, new, tmp_path / "another").exit_code is ExitCode.OK
        assert len(list(new.desk.tickets.list())) == there


def test_markers_that_never_come_stop_a_run_before_anything_is_written(tmp_path):
    with served("local", 3) as old, served("desk365", 0) as new:
        assert migrated(old, new, tmp_path / "lost").exit_code is ExitCode.OK
        there = len(list(new.desk.tickets.list()))
        with Migration(old.desk, new.desk, tmp_path / "another", options=YES) as migration:
            importer = migration._importer
            migration._importer = Blind(importer)
            with pytest.raises(DecisionNeeded, match="markers") as asked:
                migration.run()
            assert asked.value.others == ("--incomplete markers=accept",)
        assert len(list(new.desk.tickets.list())) == there


class Blind:
    """An importer whose list of markers is empty, whatever there is."""

    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def marked(self, _cursor=None):
        return Page((), None, None)


@pytest.mark.parametrize("on", ["contacts.list", "tickets.list"])
def test_a_verification_reads_an_empty_list_again_and_tells_one_that_stays_empty(tmp_path, on):
    with served("local", 3) as old, served("desk365", 0) as new:
        with Migration(old.desk, new.desk, tmp_path / "journal", options=YES) as migration:
            migration.run()
            with new.simulator.faults.inject("empty_list", on=on, times=1):
                assert migration.verify() == []
            with new.simulator.faults.inject("empty_list", on=on, times=None):
                differences = migration.verify()
            assert [one.id for one in differences if one.record == "list"] == [
                f"{on.partition('.')[0]} at the destination"
            ]
            assert migration.summary().exit_code is ExitCode.INCOMPLETE


@pytest.mark.parametrize(
    "path", quick_first([f"/api/{name}.json" for name in ("staff", "groups", "labels", "custom_fields")])
)
def test_a_list_of_names_that_came_empty_once_loses_no_name(tmp_path, path):
    with served("deskie", 6) as old, served("local", 0) as new:
        with old.simulator.faults.inject("empty_list", on=f"GET {path}") as fault:
            assert migrated(old, new, tmp_path / "journal").exit_code is ExitCode.OK
            assert fault.hits == 1
        old.desk.refresh()
        named = {one.subject: one for one in old.desk.tickets.list(TicketQuery(include={"custom_fields"}))}
        for one in new.desk.tickets.list(TicketQuery(include={"custom_fields"})):
            before = named[one.subject]
            assert (one.assignee and one.assignee.email) == (before.assignee and before.assignee.email)
            assert (one.group and one.group.name) == (before.group and before.group.name)
            assert (set(one.tags), set(one.custom_fields)) == (set(before.tags), set(before.custom_fields))


def test_a_customer_who_came_while_the_lists_were_read_keeps_the_address(tmp_path):
    with served("deskie", 3) as old, served("desk365", 0) as new:
        with old.simulator.faults.inject("page_drift", on="tickets.list") as fault:
            migrated(old, new, tmp_path / "journal")
            assert fault.hits == 1
        (came,) = [one for one in new.desk.tickets.list() if one.subject == "Came in between"]
        assert came.requester.email.startswith("in-between-")


@pytest.mark.slow
def test_a_contact_whose_company_was_refused_once_gets_it_in_the_next_run(tmp_path):
    with served("deskie", 12) as old, served("desk365", 0) as new:
        with new.simulator.faults.inject("refused", on="POST /apis/v3/companies/create", status=400):
            assert migrated(old, new, tmp_path / "journal").exit_code is ExitCode.INCOMPLETE
        assert migrated(old, new, tmp_path / "journal").exit_code is ExitCode.OK
        there = {one.email: one.company for one in new.desk.contacts.list()}
        for one in old.desk.contacts.list():
            if one.email in there and one.company:
                assert there[one.email].name == one.company.name
