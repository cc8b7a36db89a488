"""Reading a desk into an archive: whole, resumable at each page and ticket, and cheap the second time."""

import threading
from contextlib import contextmanager

import pytest
from archive.readings import Killed, contents, killed_at_commit, local, opened, read, wire
from migration.simulators import served

from helpdesk_bridge import BadResponse, MessageDraft, NotFound, TicketDraft, Unavailable, open_desk
from helpdesk_bridge.archive import FolderInUse, Interrupted, Reading, Scope, WrongFolder
from helpdesk_bridge.archive.reading import origin_of
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.model.queries import TicketQuery

LISTS = 7
"""Agents, groups, companies, tags, fields, contacts and tickets, a page each; Desk365 lacks some."""


def paths(source):
    """The paths that a simulator was asked for."""
    return [] if source.simulator is None else [request.path for request in source.simulator.requests]


@pytest.mark.parametrize("vendor", ["local", "deskie", "desk365"])
def test_an_archive_holds_what_the_desk_says_and_a_second_reading_costs_the_lists(vendor, tmp_path):
    with served(vendor, 12) as source:
        first = read(source.desk, tmp_path / "a")
        assert (first.complete, first.mode) == (True, "all")
        assert contents(tmp_path / "a") == wire(source.desk)
        asked = len(paths(source))
        second = read(source.desk, tmp_path / "a")
        assert second.complete
        assert second.calls == len(paths(source)[asked:])
        assert second.calls <= LISTS
        # No path names a ticket.
        assert not [path for path in paths(source)[asked:] if any(part.isdigit() for part in path.split("/"))]
        third = read(source.desk, tmp_path / "a", since="last")
        assert (third.mode, third.complete, third.calls) == ("changes", True, second.calls)


def test_a_reading_killed_at_each_transaction_and_run_again_is_whole(tmp_path):
    with local(6) as desk:
        with killed_at_commit(0) as commits:
            read(desk, tmp_path / "whole", workers=1)
        for number in range(1, len(commits) + 1):
            folder = tmp_path / str(number)
            with killed_at_commit(number), pytest.raises(Killed):
                read(desk, folder, workers=1)
            assert read(desk, folder, workers=1).complete
            assert contents(folder) == contents(tmp_path / "whole")
        assert contents(tmp_path / "whole") == wire(desk)


class counting:  # noqa: N801 - a context that reads as one
    """Note which threads a desk is asked for."""

    def __init__(self, desk, asked):
        self.desk, self.asked = desk, asked

    def __enter__(self):
        self.before = len(self.desk.vendor_api.calls)

    def __exit__(self, *_):
        calls = self.desk.vendor_api.calls[self.before :]
        self.asked += [call.record_id for call in calls if call.operation == "messages.list"]


def test_a_thread_that_was_read_before_the_kill_is_not_asked_for_again(tmp_path):
    with local(6) as desk:
        for done in range(1, 6):
            folder = tmp_path / str(done)
            stop = threading.Event()
            threads = []

            def progress(phase, number, _total, done=done, stop=stop):
                if phase == "threads" and number == done:
                    stop.set()

            with pytest.raises(Interrupted), counting(desk, threads):
                read(desk, folder, workers=1, stop=stop, progress=progress)
            again = []
            with counting(desk, again):
                assert read(desk, folder, workers=1).complete
            assert len(threads) == done
            assert sorted(threads + again) == sorted(wire(desk)["tickets"])


@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_only_the_tickets_that_changed_are_read_again(vendor, tmp_path):
    with served(vendor, 8) as source:
        desk = source.desk
        lists = read(desk, tmp_path / "a") and read(desk, tmp_path / "a").calls
        changed = next(one for one in desk.tickets.list(order="-created") if not one.spam)
        desk.messages.note(changed.id, "Looked at it again.")
        again = read(desk, tmp_path / "a")
        assert lists < again.calls <= lists + 2
        assert contents(tmp_path / "a") == wire(desk)
        assert contents(tmp_path / "a")["messages"][changed.id][-1].body.text.strip() == "Looked at it again."


