"""Times in Desk365's format."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from helpdesk_bridge_desk365.wire.documents import Moment

# Observed: "1970-01-01 00:00:00" means "never" in a company's updated_on. Assumed: elsewhere too.
NEVER: Final = "1970-01-01"
_NEVERS_YEAR: Final = NEVER[:4]
_USUAL_LENGTH: Final = len("2026-01-31 09:15:00")
_SECONDS: Final = len("2026-01-31 09:15")
_TIME_FORMAT: Final = "%Y-%m-%d %H:%M:%S"


def read_moment(text: str) -> Moment:
    """Return a time; the vendor's word for never and an empty text give none. Raises ``ValueError``."""
    # Observed, three ways: times without a zone are UTC.
    if len(text) == _USUAL_LENGTH and text[_SECONDS] == ":" and text[:4] != _NEVERS_YEAR:
        return Moment(text, datetime.fromisoformat(f"{text}+00:00"))
    text = text.strip()
    if not text or text.startswith(NEVER):
        return Moment(text)
    parsed = datetime.fromisoformat(text)
    return Moment(text, parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC))


def time_text(moment: datetime) -> str:
    """Return a time as Desk365 writes it: UTC, whole seconds, no zone mark (observed)."""
    return moment.astimezone(UTC).strftime(_TIME_FORMAT)
