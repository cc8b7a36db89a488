"""A desk's file that a process of many threads and another process use at once."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

from helpdesk_bridge import TicketDraft, open_desk

READ = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM tickets').fetchone(); c.close()"
DRAFT = TicketDraft(subject="s", description="d", requester="ann@x.example")


def in_a_thread(call):
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def another_process_reads(path):
    subprocess.run([sys.executable, "-c", READ, str(path)], check=True)


def test_another_process_never_takes_itself_for_the_last_one(tmp_path):
    # Whoever is the last to close a file removes its journal. A process's locks on a file are gone when any of its
    # descriptors of that file is closed, so nothing but SQLite may open it.
    path = tmp_path / "desk.db"
    with open_desk({"vendor": "local", "path": str(path)}) as desk:
        desk.tickets.create(DRAFT)
        in_a_thread(lambda: desk.tickets.list().count())
        another_process_reads(path)
        assert path.with_name("desk.db-wal").exists()


def test_a_file_stays_sound_while_threads_come_and_go_and_other_processes_read_it(tmp_path):
    path = tmp_path / "desk.db"
    with open_desk({"vendor": "local", "path": str(path)}) as desk:
        for _ in range(5):
            for _ in range(4):
                in_a_thread(lambda: desk.tickets.create(DRAFT))
            another_process_reads(path)
        assert desk.tickets.list().count() == 20
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM tickets").fetchone() == (20,)
