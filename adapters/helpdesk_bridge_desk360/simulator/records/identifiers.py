"""Identifiers in the vendor's shapes; they are random, so that a reset repeats none."""

from __future__ import annotations

import secrets
import string
import uuid
from typing import Final

_LETTERS_AND_DIGITS: Final = string.ascii_letters + string.digits
_TOKEN_LENGTH: Final = 48
_CDN_NAME_LENGTH: Final = 40


def outgoing_id() -> str:
    """Return an id as a send answers it; documented: Desk360 API, ``gBEGkFBXUQRnAglW0luHY8xsrFk``."""
    return "gBEG" + secrets.token_urlsafe(18)[:23]


def incoming_id() -> str:
    """Return an id as a webhook has it; documented: Desk360 API, ``ABEGkFMIcyRoAgo-sGaD-H6MgPEt``."""
    return "ABEG" + secrets.token_urlsafe(18)


def media_id() -> str:
    """Return a media id, a random UUID; documented: Desk360 API, "Send WhatsApp Media Message"."""
    return str(uuid.uuid4())


def cdn_name(suffix: str) -> str:
    """Return a file's name on the CDN: 40 letters and digits; documented: Desk360 API, "https://my-cdn.desk360.com/"."""
    return _random_text(_CDN_NAME_LENGTH) + suffix


def access_token(number: int) -> str:
    """Return a token; documented: Desk360 API, "Login", for its form."""
    return f"{number}|{_random_text(_TOKEN_LENGTH)}"


def _random_text(length: int) -> str:
    return "".join(secrets.choice(_LETTERS_AND_DIGITS) for _ in range(length))
