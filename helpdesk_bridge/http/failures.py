"""Failures below HTTP: which of them prove that nothing was sent."""

from __future__ import annotations

import re
import ssl
from typing import Final

import requests
from urllib3 import exceptions as u3

from helpdesk_bridge.http.sockets import NeverBegun
from helpdesk_bridge.http.transport import Lost, NotSent

_NEVER_CONNECTED = (u3.NewConnectionError, u3.ConnectTimeoutError, u3.NameResolutionError, u3.SSLError, u3.ProxyError)
_NEVER_STARTED = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema)


class TooLarge(Exception):
    """The answer is larger than its cap."""


def failure_of(error: BaseException, *, sent: bool, place: str = "the vendor") -> NotSent | Lost:
    """Return what is known after ``error``; ``sent`` is whether a byte was handed to a socket, ``place`` whose.

    The original error is not kept: requests hangs the request on it, with the credentials in its headers.
    """
    chain = list(_causes(error))
    connecting = any(isinstance(cause, (*_NEVER_CONNECTED, *_NEVER_STARTED, NeverBegun)) for cause in chain)
    reason = _company(chain, place) or _reason(chain)
    return NotSent(reason) if connecting and not sent else Lost(reason)


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        current = todo.pop(0)
        if not isinstance(current, BaseException) or current in found:
            continue
        found.append(current)
        todo += [getattr(current, "reason", None), current.__cause__, current.__context__, *current.args]
    return found


_REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((TooLarge,), "the answer is larger than allowed"),
    ((u3.NameResolutionError,), "the host name is not known"),
    ((ConnectionRefusedError,), "the connection was refused"),
    ((u3.NewConnectionError,), "the host could not be reached"),
    ((u3.ConnectTimeoutError, requests.ConnectTimeout), "no connection within the timeout"),
    ((u3.ProxyError,), "the proxy failed"),
    ((u3.ReadTimeoutError, requests.ReadTimeout, TimeoutError), "no complete answer within the timeout"),
    ((u3.SSLError, requests.exceptions.SSLError), "TLS failed"),
    ((u3.DecodeError, requests.exceptions.ContentDecodingError), "the answer could not be decompressed"),
    ((u3.IncompleteRead, requests.exceptions.ChunkedEncodingError), "the answer was cut off"),
    ((ConnectionResetError, BrokenPipeError, u3.ProtocolError), "the connection was lost"),
)


# documented: OpenSSL, X509_STORE_CTX_get_error(3): the issuer is missing, or the certificate vouches for itself
_UNKNOWN_ISSUER: Final = frozenset({2, 18, 19, 20, 21})
_TUNNEL: Final = re.compile(r"Tunnel connection failed: (\d{3})")


def _company(chain: list[BaseException], place: str) -> str | None:
    """Return what failed between here and the vendor, and the key to set; none of the proxy's own words."""
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            # The message is OpenSSL's own, or Python's with the host's name.
            told = f"TLS failed: the certificate of {place} is not trusted ({cause.verify_message})"
            hint = "; if your company's network or server made it, set ca_bundle to a file with its authority"
            return told + (hint if cause.verify_code in _UNKNOWN_ISSUER else "")
        if isinstance(cause, ssl.SSLError) and "CERTIFICATE_REQUIRED" in (cause.reason or ""):
            return f"TLS failed: {place} asks for a certificate of yours; set client_certificate to a file with it"
        if isinstance(cause, ssl.SSLEOFError):
            # A server that refuses for want of a certificate may close before its alert can be read.
            return (
                f"TLS failed: {place} ended the connection; if it wants a certificate of yours, set client_certificate"
            )
        tunnel = _TUNNEL.match(str(cause)) if isinstance(cause, OSError) else None
        if tunnel:
            hint = "; put user and password into proxy" if tunnel[1] == "407" else ""
            return f"the proxy does not lead to {place} (status {tunnel[1]}){hint}"
    return None


def _reason(chain: list[BaseException]) -> str:
    for kinds, text in _REASONS:
        if any(isinstance(cause, kinds) for cause in chain):
            return text
    return "the connection failed"
