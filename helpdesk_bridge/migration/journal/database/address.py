"""Address of a journal: a file, or a migration in a PostgreSQL database, as people write it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from helpdesk_bridge.config.settings import read_secret
from helpdesk_bridge.errors import ConfigError

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


def without_password(url: str) -> str:
    """Return a URL as it may be shown: without its password, and without the parameters, which may hold one."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}"


def holds_password(url: str) -> bool:
    """Whether a URL holds a password, which everybody sees among the arguments of a command."""
    parts = urlsplit(url)
    return ":" in parts.netloc.rpartition("@")[0] or "password=" in parts.query
