"""What a verification found."""

from __future__ import annotations

from attrs import asdict, frozen


@frozen
class Difference:
    """Something at the destination that is not as it was written, and was not announced; texts as digests.

    ``ticket`` and ``id`` are the source's; ``record`` says what differs: contact, ticket, message or attachment.
    """

    ticket: str
    record: str
    id: str
    field: str
    expected: str | None
    found: str | None

    def as_json(self) -> dict[str, str | None]:
        """Return the difference as the report tells it."""
        return asdict(self)
