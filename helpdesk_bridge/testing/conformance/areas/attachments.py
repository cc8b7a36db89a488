"""Attachments: their bytes, their names, and the message to which each belongs."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from helpdesk_bridge.errors import Invalid, NotFound
from helpdesk_bridge.model.drafts import MessageDraft
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Attachment, Upload
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import draft, make, seen
from helpdesk_bridge.testing.conformance.fixtures import FaultSwitch
from helpdesk_bridge.testing.conformance.selection import needs
from helpdesk_bridge.testing.nasty import FILE_NAMES, SURROGATE

CONTENT = {
    "empty": b"",
    "one byte": b"\x00",
    "every byte": bytes(range(256)) * 4,
    "boundaries": b"--boundary\r\nContent-Disposition: form-data\r\n\r\n--boundary--\r\n",
    "large": bytes(range(251)) * 4000,
}


def read(desk: Helpdesk, attachment: Attachment) -> bytes:
    """Return the bytes of a file."""
    assert desk.attachments
    with desk.attachments.open(attachment) as stream:
        return stream.read()


def _last(desk: Helpdesk, ticket_id: str) -> Message:
    return list(desk.messages.list(ticket_id))[-1]


class _Watched:
    """The source of an upload that remembers its streams."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.streams: list[BytesIO] = []

    def open(self) -> BytesIO:
        self.streams.append(BytesIO(self.content))
        return self.streams[-1]


@needs("tickets.create", "messages.list", "messages.note", "attachments.open")
@pytest.mark.parametrize("name", CONTENT)
def test_the_bytes_of_a_file_come_back(helpdesk: Helpdesk, name: str) -> None:
    """A file that was attached to a note has the same bytes when read."""
    ticket, content = make(helpdesk), CONTENT[name]
    file = Upload.from_bytes("data.bin", content)
    helpdesk.messages.note(ticket.id, MessageDraft(body="See", attachments=(file,)))
    (attachment,) = _last(helpdesk, ticket.id).attachments
    assert read(helpdesk, attachment) == content
    assert attachment.size in (None, len(content))


@needs("tickets.create", "messages.list", "messages.note", "attachments.open")
def test_each_file_has_its_own_bytes(helpdesk: Helpdesk) -> None:
    """Of several files, two of them with one name, each keeps its own bytes and its place."""
    ticket = make(helpdesk)
    contents = (("a.txt", b"first"), ("b.txt", b"second"), ("a.txt", b"third"))
    files = tuple(Upload.from_bytes(name, content, "text/plain") for name, content in contents)
    helpdesk.messages.note(ticket.id, MessageDraft(body="See", attachments=files))
    found = _last(helpdesk, ticket.id).attachments
    assert [(one.filename, read(helpdesk, one)) for one in found] == list(contents)


@needs("tickets.create", "messages.list", "messages.note", "attachments.open")
def test_a_file_is_opened_by_its_reference_at_its_own_ticket_alone(helpdesk: Helpdesk) -> None:
    """``ref`` opens the file later; at another ticket it is ``NotFound``, and a text that was changed is ``Invalid``."""
    assert helpdesk.attachments
    ticket, other = make(helpdesk), make(helpdesk, "eve")
    files = tuple(Upload.from_bytes("a.txt", content, "text/plain") for content in (b"first", b"second"))
    helpdesk.messages.note(ticket.id, MessageDraft(body="See", attachments=files))
    for file, content in zip(_last(helpdesk, ticket.id).attachments, (b"first", b"second"), strict=True):
        assert file.ref, "a file has no reference"
        with helpdesk.attachments.open(file.ref, ticket=ticket.id) as stream:
            assert stream.read() == content
        for given in (file, file.ref):
            with pytest.raises(NotFound):
                helpdesk.attachments.open(given, ticket=other.id)
        with pytest.raises(Invalid):
            helpdesk.attachments.open(file.ref[:-1], ticket=ticket.id)


@needs("tickets.create", "tickets.create:attachments", "messages.list", "attachments.open")
def test_a_ticket_is_opened_with_its_files(helpdesk: Helpdesk) -> None:
    """A file of the opening is on the opening message and on the ticket."""
    file = Upload.from_bytes("photo.png", b"\x89PNG", "image/png")
    made = make(helpdesk, attachments=[file])
    thread = list(helpdesk.messages.list(made.id))
    files = [attachment for message in thread for attachment in message.attachments]
    assert [(one.filename, read(helpdesk, one)) for one in files] == [("photo.png", b"\x89PNG")]
    if thread[0].attachments and "attachments" in helpdesk.capabilities.ticket_fields:
        (of_ticket,) = helpdesk.tickets.get(made.id).attachments
        assert read(helpdesk, of_ticket) == b"\x89PNG"


