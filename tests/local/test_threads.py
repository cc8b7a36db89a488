"""One desk shared by many threads, and several desks on one file."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpdesk_bridge import MessageDraft, TicketChange, TicketDraft, TicketQuery, Upload, open_desk
from helpdesk_bridge.errors import Conflict, Unavailable
from helpdesk_bridge.model.drafts import ContactDraft
from helpdesk_bridge.model.values import Add
from helpdesk_bridge.store import file
from helpdesk_bridge.store.store import LocalStore


def _draft(number, **over):
    return TicketDraft(subject=f"t{number}", description="x", requester=f"p{number % 5}@example.com", **over)


def _together(workers, work):
    start = threading.Barrier(workers)

    def run(number):
        start.wait()
        return work(number)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, range(workers)))


@pytest.mark.parametrize("workers", [8, pytest.param(16, marks=pytest.mark.slow)])
def test_every_write_of_every_thread_is_kept(desk, workers):
    shared = desk.tickets.create(_draft(0))

    def work(worker):
        made = []
        for number in range(10):
            ticket = desk.tickets.create(
                _draft(number, tags=[f"w{worker}"], attachments=[Upload.from_bytes("f", f"{number}".encode())])
            )
            desk.messages.reply(ticket.id, MessageDraft(body="a"))
            desk.messages.note(shared.id, MessageDraft(body=f"{worker}-{number}"))
            desk.tickets.update(shared.id, TicketChange(tags=Add(f"{worker}-{number}")))
            assert desk.tickets.list(TicketQuery(tags=f"w{worker}")).page(size=1000).items
            made.append(ticket.id)
        return made

    made = [one for ids in _together(workers, work) for one in ids]
    assert len(set(made)) == workers * 10
    assert sorted(made) == sorted(ticket.id for ticket in desk.tickets.list() if ticket.id != shared.id)
    got = desk.tickets.get(shared.id)
    assert len(got.tags) == workers * 10
    assert got.message_count == workers * 10 + 1 == len(list(desk.messages.list(shared.id)))
    assert len(desk.vendor_api.outbox) == workers * 10
    assert desk.vendor_api.counts()["contacts"] == 5
    assert desk.vendor_api.problems() == ()


def test_one_email_becomes_one_contact_whoever_is_first(desk):
    def work(_):
        try:
            return desk.contacts.create(ContactDraft(emails=["same@example.com"])).id
        except Conflict:
            return None

    assert len([one for one in _together(12, work) if one]) == 1
    assert desk.vendor_api.counts()["contacts"] == 1


def test_one_key_becomes_one_ticket_whoever_is_first(desk):
    made = _together(12, lambda number: desk.tickets.create(_draft(number), idempotency_key="k").id)
    assert len(set(made)) == 1
    assert desk.vendor_api.counts()["tickets"] == 1


def test_random_schedules_leave_a_sound_desk(desk):
    for schedule in range(5):

        def work(worker, schedule=schedule):
            choice = random.Random(worker * 1000 + schedule)
            for number in range(8):
                made = desk.tickets.create(_draft(number))
                if choice.random() < 0.4:
                    desk.removal.ticket(made.id)
                elif choice.random() < 0.5:
                    desk.messages.note(made.id, MessageDraft(body="n"))
                list(desk.tickets.list(TicketQuery(limit=5, order="-updated")))

        _together(8, work)
    counts = desk.vendor_api.counts()
    tickets = list(desk.tickets.list())
    assert counts["tickets"] == len(tickets)
    assert counts["messages"] == sum(ticket.message_count for ticket in tickets)
    assert desk.vendor_api.problems() == ()


def test_two_desks_of_one_file_see_each_other(tmp_path):
    table = {"vendor": "local", "path": str(tmp_path / "desk.db")}
    with open_desk(table) as one, open_desk(table) as other:
        _together(8, lambda number: (one if number % 2 else other).tickets.create(_draft(number)))
        assert one.account == other.account
        assert len(list(one.tickets.list())) == len(list(other.tickets.list())) == 8


def test_many_first_uses_at_once_make_one_account(tmp_path, clock):
    path = tmp_path / "desk.db"
    stores = [LocalStore(path, clock) for _ in range(8)]
    assert len(set(_together(8, lambda number: stores[number].account))) == 1
    for store in stores:
        store.close()


def test_a_held_write_lock_is_waited_for_and_then_told(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(file, "BUSY_SECONDS", 0.05)
    path = tmp_path / "desk.db"
    with open_desk({"vendor": "local", "path": str(path)}, clock=clock) as desk:
        desk.tickets.create(_draft(0))
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as told:
            desk.tickets.create(_draft(1))
        assert told.value.temporary
        assert "locked" not in str(told.value)
        assert len(list(desk.tickets.list())) == 1
        holder.execute("ROLLBACK")
        holder.close()
        assert desk.tickets.create(_draft(1)).id == "2"


def test_a_full_disk_keeps_what_was_there(tmp_path, clock):
    with open_desk({"vendor": "local", "path": str(tmp_path / "desk.db")}, clock=clock) as desk:
        desk.tickets.create(_draft(0))
        database = desk._adapter._store.database
        with database.read() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
        database._session().connection.execute(f"PRAGMA max_page_count = {pages + 20}")
        with pytest.raises(Unavailable, match="full"):
            desk.tickets.create(_draft(1, attachments=[Upload.from_bytes("big", os.urandom(2_000_000))]))
        assert [ticket.id for ticket in desk.tickets.list()] == ["1"]
        assert desk.vendor_api.problems() == ()
        database._session().connection.execute("PRAGMA max_page_count = 1000000")
        assert desk.tickets.create(_draft(1)).subject == "t1"


def test_a_damaged_file_is_told(tmp_path, clock):
    path = tmp_path / "desk.db"
    with open_desk({"vendor": "local", "path": str(path)}, clock=clock) as desk:
        for number in range(60):
            desk.tickets.create(_draft(number))
    content = bytearray(path.read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    path.write_bytes(content)
    with open_desk({"vendor": "local", "path": str(path)}, clock=clock) as desk:
        (finding,) = desk.check()
        assert finding.severity.value == "problem"
        assert "damaged" in finding.detail


def test_a_write_that_fails_half_way_leaves_nothing(store):
    def fails():
        with store.transaction():
            store.lists.groups.add({"name": "Sales"})
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fails()
    assert store.lists.groups.list() == ()
    with store.transaction():
        with pytest.raises(RuntimeError, match="stop"):
            fails()
        store.lists.groups.add({"name": "Support"})
    assert [group.name for group in store.lists.groups.list()] == ["Support"]


def test_a_write_within_a_read_is_a_mistake_of_the_program(store):
    with pytest.raises(RuntimeError, match="within a read"), store.database.read(), store.transaction():
        pass
    with store.transaction():
        assert store.counts()["tickets"] == 0


def test_connections_of_threads_that_ended_are_closed(tmp_path, clock):
    store = LocalStore(tmp_path / "desk.db", clock)
    for _ in range(30):
        thread = threading.Thread(target=store.counts)
        thread.start()
        thread.join()
    assert len(store.database._sessions) <= 1
    store.close()


def test_asyncio_to_thread_works(desk):
    async def main():
        made = await asyncio.gather(*(asyncio.to_thread(desk.tickets.create, _draft(number)) for number in range(20)))
        return {ticket.id for ticket in made}

    assert len(asyncio.run(main())) == 20


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_after_a_fork_the_child_opens_its_own_connection(desk, path):
    desk.tickets.create(_draft(0))
    child = os.fork()
    if child == 0:
        try:
            desk.tickets.create(_draft(1))
            os._exit(0 if len(list(desk.tickets.list())) == 2 else 1)
        except BaseException:  # noqa: BLE001 - a child of pytest must never return into it
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    # a file is shared with the child, memory was copied for it
    assert len(list(desk.tickets.list())) == (1 if path == ":memory:" else 2)
    assert desk.vendor_api.problems() == ()
