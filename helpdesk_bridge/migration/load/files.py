"""File transfer: files fetched into the spool, hashed, handed to the importer, removed."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path
from typing import BinaryIO, Final

from attrs import frozen

from helpdesk_bridge.errors import HelpdeskError, Unsupported
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.journal.states import State
from helpdesk_bridge.migration.outage import TRIES, Outage, is_passing
from helpdesk_bridge.migration.outcome import Interrupted
from helpdesk_bridge.model.capabilities import FileLimits
from helpdesk_bridge.model.values import Attachment, Upload

CHUNK: Final = 65536
_HTML: Final = (b"<!doctype html", b"<html")


@frozen
class Fetched:
    """A file in the spool."""

    attachment: Attachment
    path: Path
    sha256: str
    size: int

    def upload(self) -> Upload:
        """Return the file as the importer takes it; it is opened again for every attempt."""
        guessed = mimetypes.guess_type(self.attachment.filename)[0] or "application/octet-stream"
        return Upload(
            self.attachment.filename,
            self.attachment.content_type or guessed,
            lambda: self.path.open("rb"),
            size=self.size,
            inline=self.attachment.inline,
            content_id=self.attachment.content_id,
        )

    def remove(self) -> None:
        """Remove the file from the spool."""
        self.path.unlink(missing_ok=True)


@frozen
class Lacking:
    """A file that is not migrated, with the state and reason for the journal."""

    attachment: Attachment
    state: State
    reason: str

    def line(self) -> str:
        """Return the visible line that replaces the file in the message."""
        return f"[Not migrated: file {self.attachment.filename} ({self.reason})]"


class Unusable(Exception):
    """What was downloaded is not the file."""


@frozen
class Files:
    """Fetches the files of messages."""

    source: MigrationDesk
    spool: Spool
    outage: Outage
    limits: FileLimits

    def fetch(self, attachment: Attachment) -> Fetched | Lacking:
        """Return a file, or why it is not migrated; the message is migrated in either case."""
        if not self.source.desk.attachments:
            return Lacking(attachment, State.SKIPPED, "the source does not offer its files")
        if self._too_large(attachment.size):
            return self._refused_size(attachment)
        reason = ""
        for attempt in range(TRIES):
            try:
                file = self.outage.of_record(lambda: self._download(attachment))
            except Unusable as error:
                reason = str(error)
            except HelpdeskError as error:
                reason = f"{type(error).__name__} at the source"
                if attempt or is_passing(error):  # what passes was tried often enough
                    break
            else:
                if attempt or attachment.size is not None or not _is_odd(file):
                    return file
                if isinstance(file, Fetched):
                    file.remove()
        return Lacking(attachment, State.FAILED, reason)

    def _too_large(self, size: int | None) -> bool:
        return size is not None and self.limits.bytes_each is not None and size > self.limits.bytes_each

    def _refused_size(self, attachment: Attachment) -> Lacking:
        return Lacking(
            attachment, State.SKIPPED, f"larger than the {self.limits.bytes_each} bytes that the destination accepts"
        )

    def _download(self, attachment: Attachment) -> Fetched | Lacking:
        facet = self.source.desk.attachments
        if not facet:
            raise Unsupported("the source does not offer its files", capability="attachments")
        hasher, size = hashlib.sha256(), 0
        path, target = self.spool.file()
        kept = False
        try:
            with target, facet.open(attachment) as stream:
                while chunk := stream.read(CHUNK):
                    if size == 0:
                        _check_kind(attachment, stream, chunk)
                    hasher.update(chunk)
                    size += len(chunk)
                    if attachment.size is not None and size > attachment.size:
                        raise Unusable(f"the download has more than its {attachment.size} bytes")
                    if self._too_large(size):
                        return self._refused_size(attachment)
                    _write(target, chunk)
            if attachment.size is not None and size != attachment.size:
                raise Unusable(f"the download has {size} bytes instead of {attachment.size}")
            kept = True
            return Fetched(attachment, path, hasher.hexdigest(), size)
        finally:
            if not kept:
                path.unlink(missing_ok=True)


def _write(target: BinaryIO, chunk: bytes) -> None:
    try:
        target.write(chunk)
    except OSError as error:
        raise Interrupted(
            f"the spool is full or cannot be written ({error.strerror}); free some disk space and run again"
        ) from None


def _is_odd(file: Fetched | Lacking) -> bool:
    """Whether a file whose size nobody told may be another answer: an empty one, or one that has no end."""
    return isinstance(file, Lacking) or file.size == 0


def _check_kind(attachment: Attachment, stream: BinaryIO, first: bytes) -> None:
    """Refuse a login or error page that came in place of the file, and a vendor's error in place of one of untold size."""
    kinds = f"{attachment.content_type or ''} {mimetypes.guess_type(attachment.filename)[0] or ''}"
    if "html" not in kinds and first.lstrip().lower().startswith(_HTML):
        raise Unusable("the download is a web page, not the file")
    answered = str(getattr(stream, "headers", {}).get("Content-Type", ""))
    if attachment.size is None and "json" in answered and kinds.strip() and "json" not in kinds:
        raise Unusable("the download is a JSON document, not the file")
