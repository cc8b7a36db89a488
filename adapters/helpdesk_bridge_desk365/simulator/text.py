"""Text on the wire: times, JSON, the lossy plain text of HTML, and comma strings."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from attrs import frozen

NEVER: Final = "1970-01-01 00:00:00"
"""The update time of a record that was never updated. observed: Desk365 companies list, dossier section 6.5."""

INLINE_ORIGIN: Final = "inline-image-origin.invalid://"
"""Stands for the host of public inline images in stored HTML until a request tells the simulator's own address."""

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")
_TAG: Final = re.compile(r"<[^<>]*>")
_ENTITY_BUT_SPACE: Final = re.compile(r"&(?!nbsp;)#?\w{1,32};")
_ESCAPED_BY_JACKSON: Final = re.compile("[\ud800-\udfff\U00010000-\U0010ffff]")


def whole_second(moment: datetime) -> datetime:
    """Return the moment in UTC without fractions: the finest thing Desk365 can say. observed: dossier section 8."""
    return moment.astimezone(UTC).replace(microsecond=0)


def time_text(moment: datetime | None) -> str | None:
    """`YYYY-MM-DD HH:MM:SS` in UTC without a zone mark. observed: dossier section 8."""
    return None if moment is None else moment.isoformat(" ", "seconds")[:19]


def parse_time(text: str) -> datetime | None:
    """Return the moment that `YYYY-MM-DD HH:MM:SS` names in UTC, or None if the text is not of that form."""
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def whole_number(text: str) -> int | None:
    """Return the number that a query parameter spells in digits, or None."""
    return int(text) if _NUMBER.fullmatch(text) else None


def minutes_between(start: datetime, end: datetime | None) -> int | None:
    """Whole minutes, rounded down. documented: Desk365 API, "first_assigned_duration": 1440 is one day."""
    return None if end is None else int((end - start).total_seconds() // 60)


def lossy_text(markup: str) -> str:
    """Return what Desk365 calls `description_text`: tags cut out with nothing in their place, `&nbsp;` left as it is.

    observed: dossier section 3.1. May be "".
    """
    return _ENTITY_BUT_SPACE.sub(lambda match: html.unescape(match.group()), _TAG.sub("", markup)).strip()


def comma_list(text: str) -> list[str]:
    """Return the e-mail addresses of a comma string, blanks dropped. documented: OpenAPI, cc_emails."""
    return [part.strip() for part in text.split(",") if part.strip()]


def comma_text(parts: list[str] | tuple[str, ...]) -> str | None:
    """Return the parts joined by commas; None for none, because Desk365 returns empty values as null."""
    return ",".join(parts) or None


@frozen
class RawJson:
    """JSON text that was rendered before and goes into a document unchanged."""

    text: str


def encode(value: Any) -> str:
    """JSON as Jackson pretty-prints it: `"key" : value`, characters beyond the BMP as surrogate escapes.

    observed: dossier section 1.3.
    """
    text = json.dumps(value, ensure_ascii=False, indent=2, separators=(",", " : "))
    return _ESCAPED_BY_JACKSON.sub(lambda match: json.dumps(match.group())[1:-1], text)


def encode_page(document: dict[str, Any]) -> str:
    """Encode a flat document whose values may be lists of `RawJson`: such rows are not rendered again."""
    members = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], RawJson):
            text = "[ " + ", ".join(row.text for row in value) + " ]"
        else:
            text = encode(value)
        members.append(f"  {encode(key)} : {text}")
    return "{\n" + ",\n".join(members) + "\n}"
