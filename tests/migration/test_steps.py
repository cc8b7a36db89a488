"""A write of several calls: each is in the journal, what is there is compared with what should be, the rest is done."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from attrs import evolve
from migration.faulty_desk import message, person, ticket
from migration.simulators import served

from helpdesk_bridge.datasets.dataset import Dataset, SeedFile
from helpdesk_bridge.migration import ExitCode, Migration, Options
from helpdesk_bridge.migration.journal.file import JournalFile
from helpdesk_bridge.migration.journal.states import Kind, State

YES = Options(yes=True, workers=1)
PICTURE = SeedFile("shot.png", "image/png", b"\x89PNG shot", inline=True, content_id="shot@1")
SHOWN = '<p>Look: <img src="cid:shot@1"></p>'
FILES = tuple(SeedFile(f"{n}.bin", "application/octet-stream", bytes([n]) * 9) for n in range(12))


def seen(author, minutes, text, **values):
    return evolve(message(author, minutes, text, **values), text="", html=SHOWN.replace("Look", text))


def parts():
    """A blocked customer; an opening, a reply and a note, each with an inline image and more files than one call takes."""
    people = (person("ann", "ann@client.example", blocked=True), person("eve", "eve@desk.example", role="agent"))
    files = (PICTURE, *FILES)
    thread = (
        seen("ann", 0, "It broke", files=files),
        seen("ann", 5, "Again", files=files),
        seen("eve", 7, "Odd", files=files, private=True, kind="note"),
        message("ann", 9, "Thanks"),
    )
    return Dataset(people=people, tickets=(ticket("t1", "ann", *thread, status="closed"),))


def opened(old, new, path, **options):
    return Migration(old.desk, new.desk, path, options=evolve(YES, **options))


def assert_clean(summary):
    assert [(one.record, one.id, one.field, one.expected, one.found) for one in summary.differences] == []
    assert summary.exit_code is ExitCode.OK, summary.counts


def assert_whole(new):
    """One ticket, one contact, each file once in its thread, no image without a picture."""
    (only,) = new.desk.tickets.list()
    thread = list(new.desk.messages.list(only.id))
    names = [file.filename for one in thread for file in one.attachments]
    assert sorted(names) == sorted([one.filename for one in (PICTURE, *FILES)] * 3)
    said = "".join(one.body.text for one in thread)
    assert [said.count(text) for text in ("It broke", "Again", "Odd", "Thanks")] == [1, 1, 1, 1]
    if new.desk.vendor == "deskie":
        for one in thread[:3]:
            assert [file.filename for file in one.attachments if file.inline] == ["shot.png"]
        (contact,) = new.desk.contacts.list(include={"blocked"})
        assert contact.blocked


@contextmanager
def pair(vendor):
    with served("local", parts()) as old, served(vendor, 0) as new:
        yield old, new


@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_every_step_is_done_without_a_fault(tmp_path, vendor):
    with pair(vendor) as (old, new):
        with opened(old, new, tmp_path / "journal") as migration:
            summary = migration.migrate()
        assert_clean(summary)
        assert_whole(new)


POINTS = [pytest.param(n, marks=() if n in (1, 2) else pytest.mark.slow) for n in range(9)]
KINDS = ["response_lost", *(pytest.param(one, marks=pytest.mark.slow) for one in ("server_error", "connection_reset"))]


@pytest.mark.parametrize("after", POINTS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_an_answer_that_is_lost_at_any_write_leaves_nothing_half_done(tmp_path, vendor, kind, after):
    on = "/api/*" if vendor == "deskie" else "/apis/v3/*"
    for method in ("POST", "PUT"):
        with pair(vendor) as (old, new):
            new.simulator.faults.inject(kind, on=f"{method} {on}", after=after, processed=True)
            with opened(old, new, tmp_path / f"journal-{method}") as migration:
                assert_clean(migration.migrate())
            assert_whole(new)


REFUSED = [
    ("deskie", "PUT /api/users/*", Kind.CONTACT, 1),
    ("deskie", "PUT /api/cases/*/messages/*", Kind.MESSAGE, 2),
    ("deskie", "PUT /api/cases/*/note/*", Kind.MESSAGE, 1),
    ("desk365", "POST /apis/v3/tickets/add_note_with_attachment", Kind.MESSAGE, 3),
]


@pytest.mark.parametrize(("vendor", "on", "kind", "times"), REFUSED)
def test_a_refused_further_call_is_told_and_not_written_a_second_time(tmp_path, vendor, on, kind, times):
    with pair(vendor) as (old, new):
        fault = new.simulator.faults.inject("server_error", on=on, times=None, status=400)
        with opened(old, new, tmp_path / "journal") as migration:
            summary = migration.migrate()
            failed = migration.journal.by_state(kind, State.FAILED)
            assert summary.exit_code is ExitCode.INCOMPLETE
            assert len(failed) == times
        assert len(list(new.desk.tickets.list())) == 1
        fault.remove()
        with opened(old, new, tmp_path / "journal") as migration:
            summary = migration.migrate()
        # What a vendor stamps itself stands where it was written: behind what was not refused.
        moved = [] if vendor == "deskie" else ["order"]
        assert [one.field for one in summary.differences] == moved
        assert summary.exit_code is (ExitCode.INCOMPLETE if moved else ExitCode.OK)
        assert not any(counted.failed or counted.pending for counted in summary.counts.values())
        assert_whole(new)


class Kill(BaseException):
    """The process died here."""


KILLS = [
    pytest.param(n, marks=() if n in (14, 17) else pytest.mark.slow if n % 3 == 0 else pytest.mark.exhaustive)
    for n in range(8, 40)
]


@pytest.mark.parametrize("number", KILLS)
@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_a_kill_at_any_transaction_leaves_nothing_half_done(tmp_path, monkeypatch, vendor, number):
    real, count = JournalFile.transaction, []

    @contextmanager
    def dying(self):
        count.append(1)
        if len(count) == number:
            raise Kill
        with real(self) as connection:
            yield connection

    with pair(vendor) as (old, new):
        monkeypatch.setattr(JournalFile, "transaction", dying)
        try:
            with opened(old, new, tmp_path / "journal") as migration:
                migration.run()
        except Kill:
            pass
        monkeypatch.setattr(JournalFile, "transaction", real)
        with opened(old, new, tmp_path / "journal") as migration:
            summary = migration.migrate()
        assert_clean(summary)
        assert_whole(new)
