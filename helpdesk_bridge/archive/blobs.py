"""Files by content: the bytes of each file once, named by their SHA-256."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from helpdesk_bridge.archive.outcome import storing
from helpdesk_bridge.private_files import make_private_folder

_CHUNK: Final = 256 * 1024
_PARTIAL: Final = ".partial-"


class Blobs:
    """A folder of contents. A content is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha: str) -> Path:
        """Return where a content is."""
        return self.folder / sha[:2] / sha

    def has(self, sha: str) -> bool:
        """Whether a content is there."""
        return self.path(sha).is_file()

    def keep(self, stream: BinaryIO) -> tuple[str, int]:
        """Write a content; return its digest and size. What the stream raises comes out as it is."""
        with storing(f"the folder {self.folder}"):
            make_private_folder(self.folder)
            handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=_PARTIAL)
            try:
                hasher, size = hashlib.sha256(), 0
                with os.fdopen(handle, "wb") as target:
                    while data := stream.read(_CHUNK):
                        hasher.update(data)
                        size += len(data)
                        target.write(data)
                    target.flush()
                    os.fsync(target.fileno())
                path = self.path(hasher.hexdigest())
                make_private_folder(path.parent)
                Path(temporary).replace(path)
            except BaseException:
                with suppress(OSError):
                    Path(temporary).unlink()
                raise
        return hasher.hexdigest(), size

    def clean(self) -> None:
        """Remove what a process that was killed left half written."""
        for one in self.folder.glob(f"{_PARTIAL}*") if self.folder.is_dir() else ():
            with suppress(FileNotFoundError):
                one.unlink()
