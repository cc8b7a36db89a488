"""``FileStore``: the bytes of attachments and media that a simulator holds."""

from __future__ import annotations

import threading
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote

from attrs import field, frozen

if TYPE_CHECKING:
    from datetime import datetime

    from helpdesk_bridge.testing.simulator.clock import SimulatorClock


@frozen
class StoredFile:
    """A stored file; ``id`` counts from 1."""

    id: int
    filename: str
    content_type: str
    content: bytes = field(repr=False)
    created: datetime


class FileStore:
    """Keeps files in memory, by number."""

    def __init__(self, clock: SimulatorClock) -> None:
        self._clock = clock
        self._files: dict[int, StoredFile] = {}
        self._next = 1
        self._lock = threading.Lock()

    def put(self, filename: str, content_type: str, content: bytes) -> StoredFile:
        """Store a file and return it with its number."""
        with self._lock:
            stored = StoredFile(self._next, filename, content_type, content, self._clock.now())
            self._files[stored.id] = stored
            self._next += 1
            return stored

    def get(self, file_id: int) -> StoredFile | None:
        """Return the file, or None."""
        return self._files.get(file_id)

    def remove(self, file_id: int) -> bool:
        """Remove a file; return whether it existed."""
        with self._lock:
            return self._files.pop(file_id, None) is not None

    def clear(self) -> None:
        """Remove all files and count from 1 again."""
        with self._lock:
            self._files.clear()
            self._next = 1

    def __len__(self) -> int:
        return len(self._files)


def content_disposition(filename: str, *, inline: bool = False) -> str:
    """Build a ``Content-Disposition`` value that carries any file name (RFC 6266, both spellings where needed)."""
    kind = "inline" if inline else "attachment"
    cleaned = "".join(character for character in filename if unicodedata.category(character) != "Cc")
    plain = unicodedata.normalize("NFKD", cleaned).encode("ascii", "ignore").decode("ascii")
    quoted = plain.replace("\\", "\\\\").replace('"', '\\"') or "file"
    value = f'{kind}; filename="{quoted}"'
    return value if plain == cleaned else f"{value}; filename*=UTF-8''{quote(cleaned, safe='', errors='replace')}"
