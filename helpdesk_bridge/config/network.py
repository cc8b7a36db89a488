"""Company networks: proxies, certificate authorities and client certificates of a desk.

Each is checked when the configuration is read, so that a wrong one is a ``ConfigError`` that names the key and not a
connection that fails in the night. No value is quoted: a proxy's URL may hold a password.
"""

from __future__ import annotations

import re
import ssl
import stat
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from helpdesk_bridge.errors import ConfigError

_HOST: Final = re.compile(r"[a-z0-9._-]{1,253}|[0-9a-f:.]{2,45}")
_PLAIN: Final = re.compile(r"[!-\[\]-~]+")
"""Printable ASCII without a backslash: parsers disagree on anything else."""


def proxy_url(text: str, where: str) -> str:
    """Return the URL of an HTTP proxy, perhaps with user and password. Raises ``ConfigError`` naming ``where``."""
    fix = "write it as http://host:port or http://user:password@host:port, special characters as %40"
    try:
        parts = urlsplit(text) if _PLAIN.fullmatch(text) else None
        port = parts.port if parts is not None else None
    except ValueError:
        parts = port = None
    if parts is None or not port or not _HOST.fullmatch(parts.hostname or ""):
        raise ConfigError(f"{where}: this is not the address of a proxy; {fix}")
    if parts.scheme != "http":
        raise ConfigError(f"{where}: only a proxy that is reached over plain http is supported; {fix}")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigError(f"{where}: remove what follows the port; {fix}")
    return f"http://{parts.netloc}"


def ca_bundle(path: Path, where: str) -> str:
    """Return the path of a file of certificate authorities in PEM. Raises ``ConfigError`` naming ``where``."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise ConfigError(f"{where}: {path} contains no certificate in PEM (-----BEGIN CERTIFICATE-----)") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{where}: {path} cannot be read ({type(error).__name__})") from None
    return str(path)


def client_certificate(path: Path, where: str) -> str:
    """Return the path of a PEM file with a certificate and its key. Raises ``ConfigError`` naming ``where``.

    The key has no passphrase, since nobody is there to type it, and is its owner's alone, as every secret's file.
    """
    try:
        others = path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        # With a passphrase given, OpenSSL never asks for one on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(path, password="")
    except ssl.SSLError:
        raise ConfigError(
            f"{where}: {path} contains no certificate with its key in PEM, or the key has a passphrase; put both into one "
            "file, the key without one"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{where}: {path} cannot be read ({type(error).__name__})") from None
    if others:
        raise ConfigError(f"{where}: {path} can be read by others; run chmod 600 {path}")
    return str(path)
