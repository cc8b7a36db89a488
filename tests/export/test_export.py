"""Exports: complete, resumable at each file, brought up to date, and refused where they would destroy something."""

import errno
import json
import sqlite3
import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from unittest import mock

import pandas as pd
import pytest
from archive.readings import Killed, local
from export.exports import checked, export, lines, parquet, said
from migration.simulators import served

from helpdesk_bridge import Invalid, Message, MessageDraft, Ticket, TicketDraft
from helpdesk_bridge.archive import FolderInUse, Interrupted, Scope, WrongFolder
from helpdesk_bridge.export import TABLES
from helpdesk_bridge.export import export as exporting
from helpdesk_bridge.export import target as targets
from helpdesk_bridge.export.formats.csv_files import LONGEST
from helpdesk_bridge.export.tables import _PARTS
from helpdesk_bridge.model.fields import RECORDS, Kind
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.running import start_simulator

ALL = {"spam", "deleted", "merged", "custom_fields", "rating"}


def asked(desk):
    """What a desk says of its tickets and threads when it is asked directly."""
    tickets = desk.tickets.list(include=ALL).all()
    return tickets, {ticket.id: desk.messages.list(ticket.id).all() for ticket in tickets}


@pytest.mark.parametrize("vendor", ["local", "deskie", "desk365"])
def test_duckdb_reads_what_the_desk_says(vendor, tmp_path):
    with served(vendor, 12) as source:
        assert export(source.desk, tmp_path / "out").complete
        tickets, threads = asked(source.desk)
    checked(tmp_path / "out")
    shown = parquet(
        tmp_path / "out",
        "tickets",
        "id, subject, status, requester_email, assignee_email, group_name, created_at, tags, ticket_month",
    )
    assert sorted(shown) == sorted(
        (
            one.id, one.subject, one.status.value, one.requester.email if one.requester else None,
            one.assignee.email if one.assignee else None, one.group.name if one.group else None, one.created_at,
            list(one.tags), one.created_at.strftime("%Y-%m"),
        )
        for one in tickets
    )  # fmt: skip
    messages = parquet(
        tmp_path / "out",
        "messages",
        "ticket_id, id, visibility, author_kind, author_email, body_text, body_html, created_at",
    )
    assert sorted(messages, key=str) == sorted(
        (
            (
                one.ticket_id, one.id, one.visibility.value, one.author.kind.value, one.author.email, one.body.text,
                one.body.html, one.created_at,
            )
            for thread in threads.values() for one in thread
        ),
        key=str,
    )  # fmt: skip
    opened = dict(parquet(tmp_path / "out", "tickets", "id, description_text"))
    assert opened == {one: thread[0].body.text for one, thread in threads.items()}
    assert {one for (one,) in parquet(tmp_path / "out", "tickets", "message_count")} == {
        len(one) for one in threads.values()
    }


def test_desk360_is_read_from_its_inbox_without_a_call(tmp_path):
    phones = ("+905551112233", "+4930123456")
    with ExitStack() as stack:
        running = start_simulator("desk360", stack, ManualClock(), inbox=":memory:", check_window=False)
        desk = running.desk
        for phone in phones:
            desk.messages.note(desk.tickets.create(requester=phone, subject="-", description=f"Call {phone}"), "A note")
        asked = len(running.simulator.requests)
        for _ in range(2):
            assert export(desk, tmp_path / "out").complete
            assert export(desk, tmp_path / "shared", pseudonymise=True).complete
        assert len(running.simulator.requests) == asked
        tickets = desk.tickets.list().all()
    assert sorted(parquet(tmp_path / "out", "tickets", "id, message_count")) == sorted((one.id, 2) for one in tickets)
    # An id is a customer's phone there.
    content = said(tmp_path / "shared")
    assert not [phone for phone in phones if phone[1:].encode() in content]
    assert len(parquet(tmp_path / "shared", "messages", "DISTINCT ticket_id")) == 2


