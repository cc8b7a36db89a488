"""What opening a journal costs, as a reader and as its owner, at 1,000,000 records. Every opening checks every record.

Run it with ``python benchmarks/open_journal.py [--records N] [--path FILE]``; it prints one JSON line. The promise: at most
10 µs a record, and ``more_mib``, the memory that it takes, at most 32. Filling the journal is a process of its own; a file
of ``--path`` that exists is taken as it is.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.migration.journal.database.owned import Binding
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.reader import reading
from helpdesk_bridge.migration.journal.states import Key, Kind, Record, State
from helpdesk_bridge.migration.marker import MarkerKey

PAIR = Binding("deskie:one", "desk365:two", {"source_desk": "old", "destination_desk": "new"}, MarkerKey(bytes(32)))
MESSAGES = 5
BATCH = 5000
EXPECTED = {
    "author": "9f86d081884c7d659a2f", "text": "60303ae22b998861bce3b28f", "links": "fd61a03af4f77d870fc21e05",
    "images": [], "files": ["ef2d127de37b942baad06145"], "created_at": "2025-03-01T09:00:00+00:00", "private": False,
}  # fmt: skip


def peak_mib() -> float:
    """Return this process's highest resident memory in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def records(count: int) -> Iterator[Record]:
    """Yield a contact, a ticket and its messages, over and over, as a run leaves them."""
    for number in range(count):
        of, place = divmod(number, MESSAGES + 2)
        ticket = str(100_000 + of)
        key = (
            Key(Kind.CONTACT, ticket), Key(Kind.TICKET, ticket), *(Key(Kind.MESSAGE, f"{ticket}{n}", ticket) for n in range(MESSAGES)),
        )[place]  # fmt: skip
        yield Record(
            key=key,
            state=State.DONE,
            position=number,
            marker=f"{number:016x}" if place == 1 else None,
            destination=(str(900_000 + number),),
            fold=f"{number:024x}" if place == 0 else None,
            version="2025-03-01T09:00:00+00:00",
            expected=EXPECTED,
            finished=True,
        )


def fill(path: Path, count: int) -> None:
    """Write a journal of so many records."""
    journal = Journal(path, PAIR, clock=SystemClock())
    batch = []
    for record in records(count):
        batch.append(record)
        if len(batch) == BATCH:
            journal.save(*batch)
            batch = []
    journal.save(*batch)
    journal.close()


def measured(step: str, path: Path) -> dict[str, float]:
    """Do a step in this process; return its seconds and the highest memory."""
    before, began = peak_mib(), time.perf_counter()
    if step == "read":
        with reading(path):
            pass
    else:
        Journal(path, PAIR, clock=SystemClock()).close()
    return {"seconds": round(time.perf_counter() - began, 2), "more_mib": round(peak_mib() - before, 1)}


def main() -> None:
    """Fill a journal and open it, each time in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--path", type=Path)
    parser.add_argument("--step", choices=("fill", "read", "own"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step == "fill":
        fill(given.path, given.records)
        return
    if given.step:
        sys.stdout.write(json.dumps(measured(given.step, given.path)) + "\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = given.path or Path(folder, "move.db")

        def step(name: str) -> str:
            command = [sys.executable, __file__, "--step", name, "--path", str(path), "--records", str(given.records)]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout

        if not path.exists():
            step("fill")
        figures = {"records": given.records, "file_mib": round(path.stat().st_size / 2**20)}
        for name in ("read", "own"):
            told = json.loads(step(name))
            figures |= {f"{name}_{what}": value for what, value in told.items()}
            figures[f"{name}_us_a_record"] = round(told["seconds"] * 1e6 / given.records, 2)
        sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
