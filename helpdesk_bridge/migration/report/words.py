"""Report words: what a manager reads instead of states, field names and numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup

from helpdesk_bridge.migration.plan.outcomes import IN_A_NOTE
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.fields import RECORDS
from helpdesk_bridge.text import display
from helpdesk_bridge.text.plain import digest

LONGEST: Final = 1200
MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
_EMAIL: Final = re.compile(r"""(?:"[^"]*"|[^\s@<>"=,;:]*)@[^\s@<>"=,;:]+""")
_AROUND: Final = "'()[]{}.!?"
_FIELDS: Final = {
    name: words for table in RECORDS.values() for field in table.values() for name, words in field.words.items()
}
_NAMED: Final = {
    name
    for table in RECORDS.values()
    for field in table.values()
    for name in (field.name, field.decision, *field.parts)
}
_BY: Final = {"yes": "in advance (--yes)", "user": "by decision", "refusal": "by the program, after a refusal"}


def plain(value: Any) -> Any:
    """Return a text that can stand in a report: no e-mail (a digest in its place), nothing unseen, not endless.

    Markup of our own passes; everything else is still to be escaped.
    """
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    text = value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
    text = display.block(text)
    return _EMAIL.sub(_masked, text) if "@" in text else text


def _masked(match: re.Match[str]) -> str:
    text = match[0]
    core = text.strip(_AROUND)
    start = text.index(core)
    return text[:start] + pseudonym(core) + text[start + len(core) :]


def pseudonym(email: str) -> str:
    """Return the replacement of an e-mail: the digest that differences show of it, too."""
    return f"e-mail#{digest(email_key(email))}"


def source_id(text: str) -> str:
    """Return a source id as the report shows it: some vendors name contacts by their e-mail."""
    return pseudonym(text) if "@" in text else text


def number(value: float) -> str:
    """Return a whole number with its thousands apart."""
    return f"{value:,.0f}"


def several(count: int, singular: str) -> str:
    """Return a count with its noun: "1 record", "2 records"."""
    return f"{number(count)} {singular}" + ("" if count == 1 else "s")


def share(part: int, whole: int) -> str:
    """Return a share in per cent; only all of it is 100."""
    if not whole:
        return "none"
    return "100 %" if part >= whole else f"{min(99.9, 100 * part / whole):.1f} %"


def private(text: str) -> str:
    """Return the digest of a value, for reports that are not to show it."""
    return f"value#{digest('value', text)}"


def duration(seconds: float) -> str:
    """Return a time span in the one or two units that matter."""
    if seconds < 2 * MINUTE:
        return several(round(seconds), "second")
    whole = round(seconds)
    for size, word, smaller, minor in ((DAY, "day", HOUR, "hour"), (HOUR, "hour", MINUTE, "minute")):
        if whole >= size:
            rest = whole % size // smaller
            return several(whole // size, word) + (f" {several(rest, minor)}" if rest else "")
    return several(whole // MINUTE, "minute")


def moment(value: datetime) -> str:
    """Return a time to the minute, in UTC."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def field_words(name: str) -> str:
    """Return a field's name for people: "Ticket: assigned agent" for ``ticket.assignee``; a vendor's key as it is."""
    area, dot, field = name.partition(".")
    if not dot:
        return _FIELDS.get(area, area.replace("_", " ")).capitalize()
    named = field.replace("_", " ") if field in _NAMED else field
    return f"{area.capitalize()}: {_FIELDS.get(field, named)}"


def by_words(by: str) -> str:
    """Return who decided, in words."""
    return _BY.get(by, by)


def outcome(change: str) -> str:
    """Return which kind of change it is: ``lost``, ``told`` (in the header line), ``noted`` (in a note) or ``changed``."""
    return {"lost": "lost", "kept as header line": "told", IN_A_NOTE: "noted"}.get(change, "changed")


def pace(scale: float | None) -> str:
    """Return how fast the clock of a side ran."""
    if scale is None:
        return "no vendor's clock"
    if scale == 1:
        return "real time"
    return f"simulated: its clock ran {scale:,.4g} times faster than real time"


def listed(parts: Sequence[str]) -> str:
    """Return parts as people list them: "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