def test_json_lines_read_back_as_the_records(tmp_path):
    with local(8) as desk:
        export(desk, tmp_path / "out", format="jsonl")
        tickets, threads = asked(desk)
        read = {one["id"]: Ticket.from_dict(one) for one in lines(tmp_path / "out", "tickets")}
        assert {one.id: one.custom_fields for one in tickets} == {
            one: ticket.custom_fields for one, ticket in read.items()
        }
        assert all(read[one.id] == desk.tickets.get(one.id) for one in tickets)
        messages = [Message.from_dict(one) for one in lines(tmp_path / "out", "messages")]
        assert sorted((one for thread in threads.values() for one in thread), key=lambda one: int(one.id)) == sorted(
            messages, key=lambda one: int(one.id)
        )


def test_sqlite_has_every_table_in_one_file(tmp_path):
    with local(6) as desk:
        manifest = export(desk, tmp_path / "out", format="sqlite")
        tickets, threads = asked(desk)
    database = sqlite3.connect(tmp_path / "out" / "helpdesk.sqlite")
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert tables == set(TABLES)
    sql = "SELECT tickets.id, count(*) FROM tickets JOIN messages ON ticket_id = tickets.id GROUP BY 1"
    assert dict(database.execute(sql)) == {one: len(thread) for one, thread in threads.items()}
    ((oldest,),) = database.execute("SELECT min(datetime(created_at)) FROM tickets")
    assert oldest == min(one.created_at for one in tickets).strftime("%Y-%m-%d %H:%M:%S")
    assert [part.path for part in manifest.files] == ["helpdesk.sqlite"]
    database.close()


