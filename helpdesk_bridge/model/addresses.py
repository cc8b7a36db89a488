"""E-mail addresses and phone numbers: whose they are, and how to search for them.

Two people are the same only if a mail system delivers to the same box, or a phone network rings the same phone:
``email_key`` and ``phone_key`` decide what belongs to whom. What is looked for may be asked for in more spellings
(``email_spellings``) or by less (``phone_digits``); the answer is compared again by its key.
"""

from __future__ import annotations

import re
import string
import unicodedata
from functools import lru_cache
from typing import Final

from attrs import evolve, frozen

from helpdesk_bridge.model.values import Actor, Phone

_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_LONGEST_DOMAIN: Final = 1024
"""No domain name is as long; ``idna`` need not look at what a stranger sends."""
_LONGEST_ADDRESS: Final = 1024
"""RFC 5321 allows 254 characters (documented)."""
_LONGEST_MAILBOX: Final = 4096
_DEEPEST_COMMENT: Final = 20
_LONGEST_PHONE: Final = 256
_REMEMBERED: Final = 8192


def email_key(address: str) -> str:
    """Return a key that two addresses share exactly if they are the same box.

    The local part with A to Z in lower case and nothing else, the domain as its A-label (IDNA 2008, UTS 46,
    non-transitional), or with A to Z in lower case if it has none. Nothing is normalised and nothing taken out:
    a long s is no s, and a blank is a letter like any other.
    """
    local, at, domain = address.rpartition("@")
    return f"{local.translate(_LOWER)}{at}{_domain_key(domain) if at else domain.translate(_LOWER)}"


def _domain_key(domain: str) -> str:
    return domain.translate(_LOWER) if domain.isascii() or len(domain) > _LONGEST_DOMAIN else _a_label(domain)


@lru_cache(_REMEMBERED)
def _a_label(domain: str) -> str:
    import idna

    try:
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii").translate(_LOWER)
    except UnicodeError:  # idna's own error is one too: no such domain can exist, and it stays as it is
        return domain.translate(_LOWER)


def email_spellings(address: str, *, case: bool = True) -> tuple[str, ...]:
    """Return the spellings by which to ask for an address: as given, with A to Z lowered, and with both forms of its domain.

    Without ``case`` those are left out that differ from another in the case of A to Z only.
    """
    local, at, domain = address.rpartition("@")
    lowered, spellings = local.translate(_LOWER), [address, address.translate(_LOWER)]
    if at:
        spellings += [f"{lowered}@{host}" for host in (_domain_key(domain), _u_label(domain))]
    if case:
        return tuple(dict.fromkeys(spellings))
    return tuple({spelling.translate(_LOWER): spelling for spelling in reversed(spellings)}.values())[::-1]


def _u_label(domain: str) -> str:
    if len(domain) > _LONGEST_DOMAIN or (domain.isascii() and "xn--" not in domain.translate(_LOWER)):
        return domain.translate(_LOWER)
    import idna

    try:
        return idna.decode(_domain_key(domain), uts46=True)
    except UnicodeError:
        return domain.translate(_LOWER)


def is_email(address: str) -> bool:
    """Whether a vendor may take this as an address: one @ with something on both sides, and no white space anywhere.

    A text of more than 1,024 characters is none.
    """
    if len(address) > _LONGEST_ADDRESS:
        return False
    local, _, domain = address.rpartition("@")
    quoted = len(local) > 1 and local[0] == local[-1] == '"'
    apart = "<>" if quoted else "<>@,;"
    return bool(local and domain) and not any(
        letter in apart or letter.isspace() or unicodedata.category(letter) in ("Cc", "Cs") for letter in local + domain
    )


@frozen
class Mailbox:
    """An entry of a header's ``To``: a name, if it has one, and an address (or words that are no address)."""

    name: str | None
    address: str

    @classmethod
    def of(cls, text: str) -> Mailbox:
        """Read ``Ann Lee <ann@example.com>``. A text that does not hold exactly one address is returned as it is.

        So is one of more than 4,096 characters, and one with more than 20 opening brackets: the library that reads
        comments calls itself for each.
        """
        trimmed = text.strip()
        readable = len(trimmed) <= _LONGEST_MAILBOX and trimmed.count("(") <= _DEEPEST_COMMENT
        if readable and not is_email(trimmed) and ("<" in trimmed or "(" in trimmed):
            from email.utils import getaddresses

            boxes = [(name, address) for name, address in getaddresses([trimmed]) if "@" in address]
            if len(boxes) == 1 and is_email(boxes[0][1]):
                name, address = boxes[0]
                before, bracket, after = trimmed.rpartition(f"<{address}>")
                if bracket and not after:
                    # Of "Lee, Ann <…>" the library gives half the name.
                    return cls(_unquoted(before) or None, address)
                if trimmed.startswith(f"{address} ("):
                    return cls(name or None, address)
        return cls(None, trimmed)


