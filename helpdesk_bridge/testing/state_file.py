"""The state file of a simulator: a head, and a line for each change since, written before it is answered.

A line is a checksum and a JSON document. A process that is killed in the middle of one leaves a line without its end,
which the next one takes off; a line before it that does not fit its checksum is damage.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any, Final

import attrs

from helpdesk_bridge.private_files import write_private

FORMAT: Final = 1
_MARK: Final = "helpdesk_bridge_simulator_state"
_LONGEST_HEAD: Final = 1 << 20


class StateFileError(ValueError):
    """A state file cannot be used; the message is one line."""


class StateFile:
    """An open state file; no other process has it meanwhile.

    Raises ``StateFileError`` with one line for a file that cannot be used; it is left as it is.
    """

    def __init__(self, path: str | os.PathLike[str], head: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.failure = ""
        """Why nothing can be written any more."""
        self._head = {_MARK: FORMAT, **head}
        self._size = 0
        try:
            if not self.path.exists() or self.path.stat().st_size == 0:
                write_private(self.path, _line(self._head))
            self._stream = self._locked()
        except OSError as error:
            raise StateFileError(f"{path} cannot be used as a state file: {error.strerror}") from None
        try:
            self.head = self._checked_head()
        except BaseException:
            self._stream.close()
            raise

    def _locked(self) -> FileIO:
        stream = FileIO(self.path, "r+b")  # without a buffer: what could not be written is not tried again
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.close()
            raise StateFileError(f"{self.path} is in use by another simulator; stop it, or name another file") from None
        return stream

    def _checked_head(self) -> Mapping[str, Any]:
        self._stream.seek(0)
        with self._reader() as lines:
            first = lines.readline(_LONGEST_HEAD)
        head, self._size = _read(first), len(first)
        if head is None or _MARK not in head:
            raise StateFileError(f"{self.path} is not a state file of a simulator; it is left as it is, name another")
        if head[_MARK] != FORMAT:
            raise StateFileError(
                f"{self.path} has the form {head[_MARK]!r} of a state file; this version reads {FORMAT}"
            )
        for key, said in _DIFFERENCES.items():
            if head.get(key) != self._head.get(key):
                raise StateFileError(
                    f"{self.path} is {said.format(there=_told(head, key), here=_told(self._head, key))}"
                )
        return head

    def entries(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the changes so far, each with its line's number; a last line that was cut off is taken off the file."""
        self._stream.seek(self._size)
        with self._reader() as lines:
            for number, line in enumerate(lines, start=2):
                entry = _read(line)
                if entry is None:
                    if line.endswith(b"\n") and lines.peek(1):
                        where = f"{self.path} is damaged in line {number}"
                        raise StateFileError(f"{where}; restore it, or name another file")
                    self._stream.truncate(self._size)
                    return
                self._size += len(line)
                yield number, entry

    def _reader(self) -> BufferedReader:
        return BufferedReader(FileIO(os.dup(self._stream.fileno()), "rb"))

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write a change. If that fails, the file stays as it was, and ``failure`` says why nothing more is written."""
        line = _line(entry)
        try:
            self._stream.seek(self._size)
            left = memoryview(line)
            while left:
                left = left[self._stream.write(left) :]
        except OSError as error:
            self.failure = error.strerror or type(error).__name__
            self._stream.truncate(self._size)
            return
        self._size += len(line)

    def start_over(self, head: Mapping[str, Any]) -> None:
        """Forget all changes. Whoever is killed meanwhile leaves the file of before or the new one."""
        self._head = {_MARK: FORMAT, **head}
        write_private(self.path, _line(self._head))
        before, self._stream = self._stream, self._locked()
        before.close()
        self.head = self._checked_head()
        self.failure = ""

    def close(self) -> None:
        """Give the file to others."""
        self._stream.close()


_DIFFERENCES: Final = {
    "vendor": "the state of another vendor's simulator: of {there}, not of {here}",
    "version": "of another version: of {there}, and this one is {here}; start with a new file",
    "settings": "of an account with other switches: {there}, not {here}; start with the same ones, or a new file",
    "data": "of another seed: it began {there}; begin with the same, or with a new file",
}


def _told(head: Mapping[str, Any], key: str) -> str:
    if key == "data":
        return str(head.get("made_with") or "with other records")
    value = head.get(key)
    if isinstance(value, dict):
        return ", ".join(f"{name}={one}" for name, one in sorted(value.items())) or "the usual ones"
    return str(value)


def _line(entry: Mapping[str, Any]) -> bytes:
    text = json.dumps(entry, ensure_ascii=True, separators=(",", ":")).encode()
    return b"%08x %b\n" % (zlib.crc32(text), text)


def _read(line: bytes) -> dict[str, Any] | None:
    """Return what a line says; None if it is not whole."""
    check, _, text = line.partition(b" ")
    if not line.endswith(b"\n") or check != b"%08x" % zlib.crc32(text[:-1]):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def digest_of(value: Any) -> str:
    """Return a digest of a dataset: every text, number, time and byte of its records counts."""
    found = hashlib.sha256()
    _digest(value, found)
    return found.hexdigest()


def _digest(value: Any, found: Any) -> None:
    if attrs.has(type(value)):
        found.update(f"({type(value).__name__}".encode())
        for one in attrs.fields(type(value)):
            _digest(getattr(value, one.name), found)
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            _digest((str(key), value[key]), found)
    elif isinstance(value, (tuple, list)):
        found.update(b"[")
        for one in value:
            _digest(one, found)
    elif isinstance(value, (set, frozenset)):
        _digest(sorted(value, key=str), found)
    elif isinstance(value, bytes):
        found.update(b"b%d:" % len(value))
        found.update(value)
    else:
        text = f"{type(value).__name__}:{value}".encode("utf-8", "surrogatepass")
        found.update(b"%d:" % len(text))
        found.update(text)


# What a simulator draws by chance is drawn again when a change is repeated

_drawing: Final = threading.local()


@contextmanager
def drawn_from(seed: int) -> Iterator[None]:
    """Draw by a seed, within this thread and block."""
    before = getattr(_drawing, "source", None)
    _drawing.source = random.Random(seed)  # noqa: S311 - identifiers of a simulator, no secret
    try:
        yield
    finally:
        _drawing.source = before


def new_seed() -> int:
    """Return a seed for a change."""
    return random.SystemRandom().getrandbits(53)


def chance() -> random.Random:
    """Return what a simulator draws identifiers from: by the change's seed if it keeps its state, else by the system."""
    source: random.Random | None = getattr(_drawing, "source", None)
    return source or random.SystemRandom()


__all__ = ["StateFile", "StateFileError", "chance", "digest_of", "drawn_from", "new_seed"]
