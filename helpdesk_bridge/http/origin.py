"""Origins: scheme, host and port, compared exactly before any credential goes there."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from attrs import frozen

from helpdesk_bridge.errors import BadResponse, ConfigError

_PORTS = {"https": 443, "http": 80}
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HOST = re.compile(r"[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\]")
# Parsers disagree on what these mean, so no URL with one of them is ever used.
_CONFUSING = re.compile(r"[\x00-\x20\x7f\\]")
_SAFE = "/%:=&?~#+!$,;'@()*[]-._"


class NotAUrl(ValueError):
    """The text is no absolute http or https URL that all parsers read alike; the message quotes nothing of it."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name: ``localhost`` or a loopback address, without brackets."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@frozen
class Origin:
    """Scheme, host and port. Two are the same only if all three are."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> Origin:
        """Return the origin of an absolute URL. Raises ``NotAUrl`` for anything ambiguous."""
        return cls._of(_split(url))

    @classmethod
    def _of(cls, parts: SplitResult) -> Origin:
        try:
            port = parts.port
        except ValueError:
            port = 0
        if port == 0:
            raise NotAUrl("its port is none")
        return cls(parts.scheme, _host(parts), port or _PORTS[parts.scheme])

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine by its very name: ``localhost`` or a loopback address."""
        return is_loopback(self.host.strip("[]"))

    def __str__(self) -> str:
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"


@frozen
class Target:
    """A URL that was taken apart and rebuilt, so that whoever parses it next sees the same origin."""

    origin: Origin
    url: str


def target(url: str) -> Target:
    """Return a vendor's absolute URL with its origin; ``BadResponse`` if it is not usable."""
    try:
        parts = _split(url)
        origin = Origin._of(parts)  # noqa: SLF001 - the same module
    except NotAUrl as error:
        problem = BadResponse(f"the vendor gave a URL that cannot be used: {error}")
    else:
        path = quote(parts.path or "/", safe=_SAFE)
        query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
        return Target(origin, f"{origin}{path}{query}")
    raise problem


def vendor_origin(label: str, domain: str, *, key: str = "account") -> Origin:
    """Return ``https://<label>.<domain>`` for one DNS label that a user configured under ``key``.

    Anything else than letters, digits and inner hyphens could name another host; it is a ``ConfigError``.
    """
    folded = label.lower()
    if _LABEL.fullmatch(folded):
        origin = Origin.parse(f"https://{folded}.{domain}")
        if origin == Origin("https", f"{folded}.{domain}", 443):
            return origin
    raise ConfigError(f'{key}: use only the name before ".{domain}": letters, digits and hyphens')


def check_base_url(url: str, *, key: str = "base_url", plain: bool = False) -> str:
    """Return a base URL without its trailing slash: https, or http on this machine, perhaps with a path prefix.

    ``plain`` allows http to any host, for a simulator. Raises ``ConfigError`` naming ``key`` and the fix.
    """
    try:
        parts = _split(url)
        origin = Origin._of(parts)  # noqa: SLF001 - the same module
    except NotAUrl as error:
        problem = ConfigError(f"{key}: {error}; write it as https://host or https://host/prefix")
    else:
        if parts.query or parts.fragment or "?" in url or "#" in url:
            raise ConfigError(f"{key}: remove everything from the first ? or # on")
        if origin.scheme == "http" and not origin.is_loopback and not plain:
            raise ConfigError(
                f"{key}: plain http is only for this machine; use https://, or set simulator = true for a simulator"
            )
        if any(segment in {".", ".."} for segment in parts.path.split("/")):
            raise ConfigError(f"{key}: remove the . and .. segments")
        return f"{origin}{quote(parts.path, safe=_SAFE)}".rstrip("/")
    raise problem


def _split(url: str) -> SplitResult:
    if _CONFUSING.search(url):
        raise NotAUrl("it holds blanks, control characters or backslashes")
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in _PORTS or not parts.netloc:
        raise NotAUrl("it is no absolute http or https URL")
    if "@" in parts.netloc:
        raise NotAUrl("it holds a user name or password")
    return parts


def _host(parts: SplitResult) -> str:
    # Lower case makes ASCII of some other letters, such as the Kelvin sign: the host would be one that nobody wrote.
    host = (parts.hostname or "").lower() if parts.netloc.isascii() else ""
    if ":" in host:
        host = f"[{_shortest(host)}]"
    if not _HOST.fullmatch(host):
        raise NotAUrl("its host is no plain name or address; an international name is written in its xn-- form")
    return host


def _shortest(address: str) -> str:
    try:
        return str(ipaddress.IPv6Address(address))
    except ValueError:
        return ""


_OWN_SITE: Final = frozenset({"same-origin", "none"})


def is_foreign(host: str | None, origin: str | None, site: str | None) -> bool:
    """Whether a web page could have sent this: under a host name that is not this machine's, or from another site.

    A page anywhere can make the browser of this machine send requests to a port on it, under any name that the page's
    owner lets resolve to 127.0.0.1. ``host``, ``origin`` and ``site`` are the headers Host, Origin and Sec-Fetch-Site.
    """
    if site is not None and site not in _OWN_SITE:
        return True
    try:
        own = None if host is None else Origin.parse(f"http://{host}")
        if own is not None and (not own.is_loopback or "/" in str(host)):
            return True
        return origin is not None and (own is None or Origin.parse(origin) != own)
    except NotAUrl:
        return True