def test_a_spreadsheet_opens_csv_and_runs_nothing(tmp_path):
    with local(1) as desk:
        ticket = desk.tickets.create(
            TicketDraft(
                subject='=HYPERLINK("http://evil.example";"click")',
                description="Grüße " * 9000,
                requester="a@example.com",
            )
        )
        desk.messages.note(ticket.id, "@SUM(1+1)|cmd")
        export(desk, tmp_path / "out", format="csv")
    assert (tmp_path / "out" / "tickets.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    frame = pd.read_csv(tmp_path / "out" / "tickets.csv", dtype=str).set_index("id").loc[ticket.id]
    assert frame["subject"] == '\'=HYPERLINK("http://evil.example";"click")'
    assert len(frame["description_text"]) == LONGEST
    assert frame["description_text"].endswith(" […]")
    messages = pd.read_csv(tmp_path / "out" / "messages.csv", dtype=str)
    assert "'@SUM(1+1)|cmd" in set(messages["body_text"].str.strip())
    starts = tuple("=+-@\t\r")
    for path in (tmp_path / "out").glob("*.csv"):
        cells = pd.read_csv(path, dtype=str, keep_default_na=False).to_numpy().ravel()
        assert not [one for one in cells if one.startswith(starts) and not set(one) <= set("+-0123456789 ().,/")], path


def test_pandas_reads_parquet_and_json_lines(tmp_path):
    with local(6) as desk:
        export(desk, tmp_path / "parquet", archive=tmp_path / "a")
        export(desk, tmp_path / "lines", archive=tmp_path / "a", format="jsonl")
        tickets, _ = asked(desk)
    frame = pd.read_parquet(tmp_path / "parquet" / "tickets")
    assert set(frame["id"]) == {one.id for one in tickets}
    assert set(frame["ticket_month"].astype(str)) == {one.created_at.strftime("%Y-%m") for one in tickets}
    assert str(frame["created_at"].dtype) == "datetime64[us, UTC]"
    month = next((tmp_path / "lines" / "tickets").glob("*/*.jsonl"))
    assert set(pd.read_json(month, lines=True, dtype=False)["id"].astype(str)) <= {one.id for one in tickets}


def test_every_kind_of_field_has_its_columns():
    assert set(_PARTS) == set(Kind)
    for name, fields in RECORDS.items():
        columns = {column.name for column in TABLES[f"{name}s"].columns}
        for field in fields.values():
            assert field.name == "raw" or any(one == field.name or one.startswith(f"{field.name}_") for one in columns)


def test_a_second_export_writes_only_the_months_that_changed(tmp_path):
    with local(20) as desk:
        before = {part.path: part for part in export(desk, tmp_path / "out").files}
        times = {path: (tmp_path / "out" / path).stat().st_mtime_ns for path in before}
        again = export(desk, tmp_path / "out")
        assert {part.path: part for part in again.files} == before
        assert {path: (tmp_path / "out" / path).stat().st_mtime_ns for path in before} == times
        ticket = desk.tickets.list().first()
        desk.tickets.update(ticket.id, subject="Another subject")
        after = {part.path: part for part in export(desk, tmp_path / "out").files}
        month = ticket.created_at.strftime("%Y-%m")
        changed = {path for path in after if before.get(path) != after[path]}
        assert {path for path in changed if month in path} == {
            f"{table}/ticket_month={month}/{table}.parquet" for table in ("tickets", "messages", "files")
        }
        # What is not of that month: the events of this run, and the state of the tombstones' file is as it was.
        assert {path for path in changed if month not in path} == {"events/events-000003.parquet"}
        checked(tmp_path / "out")


def test_an_export_killed_at_each_file_and_run_again_is_whole(tmp_path):
    with local(8) as desk:
        export(desk, tmp_path / "whole", archive=tmp_path / "a", format="jsonl")
        files = len(checked(tmp_path / "whole")["files"])
        kept = targets.Target._kept
        for number in range(1, files + 1, 6):
            seen = []

            def dying(self, *arguments, number=number, seen=seen):
                seen.append(None)
                if len(seen) == number:
                    raise Killed
                return kept(self, *arguments)

            to = tmp_path / f"out{number}"
            with mock.patch.object(targets.Target, "_kept", dying), pytest.raises(Killed):
                export(desk, to, archive=tmp_path / "a", format="jsonl")
            assert json.loads((to / "manifest.json").read_text())["complete"] is False
            assert export(desk, to, archive=tmp_path / "a", format="jsonl").complete
            checked(to)
            for table in ("tickets", "messages", "contacts"):
                assert lines(to, table) == lines(tmp_path / "whole", table)


def test_an_export_that_was_killed_while_it_wrote_asks_the_desk_for_nothing_again(tmp_path):
    with served("deskie", 6) as source:
        with mock.patch.object(targets.Target, "_kept", side_effect=Killed), pytest.raises(Killed):
            export(source.desk, tmp_path / "out")
        asked = len(source.simulator.requests)
        assert export(source.desk, tmp_path / "out").complete
        assert len(source.simulator.requests) == asked
        export(source.desk, tmp_path / "out")
        assert len(source.simulator.requests) > asked
        checked(tmp_path / "out")


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    with local(2) as desk:
        export(desk, tmp_path / "out")
        (tmp_path / "out" / "tickets" / ".partial-tickets.parquet").write_bytes(b"half")
        (tmp_path / "out" / ".manifest.json.k3x9").write_bytes(b"half")
        export(desk, tmp_path / "out")
        checked(tmp_path / "out")


@pytest.mark.parametrize("format", ["parquet", "jsonl", "sqlite", "csv"])
def test_a_full_disk_is_told_and_the_next_run_continues(format, tmp_path):
    with local(4) as desk:
        full = OSError(errno.ENOSPC, "No space left on device")
        with mock.patch.object(targets.os, "fsync", side_effect=full), pytest.raises(Interrupted, match="disk is full"):
            export(desk, tmp_path / "out", format=format)
        assert export(desk, tmp_path / "out", format=format).complete
        checked(tmp_path / "out")


def test_tombstones_take_the_place_of_what_is_gone(tmp_path):
    with local(6) as desk:
        export(desk, tmp_path / "out")
        gone = desk.tickets.list(include=ALL).first()
        desk.removal.ticket(gone.id)
        export(desk, tmp_path / "out")
        assert parquet(tmp_path / "out", "tombstones", "kind, id, ref, reason") == [
            ("ticket", gone.id, gone.ref, "deleted")
        ]
        assert gone.id not in {one for (one,) in parquet(tmp_path / "out", "tickets", "id")}
        assert gone.id not in {one for (one,) in parquet(tmp_path / "out", "messages", "ticket_id")}
        checked(tmp_path / "out")


def test_a_month_that_is_empty_now_has_no_file(tmp_path):
    with local(3) as desk:
        export(desk, tmp_path / "out")
        for one in desk.tickets.list(include=ALL).all():
            desk.removal.ticket(one.id)
        export(desk, tmp_path / "out")
        paths = [part["path"] for part in checked(tmp_path / "out")["files"] if part["path"].startswith("tickets/")]
        assert paths == ["tickets/ticket_month=__HIVE_DEFAULT_PARTITION__/tickets.parquet"]
        assert parquet(tmp_path / "out", "tickets", "count(*)") == [(0,)]


def test_notes_are_marked_as_internal(tmp_path):
    with local(1) as desk:
        ticket = desk.tickets.create(TicketDraft(subject="S", description="Hello", requester="a@example.com"))
        desk.messages.note(ticket.id, "Between us.")
        export(desk, tmp_path / "out")
        shown = dict(
            parquet(tmp_path / "out", "messages", "trim(body_text), visibility", f"WHERE ticket_id = '{ticket.id}'")
        )
        assert shown == {"Hello": "public", "Between us.": "internal"}


def test_a_conversation_is_a_line_a_ticket_without_notes_unless_they_are_asked_for(tmp_path):
    with local(1) as desk:
        ticket = desk.tickets.create(
            TicketDraft(subject="Where is it?", description="Hello", requester="a@example.com")
        )
        desk.messages.note(ticket.id, "Between us.")
        desk.messages.reply(ticket.id, "On its way.")
        export(desk, tmp_path / "out", format="jsonl", form="conversation", archive=tmp_path / "a")
        export(desk, tmp_path / "notes", format="jsonl", form="conversation", notes=True, archive=tmp_path / "a")
        (plain,) = (one for one in lines(tmp_path / "out", "conversations") if one["id"] == ticket.id)
        assert [(one["role"], one["content"].strip()) for one in plain["messages"]] == [
            ("user", "Hello"), ("assistant", "On its way."),
        ]  # fmt: skip
        assert plain["messages"][0]["at"] == desk.messages.list(ticket.id).first().created_at.isoformat()
        (noted,) = (one for one in lines(tmp_path / "notes", "conversations") if one["id"] == ticket.id)
        assert [one.get("internal", False) for one in noted["messages"]] == [False, True, False]
        assert b"Between us" not in b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*.jsonl"))


def test_files_stand_beside_the_rows_that_name_them(tmp_path):
    with served("deskie", 20) as source:
        manifest = export(source.desk, tmp_path / "out", files=True)
        rows = parquet(tmp_path / "out", "files", "path, sha256, size, problem")
        assert rows
        for path, sha, size, problem in rows:
            assert (tmp_path / "out" / path).stat().st_size == size
            assert path.endswith(sha)
            assert problem is None
        assert manifest.attachments == {"named": len(rows), "here": len(rows), "failed": 0}
        checked(tmp_path / "out")


def test_an_export_is_its_owners_alone(tmp_path):
    with served("deskie", 20) as source:
        export(source.desk, tmp_path / "deep" / "out", files=True)
    for path in (tmp_path / "deep").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_folder_of_anything_else_is_refused_and_left_as_it_is(tmp_path):
    with local(2) as desk, local(2) as other:
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "thesis.txt").write_text("mine")
        (tmp_path / "file").write_text("mine")
        (tmp_path / "odd").mkdir()
        (tmp_path / "odd" / "manifest.json").write_text('{"of": "something else"}')
        for name, words in (("full", "holds other files"), ("file", "is a file"), ("odd", "no manifest of an export")):
            with pytest.raises(WrongFolder, match=words):
                export(desk, tmp_path / name)
        export(desk, tmp_path / "out")
        before = checked(tmp_path / "out")
        for words, options in (
            ("another --format", {"format": "csv"}),
            ("another --form", {"format": "jsonl", "form": "conversation"}),
            ("other pseudonyms", {"pseudonymise": True}),
            ("other tickets chosen", {"scope": Scope(TicketQuery(tags="vip"))}),
            ("another choice of --files", {"files": True}),
        ):
            with pytest.raises(WrongFolder, match=words):
                export(desk, tmp_path / "out", **options)
        with pytest.raises(WrongFolder, match="holds an export of local"):
            export(other, tmp_path / "out")
        with pytest.raises(WrongFolder, match="neither holds the other"):
            export(desk, tmp_path / "new", archive=tmp_path / "new" / "archive")
        assert checked(tmp_path / "out") == before
        assert (tmp_path / "full" / "thesis.txt").read_text() == "mine"


