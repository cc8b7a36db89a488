"""Marker: the short keyed token by which a migrated record is found again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from helpdesk_bridge.keys import derived, hkdf, signed
from helpdesk_bridge.migration.outcome import NeverPossible
from helpdesk_bridge.model.secret import Secret
from helpdesk_bridge.ports import Helpdesk

SIDES: Final = ("source", "destination")
_PURPOSE: Final = "migration markers"
_FORM: Final = re.compile(r"[0-9a-f]{16}")


MOST_CANARIES: Final = 99


def canary_source(number: int) -> str:
    """Return what the marker of a migration's canary is made of, in place of the ref of a source record."""
    return f"canary/{number}"


def account_ref(desk: Helpdesk) -> str:
    """Return what names the account of a desk in a journal, such as ``deskie:robotsrule``."""
    return f"{desk.vendor}:{desk.account}"


def is_marker(text: str | None) -> bool:
    """Whether a text has the form of a marker; who made it is another question."""
    return text is not None and _FORM.fullmatch(text) is not None


@frozen
class MarkerKey:
    """The key of a migration's markers. The journal keeps it from its first moment."""

    _key: bytes = field(repr=False)

    def of(self, kind: str, source_ref: str) -> str:
        """Return the marker of a source record: 16 hex digits of HMAC-SHA256 over its kind and ref."""
        return signed(self._key, kind, source_ref)

    def seal(self, line: str) -> str:
        """Return the tail of a header line: 16 hex digits of HMAC-SHA256 over what it says."""
        return signed(self._key, "header line", line)

    def text(self) -> str:
        """Return the key as a journal keeps it."""
        return self._key.hex()

    @classmethod
    def of_text(cls, text: str) -> MarkerKey:
        """Return the key that a journal kept."""
        return cls(bytes.fromhex(text))


def derived_key(source: Helpdesk, destination: Helpdesk, recovered: Mapping[str, Secret]) -> MarkerKey:
    """Return the key that the two desks' credentials give: each side's API key, or password if it has no key.

    ``recovered`` holds, under "source" and "destination", credentials that were in use when an earlier migration wrote
    its markers. Raises ``NeverPossible`` for a desk that has neither key nor password.
    """
    parts = []
    for name, desk in zip(SIDES, (source, destination), strict=True):
        part = derived(recovered[name], _PURPOSE) if name in recovered else desk.keys.derive(_PURPOSE)
        if part is None:
            raise NeverPossible(
                f"{desk.name} ({desk.title}) has neither an API key nor a password, and a migration signs its markers with one"
            )
        parts.append(part)
    pair = "\n".join(account_ref(desk) for desk in (source, destination))
    return MarkerKey(hkdf(b"".join(parts), salt=b"", info=pair.encode()))