def test_what_changed_is_told_as_events_and_what_is_gone_as_tombstones(tmp_path):
    with local(4) as desk:
        read(desk, tmp_path / "a")
        tickets = desk.tickets.list(include={"spam", "deleted", "merged"}).all()
        new = desk.tickets.create(TicketDraft(subject="New", description="Hello", requester="new@example.com"))
        desk.messages.note(tickets[0].id, "A note.")
        desk.removal.ticket(tickets[1].id)
        run = read(desk, tmp_path / "a")
        with opened(desk, tmp_path / "a") as archive:
            told = {(event.kind, event.id) for event in archive.events(run.number)}
            assert {
                ("ticket.created", new.id),
                ("ticket.updated", tickets[0].id),
                ("ticket.removed", tickets[1].id),
            } <= told
            notes = [event.ticket_id for event in archive.events(run.number) if event.kind == "message.created"]
            assert sorted(notes) == sorted([new.id, tickets[0].id])
            (gone,) = archive.tombstones()
            assert (gone.kind, gone.id, gone.ref, gone.reason) == ("ticket", tickets[1].id, tickets[1].ref, "deleted")
        assert contents(tmp_path / "a") == wire(desk)


def test_changes_since_the_last_reading_leave_what_is_gone_to_a_whole_one(tmp_path):
    with local(4) as desk:
        read(desk, tmp_path / "a")
        tickets = desk.tickets.list(include={"spam", "deleted", "merged"}).all()
        desk.messages.note(tickets[0].id, "A note.")
        desk.removal.ticket(tickets[1].id)
        assert read(desk, tmp_path / "a", since="last").mode == "changes"
        held = contents(tmp_path / "a")
        assert held["messages"][tickets[0].id] == wire(desk)["messages"][tickets[0].id]
        assert tickets[1].id in held["tickets"]
        read(desk, tmp_path / "a")
        assert contents(tmp_path / "a") == wire(desk)


def test_the_first_reading_since_the_last_is_a_whole_one(tmp_path):
    with local(2) as desk:
        assert read(desk, tmp_path / "a", since="last").mode == "all"


def test_a_ticket_that_changed_while_the_list_was_read_is_not_behind_the_watermark(tmp_path):
    with local(3) as desk:
        first = desk.tickets.list().first()

        def progress(phase, _done, _total):
            if phase == "tickets":
                desk.messages.note(first.id, "In between.")

        assert read(desk, tmp_path / "a", progress=progress).complete
        read(desk, tmp_path / "a", since="last")
        assert contents(tmp_path / "a")["tickets"][first.id] == wire(desk)["tickets"][first.id]


def test_a_scope_takes_its_tickets_and_the_contacts_that_they_name(tmp_path):
    with local(12) as desk:
        scope = Scope(TicketQuery(statuses="open"))
        assert read(desk, tmp_path / "a", scope).complete
        held, wanted = contents(tmp_path / "a"), desk.tickets.list(statuses="open", include=scope.query.include).all()
        assert set(held["tickets"]) == {ticket.id for ticket in wanted}
        assert set(held["contacts"]) == {ticket.requester.id for ticket in wanted if ticket.requester}
        left = next(one for one in wanted if not (one.spam or one.deleted or one.merged_into))
        desk.tickets.update(left.id, status="closed")
        read(desk, tmp_path / "a", scope)
        with opened(desk, tmp_path / "a", scope) as archive:
            assert ("ticket", left.id, "left scope") in {(one.kind, one.id, one.reason) for one in archive.tombstones()}


def test_a_limit_takes_the_newest(tmp_path):
    with local(9) as desk:
        scope = Scope(TicketQuery(limit=3))
        read(desk, tmp_path / "a", scope)
        newest = desk.tickets.list(include=scope.query.include, order="-created", limit=3).all()
        assert set(contents(tmp_path / "a")["tickets"]) == {one.id for one in newest}


def broken(desk, operation, error, *, times=1):
    """Let a facet of a desk fail for some calls."""
    facet = getattr(desk, operation[0])
    left = [times]

    class Facet:
        def __getattr__(self, name):
            return getattr(facet, name)

        def list(self, *arguments, **options):
            if left[0]:
                left[0] -= 1
                raise error
            return facet.list(*arguments, **options)

    class Broken:
        def __getattr__(self, name):
            return Facet() if name == operation[0] else getattr(desk, name)

    return Broken()


def test_a_thread_that_cannot_be_read_is_named_and_read_by_the_next_run(tmp_path):
    with local(3) as desk:
        first = read(broken(desk, ("messages", "list"), BadResponse("no JSON")), tmp_path / "a", workers=1)
        assert (first.complete, first.problems) == (False, ("threads: 1 could not be read whole",))
        assert first.finished_at is not None
        assert read(desk, tmp_path / "a").complete
        assert contents(tmp_path / "a") == wire(desk)


