"""Failures below HTTP: which of them prove that nothing was sent."""

from __future__ import annotations

import re
import ssl
from typing import Final

import requests
from attrs import frozen
from urllib3 import exceptions as u3

from helpdesk_bridge.http.origin import Origin
from helpdesk_bridge.http.sockets import NeverBegun
from helpdesk_bridge.http.transport import Lost, NotSent

_NEVER_CONNECTED = (u3.NewConnectionError, u3.ConnectTimeoutError, u3.NameResolutionError, u3.SSLError, u3.ProxyError)
_NEVER_STARTED = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema)


_UNREACHABLE = (u3.NewConnectionError, u3.ConnectTimeoutError, u3.NameResolutionError)


class TooLarge(Exception):
    """The answer is larger than its cap."""


@frozen
class Way:
    """What lies between here and a host, as far as its configuration says; ``proxy`` is its host and port alone."""

    origin: Origin
    proxy: str | None = None
    by_environment: bool = False
    ca_bundle: bool = False
    client_certificate: bool = False

    @property
    def place(self) -> str:
        """Host and port, as they are looked for on the network."""
        return f"{self.origin.host}:{self.origin.port}"


def failure_of(error: BaseException, way: Way, *, sent: bool, reached: bool = True) -> NotSent | Lost:
    """Return what is known after ``error``.

    ``sent`` is whether a byte was handed to a socket, ``reached`` whether the desk ever answered: where it did not, a
    host that cannot be reached is a mistake to be corrected rather than an outage to be waited for.
    The original error is not kept: requests hangs the request on it, with the credentials in its headers.
    """
    chain = list(_causes(error))
    connecting = any(isinstance(cause, (*_NEVER_CONNECTED, *_NEVER_STARTED, NeverBegun)) for cause in chain)
    untrusted = _certificate(chain, way)
    reason = untrusted or _tls(chain, way) or _proxy(chain, way) or _kind(chain, way.place)
    if not connecting or sent:
        return Lost(reason)
    unreachable = not reached and any(isinstance(cause, _UNREACHABLE) for cause in chain)
    return NotSent(reason, final=untrusted is not None or unreachable, passing=untrusted is None)


def kind_of(error: BaseException, place: str) -> str:
    """Return in a few words what failed on the way to a host."""
    return _kind(list(_causes(error)), place)


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


# documented: OpenSSL, X509_STORE_CTX_get_error(3): the issuer is missing, or the certificate vouches for itself
_UNKNOWN_ISSUER: Final = frozenset({2, 18, 19, 20, 21})
_OTHER_HOST: Final = frozenset({62, 63, 64})
_WRONG_TIME: Final = frozenset({9, 10})
_TUNNEL: Final = re.compile(r"Tunnel connection failed: (\d{3})")
_OUR_CERTIFICATE: Final = frozenset(
    {"UNKNOWN_CA", "BAD_CERTIFICATE", "UNSUPPORTED_CERTIFICATE", "CERTIFICATE_REVOKED", "CERTIFICATE_EXPIRED",
     "CERTIFICATE_UNKNOWN", "ACCESS_DENIED"}
)  # fmt: skip


def _certificate(chain: list[BaseException], way: Way) -> str | None:
    """Return what is wrong with the certificate that was shown, and the key to set."""
    shown = next((cause for cause in chain if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if shown is None:
        return None
    # The message is OpenSSL's own, or Python's with the host's name.
    said = f"TLS failed: the certificate of {way.origin} is not trusted ({shown.verify_message.rstrip('.')})"
    if shown.verify_code in _UNKNOWN_ISSUER:
        if way.ca_bundle:
            return f"{said}; ca_bundle is set, and that file does not hold its authority"
        return f"{said}; if your company's network or server made it, set ca_bundle to a file with its authority"
    if shown.verify_code in _OTHER_HOST:
        return f"{said}; correct the host in base_url, or the account's name, or find out what answers in its place"
    if shown.verify_code in _WRONG_TIME:
        return (
            f"{said}; look at this machine's clock: if it is right, the certificate has to be renewed at {way.origin}"
        )
    return said


def _tls(chain: list[BaseException], way: Way) -> str | None:
    for cause in chain:
        alert = (cause.reason or "") if isinstance(cause, ssl.SSLError) else ""
        if "CERTIFICATE_REQUIRED" in alert:
            return f"TLS failed: {way.origin} asks for a certificate of yours; set client_certificate to a file with it"
        if way.client_certificate and alert.partition("ALERT_")[2] in _OUR_CERTIFICATE:
            return f"TLS failed: {way.origin} does not accept the certificate that client_certificate names"
        if alert in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_MESSAGE"):
            return f"TLS failed: what answers at {way.place} does not speak TLS; correct the host and port in base_url"
        if isinstance(cause, ssl.SSLEOFError):
            # A server that refuses for want of a certificate may close before its alert can be read.
            mine = "it may not accept client_certificate" if way.client_certificate else "if it wants a certificate of yours, set client_certificate"  # fmt: skip
            return f"TLS failed: {way.origin} ended the connection; {mine}"
    return None


def _proxy(chain: list[BaseException], way: Way) -> str | None:
    """Return what failed at the proxy, and the key that names it; none of the proxy's own words."""
    for cause in chain:
        tunnel = _TUNNEL.match(str(cause)) if isinstance(cause, OSError) else None
        if tunnel:
            hint = "; put user and password into proxy" if tunnel[1] == "407" else ""
            return f"the proxy does not lead to {way.origin} (status {tunnel[1]}){hint}"
    if way.proxy is None or not any(isinstance(cause, (u3.ProxyError, *_UNREACHABLE)) for cause in chain):
        return None
    key = "the environment (HTTPS_PROXY, HTTP_PROXY)" if way.by_environment else "proxy"
    return f"no way through the proxy: {_kind(chain, way.proxy)}; {key} names it"


_KINDS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((TooLarge,), "the answer is larger than allowed"),
    ((u3.NameResolutionError,), "the host name in {place} is not known"),
    ((ConnectionRefusedError,), "the connection to {place} was refused"),
    ((u3.NewConnectionError,), "{place} could not be reached"),
    ((u3.ConnectTimeoutError, requests.ConnectTimeout), "no connection to {place} within the timeout"),
    ((u3.ProxyError,), "the proxy failed"),
    ((u3.ReadTimeoutError, requests.ReadTimeout, TimeoutError), "no complete answer within the timeout"),
    ((u3.SSLError, requests.exceptions.SSLError), "TLS failed"),
    ((u3.DecodeError, requests.exceptions.ContentDecodingError), "the answer could not be decompressed"),
    ((u3.IncompleteRead, requests.exceptions.ChunkedEncodingError), "the answer was cut off"),
    ((ConnectionResetError, BrokenPipeError, u3.ProtocolError), "the connection was lost"),
)


def _kind(chain: list[BaseException], place: str) -> str:
    for kinds, text in _KINDS:
        if any(isinstance(cause, kinds) for cause in chain):
            return text.format(place=place)
    return "the connection failed"
