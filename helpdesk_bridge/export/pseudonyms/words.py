"""Pseudonyms of single values: the same value gives the same pseudonym under the same key, in every export.

They are plainly made up: names are words of nobody's language, addresses end in ``.invalid`` (reserved, RFC 2606), phones
begin with +999 (assigned to no country).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache
from typing import Final

from helpdesk_bridge.model.addresses import email_key, phone_digits
from helpdesk_bridge.model.refs import RecordRef, parse_ref
from helpdesk_bridge.text.plain import fold

_CONSONANTS: Final = "bdfghjklmnprstvwxyz"
_VOWELS: Final = "aeiou"
_SYLLABLES: Final = 5
_TOKEN: Final = re.compile(r"[^\W_]+")
_REMEMBERED: Final = 65_536


class Pseudonyms:
    """Makes pseudonyms by a key. Whoever has the key can test whether a pseudonym is that of a value: keep it."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.word = lru_cache(_REMEMBERED)(self._word)
        self.check = self._digest("check", "")[:16].hex()
        """What tells this key from others."""

    def _digest(self, kind: str, value: str) -> bytes:
        data = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, data, hashlib.sha256).digest()

    def _word(self, text: str) -> str:
        """Return a word for a word; upper and lower case are one."""
        number = int.from_bytes(self._digest("word", fold(text))[:8], "big")
        made = []
        for _ in range(_SYLLABLES):
            number, consonant = divmod(number, len(_CONSONANTS))
            number, vowel = divmod(number, len(_VOWELS))
            made.append(_CONSONANTS[consonant] + _VOWELS[vowel])
        return "".join(made)

    def name(self, name: str) -> str:
        """Return a name in which each word of more than a letter is replaced."""
        return _TOKEN.sub(lambda found: self.word(found[0]).capitalize() if len(found[0]) > 1 else found[0], name)

    def email(self, address: str) -> str:
        """Return an address; those of one domain have one domain again."""
        local, _, domain = email_key(address).rpartition("@")
        return f"{self.word(local)}@{self.domain(domain)}"

    def domain(self, domain: str) -> str:
        """Return a domain."""
        return f"{self.word(f'@{domain}')}.invalid"

    def phone(self, number: str) -> str:
        """Return a number of no country."""
        digits = int.from_bytes(self._digest("phone", phone_digits(number))[:8], "big") % 10**11
        return f"+999{digits:011d}"

    def id(self, text: str) -> str:
        """Return an id; an id that is an address is that address in any case."""
        return self._digest("id", email_key(text) if "@" in text else text)[:8].hex()

    def ref(self, ref: str) -> str:
        """Return a ref; empty stays empty."""
        if not ref:
            return ref
        known = parse_ref(ref)
        return str(RecordRef(known.vendor, self.word(known.account), known.kind, self.id(known.id)))
