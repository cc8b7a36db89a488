"""Ids where a vendor gives none, and digests by which files and threads are compared."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import BinaryIO

from helpdesk_bridge.text import digest


def synthetic_ids(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return an id for each message of a thread, oldest first: ``~``, a digest of its parts, an ordinal among equals.

    The parts are ticket id, the vendor's own time text, author, kind and body. Real threads hold exact duplicates, so
    equal parts are told apart by their order: ``~1f…-1``, ``~1f…-2``.
    """
    seen: Counter[str] = Counter()
    ids = []
    for values in parts:
        key = digest(*values)
        seen[key] += 1
        ids.append(f"~{key}-{seen[key]}")
    return tuple(ids)


def file_digest(stream: BinaryIO) -> tuple[str, int]:
    """Return the SHA-256 of a stream in hex, and its length in bytes; the stream is read to its end."""
    hasher = hashlib.sha256()
    size = 0
    while chunk := stream.read(65536):
        hasher.update(chunk)
        size += len(chunk)
    return hasher.hexdigest(), size
