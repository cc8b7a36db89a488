"""What a migration costs beside listing and importing the same records through the port, without a journal.

Run it with ``python benchmarks/migration_overhead.py [--tickets N] [--repetitions N]``; it prints one JSON line. Both go
from one local desk to another, in turns, in processes of their own. The promise: ``ratio`` is at most 2.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from attrs import evolve

from helpdesk_bridge import Desk, open_desk
from helpdesk_bridge.adapter.importing import Opening
from helpdesk_bridge.clock import real_seconds
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.local import VENDOR
from helpdesk_bridge.local.vendor_api import LocalInspection
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.model.values import Attachment, Upload


def plain(folder: Path) -> None:
    """List everything and import it, as a program of thirty lines would: nothing survives a kill, nothing is looked for."""
    with _desk(folder, "old") as old, _desk(folder, "new") as new:
        importer = new.importer
        assert importer, "a local desk has an importer"
        for number, contact in enumerate(old.contacts.list()):
            importer.contact(contact, f"c{number}")
        for number, ticket in enumerate(old.tickets.list(include={"custom_fields"})):
            opening, *rest = old.messages.list(ticket.id)
            files = [_upload(old, file) for file in opening.attachments]
            made = importer.ticket(ticket, Opening.of(opening), files, f"t{number}")
            for message in rest:
                importer.message(made.ticket_id, message, [_upload(old, file) for file in message.attachments])
            importer.finish(made.ticket_id, ticket)


def migrate(folder: Path) -> None:
    """Run a migration to its end, and do not verify it."""
    with (
        _desk(folder, "old") as old,
        _desk(folder, "new") as new,
        Migration(old, new, folder / "journal", options=Options(yes=True)) as migration,
    ):
        migration.run()
        assert migration.summary().counts, "nothing was migrated"


def _desk(folder: Path, name: str) -> Desk[LocalInspection]:
    return open_desk(vendor=VENDOR, path=str(folder / f"{name}.db"), name=name)


def _upload(desk: Desk[LocalInspection], file: Attachment) -> Upload:
    attachments = desk.attachments
    assert attachments, "a local desk has files"
    with attachments.open(file) as stream:
        data = stream.read()
    return Upload(
        file.filename,
        file.content_type or "application/octet-stream",
        lambda: BytesIO(data),
        size=file.size,
        inline=file.inline,
        content_id=file.content_id,
    )


WAYS = {"plain": plain, "migrate": migrate}


def measure(way: str, tickets: int) -> float:
    """Return the seconds that one way takes in a process of its own."""
    with tempfile.TemporaryDirectory() as work:
        with _desk(Path(work), "old") as old:
            data = generate(tickets)
            # No importer opens a ticket with an internal message, which a migration writes as a note.
            opened = [one for one in data.tickets if one.messages and not one.messages[0].private]
            old.vendor_api.seed(evolve(data, tickets=tuple(opened)))
        done = subprocess.run(
            [sys.executable, __file__, "--way", way, work], capture_output=True, text=True, check=True
        )
        return float(done.stdout)


def main() -> None:
    """Measure both ways in turns and print the ratio of their medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tickets", type=int, default=1000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("folder", nargs="?", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        began = real_seconds()
        WAYS[options.way](Path(options.folder))
        print(real_seconds() - began)
        return
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(options.repetitions):
        for way in WAYS:
            times[way].append(measure(way, options.tickets))
    middle = {way: statistics.median(values) for way, values in times.items()}
    shown = {f"{way}_ms_a_ticket": round(value / options.tickets * 1000, 2) for way, value in middle.items()}
    print(json.dumps({"tickets": options.tickets, **shown, "ratio": round(middle["migrate"] / middle["plain"], 2)}))


if __name__ == "__main__":
    main()