def test_two_processes_do_not_write_into_one_folder(tmp_path):
    with local(2) as desk:
        export(desk, tmp_path / "out")
        kind = targets.read_manifest(tmp_path / "out").kind
        target = targets.Target(tmp_path / "out", kind)
        with pytest.raises(FolderInUse):
            export(desk, tmp_path / "out")
        target.release()
        assert export(desk, tmp_path / "out").complete


def test_another_schema_is_written_anew_without_a_call_for_a_thread(tmp_path):
    with served("deskie", 5) as source:
        first = export(source.desk, tmp_path / "out")
        with mock.patch.object(exporting, "schema_digest", return_value="0123456789abcdef"):
            second = export(source.desk, tmp_path / "out")
        assert (second.schema, second.spent["this_run"]["calls"]) == ("0123456789abcdef", 7)
        assert all(one.state != other.state for one, other in zip(first.files, second.files, strict=True))
        assert parquet(tmp_path / "out", "tickets", "count(*)") == [(5,)]


def test_what_cannot_be_read_is_in_the_manifest(tmp_path):
    from archive.test_reading import broken

    from helpdesk_bridge import BadResponse

    with local(3) as desk:
        desk_ = broken(desk, ("messages", "list"), BadResponse("no JSON"))
        manifest = export(desk_, tmp_path / "out", workers=1)
        assert (manifest.complete, manifest.problems) == (False, ("threads: 1 could not be read whole",))
        assert export(desk, tmp_path / "out").complete


