"""Files are streamed in and out, kept once per content, and gone with the last message that has them."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_bridge import Attachment, MessageDraft, TicketDraft, Upload, open_desk
from helpdesk_bridge.errors import NotFound
from helpdesk_bridge.store.blobs import CHUNK

DRAFT = TicketDraft(subject="x", description="x", requester="ann@example.com")


class _Zeros(io.RawIOBase):
    """A file of zeros that is never whole in memory."""

    def __init__(self, size):
        self._left = size

    def readable(self):
        return True

    def readinto(self, buffer):
        count = min(len(buffer), self._left)
        buffer[:count] = bytes(count)
        self._left -= count
        return count


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_sizes_around_a_chunk(desk, size):
    content = bytes(number % 251 for number in range(size))
    ticket = desk.tickets.create(DRAFT)
    sent = desk.messages.reply(ticket.id, MessageDraft(body="see", attachments=[Upload.from_bytes("f", content)]))
    (attachment,) = sent.message.attachments
    assert attachment.size == size
    with desk.attachments.open(attachment) as stream:
        assert stream.read() == content
    with desk.attachments.open(attachment) as stream:
        assert b"".join(iter(lambda: stream.read(1000), b"")) == content


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=2000), st.lists(st.integers(1, 700), max_size=6))
def test_any_way_of_reading_gives_the_same_bytes(content, reads):
    with open_desk({"vendor": "local", "path": ":memory:"}) as desk:
        attachment = desk._adapter.attachments.store(Upload.from_bytes("f", content))
        with desk.attachments.open(attachment) as stream:
            got = b"".join(stream.read(count) for count in reads)
            assert got + stream.read() == content


def test_a_large_file_is_never_whole_in_memory(tmp_path, clock):
    size = 48 * 1024 * 1024
    with open_desk({"vendor": "local", "path": str(tmp_path / "desk.db")}, clock=clock) as desk:
        ticket = desk.tickets.create(DRAFT)
        upload = Upload("zeros", "application/octet-stream", lambda: io.BufferedReader(_Zeros(size)))
        tracemalloc.start()
        try:
            (attachment,) = desk.messages.note(
                ticket.id, MessageDraft(body="x", attachments=[upload])
            ).message.attachments
            with desk.attachments.open(attachment) as stream:
                assert sum(map(len, iter(lambda: stream.read(100_000), b""))) == size
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert attachment.size == size
        assert peak < 8 * 1024 * 1024


def test_one_content_is_kept_once(desk):
    for name in ("a", "b"):
        ticket = desk.tickets.create(DRAFT)
        desk.messages.note(ticket.id, MessageDraft(body="x", attachments=[Upload.from_bytes(name, b"same")] * 2))
    rows = desk._adapter._store.dump()
    assert len(rows["blobs"]) == 1
    assert len(rows["files"]) == 4
    for ticket in list(desk.tickets.list()):
        desk.removal.ticket(ticket.id)
    rows = desk._adapter._store.dump()
    assert rows["blobs"] == rows["blob_chunks"] == rows["files"] == []


def test_a_file_that_goes_while_it_is_read_is_told(desk):
    ticket = desk.tickets.create(DRAFT)
    upload = Upload.from_bytes("big", bytes(3 * CHUNK))
    (attachment,) = desk.messages.note(ticket.id, MessageDraft(body="x", attachments=[upload])).message.attachments
    with desk.attachments.open(attachment) as stream:
        assert len(stream.read(CHUNK)) == CHUNK
        desk.removal.ticket(ticket.id)
        with pytest.raises(NotFound):
            stream.read()


def test_a_foreign_attachment_is_not_found(desk):
    for locator in ("", "https://example.com/x", "sha256:00", "sha256:\ud800"):
        with pytest.raises(NotFound):
            desk.attachments.open(Attachment("f", locator=locator))


def test_an_upload_that_fails_writes_nothing(desk):
    ticket = desk.tickets.create(DRAFT)

    def broken():
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        desk.messages.note(
            ticket.id,
            MessageDraft(body="x", attachments=[Upload.from_bytes("a", b"a"), Upload("b", "text/plain", broken)]),
        )
    assert desk.tickets.get(ticket.id).message_count == 1
    assert desk._adapter._store.dump()["blobs"] == []