def test_a_ticket_that_is_removed_between_list_and_thread_leaves_a_tombstone(tmp_path):
    with local(3) as desk:
        assert read(broken(desk, ("messages", "list"), NotFound("gone")), tmp_path / "a", workers=1).complete
        with opened(desk, tmp_path / "a") as archive:
            assert len(archive.tombstones()) == 1


def test_an_outage_ends_the_run_and_the_next_continues(tmp_path):
    with local(4) as desk:
        with pytest.raises(Unavailable):
            read(broken(desk, ("messages", "list"), Unavailable("away")), tmp_path / "a", workers=1)
        assert read(desk, tmp_path / "a").number == 1
        assert contents(tmp_path / "a") == wire(desk)


def test_a_list_that_a_proxy_answers_with_nothing_buries_nobody(tmp_path):
    with local(4) as desk:
        read(desk, tmp_path / "a")

        class Empty:
            def __getattr__(self, name):
                return Tickets() if name == "tickets" else getattr(desk, name)

        class Tickets:
            def __getattr__(self, name):
                return getattr(desk.tickets, name)

            def list(self, query, **_):
                return (
                    desk.tickets.list(query, created=None, updated=None)
                    if query is None
                    else desk.tickets.list(TicketQuery(requester="nobody@example.com"))
                )

        run = read(Empty(), tmp_path / "a")
        assert run.problems == ("tickets: the list left one out that is still there",) * 4
        assert run.watermark is None
        assert contents(tmp_path / "a") == wire(desk)


def test_a_changed_name_makes_the_tickets_that_show_it_new(tmp_path):
    with local(6) as desk:
        read(desk, tmp_path / "a")
        with opened(desk, tmp_path / "a") as archive:
            before = archive.months()
        ticket = next(one for one in desk.tickets.list() if one.requester and one.requester.id)
        desk.contacts.update(ticket.requester.id, name="Another Name")
        read(desk, tmp_path / "a")
        with opened(desk, tmp_path / "a") as archive:
            changed = {month for month, state in archive.months().items() if before[month] != state}
            assert ticket.created_at.strftime("%Y-%m") in changed


def test_files_are_kept_by_content_and_fetched_once(tmp_path):
    with served("deskie", 20) as source:
        first = read(source.desk, tmp_path / "a", files=True)
        assert first.complete
        with opened(source.desk, tmp_path / "a") as archive:
            files = [file for one in archive.ticket_ids() for file in archive.files(one)]
            assert files
            for file in files:
                assert archive.blobs.has(file.sha)
                assert archive.blobs.path(file.sha).stat().st_size == file.size
                assert archive.blobs.path(file.sha).stat().st_mode & 0o777 == 0o600
        assert read(source.desk, tmp_path / "a", files=True).calls == LISTS


def test_files_of_an_archive_that_was_read_without_them_are_fetched_by_their_refs(tmp_path):
    with served("deskie", 20) as source:
        read(source.desk, tmp_path / "a")
        assert read(source.desk, tmp_path / "a", files=True).complete
        with opened(source.desk, tmp_path / "a") as archive:
            files = [file for one in archive.ticket_ids() for file in archive.files(one)]
            assert files
            assert all(file.sha for file in files)


def test_again_reads_every_thread_anew(tmp_path):
    with local(3) as desk:
        read(desk, tmp_path / "a")
        asked = []
        with counting(desk, asked):
            assert read(desk, tmp_path / "a", again=True).mode == "again"
        assert len(asked) == 3


def test_raw_documents_are_kept_where_the_desk_keeps_them(tmp_path):
    with served("deskie", 3) as source:
        with open_desk({**source.settings, "keep_raw": True}, name="deskie") as desk:
            read(desk, tmp_path / "a")
            with opened(desk, tmp_path / "a") as archive:
                rows = archive.file.rows("SELECT raw FROM tickets UNION ALL SELECT raw FROM messages")
                assert rows
                assert all(raw and raw.startswith("{") for (raw,) in rows)


