"""Target: the folder of an export. Each file in it is written whole or not at all, and readable by its owner alone."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from helpdesk_bridge.archive.lock import FolderLock
from helpdesk_bridge.archive.outcome import WrongFolder, storing
from helpdesk_bridge.export.formats import Format
from helpdesk_bridge.export.manifest import NAME, Kind, Manifest, Part, read_manifest
from helpdesk_bridge.export.tables import Table
from helpdesk_bridge.private_files import (
    OWNER_FILE,
    OWNER_FOLDER,
    make_private_folder,
    tighten,
    why_not_mine,
)

_LOCK: Final = ".lock"
_PARTIAL: Final = ".partial-"
_CHUNK: Final = 1024 * 1024
FILES: Final = "attachments"
"""The folder of the files' bytes."""


class Target:
    """The folder. Raises ``WrongFolder`` if it holds anything but an export of this kind, ``FolderInUse`` if it is in use."""

    def __init__(self, folder: Path, kind: Kind) -> None:
        self.folder = folder
        with storing(str(folder)):
            self._check(kind)
            make_private_folder(folder)
            tighten(folder, OWNER_FOLDER, "the export")
            self._lock = FolderLock(folder / _LOCK, f"the export {folder}")
        try:
            self._check(kind)
            self.manifest = read_manifest(folder) or Manifest(kind=kind)
            self._clean()
        except BaseException:
            self._lock.release()
            raise

    def _check(self, kind: Kind) -> None:
        folder = self.folder
        reason = why_not_mine(folder)
        if reason is not None:
            raise WrongFolder(f"{folder} {reason}; it was left as it is")
        if folder.exists() and not folder.is_dir():
            raise WrongFolder(f"{folder} is a file; --to names a folder")
        found = read_manifest(folder) if folder.is_dir() else None
        if found is None:
            if folder.is_dir() and {one.name for one in folder.iterdir()} - {_LOCK}:
                raise WrongFolder(f"{folder} holds other files and no export; name an empty or a new folder")
            return
        differs = kind.differs(found.kind)
        if differs is not None:
            raise WrongFolder(f"{folder} {differs}; export into another folder, or remove this one")

    def _clean(self) -> None:
        """Remove what a process that was killed left half written."""
        with storing(str(self.folder)):
            for one in (*self.folder.rglob(f"{_PARTIAL}*"), *self.folder.glob(f".{NAME}.*")):
                one.unlink()

    def write(
        self,
        paths: Mapping[str, str],
        format: Format,
        tables: Sequence[Table],
        state: str,
        records: Iterable[tuple[str, Any]],
        replaced: Callable[[], Mapping[str, Mapping[str, int]]],
    ) -> list[Part]:
        """Write several files in one pass over the records; ``paths`` says which table goes into which.

        ``replaced`` is asked at the end. What ``records`` raises comes out as it is.
        """
        of_path: dict[str, list[Table]] = {}
        for table in tables:
            of_path.setdefault(paths[table.name], []).append(table)
        rows = {path: dict.fromkeys((table.name for table in known), 0) for path, known in of_path.items()}
        partials = {path: self._partial(path) for path in of_path}
        sheets: dict[str, Any] = {}
        try:
            with storing(f"the export {self.folder}"):
                for path, known in of_path.items():
                    sheets[path] = format.open(partials[path], known)
                for name, record in records:
                    sheets[paths[name]].add(name, record)
                    rows[paths[name]][name] += 1
                for sheet in sheets.values():
                    sheet.close()
                counted = replaced()
                return [
                    self._kept(path, partials[path], rows[path], state, counted if number == 0 else {})
                    for number, path in enumerate(of_path)
                ]
        except BaseException:
            for path, sheet in sheets.items():
                with suppress(Exception):
                    sheet.abandon()
                with suppress(OSError):
                    partials[path].unlink()
            raise

    def _partial(self, path: str) -> Path:
        whole = self.folder / path
        partial = whole.with_name(f"{_PARTIAL}{whole.name}")
        with storing(f"the export {self.folder}"):
            make_private_folder(whole.parent)
            os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, OWNER_FILE))
        return partial

    def _kept(
        self, path: str, partial: Path, rows: dict[str, int], state: str, replaced: Mapping[str, Mapping[str, int]]
    ) -> Part:
        hasher, size = hashlib.sha256(), 0
        with partial.open("rb+") as stream:
            while data := stream.read(_CHUNK):
                hasher.update(data)
                size += len(data)
            os.fsync(stream.fileno())
        partial.replace(self.folder / path)
        return Part(path=path, rows=rows, bytes=size, sha256=hasher.hexdigest(), state=state, replaced=replaced)

    def remove(self, path: str) -> None:
        """Remove a file that the export no longer has, and its folder if that is empty now."""
        with storing(f"the export {self.folder}"):
            whole = self.folder / path
            with suppress(FileNotFoundError):
                whole.unlink()
            with suppress(OSError):
                whole.parent.rmdir()

    def link(self, source: Path, sha: str) -> str:
        """Put the bytes of a file into the export, by reference if that is possible; return their path in it."""
        path = f"{FILES}/{sha[:2]}/{sha}"
        whole = self.folder / path
        if whole.exists():
            return path
        with storing(f"the export {self.folder}"):
            make_private_folder(whole.parent)
            try:
                os.link(source, whole)
            except OSError:
                partial = whole.with_name(f"{_PARTIAL}{sha}")
                shutil.copyfile(source, partial)
                partial.chmod(OWNER_FILE)
                partial.replace(whole)
        return path

    def unlink_others(self, wanted: frozenset[str]) -> None:
        """Remove the bytes of files that the export no longer names."""
        folder = self.folder / FILES
        if not folder.is_dir():
            return
        with storing(f"the export {self.folder}"):
            for one in folder.glob("*/*"):
                if one.name not in wanted:
                    self.remove(one.relative_to(self.folder).as_posix())

    def release(self) -> None:
        """Let others in."""
        self._lock.release()


__all__ = ["FILES", "NAME", "Target"]
