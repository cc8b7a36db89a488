"""JSON to and from bytes: one meaning for every document, whether orjson is installed or not.

orjson reads quickly what both readers understand alike. What they would tell apart (integers beyond 64 bits, halves of
characters, numbers beyond floats) is read by the standard library in both installations.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any, Final

from helpdesk_bridge.errors import BadResponse, Invalid
from helpdesk_bridge.text.decoding import Mending, Odd, mended_tree

try:
    import orjson
except ImportError:  # the extra "fast" is not installed
    orjson = None  # type: ignore[assignment]

DEPTH_LIMIT: Final = 64
"""How deep a document may be nested; no vendor's goes below ten, and readers differ in where they give up."""

# orjson reads an integer beyond 64 bits as a float; the shortest of them has 19 digits.
_LONG_NUMBER: Final = b"0" * 19
_DIGITS_ALIKE: Final = bytes.maketrans(b"123456789", b"0" * 9)
_BOM: Final = b"\xef\xbb\xbf"
_CONTAINERS: Final = (dict, list)


def loads(body: bytes, *, status: int | None = None, mending: Mending | None = None) -> Any:
    """Return the document in ``body``, its texts made valid; ``mending`` is told what had to be replaced.

    Raises ``BadResponse`` at path ``$`` that quotes nothing of it.
    """
    try:
        document, odd = parse(body)
    except ValueError:
        # The original error holds the whole body, which is customers' text.
        problem = BadResponse(f"the answer is not JSON ({describe(body)})", path="$", status=status)
    else:
        if odd and mending is not None:
            mending.note(odd)
        return document
    raise problem


def parse(body: bytes | str, *, any_unicode: bool = False) -> tuple[Any, Counter[Odd]]:
    """Return the document in ``body``, its texts made valid, and what had to be replaced. Raises ``ValueError``.

    Bytes are UTF-8 (RFC 8259, section 8.1), with ``any_unicode`` also UTF-16 and UTF-32; others are no JSON.
    """
    odd: Counter[Odd] = Counter()
    try:
        document, whole = (None, False) if isinstance(body, str) else _quick(body)
        if not whole:
            text = body if isinstance(body, str) else _decoded(body, any_unicode=any_unicode)
            document = _exact(text, odd)
    except RecursionError:
        problem = ValueError("nested too deeply")
    else:
        _check_depth(document)
        if not whole or (isinstance(body, bytes) and b"\\u0000" in body):
            document = mended_tree(document, odd)
        return document, odd
    raise problem


def _quick(body: bytes) -> tuple[Any, bool]:
    """Return what orjson reads, and whether it is the whole truth; half a character is an error to it."""
    if orjson is None or _LONG_NUMBER in body.translate(_DIGITS_ALIKE):
        return None, False
    try:
        return orjson.loads(body), True
    except orjson.JSONDecodeError:
        return None, False  # judged by the standard library, so that both installations read the same documents


def _decoded(body: bytes, *, any_unicode: bool) -> str:
    return body.decode(json.detect_encoding(body)) if any_unicode else body.removeprefix(_BOM).decode()


def _exact(text: str, odd: Counter[Odd]) -> Any:
    def whole(digits: str) -> int | str:
        try:
            return int(digits)
        except ValueError:  # more digits than Python converts, which guards against the time that takes
            odd[Odd.NUMBER] += 1
            return digits

    def fraction(digits: str) -> float | str:
        number = float(digits)
        if math.isfinite(number):
            return number
        odd[Odd.NUMBER] += 1
        return digits

    return json.loads(text, parse_constant=_no_constant, parse_int=whole, parse_float=fraction)


def _no_constant(name: str) -> Any:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _check_depth(document: Any) -> None:
    # Exact types, because every answer passes here: no reader of JSON makes others.
    level = [document] if type(document) in _CONTAINERS else []
    for _ in range(DEPTH_LIMIT):
        level = [
            inner
            for one in level
            for inner in (one.values() if type(one) is dict else one)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return
    raise ValueError("nested too deeply")


def dumps(document: Any) -> bytes:
    """Return the document as UTF-8 JSON; ``Invalid`` if it holds something that JSON cannot carry.

    The standard library writes in every installation: orjson writes NaN as null and knows types that JSON does not.
    """
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
