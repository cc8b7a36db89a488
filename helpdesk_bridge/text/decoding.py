"""Text at the door: vendors' text is made valid once, the caller's own is checked and never changed.

Vendors, files and webhooks send what no text can hold: half an emoji, as systems give that cut by UTF-16 units; NUL,
which ends a text for SQL and for many programs; files hold bytes that are not UTF-8. Here it becomes U+FFFD, is counted and
announced, and nothing inside has to ask again. The caller's own words are never mended: they are refused, because the
caller can correct them.
"""

from __future__ import annotations

import enum
import logging
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import attrs

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.portable.value import Portable

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_UNFIT: Final = re.compile("[\x00\ud800-\udfff]")
_UTF16: Final = "utf-16-le"

logger = logging.getLogger("helpdesk_bridge.text.plain")


class Odd(enum.Enum):
    """What was replaced."""

    HALF = "halves of characters"
    NUL = "NUL characters"
    BYTES = "bytes that are not UTF-8"
    NUMBER = "numbers too large to reckon with"


@attrs.frozen(kw_only=True)
class TextMended(Portable):
    """A desk sent text that cannot be decoded as it is; ``count`` in the document where it was first seen.

    It comes once a kind and desk; ``desk.mended`` goes on counting.
    """

    vendor: str
    desk: str
    kind: str
    count: int


class Mending:
    """Counts what was replaced in the documents of one desk, and announces each kind once. Safe between threads."""

    def __init__(self, vendor: str, desk: str, publish: Callable[[object], None]) -> None:
        self._vendor = vendor
        self._desk = desk
        self._publish = publish
        self._lock = new_lock()
        self._counts: Counter[Odd] = Counter()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many places were replaced so far, by what stood there."""
        with self._lock:
            return {kind.value: count for kind, count in self._counts.items()}

    def note(self, odd: Mapping[Odd, int]) -> None:
        """Add what was replaced in one document."""
        with self._lock:
            new = [kind for kind in odd if kind not in self._counts]
            self._counts.update(odd)
        for kind in new:
            becomes = "kept as text" if kind is Odd.NUMBER else "replaced by U+FFFD"
            logger.warning(
                "%s (%s) says %s; each is %s",
                self._desk,
                self._vendor,
                kind.value,
                becomes,
                extra={"event": "text.mended", "vendor": self._vendor, "desk": self._desk, "kind": kind.value},
            )
            self._publish(TextMended(vendor=self._vendor, desk=self._desk, kind=kind.value, count=odd[kind]))


def decoded(body: bytes, odd: Counter[Odd]) -> str:
    """Return UTF-8 as text; invalid bytes become U+FFFD and are counted."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
    odd[Odd.BYTES] += text.count(REPLACEMENT) - body.count(REPLACEMENT.encode())
    return text


def mended(text: str, odd: Counter[Odd] | None = None) -> str:
    """Return ``text`` with U+FFFD for NUL and for each half of a character; ``odd`` counts them."""
    if _fits(text):
        return text
    nuls, known = text.count("\x00"), text.count(REPLACEMENT)
    # By way of UTF-16, so that two halves that belong together become the character that they are.
    whole = text.encode(_UTF16, "surrogatepass").decode(_UTF16, "replace")
    if odd is not None:
        for kind, count in ((Odd.NUL, nuls), (Odd.HALF, whole.count(REPLACEMENT) - known)):
            if count:
                odd[kind] += count
    return whole.replace("\x00", REPLACEMENT)


def mended_tree(value: Any, odd: Counter[Odd]) -> Any:
    """Return a document of lists, objects and scalars with all its texts mended, the names of members too."""
    if isinstance(value, str):
        return mended(value, odd)
    if isinstance(value, dict):
        return {mended(name, odd): mended_tree(one, odd) for name, one in value.items()}
    if isinstance(value, list):
        return [mended_tree(member, odd) for member in value]
    return value


def _fits(text: str) -> bool:
    return "\x00" not in text if text.isascii() else _UNFIT.search(text) is None


def judge(value: object, field: str = "") -> None:
    """Raise ``Invalid`` if the caller's value contains what no vendor can store; the message never quotes the value.

    That is an unpaired surrogate, NUL, NaN or an infinity, and a number that JSON would round: vendors read numbers as
    floats of 64 bits (RFC 8259, section 6). Values are looked into as deep as they go.
    """
    if isinstance(value, str):
        _judge_text(value, field)
    elif isinstance(value, (int, float, Decimal)):
        _judge_number(value, field)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            judge(name, field)
            judge(one, f"{field}.{name}")
    elif isinstance(value, (tuple, list, set, frozenset)):
        for one in value:
            judge(one, field)
    elif attrs.has(cls := type(value)):
        for attribute in attrs.fields(cls):
            judge(getattr(value, attribute.name), field or attribute.name)


def _judge_text(text: str, field: str) -> None:
    if not _fits(text):
        what = "NUL" if "\x00" in text else "half a character (a lone surrogate)"
        raise Invalid(f"{field} holds {what}, which no vendor can take; remove it", field=field)


def _judge_number(number: float | Decimal, field: str) -> None:
    if isinstance(number, bool):
        return
    try:
        nearest = float(number)
    except (OverflowError, ValueError):  # an int beyond all floats, a signalling NaN
        nearest = math.nan
    if isinstance(number, (float, Decimal)) and not Decimal(number).is_finite():
        raise Invalid(f"{field} is no finite number", field=field)
    kept = math.isfinite(nearest) and (Decimal(repr(nearest)) if isinstance(number, Decimal) else nearest) == number
    if not kept:
        raise Invalid(f"{field} has more digits than JSON carries exactly; write it as text", field=field)


__all__ = ["REPLACEMENT", "Mending", "Odd", "TextMended", "decoded", "judge", "mended", "mended_tree"]
