"""Identifiers in the vendor's shapes; they are random, so that a reset repeats none."""

from __future__ import annotations

import base64
import string
import uuid
from typing import Final

from helpdesk_bridge.testing.state_file import chance

_LETTERS_AND_DIGITS: Final = string.ascii_letters + string.digits
_TOKEN_LENGTH: Final = 48
_CDN_NAME_LENGTH: Final = 40


def outgoing_id() -> str:
    """Return an id as a send answers it; documented: Desk360 API, ``gBEGkFBXUQRnAglW0luHY8xsrFk``."""
    return "gBEG" + _url_safe(18)[:23]


def incoming_id() -> str:
    """Return an id as a webhook has it; documented: Desk360 API, ``ABEGkFMIcyRoAgo-sGaD-H6MgPEt``."""
    return "ABEG" + _url_safe(18)


def media_id() -> str:
    """Return a media id, a random UUID; documented: Desk360 API, "Send WhatsApp Media Message"."""
    return str(uuid.UUID(int=chance().getrandbits(128), version=4))


def cdn_name(suffix: str) -> str:
    """Return a file's name on the CDN: 40 letters and digits; documented: Desk360 API, "https://my-cdn.desk360.com/"."""
    return _random_text(_CDN_NAME_LENGTH) + suffix


def access_token(number: int) -> str:
    """Return a token; documented: Desk360 API, "Login", for its form."""
    return f"{number}|{_random_text(_TOKEN_LENGTH)}"


def _random_text(length: int) -> str:
    return "".join(chance().choices(_LETTERS_AND_DIGITS, k=length))


def _url_safe(count: int) -> str:
    return base64.urlsafe_b64encode(chance().randbytes(count)).decode().rstrip("=")
