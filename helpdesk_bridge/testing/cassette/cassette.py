"""``Cassette``: recorded exchanges in a folder, one JSON file each and a manifest that says whether they are all there.

Bodies are redacted before they come here. An exchange's body is a JSON document, a text, or only the size of what was
neither.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from attrs import asdict, define, field, frozen

FORMAT: Final = 1
MANIFEST: Final = "cassette.json"
BASE: Final = "{base}"
"""Stands for the vendor's own origin in recorded addresses."""

Pairs = tuple[tuple[str, str], ...]


class CassetteError(ValueError):
    """A folder that is no whole cassette, or one of another vendor; the message says what is wrong and what to do."""


@frozen
class Content:
    """A body: ``json``, or ``text``, or the ``size`` of what was neither; ``type`` is its Content-Type."""

    type: str = ""
    json: Any = None
    text: str | None = None
    size: int = 0

    @property
    def is_json(self) -> bool:
        """Whether ``json`` is the body."""
        return self.text is None and self.size == 0 and self.type != ""

    def encoded(self) -> bytes:
        """Return the body as bytes; what was neither JSON nor text is zeros of the same number."""
        if self.text is not None:
            return self.text.encode()
        return json.dumps(self.json, ensure_ascii=False).encode() if self.is_json else bytes(self.size)


@frozen
class Exchange:
    """One request and its answer. ``path`` is below the vendor's origin."""

    method: str
    path: str
    query: Pairs
    sent: Content
    status: int
    headers: Pairs
    answer: Content

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Exchange:
        """Return what a file of a cassette holds. Raises ``KeyError`` or ``TypeError`` for anything else."""
        return cls(
            str(document["method"]),
            str(document["path"]),
            _pairs(document["query"]),
            Content(**document["sent"]),
            int(document["status"]),
            _pairs(document["headers"]),
            Content(**document["answer"]),
        )


def _pairs(listed: Iterable[Sequence[Any]]) -> Pairs:
    return tuple((str(name), str(value)) for name, value in listed)


@define
class CassetteWriter:
    """Writes exchanges as they come; ``close`` writes the manifest, without which a cassette counts as half of one."""

    folder: Path
    vendor: str
    _digests: dict[str, str] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(self.folder.iterdir()):
                raise CassetteError(f"{self.folder} is not empty; name a new folder for the cassette")
        except OSError as error:
            raise CassetteError(f"{self.folder} cannot be written: {error.strerror}") from None

    def add(self, exchange: Exchange) -> None:
        """Keep one exchange."""
        name = f"{len(self._digests) + 1:05}.json"
        self._digests[name] = self._write(name, asdict(exchange))

    def close(self) -> int:
        """Write the manifest; return how many exchanges there are."""
        manifest = {
            "format": FORMAT,
            "vendor": self.vendor,
            "recorded": datetime.now(UTC).date().isoformat(),
            "exchanges": self._digests,
        }
        self._write(MANIFEST, manifest)
        return len(self._digests)

    def _write(self, name: str, document: Mapping[str, Any]) -> str:
        data = (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
        aside = self.folder / f".{name}"
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        aside.replace(self.folder / name)
        return hashlib.sha256(data).hexdigest()


def load_cassette(folder: Path, vendor: str | None = None) -> tuple[str, Sequence[Exchange]]:
    """Return the vendor and the exchanges of a cassette, in order.

    Raises ``CassetteError`` for a folder that is none, half of one or changed since, and for one of another vendor.
    """
    manifest = _document(folder, MANIFEST, f"{folder} is no cassette, or half of one: it has no {MANIFEST}")
    if manifest.get("format") != FORMAT:
        raise CassetteError(f"{folder} was recorded by another version of helpdesk-bridge; record it again")
    recorded, names = str(manifest.get("vendor")), manifest.get("exchanges")
    if vendor is not None and recorded != vendor:
        raise CassetteError(f"{folder} is a cassette of {recorded}, not of {vendor}")
    if not isinstance(names, dict) or not names:
        raise CassetteError(f"{folder} holds no exchange; record it again")
    exchanges = []
    for name, digest in names.items():
        if Path(name).name != name:
            raise CassetteError(f"{folder / MANIFEST} names {name!r}, which is no file of a cassette")
        document = _document(folder, name, f"{folder} is half of a cassette: {name} is not there", digest)
        try:
            exchanges.append(Exchange.of(document))
        except (KeyError, TypeError, ValueError):
            raise CassetteError(f"{folder / name} is not an exchange; record the cassette again") from None
    return recorded, exchanges


def _document(folder: Path, name: str, missing: str, digest: str | None = None) -> dict[str, Any]:
    try:
        data = (folder / name).read_bytes()
    except FileNotFoundError:
        raise CassetteError(missing) from None
    except OSError as error:
        raise CassetteError(f"{folder / name} cannot be read: {error.strerror}") from None
    if digest is not None and hashlib.sha256(data).hexdigest() != digest:
        raise CassetteError(f"{folder / name} was changed or cut off since it was recorded; record the cassette again")
    try:
        document = json.loads(data)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise CassetteError(f"{folder / name} is not what a cassette holds; record it again")
    return document