def _unquoted(name: str) -> str:
    from email.utils import unquote

    return " ".join(unquote(name.strip()).split())


def addressed(actor: Actor) -> Actor:
    """Return a person whose e-mail may be written as in a header with the address alone, and the name beside it."""
    if actor.email is None:
        return actor
    box = Mailbox.of(actor.email)
    return evolve(actor, name=actor.name or box.name, email=box.address or None)


# ---- phones

_EXTENSION: Final = re.compile(
    r"[\s,;]*(?:;ext=|\b(?:ext|extn|extension|durchwahl|dw|poste|anexo|int|x)\b[.:]?|(?<=[\d\s)])x|#)\s*(?P<digits>\d{1,15})\s*#?$",
    re.IGNORECASE,
)
_SEPARATORS: Final = re.compile(r"[\s()\[\].\-/\u2010-\u2015\u2212\u00ad\u200b\u2060]+")
_INTERNATIONAL: Final = re.compile(r"\+[1-9]\d{4,16}")


@frozen
class _Dialled:
    number: str  # begins with + where the country is part of it
    extension: str

    @property
    def digits(self) -> str:
        return "".join(letter for letter in self.number if letter.isdecimal()).removeprefix("00")


def _dialled(text: str) -> _Dialled:
    """Read a number; a text of more than 256 characters is none, and is not remembered either."""
    return _read_number(text) if len(text) <= _LONGEST_PHONE else _Dialled("", "")


@lru_cache(_REMEMBERED)
def _read_number(text: str) -> _Dialled:
    plain = "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text.strip())
    plain = plain.removeprefix("tel:").replace("\N{FULLWIDTH PLUS SIGN}", "+")
    match = _EXTENSION.search(plain)
    main, extension = (plain[: match.start()], match["digits"]) if match else (plain, "")
    if not any(letter.isdecimal() for letter in main):
        main, extension = plain, ""
    return _Dialled(_number(main), extension)


def _number(text: str) -> str:
    """Return a number without what only separates its digits: in E.164 if it names its country, else as dialled."""
    # A trunk prefix in brackets is not dialled from abroad: the library knows, as long as it sees the brackets.
    joined = _SEPARATORS.sub("", text).translate(_LOWER)
    international = f"+{joined.removeprefix('00')}" if joined.startswith("00") else joined
    if not _INTERNATIONAL.fullmatch(international):
        return joined
    import phonenumbers

    try:
        number = phonenumbers.parse(international)
    except phonenumbers.NumberParseException:
        return joined
    if not phonenumbers.is_possible_number(number):
        return joined
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phone_key(phone: str | Phone) -> str:
    """Return a key that two numbers share exactly if they ring the same phone; empty for a number without digits.

    Country and extension are part of it: a number that names no country never equals one that does.
    """
    dialled = _dialled(phone if isinstance(phone, str) else phone.e164 or phone.raw)
    if not dialled.digits:
        return ""
    return f"{dialled.number};ext={dialled.extension}" if dialled.extension else dialled.number


def phone_digits(phone: str | Phone) -> str:
    """Return the digits by which a number is looked for: without +, a leading 00 and the extension."""
    return _dialled(phone if isinstance(phone, str) else phone.e164 or phone.raw).digits


def same_phone(one: str | Phone, other: str | Phone) -> bool:
    """Whether a search for one number finds the other: they are one, or one of them does not name its country."""
    key = phone_key(one)
    if not key or key == phone_key(other):
        return bool(key)
    first, second = (_dialled(each if isinstance(each, str) else each.e164 or each.raw) for each in (one, other))
    named = first.number.startswith("+") and second.number.startswith("+")
    return not named and first.digits == second.digits and first.extension == second.extension


def phone_of(raw: str) -> Phone:
    """Return a number with its E.164 form if that is certain: it names its country and has no extension."""
    dialled = _dialled(raw)
    certain = re.fullmatch(r"\+[1-9]\d{6,14}", dialled.number) is not None and not dialled.extension
    return Phone(raw, dialled.number if certain else None)