@needs("tickets.create", "messages.list", "messages.reply", "attachments.open")
def test_a_reply_carries_its_files(helpdesk: Helpdesk) -> None:
    """A file of a reply is a file of the thread, after the opening."""
    ticket = make(helpdesk)
    file = Upload.from_bytes("terms.pdf", b"%PDF", "application/pdf")
    helpdesk.messages.reply(ticket.id, MessageDraft(body="Our terms", attachments=(file,)))
    opening, *later = helpdesk.messages.list(ticket.id)
    assert opening.attachments == ()
    found = [attachment for message in later for attachment in message.attachments]
    assert [(one.filename, read(helpdesk, one)) for one in found] == [("terms.pdf", b"%PDF")]


@needs("tickets.create", "messages.list", "messages.note", "attachments.open")
@pytest.mark.parametrize("name", FILE_NAMES, ids=lambda name: name[:20].encode("ascii", "replace").decode())
def test_a_nasty_file_name_comes_back(helpdesk: Helpdesk, name: str) -> None:
    """Names in any script, with quotes, semicolons and percent signs, come back unchanged."""
    ticket = make(helpdesk)
    helpdesk.messages.note(ticket.id, MessageDraft(body="See", attachments=(Upload.from_bytes(name, b"data"),)))
    (attachment,) = _last(helpdesk, ticket.id).attachments
    assert attachment.filename == name
    assert read(helpdesk, attachment) == b"data"


@needs("tickets.create", "messages.list", "messages.note", "attachments.open")
@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..\\..\\boot.ini",
        "/etc/passwd",
        'a"\r\nX-Evil: 1\r\n\r\n.txt',
        "a\x00b.txt",
        "..",
        SURROGATE,
    ],
    ids=("up", "up on Windows", "root", "header", "NUL", "dots", "surrogate"),
)
def test_an_evil_file_name_harms_nobody(helpdesk: Helpdesk, name: str) -> None:
    """A name that is a path or a header is refused or defused; the bytes are the same, and nothing else is sent."""
    ticket = make(helpdesk)
    try:
        helpdesk.messages.note(ticket.id, MessageDraft(body="See", attachments=(Upload.from_bytes(name, b"data"),)))
    except Invalid:
        assert len(list(helpdesk.messages.list(ticket.id))) == 1
        return
    message = _last(helpdesk, ticket.id)
    (attachment,) = message.attachments
    assert seen(message.body.text) in ("See", "")
    assert read(helpdesk, attachment) == b"data"


@needs("tickets.create", "messages.note", "message:attachments")
def test_every_file_that_was_opened_is_closed(helpdesk: Helpdesk) -> None:
    """An upload's stream is closed after it was sent."""
    ticket, watched = make(helpdesk), _Watched(b"data")
    file = Upload("a.bin", "application/octet-stream", watched.open, size=4)
    helpdesk.messages.note(ticket.id, MessageDraft(body="See", attachments=(file,)))
    assert watched.streams
    assert all(stream.closed for stream in watched.streams)


@needs(
    "tickets.create",
    "tickets.create:attachments",
    "messages.list",
    "attachments.open",
    "sends:tickets.create",
    "fixture:faults",
)
def test_a_repeated_write_sends_the_whole_file(helpdesk: Helpdesk, faults: FaultSwitch) -> None:
    """After a refusal the file is opened again, and sent whole and once."""
    watched = _Watched(b"whole" * 1000)
    file = Upload("a.bin", "application/octet-stream", watched.open, size=5000)
    faults.inject("rate_limited", on="tickets.create", times=1)
    made = helpdesk.tickets.create(draft(helpdesk, attachments=[file]))
    files = [attachment for message in helpdesk.messages.list(made.id) for attachment in message.attachments]
    assert [read(helpdesk, one) for one in files] == [watched.content]
    assert all(stream.closed for stream in watched.streams)


@needs("tickets.create", "messages.list", "messages.note", "attachments.open")
def test_a_file_can_be_read_in_pieces_and_left(helpdesk: Helpdesk) -> None:
    """A stream gives as much as is asked, and may be closed in the middle."""
    ticket, content = make(helpdesk), CONTENT["large"]
    file: Any = Upload.from_bytes("data.bin", content)
    helpdesk.messages.note(ticket.id, MessageDraft(body="See", attachments=(file,)))
    (attachment,) = _last(helpdesk, ticket.id).attachments
    assert helpdesk.attachments
    with helpdesk.attachments.open(attachment) as stream:
        assert stream.read(10) == content[:10]
        assert stream.read(10) == content[10:20]
    assert read(helpdesk, attachment) == content
