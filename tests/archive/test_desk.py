"""An archive as a desk: it says what the desk said, without a call, and a migration moves it as the desk itself."""

import threading

import pytest
from archive.readings import local, read, wire
from attrs import evolve
from migration.simulators import served

from helpdesk_bridge import Actor, HelpdeskError, Invalid, NotFound, Unsupported, open_desk
from helpdesk_bridge.archive import Interrupted, Scope
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.model.queries import TicketQuery

ALL = {"spam", "deleted", "merged", "custom_fields", "rating"}


def archive_desk(folder, **keys):
    return open_desk(vendor="archive", path=str(folder), name="archive", **keys)


def plain(ticket):
    """A ticket without what an archive tells beyond a list: its count and its own ref."""
    return evolve(ticket, ref="", message_count=None, not_loaded=frozenset(), attachments=())


QUERIES = [
    {}, {"status": "open"}, {"status": ["closed", "solved"]}, {"order": "-updated"}, {"order": "updated", "limit": 5},
    {"order": "-created", "limit": 3}, {"subject": "invoice"}, {"tags": "vip"},
]  # fmt: skip


@pytest.mark.parametrize("vendor", ["local", "deskie", "desk365"])
def test_an_archive_answers_as_the_desk_did_without_a_call(vendor, tmp_path):
    with served(vendor, 20) as source:
        read(source.desk, tmp_path / "a", files=True)
        with archive_desk(tmp_path / "a") as desk:
            for filters in QUERIES:
                wanted = {**filters, "include": ALL}
                if "tags" in wanted and not source.desk.tags:
                    continue
                there = [plain(one) for one in source.desk.tickets.list(**wanted, resolve=False)]
                assert [plain(one) for one in desk.tickets.list(**wanted, resolve=False)] == there, filters
            told = wire(source.desk)
            asked = 0 if source.simulator is None else len(source.simulator.requests)
            held = wire(desk)
            assert {one: evolve(contact, ref="") for one, contact in held["contacts"].items()} == {
                one: evolve(contact, ref="") for one, contact in told["contacts"].items()
            }
            assert held["messages"] == told["messages"]
            assert held["agents"] == told["agents"]
            assert source.simulator is None or len(source.simulator.requests) == asked


def test_pages_and_one_record_are_those_of_a_desk(tmp_path):
    with local(12) as source:
        read(source, tmp_path / "a")
        with archive_desk(tmp_path / "a") as desk:
            listing = desk.tickets.list(include=ALL)
            pages, cursor = [], None
            while True:
                page = listing.page(cursor, 5)
                pages.append([one.id for one in page.items])
                if page.next is None:
                    break
                cursor = page.next
            assert [one for page in pages for one in page] == [one.id for one in source.tickets.list(include=ALL)]
            assert [len(one) for one in pages] == [5, 5, 2]
            assert listing.count() == 12
            first = source.tickets.list(include=ALL).first()
            ticket = desk.tickets.get(first.id)
            assert ticket.description == source.tickets.get(first.id).description
            assert desk.tickets.get(ticket.ref).id == first.id
            assert ticket.ref.startswith("archive:local-")
            assert desk.messages.list(ticket.id, visibility="public").all()
            with pytest.raises(NotFound):
                desk.tickets.get("no such")
            with pytest.raises(NotFound):
                desk.messages.list("no such").all()
            with pytest.raises(Invalid):
                desk.tickets.list().page("[1]")
            contact = next(one for one in source.contacts.list() if one.email)
            assert desk.contacts.find(email=contact.email).id == contact.id
            assert desk.contacts.find(email="nobody@example.com") is None
            assert desk.contacts.get(contact.id).name == contact.name


def test_files_are_opened_from_the_archive_or_named_as_missing(tmp_path):
    with served("deskie", 20) as source:
        read(source.desk, tmp_path / "bare")
        read(source.desk, tmp_path / "a", files=True)
        with archive_desk(tmp_path / "a") as desk, archive_desk(tmp_path / "bare") as bare:
            files = [
                (ticket.id, file)
                for ticket in desk.tickets.list(include=ALL)
                for message in desk.messages.list(ticket.id)
                for file in message.attachments
            ]
            assert files
            for ticket_id, file in files:
                with desk.attachments.open(file) as stream, desk.attachments.open(file.ref, ticket=ticket_id) as again:
                    assert file.size in (None, len(content := stream.read()))
                    assert again.read() == content
            missing = next(file for message in bare.messages.list(files[0][0]) for file in message.attachments)
            with pytest.raises(NotFound, match="--files"), bare.attachments.open(missing):
                pass


