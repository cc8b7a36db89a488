"""Manifest: what an export holds, whether it is complete, what it cost, and the checksums of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import asdict, field, frozen

from helpdesk_bridge.archive.outcome import WrongFolder, storing
from helpdesk_bridge.private_files import write_private

NAME: Final = "manifest.json"
VERSION: Final = 1
_LARGEST: Final = 64 * 1024 * 1024


@frozen(kw_only=True)
class Part:
    """A file of an export: its path in the folder, its rows by table, size and SHA-256.

    ``state`` tells the state of the records that it was written from; ``replaced`` what pseudonyms took the place of.
    """

    path: str
    rows: Mapping[str, int]
    bytes: int
    sha256: str
    state: str
    replaced: Mapping[str, Mapping[str, int]] = field(factory=dict)


@frozen(kw_only=True)
class Kind:
    """What an export is of and how it is written: a folder keeps to one."""

    vendor: str
    account: str
    format: str
    form: str
    notes: bool
    pseudonyms: str | None
    files: bool
    scope: Mapping[str, Any]

    def differs(self, other: Kind) -> str | None:
        """Return what differs from another export, in words; None if nothing does."""
        if self.pseudonyms != other.pseudonyms:  # an account has its pseudonym as well
            return (
                "holds an export with other pseudonyms: --pseudonymise was given in one case alone, or with another key"
            )
        if (self.vendor, self.account) != (other.vendor, other.account):
            return f"holds an export of {other.vendor} {other.account}"
        for name, words in _WORDS.items():
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                shown = f" ({theirs})" if isinstance(theirs, str) and name in ("format", "form") else ""
                return f"holds an export with {words}{shown}"
        return None


_WORDS: Final = {
    "format": "another --format",
    "form": "another --form",
    "notes": "another choice of --notes",
    "files": "another choice of --files",
    "scope": "other tickets chosen",
}


@frozen(kw_only=True)
class Manifest:
    """The manifest as a value. ``complete`` is False while an export is being written, and if anything is missing.

    ``written`` says that all files are those of the last run, ``problems`` what that run could not read.
    """

    kind: Kind
    complete: bool = False
    written: bool = False
    problems: tuple[str, ...] = ()
    desk: Mapping[str, str] = field(factory=dict)
    library: str = ""
    schema: str = ""
    tables: Mapping[str, Any] = field(factory=dict)
    run: Mapping[str, Any] = field(factory=dict)
    spent: Mapping[str, Any] = field(factory=dict)
    counts: Mapping[str, int] = field(factory=dict)
    attachments: Mapping[str, int] = field(factory=dict)
    pseudonyms: Mapping[str, Any] = field(factory=dict)
    files: tuple[Part, ...] = ()

    def parts(self) -> dict[str, Part]:
        """Return the files by their path."""
        return {part.path: part for part in self.files}

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"manifest_version": VERSION, **asdict(self)}

    def write(self, folder: Path) -> None:
        """Write it, whole or not at all."""
        with storing(f"the manifest in {folder}"):
            text = json.dumps(self.document(), ensure_ascii=False, indent=1)
            write_private(folder / NAME, f"{text}\n".encode())


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a folder; None if it has none. Raises ``WrongFolder`` for what is no manifest."""
    path = folder / NAME
    if not path.exists():
        return None
    try:
        with storing(str(path)), path.open("rb") as stream:
            document = json.loads(stream.read(_LARGEST))
    except ValueError:
        raise _no_manifest(path) from None
    if not isinstance(document, dict) or type(document.get("manifest_version")) is not int:
        raise _no_manifest(path)
    if document.pop("manifest_version") > VERSION:
        raise WrongFolder(f"{path} was written by a newer helpdesk-bridge; update it here too")
    try:
        kind = Kind(**document.pop("kind"))
        files = tuple(Part(**part) for part in document.pop("files"))
        return Manifest(kind=kind, files=files, problems=tuple(document.pop("problems")), **document)
    except (KeyError, TypeError):
        raise _no_manifest(path) from None


def _no_manifest(path: Path) -> WrongFolder:
    return WrongFolder(f"{path} is no manifest of an export; name another folder, or remove this one")
