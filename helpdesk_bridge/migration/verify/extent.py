"""Extent of a verification: what was compared, how much of it, and when the source was last seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from attrs import asdict, frozen

from helpdesk_bridge.migration.options import Level
from helpdesk_bridge.migration.source.now import SourceNow

EXTENT: Final = "verification"
"""The name under which the journal keeps it."""
COMPARED: Final = ("tickets", "contacts", "messages", "files", "images", "links")


@frozen(kw_only=True)
class Extent:
    """What the latest verification looked at. ``threads`` is how many there are to compare, ``compared`` counts by kind.

    ``source`` is the second look at the source, None where none was taken.
    """

    level: str
    sample: int | None
    compared: Mapping[str, int]
    threads: int
    source: SourceNow | None

    @property
    def whole(self) -> bool:
        """Whether everything that was written was compared."""
        return self.level == Level.FULL.value and self.compared.get("threads", 0) >= self.threads

    @property
    def current(self) -> bool:
        """Whether the source of now was looked at, and is as it was read."""
        return self.source is not None and self.source.problem is None and not self.source.rows

    @property
    def counts(self) -> str:
        """What was compared, in words: "2 tickets, 1 contact"."""
        counted = [(self.compared.get(name, 0), name) for name in COMPARED]
        told = [f"{count:,} {name if count != 1 else name[:-1]}" for count, name in counted if count]
        return ", ".join(told) or "nothing"

    @property
    def left_out(self) -> str | None:
        """What was not compared, and by whose choice; None if everything was."""
        threads = self.compared.get("threads", 0)
        if self.level == Level.ECHO.value:
            return "nothing was read back (--level echo)"
        if self.level == Level.LIST.value:
            return "no thread was read back (--level list)"
        if threads < self.threads:
            why = f" (--sample {self.sample})" if self.sample is not None else ""
            return f"{threads:,} of {self.threads:,} threads were read back{why}"
        return None

    @property
    def source_told(self) -> str:
        """When the source was last seen, and what is other there since."""
        if self.source is None:
            return "The source was not looked at again."
        when = (
            "not known" if self.source.seen is None else f"{self.source.seen.replace('T', ' ').partition('+')[0]} UTC"
        )
        if self.source.problem is not None:
            return f"The source could not be listed again ({self.source.problem}); it was last seen at {when}."
        counts = Counter((row.what, row.record) for row in self.source.rows)
        told = [
            f"{count:,} {record if count == 1 else record + 's'} {what}" for (what, record), count in counts.items()
        ]
        since = f"since it was read: {', '.join(told)}" if told else "it is as it was read"
        return f"The source was last seen at {when}; {since}."

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        source = None if self.source is None else self.source.as_json()
        return {**asdict(self, recurse=False), "compared": dict(self.compared), "source": source}

    @classmethod
    def of_json(cls, values: Mapping[str, Any] | None) -> Extent | None:
        """Return what ``as_json`` wrote."""
        if values is None:
            return None
        source = values["source"]
        return cls(**{**values, "source": None if source is None else SourceNow.of_json(source)})
