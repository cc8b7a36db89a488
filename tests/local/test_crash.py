"""A process that is killed while it writes loses nothing that it was told is kept, and leaves a sound file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from helpdesk_bridge import open_desk

WRITER = """
import sys
from helpdesk_bridge import MessageDraft, TicketChange, TicketDraft, Upload, open_desk
desk = open_desk({"vendor": "local", "path": sys.argv[1]})
for number in range(100_000):
    files = [Upload.from_bytes("f.bin", bytes([number % 256]) * 300_000)]
    ticket = desk.tickets.create(
        TicketDraft(subject=f"t{number}", description="x", requester=f"p{number}@example.com", attachments=files)
    )
    desk.messages.reply(ticket.id, MessageDraft(body="answer"))
    print(ticket.id, flush=True)
    if number % 3 == 0:
        desk.removal.ticket(desk.tickets.create(
            TicketDraft(subject="gone", description="x", requester="x@example.com", attachments=files)).id)
"""


@pytest.mark.parametrize("round_", [1, *(pytest.param(one, marks=pytest.mark.slow) for one in (0, 2, 3))])
def test_sigkill_during_writes_leaves_a_sound_file(tmp_path, round_):
    path = str(tmp_path / "desk.db")
    kept = []
    for _ in range(3):  # killed again and again on the same file
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True, env={**os.environ}
        )
        wanted = 1 + (7 * round_) % 12
        with writer, writer.stdout:
            for line in writer.stdout:
                kept.append(line.strip())
                if len(kept) % 13 >= wanted:
                    break
            writer.send_signal(signal.SIGKILL)
            kept += [line.strip() for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        assert writer.returncode == -signal.SIGKILL
        with open_desk({"vendor": "local", "path": path}) as desk:
            assert desk.vendor_api.problems() == ()
            tickets = {ticket.id: ticket for ticket in desk.tickets.list()}
            assert set(kept) <= set(tickets)
            for ticket in tickets.values():
                thread = list(desk.messages.list(ticket.id))
                assert len(thread) == ticket.message_count >= 1
                assert thread[0].opening
                with desk.attachments.open(thread[0].attachments[0]) as stream:
                    assert len(stream.read()) == 300_000
            for ticket_id in kept:
                assert tickets[ticket_id].message_count == 2


def test_a_desk_is_durable_as_far_as_sqlite_can_tell(tmp_path, clock):
    from helpdesk_bridge.store.store import LocalStore

    store = LocalStore(tmp_path / "desk.db", clock)
    with store.database.read() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()