def test_a_folder_that_holds_something_else_is_left_as_it_is(tmp_path):
    with local(1) as desk, local(1) as other:
        (tmp_path / "file").write_text("mine")
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "thesis.txt").write_text("mine")
        (tmp_path / "foreign").mkdir()
        (tmp_path / "foreign" / "archive.db").write_bytes(b"not a database, and long enough to be looked at" * 9)
        for name in ("file", "full"):
            with pytest.raises(WrongFolder, match="file"):
                read(desk, tmp_path / name)
        with pytest.raises(Exception, match="damaged"):
            read(desk, tmp_path / "foreign")
        read(desk, tmp_path / "a")
        with pytest.raises(WrongFolder, match=r"holds the records of Local desk \w+, not of"):
            read(other, tmp_path / "a")
        with pytest.raises(WrongFolder, match="other tickets chosen"):
            read(desk, tmp_path / "a", Scope(TicketQuery(tags="vip")))
        (tmp_path / "link").symlink_to(tmp_path / "a")
        with pytest.raises(WrongFolder, match="is a link"):
            read(desk, tmp_path / "link")


def test_two_processes_do_not_fill_one_archive(tmp_path):
    with local(1) as desk, opened(desk, tmp_path / "a"):
        with pytest.raises(FolderInUse, match="another process works in"):
            read(desk, tmp_path / "a")


def test_an_archive_is_its_owners_alone(tmp_path):
    with local(1) as desk:
        read(desk, tmp_path / "deep" / "a")
        for path in (tmp_path / "deep").rglob("*"):
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_newer_archive_is_refused(tmp_path):
    with local(1) as desk:
        with opened(desk, tmp_path / "a") as archive:
            archive.file.connection.execute("PRAGMA user_version = 99")
        with pytest.raises(WrongFolder, match="newer helpdesk-bridge"):
            read(desk, tmp_path / "a")


def test_pages_of_a_long_list_are_resumed_at_the_page(tmp_path):
    with served("deskie", generate(130)) as source:
        stop = threading.Event()

        def progress(phase, done, _total):
            if phase == "tickets" and done:
                stop.set()

        with pytest.raises(Interrupted), opened(source.desk, tmp_path / "a") as archive:
            Reading(desk=source.desk, archive=archive, scope=Scope(), stop=stop, progress=progress).run()
        with opened(source.desk, tmp_path / "a") as archive:
            (run,) = archive.runs()
            state = archive.listing("tickets", run)
            assert (state.done, bool(state.cursor), state.told) == (False, True, 130)
            stats = source.desk.transport.stats.calls
            stop = threading.Event()

            def stop_at_threads(phase, _done, _total):
                if phase == "threads":
                    stop.set()

            with pytest.raises(Interrupted):
                Reading(
                    desk=source.desk, archive=archive, scope=Scope(), stop=stop, progress=stop_at_threads, workers=1
                ).run()
            # The second page and one thread: neither the contacts nor the first page are read again.
            assert source.desk.transport.stats.calls - stats == 2
            assert len(archive.ticket_ids()) == 130
            assert origin_of(source.desk) == archive.origin


def test_messages_are_kept_in_the_order_of_the_desk(tmp_path):
    with local(1) as desk:
        ticket = desk.tickets.list(include={"spam", "deleted", "merged"}).first()
        for number in range(12):
            desk.messages.note(ticket.id, MessageDraft(body=f"Note {number}"))
        read(desk, tmp_path / "a")
        texts = [message.body.text for message in contents(tmp_path / "a")["messages"][ticket.id]]
        assert texts[-12:] == [f"Note {number}" for number in range(12)]


def test_agents_that_only_threads_tell_are_those_of_threads_that_an_earlier_process_read_too(tmp_path):
    with served("desk365", 12) as source:
        read(source.desk, tmp_path / "whole")
        for folder, most in (("a", 3), ("a", 6), ("a", 99)):
            with served_again(source) as desk:
                stop = threading.Event()

                def progress(phase, done, _total, stop=stop, most=most):
                    if phase == "threads" and done == most:
                        stop.set()

                try:
                    read(desk, tmp_path / folder, workers=1, stop=stop, progress=progress)
                except Interrupted:
                    assert most < 99
        whole = contents(tmp_path / "whole")["agents"]
        assert contents(tmp_path / "a")["agents"] == whole
        assert all(one.name for one in whole.values())


@contextmanager
def served_again(source):
    """Another process' desk at the same simulator: it has seen nothing yet."""
    with open_desk(source.settings, name=source.desk.name) as desk:
        yield desk
