"""Ids as the journal holds them: where a vendor's id is somebody's e-mail, its digest stands instead."""

from __future__ import annotations

from typing import Final

from helpdesk_bridge.text import digest, fold_email

PREFIX: Final = "~"


def opaque(record_id: str) -> str:
    """Return an id that tells nobody's address: Desk365 knows contacts by their e-mail only."""
    return f"{PREFIX}{digest('id', fold_email(record_id))}" if "@" in record_id else record_id


def is_opaque(record_id: str) -> bool:
    """Whether the vendor's own id cannot be told from this one."""
    return record_id.startswith(PREFIX)
