"""Ids for vendors that give none, and digests by which files and threads are compared."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import BinaryIO

from helpdesk_bridge.model.values import Body
from helpdesk_bridge.text.plain import digest, squash


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


def text_digest(text: str | None) -> str | None:
    """Return the digest of a text as readers see it; None for no text."""
    return digest(squash(text)) if text and squash(text) else None


def body_digest(body: Body) -> str | None:
    """Return the digest of a body. Markup counts before a text beside it, which may word it differently."""
    return text_digest(body.text if body.html is None else Body(html=body.html).text)


def file_digest(stream: BinaryIO) -> tuple[str, int]:
    """Return the SHA-256 of a stream in hex, and its length in bytes; the stream is read to its end."""
    hasher = hashlib.sha256()
    size = 0
    while chunk := stream.read(65536):
        hasher.update(chunk)
        size += len(chunk)
    return hasher.hexdigest(), size
