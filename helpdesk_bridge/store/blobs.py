"""Files of messages: stored once per content, written and read in chunks, never whole in memory."""

from __future__ import annotations

import hashlib
import io
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, BinaryIO, Final

from attrs import frozen

from helpdesk_bridge.errors import NotFound
from helpdesk_bridge.model.values import Attachment, Upload
from helpdesk_bridge.store import documents
from helpdesk_bridge.store.database import Database, changed, run
from helpdesk_bridge.store.space import Space

CHUNK: Final = 256 * 1024
_IN_MEMORY: Final = 1024 * 1024
_PREFIX: Final = "sha256:"


@frozen
class Spooled:
    """An upload that was read to its end, so that the write transaction waits for no foreign stream."""

    attachment: Attachment
    sha: str
    stream: IO[bytes]


@contextmanager
def spooled(uploads: Sequence[Upload]) -> Iterator[tuple[Spooled, ...]]:
    """Read uploads into temporary files, with their digests; they vanish with the context."""
    with ExitStack() as stack:
        yield tuple(_spool(upload, stack) for upload in uploads)


def _spool(upload: Upload, stack: ExitStack) -> Spooled:
    spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller's stack closes it
    stack.push(spool)
    hasher, size = hashlib.sha256(), 0
    with upload.open() as source:
        while data := source.read(CHUNK):
            hasher.update(data)
            size += len(data)
            spool.write(data)
    sha = hasher.hexdigest()
    attachment = Attachment(
        upload.filename, upload.content_type, size, upload.inline, upload.content_id, f"{_PREFIX}{sha}"
    )
    return Spooled(attachment, sha, spool)


@frozen(eq=False)
class Files:
    """The files of one space's messages."""

    _space: Space

    def keep(self, connection: sqlite3.Connection, files: Sequence[Spooled]) -> tuple[Attachment, ...]:
        """Write the contents that are not stored yet; return the attachments, whose locators name them."""
        for file in files:
            size = file.attachment.size
            if changed(connection, "INSERT OR IGNORE INTO blobs VALUES (?, ?)", (file.sha, size)):
                file.stream.seek(0)
                position = 0
                while data := file.stream.read(CHUNK):
                    run(connection, "INSERT INTO blob_chunks VALUES (?, ?, ?)", (file.sha, position, data))
                    position += 1
        return tuple(file.attachment for file in files)

    def attach(self, connection: sqlite3.Connection, message_id: str, attachments: Sequence[Attachment]) -> None:
        """Record the files of a message; a file whose bytes are stored elsewhere keeps its own locator."""
        for position, attachment in enumerate(attachments):
            sha = attachment.locator.removeprefix(_PREFIX) if attachment.locator.startswith(_PREFIX) else None
            row = (self._space.name, message_id, position, sha, documents.dump_value(attachment))
            run(connection, "INSERT INTO files VALUES (?, ?, ?, ?, ?)", row)

    def of(self, connection: sqlite3.Connection, message_ids: Sequence[str]) -> dict[str, tuple[Attachment, ...]]:
        """Return the files of messages by message."""
        found: dict[str, tuple[Attachment, ...]] = {}
        marks = ", ".join("?" * len(message_ids))
        sql = (
            "SELECT message_id, document FROM files "  # noqa: S608 - only question marks are added
            f"WHERE space = ? AND message_id IN ({marks}) ORDER BY message_id, position"
        )
        for message_id, document in run(connection, sql, (self._space.name, *message_ids)):
            found[message_id] = (
                *found.get(message_id, ()),
                documents.load_value(Attachment, document, self._space.database.mending),
            )
        return found

    def store(self, upload: Upload) -> Attachment:
        """Store the bytes of one file, before or without a message; return its attachment."""
        with spooled((upload,)) as files, self._space.database.write() as connection:
            return self.keep(connection, files)[0]

    def open(self, attachment: Attachment) -> BinaryIO:
        """Stream the bytes of a file. Raises ``NotFound`` if this store does not hold them (any more)."""
        with self._space.database.read() as connection:
            size = _size(connection, attachment)
        if size is None:
            raise NotFound("the local desk does not hold this file")
        reader = _Chunks(self._space.database, attachment.locator.removeprefix(_PREFIX))
        return io.BufferedReader(reader, CHUNK)

    def reference(self, attachment: Attachment) -> str | None:
        """Return the digest of a file's bytes."""
        return attachment.locator if attachment.locator.startswith(_PREFIX) else None

    def referred(self, reference: str, ticket_id: str) -> Attachment:  # noqa: ARG002 - bytes are found by their digest
        """Return the file of these bytes."""
        return Attachment("file", locator=reference)

    def forget(self, connection: sqlite3.Connection, message_ids: Sequence[str]) -> None:
        """Remove the files of messages, and contents that no other message has."""
        contents: set[str] = set()
        for message_id in message_ids:
            key = (self._space.name, message_id)
            sql = "SELECT blob FROM files WHERE space = ? AND message_id = ? AND blob IS NOT NULL"
            contents.update(sha for (sha,) in run(connection, sql, key))
            run(connection, "DELETE FROM files WHERE space = ? AND message_id = ?", key)
        for sha in contents:
            if not run(connection, "SELECT 1 FROM files WHERE blob = ? LIMIT 1", (sha,)):
                run(connection, "DELETE FROM blobs WHERE sha = ?", (sha,))
                run(connection, "DELETE FROM blob_chunks WHERE sha = ?", (sha,))


def _size(connection: sqlite3.Connection, attachment: Attachment) -> int | None:
    if not attachment.locator.startswith(_PREFIX):
        return None
    rows = run(connection, "SELECT size FROM blobs WHERE sha = ?", (attachment.locator.removeprefix(_PREFIX),))
    return int(rows[0][0]) if rows else None


class _Chunks(io.RawIOBase):
    """Reads a content chunk by chunk; each is a read of its own, so that no transaction waits for the reader."""

    def __init__(self, database: Database, sha: str) -> None:
        self._database = database
        self._sha = sha
        self._position = 0
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._left:
            self._left = self._next()
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def _next(self) -> bytes:
        sql = "SELECT data FROM blob_chunks WHERE sha = ? AND position = ?"
        with self._database.read() as connection:
            rows = run(connection, sql, (self._sha, self._position))
            if not rows and not run(connection, "SELECT 1 FROM blobs WHERE sha = ?", (self._sha,)):
                raise NotFound("the file was removed while it was read")
        self._position += 1
        return bytes(rows[0][0]) if rows else b""
