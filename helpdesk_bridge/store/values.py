"""Single values in the database: times as integers, and text in the form that searches compare."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, overload

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.text.plain import fold

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
UNIT: Final = "\x1f"
RECORD: Final = "\x1e"


@overload
def micros(moment: datetime, field: str = ...) -> int: ...
@overload
def micros(moment: None, field: str = ...) -> None: ...
@overload
def micros(moment: datetime | None, field: str = ...) -> int | None: ...
def micros(moment: datetime | None, field: str = "time") -> int | None:
    """Return an aware time as microseconds since 1970. Raises ``Invalid`` for a time without a zone."""
    if moment is None:
        return None
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise Invalid(f"{field} needs a time zone", field=field)
    return (moment - EPOCH) // _MICROSECOND


@overload
def moment_of(value: int) -> datetime: ...
@overload
def moment_of(value: None) -> None: ...
@overload
def moment_of(value: int | None) -> datetime | None: ...
def moment_of(value: int | None) -> datetime | None:
    """Return the time of microseconds since 1970, in UTC."""
    return None if value is None else EPOCH + timedelta(microseconds=value)


def folded(text: str | None) -> str | None:
    """Return ``text`` as searches compare it; None stays None."""
    return None if text is None else fold(text)