def test_nothing_can_be_written(tmp_path):
    with local(1) as source:
        read(source, tmp_path / "a")
        ticket = source.tickets.list(include=ALL).first()
    with archive_desk(tmp_path / "a") as desk:
        for write in (
            lambda: desk.tickets.create(subject="S", description="D", requester="a@example.com"),
            lambda: desk.tickets.update(ticket.id, subject="S"),
            lambda: desk.messages.reply(ticket.id, "Hello"),
            lambda: desk.messages.note(ticket.id, "Hello"),
            lambda: desk.messages.add_from_contact(ticket.id, "Hello", Actor.contact(email="a@example.com")),
            lambda: desk.contacts.create(name="Ann"),
            lambda: desk.importer.contact(None, ""),
        ):
            with pytest.raises(Unsupported):
                write()


def test_an_archive_that_is_missing_or_half_done_is_told_at_the_first_call(tmp_path):
    with archive_desk(tmp_path / "none") as desk:
        with pytest.raises(HelpdeskError, match="is no archive"):
            desk.tickets.list().first()
        assert [one.severity.value for one in desk.check()] == ["problem"]
    with local(4) as source:
        stop = threading.Event()
        with pytest.raises(Interrupted):
            read(source, tmp_path / "half", stop=stop, workers=1, progress=lambda *_: stop.set())
    with archive_desk(tmp_path / "half") as desk, pytest.raises(HelpdeskError, match="is half done"):
        desk.tickets.list().first()


def test_check_says_whose_records_these_are_and_how_complete(tmp_path):
    with local(3) as source:
        read(source, tmp_path / "a")
    with archive_desk(tmp_path / "a") as desk:
        (finding,) = desk.check()
        assert (finding.severity.value, finding.detail.startswith("Local desk ")) == ("ok", True)
        assert "3 tickets" in finding.detail


def test_raw_documents_come_with_keep_raw(tmp_path):
    with served("deskie", 2) as source, open_desk({**source.settings, "keep_raw": True}, name="deskie") as kept:
        read(kept, tmp_path / "a")
        with archive_desk(tmp_path / "a", keep_raw=True) as desk:
            ticket = kept.tickets.list(include=ALL, resolve=False).first()
            assert desk.tickets.list(include=ALL).first().raw == ticket.raw
            assert desk.messages.list(ticket.id).first().raw == kept.messages.list(ticket.id).first().raw
        with archive_desk(tmp_path / "a") as desk:
            assert desk.tickets.list(include=ALL).first().raw is None


def migrated(old, path):
    """What a local desk holds after a migration from a desk."""
    with open_desk(vendor="local", path=":memory:") as new:
        with Migration(old, new, path, options=Options(yes=True)) as migration:
            summary = migration.migrate()
        tickets = new.tickets.list(include=ALL).all()
        threads = [
            (
                ticket.subject,
                [
                    (one.body.text, one.visibility, one.created_at, len(one.attachments))
                    for one in new.messages.list(ticket.id)
                ],
            )
            for ticket in tickets
        ]
        return summary.as_json(), sorted(threads, key=str), sorted(one.name or "" for one in new.contacts.list())


@pytest.mark.slow
@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_a_migration_from_an_archive_is_one_from_its_desk_without_a_call(vendor, tmp_path):
    with served(vendor, 12) as source:
        read(source.desk, tmp_path / "a", files=True)
        straight = migrated(source.desk, tmp_path / "straight.db")
        asked = len(source.simulator.requests)
        with archive_desk(tmp_path / "a") as desk:
            offline = migrated(desk, tmp_path / "offline.db")
        assert len(source.simulator.requests) == asked
    for summary, _, _ in (straight, offline):
        assert (summary["exit_code"], summary["differences"]) == (0, [])
    assert offline[1:] == straight[1:]
    for kind in ("tickets", "messages", "attachments"):
        assert offline[0][kind] == straight[0][kind]


def test_an_archive_can_be_exported_and_archived_again(tmp_path):
    with local(6) as source:
        read(source, tmp_path / "a")
    with archive_desk(tmp_path / "a") as desk:
        read(desk, tmp_path / "b")
        scope = Scope(TicketQuery(limit=2))
        read(desk, tmp_path / "c", scope)
        with archive_desk(tmp_path / "c") as part:
            assert [one.id for one in part.tickets.list(include=ALL, order="-created")] == [
                one.id for one in desk.tickets.list(include=ALL, order="-created", limit=2)
            ]
