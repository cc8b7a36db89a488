"""The key of an export's pseudonyms: given by a reference, or a random one in a file beside the export."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from helpdesk_bridge.archive.outcome import storing
from helpdesk_bridge.config.settings import read_secret
from helpdesk_bridge.private_files import make_private_folder, write_private

_BYTES: Final = 32


def key_file(target: Path) -> Path:
    """Return where the key of an export is kept if none was given: beside it, so that it is not handed on with it."""
    return target.with_name(f"{target.name}.key")


def pseudonym_key(target: Path, reference: str | None) -> bytes:
    """Return the key behind ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``, else that of the file, made if need be.

    Raises ``ConfigError`` for a reference that leads to nothing and for a file that others can read.
    """
    if reference is not None:
        return read_secret(reference, "the key of the pseudonyms").encode()
    path = key_file(target)
    if not path.exists():
        with storing(str(path)):
            make_private_folder(path.parent)
            write_private(path, f"{secrets.token_hex(_BYTES)}\n".encode())
    return read_secret(f"file:{path}", "the key of the pseudonyms").encode()
