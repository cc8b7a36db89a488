"""Times on the wire: written in RFC 2822 style with the account's offset, read in almost any form."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

NOT_SET = "-"
"""The value of a time that is not set. observed: in clients' captures (`closed_at`, `last_response_at`)."""

_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_FARTHEST = 60_000_000_000
_SECONDS = re.compile(r"-?\d{1,12}")


def format_moment(seconds: int | None, zone: ZoneInfo) -> str:
    """Write unix seconds as `Mon, 05 May 2014 00:15:17 +0300`, or `-` for None.

    observed: samples on Deskie's pages; the offset changes with the account zone's daylight saving time.
    """
    if seconds is None:
        return NOT_SET
    return format_datetime(datetime.fromtimestamp(seconds, zone))


def parse_moment(value: Any, zone: ZoneInfo) -> int:
    """Read a time as PHP's `strtotime` would and return unix seconds; ValueError if it cannot be read.

    observed: clients send unix seconds, `2022-07-22`, `2026-01-31 00:00:00` and `01.11.2026`.
    assumed: ISO 8601 and RFC 2822 are read too, and text without an offset is in the account's zone.
    """
    if isinstance(value, bool):
        raise ValueError("a boolean is not a time")  # noqa: TRY004 - callers treat all unreadable times alike
    if isinstance(value, int | float):
        return _in_range(int(value))
    text = str(value).strip()
    if _SECONDS.fullmatch(text):
        return _in_range(int(text))
    moment = _read_text(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return _in_range(int(moment.astimezone(UTC).timestamp()))


def _in_range(seconds: int) -> int:
    if abs(seconds) > _FARTHEST:
        raise ValueError("the time is too far away to be written")
    return seconds


def _read_text(text: str) -> datetime:
    dotted = _DOTTED.fullmatch(text)
    if dotted:
        day, month, year, hour, minute, second = (int(part or 0) for part in dotted.groups())
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone is added by the caller
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)