def test_a_stop_while_files_are_written_keeps_what_is_there(tmp_path):
    with local(9) as desk:
        stop = threading.Event()

        def progress(phase, done, _total):
            if phase == "files written" and done == 2:
                stop.set()

        with pytest.raises(Interrupted, match="same command continues"):
            export(desk, tmp_path / "out", stop=stop, progress=progress)
        assert export(desk, tmp_path / "out").complete
        checked(tmp_path / "out")


def test_options_that_exclude_each_other_are_refused(tmp_path):
    with local(1) as desk:
        for options in (
            {"format": "xml"},
            {"form": "story"},
            {"form": "conversation"},
            {"notes": True},
            {"files": True, "pseudonymise": True},
            {"pseudonym_key": "env:KEY"},
        ):
            with pytest.raises(Invalid):
                export(desk, tmp_path / "out", **options)
        assert not (tmp_path / "out").exists()


def test_the_manifest_says_what_it_cost_and_from_where_the_next_run_begins(tmp_path):
    with served("desk365", 6) as source:
        manifest = export(source.desk, tmp_path / "out")
        assert manifest.spent["this_run"]["calls"] == source.desk.transport.stats.calls
        assert manifest.spent["this_run"]["units"] == source.desk.transport.stats.units
        assert datetime.fromisoformat(manifest.run["watermark"]) <= datetime.now(UTC)
        assert export(source.desk, tmp_path / "out", since="last").spent["this_run"]["calls"] <= 5


def test_a_custom_field_that_comes_later_changes_no_schema(tmp_path):
    with local(2) as desk:
        before = export(desk, tmp_path / "out").tables
        desk.tickets.create(
            TicketDraft(subject="S", description="D", requester="a@example.com", custom_fields={"Brand new": "yes"})
        )
        assert export(desk, tmp_path / "out").tables == before
        found = parquet(
            tmp_path / "out", "tickets", "custom_fields->>'Brand new'", "WHERE custom_fields->>'Brand new' IS NOT NULL"
        )
        assert found == [("yes",)]


def test_long_threads_come_whole_in_their_order(tmp_path):
    with local(1) as desk:
        ticket = desk.tickets.create(TicketDraft(subject="S", description="0", requester="a@example.com"))
        for number in range(1, 130):
            desk.messages.note(ticket.id, MessageDraft(body=str(number)))
        export(desk, tmp_path / "out")
        found = parquet(
            tmp_path / "out", "messages", "trim(body_text)", f"WHERE ticket_id = '{ticket.id}' ORDER BY sequence"
        )
        assert [int(one) for (one,) in found] == list(range(130))


def test_an_empty_desk_is_an_export_too(tmp_path):
    from helpdesk_bridge import open_desk

    with open_desk(vendor="local", path=":memory:") as desk:
        assert export(desk, tmp_path / "out").complete
    assert parquet(tmp_path / "out", "tickets", "count(*)") == [(0,)]
    assert parquet(tmp_path / "out", "contacts", "count(*)") == [(0,)]
