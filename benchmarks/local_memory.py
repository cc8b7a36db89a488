"""Resident memory while 100,000 tickets of a local desk are listed: at ticket 10,000 and at the last.

Run it with ``python benchmarks/local_memory.py [--tickets N] [--path FILE]``; it prints one JSON line. The promise:
``growth_mib`` is at most 32. Filling the desk is a process of its own, so that its memory does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from helpdesk_bridge import TicketQuery, open_desk
from helpdesk_bridge.clock import SystemClock, real_seconds
from helpdesk_bridge.model.records import Message, Ticket
from helpdesk_bridge.model.values import Actor, Body, MessageKind, Priority, Status, Visibility
from helpdesk_bridge.store.store import LocalStore

EARLY = 10_000
START = datetime(2024, 1, 1, tzinfo=UTC)


def rss_mib() -> float:
    """Return the resident memory of this process in MiB; where the system does not tell, its peak."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def fill(path: str, count: int) -> None:
    """Write so many tickets of about a kilobyte each, with one message."""
    store = LocalStore(path, SystemClock())
    for first in range(0, count, 1000):
        with store.transaction():
            for number in range(first, min(first + 1000, count)):
                write(store, number)
    store.close()


def write(store: LocalStore, number: int) -> None:
    person = Actor.contact(id=str(number % 5000), name=f"Person {number % 5000}", email=f"p{number % 5000}@example.com")
    moment = START + timedelta(seconds=number * 37)
    ticket_id = store.tickets.new_id()
    store.tickets.put(
        Ticket(
            id=ticket_id,
            ref="",
            number=ticket_id,
            subject=f"Where is my order {number}? It was to come last week",
            status=list(Status)[number % 6],
            priority=list(Priority)[number % 4],
            requester=person,
            assignee=Actor.agent(
                id=str(number % 40), name=f"Agent {number % 40}", email=f"a{number % 40}@desk.example"
            ),
            tags=("late", f"t{number % 200}"),
            custom_fields={"Order No": f"A-{number}", "Note": "x" * 300},
            channel="email",
            created_at=moment,
            updated_at=moment,
        )
    )
    store.messages.add(
        Message(
            id=store.messages.new_id(),
            ticket_id=ticket_id,
            author=person,
            visibility=Visibility.PUBLIC,
            kind=MessageKind.REPLY,
            body=Body(text="It was to come last week. " * 10),
            opening=True,
            created_at=moment,
        )
    )


def measure(path: str) -> dict[str, float | int]:
    """List everything and return what it took."""
    early = 0.0
    count = 0
    with open_desk({"vendor": "local", "path": path}) as desk:
        began = real_seconds()
        for count, _ in enumerate(desk.tickets.list(), start=1):
            if count == EARLY:
                early = rss_mib()
        last = rss_mib()
        seconds = real_seconds() - began
        began = real_seconds()
        total = desk.tickets.list(TicketQuery()).count()
        counted = real_seconds() - began
        began = real_seconds()
        found = sum(1 for _ in desk.tickets.list(TicketQuery(tags="t7", statuses={Status.OPEN})))
        searched = real_seconds() - began
    return {
        "tickets": count,
        "rss_at_10k_mib": round(early, 1),
        "rss_at_last_mib": round(last, 1),
        "growth_mib": round(last - early, 1),
        "list_seconds": round(seconds, 2),
        "counted": total or 0,
        "count_seconds": round(counted, 3),
        "found_by_tag_and_status": found,
        "search_seconds": round(searched, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--path", help="keep the desk in this file, or use the one that is there")
    parser.add_argument("--fill", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.fill:
        fill(arguments.fill, arguments.tickets)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.path or str(Path(folder) / "desk.db")
        began = real_seconds()
        if not Path(path).exists():
            command = [sys.executable, __file__, "--fill", path, "--tickets", str(arguments.tickets)]
            subprocess.run(command, check=True)
        filled = real_seconds() - began
        size = Path(path).stat().st_size / 2**20
        told = {**measure(path), "fill_seconds": round(filled, 1), "file_mib": round(size, 1)}
        print(json.dumps(told))


if __name__ == "__main__":
    main()
