"""The marker: the short keyed token by which a migrated record is found again."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from helpdesk_bridge.ports import Helpdesk

MARKER_LENGTH: Final = 16


def account_ref(desk: Helpdesk) -> str:
    """Return what names the account of a desk in a journal, such as ``deskie:robotsrule``."""
    return f"{desk.vendor}:{desk.account}"


def marker_of(kind: str, source_ref: str, *, source: str, destination: str) -> str:
    """Return the marker of a source record: 16 hex digits of HMAC-SHA256 over its kind and ref.

    The key is the refs of both accounts and nothing else, so that a lost journal takes nothing along: the same
    record of the same pair has the same marker for ever.
    """
    key = f"{source}\n{destination}".encode()
    return hmac.new(key, f"{kind}\n{source_ref}".encode(), hashlib.sha256).hexdigest()[:MARKER_LENGTH]
