"""A message is itself: whatever differs of two messages tells them apart when one of them is in doubt, and when both are read back."""

from __future__ import annotations

import re
from collections import Counter
from itertools import product

import pytest
from attrs import evolve
from migration.faulty_desk import Faults, destination, message, person, small, source, ticket
from migration.simulators import served
from tiers import spread

from helpdesk_bridge.adapter import Fidelity, FieldFidelity, MessageClass
from helpdesk_bridge.datasets.dataset import Dataset, SeedFile
from helpdesk_bridge.migration import ExitCode, Migration, Options

YES = Options(yes=True, workers=1)
A = SeedFile("a.txt", "text/plain", b"one of two files")
B = SeedFile("b.txt", "text/plain", b"the other file..")
LIKE_A = SeedFile("a.txt", "text/plain", b"ONE OF TWO FILES")

LATER = (
    message("ann", 5, "OK"),
    message("bob", 5, "OK"),
    message("eve", 5, "OK"),
    message("max", 5, "OK"),
    message("eve", 5, "OK", private=True, kind="note"),
    message("max", 5, "OK", private=True, kind="note"),
    message("ann", 5, "OK", files=(A,)),
    message("ann", 5, "OK", files=(B,)),
    message("ann", 5, "OK", files=(LIKE_A,)),
    message("ann", 5, "OK"),
)


def twins():
    people = (
        person("ann", "ann@client.example", name="Sam Lee"),
        person("bob", "bob@client.example", name="Sam Lee"),
        person("eve", "eve@desk.example", role="agent", name="Kim"),
        person("max", "max@desk.example", role="agent", name="Kim"),
    )
    return Dataset(people=people, tickets=(ticket("t1", "ann", message("ann", 0, "It broke"), *LATER),))


WHOSE = {"ann": "ann@client.example", "bob": "bob@client.example", "eve": "eve@desk.example", "max": "max@desk.example"}
WANTED = Counter((WHOSE[one.author], one.private, tuple(file.content for file in one.files)) for one in LATER)
LINE = re.compile(r"\[Imported\] .*?<(?P<email>[^>]*)> · \w+ · \S+ · (?P<privacy>\w+)")


def standing(desk):
    """Return author, visibility and files of each later message, the header line before the vendor's own."""
    (only,) = desk.tickets.list()
    found = Counter()
    for one in list(desk.messages.list(only.id))[1:]:
        told = LINE.search(one.body.text)
        author = told["email"] if told else one.author.email
        private = told["privacy"] == "internal" if told else one.visibility.value == "internal"
        files = []
        for file in one.attachments:
            with desk.attachments.open(file) as stream:
                files.append(stream.read())
        found[author, private, tuple(files)] += 1
    return found


WRITES = {"deskie": ("/api/cases/*", "POST"), "desk365": ("/apis/v3/tickets/add_note*", "POST")}
PLACES = [pytest.param(n, marks=() if n in (1, 8) else pytest.mark.slow) for n in range(len(LATER))]


@pytest.mark.parametrize(
    ("vendor", "kind", "place"),
    spread(product(WRITES, ["connection_reset", "response_lost"], range(len(LATER))), quick=7),
)
def test_a_message_in_doubt_is_not_taken_for_another_of_the_same_words(tmp_path, vendor, kind, place):
    path, method = WRITES[vendor]
    with served("local", twins()) as old, served(vendor, 0) as new:
        new.simulator.faults.inject(kind, on=f"{method} {path}", after=place)
        with Migration(old.desk, new.desk, tmp_path / "journal", options=YES) as migration:
            summary = migration.migrate()
        assert standing(new.desk) == WANTED
    assert [(one.id, one.field) for one in summary.differences] == []
    assert summary.exit_code is ExitCode.OK


@pytest.mark.parametrize("gone", PLACES)
@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_a_message_that_was_not_written_is_missed_by_itself(tmp_path, vendor, gone):
    """The journal says that it was written, and it was not: the verification names it, and no other."""
    with served("local", twins()) as old, served(vendor, 0) as new:
        with Migration(old.desk, new.desk, tmp_path / "journal", options=YES) as migration:
            real, seen = migration._importer.message, []
            lost = []

            class Swallowing:
                def __getattr__(self, name):
                    return getattr(importer, name)

                def message(self, ticket_id, one, files):
                    seen.append(one)
                    if len(seen) - 1 == gone:
                        lost.append(one.id)
                        return ("~gone",)
                    return real(ticket_id, one, files)

            importer, migration._importer = migration._importer, Swallowing()
            migration.run()
            migration._importer = importer
            differences = migration.verify()
    assert [(one.record, one.field, one.found) for one in differences] == [("message", "message", "missing")]
    (wanted,) = differences
    twins_of = [one for one in seen if told(one) == told(seen[gone])]
    assert wanted.id in {one.id for one in twins_of}


def told(one):
    return (one.author.email, one.visibility, tuple(file.filename for file in one.attachments))


def test_messages_that_stand_in_another_order_are_told_as_moved_and_as_nothing_else(tmp_path):
    thread = [message("ann", n, f"Part {n}") for n in range(8)]
    data = evolve(small(), tickets=(ticket("t1", "ann", *thread),))
    new = destination()
    with Migration(source(data), new, tmp_path / "journal", options=YES) as migration:
        migration.run()
        real = new.fake.messages.list

        class Moved:
            def __getattr__(self, name):
                return getattr(new.fake.messages, name)

            def list(self, ticket_id, **values):
                first, moved, *rest = real(ticket_id, **values)
                return [first, *rest, moved]

        new._overrides["messages"] = Moved()
        differences = migration.verify()
    assert [(one.record, one.field) for one in differences] == [("message", "order")]


def test_a_text_that_was_changed_at_the_destination_is_told_as_changed(tmp_path):
    thread = [message("ann", n, f"Part {n}") for n in range(4)]
    data = evolve(small(), tickets=(ticket("t1", "ann", *thread),))
    kept = destination().importer.fidelity
    lost = {**kept.messages[MessageClass.REPLY_BY_CONTACT], "kind": FieldFidelity(Fidelity.LOST)}
    new = destination(
        faults=Faults(), fidelity=evolve(kept, messages={**kept.messages, MessageClass.REPLY_BY_CONTACT: lost})
    )
    write = new.importer.message
    new.importer.message = lambda *args: ("~as written",) if write(*args) else ()
    with Migration(source(data), new, tmp_path / "journal", options=YES) as migration:
        migration.run()
        real = new.fake.messages.list

        class Edited:
            def __getattr__(self, name):
                return getattr(new.fake.messages, name)

            def list(self, ticket_id, **values):
                return [
                    evolve(one, body=evolve(one.body, text="Edited")) if one.body.text == "Part 2" else one
                    for one in real(ticket_id, **values)
                ]

        new._overrides["messages"] = Edited()
        differences = migration.verify()
    assert [(one.record, one.field) for one in differences] == [("message", "body")]
