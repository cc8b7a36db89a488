"""Keys derived from a desk's credentials: nobody outside can compute what is signed with them.

HKDF with SHA-256 (RFC 5869) turns an API key or a password into a key for one purpose. The credential itself stays with
the desk: who holds a derived key can neither log in with it nor compute the key of another purpose.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.model.secret import Secret

KEY_BYTES: Final = 32
TOKEN_LENGTH: Final = 16
_SALT: Final = b"helpdesk-bridge"
_TOKENS: Final = "idempotency keys"
_FILES: Final = "attachment references"
_OF_AN_APPLICATION: Final = "key:"
"""An application's key stands where migrations put their markers; this tells the two apart."""


def hkdf(secret: bytes, *, salt: bytes, info: bytes, length: int = KEY_BYTES) -> bytes:
    """Return ``length`` bytes derived from ``secret`` for the purpose ``info`` (RFC 5869, SHA-256)."""
    extracted = hmac.digest(salt or bytes(hashlib.sha256().digest_size), secret, hashlib.sha256)
    block, found = b"", b""
    for number in range(1, -(-length // len(extracted)) + 1):
        block = hmac.digest(extracted, block + info + bytes((number,)), hashlib.sha256)
        found += block
    return found[:length]


def derived(secret: Secret, purpose: str) -> bytes:
    """Return the key that a credential gives for one purpose."""
    return hkdf(secret.reveal().encode(), salt=_SALT, info=purpose.encode())


def signed(key: bytes, *words: str) -> str:
    """Return 16 hex digits of HMAC-SHA256 over ``words``: where one ends and the next begins is part of it."""
    message = b"".join(len(word := one.encode()).to_bytes(8) + word for one in words)
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:TOKEN_LENGTH]


@frozen
class DeskKeys:
    """The keys of one desk. ``_current`` is asked on the first use, which for a local desk opens its file.

    ``_previous`` is a credential that was in use before: what was written with it is still found.
    """

    _current: Callable[[], Secret | None] = field(repr=False)
    _previous: Secret | None = field(default=None, repr=False)

    def derive(self, purpose: str) -> bytes | None:
        """Return the key for one purpose; None if the desk has neither API key nor password."""
        secret = self._current()
        return None if secret is None else derived(secret, purpose)

    def tokens(self, *words: str) -> tuple[str, ...]:
        """Return what an idempotency key is written as; after a rotation, also what it was written as before."""
        return tuple(_OF_AN_APPLICATION + token for token in self._signed(_TOKENS, *words))

    def seals(self, *words: str) -> tuple[str, ...]:
        """Return what proves that this desk made a reference to a file; after a rotation, also what proved it before."""
        return self._signed(_FILES, *words)

    def _signed(self, purpose: str, *words: str) -> tuple[str, ...]:
        secrets = (self._current(), self._previous)
        return tuple(signed(derived(one, purpose), *words) for one in secrets if one is not None)


def of_an_application(marker: str) -> bool:
    """Whether a marker was made of an application's idempotency key."""
    return marker.startswith(_OF_AN_APPLICATION)


def credential_of(settings: Any) -> Secret | None:
    """Return what a desk's settings prove the account with: its API key, else its password, never an e-mail."""
    return api_key_of(settings) or _secret(settings, "password")


def api_key_of(settings: Any) -> Secret | None:
    """Return the API key of a desk's settings; None if it logs in with a password alone."""
    return _secret(settings, "api_key")


def _secret(settings: Any, name: str) -> Secret | None:
    found = getattr(settings, name, None)
    return found if isinstance(found, Secret) and found else None
