"""Address of a journal: a file, or a migration in a PostgreSQL database, as people write it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from attrs import field, frozen

from helpdesk_bridge.config.settings import read_secret
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.migration.outcome import Interrupted
from helpdesk_bridge.private_files import make_private_folder, why_not_mine

SCHEMES: Final = ("postgresql://", "postgres://")
REFERENCES: Final = ("env:", "file:", "keyring:")
_FORM: Final = "postgresql://USER@HOST:PORT/DB#NAME"


@frozen
class DatabaseAddress:
    """A PostgreSQL database, and the name of one migration in it; without a name, the desks or the only one there say it.

    ``text`` is what people wrote, and what they are shown: a reference, or a URL without its password.
    """

    url: str = field(repr=False)
    migration: str
    text: str

    @property
    def name(self) -> str:
        """What stands for the journal in a command."""
        return self.text

    def named(self, migration: str) -> DatabaseAddress:
        """Return the address of a migration of the same database, where this one names none."""
        if self.migration:
            return self
        return DatabaseAddress(self.url, migration, f"{self.text}#{quote(migration)}")

    def __str__(self) -> str:
        return self.text


Address = Path | DatabaseAddress
"""Where a journal is."""


def address_of(place: str | os.PathLike[str] | DatabaseAddress) -> Address:
    """Return where a journal is: the path of a file, a URL of PostgreSQL, or a reference (``env:NAME``) to such a URL.

    The part after ``#`` names the migration. Raises ``ConfigError`` for a reference to anything else.
    """
    if isinstance(place, DatabaseAddress):
        return place
    text = os.fspath(place)
    if isinstance(place, os.PathLike) or not text.startswith((*SCHEMES, *REFERENCES)):
        return Path(text)
    reference, _, name = text.partition("#")
    url = reference if reference.startswith(SCHEMES) else read_secret(reference, "--journal")
    url, _, kept = url.partition("#")
    if not url.startswith(SCHEMES):
        raise ConfigError(f"--journal: what {reference} refers to is no URL of a database; use {_FORM}")
    shown = without_password(reference) if reference.startswith(SCHEMES) else reference
    return DatabaseAddress(url, unquote(name or kept), f"{shown}#{name}" if name else shown)


def beside(address: Address) -> Path:
    """Return the path on this host beside which a process keeps what is not of the journal itself.

    That is the file's own; of a database's migration a path in the folder for temporary files, made for this user alone.
    """
    if isinstance(address, Path):
        return address
    parts = urlsplit(address.url)
    digest = hashlib.sha256(f"{parts.hostname} {parts.port} {parts.path} {address.migration}".encode()).hexdigest()
    folder = Path(tempfile.gettempdir()) / f"helpdesk-bridge-{os.getuid()}"
    make_private_folder(folder)
    if reason := why_not_mine(folder):
        raise Interrupted(f"{folder} {reason}; remove it, or name another folder for temporary files in TMPDIR")
    return folder / digest[:24]


def without_password(url: str) -> str:
    """Return a URL as it may be shown: without its password, and without the parameters, which may hold one."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}"


def holds_password(url: str) -> bool:
    """Whether a URL holds a password, which everybody sees among the arguments of a command."""
    parts = urlsplit(url)
    return ":" in parts.netloc.rpartition("@")[0] or "password=" in parts.query
