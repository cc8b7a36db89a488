"""Ids as the journal holds them: where a vendor's id is somebody's e-mail or phone, its digest stands instead."""

from __future__ import annotations

from typing import Final

from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.text.plain import digest

PREFIX: Final = "~"


def opaque(record_id: str, *, natural: bool = False) -> str:
    """Return an id that tells nobody's address; ``natural`` says that the vendor knows people by nothing else."""
    if "@" in record_id:
        return f"{PREFIX}{digest('id', email_key(record_id))}"
    return f"{PREFIX}{digest('id', record_id)}" if natural else record_id


def is_opaque(record_id: str) -> bool:
    """Whether the vendor's own id cannot be told from this one."""
    return record_id.startswith(PREFIX)
