"""Outcomes of faults: the error in which a call ends that meets each fault; the faults are tested against them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from helpdesk_bridge.errors import (
    AuthenticationFailed,
    BadResponse,
    HelpdeskError,
    InDoubt,
    Invalid,
    RateLimited,
    Unavailable,
)
from helpdesk_bridge.http.request import Effect

EFFECTS: Final[Mapping[str, Effect]] = {
    **dict.fromkeys(
        (
            "tickets.list", "tickets.get", "contacts.list", "contacts.get", "contacts.find", "messages.list",
            "agents.list", "groups.list", "companies.list", "tags.list", "custom_fields.list", "templates.list",
            "attachments.open", "events", "importer.find", "importer.tail", "check",
        ),
        Effect.READ,
    ),
    **dict.fromkeys(
        ("tickets.update", "contacts.update", "importer.finish", "removal.ticket", "removal.contact", "login"),
        Effect.SET,
    ),
    **dict.fromkeys(
        (
            "tickets.create", "contacts.create", "messages.reply", "messages.note", "messages.add_from_contact",
            "importer.contact", "importer.ticket", "importer.message", "templates.send",
        ),
        Effect.CREATE,
    ),
}  # fmt: skip
"""Every operation of the port that a fault can name, and its effect. ``login`` is a call of the desk's own."""

LISTINGS: Final = frozenset({"tickets.list", "contacts.list", "messages.list"})
"""The operations that answer in pages."""


@frozen(kw_only=True)
class Outcome:
    """How calls end that meet a fault every time.

    ``read`` is the error of reads and updates that set values, after the desk's retries; ``create`` that of calls that
    send or append; None is success. ``processed`` says whether the vendor carried the call out, ``refused`` that it said
    for certain that it did not, so that a create may be sent once more.
    """

    read: type[HelpdeskError] | None
    create: type[HelpdeskError] | None
    processed: bool = False
    refused: bool = False

    def of(self, effect: Effect) -> type[HelpdeskError] | None:
        """Return the error that ends a call with this effect, None for success."""
        return self.create if effect is Effect.CREATE else self.read


_LOST: Final = Outcome(read=Unavailable, create=InDoubt)
_LOST_AFTERWARDS: Final = Outcome(read=Unavailable, create=InDoubt, processed=True)
_UNREADABLE: Final = Outcome(read=BadResponse, create=InDoubt, processed=True)
_SUCCESS: Final = Outcome(read=None, create=None, processed=True)

OUTCOMES: Final[Mapping[str, Outcome]] = {
    "rate_limited": Outcome(read=RateLimited, create=RateLimited, refused=True),
    "server_error": _LOST,
    "refused": Outcome(read=Invalid, create=Invalid),
    "connect_timeout": Outcome(read=Unavailable, create=Unavailable),
    "read_timeout": _LOST_AFTERWARDS,
    "response_lost": _LOST_AFTERWARDS,
    "late_commit": _LOST,
    "late_answer": _LOST,
    "connection_reset": _LOST,
    "empty": _UNREADABLE,
    "truncated": _LOST_AFTERWARDS,
    "malformed_json": _UNREADABLE,
    "html_page": _LOST,
    "slow_drip": _LOST_AFTERWARDS,
    "hang": _LOST,
    "duplicate_page": Outcome(read=BadResponse, create=None, processed=True),
    "skipped_page": _SUCCESS,
    "page_drift": _SUCCESS,
    "stale_search": _SUCCESS,
    "empty_list": _SUCCESS,
    "other_date": _SUCCESS,
    "token_expired": Outcome(read=AuthenticationFailed, create=AuthenticationFailed, refused=True),
    "foreign_next_link": _SUCCESS,
    "foreign_redirect": Outcome(read=BadResponse, create=InDoubt),
    "gzip_bomb": _LOST_AFTERWARDS,
}
"""The outcome of each fault by its kind."""
