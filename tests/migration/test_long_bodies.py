"""Long bodies: held one at a time, and the migration is the same as if all were held."""

from __future__ import annotations

import gc
import re
import weakref

import pytest
from attrs import evolve
from migration.faulty_desk import message, person, small, ticket
from migration.simulators import served

from helpdesk_bridge import open_desk
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.migration import ExitCode, Migration, Options
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.load import long_bodies
from helpdesk_bridge.migration.load.long_bodies import LongBodies
from helpdesk_bridge.migration.options import Threads
from helpdesk_bridge.migration.verify import verify as verification
from helpdesk_bridge.model.values import Body

_TAIL = re.compile(r" · [0-9a-f]{16}\b")
LONG = "<p>" + "word " * 300_000 + "</p>"


@pytest.fixture
def spool(tmp_path):
    opened = Spool(tmp_path / "journal")
    yield opened
    opened.close()


def long_thread(count=4):
    messages = [evolve(message("ann", place, ""), text=None, html=f"<p>{place}</p>{LONG}") for place in range(count)]
    return Dataset(people=(person("ann", "ann@client.example"),), tickets=(ticket("t1", "ann", *messages),))


@pytest.mark.parametrize(
    "body", [Body(html=LONG), Body(text=LONG), Body(html=LONG, text="told apart"), Body(html=LONG, text="")]
)
def test_a_body_comes_back_as_it_was(spool, body):
    bodies = LongBodies(spool, "1")
    with open_desk({"vendor": "local", "path": ":memory:"}) as desk:
        desk.vendor_api.seed(small())
        (first, *_) = desk.messages.list(next(iter(desk.tickets.list())).id)
    whole = evolve(first, body=body)
    kept = bodies.put_away(whole)
    assert kept.body.empty
    assert bodies.back(kept) == whole
    assert bodies.told(kept) == LongBodies(spool, "2").told(whole)
    bodies.drop()
    assert spool.count("long body") == 0
    assert bodies.put_away(first) is first


def test_a_listing_lets_go_of_a_message_before_it_reads_the_next(tmp_path):
    with served("local", long_thread()) as old:
        pages, held = old.desk._adapter.messages, []
        seen: list[weakref.ref[Body]] = []

        class Watched:
            def page(self, ticket_id, cursor):
                held.append(sum(one() is not None for one in seen))
                page = pages.page(ticket_id, cursor)
                seen.extend(weakref.ref(message.body) for message in page.items)
                assert len(page.items) <= 2
                return page

        gc.disable()  # what only the collector frees is held until then
        try:
            listing = old.desk.messages.list("1", resolve=False)
            object.__setattr__(listing, "fetch", lambda cursor, _: Watched().page("1", cursor))
            assert list(map(lambda message: message.sequence, listing)) == [0, 1, 2, 3]  # noqa: C417 - see read_thread
        finally:
            gc.enable()
        assert len(held) > 1
        assert set(held) == {0}


@pytest.mark.parametrize("way", list(Threads))
def test_a_migration_is_the_same_with_bodies_put_away(tmp_path, monkeypatch, way):
    shown = []
    for longest in (10**9, -1):
        monkeypatch.setattr(long_bodies, "LONG", longest)
        folder = tmp_path / str(longest)
        folder.mkdir()
        with served("local", small()) as old, served("local", 0) as new:
            with Migration(
                old.desk, new.desk, folder / "journal", options=Options(yes=True, threads=way, workers=1)
            ) as migration:
                summary = migration.migrate()
            assert summary.exit_code is ExitCode.OK
            assert not summary.differences
            shown.append([_said(new.desk, one.id) for one in new.desk.tickets.list()])
    assert shown[0] == shown[1]


def _said(desk, ticket_id):
    thread = desk.messages.list(ticket_id)
    # The tail of a header line is made with the key of the journal.
    return [(_TAIL.sub("", one.body.as_html()), one.author.name, one.kind, len(one.attachments)) for one in thread]


def test_long_descriptions_are_not_kept_for_a_verification_that_reads_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(verification, "is_long", lambda _: True)
    put = []
    keep = Spool.put

    def noted(self, kind, record_id, value):
        put.append((kind, getattr(value, "description", None)))
        keep(self, kind, record_id, value)

    with served("local", small()) as old, served("local", 0) as new:
        with Migration(old.desk, new.desk, tmp_path / "journal", options=Options(yes=True)) as migration:
            migration.run()
            monkeypatch.setattr(Spool, "put", noted)
            assert not migration.verify()
    back = [description for kind, description in put if kind == verification.BACK_TICKET]
    assert back
    assert not any(back)
