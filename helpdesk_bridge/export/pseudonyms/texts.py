"""Texts without persons: what is known of people, and every address and phone number, replaced by pseudonyms."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise
from typing import Final

from helpdesk_bridge.export.pseudonyms.known import ADDRESS, SHORTEST_PHONE, TAIL, TOKEN, Known, normal
from helpdesk_bridge.export.pseudonyms.words import Pseudonyms
from helpdesk_bridge.text.plain import fold

_PHONE: Final = re.compile(r"(?<!\w)[+\uff0b]?\(?\d[\d\s().\-/\xa0\u2010-\u2013]{5,40}(?<=\d)(?!\w)")
_DATE: Final = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?!\d)|\d{4}[./-]\d{1,2}[./-]\d{1,2}(?!\d)")
_LONGEST_PHONE: Final = 15
_MOST_BETWEEN: Final = 3


class Texts:
    """Replaces persons in texts, and counts what it replaced by kind: address, name, phone, id, domain."""

    def __init__(self, known: Known, pseudonyms: Pseudonyms) -> None:
        self._known, self._pseudonyms = known, pseudonyms
        self.replaced: Counter[str] = Counter()
        odd = _alternatives(known.odd_addresses)
        # One pass for all: a pseudonym looks like an address too.
        self._addresses = ADDRESS if odd is None else re.compile(f"{odd.pattern}|{ADDRESS.pattern}", re.IGNORECASE)
        self._unparted = _alternatives(known.unparted)
        self._longest = {first: sorted(found, key=len, reverse=True) for first, found in known.sequences.items()}

    def text(self, text: str) -> str:
        """Return a text without persons."""
        if not text:
            return text
        text = normal(text)
        if "@" in text or "%40" in text:
            text = self._addresses.sub(self._address, text)
        text = _PHONE.sub(self._phone, text)
        if self._unparted is not None:
            text = self._unparted.sub(self._name, text)
        return self._words(text)

    def _address(self, found: re.Match[str]) -> str:
        self.replaced["address"] += 1
        return self._pseudonyms.email(found[0].replace("%40", "@"))

    def _name(self, found: re.Match[str]) -> str:
        self.replaced["name"] += 1
        return self._pseudonyms.name(found[0])

    def _phone(self, found: re.Match[str]) -> str:
        text = found[0]
        digits = "".join(str(unicodedata.decimal(one)) for one in text if one.isdecimal())
        tails = self._known.tails
        ends = range(SHORTEST_PHONE, len(digits) + 1)
        known = any(digits[max(0, end - size) : end] in tails for end in ends for size in (TAIL, SHORTEST_PHONE))
        dialled = text.startswith(("+", "\uff0b", "(+", "00", "0", "(0")) and len(digits) <= _LONGEST_PHONE
        if not known and (not dialled or _DATE.match(text)):
            return text
        self.replaced["phone"] += 1
        return self._pseudonyms.phone(digits)

    def _words(self, text: str) -> str:
        """Replace names, ids and domains word by word, the longest sequence first."""
        found = list(TOKEN.finditer(text))
        folded = [fold(one[0]) for one in found]
        made: list[str] = []
        end = at = 0
        while at < len(found):
            length, replacement = self._here(text, found, folded, at)
            if length:
                made += (text[end : found[at].start()], replacement)
                end = found[at + length - 1].end()
            at += length or 1
        return "".join((*made, text[end:])) if made else text

    def _here(self, text: str, found: list[re.Match[str]], folded: list[str], at: int) -> tuple[int, str]:
        for words in self._longest.get(folded[at], ()):
            count = len(words)
            if tuple(folded[at : at + count]) != words or not _close(found[at : at + count]):
                continue
            kind, value = self._known.sequences[words[0]][words]
            self.replaced[kind] += 1
            return count, self._made(kind, value, text[found[at].start() : found[at + count - 1].end()])
        if folded[at] in self._known.parts and folded[at] not in self._known.common:
            self.replaced["name"] += 1
            return 1, self._pseudonyms.name(found[at][0])
        return 0, ""

    def _made(self, kind: str, value: str, written: str) -> str:
        if kind == "name":
            return self._pseudonyms.name(written)
        make = {"id": self._pseudonyms.id, "domain": self._pseudonyms.domain, "phone": self._pseudonyms.phone}[kind]
        return make(value)


def _close(found: list[re.Match[str]]) -> bool:
    pairs = pairwise(found)
    return all(after.start() - before.end() <= _MOST_BETWEEN for before, after in pairs)


def _alternatives(texts: set[str]) -> re.Pattern[str] | None:
    if not texts:
        return None
    return re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))), re.IGNORECASE)
