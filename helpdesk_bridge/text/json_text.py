"""JSON to and from bytes, by orjson where it is installed, with the same results and errors without it."""

from __future__ import annotations

import json
from typing import Any

from helpdesk_bridge.errors import BadResponse, Invalid

try:
    import orjson
except ImportError:  # the extra "fast" is not installed
    orjson = None  # type: ignore[assignment]

_BOM = b"\xef\xbb\xbf"


def _no_constant(name: str) -> Any:
    message = f"{name} is not JSON"
    raise ValueError(message)


def loads(body: bytes, *, status: int | None = None) -> Any:
    """Return the document in ``body``; ``BadResponse`` at path ``$`` that quotes nothing of it."""
    if orjson is not None:
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass  # judged below by the standard library, so that both installations read the same documents
    try:
        return json.loads(body.removeprefix(_BOM).decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        # The original error holds the whole body, which is customers' text.
        problem = BadResponse(f"the answer is not JSON ({describe(body)})", path="$", status=status)
    raise problem


def dumps(document: Any) -> bytes:
    """Return the document as UTF-8 JSON; ``Invalid`` if it holds something that JSON cannot carry."""
    if orjson is not None:
        try:
            return orjson.dumps(document)
        except orjson.JSONEncodeError:
            pass  # integers above 64 bits are fine for the standard library
    try:
        return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        problem = Invalid(f"a value of the request cannot be written as JSON ({type(error).__name__})", field="json")
    raise problem


def describe(body: bytes) -> str:
    """Say what a body looks like without quoting it."""
    start = body[:256].lstrip().lower()
    if not body:
        return "empty"
    if start.startswith((b"<!doctype", b"<html", b"<")):
        return f"HTML or XML, {len(body)} bytes"
    if start.startswith((b"{", b"[")):
        return f"cut off or malformed, {len(body)} bytes"
    return f"{len(body)} bytes of something else"
